"""The PyTorch writer: the text that it writes, and that the text computes what the graph says."""

from __future__ import annotations

import copy
import pickle
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.op_specs import SPECS, spec
from support.places import ROOT, TESTS
from support.torch_modules import agrees_with_the_graph, results, tensors
from support.torch_networks import NETWORKS, NormalLinear, block, conv, images, lenet, max_pool, network

from archdsl import load, loads
from archdsl.analyses.lints.reserved import MODULE_ATTRIBUTES
from archdsl.analyses.state import state
from archdsl.backends.torch import rules, source
from archdsl.backends.torch.calls import MODULE, Infix, Opt, X, call, template
from archdsl.backends.torch.names import CONTAINER_ATTRIBUTES
from archdsl.backends.torch.rules import Lowering, expression, layer
from archdsl.graph.nodes import Apply, Graph, Input, Value
from archdsl.ops import Op
from archdsl.ops.activation import Relu
from archdsl.ops.combine import Add, Concat
from archdsl.ops.conv import Conv
from archdsl.ops.linear import Linear
from archdsl.ops.reshape import Identity
from archdsl.sizes.shape import Shape

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

from archdsl.backends.torch.module import module  # noqa: E402

GOLDEN = TESTS / "golden" / "torch"
WRITTEN = ["lenet", "resnet", "googlenet", "densenet", "shared", "awkward", "captured", "repeated", "one_dimension"]
RESERVED = {"awkward", "keywords"}  # torch.fx writes `self.class` for a layer named "class", and so does torch.export


@pytest.mark.parametrize("name", WRITTEN)
def test_the_text_is_as_it_was(name: str, request: pytest.FixtureRequest) -> None:
    text, golden = source(NETWORKS[name]()), GOLDEN / f"{name}.py"
    if request.config.getoption("--update-golden", default=False):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("name", NETWORKS)
def test_two_graphs_of_one_network_give_the_same_bytes(name: str) -> None:
    assert source(NETWORKS[name]()) == source(NETWORKS[name]())


def test_writing_imports_no_torch() -> None:
    code = "import sys; import archdsl.backends.torch.source; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, build in NETWORKS.items():
        (folder / f"net_{name}.py").write_text(source(build(), header=f"{name}.\n\nA header."))
    for name in SPECS:
        (folder / f"net_{name}.py").write_text(loads(spec(name)).torch_source())
        (folder / f"fast_{name}.py").write_text(loads(spec(name)).torch_source(optimize="inference"))
    for target in ("googlenet.arch:GoogLeNet", "densenet.arch:DenseNet121", "vgg.arch:VGG16", "resnext.arch:ResNeXt50"):
        network = load(ROOT / "specs" / target).torch_source(optimize="inference")
        (folder / f"fast_{target.partition('.')[0]}.py").write_text(network)
    (folder / "net_initial.py").write_text(source(initial()))
    (folder / "net_hostile.py").write_text(source(hostile()))
    return folder


@pytest.mark.parametrize("command", (["check"], ["format", "--check"]), ids=" ".join)
def test_ruff_has_nothing_to_say(written: Path, command: list[str]) -> None:
    ruff = shutil.which("ruff", path=Path(sys.executable).parent) or shutil.which("ruff")
    if not ruff:
        pytest.skip("ruff is not installed")
    run = subprocess.run([ruff, *command, "--no-cache", "."], cwd=written, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_mypy_has_nothing_to_say(written: Path) -> None:
    pytest.importorskip("mypy")
    files = [path.name for path in sorted(written.glob("net_*.py"))]
    command = [sys.executable, "-m", "mypy", "--strict", *files]
    run = subprocess.run(command, cwd=written, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def names_and_shapes(graph: Graph) -> list[tuple[str, tuple[Any, ...]]]:
    return [(tensor.name, tuple(tensor.param.shape)) for tensor in state(graph)]


@pytest.mark.parametrize("name", NETWORKS)
def test_state_dict_and_shapes_are_those_of_the_graph(name: str) -> None:
    graph = NETWORKS[name]()
    net = module(graph).eval()
    assert [(key, tuple(value.shape)) for key, value in net.state_dict().items()] == names_and_shapes(graph)
    shapes = [tuple(out.shape) for out in results(net, tensors(graph))]
    assert shapes == [value.shape.at({"N": 2}).dims for value in graph.outputs]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_computes_what_its_graph_says(name: str) -> None:
    graph = NETWORKS[name]()
    agrees_with_the_graph(graph)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in RESERVED])
