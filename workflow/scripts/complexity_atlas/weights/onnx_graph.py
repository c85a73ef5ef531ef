"""An ONNX model as one flat graph: who produces a tensor, who consumes it, what is constant.

Bodies of control flow (If, Loop, Scan) are part of the same graph. Their names get the prefix
"<node>.<attribute>/", since two bodies may use the same name; the values that a body returns are
inputs of the node that holds it, and the inputs of that node are the inputs of the body.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, numpy_helper
from onnx.external_data_helper import uses_external_data

SHAPE_ONLY = frozenset(
    {
        "Cast",
        "Concat",
        "Flatten",
        "Identity",
        "Reshape",
        "Slice",
        "Split",
        "Squeeze",
        "Transpose",
        "Unsqueeze",
    }
)
"""Operators that move values about, or change their type, and compute nothing."""

BODY_INPUT = "(input of a body)"
"""Stands for an operator between the inputs of a Loop or Scan and those of its body."""


class InvalidGraph(Exception):
    """The graph contradicts itself; the message says where."""


@dataclass(frozen=True, eq=False)
class Node:
    """An operator. `op` is "<domain>.<type>" for one that is not ONNX's own. `inputs` and `outputs`
    are names in the flat graph ("" for an input left out); after the node's own inputs come the
    values that its bodies return."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    proto: NodeProto = field(repr=False)
    in_body: bool

    @property
    def data_inputs(self) -> tuple[str, ...]:
        """Of an operator in SHAPE_ONLY: the inputs whose values it moves."""
        return self.inputs if self.op == "Concat" else self.inputs[:1]


@dataclass(frozen=True, eq=False)
class Constant:
    """A constant from an initialiser or a Constant node; `proto` is the model's own, not a copy,
    where the model holds it as a tensor. `sparse` constants have only the shape in `proto`."""

    name: str
    proto: TensorProto = field(repr=False)
    sparse: bool = False

    @property
    def dtype(self) -> str:
        """Name of the numpy type; "string" for strings."""
        if self.proto.data_type == TensorProto.STRING:
            return "string"
        try:
            return onnx.helper.tensor_dtype_to_np_dtype(self.proto.data_type).name
        except (KeyError, ValueError):
            raise InvalidGraph(
                f"constant {self.name!r} has the unknown type {self.proto.data_type}"
            ) from None

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return tuple(self.proto.dims)

    def array(self) -> np.ndarray:
        """The values; raises InvalidGraph where they do not fit type and shape."""
        if uses_external_data(self.proto):
            raise InvalidGraph(f"the external data of constant {self.name!r} are not loaded")
        if any(size < 0 for size in self.shape):
            raise InvalidGraph(f"constant {self.name!r} has the shape {list(self.shape)}")
        try:
            return numpy_helper.to_array(self.proto)
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidGraph(
                f"the data of constant {self.name!r} do not fit {self.dtype} of shape "
                f"{list(self.shape)} ({error})"
            ) from None


