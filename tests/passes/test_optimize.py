"""`optimize="inference"`: the same function but for rounding, on the same weights, however torch runs it."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.places import ROOT
from support.spec_strategies import network as networks

import archdsl
from archdsl import Network
from archdsl.backends.torch.kernels import KERNELS
from archdsl.backends.torch.passes import INFERENCE
from archdsl.cli import main
from archdsl.ops.activation import Hardswish, LeakyRelu, Relu, Relu6, Sigmoid, Tanh
from archdsl.passes import through_passes
from archdsl.sizes.dim import substitute

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

ZOO = [net for path in sorted((ROOT / "specs").glob("*.arch")) for net in archdsl.check(path).networks]
TOLERANCE = 1e-4
"""How far an optimized network may be off, as a share of the largest output; measured: below 1e-6."""

RESIDUAL = """
    block basic(channels, stride=1) {
        add {
            | conv1 = conv(channels, kernel=3, stride=stride, padding=1, bias=false) -> bn1 = batch_norm -> relu
              -> conv2 = conv(channels, kernel=3, padding=1) -> bn2 = batch_norm
            | if stride != 1 { down = { conv(channels, kernel=1, stride=stride) -> batch_norm } }
        }
        relu
    }
    network t {
        input image: [N, 3, H, W]
        stem = conv(8, kernel=3, padding=1, groups=1) -> norm = batch_norm(eps=0.01) -> leaky_relu(0.2)
        basic(8) -> basic(16, stride=2)
        global_avg_pool -> flatten -> norm2 = batch_norm -> fc = linear(10)
    }
