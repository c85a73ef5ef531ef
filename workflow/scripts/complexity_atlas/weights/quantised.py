"""Quantised weights in a state dict: which tensors are codes, and which the scales of codes.

Libraries store quantised weights in tensors of integers and tell their meaning by the names and
shapes of other tensors beside them. What is recognised but not read (MXFP4, exl2, HQQ, …) gets the
reason. An integer is a code only where its neighbours say so, and a number never.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from complexity_atlas.errors import AtlasError
from complexity_atlas.weights.packing import PACKINGS
from complexity_atlas.weights.tensors import StoredTensor, Tensor

REFUSED: tuple[tuple[str, str], ...] = (
    (r"_blocks$", "MXFP4 codes (blocks of 4-bit floats that share an exponent)"),
    (r"\.weight_packed$", "packed codes of compressed-tensors"),
    (r"\.q_weight$", "codes of exl2, of several widths in one tensor"),
    (r"\.W_q$", "packed codes of HQQ"),
    (r"\.(codes|Qidxs)$", "codes of a vector quantisation"),
    (r"\.weight\._data$", "codes of quanto"),
    (r"\.B$", "packed codes of Marlin"),
    (r"\.qweight$", "packed codes in other words than of 32 bits"),
)
"""Rows of (end of a name of integers, what it holds): recognised, and not read."""

SCALES = ("{0}_scale", "{0}_scale_inv", "{0}_zero_point", "{1}.scale_weight", "{1}.SCB")
"""Names of what scales a tensor of 8-bit codes: {0} its name, {1} that of its layer."""

_FLOAT8 = ("float8_e4m3fn", "float8_e5m2")
_MAX_STATE_BYTES = 1 << 16

Stored = Mapping[str, StoredTensor]


def find_codes(stored: Iterable[StoredTensor]) -> list[StoredTensor]:
    """The tensors of a state dict, those that hold codes described by their type and true shape.

    GPTQ, AWQ and bitsandbytes (NF4, FP4, LLM.int8), and 8-bit integers or floats with a scale
    beside them. Codes keep their name; scales, zero points and tables get a reason that names
    the codes, and codes that are not read get the reason why.
    """
    by_name = {item.name: item for item in stored}
    found = dict(by_name)
    for item in by_name.values():
        if not item.reason and item.tensor is not None:
            found.update((new.name, new) for new in _resolved(item, by_name))
    return list(found.values())


def _resolved(item: StoredTensor, by_name: Stored) -> Iterator[StoredTensor]:
    """A tensor of codes and its neighbours as what they are; nothing of any other tensor."""
    if item.dtype in (*_FLOAT8, "int8", "uint8"):
        yield from _eight_bits(item, by_name)
    if item.dtype == "int32" and item.name.endswith(".qweight"):
        yield _linear(item, by_name)
        yield from _rest_of_layer(item, by_name)
    elif "int" in item.dtype:
        for pattern, what in REFUSED:
            if re.search(pattern, item.name):
                yield replace(item, reason=f"{what} are not read")
                yield from _rest_of_layer(item, by_name)


def _eight_bits(item: StoredTensor, by_name: Stored) -> Iterator[StoredTensor]:
    """Codes of bitsandbytes, and any of 8 bits with a scale beside them."""
    inner = [name for name in by_name if name.startswith(f"{item.name}.")]
    state = next((name for name in inner if ".quant_state." in name), None)
    if state is not None:
        yield _four_bits(item, by_name[state])
        yield from _scales(item, inner, by_name)
        return
    layer = item.name.rpartition(".")[0]
    names = [name.format(item.name, layer) for name in SCALES]
    scales = list(_scales(item, names, by_name))
    yield from scales
    if scales and item.dtype == "int8":
        yield _codes(item, "llm_int8" if f"{layer}.SCB" in by_name else "int8_scaled", item.shape)
    elif scales and item.dtype == "uint8":
        yield replace(item, reason="codes in bytes, of unknown width, are not read")


def _four_bits(item: StoredTensor, state: StoredTensor) -> StoredTensor:
    kind = state.name.rpartition("__")[2]
    shape = _shape_of_state(state)
    if kind not in ("nf4", "fp4") or shape is None:
        return replace(item, reason=f"codes of bitsandbytes ({kind}) whose shape is not known")
    return _codes(item, kind, shape)


def _shape_of_state(state: StoredTensor) -> tuple[int, ...] | None:
    """The true shape, out of the JSON object that bitsandbytes keeps in a tensor of bytes."""
    if state.dtype != "uint8" or state.tensor is None or state.tensor.nbytes > _MAX_STATE_BYTES:
        return None
    try:
        shape = json.loads(state.tensor.array().tobytes())["shape"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(shape, list) or not all(type(size) is int and size > 0 for size in shape):
        return None
    return tuple(shape)


def _linear(item: StoredTensor, by_name: Stored) -> StoredTensor:
    """Codes of a layer, packed along its input by GPTQ and along its output by AWQ.

    Scales are (groups, out) and zero points (groups, out * bits / 32) in both.
    """
    layer = item.name.removesuffix("qweight")
    tables = [item, by_name.get(f"{layer}scales"), by_name.get(f"{layer}qzeros")]
    shapes = [table.shape if table else () for table in tables]
    if any(len(shape) != 2 or 0 in shape for shape in shapes):
        return replace(item, reason="packed codes without scales and zero points are not read")
    (rows, columns), (_, out), (_, packed) = shapes
    bits, rest = divmod(32 * packed, out)
    if columns == out:
        dtype, shape = f"gptq_int{bits}", (rows * 32 // (bits or 1), out)
    else:
        dtype, shape = f"awq_int{bits}", (rows, out)
    if rest or dtype not in PACKINGS or columns not in (out, packed):
        known = ", ".join(name for name in PACKINGS if name.startswith(("gptq", "awq")))
        return replace(item, reason=f"packed codes ({dtype}) are not read, only {known}")
    return _codes(item, dtype, shape)


def _codes(item: StoredTensor, dtype: str, shape: tuple[int, ...]) -> StoredTensor:
    """The tensor as codes of `dtype`; with a reason where its bytes do not fit the shape."""
    try:
        tensor = Tensor(item.name, dtype, shape, item.tensor.data)
    except AtlasError:
        n, held = math.prod(shape), item.tensor.nbytes
        return replace(item, reason=f"its {held} bytes do not hold {n} codes of {dtype}")
    return StoredTensor(item.name, dtype, shape, tensor)


def _rest_of_layer(item: StoredTensor, by_name: Stored) -> Iterator[StoredTensor]:
    """All that a layer has beside its codes, but for its bias."""
    layer = item.name.rpartition(".")[0]
    if item.name.endswith("_blocks"):
        names = [item.name.removesuffix("_blocks") + "_scales"]
    else:
        names = [n for n in by_name if n.rpartition(".")[0] == layer and n != item.name]
    yield from _scales(item, (n for n in names if not n.endswith("bias")), by_name)


def _scales(item: StoredTensor, names: Iterable[str], by_name: Stored) -> Iterator[StoredTensor]:
    for name in names:
        if name in by_name:
            yield replace(by_name[name], reason=f"scales of {item.name}")
