"""A router put to the test against everything that needs no router."""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.stats.proportion import proportion_confint

from complexity_atlas.contracts import Contract
from complexity_atlas.experiments.routing import curves
from complexity_atlas.experiments.routing.classifier import text_classifier
from complexity_atlas.experiments.routing.labels import (
    FIVE_TRIALS,
    Labels,
    five_trial_labels,
    majority_labels,
    not_nested,
)
from complexity_atlas.experiments.routing.ladder import Ladder
from complexity_atlas.experiments.routing.settings import RoutingSettings
from complexity_atlas.experiments.routing.tables import (
    BEATS,
    CONFUSION,
    CURVES,
    DOES_NOT_BEAT,
    EVALUATION,
    LOSES,
)

_THRESHOLDS = np.linspace(0, 1, 51)


@dataclass(frozen=True)
class Evaluation:
    """What one way of labelling leads to; columns of the table EVALUATION.

    unsolved        share of items that no model solves in the first trial
    not_nested      share that a model solves and a stronger one does not, in the first trial
    majority_class, majority_share   the commonest label: what a classifier must beat
    label_accuracy, label_low, label_high   share of labels predicted rightly, Wilson's interval
    accuracy, cost  of the router: mean over trials of the model that each item is sent to
    best_single, best_accuracy, best_cost   the model that is best on these same items, in hindsight
    saving          share of best_cost that the router saves; negative where it costs more
    gain, gain_low, gain_high   accuracy less best_accuracy, interval over problems
    verdict         whether the router beats the best single model: the interval is above 0
    oracle_accuracy, oracle_cost   of always the cheapest model that is right: the union of what
                    models solve, trial by trial. It knows the luck of every draw; no router can
    apgr, cpt_50, cpt_80   between the weakest and the strongest model, see `curves`
    aiq, aiq_mixed  of the router's thresholds, and of single models mixed at random
    """

    ladder: str
    labels: str
    classifier: str
    n_items: int
    n_problems: int
    left_out: int
    unsolved: float
    not_nested: float
    majority_class: str
    majority_share: float
    label_accuracy: float = np.nan
    label_low: float = np.nan
    label_high: float = np.nan
    accuracy: float = np.nan
    cost: float = np.nan
    best_single: str = ""
    best_accuracy: float = np.nan
    best_cost: float = np.nan
    saving: float = np.nan
    gain: float = np.nan
    gain_low: float = np.nan
    gain_high: float = np.nan
    verdict: str = ""
    oracle_accuracy: float = np.nan
    oracle_cost: float = np.nan
    apgr: float = np.nan
    cpt_50: float = np.nan
    cpt_80: float = np.nan
    aiq: float = np.nan
    aiq_mixed: float = np.nan
    note: str = ""


@dataclass(frozen=True, eq=False)
class Findings:
    """Rows for the tables EVALUATION, CONFUSION and CURVES."""

    evaluation: pd.DataFrame
    confusion: pd.DataFrame
    curves: pd.DataFrame


def evaluate(ladder: Ladder, settings: RoutingSettings) -> Findings:
    """Label the items, predict the labels of unseen problems, route by them, and compare.

    By the one-trial label, from the first trial; and by the five-trial label, from the first five,
    where the ladder has three models and as many trials. Accuracies are means over all trials.
    """
    rows, confusion, points = [], [], []
    note = _unroutable(ladder)
    classifier = None if note else text_classifier(ladder.text, ladder.group, settings)
    for labels in _labellings(ladder, settings):
        described = _described(ladder, labels, settings)
        points += _points_without_router(ladder, labels)
        if classifier is None:
            rows.append(Evaluation(**described, note=note))
            continue
        probability = classifier.predict(labels.value, len(labels.classes))
        rows.append(
            Evaluation(
                **described,
                **_predicted(labels, probability, settings.confidence),
                **_routed(ladder, send(probability, labels), settings.confidence),
                **_traded(ladder, labels, probability),
            )
        )
        confusion += _confusion(ladder, labels, probability)
        points += _points_of_router(ladder, labels, probability)
    return Findings(
        EVALUATION.check(_frame(map(astuple, rows), EVALUATION)),
        CONFUSION.check(_frame(confusion, CONFUSION)),
        CURVES.check(_frame(points, CURVES)),
    )


def send(probability: np.ndarray, labels: Labels) -> np.ndarray:
    """The model each item is sent to, int64[items]: that of its most probable class."""
    return labels.rung[probability.argmax(axis=1)]


def send_above(probability: np.ndarray, labels: Labels, threshold: float) -> np.ndarray:
    """The cheapest model that is enough with probability `threshold`, int64[items].

    0 sends all items to the weakest model, more than 1 all to the strongest.
    """
    rungs = labels.rung.max() + 1
    enough = np.cumsum(
        [probability[:, labels.rung == rung].sum(axis=1) for rung in range(rungs)], axis=0
    )
    return np.minimum((enough < threshold - 1e-12).sum(axis=0), rungs - 1)


def oracle(ladder: Ladder) -> tuple[float, float]:
    """Accuracy and cost of the cheapest model that is right, of the cheapest where none is."""
    solved = ladder.correct.any(axis=1)
    chosen = np.where(solved, ladder.correct.argmax(axis=1), 0)
    return float(solved.mean()), float(ladder.cost[chosen].mean())


def _labellings(ladder: Ladder, settings: RoutingSettings) -> Iterator[Labels]:
    yield majority_labels(ladder.correct[:, :, :1], ladder.models, settings.unsolved)
    if len(ladder.models) == 3 and ladder.trials >= FIVE_TRIALS:
        yield five_trial_labels(ladder.correct[:, :, :FIVE_TRIALS])


