"""Batch normalisation folded into the weights before it.

At inference y = γ (W x + b - μ) / sqrt(σ² + ε) + β is linear, so W' = s W with s = γ / sqrt(σ² + ε)
per output channel is the same network with other weights (Jacob et al. 2018, arXiv 1712.05877,
section 3.2). Some exporters fold and some do not; measures of the weights differ widely between
the two forms, so a comparison across networks needs one of them for all.
"""

from functools import cached_property

import numpy as np
from onnx import AttributeProto, ModelProto, helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

from complexity_atlas.weights.entries import dtype_reason
from complexity_atlas.weights.onnx_graph import SHAPE_ONLY, Constant, Graph, InvalidGraph, Node

_LINEAR = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
_EPSILON = float(np.float32(1e-5))  # the default of the operator, whose attributes are float32


def fold(model: ModelProto) -> tuple[ModelProto, list[str]]:
    """Fold every BatchNormalization that follows a linear operator with constant weights.

    Between the two may stand additions of a constant, Squeeze, Unsqueeze and Identity. The
    constant that holds the weights keeps its name and gets new values, computed in float64 and
    rounded to its type; constants added on the way are scaled too, and the BatchNormalization
    becomes the addition of β - s μ. The model that is passed in is not changed; constants that
    nothing uses any more stay in the folded one.

    A normalisation is kept if the result would not be the same network: in training mode, where an
    intermediate tensor is used elsewhere or is an output, where the weights are shared, and inside
    bodies of control flow.

    Returns
    -------
    The folded model, and one note per BatchNormalization that was kept, with the reason.
    """
    folded = ModelProto()
    folded.CopyFrom(model)
    graph = Graph(folded)
    folder = _Folder(folded, graph)
    notes = []
    for node in graph.nodes:
        if node.op == "BatchNormalization":
            try:
                folder.fold(node)
            except _NotFoldable as why:
                notes.append(f"BatchNormalization {node.name!r} is not folded: {why}")
    return folded, notes


class _NotFoldable(Exception):
    """This normalisation stays as it is; the message says why."""


