"""The page that answers the question: one self-contained HTML file that asks nothing of the net.

`build_report` turns tables and pictures into the page's text, `write_report` puts it into a file.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from complexity_atlas.contracts import replacing
from complexity_atlas.errors import AtlasError
from complexity_atlas.figures.selection import Selection, variant_label
from complexity_atlas.figures.style import COLUMN_INCHES, DPI
from complexity_atlas.report import captions, companions, rivals, tables, text, words, zoo
from complexity_atlas.report.tables import Table
from complexity_atlas.report.zoo import ZooResults
from complexity_atlas.statistics.settings import Settings

_HERE = Path(__file__).parent

MOST_PLANES = 24
"""Planes of single networks on the page: some megabytes; the others stay in their files."""


@dataclass(frozen=True)
class ReportInputs:
    """Everything the page is made of.

    models      contract MEASURED_MODELS
    ledger      contract LEDGER, of all models
    complexity  contract MODEL_COMPLEXITY, of all models
    benchmarks  contract BENCHMARKS
    scores      contract SCORES
    statistics  contract STATISTICS, of all questions
    verdict     contract VERDICTS
    noise       contract STATISTICS, of models that know nothing
    calibration contract CALIBRATION
    confound    columns of `figures.confound.confound_table`
    quantised_order  contract QUANTISED_ORDER
    settings    of the statistics: the primary effect, confidence, seed
    variants    binning variants in order: name -> settings, as configured
    versions    of the software that ran: name -> version
    figures     PNG files by the names of `captions.ORDER`; others are shown after those
    planes      PNG files of the complexity–entropy plane of single networks, by model
    sources     contract scores.tables.SOURCES: accounts of every source of scores
    zoo         results of the networks that the study trained; None where it has none. They are in
                `statistics` and `benchmarks`, and in no other table
    companions  tables of the companion experiments, by their names in `experiments.companions`
    """

    models: pd.DataFrame
    ledger: pd.DataFrame
    complexity: pd.DataFrame
    benchmarks: pd.DataFrame
    scores: pd.DataFrame
    statistics: pd.DataFrame
    verdict: pd.DataFrame
    noise: pd.DataFrame
    calibration: pd.DataFrame
    confound: pd.DataFrame
    quantised_order: pd.DataFrame
    settings: Settings
    variants: Mapping[str, Mapping[str, object]]
    versions: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Path] = field(default_factory=dict)
    planes: Mapping[str, Path] = field(default_factory=dict)
    zoo: ZooResults | None = None
    companions: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    sources: pd.DataFrame | None = None

    @property
    def selection(self) -> Selection:
        """The primary complexity, as figures select it."""
        primary = self.settings.primary
        return Selection(primary.measure, primary.variant, primary.view, primary.aggregate)


@dataclass(frozen=True)
class Picture:
    """A figure inside the page: `source` is a data URI, sizes are in pixels."""

    id: str
    title: str
    caption: str
    source: str
    width: int
    height: int

    @property
    def narrow(self) -> bool:
        """Whether it was drawn for a column, not for the width of a page."""
        return self.width <= COLUMN_INCHES * DPI


@dataclass(frozen=True)
class Section:
    """A part of the page: sentences, pictures, tables, in this order; left out when it is empty.

    `short` is its name in the list of contents.
    """

    id: str
    short: str
    title: str
    sentences: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    small_pictures: bool = False

    def __bool__(self) -> bool:
        return bool(self.sentences or self.pictures or self.tables)


def write_report(inputs: ReportInputs, path: Path) -> None:
    """Write the page to `path`; it appears there only when it is whole."""
    page = build_report(inputs)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def build_report(inputs: ReportInputs) -> str:
    """Return the page as HTML: the same text for the same inputs.

    Names from tables are escaped, addresses become links only when they are http or https, and a
    content security policy forbids every request and every script but the page's own. Raises
    AtlasError when a picture is missing or damaged.
    """
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("template.html.j2").render(
        question=_question(inputs),
        answer=text.verdict_sentences(inputs.verdict, inputs.benchmarks, inputs.settings),
        sections=_sections(inputs),
        variants=[(variant_label(name), name, rule) for name, rule in inputs.variants.items()],
        settings=inputs.settings,
        words=words,
        versions=inputs.versions,
        style=Markup(style),
        script=Markup(script),
        style_hash=_policy_hash(style),
        script_hash=_policy_hash(script),
    )


def _question(inputs: ReportInputs) -> list[str]:
    asked = text.question_sentences(inputs.models, inputs.scores, inputs.benchmarks)
    return [*asked, *([zoo.lead(inputs.zoo.scores)] if inputs.zoo else [])]


def _sections(inputs: ReportInputs) -> list[Section]:
    pictures = _pictures(inputs)
    found = [
        _association(inputs, pictures.pop_all("score_vs_complexity", "forest", "power")),
        _unseen_families(inputs, pictures.pop_all("leave_family_out")),
        _guidance(inputs, pictures.pop_all("matched_pairs")),
        _relation(inputs),
        _noise(inputs, pictures.pop_all("calibration", "confound")),
        *_zoo(inputs, pictures.pop_all("zoo_training", "zoo_plane", "zoo_controls")),
        _complexity(inputs, pictures.pop_all("plane", "depth_profile")),
        _binning(inputs, pictures.pop_all("sensitivity")),
        _spectra(inputs),
        _quantisation(inputs, pictures.pop_all("quantisation")),
        _companions(inputs, pictures.pop_all(*companions.FIGURES)),
        _scores(inputs, pictures.pop_all("score_sources", "score_coverage")),
        Section("further", "Further", "Further figures", pictures=pictures.pop_all()),
        _tensors(inputs),
        _counted(inputs),
        Section(
            "provenance",
            "Provenance",
            "Provenance",
            tables=(tables.provenance_table(inputs.models),),
        ),
    ]
    return [section for section in found if section]


def _association(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    benchmarks, settings = inputs.benchmarks, inputs.settings
    return Section(
        "association",
        "Scores",
        "Score against complexity",
        (
            *text.effect_sentences(inputs.statistics, benchmarks, settings),
            *text.score_sentences(inputs.scores, benchmarks),
        ),
        pictures,
        _filled(
            tables.verdict_table(inputs.verdict, benchmarks, settings.confidence),
            tables.scores_table(inputs.scores, benchmarks, inputs.models, settings.confidence),
            tables.statistics_table(
                inputs.statistics, benchmarks, settings.primary, settings.confidence
            ),
            _answers(inputs, "others", "The same, asked in other ways", *_OTHER_QUESTIONS),
            tables.untested_table(inputs.statistics, benchmarks),
        ),
    )


_OTHER_QUESTIONS = ("mixed_model", "trajectories", "ceilings", "targets")
"""Questions without a section of their own."""


def _unseen_families(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    return Section(
        "families",
        "Unseen families",
        "Does complexity help to predict a family that was never seen?",
        tuple(text.unseen_family_sentences(inputs.statistics, inputs.benchmarks, inputs.settings)),
        pictures,
        _filled(_answers(inputs, "unseen", "Prediction of unseen families", "leave_family_out")),
    )


def _guidance(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    return Section(
        "guidance",
        "Picking",
        "Picking the better of two models of about the same size",
        tuple(text.guidance_sentences(inputs.statistics, inputs.benchmarks, inputs.settings)),
        pictures,
        _filled(_answers(inputs, "picks", "Pairs and picks", "matched_pairs", "guidance")),
    )


def _relation(inputs: ReportInputs) -> Section:
    return Section(
        "relation",
        "Relation",
        "Which mathematical relation, if any?",
        tuple(text.relation_sentences(inputs.statistics, inputs.benchmarks, inputs.settings)),
        (),
        _filled(_answers(inputs, "forms", "Forms of the relation", "relation")),
    )


def _noise(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    settings = inputs.settings
    return Section(
        "noise",
        "Noise",
        "What noise looks like here",
        (
            *text.noise_sentences(inputs.noise, settings),
            *text.calibration_sentences(inputs.calibration, settings),
            *text.confound_sentences(inputs.confound),
        ),
        pictures,
        _filled(tables.noise_table(inputs.noise, settings.confidence)),
    )


def _answers(inputs: ReportInputs, id: str, caption: str, *questions: str) -> Table:
    primary, confidence = inputs.settings.primary, inputs.settings.confidence
    named = f"{caption}: {inputs.selection.label}, {primary.view} weights, {primary.aggregate}"
    return tables.answers_table(
        inputs.statistics, inputs.benchmarks, primary, confidence, questions, id, named
    )


def _filled(*found: Table) -> tuple[Table, ...]:
    return tuple(table for table in found if table.rows)


def _zoo(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> list[Section]:
    if inputs.zoo is None:
        return []
    return [
        Section(
            "zoo",
            "Zoo",
            "A zoo with a known history",
            tuple(zoo.sentences(inputs.zoo, inputs.selection, inputs.settings)),
            pictures,
            (
                zoo.questions_table(inputs.zoo, inputs.benchmarks, inputs.settings),
                zoo.controls_table(inputs.zoo, inputs.selection),
                zoo.comparison_table(inputs.zoo.comparison),
            ),
        )
    ]


def _complexity(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    table = tables.complexity_table(
        inputs.models, inputs.ledger, inputs.complexity, inputs.selection
    )
    return Section("complexity", "Networks", "Complexity of the networks", (), pictures, (table,))


def _binning(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    variants = list(inputs.variants)
    sentences = tuple(text.ranking_sentences(inputs.complexity, inputs.selection, variants))
    table = tables.ranking_table(inputs.models, inputs.complexity, inputs.selection, variants)
    return Section("binning", "Binnings", "What the binning decides", sentences, pictures, (table,))


def _companions(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    return Section(
        "companions",
        "Companions",
        "Companion experiments",
        tuple(companions.paragraphs(inputs.companions)),
        pictures,
    )


def _scores(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    found = inputs.sources if inputs.sources is not None else pd.DataFrame()
    return Section(
        "sources",
        "Sources",
        "Where the scores come from",
        tuple(text.source_sentences(found)),
        pictures,
        _filled(tables.sources_table(found)) if len(found) else (),
    )


def _spectra(inputs: ReportInputs) -> Section:
    table = rivals.spectra_table(inputs.models, inputs.complexity, inputs.selection)
    sentences = tuple(rivals.spectra_sentences(table))
    return Section("spectra", "Spectra", "Spectra: the rivals", sentences, (), _filled(table))


def _quantisation(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    return Section(
        "quantisation",
        "Quantised",
        "What quantisation leaves of the complexity",
        tuple(rivals.quantisation_sentences(inputs.quantised_order)),
        pictures,
        _filled(rivals.order_table(inputs.quantised_order)),
    )


def _tensors(inputs: ReportInputs) -> Section:
    shown = dict(list(inputs.planes.items())[:MOST_PLANES])
    return Section(
        "tensors",
        "Tensors",
        "The networks, tensor by tensor",
        tuple(text.planes_sentences(len(shown), len(inputs.planes))),
        tuple(
            _picture(f"plane-{model}", *captions.of_network(inputs.models, model), path)
            for model, path in shown.items()
        ),
        small_pictures=True,
    )


def _counted(inputs: ReportInputs) -> Section:
    return Section(
        "counted",
        "Counted",
        "What was counted, and what was left out",
        tuple(text.counted_sentences(inputs.models, inputs.ledger)),
        tables=_filled(
            tables.failures_table(inputs.models),
            tables.left_out_table(inputs.ledger),
            tables.remarks_table(inputs.models),
        ),
    )


class _Pictures(dict):
    """Pictures that have not been placed yet, by name."""

    def pop_all(self, *names: str) -> tuple[Picture, ...]:
        """Take the named pictures that exist, in this order; without names all that are left."""
        return tuple(self.pop(name) for name in names or list(self) if name in self)


def _pictures(inputs: ReportInputs) -> _Pictures:
    return _Pictures(
        {
            name: _picture(name, *captions.of_figure(name, inputs.selection, inputs.settings), path)
            for name, path in inputs.figures.items()
        }
    )


def _picture(name: str, title: str, caption: str, path: Path) -> Picture:
    try:
        data = Path(path).read_bytes()
        with Image.open(path, formats=("PNG",)) as image:
            width, height = image.size
    except OSError as error:
        raise AtlasError(f"{path}: not a readable PNG figure ({error}); draw it again") from error
    source = "data:image/png;base64," + base64.b64encode(data).decode("ascii")
    return Picture(f"figure-{name}", title, caption, source, width, height)


def _policy_hash(content: str) -> str:
    """The source expression by which a content security policy admits one inline element."""
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")
