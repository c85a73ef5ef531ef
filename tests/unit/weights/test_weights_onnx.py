import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from complexity_atlas.errors import WeightsUnavailable
from complexity_atlas.weights import open_weights
from complexity_atlas.weights.tensors import FileSegment

RNG = np.random.default_rng(0)


def normal(*shape: int, dtype: str = "float32") -> np.ndarray:
    return RNG.normal(size=shape).astype(dtype)


def model(nodes, constants=(), outputs=("y",), opset=17, **more) -> onnx.ModelProto:
    """A model with the input x and float outputs; `constants` are initialisers by name."""
    graph = helper.make_graph(
        list(nodes),
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [
            value if isinstance(value, TensorProto) else numpy_helper.from_array(value, name)
            for name, value in dict(constants).items()
        ],
        **more,
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


@pytest.fixture
def opened(tmp_path):
    def write_and_open(proto: onnx.ModelProto):
        onnx.save(proto, tmp_path / "m.onnx")
        return open_weights([tmp_path / "m.onnx"])

    return write_and_open


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def counted(weights) -> list[str]:
    return [entry.name for entry in weights.counted("stored")]


def reasons(weights) -> dict[str, str]:
    return {entry.name: entry.reason for entry in weights.entries}


def damaged(tmp_path, proto: onnx.ModelProto) -> str:
    onnx.save(proto, tmp_path / "m.onnx")
    with pytest.raises(WeightsUnavailable) as caught:
        open_weights([tmp_path / "m.onnx"])
    assert caught.value.status == "unreadable"
    assert str(tmp_path / "m.onnx") in str(caught.value)
    return str(caught.value)


def test_weights_of_every_operator(opened):
    weights = opened(
        model(
            [
                node("Conv", "x conv conv_b", "a"),
                node("ConvTranspose", "a deconv", "b"),
                node("LSTM", "b lstm_w lstm_r lstm_b", "c"),
                node("GRU", "c gru_w gru_r", "d"),
                node("MatMul", "d right", "e"),
                node("MatMul", "left e", "f"),
                node("Gemm", "f gemm gemm_c", "y"),
            ],
            {
                "conv": normal(4, 3, 3, 3),
                "conv_b": normal(4),
                "deconv": normal(4, 2, 2, 2),
                "lstm_w": normal(1, 16, 3),
                "lstm_r": normal(1, 16, 4),
                "lstm_b": normal(1, 32),
                "gru_w": normal(1, 12, 3),
                "gru_r": normal(1, 12, 4),
                "right": normal(4, 5),
                "left": normal(6, 7),
                "gemm": normal(5, 2),
                "gemm_c": normal(2),
            },
        )
    )
    found = {entry.name: (entry.role, entry.depth, entry.reason) for entry in weights.entries}
    assert found == {
        "conv": ("convolution", 0, ""),
        "conv_b": ("bias", 0, "bias: B of Conv"),
        "deconv": ("convolution", 1, ""),
        "lstm_w": ("recurrent", 2, ""),
        "lstm_r": ("recurrent", 2, ""),
        "lstm_b": ("bias", 2, "bias: B of LSTM"),
        "gru_w": ("recurrent", 3, ""),
        "gru_r": ("recurrent", 3, ""),
        "right": ("other", 4, ""),
        "left": ("other", 5, ""),
        "gemm": ("head", 6, ""),
        "gemm_c": ("bias", 6, "bias: C of Gemm"),
    }


def test_weights_arrive_through_operators_that_only_move_values(opened):
    weights = opened(
        model(
            [
                node("Identity", "i", "i2"),
                node("Conv", "x i2", "a"),
                node("Transpose", "t", "t2", perm=[1, 0]),
                node("MatMul", "a t2", "b"),
                node("Reshape", "r shape", "r2"),
                node("MatMul", "b r2", "c"),
                node("Cast", "h", "h2", to=TensorProto.FLOAT),
                node("MatMul", "c h2", "d"),
                # As Paddle exports an LSTM: gates reordered by Slice and Concat, then directions.
                node("Slice", "w start0 end0 axes0", "w0"),
                node("Slice", "w end0 end1 axes0", "w1"),
                node("Concat", "w1 w0", "w2", axis=0),
                node("Unsqueeze", "w2 axes0", "w3"),
                node("Unsqueeze", "v axes0", "v2"),
                node("Concat", "w3 v2", "wv", axis=0),
                node("LSTM", "d wv rec", "y"),
            ],
            {
                "i": normal(4, 3, 3, 3),
                "t": normal(5, 4),
                "r": normal(20),
                "h": normal(4, 4, dtype="float16"),
                "w": normal(16, 4),
                "v": normal(16, 4),
                "rec": normal(2, 16, 4),
                "shape": np.array([5, 4]),
                "start0": np.array([0]),
                "end0": np.array([8]),
                "end1": np.array([16]),
                "axes0": np.array([0]),
            },
        )
    )
    assert counted(weights) == ["i", "t", "r", "h", "v", "w", "rec"]
    assert (
        sum(entry.tensor.n for entry in weights.counted("stored"))
        == 108 + 20 + 20 + 16 + 64 + 64 + 128
    )
    assert reasons(weights)["shape"] == "integer tensor (int64): shape of Reshape"


def test_a_weight_must_be_constant_throughout(opened):
    weights = opened(
        model(
            [
                node("Concat", "token x", "a", axis=0),
                node("MatMul", "a w", "b"),
                node("Mul", "scale v", "v2"),
                node("MatMul", "b v2", "y"),
            ],
            {"token": normal(1, 4), "w": normal(4, 4), "scale": normal(1), "v": normal(4, 4)},
        )
    )
    assert counted(weights) == ["w"]
    assert reasons(weights) == {
        "token": "operand: A of MatMul",
        "w": "",
        "scale": "scalar: A of Mul",
        "v": "operand: B of Mul",
    }


def test_a_constant_counts_once_however_often_it_is_used(opened):
    weights = opened(
        model(
            [
                node("Gather", "table x", "a"),
                node("MatMul", "a w", "b"),
                node("MatMul", "b w", "c"),
                node("Transpose", "table", "table2"),
                node("MatMul", "c table2", "y"),
            ],
            {"table": normal(9, 4), "w": normal(4, 4)},
        )
    )
    assert [(e.name, e.depth, e.role) for e in weights.entries] == [
        ("w", 0, "other"),
        ("table", 2, "head"),
    ]


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [2, 0, 1, 3], [0, 2, 1, 3]])
def test_depth_does_not_depend_on_the_order_of_the_nodes(opened, order):
    nodes = [
        node("MatMul", "x a1", "a"),
        node("MatMul", "a a2", "b"),
        node("MatMul", "x skip", "c"),
        node("Add", "b c", "d"),
    ]
    weights = opened(
        model(
            [*(nodes[i] for i in order), node("MatMul", "d last", "y")],
            {"a1": normal(2, 2), "a2": normal(2, 2), "skip": normal(2, 2), "last": normal(2, 2)},
        )
    )
    assert {e.name: e.depth for e in weights.entries} == {"a1": 0, "a2": 1, "skip": 0, "last": 2}


