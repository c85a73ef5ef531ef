"""A small made-up study whose tables follow the contracts, for tests of figures and report."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from complexity_atlas import contracts
from complexity_atlas.report import ReportInputs
from complexity_atlas.scores.tables import SOURCES
from complexity_atlas.statistics.settings import Settings
from complexity_atlas.statistics.verdict import verdict_frame, verdicts

BINS = 128
HALF_WIDTH = 6.0
VARIANTS = ("window", "window_alive", "proposal", "rice")
MEASURES = ("lmc", "entropy", "disequilibrium")
BENCHMARKS = {"reading": "Reading lines", "finding": "Finding boxes"}
N_ITEMS = {"reading": 310, "finding": 212}


@dataclass(frozen=True)
class Study:
    """Every table that figures and report read."""

    models: pd.DataFrame
    ledger: pd.DataFrame
    tensors: pd.DataFrame
    complexity: pd.DataFrame
    benchmarks: pd.DataFrame
    scores: pd.DataFrame
    statistics: pd.DataFrame


def complexity_of(p: np.ndarray) -> dict[str, float]:
    """The three LMC numbers of one histogram."""
    inside = p[p > 0]
    entropy = float(-(inside * np.log(inside)).sum() / np.log(len(p)))
    disequilibrium = float(((p - 1 / len(p)) ** 2).sum())
    return {
        "lmc": entropy * disequilibrium,
        "entropy": entropy,
        "disequilibrium": disequilibrium,
    }


def histogram(degrees: float, spread: float = 1.0) -> np.ndarray:
    """The window histogram of Student-t weights: heavy tails for few `degrees` of freedom."""
    edges = np.linspace(-HALF_WIDTH, HALF_WIDTH, BINS + 1)
    edges[[0, -1]] = -np.inf, np.inf
    return np.diff(stats.t.cdf(edges / spread, degrees))


GAUSSIAN = complexity_of(histogram(np.inf))
ROLES = ("convolution", "bias", "mlp", "attention_qkv", "norm", "head")


def make_study(n_families: int = 6, seed: int = 7) -> Study:
    """Two networks per family, one per benchmark; every number from `seed`."""
    rng = np.random.default_rng(seed)
    models = _models(n_families)
    ledgers, tensors, complexity = [], [], []
    for model in models.model:
        ledger = _ledger(model, rng)
        ledgers.append(ledger)
        measured, pooled = _measured(model, ledger, rng)
        tensors.append(measured)
        complexity.append(pooled)
    check = {"ignore_index": True}
    return Study(
        models=contracts.MEASURED_MODELS.check(models),
        ledger=contracts.LEDGER.check(pd.concat(ledgers, **check)),
        tensors=contracts.TENSOR_COMPLEXITY.check(pd.concat(tensors, **check)),
        complexity=contracts.MODEL_COMPLEXITY.check(pd.concat(complexity, **check)),
        benchmarks=contracts.BENCHMARKS.check(_benchmarks()),
        scores=contracts.SCORES.check(_scores(models, rng)),
        statistics=contracts.STATISTICS.check(_statistics(n_families, rng)),
    )


def _models(n_families: int) -> pd.DataFrame:
    rows = [
        {
            "model": f"Net-v{i + 1}_{benchmark}",
            "name": f"Net v{i + 1} {benchmark}",
            "family": f"Net v{i + 1}",
            "task": BENCHMARKS[benchmark],
            "source": "wheel",
            "location": f"nets=={i + 1}.0",
            "revision": "",
            "file": f"{benchmark}.onnx",
            "sha256": f"{i:064x}",
            "bytes": 10_000_000 + i,
            "size_group": "",
            "parameters": None,
            "active_parameters": None,
            "training_tokens": np.nan,
            "training_flops": np.nan,
            "run": "",
            "step": None,
            "control": "",
            "licence": "Apache-2.0",
            "url": "https://example.org/nets",
            "facts": "",
            "status": "ok",
            "reason": "",
            "format": "onnx",
            "n_weights": 1_000_000 * (i + 1),
            "n_known_role": 1_000_000 * (i + 1),
            "n_constants": 1_010_000 * (i + 1),
            "files": f"{benchmark}.onnx 4000000 bytes sha256:{i:064x}",
            "notes": "BatchNorm bn.0 is not folded: its input has two consumers" if i == 1 else "",
            "device": "cpu",
            "method_version": "1",
        }
        for i in range(n_families)
        for benchmark in BENCHMARKS
    ]
    return pd.DataFrame(rows)


def _ledger(model: str, rng: np.random.Generator) -> pd.DataFrame:
    n_tensors = int(rng.integers(14, 30))
    n = np.round(10 ** rng.uniform(1.5, 5.7, n_tensors)).astype(int)
    role = rng.choice(ROLES, n_tensors)
    counted = role != "norm"
    frame = pd.DataFrame(
        {
            "model": model,
            "view": "both",
            "tensor": [f"t{i}" for i in range(n_tensors)],
            "layer": np.arange(n_tensors) // 3,
            "depth": np.arange(n_tensors) * 4,
            "role": role,
            "shape": [str(k) for k in n],
            "dtype": "float32",
            "n": n,
            "counted": counted,
            "reason": np.where(counted, "", "parameter of a normalisation"),
            "n_nan": 0,
            "n_inf": 0,
            "n_zero": 0,
            "n_dead": np.where(rng.random(n_tensors) < 0.1, n // 4, 0),
            "min": -1.0,
            "max": 1.0,
            "mean": 0.0,
            "std": 0.1,
            "iqr": 0.1,
            "key_bits": 32,
            "count_error": 0.0,
        }
    )
    return frame


def _measured(model, ledger, rng) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tensors' and the model's complexity; the views differ a little, the variants too."""
    base, width = rng.uniform(2, 9), rng.uniform(0.35, 1.1)
    tensors, pooled = [], []
    counted = ledger[ledger.counted]
    for view in contracts.VIEWS:
        for variant in VARIANTS:
            spread = width * float(rng.uniform(0.9, 1.1)) * (1.25 if view == "stored" else 1.0)
            for row in counted.itertuples():
                numbers = complexity_of(histogram(rng.uniform(1.2, 12), spread))
                common = {"model": model, "view": view, "tensor": row.tensor, "layer": row.layer}
                common |= {"depth": row.depth, "role": row.role, "n": row.n, "variant": variant}
                tensors += _rows(common, numbers)
            numbers = complexity_of(histogram(base, spread))
            n = int(counted.n.sum())
            common = {"model": model, "view": view, "aggregate": "pooled", "variant": variant}
            pooled += _rows(common | {"scope": "model", "n": n}, numbers)
            for layer, group in counted.groupby("layer"):
                numbers = complexity_of(histogram(rng.uniform(1.5, 9), spread))
                scope = {"scope": f"layer:{layer}", "n": int(group.n.sum())}
                pooled += _rows(common | scope, numbers)
    return pd.DataFrame(tensors), pd.DataFrame(pooled)


