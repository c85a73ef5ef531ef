"""Supported, contradicted or undecided: the verdict on each benchmark, by rules set in advance.

The primary effect is the size-adjusted correlation over families of the primary predictor
(`multiplicity.is_primary`); the gain is that of leave-one-family-out prediction by the same
predictor over the same covariates. In this order:

contradicted  the interval of the effect, over at least FEW_FAMILIES families, lies inside
              ± smallest_effect, or that of the gain lies below 0. An effect that is surely too
              small to matter does not support the thesis, even if it is surely not 0. Of fewer
              families the coverage of the interval is not assured: of two it lies inside in 6 % of
              studies in which families differ and their differences correlate by .5.
supported     the interval of the effect excludes 0, and so does its p after Holm over all
              benchmarks; the effect has the same sign on at least two benchmarks; and the gain is
              above 0.
undecided     everything else: the reasons, and the effect that could have been seen.

Holm keeps the chance that a study of a useless measure supports the thesis anywhere below
1 - confidence, however many benchmarks it has.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from complexity_atlas.statistics import leave_family_out, multiplicity, power, raw, size_adjusted
from complexity_atlas.statistics.design import counted
from complexity_atlas.statistics.resampling import FEW_FAMILIES
from complexity_atlas.statistics.settings import Primary, Settings

SUPPORTED, CONTRADICTED, UNDECIDED = "supported", "contradicted", "undecided"

_LEAST_BENCHMARKS = 2


@dataclass(frozen=True)
class Verdict:
    """The verdict on one benchmark, the reasons for it in words, and the numbers it rests on.

    effect, low, high, p    primary effect in [-1, 1], its interval, its p after Holm
    gain, gain_low, gain_high  in R² of leave-one-family-out prediction, with its interval
    same_sign, n_benchmarks    on how many benchmarks with a primary effect it has this sign
    detectable              |rho| that so many independent models show with the power asked for

    A number that is not known is NaN.
    """

    benchmark: str
    verdict: str
    reasons: tuple[str, ...]
    n_models: int
    n_families: int
    effect: float
    low: float
    high: float
    p: float
    gain: float
    gain_low: float
    gain_high: float
    same_sign: int
    n_benchmarks: int
    detectable: float

    @property
    def sentence(self) -> str:
        """The verdict as one sentence for the report."""
        return f"{self.benchmark}: {self.verdict}. {_capital('; '.join(self.reasons))}."


def verdicts(results: pd.DataFrame, settings: Settings) -> tuple[Verdict, ...]:
    """The verdict on every benchmark in the order of their names.

    results  rows of contracts.STATISTICS of all questions, after `multiplicity.adjust`
    """
    primary = results[multiplicity.is_primary(results, settings)].set_index("benchmark")
    gains = _rows_of(results, settings.primary, leave_family_out.QUESTION, leave_family_out.GAIN)
    studied = results["question"].isin([raw.QUESTION, size_adjusted.QUESTION])
    benchmarks = sorted(set(results.loc[studied, "benchmark"]) - {""})
    signs = np.sign(primary["estimate"].dropna())
    return tuple(_verdict(name, primary, gains, signs, settings) for name in benchmarks)


def verdict_frame(found: Sequence[Verdict]) -> pd.DataFrame:
    """One row per benchmark, columns the fields of Verdict; reasons joined by "; "."""
    columns = list(Verdict.__dataclass_fields__)
    rows = [{**asdict(one), "reasons": "; ".join(one.reasons)} for one in found]
    return pd.DataFrame(rows, columns=columns)


def verdicts_of(table: pd.DataFrame) -> tuple[Verdict, ...]:
    """The verdicts of a table of `verdict_frame`; the reasons of each come as one text."""
    rows = table.to_dict("records")
    return tuple(Verdict(**{**row, "reasons": (row["reasons"],)}) for row in rows)


def headline(found: Sequence[Verdict], settings: Settings) -> str:
    """The first lines of the report: what was chosen in advance, and what came of it."""
    chosen = _describe(settings.primary)
    if settings.is_pre_registered:
        first = f"The primary effect was chosen before any score was seen: {chosen}."
    else:
        first = (
            f"NOT THE PRE-REGISTERED CHOICE: the verdicts rest on {chosen}, "
            f"and not on {_describe(Primary())}, which was chosen before any score was seen."
        )
    if not found:
        return f"{first} There is no benchmark to judge by."
    counts = {
        name: sum(one.verdict == name for one in found)
        for name in (SUPPORTED, CONTRADICTED, UNDECIDED)
    }
    listed = ", ".join(f"{name} on {count}" for name, count in counts.items())
    told = f"{first} Of {counted(len(found), 'benchmark')}, the thesis is {listed}."
    return f"{told} These data cannot tell." if counts[UNDECIDED] == len(found) else told


def _rows_of(
    results: pd.DataFrame, primary: Primary, question: str, statistic: str
) -> pd.DataFrame:
    wanted = {**vars(primary), "question": question, "statistic": statistic}
    chosen = np.logical_and.reduce([results[name] == value for name, value in wanted.items()])
    return results[chosen].set_index("benchmark")


def _verdict(
    benchmark: str,
    primary: pd.DataFrame,
    gains: pd.DataFrame,
    signs: pd.Series,
    settings: Settings,
) -> Verdict:
    nothing = dict.fromkeys(("estimate", "ci_low", "ci_high", "p_holm"), np.nan) | {
        "n_models": 0,
        "n_families": 0,
        "note": "not in the results",
    }
    effect = primary.loc[benchmark] if benchmark in primary.index else pd.Series(nothing)
    gain = gains.loc[benchmark] if benchmark in gains.index else pd.Series(nothing)
    same_sign = int((signs == np.sign(effect.estimate)).sum())
    covariates = [name for name in settings.primary.covariates.split("+") if name]
    detectable = power.detectable(int(effect.n_models) - len(covariates), settings)
    name, reasons = _judge(effect, gain, same_sign, len(signs), detectable, settings)
    return Verdict(
        benchmark=benchmark,
        verdict=name,
        reasons=tuple(reasons),
        n_models=int(effect.n_models),
        n_families=int(effect.n_families),
        effect=float(effect.estimate),
        low=float(effect.ci_low),
        high=float(effect.ci_high),
        p=float(effect.p_holm),
        gain=float(gain.estimate),
        gain_low=float(gain.ci_low),
        gain_high=float(gain.ci_high),
        same_sign=same_sign,
        n_benchmarks=len(signs),
        detectable=detectable,
    )


def _judge(
    effect: pd.Series,
    gain: pd.Series,
    same_sign: int,
    n_benchmarks: int,
    detectable: float,
    settings: Settings,
) -> tuple[str, list[str]]:
    """The verdict and its reasons, each a clause with the numbers it rests on."""
    if np.isnan(effect.estimate):
        return UNDECIDED, [f"there is no primary effect: {effect.note}"]
    if against := _against(effect, gain, settings):
        return CONTRADICTED, against
    needed = (
        _differs_from_0(effect, settings),
        _survives_holm(effect, settings),
        _agrees_in_sign(same_sign, n_benchmarks),
        _predicts(gain, settings),
    )
    if all(given for given, _ in needed):
        return SUPPORTED, [clause for _, clause in needed]
    (_, told), *others = needed
    reasons = [told, *(clause for given, clause in others if not given)]
    return UNDECIDED, [*reasons, _seen_at_all(effect, detectable, settings)]


def _against(effect: pd.Series, gain: pd.Series, settings: Settings) -> list[str]:
    small = settings.smallest_effect
    reasons = []
    if _is_small(effect, settings) and effect.n_families >= FEW_FAMILIES:
        told = _told(effect, settings)
        reasons.append(f"the effect, {told}, is smaller than the smallest of interest, {small:g}")
    if gain.ci_high < 0:
        gained = _gained(gain, settings)
        reasons.append(f"complexity makes predictions of unseen families worse: R² {gained}")
    return reasons


def _is_small(effect: pd.Series, settings: Settings) -> bool:
    return -settings.smallest_effect < effect.ci_low and effect.ci_high < settings.smallest_effect


def _differs_from_0(effect: pd.Series, settings: Settings) -> tuple[bool, str]:
    told = _told(effect, settings)
    if _is_small(effect, settings):
        few = f"{effect.n_families} families cannot tell whether it is too small to matter"
        return False, f"the effect is {told}, and {few}"
    if effect.ci_low > 0 or effect.ci_high < 0:
        return True, f"the effect is {told}"
    return False, f"the effect, {told}, may be 0"


def _survives_holm(effect: pd.Series, settings: Settings) -> tuple[bool, str]:
    if np.isnan(effect.p_holm):
        return False, "it has no p"
    return (
        effect.p_holm < 1 - settings.confidence,
        f"its p is {effect.p_holm:.2g} after Holm over the benchmarks",
    )


def _agrees_in_sign(same_sign: int, n_benchmarks: int) -> tuple[bool, str]:
    if n_benchmarks < _LEAST_BENCHMARKS:
        return False, "with one benchmark, agreement of signs cannot be shown"
    if same_sign < _LEAST_BENCHMARKS:
        return False, f"no other of {n_benchmarks} benchmarks agrees in sign"
    return True, f"it has the same sign on {same_sign} of {n_benchmarks} benchmarks"


def _predicts(gain: pd.Series, settings: Settings) -> tuple[bool, str]:
    if np.isnan(gain.estimate):
        return False, f"there is no prediction of unseen families: {gain.note}"
    gained = _gained(gain, settings)
    if gain.estimate > 0:
        return True, f"predictions of unseen families gain in R² {gained}"
    return False, f"predictions of unseen families gain nothing: R² {gained}"


def _seen_at_all(effect: pd.Series, detectable: float, settings: Settings) -> str:
    if np.isnan(detectable):
        return f"{effect.n_models} models are too few to show an effect of any size"
    return (
        f"{effect.n_models} independent models would show an effect of {detectable:.2f} or more "
        f"in {settings.power:.0%} of studies"
    )


def _told(effect: pd.Series, settings: Settings) -> str:
    return (
        f"{effect.estimate:+.2f} {_interval(effect, settings)} "
        f"in {counted(effect.n_models, 'model')} of "
        f"{counted(effect.n_families, 'family', 'families')}"
    )


def _gained(gain: pd.Series, settings: Settings) -> str:
    return f"{gain.estimate:+.3f} {_interval(gain, settings)}"


def _interval(row: pd.Series, settings: Settings) -> str:
    if np.isnan(row.ci_low):
        return "(no interval)"
    return f"({settings.confidence:.0%} CI {row.ci_low:+.2f} to {row.ci_high:+.2f})"


def _describe(primary: Primary) -> str:
    given = f" given {primary.covariates}" if primary.covariates else " without covariates"
    details = ", ".join(filter(None, (primary.variant, primary.view, primary.aggregate)))
    return f"{primary.measure} ({details}){given}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