def test_torch_can_trace_export_and_script(name: str) -> None:
    graph = NETWORKS[name]()
    net, inputs = module(graph).eval(), tensors(graph)
    expected = results(net, inputs)
    exported = torch.export.export(net, tuple(inputs)).module()
    for other in (torch.fx.symbolic_trace(net), exported, torch.jit.script(net)):
        assert all(map(torch.equal, results(other, inputs), expected))


@pytest.mark.parametrize("name", ["lenet", "resnet", "shared", "keywords", "awkward", "captured"])
def test_torch_can_compile(name: str) -> None:
    graph = NETWORKS[name]()
    net, inputs = module(graph).eval(), tensors(graph)
    compiled = torch.compile(net, backend="eager", fullgraph=name != "awkward")
    assert all(map(torch.equal, results(compiled, inputs), results(net, inputs)))


def test_modules_copy_and_pickle() -> None:
    graph = NETWORKS["resnet"]()
    net, inputs = module(graph).eval(), tensors(graph)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(other(*inputs), net(*inputs))


def test_a_traceback_shows_the_source() -> None:
    import traceback

    net = module(NETWORKS["resnet"]()).double()
    with pytest.raises(RuntimeError) as caught:
        net(torch.zeros(1, 3, 64, 64))
    assert "self.conv1(image)" in "".join(traceback.format_exception(caught.value))


def test_each_instance_draws_its_own_weights() -> None:
    first, second = module(lenet()), module(lenet())
    assert type(first) is type(second)
    assert not torch.equal(first[0].weight, second[0].weight)


def test_every_op_has_a_rule() -> None:
    assert rules.missing() == []


def test_reserved_names_are_all_that_torch_reserves() -> None:
    nn = torch.nn
    assert {name for name in dir(nn.Module()) if not name.startswith("__")} <= MODULE_ATTRIBUTES
    known = MODULE_ATTRIBUTES | CONTAINER_ATTRIBUTES
    assert {name for kind in (nn.Sequential, nn.ModuleDict) for name in dir(kind()) if name[0] != "_"} <= known


def initial() -> Graph:
    """A linear layer whose weights start elsewhere than torch's."""
    return network("Initial", Shape((2, 3)), names=("features",)).chain(NormalLinear(4), Relu(), NormalLinear(2)).done()


@pytest.fixture(scope="module", autouse=True)
def _rule_of_normal_linear() -> Any:
    rules.RULES[NormalLinear] = rules.RULES[Linear]
    yield
    del rules.RULES[NormalLinear]


def test_first_values_that_torch_would_not_give_are_set() -> None:
    text = source(initial())
    assert "initialized(nn.Linear(3, 4), weight=partial(nn.init.normal_, std=0.01))" in text
    assert "initialized" not in source(lenet())
    torch.manual_seed(0)
    net = module(initial())
    assert net[0].weight.abs().max() < 0.1 < net[0].bias.abs().max()


def hostile() -> Graph:
    doc = 'Ends """ here\\\n\tand \x07 there; exit()\u202e\n\n    ' + "long " * 60 + '"'
    body = network("hostile", images(1, 4), names=("image",), doc=doc)
    return body.chain(conv(1, 1), Relu()).done()


def test_nothing_breaks_out_of_a_docstring() -> None:
    text = source(hostile(), header='"""\nimport os\n"""')
    assert text.isascii() or "\u202e" not in text
    assert "os" not in sys.modules[type(module(hostile(), header='"""\nimport os\n"""')).__module__].__dict__
    compile(text, "hostile.py", "exec")


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_documentation_can_be_written(doc: str, header: str) -> None:
    graph = network("Net", images(1, 4), doc=doc).chain(Relu()).done()
    compile(source(graph, header), "net.py", "exec")


def test_a_parameter_follows_from_others() -> None:
    """Bottlenecks: four times as many channels come out, and the middle is a quarter of what leaves."""
    body = network("Net", images(8, 4))
    for middle in (2, 4, 6):
        wide = block("bottleneck", body.shape, middle=middle)
        wide(conv(middle, 1), label="reduce")
        wide(conv(4 * middle, 1), label="expand")
        body(wide.done())
    text = source(body.done())
    assert "self.expand = nn.Conv2d(middle, 4 * middle, kernel_size=1)" in text
    assert "Bottleneck(16, 6)," in text


def test_an_op_of_another_backend_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(rules.RULES, Relu)
    assert rules.missing() == ["relu"]
    with pytest.raises(AssertionError, match="relu has no torch rule"):
        source(lenet_with_relu())


def lenet_with_relu() -> Graph:
    return network("Net", images(1, 4)).chain(Relu()).done()


# ops that are not there yet: several results, a tensor owned by the body, a form that is no call


