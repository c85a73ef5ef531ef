import numpy as np
import onnx
import pytest
from damaged import opened
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx_evaluator import run

from complexity_atlas.weights import open_weights
from complexity_atlas.weights.folding import fold


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def model(nodes, constants, shape, outputs=("y",), opset=17) -> onnx.ModelProto:
    kind = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info(name, kind, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("f4")


def parameters(channels: int, seed: int = 0) -> dict[str, np.ndarray]:
    """The four constants of a BatchNormalization, some of them far from 0 and 1."""
    rng = np.random.default_rng(seed)
    return {
        "gamma": rng.normal(1, 2, channels).astype("f4"),
        "beta": rng.normal(0, 2, channels).astype("f4"),
        "mean": rng.normal(0, 2, channels).astype("f4"),
        "var": np.exp(rng.normal(-2, 2, channels)).astype("f4"),
    }


def norm(source: str, target: str = "y", **attributes) -> onnx.NodeProto:
    return node("BatchNormalization", f"{source} gamma beta mean var", target, **attributes)


def weights_of(proto: onnx.ModelProto) -> np.ndarray:
    constants = {i.name: numpy_helper.to_array(i) for i in proto.graph.initializer}
    return constants["w"]


def check_folded(proto: onnx.ModelProto, shape) -> onnx.ModelProto:
    """Fold, and compare outputs on a random input; there must be no normalisation left."""
    before = proto.SerializeToString()
    folded, notes = fold(proto)
    assert proto.SerializeToString() == before
    assert notes == []
    assert "BatchNormalization" not in {n.op_type for n in folded.graph.node}
    (old,), (new,) = run(proto, shape), run(folded, shape)
    assert old.shape == new.shape
    # float32 rounding of the new weights and of sums in another order.
    np.testing.assert_allclose(new, old, rtol=1e-4, atol=1e-5 * np.abs(old).max())
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, old.shape)
    folded.graph.output[0].CopyFrom(output)
    onnx.checker.check_model(folded)  # which wants to know the shape of the output
    assert not np.array_equal(weights_of(folded), weights_of(proto))
    return folded


CONV = {"w": normal(4, 3, 3, 3)}
X = [2, 3, 6, 5]