def test_what_no_output_depends_on_is_left_out(opened):
    weights = opened(
        model(
            [node("MatMul", "x w", "y"), node("MatMul", "x dead", "z")],
            {"w": normal(2, 2), "dead": normal(2, 2), "unused": normal(3), "empty": normal(0)},
        )
    )
    nobody = "used by no operator that an output depends on"
    assert reasons(weights) == {"w": "", "dead": nobody, "unused": nobody, "empty": "no elements"}
    assert {e.name: e.depth for e in weights.entries}["dead"] is None


def test_reasons_name_what_a_constant_is_used_for(opened):
    weights = opened(
        model(
            [
                node("Conv", "x w", "a"),
                node("BatchNormalization", "a g b m v", "b1 mm vv", training_mode=1),
                node("LayerNormalization", "b1 ln", "b2"),
                node("Add", "b2 offset", "b3"),
                node("Clip", "b3 low high", "b4"),
                node("PRelu", "b4 slope", "b5"),
                node("Resize", "b5  sizes_f", "b6"),
                node("Attention", "b6 attn", "y", domain="com.microsoft"),
            ],
            {
                "w": normal(4, 3, 1, 1),
                **{name: np.abs(normal(4)) for name in "gbmv"},
                "ln": normal(4),
                "offset": normal(1, 4, 1, 1),
                "low": np.float32(0),
                "high": np.float32(6),
                "slope": normal(4, 1, 1),
                "sizes_f": normal(4),
                "attn": normal(4, 12),
            },
        )
    )
    assert reasons(weights) == {
        "w": "",
        "g": "batch-norm parameter: scale of BatchNormalization",
        "b": "batch-norm parameter: B of BatchNormalization",
        "m": "batch-norm parameter: input_mean of BatchNormalization",
        "v": "batch-norm parameter: input_var of BatchNormalization",
        "ln": "norm parameter: Scale of LayerNormalization",
        "offset": "operand: B of Add",
        "low": "scalar: min of Clip",
        "high": "scalar: max of Clip",
        "slope": "operand: slope of PRelu",
        "sizes_f": "operand: roi of Resize",
        "attn": "operand: input 1 of com.microsoft.Attention",
    }
    roles = {entry.name: entry.role for entry in weights.entries}
    assert {roles[name] for name in "gbmv"} == {"norm"}
    assert roles["ln"] == "norm"
    assert roles["offset"] == "bias"
    assert roles["attn"] == "other"