def _rows(common: dict, numbers: dict[str, float]) -> list[dict]:
    return [
        common
        | {
            "measure": measure,
            "value": value,
            "null_kind": "same_n",
            "null": GAUSSIAN[measure],
            "null_sd": 0.002 / np.sqrt(common["n"] / 1e4),
            "excess": value - GAUSSIAN[measure],
            "flag": "",
        }
        for measure, value in numbers.items()
    ]


def _benchmarks() -> pd.DataFrame:
    rows = [
        {
            "benchmark_id": key,
            "name": name,
            "metric_id": "exact_match" if key == "reading" else "h_mean",
            "unit": "fraction",
            "proportion": key == "reading",
            "higher_is_better": True,
            "lower_bound": 0,
            "upper_bound": 1,
            "chance_level": 0.0 if key == "reading" else np.nan,
            "n_items": N_ITEMS[key],
            "n_choices": None,
            "description": "made up",
            "url": "https://example.org/benchmark",
        }
        for key, name in BENCHMARKS.items()
    ]
    return pd.DataFrame(rows)


def _scores(models: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for i, model in enumerate(models.model):
        benchmark = model.rsplit("_", 1)[1]
        proportion = benchmark == "reading"
        value = round(float(rng.uniform(0.62, 0.86)), 4)
        stderr = float(np.sqrt(value * (1 - value) / N_ITEMS[benchmark]))
        rows.append(
            dict.fromkeys(contracts.SCORES.columns, "")
            | {
                "record_id": f"{i:016x}",
                "model_id": model,
                "model_raw": model,
                "model_match": "manual",
                "benchmark_id": benchmark,
                "metric_id": "exact_match" if proportion else "h_mean",
                "n_shot": None,
                "cot": None,
                "chat_template": None,
                "normalization": "none",
                "aggregation": "single",
                "value": value,
                "unit": "fraction",
                "higher_is_better": True,
                "lower_bound": 0,
                "upper_bound": 1,
                "chance_level": np.nan,
                "value_raw": str(value),
                "decimals_raw": 4,
                "stderr": stderr if proportion else np.nan,
                "stderr_kind": "binomial" if proportion else "none",
                "ci_low": np.nan,
                "ci_high": np.nan,
                "n_items": N_ITEMS[benchmark],
                "evaluator": "third_party",
                "source_id": "made-up",
                "source_url": "https://example.org/scores",
                "raw_sha256": "0" * 64,
                "raw_locator": f"row {i}",
                "status": "ok",
                "n_reports": 1,
            }
        )
    return pd.DataFrame(rows)


def score_sources() -> pd.DataFrame:
    """Accounts of two sources of scores (contract scores.tables.SOURCES)."""
    texts = ("name", "kind", "url", "revision", "licence", "terms", "state", "retrieved_at")
    counts = {"files": 3, "bytes": 900, "rows_in": 1234, "ok": 1000, "superseded": 4, "copies": 30}
    counts |= {"quarantined": 100, "rejected": 100, "unresolved": 7}
    common = (
        dict.fromkeys((*texts, "newest_evaluation"), "") | {"evaluator": "third_party"} | counts
    )
    names = [{"source_id": name, "name": name.title()} for name in ("board", "harness")]
    return SOURCES.check(pd.DataFrame([common | name for name in names]))


def _statistics(n: int, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for benchmark in BENCHMARKS:
        for variant in VARIANTS:
            for measure in (*MEASURES, "lmc_same_n_excess"):
                for question, covariates, names in (
                    ("raw", "", ("spearman", "pearson")),
                    ("size_adjusted", "log_n", ("partial_correlation",)),
                ):
                    for statistic in names:
                        r = float(rng.uniform(-0.8, 0.8))
                        rows.append(
                            {"question": question, "benchmark": benchmark, "measure": measure}
                            | {"variant": variant, "view": "folded", "aggregate": "pooled"}
                            | {
                                "covariates": covariates,
                                "statistic": statistic,
                                "n_resamples": 5000,
                            }
                            | {"n_models": n, "n_families": n, "estimate": r, "note": ""}
                            | {"ci_low": max(-1, r - 0.7), "ci_high": min(1, r + 0.7)}
                            | {"p": 0.3, "p_holm": 1.0, "q_bh": 0.8}
                        )
        common = dict.fromkeys(contracts.STATISTICS.columns, "") | dict.fromkeys(
            ("ci_low", "ci_high", "p", "p_holm", "q_bh"), np.nan
        )
        common |= {"benchmark": benchmark, "n_resamples": 0, "n_models": n, "n_families": n}
        power = {"question": "power", "covariates": "log_n", "statistic": "detectable_correlation"}
        rows.append(common | power | {"estimate": 0.93})
        failed = {"question": "size_adjusted", "covariates": "log_n+log_d", "measure": "lmc"}
        failed |= {
            "statistic": "partial_correlation",
            "estimate": np.nan,
            "note": "6 without log_d",
        }
        rows.append(common | failed)
        rows += _answers(common | {"n_models": n, "n_families": n}, rng)
    return pd.DataFrame(rows)


ANSWERS = {
    ("leave_family_out", "log_n"): ("r2_linear", "gain_r2_linear", "gain_mae_linear"),
    ("matched_pairs", ""): ("concordance", "concordance_log_n"),
    ("mixed_model", "log_n"): ("beta", "family_share"),
    ("relation", "log_n"): (
        *("linear_r2", "linear_gain_r2", "linear_a", "linear_b"),
        *("power_r2", "power_gain_r2", "power_a", "power_b", "best_gain_r2"),
    ),
    ("guidance", ""): ("accuracy", "accuracy_log_n", "smallest_difference"),
}
"""Statistics of the questions beyond association, by question and covariates."""


def _answers(common: dict, rng: np.random.Generator) -> list[dict]:
    common = common | {"measure": "lmc", "variant": "window"}
    common |= {"view": "folded", "aggregate": "pooled"}
    rows = []
    for (question, covariates), statistics in ANSWERS.items():
        for statistic in statistics:
            value = float(rng.uniform(0.2, 0.7))
            names = {"question": question, "covariates": covariates, "statistic": statistic}
            numbers = {"estimate": value, "ci_low": value - 0.15, "ci_high": value + 0.15}
            rows.append(common | names | numbers)
    pairs = {"question": "matched_pairs", "covariates": "", "statistic": "pairs", "estimate": 5.0}
    return [*rows, common | pairs]


def _verdict(statistics: pd.DataFrame) -> pd.DataFrame:
    return contracts.VERDICTS.check(verdict_frame(verdicts(statistics, Settings())))


def _noise(rng: np.random.Generator) -> pd.DataFrame:
    rows = [
        dict.fromkeys(contracts.STATISTICS.columns, "")
        | dict.fromkeys(("p_holm", "q_bh"), np.nan)
        | {"question": question, "statistic": statistic, "covariates": covariates}
        | {"benchmark": "noise", "measure": "lmc", "variant": variant, "view": "folded"}
        | {"aggregate": "pooled", "n_resamples": 5000, "n_models": 40, "n_families": 10}
        | {"estimate": (r := float(rng.uniform(low, high))), "p": p}
        | {"ci_low": r - 0.2, "ci_high": r + 0.2}
        for question, statistic, covariates, low, high, p in (
            ("raw", "spearman", "", 0.6, 0.8, 0.001),
            ("size_adjusted", "partial_correlation", "log_n", -0.1, 0.1, 0.6),
        )
        for variant in VARIANTS
    ]
    return contracts.STATISTICS.check(pd.DataFrame(rows))


def calibration(studies: int = 100) -> pd.DataFrame:
    """Null studies of a test that keeps its level, and of one that finds too much."""
    p = (np.arange(studies) + 0.5) / studies
    parts = [
        pd.DataFrame({"permuted": permuted, "study": np.arange(studies), "p": values})
        for permuted, values in (("families", p), ("models", p**2))
    ]
    return contracts.CALIBRATION.check(pd.concat(parts, ignore_index=True))


def predictions(study: Study) -> pd.DataFrame:
    """Every score as predicted from other families; one prediction lies far outside the scores."""
    scores = study.scores
    frame = pd.DataFrame(
        {
            "benchmark": scores.benchmark_id,
            "model": scores.model_id,
            "family": scores.model_id.str.split("_").str[0],
            "score": scores.value,
            "baseline": scores.value.mean(),
            "predicted": np.where(scores.index == 0, 5.0, scores.value - 0.03),
        }
    )
    return contracts.PREDICTIONS.check(frame)


def size_gaps(study: Study) -> pd.DataFrame:
    """Pairs within three limits on the size gap; no interval at the first."""
    rows = study.statistics[study.statistics.question == "matched_pairs"]
    parts = [rows.assign(size_ratio=ratio) for ratio in (1.1, 2.0, 10.0)]
    parts[0] = parts[0].assign(ci_low=np.nan, ci_high=np.nan)
    return contracts.SIZE_GAPS.check(pd.concat(parts, ignore_index=True))


def quantised(study: Study) -> pd.DataFrame:
    """Codes that keep the order of the networks under NF4, and turn it round under INT4."""
    lmc = dict.fromkeys(study.models.model)
    values = {model: 0.01 + 0.001 * i for i, model in enumerate(lmc)}
    rows = [
        {"model": model, "view": view, "type": name, "scale": scale, "n": 6400, "levels": 15}
        | {"lmc": value if name == "nf4" else 1 / value, "entropy": 0.9, "disequilibrium": 0.01}
        | {"c_js": 0.01, "relative_error": 0.1}
        for model, value in values.items()
        for view in contracts.VIEWS
        for name in ("int4", "nf4")
        for scale in ("tensor", "block")
    ]
    return contracts.QUANTISATION.check(pd.DataFrame(rows))


def quantised_order(codes: pd.DataFrame) -> pd.DataFrame:
    """The agreement that figures and report print."""
    rows = [
        {"group": group, "type": name, "scale": scale, "n_models": 6, "tau": tau}
        | {"relative_error": 0.1 if scale == "block" else 0.2}
        for group in BENCHMARKS.values()
        for (name, tau) in (("int4", -0.6), ("nf4", 0.87))
        for scale in sorted(codes["scale"].unique())
    ]
    return contracts.QUANTISED_ORDER.check(pd.DataFrame(rows))


def report_inputs(picture: Path) -> ReportInputs:
    """The whole study as the report takes it, with the same picture in place of every figure."""
    study = make_study()
    noise = pd.DataFrame(
        [
            {"variant": variant, "n": n, "value": 0.01, "sd": 0.001, "slope": slope}
            for variant, slope in (("rice", -0.281), ("window", 0.0))
            for n in (1_000, 10_000_000)
        ]
    )
    return ReportInputs(
        models=study.models,
        ledger=study.ledger,
        complexity=study.complexity,
        benchmarks=study.benchmarks,
        scores=study.scores,
        statistics=study.statistics,
        verdict=_verdict(study.statistics),
        noise=_noise(np.random.default_rng(1)),
        calibration=calibration(),
        confound=noise,
        quantised_order=quantised_order(quantised(study)),
        settings=Settings(),
        variants={
            "window": {"rule": "window", "bins": BINS, "half_width": 6},
            "rice": {"rule": "rice"},
        },
        versions={"numpy": "2.4.6"},
        figures={"score_vs_complexity": picture, "plane": picture, "something_else": picture},
        planes=dict.fromkeys(study.models.model[:3], picture),
        sources=score_sources(),
    )
