"""A live module in the ecosystem of PyTorch: saved, copied, compiled, exported, traced, at other precisions."""

from __future__ import annotations

import copy
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.places import ROOT

import archdsl
from archdsl.analyses.ranges import ranges
from archdsl.sizes.dim import substitute

torch = pytest.importorskip("torch")
torch.set_num_threads(1)


class Case(NamedTuple):
    """A network of the zoo, made small, and a shape that it takes."""

    target: str
    shape: tuple[int, ...]
    settings: dict[str, Any]

    def load(self) -> archdsl.Network:
        return archdsl.load(ROOT / "specs" / self.target, **self.settings)


HEADS = {"attention_heads": 2, "mlp_width": 64, "classes": 10}
CASES = {
    "lenet": Case("lenet.arch:LeNet", (2, 1, 28, 28), {}),
    "resnet": Case("resnet.arch:ResNet18", (2, 3, 64, 64), {"channels": 8, "classes": 10}),
    "googlenet": Case("googlenet.arch:GoogLeNetTaught", (2, 1, 96, 96), {}),
    "unet": Case("unet.arch:UNet", (2, 1, 16, 32), {"depth": 2, "channels": 4}),
    "vit": Case("vit.arch:ViT", (2, 3, 32, 32), {"size": 32, "patch": 8, "width": 32, "depth": 2} | HEADS),
}


class Live(NamedTuple):
    """A module that is ready to infer, an input, and what it makes of it."""

    net: archdsl.Network
    module: Any
    x: Any
    y: Any


@pytest.fixture(scope="module", params=CASES)
def live(request: pytest.FixtureRequest) -> Live:
    return of(CASES[request.param])


def of(case: Case) -> Live:
    torch.manual_seed(0)
    net = case.load()
    module = net.torch().eval()
    x = torch.randn(case.shape)
    with torch.no_grad():
        return Live(net, module, x, module(x))


@pytest.fixture(autouse=True)
def no_gradients() -> Any:
    with torch.no_grad():
        yield


def test_a_state_dict_goes_round(live: Live, tmp_path: Path) -> None:
    torch.save(live.module.state_dict(), tmp_path / "weights.pt")
    other = live.net.torch().eval()
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert torch.equal(other(live.x), live.y)


def test_safetensors_go_round(live: Live, tmp_path: Path) -> None:
    files = pytest.importorskip("safetensors.torch")
    files.save_file(live.module.state_dict(), tmp_path / "weights.safetensors")
    other = live.net.torch().eval()
    files.load_model(other, tmp_path / "weights.safetensors")
    assert torch.equal(other(live.x), live.y)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_a_copy_stands_alone(live: Live, copied: Callable[[Any], Any]) -> None:
    other = copied(live.module)
    assert type(other) is type(live.module)
    assert torch.equal(other(live.x), live.y)
    for parameter in other.parameters():
        parameter.zero_()
    assert torch.equal(live.module(live.x), live.y)


ELSEWHERE = """
import pickle, sys, torch
module, part, x, y, outputs = torch.load(sys.argv[1], weights_only=False)
assert torch.allclose(module(x), y, atol=1e-6)
assert type(module.layer2[0]) is type(part)
assert type(pickle.loads(pickle.dumps(outputs))) is type(outputs) and outputs._fields == ("left", "right")
"""

TWO = """network two {
    input x: [N, 4]
    output left = tanh
    output right = linear(2)
}"""


