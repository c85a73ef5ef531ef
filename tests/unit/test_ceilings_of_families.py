"""Which families stop getting better: from the score table to lines."""

import numpy as np
import pandas as pd
import pytest

from complexity_atlas.contracts import MEASURED_MODELS
from complexity_atlas.experiments.ceilings.lines import SLOPES, find_ceilings
from complexity_atlas.figures import ceilings as figure
from complexity_atlas.scores.sources import PARSERS
from complexity_atlas.statistics.settings import Settings

SETTINGS = Settings()
SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
NOBODY = pd.DataFrame(columns=["model_id", "family", "n_params", "n_params_total"], dtype="string")
LAMBADA = "lambada_openai"
MATHEMATICS = ("abstract_algebra", "college_mathematics", "high_school_mathematics")


def score(model, benchmark, value, **columns):
    return {
        "record_id": f"{model}{benchmark}",
        "model_id": model,
        "model_revision": None,
        "precision": "unknown",
        "benchmark_id": benchmark,
        "subtask": "",
        "protocol_id": benchmark,
        "metric_id": "accuracy",
        "n_shot": None,
        "normalization": "none",
        "status": "ok",
        "value": value,
        "unit": "fraction",
        "higher_is_better": True,
        "chance_level": 0.0,
        "stderr": 0.01,
        "n_items": 1000,
        "source_id": "s",
        "flags": "",
        **columns,
    }


