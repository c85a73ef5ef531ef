"""Runs ONNX models for tests: onnx's reference evaluator without its known errors."""

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

torch = pytest.importorskip("torch")


class BatchNormalization(OpRun):
    """At inference. The evaluator's own, of version 9, mixes in the statistics of its input."""

    op_domain = ""

    def _run(self, x, scale, offset, mean, variance, epsilon=None, **_):
        shape = (-1, *[1] * (x.ndim - 2))
        scale, offset, mean, variance = (
            a.astype("f8").reshape(shape) for a in (scale, offset, mean, variance)
        )
        return (((x - mean) / np.sqrt(variance + epsilon) * scale + offset).astype(x.dtype),)


class ConvTranspose(OpRun):
    """From torch. The evaluator's own fails for groups."""

    op_domain = ""

    def _run(self, x, w, bias=None, group=None, strides=None, pads=None, **_):
        axes = x.ndim - 2
        function = getattr(torch.nn.functional, f"conv_transpose{axes}d")
        tensors = [None if a is None else torch.tensor(a) for a in (x, w, bias)]
        padding = tuple((pads or [0] * 2 * axes)[:axes])
        found = function(
            *tensors, stride=tuple(strides or [1] * axes), padding=padding, groups=group
        )
        return (found.numpy(),)


def run(proto: onnx.ModelProto, shape, seed: int = 1) -> list[np.ndarray]:
    """Outputs for a random normal input of `shape`."""
    x = np.random.default_rng(seed).normal(size=shape).astype("f4")
    evaluator = ReferenceEvaluator(proto, new_ops=[BatchNormalization, ConvTranspose])
    return evaluator.run(None, {proto.graph.input[0].name: x})
