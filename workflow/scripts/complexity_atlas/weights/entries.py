"""The ledger of a model's tensors: which of them count as weights, and why the others do not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from complexity_atlas.weights.files import File
from complexity_atlas.weights.fused import Fused
from complexity_atlas.weights.packing import PACKINGS
from complexity_atlas.weights.quantised import find_codes
from complexity_atlas.weights.roles import layers_of, role_of
from complexity_atlas.weights.tensors import StoredTensor, Tensor

View = Literal["stored", "folded", "both"]

COUNTED_DTYPES = frozenset(
    {"float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"}
)


@dataclass(frozen=True)
class Entry:
    """One tensor of a model.

    A tensor that folding batch normalisation changes has two entries of the same name, one for the
    view "stored" and one for "folded"; every other tensor has one entry with the view "both".
    `layer` is the rank of its block among the network's blocks; None outside of them, and the depth
    in a graph whose names carry no block numbers. `depth` is the number of weight-bearing operators
    on the longest path that leads to its consumer (None where the format holds no graph). `reason`
    is empty for a tensor that counts as a weight; `tensor` is None where its type or size rule that
    out. `fused` tells which matrices lie in it, where the model's config.json said so.
    """

    name: str
    view: View
    layer: int | None
    depth: int | None
    role: str
    dtype: str
    shape: tuple[int, ...]
    tensor: Tensor | None
    reason: str = ""
    fused: Fused | None = None


@dataclass(frozen=True)
class Weights:
    """Every tensor of a model, counted or not, with notes that belong in the model's record."""

    format: str
    entries: list[Entry]
    notes: list[str]
    files: list[File]

    @property
    def bytes(self) -> int:
        """Size of all files that were opened, in bytes."""
        return sum(file.size for file in self.files)

    def counted(self, view: Literal["stored", "folded"]) -> list[Entry]:
        """Entries that count as weights in one view."""
        return [e for e in self.entries if not e.reason and e.view in (view, "both")]


def dtype_reason(dtype: str, shape: tuple[int, ...]) -> str:
    """Why a tensor of this type and shape cannot count as weights; empty where it can."""
    if 0 in shape:
        return "no elements"
    if dtype in COUNTED_DTYPES or dtype in PACKINGS:
        return ""
    if "int" in dtype or dtype == "bool":
        return f"integer tensor ({dtype})"
    return f"{dtype} is not supported"


def state_dict_entries(stored: Sequence[StoredTensor]) -> list[Entry]:
    """Ledger of a state dict, which has names and shapes but no graph.

    Weights are floating-point tensors, and codes of quantised weights (see `quantised`), with at
    least two axes, that are not the parameters of a normalisation, biases or running statistics;
    `roles` tells these from the name.
    """
    stored = find_codes(stored)
    layers = layers_of(item.name for item in stored)
    entries = []
    for item in stored:
        role = role_of(item.name, item.shape)
        reason = (
            item.reason or dtype_reason(item.dtype, item.shape) or _role_reason(role, item.shape)
        )
        entries.append(
            Entry(
                name=item.name,
                view="both",
                layer=layers[item.name],
                depth=None,
                role=role,
                dtype=item.dtype,
                shape=item.shape,
                tensor=None if dtype_reason(item.dtype, item.shape) else item.tensor,
                reason=reason,
            )
        )
    return entries


def _role_reason(role: str, shape: tuple[int, ...]) -> str:
    if role == "norm":
        return "parameter or statistic of a normalisation"
    if role == "bias":
        return "bias"
    if len(shape) < 2:
        return "fewer than two axes"
    return ""