def table(rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    texts = ("model_id", "model_revision", "benchmark_id", "subtask", "protocol_id")
    frame = frame.astype(dict.fromkeys(texts, "string"))
    return frame.astype({"n_shot": "Int64", "n_items": "Int64"})


def networks(**changes) -> pd.DataFrame:
    rows = [
        dict.fromkeys(MEASURED_MODELS.columns)
        | {"model": f"m{i}", "family": "f", "n_weights": size, "status": "ok", "run": ""}
        | {"control": ""}
        | changes
        for i, size in enumerate(SIZES)
    ]
    return pd.DataFrame(rows)


def study(values, losses=(5, 4, 3, 2, 1.1), **columns) -> pd.DataFrame:
    loss = {"unit": "ppl", "higher_is_better": False}
    return table(
        [score(f"m{i}", "t", value, **columns) for i, value in enumerate(values)]
        + [score(f"m{i}", "loss", value, **loss) for i, value in enumerate(losses)]
    )


def test_a_ceiling_a_rise_and_a_floor():
    flat, _ = find_ceilings(study([0.7, 0.702, 0.7, 0.698, 0.7]), networks(), NOBODY, SETTINGS)
    assert flat[["benchmark", "n_models", "flat", "falls", "ceiling"]].values.tolist() == [
        ["t", 5, True, True, True]
    ]
    assert flat["smallest"].item() == pytest.approx(SIZES[0])
    rising, _ = find_ceilings(study([0.1, 0.2, 0.3, 0.4, 0.5]), networks(), NOBODY, SETTINGS)
    assert not rising["ceiling"].item()
    # Per tenfold size; the sizes are nearly half decades apart.
    assert rising["slope"].item() == pytest.approx(0.2, rel=0.05)
    chance = study([0.25, 0.252, 0.25, 0.248, 0.25], chance_level=0.25)
    floor, _ = find_ceilings(chance, networks(), NOBODY, SETTINGS)
    assert floor["chance"].item().startswith("at chance")


def test_the_loss_is_a_logarithm_of_perplexity():
    found, _ = find_ceilings(
        study([0.7] * 5, np.exp([5, 4, 3, 2, 1])), networks(), NOBODY, SETTINGS
    )
    assert found["loss_slope"].item() == pytest.approx(-2, rel=0.05)


def test_the_rule_says_what_it_would_do():
    found, operating = find_ceilings(study([0.7] * 5), networks(), NOBODY, SETTINGS)
    assert operating["slope"].tolist() == list(SLOPES)
    assert operating["declared_flat"].is_monotonic_decreasing
    assert operating["declared_flat"].iloc[-1] < 0.05
    unknown, none = find_ceilings(study([0.7] * 5, n_items=None), networks(), NOBODY, SETTINGS)
    assert len(unknown) == len(found)
    assert none.empty


def test_two_protocols_are_two_lines():
    one, other = study([0.1, 0.2, 0.3, 0.4, 0.5]), study([0.5] * 5)
    other["protocol_id"] += "-other"
    both = pd.concat([one, other], ignore_index=True)
    found, _ = find_ceilings(both, networks(), NOBODY, SETTINGS)
    assert found["flat"].tolist() == [False, True]


def test_of_a_training_the_last_step_counts_and_controls_do_not():
    last = networks(run="r", step=100)
    early = last.assign(model=last["model"] + "-early", step=10)
    control = last.assign(model=last["model"] + "-shuffled", control="shuffled")
    scores = study([0.1, 0.2, 0.3, 0.4, 0.5])
    others = [scores.assign(model_id=scores["model_id"] + end) for end in ("-early", "-shuffled")]
    found, _ = find_ceilings(
        pd.concat([scores, *others], ignore_index=True),
        pd.concat([last, early, control], ignore_index=True),
        NOBODY,
        SETTINGS,
    )
    assert found["n_models"].tolist() == [5]


def test_sizes_are_counted_or_stated():
    stated = networks(status="unavailable", n_weights=0).assign(parameters=SIZES)
    scores = study([0.1, 0.2, 0.3, 0.4, 0.5])
    found, _ = find_ceilings(scores, stated, NOBODY, SETTINGS)
    assert found["n_models"].tolist() == [5]
    assert found["largest"].item() == pytest.approx(SIZES[-1])
    nothing, _ = find_ceilings(scores, stated.assign(parameters=np.nan), NOBODY, SETTINGS)
    assert nothing.empty


def test_two_sizes_make_no_line():
    found, operating = find_ceilings(study([0.1, 0.2]), networks(), NOBODY, SETTINGS)
    assert found.empty
    assert operating.empty
    benchmarks = pd.DataFrame({"benchmark_id": [], "name": []})
    assert figure.draw(found, operating, benchmarks, SETTINGS).texts[0].get_text().startswith("No")


def published(shared, family) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of the files of evaluations, and the sizes that the names of models state."""
    rows, sizes = [], {}
    for path in sorted((shared / "data/scores/pythia").glob(family)):
        for reported in PARSERS["harness"](path.read_bytes(), str(path)).reported:
            if reported.subtask_raw not in MATHEMATICS and reported.benchmark_raw != LAMBADA:
                continue
            model = reported.model_raw
            digits = model.removesuffix("-deduped").rsplit("-", 1)[1]
            sizes[model] = float(digits[:-1]) * {"m": 1e6, "b": 1e9}[digits[-1]]
            rows.append(
                score(
                    model,
                    reported.benchmark_raw,
                    float(reported.value_raw),
                    subtask=reported.subtask_raw,
                    protocol_id=f"{reported.metric_raw} {reported.n_shot}",
                    unit="ppl" if reported.metric_raw == "ppl" else "fraction",
                    higher_is_better=reported.metric_raw != "ppl",
                    stderr=float(reported.stderr_raw or "nan"),
                    chance_level=0.25 if reported.benchmark_raw == "hendrycksTest" else 0.0,
                    n_shot=reported.n_shot,
                    n_items=None,
                )
            )
    models = pd.DataFrame({"model_id": list(sizes), "n_params": list(sizes.values())})
    return table(rows), models.assign(family="f", n_params_total=np.nan).astype(
        {"model_id": "string"}
    )


@pytest.mark.parametrize(
    ("family", "n_models", "shots"),
    [("opt/*.json", 8, 0), ("pythia-v1/*/*/*step143000.json", 4, 5)],
)
def test_published_families(shared, family, n_models, shots):
    scores, models = published(shared, family)
    found, _ = find_ceilings(scores, networks().iloc[:0], models, SETTINGS)
    found = found.set_index(["benchmark", "subtask", "protocol_id"])
    lambada = found.loc[(LAMBADA, "", f"acc {shots}")]
    assert lambada["n_models"] == n_models
    assert lambada["low"] > 0.05
    assert lambada["falls"]
    assert not lambada["ceiling"]
    for subject in MATHEMATICS:
        line = found.loc[("hendrycksTest", subject, f"acc {shots}")]
        assert line["chance"].startswith("at chance"), subject
