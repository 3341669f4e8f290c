"""ONNX's own tests of its operators and of models converted from PyTorch, run by our kernels through the rules.

Each ONNX node is read as an op of ours, with its weights; what the language leaves out is skipped, with the reason. The
op's shape rule and its parameters are checked against ONNX on the way.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import helper, numpy_helper  # noqa: E402
from onnx.backend.test.case import node as node_cases  # noqa: E402
from onnx.backend.test.loader import load_model_tests  # noqa: E402
from support import onnx_forms, onnx_norms  # noqa: E402, F401
from support.onnx_reading import MODULES, READERS, Attributes, Excluded, Read, demand, reads, slid  # noqa: E402

from archdsl.backends.numpy.rules import lower  # noqa: E402
from archdsl.ops import Rejected  # noqa: E402
from archdsl.ops.activation import Relu, Sigmoid, Softmax, Tanh  # noqa: E402
from archdsl.ops.combine import Add, Concat  # noqa: E402
from archdsl.ops.conv import Conv  # noqa: E402
from archdsl.ops.linear import Linear  # noqa: E402
from archdsl.ops.pool import AvgPool, MaxPool  # noqa: E402
from archdsl.ops.regularize import Dropout  # noqa: E402
from archdsl.ops.reshape import Flatten, Identity  # noqa: E402
from archdsl.sizes.shape import Shape  # noqa: E402


@reads("Conv")
def conv(attrs: Attributes, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> Read:
    options = slid(attrs, x.shape[2:], weight.shape[2:])
    dilation = tuple(attrs.get("dilations", [1] * (x.ndim - 2)))
    groups = attrs.get("group", 1)
    op = Conv(len(weight), **options, dilation=dilation, groups=groups, bias=bias is not None)
    return Read(op, (x,), {"weight": weight, **({} if bias is None else {"bias": bias})})


@reads("MaxPool")
def max_pool(attrs: Attributes, x: np.ndarray) -> Read:
    demand(x.dtype.kind == "f", "pooling of whole numbers")
    options = slid(attrs, x.shape[2:], tuple(attrs["kernel_shape"]))
    dilation = tuple(attrs.get("dilations", [1] * (x.ndim - 2)))
    return Read(MaxPool(**options, dilation=dilation, ceil=bool(attrs.get("ceil_mode", 0))), (x,))


@reads("AveragePool")
def avg_pool(attrs: Attributes, x: np.ndarray) -> Read:
    demand(set(attrs.get("dilations", [1])) == {1}, "averages over dilated windows")
    options = slid(attrs, x.shape[2:], tuple(attrs["kernel_shape"]))
    counts = bool(attrs.get("count_include_pad", 0))
    return Read(AvgPool(**options, ceil=bool(attrs.get("ceil_mode", 0)), count_padding=counts), (x,))


@reads("Gemm")
def gemm(attrs: Attributes, a: np.ndarray, b: np.ndarray, c: np.ndarray | None = None) -> Read:
    """A linear layer; factors and transpositions are a matter of its weights."""
    weight = attrs.get("alpha", 1.0) * (b if attrs.get("transB", 0) else b.T)
    weights = {"weight": weight.astype(b.dtype)}
    if c is not None:
        demand(c.ndim < 2 or len(c) == 1, "an offset for each row")
        weights["bias"] = np.broadcast_to(attrs.get("beta", 1.0) * c.reshape(-1), len(weight)).astype(c.dtype)
    return Read(Linear(len(weight), bias=c is not None), (a.T if attrs.get("transA", 0) else a,), weights)


@reads("MatMul")
def matmul(attrs: Attributes, a: np.ndarray, b: np.ndarray) -> Read:
    demand(b.ndim == 2, "a matrix for each row of the batch")
    return Read(Linear(b.shape[1], bias=False), (a,), {"weight": b.T})


@reads("Relu")
def relu(attrs: Attributes, x: np.ndarray) -> Read:
    return Read(Relu(), (x,))


@reads("Sigmoid")
def sigmoid(attrs: Attributes, x: np.ndarray) -> Read:
    return Read(Sigmoid(), (x,))


@reads("Tanh")
def tanh(attrs: Attributes, x: np.ndarray) -> Read:
    return Read(Tanh(), (x,))


@reads("Softmax")
def softmax(attrs: Attributes, x: np.ndarray) -> Read:
    old = attrs["opset"] < 13
    axis = attrs.get("axis", 1 if old else -1)
    demand(not old or axis % x.ndim == x.ndim - 1, "softmax over several axes at once, as ONNX had it before opset 13")
    return Read(Softmax(axis), (x,))


@reads("Flatten")
def flatten(attrs: Attributes, x: np.ndarray) -> Read:
    axis = attrs.get("axis", 1)
    demand(axis in (1, 1 - x.ndim), "flatten of the leading axes")
    return Read(Flatten(axis), (x,))


@reads("Identity")
def identity(attrs: Attributes, x: Any) -> Read:
    demand(isinstance(x, np.ndarray), "sequences and optional values")
    return Read(Identity(), (x,))


@reads("Dropout")
def dropout(attrs: Attributes, x: np.ndarray, ratio: Any = None, training: Any = None) -> Read:
    p = attrs.get("ratio", 0.5) if ratio is None else float(ratio)
    demand(not training or p == 0, "the numbers that dropout draws in training")
    return Read(Dropout(p), (x,))


@reads("Sum")
@reads("Add")
def add(attrs: Attributes, *xs: np.ndarray) -> Read:
    demand(len({x.ndim for x in xs}) == 1, "values of other ranks are broadcast")
    return Read(Add(broadcast=len({x.shape for x in xs}) > 1), xs)


@reads("Concat")
def concat(attrs: Attributes, *xs: np.ndarray) -> Read:
    return Read(Concat(attrs["axis"]), xs)


class Case(NamedTuple):
    name: str
    model: Any
    data: list[tuple[list[Any], list[Any]]]
    rtol: float
    atol: float


def cases() -> list[Case]:
    """The cases that use no operators but those that are read."""
    for module in MODULES.values():
        import_module(f"{node_cases.__name__}.{module}")
    found = [Case(c.name, c.model, c.data_sets, c.rtol, c.atol) for c in node_cases._NodeTestCases]
    for case in load_model_tests(kind="pytorch-converted"):
        folder = Path(case.model_dir)
        model = onnx.load(folder / "model.onnx")
        data = [(tensors(data, "input"), tensors(data, "output")) for data in sorted(folder.glob("test_data_set_*"))]
        found.append(Case(f"{case.name} (pytorch)", model, data, case.rtol, case.atol))
    known = [case for case in found if {node.op_type for node in case.model.graph.node} <= READERS.keys()]
    return sorted(known, key=lambda case: case.name)


def tensors(folder: Path, kind: str) -> list[np.ndarray]:
    paths = sorted(folder.glob(f"{kind}_*.pb"), key=lambda path: int(path.stem.rpartition("_")[2]))
    return [numpy_helper.to_array(onnx.load_tensor(path)) for path in paths]


def check(case: Case) -> None:
    graph = case.model.graph
    opset = max(entry.version for entry in case.model.opset_import if entry.domain in ("", "ai.onnx"))
    own = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for inputs, outputs in case.data:
        given = [value.name for value in graph.input if value.name not in own]
        values = {**own, **dict(zip(given, inputs, strict=True))}
        for node in graph.node:
            attrs = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            attrs = {name: value.decode() if isinstance(value, bytes) else value for name, value in attrs.items()}
            arguments = (values[name] if name else None for name in node.input)
            read = READERS[node.op_type]({**attrs, "opset": opset, "outputs": len(node.output)}, *arguments)
            results = *run(read), *read.further()
            demand(len(results) == len(node.output), f"a second output of {node.op_type}")
            values.update(zip(node.output, results, strict=True))
        for value, wanted in zip(graph.output, outputs, strict=True):
            got = values[value.name]
            if got is None:
                continue  # no op of ours has this output
            assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
            np.testing.assert_allclose(got, wanted, rtol=case.rtol, atol=case.atol)


def run(node: Read) -> tuple[np.ndarray, ...]:
    """Our kernel's values, after our shape rule has foreseen their shapes and those of its weights."""
    shapes = [Shape(x.shape) for x in node.inputs]
    try:
        for shape in shapes:
            node.op.accepts(shape)
        wanted = node.op.infer(*shapes)
    except Rejected as refusal:
        raise Excluded(str(refusal)) from refusal
    params = node.op.params(*shapes)
    assert {name: param.shape for name, param in params.items()} == {n: w.shape for n, w in node.weights.items()}
    call = lower(node.op, *shapes)
    options = {**call.options, "train": True} if node.train else call.options
    y = call.kernel(*node.inputs, **node.weights, **options)[0]
    results = y if isinstance(y, tuple) else (y,)
    foreseen = wanted if isinstance(wanted, tuple) else (wanted,)
    assert [value.shape for value in results] == [shape.dims for shape in foreseen]
    return results


CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_onnx(case: Case) -> None:
    try:
        check(case)
    except Excluded as reason:
        pytest.skip(str(reason))


def test_enough_is_covered() -> None:
    """What is not left out passes, and it is no less than it was."""
    passed = 0
    for case in CASES:
        try:
            check(case)
        except Excluded:
            continue
        passed += 1
    assert passed >= 276