"""


def made(net: Network, seed: int = 0) -> Any:
    """A network in evaluation whose norms have something to do."""
    torch.manual_seed(seed)
    module = net.torch().eval()
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name.endswith("running_var") or (name.endswith("weight") and tensor.ndim == 1):
                tensor.uniform_(0.5, 1.5)
            elif name.endswith("running_mean") or (name.endswith("bias") and tensor.ndim == 1):
                tensor.normal_(0, 0.3)
    return module


def image(*shape: int, seed: int = 0) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def listed(outputs: Any) -> list[Any]:
    return [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)


def assert_near(found: Any, wanted: Any) -> None:
    for one, other in zip(listed(found), listed(wanted), strict=True):
        scale = max(1.0, other.abs().max().item()) if other.numel() else 1.0
        torch.testing.assert_close(one, other, rtol=0, atol=TOLERANCE * scale)


@pytest.fixture
def pair() -> tuple[Any, Any]:
    """A network, and the optimized one on its weights."""
    net = archdsl.loads(RESIDUAL)
    module = made(net)
    return module, net.torch(optimize="inference", state=module.state_dict())


@pytest.mark.parametrize("net", ZOO, ids=lambda net: net.name)
def test_networks_of_the_zoo_keep_their_shapes(net: Network) -> None:
    """The graph is verified after every pass; the emitted module takes the spec's state and leaves the spec's shape."""
    sizes = {"N": 2, "H": 224, "W": 160}
    with torch.device("meta"):
        fast = net.torch(optimize="inference")
        shapes = [tuple(substitute(dim, sizes) for dim in shape.dims) for shape in net.inputs.values()]
        outputs = listed(fast(*map(torch.empty, shapes)))  # type: ignore[arg-type]
        fast.load_state_dict({name: torch.empty(shape) for name, shape in net.state()})
    assert [tuple(y.shape) for y in outputs] == [
        tuple(substitute(dim, sizes) for dim in shape.dims) for shape in net.outputs.values()
    ]


ALIKE = {
    "AlexNet": (1, 3, 224, 224),
    "DenseNet121": (2, 3, 64, 96),
    "GoogLeNet": (1, 3, 224, 224),
    "GoogLeNetTaught": (2, 1, 96, 96),
    "LeNet": (2, 1, 28, 28),
    "MobileNetV2": (2, 3, 64, 64),
    "NiN": (2, 1, 224, 224),
    "ResNet18": (2, 3, 65, 64),
    "ResNet50": (1, 3, 64, 64),
    "ResNeXt50": (1, 3, 64, 64),
    "SEResNet18": (2, 3, 64, 64),
    "UNet": (1, 1, 64, 48),
    "VGG11BN": (1, 3, 224, 224),
}


@pytest.mark.parametrize("name", ALIKE)
def test_networks_of_the_zoo_compute_the_same(name: str) -> None:
    (net,) = (net for net in ZOO if net.name == name)
    module, x = made(net), image(*ALIKE[name])
    with torch.no_grad():
        assert_near(net.torch(optimize="inference", state=module.state_dict())(x), module(x))


@settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, max_examples=60)
@given(networks(), st.integers(0, 3))
def test_generated_networks_compute_the_same(text: str, seed: int) -> None:
    net = archdsl.loads(text)
    (shape,) = net.inputs.values()
    module, x = made(net, seed), image(*shape.at({"N": 2}).dims, seed=seed)  # type: ignore[arg-type]
    fast = net.torch(optimize="inference", state=module.state_dict())
    with torch.no_grad():
        assert_near(fast(x), module(x))
    assert torch.equal(fast(x), fast(x)), "nothing is left over from one call to the next"


@pytest.mark.parametrize("op", KERNELS)
def test_activations_in_kernels_are_those_of_torch(op: type) -> None:
    call = {LeakyRelu: "leaky_relu(0.3)"}.get(op, op.name)  # type: ignore[attr-defined]
    net = archdsl.loads(
        f"network t {{ input x: [N, 4, 6, 6]\n conv(8, kernel=3) -> {call}\n flatten -> linear(5) -> {call} }}"
    )
    module, x = made(net), 3 * image(4, 4, 6, 6)
    fast = net.torch(optimize="inference", state=module.state_dict())
    assert len(list(fast.modules())) == 3, "both activations are taken in"
    with torch.no_grad():
        assert_near(fast(x), module(x))


@pytest.mark.parametrize("op", KERNELS)
def test_activations_after_sums_are_those_of_torch(op: type) -> None:
    call = {LeakyRelu: "leaky_relu(0.3)"}.get(op, op.name)  # type: ignore[attr-defined]
    arms = "add { | conv(4, kernel=3, padding=1) | identity }"
    net = archdsl.loads(f"network t {{ input x: [N, 4, 6, 6]\n {arms}\n {call} }}")
    module, x = made(net), 3 * image(4, 4, 6, 6)
    with torch.no_grad():
        assert_near(net.torch(optimize="inference", state=module.state_dict())(x), module(x))


def test_no_activation_is_forgotten() -> None:
    assert set(KERNELS) == {Relu, Relu6, LeakyRelu, Sigmoid, Tanh, Hardswish}


def test_it_takes_the_weights_of_the_spec_and_its_own(pair: tuple[Any, Any]) -> None:
    module, fast = pair
    x = image(2, 3, 12, 10)
    again = archdsl.loads(RESIDUAL).torch(optimize="inference")
    again.load_state_dict(fast.state_dict())
    assert torch.equal(again(x), fast(x))
    again.load_state_dict(module.state_dict())
    assert torch.equal(again(x), fast(x))
    assert not any("bn" in name or "norm" in name for name in fast.state_dict())
    within = torch.nn.ModuleDict({"part": again})
    within.load_state_dict({f"part.{name}": tensor for name, tensor in module.state_dict().items()})
    assert torch.equal(within["part"](x), fast(x))


@pytest.mark.parametrize("name", ["fc.bias", "norm.weight", "3.bn1.running_var", "4.down.0.weight"])
def test_weights_that_do_not_fit_are_named(pair: tuple[Any, Any], name: str) -> None:
    module, fast = pair
    state = module.state_dict()
    del state[name]
    state["head.weight"] = torch.zeros(1)
    with pytest.raises(RuntimeError, match=rf'(?s)Missing.*"{name}".*Unexpected[^"]*"head.weight"'):
        fast.load_state_dict(state)


def test_loading_leaves_the_given_state_as_it_was(pair: tuple[Any, Any]) -> None:
    module, fast = pair
    state = module.state_dict()
    before = {name: tensor.clone() for name, tensor in state.items()}
    fast.load_state_dict(state)
    assert state.keys() == before.keys()
    assert all(torch.equal(state[name], before[name]) for name in before)


def test_changed_weights_are_packed_anew(pair: tuple[Any, Any]) -> None:
    module, fast = pair
    x = image(2, 3, 12, 10)
    with torch.no_grad():
        fast(x)
        for parameter in (fast.stem.weight, module.stem.weight):
            parameter.mul_(2.0)
        assert_near(fast(x), module(x))
        fast.double()
        assert_near(fast(x.double()), module.double()(x.double()))
        fast.float().load_state_dict(module.float().state_dict())
        assert_near(fast(x), module(x))
    with torch.inference_mode():
        other = made(archdsl.loads(RESIDUAL), 1)
        fast(x)
        fast.load_state_dict(other.state_dict())
        assert_near(fast(x), other(x))


def test_copies_and_files(pair: tuple[Any, Any]) -> None:
    _, fast = pair
    x = image(2, 3, 12, 10)
    y = fast(x)
    saved = io.BytesIO()
    torch.save(fast, saved)
    saved.seek(0)
    for other in (copy.deepcopy(fast), pickle.loads(pickle.dumps(fast)), torch.load(saved, weights_only=False)):
        assert torch.equal(other(x), y)


def test_other_ways_to_run(pair: tuple[Any, Any]) -> None:
    """Compiled, exported, traced, in other numbers and layouts, under autograd."""
    module, fast = pair
    x = image(2, 3, 12, 10)
    with torch.no_grad():
        wanted = module(x)
        assert_near(fast(x.contiguous(memory_format=torch.channels_last)), wanted)
        assert_near(torch.compile(fast, fullgraph=True, backend="aot_eager")(x), wanted)
        assert_near(torch.export.export(fast, (x,)).module()(x), wanted)
        assert_near(torch.jit.trace(fast, (x,))(x), wanted)
        assert_near(fast.double()(x.double()), module.double()(x.double()))
        fast.float()
        module.float()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert (fast(x) - wanted).abs().max() < 0.1
        with torch.backends.mkldnn.flags(enabled=False):
            assert_near(fast(x), wanted)
    leaves = [x.clone().requires_grad_(), x.clone().requires_grad_()]
    for net, leaf in zip(pair, leaves, strict=True):
        net(leaf).square().sum().backward()
    assert_near(leaves[1].grad, leaves[0].grad)


def test_gradients_through_values_that_grow() -> None:
    layer = "batch_norm -> silu -> conv(2, kernel=3, padding=1)"
    net = archdsl.loads(f"network t {{ input x: [N, 2, 6, 6]\n repeat 3 {{ concat {{ | | {layer} }} }} }}")
    module = made(net)
    fast = net.torch(optimize="inference", state=module.state_dict())
    leaves = [image(2, 2, 6, 6).requires_grad_(), image(2, 2, 6, 6).requires_grad_()]
    for each, leaf in zip((module, fast), leaves, strict=True):
        each(leaf).square().sum().backward()
    assert_near(leaves[1].grad, leaves[0].grad)


def test_features_can_be_optimized_too() -> None:
    net = archdsl.loads(RESIDUAL)
    plain = net.torch(outputs=["stem"]).eval()
    fast = net.torch(outputs=["stem"], optimize="inference", state=plain.state_dict())
    x = image(2, 3, 12, 10)
    assert_near(fast(x), plain(x).detach())


def test_nothing_else_can_be_asked_for() -> None:
    with pytest.raises(ValueError, match="for \"inference\", not for 'speed'"):
        archdsl.loads(RESIDUAL).torch_source(optimize="speed")  # type: ignore[arg-type]


def test_passes_are_functions_of_the_graph() -> None:
    """The same network is rewritten to the same source, and the network itself stays as it was."""
    net = archdsl.loads(RESIDUAL)
    before = net.torch_source()
    assert net.torch_source(optimize="inference") == archdsl.loads(RESIDUAL).torch_source(optimize="inference")
    assert net.torch_source() == before
    twice = through_passes(through_passes(net.graph, INFERENCE), INFERENCE)
    assert [node.op for node in twice.nodes if hasattr(node, "op")] == [
        node.op for node in through_passes(net.graph, INFERENCE).nodes if hasattr(node, "op")
    ]
    assert "archdsl" not in {name.partition(".")[0] for name in _imported(net.torch_source(optimize="inference"))}


def _imported(source: str) -> set[str]:
    import ast

    tree = ast.parse(source)
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_the_command_writes_what_the_api_gives() -> None:
    target = "specs/resnet.arch:ResNet18"
    run = CliRunner().invoke(main, ["compile", target, "--backend", "torch", "--optimize", "inference"])
    assert run.exit_code == 0
    assert run.output == archdsl.load(target).torch_source(optimize="inference")


@pytest.mark.parametrize(
    ("options", "said"), [(["numpy"], "torch alone"), (["torch", "--checkpoint", "basic"], "trained")]
)
def test_the_command_refuses_what_makes_no_sense(options: list[str], said: str) -> None:
    command = ["compile", "specs/resnet.arch:ResNet18", "--optimize", "inference", "--backend", *options]
    run = CliRunner().invoke(main, command)
    assert run.exit_code == 2
    assert said in run.output
