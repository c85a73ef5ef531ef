"""From printed text to values on one scale, with bounds, direction and uncertainty."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from complexity_atlas.scores.numbers import NoNumber, Printed, read_interval, read_number

SCALES = {"fraction": 1.0, "percent": 0.01, "unscaled": 1.0}
"""Factor from the printed scale to the table's; `unscaled` for anything but a proportion."""

NORMAL_95 = 1.959963984540054
"""Half width of a normal distribution's central 95 % interval in standard deviations."""


def metric_scales(
    tasks: Iterable[tuple[str, str]], benchmarks: pd.DataFrame, metrics: pd.DataFrame
) -> pd.DataFrame:
    """Return unit, bounds, direction and chance level of pairs of benchmark and metric.

    For a benchmark's own metric `benchmarks` decides (contract BENCHMARKS), for any other `metrics`
    (contract METRICS). Pairs of an unknown metric are left out. Indexed by benchmark_id, metric_id.
    """
    own = benchmarks.set_index("benchmark_id")
    other = metrics.set_index("metric_id")
    rows = {}
    for benchmark_id, metric_id in tasks:
        benchmark = own.loc[benchmark_id]
        if metric_id == benchmark.metric_id:
            scale, chance = benchmark, benchmark.chance_level
        elif metric_id in other.index:
            scale = other.loc[metric_id]
            guessed = scale.by_choice and pd.notna(benchmark.n_choices)
            chance = 1 / benchmark.n_choices if guessed else np.nan
        else:
            continue
        rows[benchmark_id, metric_id] = {
            "unit": scale.unit,
            "proportion": bool(scale.proportion),
            "higher_is_better": bool(scale.higher_is_better),
            "lower_bound": scale.lower_bound,
            "upper_bound": scale.upper_bound,
            "chance_level": chance,
            "benchmark_items": benchmark.n_items,
        }
    columns = [
        *("unit", "proportion", "higher_is_better", "lower_bound", "upper_bound"),
        *("chance_level", "benchmark_items"),
    ]
    index = pd.MultiIndex.from_tuples(rows, names=["benchmark_id", "metric_id"]) if rows else None
    return pd.DataFrame(list(rows.values()), columns=columns, index=index)


def read_values(frame: pd.DataFrame) -> pd.DataFrame:
    """Read the printed numbers of `frame`, whose rows have unit, proportion and n_items known.

    Returns columns value, decimals_raw, stderr, stderr_kind, ci_low, ci_high on the table's scale;
    `problem`, why there is no value (a key of reported.REASONS) or ""; `doubt`, why a value cannot
    be trusted ("unit_conflict", "scale_undeclared"), or ""; `spread`, whether the standard error
    follows a ± whose meaning the source does not state. Index as given.
    """
    printed, problem = _read_all(frame.value_raw)
    factor = frame["scale"].map(SCALES).to_numpy(float)
    value = np.array([number.value for number in printed]) * factor
    percent = np.array([number.percent for number in printed], bool)
    stated, _ = _read_all(frame.stderr_raw)
    low, high = _intervals(frame, printed)
    spread = np.array([np.nan if n.spread is None else n.spread for n in printed], float)
    stderr = np.array([number.value for number in stated])
    followed = np.isnan(stderr) & ~np.isnan(spread)
    stderr = np.where(followed, spread, stderr) * factor
    kind = np.where(np.isnan(stderr), "none", "reported")
    from_ci = np.isnan(stderr) & ~np.isnan(low)
    stderr = np.where(from_ci, (high - low) * factor / (2 * NORMAL_95), stderr)
    kind = np.where(from_ci, "from_ci", kind)
    stderr, kind = _binomial(frame, value, stderr, kind)
    return pd.DataFrame(
        {
            "value": value,
            "decimals_raw": [number.decimals for number in printed],
            "stderr": stderr,
            "stderr_kind": kind,
            "ci_low": low * factor,
            "ci_high": high * factor,
            "problem": problem,
            "doubt": _doubts(frame, percent),
            "spread": followed,
        },
        index=frame.index,
    )


_NOTHING = Printed(np.nan, 0)


def _read_all(texts: pd.Series) -> tuple[list[Printed], list[str]]:
    # A table of a hundred thousand scores prints a few thousand different texts.
    found: dict[str, tuple[Printed, str]] = {"": (_NOTHING, "missing")}
    for text in pd.unique(texts):
        if text:
            try:
                found[text] = read_number(text), ""
            except NoNumber as error:
                found[text] = _NOTHING, error.reason
    pairs = [found[text] for text in texts]
    return [number for number, _ in pairs], [problem for _, problem in pairs]


def _intervals(frame: pd.DataFrame, printed: list[Printed]) -> tuple[np.ndarray, np.ndarray]:
    low = np.array([np.nan if n.low is None else n.low for n in printed], float)
    high = np.array([np.nan if n.high is None else n.high for n in printed], float)
    for place in np.flatnonzero(frame.ci_raw.to_numpy() != ""):
        try:
            low[place], high[place] = read_interval(frame.ci_raw.iat[place], printed[place].value)
        except NoNumber:
            continue
    return low, high


def _binomial(frame: pd.DataFrame, value, stderr, kind) -> tuple[np.ndarray, np.ndarray]:
    n_items = frame.n_items.to_numpy("float64", na_value=np.nan)
    proportion = frame.proportion.to_numpy(bool) & (frame.normalization == "none").to_numpy()
    inside = (value >= 0) & (value <= 1)
    usable = np.isnan(stderr) & proportion & inside & (n_items > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        derived = np.sqrt(value * (1 - value) / n_items)
    return np.where(usable, derived, stderr), np.where(usable, "binomial", kind)


def _doubts(frame: pd.DataFrame, percent: np.ndarray) -> np.ndarray:
    scale = frame["scale"].to_numpy()
    undeclared = np.array(["scale_undeclared" in flags for flags in frame["flags"]], bool)
    undeclared |= (frame.unit == "fraction").to_numpy() & (scale == "unscaled")
    conflict = (percent & (scale != "percent")) | (
        (frame.unit != "fraction").to_numpy() & (scale == "percent")
    )
    doubts = np.where(undeclared & ~percent, "scale_undeclared", "")
    return np.where(conflict, "unit_conflict", doubts)