@pytest.mark.parametrize(
    ("attribute", "value", "dtype", "shape"),
    [
        ("value", numpy_helper.from_array(normal(2, 3)), "float32", (2, 3)),
        ("value_float", 1.5, "float32", ()),
        ("value_floats", [1.5, 2.5], "float32", (2,)),
        ("value_int", 3, "int64", ()),
        ("value_ints", [3, 4, 5], "int64", (3,)),
        ("value_string", "a", "string", ()),
        ("value_strings", ["a", "b"], "string", (2,)),
    ],
)
def test_every_kind_of_constant_node(opened, attribute, value, dtype, shape):
    nodes = [node("Constant", "", "c", **{attribute: value}), node("MatMul", "x c", "y")]
    (entry,) = opened(model(nodes)).entries
    assert (entry.name, entry.dtype, entry.shape) == ("c", dtype, shape)
    if dtype == "float32":
        assert entry.reason == ""
        expected = numpy_helper.to_array(value) if attribute == "value" else value
        np.testing.assert_array_equal(entry.tensor.array(), expected)
    else:
        assert dtype in entry.reason
        assert entry.tensor is None


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"]
)
def test_values_are_exact_in_every_type_and_field(opened, dtype, packed):
    values = normal(3, 5).astype(dtype)
    values.flat[:4] = [-0.0, np.nan, values.max(), 0]
    kind = helper.np_dtype_to_tensor_dtype(values.dtype)
    if packed:
        proto = numpy_helper.from_array(values, "w")
        assert proto.HasField("raw_data")
    else:
        proto = TensorProto(name="w", data_type=kind, dims=values.shape)
        if dtype in ("float32", "float64"):
            getattr(proto, {"float32": "float_data", "float64": "double_data"}[dtype]).extend(
                values.ravel().tolist()
            )
        else:
            width = np.uint16 if values.itemsize == 2 else np.uint8
            proto.int32_data.extend(values.ravel().view(width).tolist())
    nodes = [
        node("Cast", "w", "w2", to=TensorProto.FLOAT),
        node("MatMul", "x w2", "y"),
    ]
    (entry,) = opened(model(nodes, {"w": proto}, opset=19)).entries
    assert (entry.dtype, entry.reason) == (dtype, "")
    width = np.dtype(f"u{values.itemsize}")
    np.testing.assert_array_equal(entry.tensor.array().view(width), values.view(width))