class _Folder:
    """Changes `model` in place. `graph` describes it as it was: the paths from a linear operator
    to its normalisation have no node in common, so that one folding does not concern another."""

    def __init__(self, model: ModelProto, graph: Graph):
        self.model = model
        self.graph = graph
        self.names = {*graph.constants, *graph.producers, *(i.name for i in model.graph.input)}

    def fold(self, norm: Node) -> None:
        """Fold one normalisation, or raise _NotFoldable with the model unchanged."""
        self._check_inference(norm)
        scale, offset = self._scale_and_offset(norm)
        linear, *steps = self._path(norm)
        weight, side = self._weight(linear)
        stored = weight.array()
        rank, axis = self._channel_axis(linear, side, stored)
        additions = self._bias(linear)
        scaled = [_product(array, scale) for _, _, array in additions]
        for node in steps:
            if node.op == "Add":
                addition = self._addition(node, rank)
                additions.append(addition)
                scaled.append(_product(addition[2], _along(axis, rank, scale)))
            else:
                rank, axis = self._moved(node, rank, axis)
        if axis != 1:
            raise _NotFoldable("the axis that it normalises is not that of the output channels")
        weights = _rounded(_scaled_weights(linear, side, stored, scale), stored.dtype)
        scaled = [_rounded(array, stored.dtype) for array in scaled]
        offset = _rounded(_along(1, rank, offset)[0], stored.dtype)

        weight.proto.CopyFrom(numpy_helper.from_array(weights, weight.proto.name))
        for (node, position, _), array in zip(additions, scaled, strict=True):
            node.proto.input[position] = self._new_constant(f"{node.outputs[0]}.scaled", array)
        shift = self._new_constant(f"{norm.outputs[0]}.offset", offset)
        added = helper.make_node("Add", [norm.inputs[0], shift], [norm.outputs[0]], norm.proto.name)
        norm.proto.CopyFrom(added)

    def _check_inference(self, norm: Node) -> None:
        if norm.in_body:
            raise _NotFoldable("it is in the body of an If, a Loop or a Scan")
        if self.graph.opset < 7:
            raise _NotFoldable(f"its operator set {self.graph.opset} is older than 7")
        if _integer(norm, "training_mode", 0) or any(norm.outputs[1:]):
            raise _NotFoldable("it is in training mode")
        if not _integer(norm, "spatial", 1):
            raise _NotFoldable("it normalises every position by itself")

    def _scale_and_offset(self, norm: Node) -> tuple[np.ndarray, np.ndarray]:
        """s = γ / sqrt(σ² + ε) and β - s μ, float64, one value per channel."""
        values = [self._value(name) for name in norm.inputs[1:5]]
        if len(values) < 4 or any(value is None for value in values):
            raise _NotFoldable("its parameters are not constant")
        if {value.shape for value in values} != {(values[0].size,)}:
            raise _NotFoldable("its parameters do not have one value per channel each")
        gamma, beta, mean, variance = (value.astype(np.float64) for value in values)
        spread = variance + _attribute(norm, "epsilon", AttributeProto.FLOAT, _EPSILON)
        if not (spread > 0).all():
            raise _NotFoldable("a variance is negative, or zero with ε = 0")
        scale = gamma / np.sqrt(spread)
        return scale, beta - scale * mean

    def _path(self, norm: Node) -> list[Node]:
        """The linear operator before `norm`, and the nodes between the two in order."""
        path: list[Node] = []
        name = norm.inputs[0]
        while True:
            if name in self.graph.outputs:
                raise _NotFoldable(f"{name!r} is an output of the network")
            if len(self.graph.consumers[name]) > 1:
                raise _NotFoldable(f"{name!r} is used elsewhere too")
            if name not in self.graph.producers:
                raise _NotFoldable("no operator precedes it")
            node = self.graph.producers[name]
            path.insert(0, node)
            if node.op in _LINEAR:
                return path
            if node.op == "Add":
                computed = [i for i in node.inputs if i not in self.graph.sources]
                if len(computed) != 1:
                    raise _NotFoldable("it follows the sum of two computed tensors")
                name = computed[0]
            elif node.op in ("Squeeze", "Unsqueeze", "Identity"):
                name = node.inputs[0]
            else:
                raise _NotFoldable(f"it follows {node.op}")

    def _weight(self, linear: Node) -> tuple[Constant, int]:
        """The constant that holds the weights of `linear` alone, and the input that it is."""
        sides = (1, 0) if linear.op in ("Gemm", "MatMul") else (1,)
        side = next((i for i in sides if linear.inputs[i] in self.graph.sources), None)
        if side is None:
            raise _NotFoldable(f"the weights of {linear.name!r} are not constant")
        name = linear.inputs[side]
        while True:
            if len(self.graph.consumers[name]) > 1 or name in self.graph.outputs:
                raise _NotFoldable(f"the weights {name!r} are used elsewhere too")
            if constant := self.graph.constants.get(name):
                if reason := dtype_reason(constant.dtype, constant.shape):
                    raise _NotFoldable(f"the weights {name!r}: {reason}")
                return constant, side
            node = self.graph.producers[name]
            if node.op != "Identity":
                raise _NotFoldable(f"the weights of {linear.name!r} pass through {node.op}")
            name = node.inputs[0]

    def _channel_axis(self, linear: Node, side: int, weights: np.ndarray) -> tuple[int, int]:
        """Rank of the output of `linear`, and the axis of its output channels."""
        is_convolution = linear.op in ("Conv", "ConvTranspose")
        if weights.ndim < 3 if is_convolution else weights.ndim != 2:
            raise _NotFoldable(f"the weights of {linear.name!r} have {weights.ndim} axes")
        if is_convolution:
            return weights.ndim, 1
        if linear.op == "Gemm":
            if side == 0:
                raise _NotFoldable("the weights are the left factor of Gemm")
            return 2, 1
        rank = self._ranks.get(linear.outputs[0])
        if rank is None:
            raise _NotFoldable(f"the number of axes of {linear.outputs[0]!r} is not known")
        return rank, rank - 1 if side == 1 else rank - 2

    @cached_property
    def _ranks(self) -> dict[str, int]:
        try:
            inferred = shape_inference.infer_shapes(self.model).graph
        except Exception:  # whatever the library's C++ code throws: then no rank is known
            return {}
        return {
            value.name: len(value.type.tensor_type.shape.dim)
            for value in (*inferred.value_info, *inferred.output)
            if value.type.tensor_type.HasField("shape")
        }

    def _bias(self, linear: Node) -> list[tuple[Node, int, np.ndarray]]:
        """The bias of `linear` as (node, input, float64 values), or nothing."""
        if linear.op == "MatMul" or len(linear.inputs) < 3 or not linear.inputs[2]:
            return []
        value = self._value(linear.inputs[2])
        if value is None:
            raise _NotFoldable(f"the bias of {linear.name!r} is not constant")
        return [(linear, 2, value.astype(np.float64))]

    def _addition(self, node: Node, rank: int) -> tuple[Node, int, np.ndarray]:
        """The constant that `node` adds, as (node, input, float64 values)."""
        position = 0 if node.inputs[0] in self.graph.sources else 1
        value = self._value(node.inputs[position])
        if value is None or value.ndim > rank:
            raise _NotFoldable(f"what {node.name!r} adds is not a constant of at most {rank} axes")
        return node, position, value.astype(np.float64)

    def _moved(self, node: Node, rank: int, axis: int) -> tuple[int, int]:
        """Rank and channel axis after a Squeeze, Unsqueeze or Identity."""
        if node.op == "Identity":
            return rank, axis
        axes = _attribute(node, "axes", AttributeProto.INTS, None)
        if axes is None and len(node.inputs) > 1:
            axes = self._value(node.inputs[1])
        if axes is None:
            raise _NotFoldable(f"the axes of {node.name!r} are not constant")
        axes = {int(i) for i in np.ravel(axes)}
        if node.op == "Unsqueeze":
            rank += len(axes)
            axes = {i % rank for i in axes}
            return rank, [i for i in range(rank) if i not in axes][axis]
        axes = {i % rank for i in axes}
        if axis in axes:
            raise _NotFoldable(f"{node.name!r} removes the axis of the channels")
        return rank - len(axes), axis - sum(i < axis for i in axes)

    def _value(self, name: str) -> np.ndarray | None:
        """Values of a constant expression of numbers; None for anything else."""
        if name in self.graph.constants:
            value = self.graph.constants[name].array()
        elif name in self.graph.sources:
            value = self._computed(name)
        else:
            value = None
        return None if value is None or value.dtype == object else value

    def _computed(self, name: str) -> np.ndarray | None:
        """Value of a constant that operators move about; None where these take computed inputs."""
        cone = self.graph.cone(name)
        taken = {i for node in cone for i in node.inputs if i and i not in self.graph.producers}
        known = all(node.op in SHAPE_ONLY and not node.in_body for node in cone)
        if not known or not taken <= self.graph.constants.keys():
            return None
        constants = [
            numpy_helper.from_array(self.graph.constants[i].array(), i) for i in sorted(taken)
        ]
        output = helper.make_tensor_value_info(name, 0, None)
        nodes = [node.proto for node in cone]
        body = helper.make_graph(nodes, "constant", [], [output], constants)
        model = helper.make_model(body, opset_imports=self.model.opset_import)
        try:
            return ReferenceEvaluator(model).run(None, {})[0]
        except Exception as error:  # whatever numpy raises for shapes that do not fit
            raise InvalidGraph(f"{name!r} cannot be computed from its constants: {error}") from None

    def _new_constant(self, name: str, array: np.ndarray) -> str:
        while name in self.names:
            name += "'"
        self.names.add(name)
        tensor = numpy_helper.from_array(array, name)
        self.model.graph.node.insert(0, helper.make_node("Constant", [], [name], value=tensor))
        return name


