"""What the experiment consists of: the `companions.head_tuning` section of the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ChainSettings:
    """A chain of `states` with rows from Dirichlet(`concentration`), seen with noise σ = `noise`.

    `data` are the kinds of states for which heads are simulated, of `simulation.KINDS`.
    """

    states: int
    concentration: float
    noise: float
    data: tuple[str, ...]


@dataclass(frozen=True)
class HeadSettings:
    """Heads on a frozen network: n samples each, the widths, and how many training sets."""

    samples: int
    widths: tuple[int, ...]
    repetitions: int


@dataclass(frozen=True)
class Settings:
    """Simulation and theory.

    samples      n, of one training set
    widths       p, numbers of features
    penalties    λ of ridge regression; 0 is least squares or least norm
    repetitions  training sets per width and kind of states
    chains       by name
    chain_seed   of the chains and of W; training sets have a seed of their own
    """

    samples: int
    widths: tuple[int, ...]
    penalties: tuple[float, ...]
    repetitions: int
    chains: Mapping[str, ChainSettings]
    chain_seed: int

    @classmethod
    def from_config(cls, config: Mapping) -> "Settings":
        """Build from the section as the schema checked it; its `heads` are another experiment's."""
        chains = {
            name: ChainSettings(
                config["states"], chain["concentration"], chain["noise"], tuple(chain["data"])
            )
            for name, chain in config["chains"].items()
        }
        return cls(
            config["samples"],
            tuple(sorted(config["widths"])),
            tuple(sorted(config["penalties"])),
            config["repetitions"],
            chains,
            config["chain_seed"],
        )