def test_quantised_operators_are_listed_and_not_read_as_numbers(opened):
    weights = opened(
        model(
            [
                node("QLinearConv", "x xs xz wq ws wz ys yz", "a"),
                node("DequantizeLinear", "vq vs", "v"),
                node("MatMul", "a v", "b"),
                node("MatMulNBits", "b nq ns", "c", domain="com.microsoft", K=4, N=4),
                node("Cast", "i8", "i8f", to=TensorProto.FLOAT),
                node("MatMul", "c i8f", "d"),
                node("MatMul", "d plain", "y"),
            ],
            {
                "wq": np.ones((4, 3, 1, 1), "int8"),
                "ws": np.float32(0.1),
                "wz": np.int8(0),
                **{name: np.float32(1) for name in ("xs", "ys")},
                **{name: np.int8(1) for name in ("xz", "yz")},
                "vq": np.ones((4, 4), "int8"),
                "vs": np.float32(0.1),
                "nq": np.ones((4, 1, 2), "uint8"),
                "ns": normal(4),
                "i8": np.ones((4, 4), "int8"),
                "plain": normal(4, 4),
                "i4": numpy_helper.from_array(np.ones((4, 4), ml_dtypes.int4), "i4"),
            },
        )
    )
    assert counted(weights) == ["plain"]
    quantised = "part of a quantised operator, which is not supported"
    found = reasons(weights)
    assert found["wq"] == f"{quantised}: w of QLinearConv"
    assert found["ws"] == f"{quantised}: w_scale of QLinearConv"
    assert found["vq"] == f"{quantised}: x of DequantizeLinear"
    assert found["nq"] == f"{quantised}: input 1 of com.microsoft.MatMulNBits"
    assert found["i8"] == "integer tensor (int8): B of MatMul"
    assert found["i4"].startswith("integer tensor (int4)")


def test_sparse_constants_are_listed(opened):
    sparse = helper.make_sparse_tensor(
        helper.make_tensor("s", TensorProto.FLOAT, [2], [1.0, 2.0]),
        helper.make_tensor("i", TensorProto.INT64, [2], [0, 3]),
        [2, 2],
    )
    weights = opened(
        model(
            [
                node("Constant", "", "c", sparse_value=sparse),
                node("MatMul", "x s", "a"),
                node("MatMul", "a c", "y"),
            ],
            sparse_initializer=[sparse],
        )
    )
    assert reasons(weights) == dict.fromkeys(["s", "c"], "sparse tensor is not supported")
    assert {entry.shape for entry in weights.entries} == {(2, 2)}