class Graph:
    """The flat graph of a model.

    `nodes` is in topological order; `producers` maps a tensor to the node that makes it,
    `consumers` to every (node, position of the input) that takes it; `sources` maps each constant
    expression (a constant, moved about by SHAPE_ONLY operators or not) to the constants in it.
    """

    def __init__(self, model: ModelProto):
        versions = [o.version for o in model.opset_import if o.domain in _OWN_DOMAINS]
        self.opset = max(versions, default=1)
        self.nodes: list[Node] = []
        self.constants: dict[str, Constant] = {}
        self.producers: dict[str, Node] = {}
        self.consumers: dict[str, list[tuple[Node, int]]] = {}
        self.sources: dict[str, frozenset[str]] = {}
        self._prefixes: set[str] = set()
        self.outputs = frozenset(self._add(model.graph, {}, "", ()))

    def _add(
        self, graph: GraphProto, outer: dict[str, str], prefix: str, given: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Add a graph and return the flat names of its outputs. `given` feeds a body's inputs."""
        scope = dict(outer)
        for proto in graph.initializer:
            self._add_constant(scope, prefix, Constant(prefix + proto.name, proto))
        for sparse in graph.sparse_initializer:
            self._add_constant(scope, prefix, _sparse(prefix + sparse.values.name, sparse))
        inputs = [i.name for i in graph.input if scope.get(i.name) != prefix + i.name]
        scope.update((name, prefix + name) for name in inputs)
        if prefix:
            outputs = tuple(scope[name] for name in inputs)
            self._add_node(Node(BODY_INPUT, prefix, given, outputs, NodeProto(), True))
        for index, proto in enumerate(graph.node):
            op = _operator(proto)
            name = proto.name or f"{op}_{index}"
            self._check_arity(proto, op, name)
            if op == "Constant":
                constant = _from_node(prefix + proto.output[0], proto)
                self._add_constant(scope, prefix, constant)
                continue
            taken = tuple(_resolve(scope, i, name) if i else "" for i in proto.input)
            for label, body in _bodies(proto):
                inner = self._new_prefix(f"{prefix}{name}.{label}")
                taken += self._add(body, scope, inner, taken)
            scope.update((o, prefix + o) for o in proto.output if o)
            made = tuple(prefix + o if o else "" for o in proto.output)
            self._add_node(Node(op, prefix + name, taken, made, proto, bool(prefix)))
        return tuple(_resolve(scope, o.name, "the list of outputs") for o in graph.output)

    def _check_arity(self, proto: NodeProto, op: str, name: str) -> None:
        try:
            schema = onnx.defs.get_schema(op, self.opset, "")
        except onnx.defs.SchemaError:  # not ONNX's own, or newer than the model's operator set
            return
        if len(proto.input) < schema.min_input or len(proto.output) < schema.min_output:
            raise InvalidGraph(f"{name!r} has too few inputs or outputs for {op}")

    def _new_prefix(self, label: str) -> str:
        while label in self._prefixes:  # nodes need not have different names
            label += "'"
        self._prefixes.add(label)
        return f"{label}/"

    def _add_constant(self, scope: dict[str, str], prefix: str, constant: Constant) -> None:
        if constant.name in self.constants or constant.name in self.producers:
            raise InvalidGraph(f"{constant.name!r} is defined twice")
        scope[constant.name.removeprefix(prefix)] = constant.name
        self.constants[constant.name] = constant
        if not constant.sparse:
            self.sources[constant.name] = frozenset({constant.name})

    def _add_node(self, node: Node) -> None:
        self.nodes.append(node)
        for position, name in enumerate(node.inputs):
            if name:
                self.consumers.setdefault(name, []).append((node, position))
        for name in node.outputs:
            if name in self.producers or name in self.constants:
                raise InvalidGraph(f"{name!r} is defined twice")
            if name:
                self.producers[name] = node
        if node.op in SHAPE_ONLY and all(name in self.sources for name in node.data_inputs):
            merged = frozenset().union(*(self.sources[name] for name in node.data_inputs))
            self.sources.update((name, merged) for name in node.outputs if name)

    @cached_property
    def live(self) -> frozenset[Node]:
        """The nodes that an output of the model depends on."""
        wanted = set(self.outputs)
        found = []
        for node in reversed(self.nodes):
            if not wanted.isdisjoint(node.outputs):
                wanted.update(node.inputs)
                found.append(node)
        return frozenset(found)

    def cone(self, name: str) -> list[Node]:
        """The nodes that `name` is computed by, in topological order."""
        wanted = {name}
        found = []
        for node in reversed(self.nodes):
            if not wanted.isdisjoint(node.outputs):
                wanted.update(node.inputs)
                found.append(node)
        return found[::-1]


_OWN_DOMAINS = ("", "ai.onnx")


def _operator(proto: NodeProto) -> str:
    prefix = "" if proto.domain in _OWN_DOMAINS else f"{proto.domain}."
    return prefix + proto.op_type


def _resolve(scope: dict[str, str], name: str, where: str) -> str:
    try:
        return scope[name]
    except KeyError:
        raise InvalidGraph(f"{name!r}, used by {where}, is made by no node before it") from None


def _bodies(node: NodeProto) -> Iterator[tuple[str, GraphProto]]:
    """The graphs that a node of control flow holds, with the names of their attributes."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.name, attribute.g
        for number, graph in enumerate(attribute.graphs):
            yield f"{attribute.name}{number}", graph


def _from_node(name: str, node: NodeProto) -> Constant:
    """The constant that a Constant node holds, in whichever of its attributes."""
    given = {attribute.name: attribute for attribute in node.attribute}
    if "value" in given:
        return Constant(name, given["value"].t)
    if "sparse_value" in given:
        return _sparse(name, given["sparse_value"].sparse_tensor)
    for attribute, kind in _CONSTANT_ATTRIBUTES.items():
        if attribute in given:
            value = onnx.helper.get_attribute_value(given[attribute])
            shape = [len(value)] if attribute.endswith("s") else []
            values = value if shape else [value]
            return Constant(name, onnx.helper.make_tensor(name, kind, shape, values))
    raise InvalidGraph(f"the Constant node of {name!r} holds no value")


_CONSTANT_ATTRIBUTES = {
    "value_float": TensorProto.FLOAT,
    "value_floats": TensorProto.FLOAT,
    "value_int": TensorProto.INT64,
    "value_ints": TensorProto.INT64,
    "value_string": TensorProto.STRING,
    "value_strings": TensorProto.STRING,
}


def _sparse(name: str, sparse: onnx.SparseTensorProto) -> Constant:
    outline = TensorProto(name=name, data_type=sparse.values.data_type, dims=sparse.dims)
    return Constant(name, outline, sparse=True)