@pytest.fixture(scope="module")
def pickled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module, a part of it, an input, its output, and a named tuple of outputs, in one file."""
    path = tmp_path_factory.mktemp("pickled") / "module.pt"
    live = of(CASES["resnet"])
    outputs = archdsl.loads(TWO).torch()(torch.zeros(1, 4))
    torch.save((live.module, live.module.layer2[0], live.x, live.y, outputs), path)
    return path


def test_a_pickle_opens_in_another_process(pickled: Path) -> None:
    run = subprocess.run([sys.executable, "-c", ELSEWHERE, pickled], cwd=ROOT, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()


def test_a_pickle_is_code_and_torch_treats_it_so(pickled: Path) -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"archdsl\.backends.torch\.module"):
        torch.load(pickled, weights_only=True)


def test_a_pickle_holds_the_source_once() -> None:
    module = CASES["resnet"].load().torch()
    assert pickle.dumps(module).count(b"class ResNet18(nn.Module)") == 1


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_torch_compile_finds_no_graph_break(live: Live, mode: str) -> None:
    module = copy.deepcopy(live.module).train(mode == "train")
    torch.manual_seed(0)
    expected = module(live.x)
    other = torch.compile(copy.deepcopy(module), fullgraph=True, backend="eager")
    torch.manual_seed(0)
    assert torch.allclose(other(live.x), expected, atol=1e-5)
    torch.compiler.reset()


def test_torch_compile_with_its_own_compiler() -> None:
    live = of(CASES["lenet"])
    if not shutil.which("g++"):
        pytest.skip("inductor needs a compiler for C++")
    assert torch.allclose(torch.compile(live.module, fullgraph=True)(live.x), live.y, atol=1e-5)
    torch.compiler.reset()


def other_sizes(net: archdsl.Network) -> tuple[Any, ...]:
    """Inputs of other sizes than those of the case: for each symbol a small one that it may be."""
    found = ranges(net.graph)
    sizes = {name: size.at_least(40) if name != "N" else 3 for name, size in found.items() if size}
    return tuple(torch.randn([substitute(dim, sizes) for dim in entry.shape.dims]) for entry in net.graph.inputs)


def test_torch_export_keeps_every_size_that_the_spec_leaves_free(live: Live) -> None:
    program = torch.export.export(live.module, (live.x,), dynamic_shapes=live.net.dynamic_shapes())
    for inputs in ((live.x,), (live.x[:1],), other_sizes(live.net)):
        assert torch.allclose(program.module()(*inputs), live.module(*inputs), atol=1e-5)
    free = {str(dim) for entry in live.net.graph.inputs for dim in entry.shape.dims if not isinstance(dim, int)}
    assert len(program.range_constraints) >= len(free)


def test_a_size_that_the_network_does_not_accept_is_refused_by_the_exported_program() -> None:
    live = of(CASES["unet"])
    program = torch.export.export(live.module, (live.x,), dynamic_shapes=live.net.dynamic_shapes())
    with pytest.raises((RuntimeError, AssertionError)):
        program.module()(torch.randn(1, 1, 18, 32))


@pytest.mark.parametrize("name", ["lenet", "unet"])
@pytest.mark.filterwarnings("ignore")
def test_onnx_runtime_computes_the_same(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    live = of(CASES[name])
    path = str(tmp_path / "net.onnx")
    sizes = live.net.dynamic_shapes()
    torch.onnx.export(live.module, (live.x,), path, dynamo=True, dynamic_shapes=sizes, verbose=False)
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for x in (live.x, *other_sizes(live.net)):
        (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
        assert torch.allclose(torch.from_numpy(found), live.module(x), atol=1e-5)


@pytest.mark.filterwarnings("ignore")  # tracing takes the checks of the input for what they are: Python
def test_torch_jit_trace(live: Live) -> None:
    traced = torch.jit.trace(live.module, live.x)
    assert torch.equal(traced(live.x), live.y)


def test_autocast_to_bfloat16(live: Live) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        found = live.module(live.x)
    assert found.dtype == torch.bfloat16
    assert (found.float() - live.y).abs().max() <= 0.05 * live.y.abs().max()


def test_channels_last(live: Live) -> None:
    if len(live.x.shape) != 4:
        pytest.skip("no images")
    module = copy.deepcopy(live.module).to(memory_format=torch.channels_last)
    x = live.x.contiguous(memory_format=torch.channels_last)
    assert torch.allclose(module(x), live.y, atol=1e-5)


def test_functional_call(live: Live) -> None:
    weights = {name: torch.zeros_like(tensor) for name, tensor in live.module.state_dict().items()}
    zero = torch.func.functional_call(live.module, weights, (live.x,))
    assert not torch.equal(zero, live.y)
    same = torch.func.functional_call(live.module, dict(live.module.state_dict()), (live.x,))
    assert torch.equal(same, live.y)


def test_per_sample_gradients_by_vmap() -> None:
    live = of(CASES["lenet"])
    weights = dict(live.module.named_parameters())

    def loss(weights: Any, x: Any) -> Any:
        return torch.func.functional_call(live.module, weights, (x[None],)).square().sum()

    with torch.enable_grad():
        each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(weights, live.x)
        live.module(live.x).square().sum().backward()
    for name, parameter in live.module.named_parameters():
        assert torch.allclose(each[name].sum(0), parameter.grad, atol=1e-5)


def test_construction_on_the_meta_device(live: Live) -> None:
    with torch.device("meta"):
        module = live.net.torch()
    assert all(tensor.is_meta for tensor in module.state_dict().values())
    module = module.to_empty(device="cpu").eval()
    module.load_state_dict(live.module.state_dict())
    assert torch.equal(module(live.x), live.y)