def branch(name: str, weight: str, outer: str = "") -> onnx.GraphProto:
    """A body that multiplies the outer x by its own weight, and perhaps by an outer one."""
    nodes = [node("MatMul", f"x {weight}", "inner")]
    nodes += [node("MatMul", f"inner {outer}", "result")] if outer else []
    return helper.make_graph(
        nodes,
        name,
        [],
        [helper.make_tensor_value_info("result" if outer else "inner", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(normal(4, 4), weight)],
    )


def test_bodies_of_control_flow_are_part_of_the_graph(opened):
    weights = opened(
        model(
            [
                node("MatMul", "x first", "a"),
                helper.make_node(
                    "If",
                    ["condition"],
                    ["b"],
                    name="choice",
                    # Both bodies may use the same names.
                    then_branch=branch("yes", "w", outer="shared"),
                    else_branch=branch("no", "w"),
                ),
                node("Add", "a b", "c"),
                node("MatMul", "c shared", "y"),
            ],
            {"first": normal(4, 4), "shared": normal(4, 4), "condition": np.array(True)},
        )
    )
    assert {entry.name: (entry.depth, entry.reason) for entry in weights.entries} == {
        "first": (0, ""),
        "choice.then_branch/w": (0, ""),
        "choice.else_branch/w": (0, ""),
        "shared": (1, ""),
        "condition": (2, "integer tensor (bool): cond of If"),
    }


def test_a_loop(opened):
    body = helper.make_graph(
        [
            node("MatMul", "state w", "next"),
            node("Identity", "keep", "keep2"),
            node("Constant", "", "seen", value_float=1.0),
        ],
        "body",
        [
            helper.make_tensor_value_info("n", TensorProto.INT64, []),
            helper.make_tensor_value_info("keep", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("keep2", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, None),
            helper.make_tensor_value_info("seen", TensorProto.FLOAT, None),
        ],
    )
    weights = opened(
        model(
            [
                node("MatMul", "x before", "start"),
                helper.make_node("Loop", ["count", "", "start"], ["a", "b"], body=body),
                helper.make_node("Loop", ["count", "", "initial"], ["c", "d"], body=body),
                node("Add", "a c", "e"),
                node("MatMul", "e after", "y"),
            ],
            {
                "before": normal(4, 4),
                "w": normal(4, 4),
                "after": normal(4, 4),
                "count": np.array(3),
                "initial": normal(4, 4),
            },
        )
    )
    found = {entry.name: (entry.depth, entry.reason) for entry in weights.entries}
    assert {name: depth for name, (depth, reason) in found.items() if not reason} == {
        "before": 0,
        "w": 1,
        "after": 2,
    }
    assert found["initial"] == (1, "operand: v_initial of Loop")
    assert found["Loop_1.body/seen"][1] == "operand: result of a body of Loop"


def test_functions_of_the_model_are_looked_into(opened):
    function = helper.make_function(
        "local",
        "Layer",
        ["a", "w"],
        ["b"],
        [node("MatMul", "a w", "c"), node("Relu", "c", "b")],
        [helper.make_opsetid("", 17)],
    )
    proto = model(
        [node("Layer", "x w1", "a", domain="local"), node("Layer", "a w2", "y", domain="local")],
        {"w1": normal(4, 4), "w2": normal(4, 4)},
    )
    proto.functions.append(function)
    proto.opset_import.append(helper.make_opsetid("local", 1))
    assert counted(opened(proto)) == ["w1", "w2"]


def test_layers_come_from_names_of_constants_or_of_operators(opened):
    names = [f"encoder.layer.{i}.attention.self.query.weight" for i in range(3)]
    by_constant = opened(
        model(
            [node("MatMul", f"{'xab'[i]} {names[i]}", "aby"[i]) for i in range(3)],
            {name: normal(2, 2) for name in names},
        )
    )
    by_operator = opened(
        model(
            [
                node(
                    "MatMul", f"{'xab'[i]} w{i}", "aby"[i], name=f"/encoder/layer.{i}/query/MatMul"
                )
                for i in range(3)
            ],
            {f"w{i}": normal(2, 2) for i in range(3)},
        )
    )
    for weights in (by_constant, by_operator):
        found = [(entry.layer, entry.role) for entry in weights.entries]
        assert found == [(i, "attention_q") for i in range(3)]


def external(tmp_path, location="data.bin", **places) -> onnx.ModelProto:
    """A model whose weight is float32 [4, 4] in another file."""
    proto = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4, 4])
    proto.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **places}.items():
        proto.external_data.add(key=key, value=str(value))
    return model([node("MatMul", "x w", "y")], {"w": proto})


def test_external_data_stay_in_their_file(tmp_path, opened):
    values = normal(4, 4)
    (tmp_path / "data.bin").write_bytes(bytes(16) + values.tobytes())
    weights = opened(external(tmp_path, offset=16, length=64))
    (entry,) = weights.entries
    assert isinstance(entry.tensor.data, FileSegment)
    np.testing.assert_array_equal(entry.tensor.array(), values)
    assert [file.path.name for file in weights.files] == ["m.onnx", "data.bin"]
    assert weights.bytes == (tmp_path / "m.onnx").stat().st_size + 80


