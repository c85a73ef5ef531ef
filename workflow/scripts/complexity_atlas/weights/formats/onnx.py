"""ONNX: weights are the constants that reach the weight input of an operator.

An ONNX file does not say which of its constants are weights, so the graph is asked: those that
reach the weight input of a convolution, matrix product or recurrent layer, directly or through
operators that only move values about. Each stored constant counts once, whole, however many
operators use it or a part of it. Everything else is in the ledger with the reason why not.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import onnx
import onnx.inliner
from google.protobuf.message import DecodeError, Message
from onnx import ModelProto, TensorProto
from onnx.external_data_helper import ExternalDataInfo, uses_external_data

from complexity_atlas.weights.entries import Entry, Weights, dtype_reason
from complexity_atlas.weights.files import File
from complexity_atlas.weights.folding import fold
from complexity_atlas.weights.formats.shards import damaged, sibling
from complexity_atlas.weights.onnx_graph import Constant, Graph, InvalidGraph
from complexity_atlas.weights.onnx_uses import Uses
from complexity_atlas.weights.roles import layers_of
from complexity_atlas.weights.tensors import Segment, Tensor


def read(files: Sequence[File]) -> Weights:
    """Open one ONNX model, both as it is stored and with batch normalisation folded.

    Constants inside the file are held in memory (protobuf allows 2 GB); external data are read
    later, block by block, unless there is a batch normalisation to fold.
    """
    if len(files) > 1:
        raise damaged(files[1], f"is a second ONNX model beside {files[0].name}", "give one")
    file = files[0]
    model = _load(file)
    external = _ExternalData(file)
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
        raise damaged(file, str(error)) from None
    return Weights("onnx", entries, notes, [file, *external.files])


def _load(file: File) -> ModelProto:
    try:
        model = onnx.load(file.local(), load_external_data=False)
    except DecodeError as error:
        raise damaged(file, f"is not an ONNX model ({error})") from None
    if not model.graph.node:
        raise damaged(file, "holds no graph, so it is not an ONNX model")
    if not _is_text(model):
        raise damaged(file, "has names that are not text")
    if not model.functions:
        return model
    try:
        return onnx.inliner.inline_local_functions(model)
    except Exception as error:  # whatever the library's C++ code throws for invalid functions
        raise damaged(file, f"has functions that cannot be put in their place ({error})") from None


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

    def __init__(self, model: File):
        self.model = model
        self.files: list[File] = []

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
                values = bytearray(segment.nbytes)
                for _ in segment.blocks(0, segment.nbytes, memoryview(values)):
                    pass
                constant.proto.raw_data = bytes(values)
                constant.proto.ClearField("external_data")
                constant.proto.data_location = TensorProto.DEFAULT

    def _segment(self, constant: Constant) -> Segment:
        where = f"the external data of constant {constant.name!r}"
        try:
            info = ExternalDataInfo(constant.proto)
        except ValueError as error:
            raise InvalidGraph(f"{where} have no valid place ({error})") from None
        file = sibling(self.model, info.location)
        if file is None:
            place = self.model.folder + info.location
            raise InvalidGraph(f"{where} should be in {place}, which is not there")
        if file not in self.files:
            self.files.append(file)
        expected = math.prod(constant.shape) * np.dtype(constant.dtype).itemsize
        offset = info.offset or 0
        nbytes = expected if info.length is None else info.length
        if nbytes != expected or offset + nbytes > file.size:
            raise InvalidGraph(
                f"{where} should be {expected} bytes of {file}, but {nbytes} bytes from byte "
                f"{offset} on are named, and the file has {file.size}"
            )
        return file.segment(offset, nbytes)
