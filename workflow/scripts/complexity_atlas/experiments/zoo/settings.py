"""What the zoo consists of: the `zoo` section of the configuration, and one run of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from complexity_atlas.configuration import bad_value, known_keys
from complexity_atlas.errors import AtlasError

ZOO_VERSION = "1"
"""Changes when the same settings would train or score other networks than before."""

FAMILIES = ("transformer", "lstm", "mlp")
DTYPES = ("float32", "bfloat16", "float16")
SOURCES = ("topics", "docstrings")
CONTROLS = ("shuffled", "reinitialised")
LONGEST_WORD = 12
"""Letters of the longest cloze word; the rest of a window is the passage before it."""


@dataclass(frozen=True)
class RunSpec:
    """One training run: a network of `family` with about `size` parameters, saved as `dtype`.

    `seed` decides initial weights, order of the text and controls. Each of `steps` updates sees
    `batch` windows of `window` characters.
    """

    family: str
    size: int
    seed: int
    dtype: str
    steps: int
    batch: int
    window: int

    @property
    def name(self) -> str:
        """Folder of the run, unique in a zoo."""
        return f"{self.family}-{self.size}-seed{self.seed}"

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """Steps at which the network is saved: 0, 10, 30, 100, 300, … and the last."""
        spaced = (step for power in range(1, 10) for step in (10**power, 3 * 10**power))
        return (0, *(step for step in spaced if step < self.steps), self.steps)

    def characters(self, step: int) -> int:
        """Characters seen before update number `step` (counted from 0)."""
        return step * self.batch * self.window

    def model(self, step: int, control: str = "") -> str:
        """Identifier of a saved network, fit for a file name."""
        suffix = f"-{control}" if control else ""
        return f"zoo-{self.name}-step{step}{suffix}"

    @staticmethod
    def file(step: int, control: str = "") -> str:
        """Name of a saved network in the folder of its run."""
        suffix = f"_{control}" if control else ""
        return f"step_{step}{suffix}.safetensors"

    @property
    def files(self) -> dict[str, str]:
        """File of every saved network by what follows the run in the network's identifier."""
        start = len(self.model(0)) - len("step0")
        return {self.model(*saved)[start:]: self.file(*saved) for saved in self.networks}

    @property
    def networks(self) -> tuple[tuple[int, str], ...]:
        """Step and control ("" for trained) of every network that the run saves."""
        trained = tuple((step, "") for step in self.checkpoints)
        return trained + tuple((self.steps, control) for control in CONTROLS)


@dataclass(frozen=True)
class ZooSettings:
    """The whole zoo. Raises AtlasError, naming the key, on a value that cannot be used.

    families      of networks, among FAMILIES
    sizes         numbers of parameters that each family comes near to
    seeds         one run each
    dtypes        in which the networks of the first, second, … seed are saved; in turn
    steps         updates per run
    characters    training characters per run, a multiple of steps · window
    window        characters of context and loss per training example
    sources       of the text: pydoc's topics, docstrings of the standard library, or both
    test_share    share of documents that is held out
    test_windows  windows of held-out text on which characters are predicted
    cloze_items   held-out passages whose last word is to be found; a multiple of 4
    cloze_trials  answers drawn per passage
    """

    families: tuple[str, ...] = FAMILIES
    sizes: tuple[int, ...] = (10_000, 27_000, 70_000, 190_000, 500_000)
    seeds: tuple[int, ...] = (0, 1)
    dtypes: tuple[str, ...] = ("float32", "bfloat16")
    steps: int = 1000
    characters: int = 640_000
    window: int = 64
    sources: tuple[str, ...] = SOURCES
    test_share: float = 0.1
    test_windows: int = 500
    cloze_items: int = 1000
    cloze_trials: int = 10

    def __post_init__(self):
        for key, known in (("families", FAMILIES), ("dtypes", DTYPES), ("sources", SOURCES)):
            remedy = f"use some of {', '.join(known)}"
            _check_list(key, getattr(self, key), remedy, known.__contains__)
        _check_list("sizes", self.sizes, "give whole numbers from 1,000", lambda n: _whole(n, 1000))
        _check_list("seeds", self.seeds, "give whole numbers from 0", lambda n: _whole(n, 0))
        for key, low in _LEAST.items():
            if not _whole(getattr(self, key), low):
                raise _bad(key, getattr(self, key), f"give a whole number from {low}")
        if not (isinstance(self.test_share, float) and 0 < self.test_share <= 0.5):
            raise _bad("test_share", self.test_share, "give a number above 0 and up to 0.5")
        if self.cloze_items % 4:
            raise _bad("cloze_items", self.cloze_items, "give a multiple of 4")
        if self.characters % (self.steps * self.window):
            remedy = f"give a multiple of steps · window = {self.steps * self.window:,}"
            raise _bad("characters", self.characters, remedy)

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> "ZooSettings":
        """Build from the `zoo` section, whose keys are the fields; absent keys keep their default.

        Raises AtlasError that names an unknown key or a bad value.
        """
        plain = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in known_keys("zoo", config, cls).items()
        }
        return cls(**plain)

    @property
    def runs(self) -> tuple[RunSpec, ...]:
        """Every run of the zoo, longest first."""
        batch = self.characters // (self.steps * self.window)
        return tuple(
            RunSpec(family, size, seed, dtype, self.steps, batch, self.window)
            for size in sorted(self.sizes, reverse=True)
            for family in self.families
            for seed, dtype in zip(self.seeds, self.dtypes * len(self.seeds), strict=False)
        )


_LEAST = {
    "steps": 1,
    "characters": 1,
    "window": 2 * LONGEST_WORD,
    "test_windows": 2,
    "cloze_items": 4,
    "cloze_trials": 1,
}


def _whole(value: object, low: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= low


def _check_list(key: str, values: object, remedy: str, is_good) -> None:
    if not isinstance(values, tuple) or not values:
        raise _bad(key, values, f"give a list; {remedy}")
    if not all(map(is_good, values)):
        raise _bad(key, list(values), remedy)
    if len(set(values)) < len(values):
        raise _bad(key, list(values), "leave out the duplicates")


def _bad(key: str, value: object, remedy: str) -> AtlasError:
    return bad_value(f"zoo.{key}", value, remedy)