def _scaled_weights(linear: Node, side: int, stored: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Weights times the scale of their output channel, in float64 and in their own layout."""
    weights = stored.astype(np.float64)
    if linear.op == "ConvTranspose":
        # [in, out/groups, ...]: the inputs of one group after those of another.
        groups = _integer(linear, "group", 1)
        fits = groups > 0 and weights.shape[0] % groups == 0
        if not fits or groups * weights.shape[1] != scale.size:
            raise _NotFoldable("its channels are not those of the weights")
        grouped = weights.reshape(groups, -1, *weights.shape[1:])
        per_group = scale.reshape(groups, 1, -1, *[1] * (weights.ndim - 2))
        return (grouped * per_group).reshape(weights.shape)
    if linear.op == "MatMul":
        axis = side
    else:
        axis = 1 if linear.op == "Gemm" and not _integer(linear, "transB", 0) else 0
    if weights.shape[axis] != scale.size:
        raise _NotFoldable("its channels are not those of the weights")
    return weights * _along(axis, weights.ndim, scale)


def _product(array: np.ndarray, scale: np.ndarray) -> np.ndarray:
    try:
        return array * scale
    except ValueError:
        raise _NotFoldable("a bias does not fit its channels") from None


def _along(axis: int, rank: int, values: np.ndarray) -> np.ndarray:
    """A vector shaped to broadcast along one axis of an array of `rank` axes."""
    return values.reshape([-1 if i == axis else 1 for i in range(rank)])


def _rounded(exact: np.ndarray, dtype: np.dtype) -> np.ndarray:
    with np.errstate(over="ignore"):
        rounded = exact.astype(dtype)
    if (np.isfinite(rounded) != np.isfinite(exact)).any():
        raise _NotFoldable(f"the result is beyond the range of {dtype}")
    return rounded


def _attribute(node: Node, name: str, kind: int, default: object) -> object:
    for attribute in node.proto.attribute:
        if attribute.name == name:
            if attribute.type != kind:
                raise InvalidGraph(f"the attribute {name!r} of {node.name!r} has the wrong type")
            return helper.get_attribute_value(attribute)
    return default


def _integer(node: Node, name: str, default: int) -> int:
    return _attribute(node, name, AttributeProto.INT, default)
