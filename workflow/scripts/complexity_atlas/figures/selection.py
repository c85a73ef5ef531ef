"""Which of the many complexities of a network a figure shows, and how it is taken from a table."""

from dataclasses import dataclass, replace

import pandas as pd

from complexity_atlas.contracts import NULL_KINDS

MEASURE_LABELS = {
    "lmc": "LMC complexity C = H · D",
    "entropy": "Normalised entropy H",
    "disequilibrium": "Disequilibrium D",
    "c_exp": "Exponential complexity C_exp",
    "c_js": "Jensen–Shannon complexity C_JS",
    "sdl": "SDL complexity H · (1 − H)",
    "q_e": "Euclidean disequilibrium Q_E",
    "q_w": "Wootters disequilibrium Q_W",
    "stable_rank": "Stable rank",
    "effective_rank": "Effective rank",
    "spectral_norm": "Spectral norm",
    "frobenius_norm": "Frobenius norm",
    "log_condition": "Condition number, ln κ",
    "log_condition_excess": "ln κ − Marchenko–Pastur",
    "alpha": "Power-law exponent α",
    "alpha_distance": "Distance D of the power law",
    "alpha_xmin": "Start of the power law",
    "alpha_hat": "Weighted exponent α̂",
    "log_alpha_norm": "Log α-norm",
    "soft_rank": "Marchenko–Pastur soft rank",
    "spectral_entropy": "Entropy of the spectrum",
    "spectral_lmc": "LMC complexity of the spectrum",
}

SYMBOLS = {
    "lmc": "C",
    "entropy": "H",
    "disequilibrium": "D",
    "c_exp": "C_exp",
    "c_js": "C_JS",
    "sdl": "H(1 − H)",
    "q_e": "Q_E",
    "q_w": "Q_W",
}

VARIANT_LABELS = {
    "proposal": "min–max, 100 bins",
    "fixed1000": "min–max, 1000 bins",
    "rice": "Rice",
    "freedman_diaconis": "Freedman–Diaconis",
    "scott": "Scott",
    "sturges": "Sturges",
    "doane": "Doane",
    "window": "window",
    "window_alive": "window, alive",
    "spectrum": "spectrum",
}


@dataclass(frozen=True)
class Selection:
    """One complexity out of many: measure × binning variant × view × aggregate, and its null."""

    measure: str
    variant: str
    view: str
    aggregate: str
    null_kind: str = "same_n"

    @property
    def label(self) -> str:
        """What an axis calls the value: dimensionless, so without a unit."""
        return MEASURE_LABELS.get(self.measure, self.measure)

    @property
    def excess_measure(self) -> str:
        """What the statistics call the excess of this measure over this null."""
        return f"{self.measure}_{self.null_kind}_excess"

    @property
    def description(self) -> str:
        """Variant, view and aggregate in words, for a title or a caption."""
        aggregate = self.aggregate.replace("_", " ")
        return f"{variant_label(self.variant)} binning, {self.view} weights, {aggregate}"

    def in_view(self, view: str) -> "Selection":
        """The same complexity of the weights in another view."""
        return replace(self, view=view)


def symbol(measure: str) -> str:
    """The letter by which a measure is known; for an excess that of its measure, minus its null."""
    for null_kind in NULL_KINDS:
        ending = f"_{null_kind}_excess"
        if measure.endswith(ending):
            return f"{symbol(measure.removesuffix(ending))} − null, {null_kind.replace('_', ' ')}"
    return SYMBOLS.get(measure, measure)


def variant_label(variant: str) -> str:
    """Name of a binning variant as a reader knows it; the config's own name where it is new."""
    return VARIANT_LABELS.get(variant, variant)


def of_models(complexity: pd.DataFrame, selection: Selection, measure: str = "") -> pd.DataFrame:
    """Rows of contract MODEL_COMPLEXITY that describe whole networks, indexed by model.

    `measure` overrides the selection's, for a plane that needs two.
    """
    wanted = {"scope": "model", "aggregate": selection.aggregate}
    chosen = _matching(complexity, selection, measure, wanted)
    return chosen.set_index("model").sort_index()


def of_scopes(
    complexity: pd.DataFrame, selection: Selection, model: str, prefix: str
) -> pd.DataFrame:
    """Rows of the parts of one network, such as `layer:`, indexed by the scope after `prefix`."""
    wanted = {"model": model, "aggregate": selection.aggregate}
    parts = complexity[complexity.scope.str.startswith(prefix)]
    chosen = _matching(parts, selection, "", wanted)
    return chosen.set_index(chosen.scope.str.removeprefix(prefix))


def of_tensors(tensors: pd.DataFrame, selection: Selection, measure: str = "") -> pd.DataFrame:
    """Rows of contract TENSOR_COMPLEXITY for every network, one per tensor."""
    chosen = _matching(tensors, selection, measure, {})
    return chosen.sort_values(["model", "depth", "tensor"], ignore_index=True)


def _matching(frame, selection: Selection, measure: str, wanted: dict[str, str]) -> pd.DataFrame:
    wanted = wanted | {
        "measure": measure or selection.measure,
        "variant": selection.variant,
        "view": selection.view,
        "null_kind": selection.null_kind,
    }
    keep = pd.Series(True, index=frame.index)
    for column, value in wanted.items():
        keep &= frame[column] == value
    return frame[keep]
