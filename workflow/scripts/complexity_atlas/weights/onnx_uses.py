"""What an ONNX graph uses its constants for: which are weights, how deep they lie, and the rest."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import onnx

from complexity_atlas.weights.entries import dtype_reason
from complexity_atlas.weights.onnx_graph import BODY_INPUT, SHAPE_ONLY, Constant, Graph, Node
from complexity_atlas.weights.roles import role_of

WEIGHT_INPUTS = {
    "Conv": (1,),
    "ConvTranspose": (1,),
    "Gemm": (0, 1),
    "MatMul": (0, 1),
    "LSTM": (1, 2),
    "GRU": (1, 2),
}
"""Positions of the weights among an operator's inputs. Those of a matrix product may stand on
either side: the constant one is the weight."""

BIAS_INPUTS = {"Conv": 2, "ConvTranspose": 2, "Gemm": 2, "LSTM": 3, "GRU": 3}

ELEMENTWISE = frozenset({"Add", "Clip", "Div", "Max", "Min", "Mul", "Pow", "Sub"})

_QUANTISED = re.compile(r"Q(Linear|Gemm|Attention)|[Qq]uantize|Integer|NBits|Bnb4")


@dataclass(frozen=True)
class Use:
    """An operator that takes a constant, at which of its inputs, and whether as its weight."""

    node: Node
    position: int
    is_weight: bool

    def slot(self, opset: int) -> str:
        """The input, by the name that the operator's definition gives it."""
        node = self.node
        if self.position >= len(node.proto.input):
            return f"result of a body of {node.op}"
        try:
            inputs = onnx.defs.get_schema(node.op, opset, "").inputs
        except onnx.defs.SchemaError:
            return f"input {self.position} of {node.op}"
        return f"{inputs[min(self.position, len(inputs) - 1)].name} of {node.op}"


class Uses:
    """Every constant of a graph with its use.

    `of[name]` is None for a constant that no output is computed from. A constant that is a weight
    of several operators, or a weight and something else, has its first use as a weight.
    """

    def __init__(self, graph: Graph):
        self.graph = graph
        self.bearing: set[Node] = set()
        self.of: dict[str, Use | None] = {}
        for node in graph.nodes:
            for position, name in _weights(graph, node) if node in graph.live else ():
                self.bearing.add(node)
                self.of.setdefault(name, Use(node, position, is_weight=True))
        for name in graph.constants:
            if name not in self.of:
                self.of[name] = _first_use(graph, name)

    def depths(self) -> dict[str, int | None]:
        """Weight-bearing operators on the longest path to each constant's use, that one left out.

        So parallel branches have the same depth, and the depth does not depend on the order in
        which an exporter wrote the nodes. None for a constant that is not used.
        """
        depth: dict[Node, int] = {}
        for node in self.graph.nodes:
            before = {self.graph.producers.get(name) for name in node.inputs} - {None}
            depth[node] = max((depth[n] + (n in self.bearing) for n in before), default=0)
        return {name: depth[use.node] if use else None for name, use in self.of.items()}

    def order(self) -> list[str]:
        """Names of the constants in the order in which operators take them, unused ones last."""
        number = {node: index for index, node in enumerate(self.graph.nodes)}

        def place(name: str) -> tuple[int, int]:
            use = self.of[name]
            return (number[use.node], use.position) if use else (len(number), 0)

        return sorted(self.of, key=place)

    def reason(self, constant: Constant) -> str:
        """Why a constant is not counted; empty for a weight."""
        use = self.of[constant.name]
        if constant.sparse:
            return "sparse tensor is not supported"
        type_reason = dtype_reason(constant.dtype, constant.shape)
        if use is None:
            return type_reason or "used by no operator that an output depends on"
        if use.is_weight:
            return ""
        kind = type_reason or _kind(constant, use)
        if _QUANTISED.search(use.node.op):
            kind = "part of a quantised operator, which is not supported"
        return f"{kind}: {use.slot(self.graph.opset)}"

    def role(self, constant: Constant) -> str:
        """Role of a constant: from its operator, its name, or its operator's name, in this order.

        A matrix product that none of these tells, and that no weight-bearing operator follows, is
        the head.
        """
        use = self.of[constant.name]
        if use is None:
            return role_of(constant.name, constant.shape)
        if not use.is_weight:
            return _parameter_role(constant, use)
        for name in (constant.name, use.node.name):
            role = role_of(name, (), use.node.op)
            if role not in ("other", "bias", "norm"):
                return role
        return "head" if use.node in self._last else "other"

    @cached_property
    def _last(self) -> set[Node]:
        """The weight-bearing operators that no other one follows."""
        followed: set[str] = set()
        last = set()
        for node in reversed(self.graph.nodes):
            leads_on = not followed.isdisjoint(node.outputs)
            if node in self.bearing and not leads_on:
                last.add(node)
            if node in self.bearing or leads_on:
                followed.update(node.inputs)
        return last


def _weights(graph: Graph, node: Node) -> Iterator[tuple[int, str]]:
    """(position, name) of every constant that reaches a weight input of `node`."""
    for position in WEIGHT_INPUTS.get(node.op, ()):
        taken = node.inputs[position] if position < len(node.inputs) else ""
        for name in sorted(graph.sources.get(taken, ())):
            constant = graph.constants[name]
            if not dtype_reason(constant.dtype, constant.shape):
                yield position, name


def _first_use(graph: Graph, name: str) -> Use | None:
    """The first operator that computes with a constant, however it is moved about before."""
    moved = [name]
    for tensor in moved:
        for node, position in graph.consumers.get(tensor, ()):
            if node not in graph.live or node.op == BODY_INPUT:
                continue
            if node.op in SHAPE_ONLY and tensor in node.data_inputs:
                moved += [output for output in node.outputs if output not in moved]
            else:
                return Use(node, position, is_weight=False)
    return None


def _kind(constant: Constant, use: Use) -> str:
    op = use.node.op
    if "Normalization" in op:
        return "batch-norm parameter" if op == "BatchNormalization" else "norm parameter"
    if BIAS_INPUTS.get(op) == use.position:
        return "bias"
    if op in ELEMENTWISE and max(constant.shape, default=1) == 1:
        return "scalar"
    if op == "Gather":
        return "table"
    return "operand"


def _parameter_role(constant: Constant, use: Use) -> str:
    op = use.node.op
    if "Normalization" in op:
        return "norm"
    if op == "Gather" and use.position == 0:
        return "embedding"
    is_vector = sum(size > 1 for size in constant.shape) == 1
    if BIAS_INPUTS.get(op) == use.position or (op == "Add" and is_vector):
        return "bias"
    return "other"
