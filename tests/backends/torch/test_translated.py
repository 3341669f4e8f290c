"""The class of a block is the block that the spec describes, for every argument.

A class is taken from the file of one network, and constructed with other arguments; a spec with that call is compiled
afresh, by the writer that looks at the graph alone. Names, their order, shapes, values and gradients must be the same.
"""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.op_cases import examples
from support.places import ROOT

import archdsl
from archdsl.graph.nodes import Apply
from archdsl.ops import OPS
from archdsl.record import replace

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

from archdsl.backends.torch.module import executed, module  # noqa: E402
from archdsl.backends.torch.rules import lower  # noqa: E402
from archdsl.backends.torch.source import source  # noqa: E402
from archdsl.backends.torch.translated.lowering import NO_LAYERS  # noqa: E402
from archdsl.backends.torch.translated.shapes import left_by  # noqa: E402
from archdsl.backends.torch.translated.symbolic import Free, Name, python  # noqa: E402


def classes(net: archdsl.Network) -> Any:
    """The Python module of a network's file."""
    return executed(source(net.graph, general=True))


def held(made: Any, net: archdsl.Network, *inputs: Any) -> None:
    """Hold a module against a network that was compiled afresh, without its spec."""
    other = module(replace(net.graph, origin=None))
    found = [(name, tuple(value.shape)) for name, value in made.state_dict().items()]
    expected = [(name, tuple(value.shape)) for name, value in other.state_dict().items()]
    assert found == expected
    made.load_state_dict(other.state_dict())
    results = []
    for one in (made, other):
        torch.manual_seed(0)
        left = one.train()(*inputs)
        left = left if isinstance(left, tuple) else (left,)
        total = sum((value.square().sum() for value in left), torch.zeros(()))
        if total.requires_grad:
            total.backward()
        results.append((left, [value.grad for value in one.parameters()]))
    for ours, theirs in zip(*(part for part, _ in results), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    for ours, theirs in zip(*(part for _, part in results), strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


# ---- random blocks ---------------------------------------------------------------------------------------------------

WIDTHS = ("channels", "2 * channels", "channels + depth", "double(channels)", "widths[0]", "max(widths) + 1")
CONDITIONS = (
    "act",
    "depth > 1",
    "not act and kernel == 1",
    "in.channels != channels",
    "len(widths) == 2",
    "kernel < 3",
)
HELPERS = """
fn double(c, times=2) = c * times
block unit(channels, kernel=1, groups=1) {
    conv(channels, kernel=kernel, padding=(kernel - 1) // 2, groups=groups, bias=false) -> batch_norm
    if kernel != 1 { relu }
}
block gate(inner, act=sigmoid) { mul { | identity | inner(in.channels, kernel=1) -> act } }
"""


@st.composite
def bodies(draw: st.DrawFn, depth: int = 2, inside: bool = False) -> str:
    """Stages that keep rows and columns."""
    stages = draw(st.lists(stage(depth, inside), min_size=1, max_size=3))
    return "\n".join(stages)


@st.composite
def stage(draw: st.DrawFn, depth: int, inside: bool) -> str:
    width = draw(st.sampled_from(WIDTHS))
    plain = ["conv", "norm", "relu", "unit", "wide", "dropout"] + ([] if inside else ["named"])
    nested = ["if", "else", "repeat", "for", "add", "concat", "group", "gate"] if depth else []
    kind = draw(st.sampled_from(plain + nested))
    more = bodies(depth - 1, True)
    if kind == "conv":
        return f"conv({width}, kernel=kernel, padding=kernel // 2)"
    if kind == "unit":
        return f"unit({width}, kernel=kernel)"
    if kind == "wide":
        return "conv(in.channels + 1, kernel=1)"
    if kind == "named":
        return f"n{draw(st.integers(0, 10**6))} = conv({width}, kernel=1)"
    if kind == "if":
        return f"if {draw(st.sampled_from(CONDITIONS))} {{ {draw(more)} }}"
    if kind == "else":
        return f"if {draw(st.sampled_from(CONDITIONS))} {{ {draw(more)} }} else {{ {draw(more)} }}"
    if kind == "repeat":
        return f"repeat {draw(st.sampled_from(('depth', '2', 'len(widths)')))} {{ {draw(more)} }}"
    if kind == "for":
        return f"for i, w in widths {{ conv(w + i, kernel=1)\n {draw(more)} }}"
    if kind == "add":
        return f"add {{ | conv({width}, kernel=1) | {draw(more)} -> conv({width}, kernel=1) -> batch_norm }}"
    if kind == "concat":
        return f"concat {{ | identity | {draw(more)} | conv({width}, kernel=1) }}"
    if kind == "group":
        return f"{{ {draw(more)} }}"
    if kind == "gate":
        return f"gate({draw(st.sampled_from(('conv', 'unit')))}, act={draw(st.sampled_from(('sigmoid', 'relu')))})"
    return {"norm": "batch_norm", "relu": "relu", "dropout": "dropout(0.0)"}[kind]


ARGUMENTS = st.fixed_dictionaries(
    {
        "channels": st.integers(1, 4),
        "kernel": st.sampled_from((1, 3)),
        "depth": st.integers(0, 3),
        "act": st.booleans(),
        "widths": st.lists(st.integers(1, 4), min_size=1, max_size=3),
    }
)


def spec(body: str, arguments: dict[str, Any]) -> str:
    shown = ", ".join(f"{name}={str(value).lower()}" for name, value in arguments.items())
    head = "block made(channels, kernel=3, depth=2, act=true, widths=[2, 3])"
    network = f"network Net {{ input image: [N, 3, 5, 5]\n conv(3, kernel=1) -> made({shown}) }}"
    return f"{HELPERS}\n{head} {{\n{body}\n}}\n{network}"


def test_a_class_is_the_block_for_other_arguments() -> None:
    """Most blocks have a class: refusals are counted, so that a loss of coverage is seen."""
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()

    @given(body=bodies(), first=ARGUMENTS, second=ARGUMENTS)
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    def hold(body: str, first: dict[str, Any], second: dict[str, Any]) -> None:
        try:
            net, other = archdsl.loads(spec(body, first)), archdsl.loads(spec(body, second))
        except archdsl.ArchError:
            counts["not a spec"] += 1
            return
        try:
            file = classes(net)
        except ValueError as refusal:
            counts["refused"] += 1
            reasons[str(refusal)] += 1
            return
        counts["held"] += 1
        taken = inspect.signature(file.Made).parameters
        made = file.Made(**({"in_channels": 3} if "in_channels" in taken else {}), **second)
        whole = torch.nn.Sequential(torch.nn.Conv2d(3, 3, kernel_size=1), made)
        held(whole, other, torch.randn(4, 3, 5, 5))

    hold()
    assert counts["held"] >= 20, counts
    assert counts["refused"] < counts["held"], (counts, reasons)


# ---- ops -------------------------------------------------------------------------------------------------------------


def applied(name: str) -> Iterator[Apply]:
    """The nodes of an op in its examples."""
    for example in examples(name):
        nodes = archdsl.loads(example.spec).graph.nodes
        yield from (node for node in nodes if isinstance(node, Apply) and type(node.op) is OPS[name])


@pytest.mark.parametrize("name", OPS)
def test_sizes_that_are_expressions_are_those_of_the_op(name: str) -> None:
    for node in applied(name):
        given_ = [value.shape.dims for value in node.inputs]
        left = [shape.dims for shape in node.shapes]
        assert [list(map(str, dims)) for dims in left_by(node.op, *given_)] == [list(map(str, dims)) for dims in left]
        numbers = {f"s{i}_{axis}": dim for i, dims in enumerate(given_) for axis, dim in enumerate(dims)}
        named = [
            tuple(
                Name(f"s{i}_{axis}", "int") if isinstance(dim, int) and dim > 1 else dim
                for axis, dim in enumerate(dims)
            )
            for i, dims in enumerate(given_)
        ]
        for dims, expected in zip(left_by(node.op, *named), left, strict=True):
            for dim, number in zip(dims, expected, strict=True):
                if isinstance(number, int) and not isinstance(dim, Free):
                    assert eval(python(dim), {"math": math}, numbers) == number, (node.op, python(dim))


def test_ops_that_no_chain_holds_are_those_that_are_no_modules() -> None:
    single = [name for name, op in OPS.items() if op.arity == 1]
    expressions = {OPS[name] for name in single if not all(lower(node).is_called for node in applied(name))}
    assert expressions == {op for op in NO_LAYERS if op.arity == 1}


# ---- networks --------------------------------------------------------------------------------------------------------

FAMILIES: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    "resnet.arch:ResNet50": ("ResNet", {"block_": "bottleneck", "depths": [1, 2]}, (2, 3, 32, 32)),
    "densenet.arch:DenseNet121": ("DenseNet", {"depths": [2, 1], "growth": 4}, (2, 3, 64, 64)),
    "convnext.arch:ConvNeXtTiny": ("ConvNeXt", {"depths": [1, 2, 1], "channels": 8, "drop": 0.0}, (2, 3, 64, 64)),
    "mobilenet.arch:MobileNetV2": ("MobileNetV2", {"width": 0.25, "classes": 7}, (2, 3, 64, 64)),
    "unet.arch:UNet": ("UNet", {"depth": 2, "channels": 4}, (2, 1, 16, 16)),
    "vgg.arch:VGG11": (
        "VGG",
        {"conv_arch": [[1, 4], [2, 8], [1, 4], [1, 4], [1, 2]], "norm": True, "classes": 3},
        (2, 3, 224, 224),
    ),
    "vit.arch:ViTBase16": (
        "ViT",
        {"patch": 8, "width": 16, "depth": 2, "attention_heads": 4, "mlp_width": 24, "size": 32, "classes": 5},
        (2, 3, 32, 32),
    ),
    "squeeze_excite.arch:SEResNet18": (
        "ResNet",
        {"block_": "se_basic", "depths": [1], "channels": 32},
        (2, 3, 32, 32),
    ),
}


@pytest.mark.parametrize("target", FAMILIES)
def test_a_family_is_a_class(target: str, tmp_path: Any) -> None:
    name, arguments, sizes = FAMILIES[target]
    file = classes(archdsl.load(ROOT / "specs" / target))
    blocks = {"bottleneck": "Bottleneck", "se_basic": "SeBasic"}
    given_ = {k: getattr(file, blocks[v]) if isinstance(v, str) else v for k, v in arguments.items()}
    made = getattr(file, name)(**given_)
    (tmp_path / "pyproject.toml").touch()
    for path in (ROOT / "specs").glob("*.arch"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    imports = ", ".join([name, *(value for value in arguments.values() if isinstance(value, str))])
    shown = ", ".join(f"{key}={str(value).lower()}" for key, value in arguments.items())
    own = f'from "{target.partition(":")[0]}" import {imports}\nnetwork Fresh = {name}({shown})\n'
    (tmp_path / "fresh.arch").write_text(own, encoding="utf-8")
    held(made, archdsl.load(tmp_path / "fresh.arch:Fresh"), torch.randn(*sizes))


@pytest.mark.parametrize("target", ["resnet.arch:ResNet18", "unet.arch:UNet", "nin.arch:NiN"])
def test_a_network_without_arguments_is_its_own_class(target: str) -> None:
    net = archdsl.load(ROOT / "specs" / target)
    made = getattr(classes(net), net.name)()
    assert [(name, tuple(value.shape)) for name, value in made.state_dict().items()] == net.state()


def test_a_width_is_read_behind_a_layer_that_may_be_left_out() -> None:
    body = "if act { wide = conv(2 * channels, kernel=1) }\nconv(in.channels + 1, kernel=1)"
    arguments = {"channels": 4, "kernel": 1, "depth": 0, "widths": [1]}
    file = classes(archdsl.loads(spec(body, {**arguments, "act": True})))
    for act in (True, False):
        made = torch.nn.Sequential(torch.nn.Conv2d(3, 3, kernel_size=1), file.Made(3, **arguments, act=act))
        held(made, archdsl.loads(spec(body, {**arguments, "act": act})), torch.randn(4, 3, 5, 5))


CASES = {
    "padding=kernel // 2": "block pair(channels, kernel) { conv(channels, kernel=kernel, padding=kernel // 2) }"
    "\nnetwork Net { input image: [N, 16, H, W]\n pair(8, 3) -> pair(16, 5) -> pair(8, 3) }",
    "if expansion != 1:": "block t(expansion, channels) {\n"
    "if expansion != 1 { expand = conv(expansion * in.channels, kernel=1) }\n"
    "project = conv(channels, kernel=1) }\n"
    "network Net { input image: [N, 16, H, W]\n t(1, 16) -> t(6, 24) -> t(6, 40) }",
    "if act:": "block unit(channels, act=true) { conv(channels, kernel=1)\n if act { relu } }"
    "\nnetwork Net { input image: [N, 16, H, W]\n unit(16, act=false) -> unit(32) -> unit(64) }",
    "activation: Callable[[], nn.Module] = nn.ReLU": "block unit(activation=relu) { conv(8, kernel=1) -> activation }"
    "\nnetwork Net { input image: [N, 8, H, W]\n unit -> unit(hardswish) }",
}  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_what_the_spec_says_stands_in_the_class(text: str) -> None:
    assert text in archdsl.loads(CASES[text]).torch_source(general=True)


def test_what_no_class_can_say_is_refused_with_the_reason() -> None:
    net = archdsl.loads("network Net { input x: [N, 4]\n shared f = linear(4)\n f -> f }")
    with pytest.raises(ValueError, match="Net has no general classes: a shared layer"):
        net.torch_source(general=True)
    with pytest.raises(ValueError, match="the graph is no longer what the spec says"):
        archdsl.load(ROOT / "specs/lenet.arch:LeNet").torch_source(general=True, optimize="inference")