class Chunk(Op):
    """Two halves of the channels."""

    name = "chunk"

    def infer(self, *xs: Shape) -> Any:
        half = xs[0].with_channels(xs[0].channels // 2)
        return half, half


class Scale(Op):
    """A learned factor for each channel; its tensor belongs to the body."""

    name = "scale"

    def infer(self, *xs: Shape) -> Shape:
        return xs[0]


class Swap(Op):
    """Rows for columns."""

    name = "swap"

    def infer(self, *xs: Shape) -> Shape:
        return xs[0]


def scale(op: Scale, x: Shape) -> Lowering:
    ones = call("torch.ones", {"size": (x.channels, 1, 1)})
    return rules.parameter(call("nn.Parameter", {"data": ones}), use=Infix("*", (X, MODULE)))


def test_ops_of_other_kinds_need_one_function_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chunk = call("torch.chunk", {"input": X, "chunks": 2}, dim=Opt(1, 0))
    monkeypatch.setitem(rules.RULES, Chunk, lambda op, x: expression(chunk))
    monkeypatch.setitem(rules.RULES, Scale, scale)
    swap = template("{x}.transpose({a}, {b})", x=X, a=2, b=3)
    monkeypatch.setitem(rules.RULES, Swap, lambda op, x: expression(swap))
    body = network("Glu", images(4, 8))
    body(Scale(), label="gamma")
    halves = body(Chunk()).node
    body(Swap(), Value(halves, 0))
    text = source(body.done())
    assert "self.gamma = nn.Parameter(torch.ones((4, 1, 1)))" in text
    assert "x = image * self.gamma" in text
    assert "x, _ = torch.chunk(x, 2, dim=1)" in text
    net = module(body.done())
    assert list(net.state_dict()) == ["gamma"]
    image = torch.randn(2, 4, 8, 8)
    assert torch.equal(net(image), image[:, :2].transpose(2, 3))


# what a graph means, computed without the writer


LABELS = st.sampled_from([None, None, None, "x", "y", "skip", "class", "train", "relu", "torch", "total", "out", "_a"])


@st.composite
def bodies(draw: Any, shapes: tuple[Shape, ...] = (images(2, 4),), depth: int = 2, name: str = "Net") -> Graph:
    """Bodies with any wiring: values used never, once or often, layers applied again, bodies inside."""
    body = network(name, *shapes, names=["image", "in", "torch"][: len(shapes)])
    if depth < 2:
        body.kind = draw(st.sampled_from(["block", "group"]))
        body.name = "part" if body.kind == "block" else ""
    values = [Value(node) for node in body.inputs]
    used: set[str] = set()
    for _ in range(draw(st.integers(0, 7))):
        label = draw(LABELS)
        label = None if label in used else label
        value = draw(st.sampled_from(values[-3:]))
        same = [v for v in values if v.shape == value.shape]
        kind = draw(st.sampled_from(["conv", "relu", "identity", "pool", "add", "concat", "again", "call"]))
        if kind == "conv":
            values.append(body(conv(draw(st.integers(1, 3)), 1), value, label=label))
        elif kind in ("relu", "identity", "pool"):
            op = {"relu": Relu(), "identity": Identity(), "pool": max_pool(3, 1, 1)}[kind]
            values.append(body(op, value, label=label))
        elif kind == "add":
            values.append(
                body(Add(), value, *draw(st.lists(st.sampled_from(same), min_size=1, max_size=3)), label=label)
            )
        elif kind == "concat":
            values.append(body(Concat(), value, draw(st.sampled_from(values)), label=label))
        elif kind == "again":
            first = [
                node for node in body.nodes
                if node.key and node.shares is None and node.inputs[0].shape == value.shape and len(node.inputs) == 1
            ]  # fmt: skip
            if first:
                node = draw(st.sampled_from(first))
                stage = node.op if isinstance(node, Apply) else node.graph
                values.append(body(stage, value, shares=node))
            continue
        elif depth:
            inputs = (value, *draw(st.lists(st.sampled_from(values), max_size=1)))
            inner = draw(bodies(tuple(v.shape for v in inputs), depth - 1))
            node = body(inner, *inputs, label=label).node
            values += [Value(node, i) for i in range(len(inner.outputs))]
        used.add(label or "")
    count = draw(st.integers(1, 2))
    outputs = [values[-1], *draw(st.lists(st.sampled_from(values), min_size=count - 1, max_size=count - 1))]
    names = ("out",) if count == 1 else ("class", "index")
    return body.done(*outputs, names=names)


@given(bodies())
@settings(max_examples=60, deadline=None)
def test_any_wiring_computes_what_its_graph_says(graph: Graph) -> None:
    net = module(graph)
    assert [(key, tuple(value.shape)) for key, value in net.state_dict().items()] == names_and_shapes(graph)
    agrees_with_the_graph(graph)


WIDTHS = {
    "a": lambda a, b, c: a,
    "b": lambda a, b, c: b,
    "2a": lambda a, b, c: 2 * a,
    "a+b": lambda a, b, c: a + b,
    "c+2": lambda a, b, c: c + 2,
    "c": lambda a, b, c: c,
    "ab": lambda a, b, c: a * b,
    "odd": lambda a, b, c: (a * 7 + b * 3) % 5 + 1,
}


@given(
    recipe=st.lists(st.tuples(st.sampled_from(list(WIDTHS)), st.sampled_from([1, 3, "b"]), LABELS), max_size=5),
    instances=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.booleans()), min_size=1, max_size=4),
    nested=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_instances_that_share_a_class_keep_their_numbers(recipe: Any, instances: Any, nested: bool) -> None:
    body = network("Net", images(2, 6))
    for a, b, bias in instances:
        shape = body.shape
        part = block("part", shape, a=a, b=b, bias=bias, pair=[a, b])
        used: set[str] = set()
        for width, kernel, label in recipe:
            size = 2 * b - 1 if kernel == "b" else kernel
            stage = conv(WIDTHS[width](a, b, shape.channels), size, padding=size // 2, bias=bias)
            part(stage, label=None if label in used else label)
            used.add(label or "")
            part(max_pool(size, 1, size // 2))
        graph = part.done()
        body(block("outer", shape, a=a).chain(graph, Relu()).done() if nested else graph)
    graph = body.done()
    net = module(graph)
    assert [(key, tuple(value.shape)) for key, value in net.state_dict().items()] == names_and_shapes(graph)
    assert source(graph).count("\nclass ") <= 3 + ("class Layers" in source(graph))
    agrees_with_the_graph(graph)


def test_a_spec_becomes_a_file() -> None:
    import archdsl

    net = archdsl.loads("network Tiny { input image: [N, 1, 4, 4]\n conv(2, kernel=3) -> relu -> flatten }")
    assert "nn.Conv2d(1, 2, kernel_size=3),  # [N, 2, 2, 2]" in net.torch_source()
    assert [(key, tuple(value.shape)) for key, value in net.torch().state_dict().items()] == net.state()


FLAGS = list(product((False, True), repeat=2))


@pytest.mark.parametrize(("bias", "flip"), FLAGS)
@pytest.mark.parametrize("axes", (1, 2, 3))
def test_convolutions_of_every_kind(axes: int, bias: bool, flip: bool) -> None:
    kernel = (3, 2, 1)[:axes]
    op = Conv(4, kernel, (2,) * axes, (1,) * axes, (1,) * axes, groups=2, bias=bias, flip=flip)
    agrees_with_the_graph(network("Net", Shape((2, 2, *(6,) * axes))).chain(op).done())


def test_inputs_are_never_layers() -> None:
    entry = Input("image", images(1, 4))
    net, image = module(Graph("network", "Same", (entry,), (), (Value(entry),))), torch.ones(2, 1, 4, 4)
    assert torch.equal(results(net, [image])[0], image)


def test_a_layer_needs_a_rule_with_a_module() -> None:
    assert layer(call("nn.ReLU")).is_called
    assert not expression(X).is_called


@pytest.mark.parametrize("name", ("values", "_own", "items", "dropout", "linear"))
def test_layers_of_names_without_a_warning_are_exported(name: str) -> None:
    import archdsl

    spec = f"network Net {{ input x: [N, 4]\n {name} = linear(3) -> relu\n {{ linear(2) }} }}"
    assert [problem.code for problem in archdsl.check(spec).problems] == []
    net, x = archdsl.loads(spec).torch(), torch.randn(2, 4)
    assert torch.equal(torch.export.export(net, (x,)).module()(x), net(x))
    assert torch.equal(torch.fx.symbolic_trace(net)(x), net(x))


@pytest.mark.parametrize("name", ("train", "type", "forward", "class", "_modules"))
def test_layers_of_names_with_a_warning_are_not(name: str) -> None:
    import archdsl

    spec = f'network Net {{ input x: [N, 4]\n "{name}" = linear(3) -> relu\n {{ linear(2) }} }}'
    assert [problem.code for problem in archdsl.check(spec).problems] == ["reserved-name"]
    net, x = archdsl.loads(spec).torch(), torch.randn(2, 4)
    assert next(iter(net.state_dict())) == f"{name}.weight"
    assert net(x).shape == (2, 2)
    with pytest.raises((TypeError, AttributeError, SyntaxError, RuntimeError, torch._dynamo.exc.Unsupported)):
        torch.export.export(net, (x,)).module()(x)
