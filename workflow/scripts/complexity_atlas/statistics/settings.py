"""What is fixed before any score is looked at: the primary effect, thresholds, seed."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import isfinite

from complexity_atlas.configuration import bad_value, known_keys
from complexity_atlas.errors import AtlasError

COVARIATES = ("", "log_n", "log_n+log_d")
"""Sets of covariates: none, ln of counted weights, and that with ln of training data."""


@dataclass(frozen=True)
class Primary:
    """The one predictor and adjustment on which the verdict rests.

    The defaults are the pre-registered choice: `Settings.is_pre_registered` compares with them.
    """

    measure: str = "lmc"
    variant: str = "window"
    view: str = "folded"
    aggregate: str = "pooled"
    covariates: str = "log_n"

    def __post_init__(self):
        for field in fields(self):
            if not isinstance(getattr(self, field.name), str):
                raise _bad(f"primary.{field.name}", getattr(self, field.name), "give a text")
        if self.covariates not in COVARIATES:
            options = ", ".join(map(repr, COVARIATES))
            raise _bad("primary.covariates", self.covariates, f"use one of {options}")


@dataclass(frozen=True)
class Settings:
    """Plain numbers that the questions share. Raises AtlasError on a value out of range.

    seed             of every permutation and bootstrap; same seed, same output
    resamples        permutations, and bootstrap samples of families, per test
    confidence       of every interval
    power            at which the smallest detectable effect is stated
    smallest_effect  |rho| below which an effect is of no interest
    min_models       fewer than these give a row with a reason instead of a test
    chance_margin    a benchmark whose median model gains less than this share of the way from
                     chance to 1 (of a loss, to 0), or than two standard errors, is at chance
    size_ratio       two models are matched in size when n_max / n_min is at most this
    ceiling_slope    |score per decade of N| below which a family has stopped growing
    pick_accuracy    share of right picks asked for by the guidance on model choice
    """

    seed: int = 20250601
    resamples: int = 5000
    confidence: float = 0.95
    power: float = 0.8
    smallest_effect: float = 0.2
    min_models: int = 5
    chance_margin: float = 0.02
    size_ratio: float = 1.1
    ceiling_slope: float = 0.02
    pick_accuracy: float = 0.75
    primary: Primary = Primary()

    def __post_init__(self):
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            whole = name in _WHOLE
            kinds = (int,) if whole else (int, float)
            number = isinstance(value, kinds) and not isinstance(value, bool) and isfinite(value)
            if not (number and low <= value <= high):
                kind = "a whole number" if whole else "a number"
                raise _bad(name, value, f"give {kind} from {low} to {high}")

    @property
    def is_pre_registered(self) -> bool:
        """Whether the primary effect is the one that was chosen before any score was seen."""
        return self.primary == Primary()


_WHOLE = ("seed", "resamples", "min_models")
_RANGES = {
    "seed": (0, 2**63 - 1),
    "resamples": (99, 1_000_000),
    "confidence": (0.5, 0.9999),
    "power": (0.5, 0.9999),
    "smallest_effect": (0.001, 0.999),
    "min_models": (4, 1_000_000),
    "chance_margin": (0.0, 0.999),
    "size_ratio": (1.0, 1000.0),
    "ceiling_slope": (0.0, 1e6),
    "pick_accuracy": (0.5, 0.9999),
}


def settings_from_config(config: Mapping[str, object]) -> Settings:
    """Build Settings from the `statistics` section of the configuration.

    Keys are the field names of Settings; `primary` is a mapping with the field names of Primary.
    What is not given keeps its default. Raises AtlasError that names an unknown key or a bad value.
    """
    given = dict(known_keys("statistics", config, Settings))
    primary = given.pop("primary", {})
    if not isinstance(primary, Mapping):
        raise _bad("primary", primary, "give a mapping of measure, variant, view, …")
    return Settings(primary=Primary(**known_keys("statistics.primary", primary, Primary)), **given)


def _bad(key: str, value: object, remedy: str) -> AtlasError:
    return bad_value(f"statistics.{key}", value, remedy)