PATTERNS = {
    "Conv": ([node("Conv", "x w", "a"), norm("a")], CONV, X),
    "Conv with bias": (
        [node("Conv", "x w c", "a"), norm("a", epsilon=0.1)],
        CONV | {"c": normal(4, seed=2)},
        X,
    ),
    "depthwise Conv with stride": (
        [node("Conv", "x w", "a", group=4, strides=[2, 1], pads=[1, 0, 1, 0]), norm("a")],
        {"w": normal(4, 1, 3, 3)},
        [1, 4, 6, 5],
    ),
    "Conv in one dimension": (
        [node("Conv", "x w", "a"), norm("a")],
        {"w": normal(4, 3, 2)},
        [2, 3, 7],
    ),
    "ConvTranspose": (
        [node("ConvTranspose", "x w c", "a", strides=[2, 2]), norm("a")],
        {"w": normal(3, 4, 2, 2), "c": normal(4, seed=2)},
        X,
    ),
    "ConvTranspose in groups": (
        [node("ConvTranspose", "x w", "a", group=2), norm("a")],
        {"w": normal(6, 2, 2, 2)},
        [2, 6, 4, 4],
    ),
    "Gemm": (
        [node("Gemm", "x w c", "a", alpha=0.5, beta=2.0), norm("a")],
        {"w": normal(3, 4), "c": normal(1, 4, seed=2)},
        [5, 3],
    ),
    "Gemm, transposed, with a scalar bias": (
        [node("Gemm", "x w c", "a", transB=1), norm("a")],
        {"w": normal(4, 3), "c": np.float32(3)},
        [5, 3],
    ),
    "MatMul": ([node("MatMul", "x w", "a"), norm("a")], {"w": normal(3, 4)}, [5, 3]),
    "MatMul with the weight on the left": (
        [node("MatMul", "w x", "a"), norm("a")],
        {"w": normal(4, 3)},
        [2, 3, 5],
    ),
    "Add of a constant": (
        [node("Conv", "x w c", "a"), node("Add", "a d", "b"), norm("b")],
        CONV | {"c": normal(4, seed=2), "d": normal(1, 4, 1, 1, seed=3)},
        X,
    ),
    "Add of a constant on the left, for every position": (
        [node("Conv", "x w", "a"), node("Add", "d a", "b"), norm("b")],
        CONV | {"d": normal(4, 3, seed=3)},
        X,
    ),
    "Add of a constant through Reshape": (
        [
            node("Reshape", "d shape", "d2"),
            node("Conv", "x w", "a"),
            node("Add", "a d2", "b"),
            norm("b"),
        ],
        CONV | {"d": normal(4, seed=3), "shape": np.array([1, 4, 1, 1])},
        X,
    ),
    "two Adds and an Identity": (
        [
            node("Conv", "x w", "a"),
            node("Add", "a d", "b"),
            node("Identity", "b", "c"),
            node("Add", "c e", "f"),
            norm("f"),
        ],
        CONV | {"d": np.float32(2), "e": normal(1, 1, 1, 3, seed=3)},
        X,
    ),
    "Squeeze": (
        [node("Conv", "x w", "a"), node("Squeeze", "a axes", "b"), norm("b")],
        {"w": normal(4, 3, 6, 2), "axes": np.array([-2])},
        X,
    ),
    "Unsqueeze": (
        [node("Conv", "x w", "a"), node("Unsqueeze", "a axes", "b"), norm("b")],
        {"w": normal(4, 3, 3), "axes": np.array([2, 4])},
        [2, 3, 7],
    ),
    "MatMul, Add, then Unsqueeze twice": (
        [
            node("MatMul", "x w", "a"),
            node("Add", "a d", "b"),
            node("Unsqueeze", "b last", "c"),
            node("Unsqueeze", "c last", "d2"),
            norm("d2"),
        ],
        {"w": normal(3, 4), "d": normal(4, seed=2), "last": np.array([-1])},
        [5, 3],
    ),
    "Identity before constants": (
        [
            node("Identity", "w", "w2"),
            node("Identity", "w2", "w3"),
            node("Identity", "gamma0", "gamma"),
            node("Conv", "x w3", "a"),
            norm("a"),
        ],
        CONV | {"gamma0": normal(4, seed=5)},
        X,
    ),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_folded_network_is_the_same_network(pattern):
    nodes, constants, shape = PATTERNS[pattern]
    constants = parameters(4) | constants
    if "gamma0" in constants:
        del constants["gamma"]
    check_folded(model(nodes, constants, shape), shape)


def test_the_scale_of_each_channel_is_exact_to_the_last_digit():
    nodes, constants, shape = PATTERNS["ConvTranspose in groups"]
    given_parameters = parameters(4, seed=7)
    folded = check_folded(model(nodes, constants | given_parameters, shape), shape)
    p = {name: value.astype("f8") for name, value in given_parameters.items()}
    scale = p["gamma"] / np.sqrt(p["var"] + np.float32(1e-5))
    expected = constants["w"].astype("f8").copy()
    for channel in range(4):  # group 0 makes the outputs 0 and 1 from the inputs 0 to 2
        group, within = divmod(channel, 2)
        expected[3 * group : 3 * group + 3, within] *= scale[channel]
    np.testing.assert_array_equal(weights_of(folded), expected.astype("f4"))


@settings(max_examples=40, deadline=None)
@given(
    groups=st.integers(1, 3),
    inputs=st.integers(1, 3),
    outputs=st.integers(1, 3),
    transposed=st.booleans(),
    bias=st.booleans(),
    addition=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_any_convolution(groups, inputs, outputs, transposed, bias, addition, seed):
    c_in, c_out = groups * inputs, groups * outputs
    shape = (c_in, outputs, 2, 2) if transposed else (c_out, inputs, 2, 2)
    constants = parameters(c_out, seed) | {"w": normal(*shape, seed=seed)}
    if bias:
        constants["c"] = normal(c_out, seed=seed + 1)
    operator = "ConvTranspose" if transposed else "Conv"
    nodes = [node(operator, "x w c" if bias else "x w", "a", group=groups)]
    if addition:
        constants["d"] = normal(c_out, 1, 1, seed=seed + 2)
        nodes.append(node("Add", "a d", "b"))
    nodes.append(norm(nodes[-1].output[0]))
    check_folded(model(nodes, constants, [1, c_in, 3, 4]), [1, c_in, 3, 4])


@pytest.mark.parametrize("opset", [7, 9, 11, 13, 14, 15, 17, 21])
def test_every_version_of_the_operators(opset):
    attributes = {"spatial": 1} if opset < 9 else {}
    axes = {"axes": [2]} if opset < 13 else {}
    nodes = [
        node("Conv", "x w", "a"),
        node("Squeeze", "a" if axes else "a two", "b", **axes),
        norm("b", **attributes),
    ]
    constants = parameters(4) | {"w": normal(4, 3, 6, 2), "two": np.array([2])}
    check_folded(model(nodes, constants, X, opset=opset), X)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_values_are_rounded_back_to_their_type(dtype):
    constants = parameters(4) | CONV
    cast = {name: value.astype(dtype) for name, value in constants.items()}
    proto = model([node("Conv", "x w", "a"), norm("a")], cast, X)
    folded, notes = fold(proto)
    assert notes == []
    p = {name: value.astype("f8") for name, value in cast.items()}
    scale = p["gamma"] / np.sqrt(p["var"] + np.float32(1e-5))
    exact = p["w"] * scale[:, None, None, None]
    np.testing.assert_array_equal(weights_of(folded), exact.astype(dtype))


KEPT = {
    "elsewhere": (
        [node("Conv", "x w", "a"), norm("a", "b"), node("Add", "a b", "y")],
        {},
        "'a' is used elsewhere too",
    ),
    "output": ([node("Conv", "x w", "a"), norm("a")], {}, "'a' is an output of the network"),
    "shared": (
        [
            node("Conv", "x w", "a"),
            norm("a", "b"),
            node("Conv", "x w", "c"),
            node("Add", "b c", "y"),
        ],
        {},
        "the weights 'w' are used elsewhere too",
    ),
    "shared before an Identity": (
        [
            node("Identity", "w", "w2"),
            node("Conv", "x w2", "a"),
            norm("a", "b"),
            node("Conv", "x w", "c"),
            node("Add", "b c", "y"),
        ],
        {},
        "the weights 'w' are used elsewhere too",
    ),
    "training": (
        [node("Conv", "x w", "a"), norm("a", "y m v", training_mode=1)],
        {},
        "it is in training mode",
    ),
    "nonlinearity": (
        [node("Conv", "x w", "a"), node("Relu", "a", "b"), norm("b")],
        {},
        "it follows Relu",
    ),
    "first": ([norm("x", "a"), node("Conv", "a w", "y")], {}, "no operator precedes it"),
    "residual": (
        [node("Conv", "x w", "a"), node("Conv", "x w2", "b"), node("Add", "a b", "c"), norm("c")],
        {"w2": normal(3, 3, 1, 1)},
        "it follows the sum of two computed tensors",
    ),
    "computed weight": (
        [node("Mul", "w two", "w2"), node("Conv", "x w2", "a"), norm("a")],
        {"two": np.float32(2)},
        "are not constant",
    ),
    "moved weight": (
        [node("Transpose", "w", "w2"), node("Conv", "x w2", "a"), norm("a")],
        {},
        "pass through Transpose",
    ),
    "computed bias": (
        [node("Mul", "beta two", "c"), node("Conv", "x w c", "a"), norm("a")],
        {"two": np.float32(2)},
        "the bias of 'Conv_1' is not constant",
    ),
    "computed parameters": (
        [
            node("Conv", "x w", "a"),
            node("Mul", "gamma two", "g"),
            node("BatchNormalization", "a g beta mean var", "y"),
        ],
        {"two": np.float32(2)},
        "its parameters are not constant",
    ),
    "squeezed channels": (
        [node("Conv", "x w", "a"), node("Squeeze", "a axes", "b"), norm("b")],
        {"w": normal(1, 3, 1, 1), "axes": np.array([1])},
        "removes the axis of the channels",
    ),
    "squeezed anything": (
        [node("Conv", "x w", "a"), node("Squeeze", "a", "b"), norm("b")],
        {},
        "the axes of 'Squeeze_1' are not constant",
    ),
    "other axis": (
        [node("Conv", "x w", "a"), node("Unsqueeze", "a axes", "b"), norm("b")],
        {"axes": np.array([0])},
        "not that of the output channels",
    ),
    "other size": (
        [node("Conv", "x w", "a"), norm("a")],
        {"w": normal(1, 3, 1, 1)},
        "its channels are not those of the weights",
    ),
    "negative variance": (
        [node("Conv", "x w", "a"), norm("a")],
        {"var": np.array([1, -1, 1], "f4")},
        "a variance is negative",
    ),
    "overflow": (
        [node("Conv", "x w", "a"), norm("a")],
        {"gamma": np.array([1, 1e38, 1], "f4"), "var": np.zeros(3, "f4")},
        "beyond the range of float32",
    ),
}


@pytest.mark.parametrize("case", KEPT)
def test_a_normalisation_that_cannot_be_folded_is_kept_and_named(case):
    nodes, constants, said = KEPT[case]
    constants = parameters(3) | {"w": normal(3, 3, 1, 1)} | constants
    outputs = ("y", "a") if case == "output" else ("y",)
    proto = model(nodes, constants, [2, 3, 4, 4], outputs)
    for n in proto.graph.node:
        n.name = "the norm" if n.op_type == "BatchNormalization" else ""
    folded, (note,) = fold(proto)
    assert note.startswith("BatchNormalization 'the norm' is not folded: ")
    assert said in note
    assert folded == proto


def test_matrices_of_unknown_rank_and_tokens_are_kept():
    constants = parameters(4) | {"w": normal(3, 4)}
    nodes = [node("MatMul", "x w", "a"), norm("a")]
    _, (note,) = fold(model(nodes, constants, [2, 4, 3]))
    assert "not that of the output channels" in note
    _, (note,) = fold(model(nodes, constants, None))
    assert "number of axes" in note


def test_bodies_of_control_flow_are_kept_and_may_use_outer_weights():
    def branch(name: str, nodes: list) -> onnx.GraphProto:
        output = helper.make_tensor_value_info("r", TensorProto.FLOAT, None)
        return helper.make_graph(nodes, name, [], [output])

    choice = helper.make_node(
        "If",
        ["condition"],
        ["z"],
        then_branch=branch("yes", [node("Conv", "x w", "q"), norm("q", "r")]),
        else_branch=branch("no", [node("Relu", "x", "r")]),
    )
    nodes = [node("Conv", "x w", "a"), norm("a", "b"), choice, node("Add", "b z", "y")]
    constants = parameters(3) | {"w": normal(3, 3, 1, 1), "condition": np.array(True)}
    _, notes = fold(model(nodes, constants, [2, 3, 4, 4]))
    assert len(notes) == 2
    assert any("is used elsewhere" in n or "are used elsewhere" in n for n in notes)
    assert any("body" in n for n in notes)


def test_both_views_are_listed(tmp_path):
    nodes = [
        node("Conv", "x w", "a"),
        norm("a", "b"),
        node("Conv", "b u", "c"),
        node("Relu", "c", "d"),
        norm("d"),
    ]
    constants = parameters(3) | {"w": normal(3, 3, 1, 1), "u": normal(3, 3, 1, 1, seed=9)}
    proto = model(nodes, constants, [2, 3, 4, 4])
    onnx.save(proto, tmp_path / "m.onnx")
    weights = open_weights([tmp_path / "m.onnx"])
    found = [(e.name, e.view, e.depth) for e in weights.entries if not e.reason]
    assert found == [("w", "stored", 0), ("w", "folded", 0), ("u", "both", 1)]
    stored, folded = (weights.counted(view)[0].tensor.array() for view in ("stored", "folded"))
    np.testing.assert_array_equal(stored, constants["w"])
    np.testing.assert_array_equal(folded, weights_of(fold(proto)[0]))
    assert len(weights.notes) == 1
    assert "follows Relu" in weights.notes[0]


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_model_is_refused_or_opened(tmp_path, data):
    nodes, constants, shape = PATTERNS[data.draw(st.sampled_from(sorted(PATTERNS)))]
    proto = model(nodes, parameters(4) | constants, shape)
    content = bytearray(proto.SerializeToString())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    if weights := opened(path):
        assert all(entry.tensor is not None for entry in weights.counted("folded"))
