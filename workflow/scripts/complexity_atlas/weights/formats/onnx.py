"""ONNX: weights are the constants that reach the weight input of an operator.

An ONNX file does not say which of its constants are weights, so the graph is asked: those that
reach the weight input of a convolution, matrix product or recurrent layer, directly or through
operators that only move values about. Each stored constant counts once, whole, however many
operators use it or a part of it. Everything else is in the ledger with the reason why not.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnx.inliner
from google.protobuf.message import DecodeError, Message
from onnx import ModelProto, TensorProto
from onnx.external_data_helper import ExternalDataInfo, uses_external_data

from complexity_atlas.weights.entries import Entry, Weights, dtype_reason
from complexity_atlas.weights.folding import fold
from complexity_atlas.weights.formats.shards import damaged, sibling
from complexity_atlas.weights.onnx_graph import Constant, Graph, InvalidGraph
from complexity_atlas.weights.onnx_uses import Uses
from complexity_atlas.weights.roles import layers_of
from complexity_atlas.weights.tensors import FileSegment, Tensor


def read(paths: Sequence[Path]) -> Weights:
    """Open one ONNX model, both as it is stored and with batch normalisation folded.

    Constants inside the file are held in memory (protobuf allows 2 GB); external data are read
    later, block by block, unless there is a batch normalisation to fold.
    """
    if len(paths) > 1:
        raise damaged(paths[1], f"is a second ONNX model beside {paths[0].name}", "give one")
    path = paths[0]
    model = _load(path)
    external = _ExternalData(path)
    try:
        graph = Graph(model)
        notes: list[str] = []
        folded: dict[str, Constant] = {}
        if any(node.op == "BatchNormalization" for node in graph.nodes):
            external.load(graph)
            folded_model, notes = fold(model)
            folded = Graph(folded_model).constants
        entries = _entries(graph, folded, external)
    except InvalidGraph as error:
        raise damaged(path, str(error)) from None
    return Weights("onnx", entries, notes, [path, *external.files])


def _load(path: Path) -> ModelProto:
    try:
        model = onnx.load(path, load_external_data=False)
    except DecodeError as error:
        raise damaged(path, f"is not an ONNX model ({error})") from None
    if not model.graph.node:
        raise damaged(path, "holds no graph, so it is not an ONNX model")
    if not _is_text(model):
        raise damaged(path, "has names that are not text")
    if not model.functions:
        return model
    try:
        return onnx.inliner.inline_local_functions(model)
    except Exception as error:  # whatever the library's C++ code throws for invalid functions
        raise damaged(path, f"has functions that cannot be put in their place ({error})") from None


def _is_text(message: Message) -> bool:
    """Whether every string is one: protobuf hands out invalid UTF-8 as bytes."""
    for field, value in message.ListFields():
        values = [value] if isinstance(value, str | bytes | Message) else value
        if field.type == field.TYPE_STRING and not all(isinstance(v, str) for v in values):
            return False
        if field.type == field.TYPE_MESSAGE and not all(map(_is_text, values)):
            return False
    return True


def _entries(graph: Graph, folded: dict[str, Constant], external: "_ExternalData") -> list[Entry]:
    uses = Uses(graph)
    depths, layers = uses.depths(), _layers(uses)
    entries = []
    for name in uses.order():
        constant = graph.constants[name]
        readable = not constant.sparse and not dtype_reason(constant.dtype, constant.shape)
        entry = Entry(
            name=name,
            view="both",
            layer=layers[name],
            depth=depths[name],
            role=uses.role(constant),
            dtype=constant.dtype,
            shape=constant.shape,
            tensor=external.tensor(constant) if readable else None,
            reason=uses.reason(constant),
        )
        entries += [entry] if entry.reason else _views(entry, folded)
    return entries


def _views(entry: Entry, folded: dict[str, Constant]) -> list[Entry]:
    """One entry, or two where folding batch normalisation changes the values."""
    if entry.name not in folded:
        return [entry]
    values = folded[entry.name].array()
    if values.tobytes() == entry.tensor.array().tobytes():
        return [entry]
    after = replace(entry, view="folded", tensor=Tensor.of(entry.name, values))
    return [replace(entry, view="stored"), after]


def _layers(uses: Uses) -> dict[str, int | None]:
    """Layers by the names of the constants or by those of their operators, whichever tell more.

    Exporters often drop names. Where none has a block number, a layer is what lies at one depth.
    """
    by_constant = layers_of(uses.of)
    operators = {name: use.node.name if use else name for name, use in uses.of.items()}
    of_operator = layers_of(operators.values())
    by_operator = {name: of_operator[operator] for name, operator in operators.items()}
    layers = max((by_constant, by_operator), key=_known)
    return layers if _known(layers) else uses.depths()


def _known(layers: dict[str, int | None]) -> int:
    return sum(layer is not None for layer in layers.values())


class _ExternalData:
    """Tensors of a model that lie in other files of its folder."""

    def __init__(self, model_path: Path):
        self.model_path = model_path
        self.files: list[Path] = []

    def tensor(self, constant: Constant) -> Tensor:
        """The constant as a tensor, left in its file where it is external."""
        if not uses_external_data(constant.proto):
            return Tensor.of(constant.name, constant.array())
        segment = self._segment(constant)
        return Tensor(constant.name, constant.dtype, constant.shape, segment)

    def load(self, graph: Graph) -> None:
        """Put the data of every external constant of `graph` into its model."""
        for constant in graph.constants.values():
            if uses_external_data(constant.proto):
                segment = self._segment(constant)
                with open(segment.path, "rb") as file:
                    file.seek(segment.offset)
                    constant.proto.raw_data = file.read(segment.nbytes)
                constant.proto.ClearField("external_data")
                constant.proto.data_location = TensorProto.DEFAULT

    def _segment(self, constant: Constant) -> FileSegment:
        where = f"the external data of constant {constant.name!r}"
        try:
            info = ExternalDataInfo(constant.proto)
        except ValueError as error:
            raise InvalidGraph(f"{where} have no valid place ({error})") from None
        path = sibling(self.model_path.parent, info.location, self.model_path)
        if not path.is_file():
            raise InvalidGraph(f"{where} should be in {path}, which is not there")
        if path not in self.files:
            self.files.append(path)
        expected = math.prod(constant.shape) * np.dtype(constant.dtype).itemsize
        offset = info.offset or 0
        nbytes = expected if info.length is None else info.length
        size = path.stat().st_size
        if nbytes != expected or offset + nbytes > size:
            raise InvalidGraph(
                f"{where} should be {expected} bytes of {path}, but {nbytes} bytes from byte "
                f"{offset} on are named, and the file has {size}"
            )
        return FileSegment(path, offset, nbytes)
