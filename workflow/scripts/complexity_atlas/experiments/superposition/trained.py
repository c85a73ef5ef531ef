"""The same ANDs by a network that is trained: what the construction leaves on the table.

One hidden layer of n ReLUs between m inputs and m' outputs, trained with Adam on true pairs and on
random pairs and singles in equal shares, then checked on every input with at most two active
features. Beyond the paper, which trains nothing. It says how few neurons this recipe finds, not how
few there could be; its codes of inputs and outputs are learned, which the bound allows.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch.nn import functional

from complexity_atlas.experiments.superposition import verify
from complexity_atlas.experiments.superposition.construction import draw_pairs
from complexity_atlas.experiments.superposition.tables import TRAINED

_BATCH = 512
_RATE = 0.01


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """Output o is on where (relu(xE + b) D + c)_o > 0.

    pairs     int64[m', 2], as in AndNetwork
    encoder   E, float64[m, n];  bias    b, float64[n]
    decoder   D, float64[n, m']; offset  c, float64[m']
    """

    pairs: NDArray[np.int64]
    encoder: NDArray[np.float64]
    bias: NDArray[np.float64]
    decoder: NDArray[np.float64]
    offset: NDArray[np.float64]
    threshold: ClassVar[float] = 0.0

    @property
    def inputs(self) -> int:
        """m."""
        return len(self.encoder)

    def outputs(self, active: NDArray[np.int64]) -> NDArray[np.float64]:
        """Every output before its threshold, float64[k, m']; `active` as AndNetwork takes it."""
        given = np.where(active[..., None] >= 0, self.encoder[active], 0.0).sum(axis=1)
        return np.maximum(given + self.bias, 0.0) @ self.decoder + self.offset


def trained_table(
    features: tuple[int, ...], neurons: tuple[int, ...], steps: int, seed: int
) -> pd.DataFrame:
    """Networks of growing width, for each m' up to the first without an error; contract TRAINED."""
    torch.set_num_threads(1)
    rows = []
    for m in sorted(features):
        for n in sorted(neurons):
            network = train(m, n, steps, seed)
            kinds = (verify.singles(network), verify.all_pairs(network))
            found = [verify.check(network, active) for active in kinds]
            errors = sum(one.n_errors for one in found)
            inputs = sum(one.n_inputs for one in found)
            rows.append(
                {"features": m, "neurons": n, "steps": steps}
                | {"n_inputs": inputs, "n_errors": errors}
            )
            if not errors:
                break
    return TRAINED.check(pd.DataFrame(rows))


def train(features: int, neurons: int, steps: int, seed: int) -> TrainedNetwork:
    """Train one network; the same arguments give the same one on the same machine and libraries."""
    pairs = draw_pairs(features, np.random.default_rng([seed, features]))
    generator = torch.Generator().manual_seed(seed)
    encoder = torch.randn(features, neurons, generator=generator) / neurons**0.5
    decoder = torch.randn(neurons, features, generator=generator) / neurons**0.5
    # At the start every output is rather off, as most should be.
    weights = [encoder, torch.zeros(neurons), decoder, torch.full((features,), -2.0)]
    for weight in weights:
        weight.requires_grad_()
    optimiser = torch.optim.Adam(weights, lr=_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        active, wanted = _batch(torch.from_numpy(pairs), features, generator)
        encoder, bias, decoder, offset = weights
        hidden = torch.relu(active @ encoder + bias)
        logits = hidden @ decoder + offset
        loss = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="sum")
        optimiser.zero_grad()
        (loss / _BATCH).backward()
        optimiser.step()
        schedule.step()
    return TrainedNetwork(pairs, *(weight.detach().double().numpy() for weight in weights))


def _batch(
    pairs: torch.Tensor, features: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and wanted outputs, float32[batch, m] and [batch, m']: half of them true pairs.

    The others are two features drawn with replacement, so that some are single.
    """
    half = _BATCH // 2
    true = pairs[torch.randint(features, (half,), generator=generator)]
    other = torch.randint(features, (half, 2), generator=generator)
    active = torch.zeros(_BATCH, features).scatter_(1, torch.cat([true, other]), 1.0)
    wanted = (active[:, pairs[:, 0]] * active[:, pairs[:, 1]]).contiguous()
    return active, wanted