def test_external_data_are_folded_too(tmp_path, opened):
    values = normal(4, 3, 1, 1)
    (tmp_path / "data.bin").write_bytes(values.tobytes())
    proto = external(tmp_path)
    proto.graph.initializer[0].dims[:] = values.shape
    proto.graph.node[0].CopyFrom(node("Conv", "x w", "a"))
    proto.graph.node.append(node("BatchNormalization", "a g b m v", "y"))
    for name in "gbmv":
        proto.graph.initializer.append(numpy_helper.from_array(np.full(4, 4, "f4"), name))
    weights = opened(proto)
    (folded,) = weights.counted("folded")
    np.testing.assert_allclose(folded.tensor.array(), values * 2, rtol=1e-5)


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "a/../../b", "", "a\\..\\b"])
def test_external_data_never_leave_the_folder(tmp_path, location):
    (tmp_path / "secret.bin").write_bytes(bytes(64))
    folder = tmp_path / "model"
    folder.mkdir()
    onnx.save(external(folder, location), folder / "m.onnx")
    with pytest.raises(WeightsUnavailable, match="outside of its own folder") as caught:
        open_weights([folder / "m.onnx"])
    assert caught.value.status == "unsupported"


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ({"location": "absent.bin"}, "not there"),
        ({"offset": 8}, "the file has 64"),
        ({"length": 60}, "should be 64 bytes"),
        ({"offset": -8}, "no valid place"),
        ({"length": "many"}, "no valid place"),
    ],
)
def test_external_data_that_do_not_fit(tmp_path, places, said):
    (tmp_path / "data.bin").write_bytes(bytes(64))
    message = damaged(tmp_path, external(tmp_path, **places))
    assert "constant 'w'" in message
    assert said in message


def test_a_file_that_is_not_a_model(tmp_path):
    path = tmp_path / "m.onnx"
    content = model([node("MatMul", "x w", "y")], {"w": normal(64, 64)}).SerializeToString()
    for bad in (b"", b"PK\x03\x04 not a model", content[:-100], content[: len(content) // 2]):
        path.write_bytes(bad)
        with pytest.raises(WeightsUnavailable) as caught:
            open_weights([path])
        assert caught.value.status == "unreadable"
        assert str(path) in str(caught.value)


def test_a_constant_whose_data_do_not_fit(tmp_path):
    short = numpy_helper.from_array(normal(4, 4), "w")
    short.raw_data = short.raw_data[:-4]
    negative = numpy_helper.from_array(normal(4, 4), "w")
    negative.dims[:] = [-1, 4]
    odd = TensorProto(name="w", data_type=99, dims=[2])
    for proto, said in ((short, "do not fit"), (negative, "[-1, 4]"), (odd, "unknown type 99")):
        message = damaged(tmp_path, model([node("MatMul", "x w", "y")], {"w": proto}))
        assert "'w'" in message
        assert said in message


def test_a_graph_that_contradicts_itself(tmp_path):
    unsorted = model([node("Relu", "a", "y"), node("Relu", "x", "a")])
    assert "'a', used by Relu_0" in damaged(tmp_path, unsorted)
    twice = model([node("Relu", "x", "y"), node("Relu", "x", "y")])
    assert "'y' is defined twice" in damaged(tmp_path, twice)
    both = model([node("Relu", "x", "w"), node("Relu", "w", "y")], {"w": normal(2)})
    assert "'w' is defined twice" in damaged(tmp_path, both)
    arity = model([node("MatMul", "x", "y")])
    assert "'MatMul_0' has too few inputs" in damaged(tmp_path, arity)
    empty = model([node("Constant", "", "y")])
    assert "'y' holds no value" in damaged(tmp_path, empty)


def test_two_models_are_not_one(tmp_path):
    for name in ("a.onnx", "b.onnx"):
        onnx.save(model([node("Relu", "x", "y")]), tmp_path / name)
    with pytest.raises(WeightsUnavailable, match="second ONNX model"):
        open_weights([tmp_path / "a.onnx", tmp_path / "b.onnx"])
