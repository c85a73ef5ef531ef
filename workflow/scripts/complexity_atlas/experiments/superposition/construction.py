"""A network with fewer neurons than features that computes ANDs of two inputs, built not trained.

Every output owns a channel, s of the n neurons, and every input excites the channels of its
outputs. Where both inputs of an output are active its channel sums to 2, elsewhere to 0 or 1, so a
threshold at 3/2 is their AND; codes of random signs bring m inputs and m' outputs through n < m
dimensions. Two channels should share few neurons: here they are lines of an affine plane over a
prime field, which meet in at most one point. Derived for this study, with random channels to
compare with.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

Variant = Literal["lines", "random_channels", "naive"]
VARIANTS: tuple[Variant, ...] = ("lines", "random_channels", "naive")
"""Lines; every neuron in a channel by chance, with s of them expected; and these with the codes of
the inputs read by their transpose instead of their pseudo-inverse."""

STEEPNESS = 8.0
MOST_OUTPUTS = 4
"""Of one input: with more, channels of different outputs add up."""


@dataclass(frozen=True, eq=False)
class AndNetwork:
    """y = xΦ, h = clip(g (y W1 - 3/2) + 1/2, 0, 1), y' = h W2, output o is [<y', Ψ_o> > .58].

    A clipped neuron is the difference of two ReLUs. Neighbouring linear maps are kept multiplied.

    pairs     int64[m', 2], the two inputs of every output, ascending; no pair twice
    channel   s, neurons per channel
    response  float64[m, n], ΦW1: what every input gives to every neuron
    readout   float64[n, m'], W2 Ψᵀ: what every neuron gives to every output
    """

    pairs: NDArray[np.int64]
    channel: int
    response: NDArray[np.float64]
    readout: NDArray[np.float64]
    threshold: ClassVar[float] = 0.58

    @property
    def inputs(self) -> int:
        """m, the number of inputs."""
        return len(self.response)

    @property
    def neurons(self) -> int:
        """n, the number of clipped neurons."""
        return self.readout.shape[0]

    @property
    def features(self) -> int:
        """m', the number of outputs."""
        return self.readout.shape[1]

    def outputs(self, active: NDArray[np.int64]) -> NDArray[np.float64]:
        """<y', Ψ_o> of every output, float64[k, m'], for inputs of which at most two are active.

        active  int64[k, 2]: numbers of the active inputs, -1 for none
        """
        given = np.where(active[..., None] >= 0, self.response[active], 0.0).sum(axis=1)
        # Hardly any neuron is on.
        return sparse.csr_array(np.clip(STEEPNESS * (given - 1.5) + 0.5, 0.0, 1.0)) @ self.readout


def side(features: int) -> int:
    """The least prime q with q² >= m': so many lines has the plane, one per output."""
    q = int(np.ceil(np.sqrt(features)))
    while q < 2 or any(q % divisor == 0 for divisor in range(2, int(np.sqrt(q)) + 1)):
        q += 1
    return q


def draw_pairs(features: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """m' different pairs of m' inputs, none of them in more than MOST_OUTPUTS; int64[m', 2]."""
    degree = np.zeros(features, int)
    chosen: dict[tuple[int, int], None] = {}
    while len(chosen) < features:
        for i, j in np.sort(rng.integers(features, size=(features, 2)), axis=1).tolist():
            free = max(degree[i], degree[j]) < MOST_OUTPUTS
            if i < j and free and (i, j) not in chosen and len(chosen) < features:
                chosen[i, j] = None
                degree[[i, j]] += 1
    return np.array(list(chosen), np.int64)


def line_channels(features: int, channel: int) -> sparse.csr_array:
    """Neurons of every channel, 0 or 1, [m', s·q]: output (a, b) has (x, a·x + b mod q), x < s.

    Raises ValueError where s > q, for then a line has too few points.
    """
    q = side(features)
    if not 1 <= channel <= q:
        raise ValueError(f"channels of {channel} neurons; from 1 to q = {q} are possible")
    slope, offset = np.divmod(np.arange(features), q)
    x = np.arange(channel)
    neuron = x * q + (slope[:, None] * x + offset[:, None]) % q
    output = np.repeat(np.arange(features), channel)
    ones = np.ones(neuron.size)
    return sparse.csr_array((ones, (output, neuron.ravel())), shape=(features, channel * q))


def random_channels(features: int, channel: int, rng: np.random.Generator) -> sparse.csr_array:
    """As many neurons, each in each channel with probability 1/q: s are expected."""
    shape = (features, channel * side(features))
    return sparse.csr_array((rng.random(shape) < channel / shape[1]).astype(float))


def build(features: int, channel: int, seed: int, variant: Variant = "lines") -> AndNetwork:
    """The network for m' ANDs of m' inputs with channels of s neurons; q·s neurons in all.

    The same arguments give the same network, up to rounding.
    """
    rng = np.random.default_rng([seed, features, channel])
    pairs = draw_pairs(features, rng)
    if variant == "lines":
        channels = line_channels(features, channel)
    else:
        channels = random_channels(features, channel, rng)
    neurons = channels.shape[1]
    inputs, outputs = (
        rng.choice([-1.0, 1.0], (features, neurons)) / np.sqrt(neurons) for _ in range(2)
    )
    ones, own = np.ones(2 * features), np.tile(np.arange(features), 2)
    belongs = sparse.csr_array((ones, (pairs.T.ravel(), own)), shape=(features, features))
    wanted = (belongs @ channels).minimum(1.0).tocsr()
    decode = _matched if variant == "naive" else _inverted
    response = decode(inputs, wanted)
    response /= response[wanted.nonzero()].mean()
    readout = (channels.T @ outputs / channel) @ outputs.T
    return AndNetwork(pairs, channel, response, readout)


def _inverted(codes: NDArray, wanted: sparse.csr_array) -> NDArray:
    """Codes times (their pseudo-inverse times what is wanted), through the smaller Gram matrix."""
    if codes.shape[1] >= codes.shape[0]:
        return wanted.toarray()
    gram = cho_factor(codes.T @ codes, lower=True)
    return codes @ cho_solve(gram, wanted.T.dot(codes).T)


def _matched(codes: NDArray, wanted: sparse.csr_array) -> NDArray:
    """Codes times (their transpose times what is wanted)."""
    return codes @ wanted.T.dot(codes).T
