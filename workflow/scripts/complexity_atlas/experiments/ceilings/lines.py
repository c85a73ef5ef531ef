"""Lines of score against size, one of each family, benchmark and protocol."""

import numpy as np
import pandas as pd

from complexity_atlas.experiments.ceilings.tables import CEILINGS, LINE, OPERATING
from complexity_atlas.scores.repeats import flagged
from complexity_atlas.scores.view import QUANTIZED
from complexity_atlas.statistics.ceilings import ceilings, operating_characteristic
from complexity_atlas.statistics.settings import Settings

LOSSES = ("bits", "nats", "ppl")
"""Units of losses; perplexity is taken as its logarithm."""

SLOPES = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05)
"""True slopes per decade for which the rule is tried."""

_DRAWS = 2000


def find_ceilings(
    scores: pd.DataFrame, measured: pd.DataFrame, scored: pd.DataFrame, settings: Settings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables CEILINGS and OPERATING of every family with at least three sizes on a benchmark.

    scores    contract SCORES; rows with status "ok" and proportions, the losses apart
    measured  contract MEASURED_MODELS: sizes are numbers of counted weights, or of parameters, as
              stated, where the weights could not be had
    scored    contract SCORED_MODELS: sizes, as sources print them, of models that were not measured

    Scores on a part of the items, disputed ones, and those of quantised weights are left out. Of a
    training run the last step counts; controls do not. The loss of a family is that which most
    of its models have.
    """
    frame = _lines(scores, _known(measured, scored))
    rows = frame[(frame["unit"] == "fraction") & frame["higher_is_better"]]
    sizes = rows.groupby(list(LINE))["log_n"].transform("nunique")
    rows = rows[sizes >= 3]
    found = [_line(names, line, frame, settings) for names, line in rows.groupby(list(LINE))]
    operating = [
        pd.DataFrame(dict(zip(LINE, names, strict=True)), index=range(len(SLOPES))).join(
            _tried(line, settings)
        )
        for names, line in rows.groupby(list(LINE))
        if line["n_items"].notna().any()
    ]
    return (
        CEILINGS.check(pd.DataFrame(found, columns=list(CEILINGS.columns))),
        OPERATING.check(
            pd.concat(operating, ignore_index=True)
            if operating
            else pd.DataFrame(columns=list(OPERATING.columns))
        ),
    )


def _known(measured: pd.DataFrame, scored: pd.DataFrame) -> pd.DataFrame:
    """By model: family, log_n, run and step, of those that are no controls and have a family."""
    own = measured[measured["control"] == ""]
    last = own.groupby("run")["step"].transform("max")
    own = own[(own["run"] == "") | (own["step"] == last)].set_index("model")
    counted = own["n_weights"].astype(float).where(own["status"] == "ok")
    own = pd.DataFrame({"family": own["family"], "n": counted.fillna(own["parameters"])})
    own = own.dropna(subset=["n"])
    size = scored["n_params_total"].fillna(scored["n_params"]).astype(float)
    other = pd.DataFrame({"family": scored["family"], "n": size})
    other = other.set_axis(scored["model_id"].str.replace("/", "--"))
    known = pd.concat([own, other[~other.index.isin(own.index)]])
    known = known[(known["family"].fillna("") != "") & (known["n"] > 0)]
    return pd.DataFrame({"family": known["family"], "log_n": np.log(known["n"])})


def _lines(scores: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """One row per model and protocol, with the columns that `statistics.ceilings` asks for."""
    rows = scores[(scores["status"] == "ok") & (scores["normalization"] == "none")]
    barred = flagged(rows, "partial") | flagged(rows, "disputed")
    rows = rows[~barred & ~rows["precision"].isin(QUANTIZED)]
    rows = rows.assign(model=rows["model_id"].str.replace("/", "--"))
    rows = rows[rows["model"].isin(known.index)]
    step = rows["model_revision"].str.extract(r"^step(\d+)$")[0].astype(float)
    rows = rows.assign(step=step.fillna(np.inf)).sort_values(
        ["step", "source_id", "precision", "record_id"], ascending=[False, True, True, True]
    )
    rows = rows.drop_duplicates(["model", "benchmark_id", "subtask", "protocol_id"])
    value = rows["value"].where(rows["unit"] != "ppl", np.log(rows["value"].clip(lower=1e-300)))
    rows = rows.assign(
        benchmark=rows["benchmark_id"],
        score=value,
        score_se=rows["stderr"],
        family=known["family"].reindex(rows["model"]).to_numpy(),
        log_n=known["log_n"].reindex(rows["model"]).to_numpy(),
    )
    return rows.sort_values(["model", *LINE], ignore_index=True)


def _line(
    names: tuple, line: pd.DataFrame, frame: pd.DataFrame, settings: Settings
) -> dict[str, object]:
    """A row of CEILINGS."""
    row = ceilings(line, settings, _losses(frame, names[0])).iloc[0].to_dict()
    items = line["n_items"].dropna()
    weights = np.exp(line["log_n"])
    return {
        **row,
        **dict(zip(LINE, names, strict=True)),
        "metric_id": line["metric_id"].iloc[0],
        "n_shot": line["n_shot"].iloc[0],
        "n_items": int(items.median()) if len(items) else None,
        "smallest": float(weights.min()),
        "largest": float(weights.max()),
        "score": float(line["score"].mean()),
        "chance_level": float(line["chance_level"].iloc[0]),
    }


def _losses(frame: pd.DataFrame, family: str) -> pd.DataFrame:
    """Model and loss, of the loss that most models of the family have."""
    rows = frame[(frame["family"] == family) & frame["unit"].isin(LOSSES)]
    rows = rows[~rows["higher_is_better"]]
    of_one = rows.groupby(list(LINE))["model"].transform("nunique")
    rows = rows[of_one == of_one.max()].sort_values(list(LINE))
    chosen = rows.drop_duplicates("model")
    return pd.DataFrame({"model": chosen["model"], "loss": chosen["score"]})


def _tried(line: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    return operating_characteristic(
        line["log_n"].to_numpy(),
        float(np.clip(line["score"].mean(), 0, 1)),
        int(line["n_items"].median()),
        settings,
        SLOPES,
        _DRAWS,
    )