def _unroutable(ladder: Ladder) -> str:
    if not any(ladder.text):
        return "the items have no text: nothing to route by"
    if ladder.group.max() == 0:
        return "all items belong to one problem: none is left to test on"
    return ""


def _described(ladder: Ladder, labels: Labels, settings: RoutingSettings) -> dict[str, object]:
    """What needs no router."""
    first = ladder.correct[:, :, 0]
    counts = np.bincount(labels.value, minlength=len(labels.classes))
    single = ladder.quality.mean(axis=0)
    accuracy, cost = oracle(ladder)
    return {
        "ladder": ladder.name,
        "labels": labels.name,
        "classifier": settings.classifier,
        "n_items": len(ladder.items),
        "n_problems": len(np.unique(ladder.group)),
        "left_out": ladder.left_out,
        "unsolved": float((~first.any(axis=1)).mean()),
        "not_nested": not_nested(first),
        "majority_class": labels.classes[counts.argmax()],
        "majority_share": float(counts.max() / counts.sum()),
        "best_single": ladder.models[single.argmax()],
        "best_accuracy": float(single.max()),
        "best_cost": float(ladder.cost[single.argmax()]),
        "oracle_accuracy": accuracy,
        "oracle_cost": cost,
        "aiq_mixed": curves.average_quality(ladder.cost, single),
    }


def _predicted(labels: Labels, probability: np.ndarray, confidence: float) -> dict[str, float]:
    hits = int((probability.argmax(axis=1) == labels.value).sum())
    n = len(labels.value)
    low, high = proportion_confint(hits, n, alpha=1 - confidence, method="wilson")
    return {"label_accuracy": hits / n, "label_low": float(low), "label_high": float(high)}


def _routed(ladder: Ladder, sent: np.ndarray, confidence: float) -> dict[str, object]:
    quality = ladder.quality
    best = quality.mean(axis=0).argmax()
    reached = quality[np.arange(len(sent)), sent]
    cost = float(ladder.cost[sent].mean())
    low, high = _interval_over_problems(reached - quality[:, best], ladder.group, confidence)
    gain = float((reached - quality[:, best]).mean())
    return {
        "accuracy": float(reached.mean()),
        "cost": cost,
        "saving": float(1 - cost / ladder.cost[best]),
        "gain": gain,
        "gain_low": low,
        "gain_high": high,
        "verdict": BEATS if low > 0 else LOSES if high < 0 else DOES_NOT_BEAT,
    }


def _interval_over_problems(
    difference: np.ndarray, group: np.ndarray, confidence: float
) -> tuple[float, float]:
    """Interval of a mean over items whose errors go together within a problem.

    Cluster-robust standard error and Student's t with one degree of freedom less than problems.
    """
    if np.ptp(difference) == 0:
        return float(difference[0]), float(difference[0])
    fit = sm.OLS(difference, np.ones(len(difference))).fit(
        cov_type="cluster", cov_kwds={"groups": group}, use_t=True
    )
    low, high = fit.conf_int(alpha=1 - confidence)[0]
    return float(low), float(high)


def _traded(ladder: Ladder, labels: Labels, probability: np.ndarray) -> dict[str, float]:
    quality = ladder.quality
    need = probability[:, labels.gains].sum(axis=1)
    pgr = curves.recovered_gap(quality[:, 0], quality[:, -1], need)
    costs, accuracies = _threshold_points(ladder, labels, probability)
    return {
        "apgr": curves.area(pgr),
        "cpt_50": curves.calls_needed(pgr, 0.5),
        "cpt_80": curves.calls_needed(pgr, 0.8),
        "aiq": curves.average_quality(costs, accuracies),
    }


def _threshold_points(
    ladder: Ladder, labels: Labels, probability: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cost and accuracy at every threshold from all weak to all strong, float64[thresholds]."""
    sent = [send_above(probability, labels, threshold) for threshold in (*_THRESHOLDS, 2.0)]
    item = np.arange(len(ladder.items))
    return (
        np.array([ladder.cost[chosen].mean() for chosen in sent]),
        np.array([ladder.quality[item, chosen].mean() for chosen in sent]),
    )


def _confusion(ladder: Ladder, labels: Labels, probability: np.ndarray) -> Iterator[tuple]:
    k = len(labels.classes)
    counts = np.bincount(labels.value * k + probability.argmax(axis=1), minlength=k * k)
    for place, n in enumerate(counts):
        label, predicted = labels.classes[place // k], labels.classes[place % k]
        yield ladder.name, labels.name, label, predicted, n


def _points_without_router(ladder: Ladder, labels: Labels) -> list[tuple]:
    single = ladder.quality.mean(axis=0)
    mixed = zip(*curves.hull(ladder.cost, single), strict=True)
    accuracy, cost = oracle(ladder)
    points = [
        *[("model", *point) for point in zip(ladder.models, ladder.cost, single, strict=True)],
        *[("mixed", str(place), *point) for place, point in enumerate(mixed)],
        ("oracle", "", cost, accuracy),
    ]
    return [(ladder.name, labels.name, *point) for point in points]


def _points_of_router(ladder: Ladder, labels: Labels, probability: np.ndarray) -> list[tuple]:
    sent = send(probability, labels)
    accuracy = ladder.quality[np.arange(len(sent)), sent].mean()
    thresholds = zip(*_threshold_points(ladder, labels, probability), strict=True)
    points = [
        ("router", "", ladder.cost[sent].mean(), accuracy),
        *[("threshold", f"{place:02d}", *point) for place, point in enumerate(thresholds)],
    ]
    return [(ladder.name, labels.name, *point) for point in points]


def _frame(rows: Iterable[tuple], contract: Contract) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(contract.columns))
