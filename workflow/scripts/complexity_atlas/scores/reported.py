"""What a parser hands on: numbers in the source's own words, and why the rest was left out."""

from dataclasses import dataclass
from typing import Literal

Scale = Literal["fraction", "percent", "unscaled"]
Aggregation = Literal["item_mean", "macro", "micro", "single", "composite"]
Normalization = Literal["none", "chance_rescaled"]
Unit = Literal["one", "million", "billion", "trillion", "1e21", "giga", "mega", "date", "text"]

REASONS = {
    "ambiguous_number": "digits that different conventions read as different numbers",
    "archive_member": "a member of an archive that leads outside it, is a link or is oversized",
    "broken_record": "the record lacks the shape that its format prescribes",
    "duplicate_key": "a mapping that gives the same key twice",
    "incomplete_average": "an average over whatever tasks the record happens to hold",
    "missing": "the source says that there is no value",
    "no_model": "nothing in the record names a model",
    "not_a_number": "the cell holds text that is no number",
    "not_a_score": "a file or section of this format that carries no scores",
    "not_finite": "NaN or infinity",
    "other_model": "the record cites the evaluation of another model",
    "ragged_row": "more or fewer cells than the header",
    "set_dependent": "a number that depends on which other models were ranked beside it",
    "spreadsheet_formula": "text that a spreadsheet would execute",
    "too_big": "larger than any honest file of its kind",
    "too_deep": "nested deeper than any honest file",
    "unclear_table": "neither rows nor columns are labelled as models; a setting must say",
    "undecodable": "not the text encoding or file format that was announced",
    "unsafe_yaml": "YAML with anchors, aliases or tags",
}
"""Reason codes of Reject, with their meaning."""

FLAGS = {
    "below_floor": "zero, where guessing scores better",
    "best_of_scorers": "the maximum over several scorers, biased upwards",
    "clipped": "rescaled against chance and cut off at zero",
    "derived": "computed from the numbers of the same file, which does not print it",
    "disputed": "the source marks the model as under dispute",
    "few_shot_disagrees": "file name and configuration state different numbers of shots",
    "few_shot_from_name": "the number of shots is stated by a name only",
    "footnote": "the source attaches a footnote",
    "merge": "the source says that the weights are a merge of models",
    "partial": "scored on fewer items than the benchmark has",
    "pull_request": "a claim that the model's owners have not accepted",
    "scale_undeclared": "the source does not say whether a number is a fraction or percent",
    "self_reported": "the model's developers report the number",
    "several_scorers": "one of several ways to score the same answers",
    "suspect_placeholder": "every score of the model is zero",
    "verified": "the source has verified the number",
}
"""Flags of Reported, with their meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One printed number in the source's own words; nothing is normalised.

    `locator` leads to the cell: a JSON pointer, "row,column" of a CSV (row 1 is the header, columns
    count from 1) or "table,row,column" of a page. `scale` says how `value_raw`, `stderr_raw` and
    `ci_raw` are printed; a rule for source and metric decides it, never a value's size. A printed
    percent sign, and a ± with what follows, are part of `value_raw`. `n_shot`, `cot` and
    `chat_template` are None where the source is silent. `eval_date` is ISO 8601 in UTC. `flags`
    are keys of FLAGS.
    """

    locator: str
    model_raw: str
    benchmark_raw: str
    metric_raw: str
    value_raw: str
    scale: Scale
    subtask_raw: str = ""
    split: str = ""
    filter_raw: str = "none"
    n_shot: int | None = None
    cot: bool | None = None
    chat_template: bool | None = None
    model_revision: str = ""
    model_url: str = ""
    precision: str = "unknown"
    stderr_raw: str = ""
    ci_raw: str = ""
    n_items: int | None = None
    harness: str = ""
    harness_version: str = ""
    eval_date: str = ""
    aggregation: Aggregation = "item_mean"
    normalization: Normalization = "none"
    dataset_revision: str = ""
    task_version: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reject:
    """A place in a source that gave no number: where, why (a key of REASONS), and what it says."""

    locator: str
    reason: str
    snippet: str = ""


@dataclass(frozen=True, slots=True)
class ModelAttribute:
    """A property of a model as a source prints it, such as its size or its training tokens.

    `attribute` keeps meanings apart that sources mix: `n_params` where the source does not say
    which parameters it counts, beside `n_params_total`, `n_params_active`, `n_params_nonembedding`.
    `unit` multiplies `value_raw`, or is "date" or "text".
    """

    locator: str
    model_raw: str
    attribute: str
    value_raw: str
    unit: Unit = "text"


@dataclass(frozen=True, slots=True)
class Parsed:
    """All that one file says. `notes` are for the log: unknown columns, odd but harmless things."""

    reported: tuple[Reported, ...] = ()
    rejects: tuple[Reject, ...] = ()
    attributes: tuple[ModelAttribute, ...] = ()
    notes: tuple[str, ...] = ()
