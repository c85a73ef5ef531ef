"""What is asked of the router: plain numbers of the `companions.routing` configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from complexity_atlas.configuration import bad_value, known_keys
from complexity_atlas.errors import AtlasError


@dataclass(frozen=True)
class RoutingSettings:
    """Settings of the routing experiment. Raises AtlasError on a value out of range.

    classifier    "tfidf", or "sentence_embedding", which needs the package sentence-transformers
    embedding     of the latter: a folder, or ID@COMMIT of the Hub
    folds         of cross-validation; a problem is in one fold only
    trials        numbers of trials per label that are compared
    unsolved      where a task goes that no model is expected to solve
    correct_from  score from which an answer counts as right, where attempts were not counted
    confidence    of every interval
    seed          of the order of trials
    """

    classifier: Literal["tfidf", "sentence_embedding"] = "tfidf"
    embedding: str = ""
    folds: int = 5
    trials: tuple[int, ...] = (1, 3, 5, 10)
    unsolved: Literal["strongest", "weakest"] = "strongest"
    correct_from: float = 0.5
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self):
        object.__setattr__(self, "trials", tuple(self.trials))
        if self.classifier not in ("tfidf", "sentence_embedding"):
            raise _bad("classifier", self.classifier, "use tfidf or sentence_embedding")
        if self.unsolved not in ("strongest", "weakest"):
            raise _bad("unsolved", self.unsolved, "use strongest or weakest")
        if self.folds < 2:
            raise _bad("folds", self.folds, "give at least 2")
        if not self.trials or min(self.trials) < 1:
            raise _bad("trials", list(self.trials), "give whole numbers of at least 1")
        if not 0 < self.correct_from <= 1:
            raise _bad("correct_from", self.correct_from, "give a number above 0 and at most 1")


def settings_from_config(config: Mapping[str, object]) -> RoutingSettings:
    """Build the settings from a section of the configuration. Raises AtlasError on unknown keys."""
    return RoutingSettings(**known_keys("companions.routing", config, RoutingSettings))


def _bad(key: str, value: object, remedy: str) -> AtlasError:
    return bad_value(f"companions.routing.{key}", value, remedy)
