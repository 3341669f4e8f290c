"""Blocks that run again in the backward pass: the same training, with less kept for it."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner
from support.places import ROOT

import archdsl
from archdsl.cli import main

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

from torch.multiprocessing.reductions import StorageWeakRef  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

DROPPING = """
block unit(width) { linear(width) -> batch_norm -> relu -> dropout(0.5) }
network Dropping { input x: [N, 16]
    repeat 4 { unit(16) }
    head = linear(2) }
"""


def resnet() -> archdsl.Network:
    return archdsl.load(ROOT / "specs/resnet.arch:ResNet18", channels=8, classes=10)


def unet() -> archdsl.Network:
    return archdsl.load(ROOT / "specs/unet.arch:UNet", depth=2, channels=8)


CASES = {
    "resnet": (resnet, ["basic"], (4, 3, 64, 64)),
    "unet": (unet, ["double_conv", "level"], (2, 1, 32, 32)),
    "dropping": (lambda: archdsl.loads(DROPPING), ["unit"], (8, 16)),
}


class Kept(TorchDispatchMode):
    """The memory that a stretch of a program has made and still holds at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.storages: dict[int, tuple[Any, int]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in torch.utils._pytree.tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                self.storages[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
        return result

    @property
    def bytes(self) -> int:
        return sum(size for storage, size in self.storages.values() if not storage.expired())


def step(module: Any, x: Any) -> tuple[int, list[Any], dict[str, Any]]:
    """One step of training: the memory that its backward pass waits for, its gradients, and the state after it."""
    torch.manual_seed(1)
    with Kept() as kept:
        loss = module(x).square().mean()
        memory = kept.bytes
    loss.backward()
    return memory, [parameter.grad for parameter in module.parameters()], module.state_dict()


@pytest.mark.parametrize("name", CASES)
def test_training_is_the_same_with_less_memory(name: str) -> None:
    load, blocks, shape = CASES[name]
    net = load()
    torch.manual_seed(0)
    plain, saving = net.torch(), net.torch(checkpoint=blocks)
    saving.load_state_dict(plain.state_dict())
    x = torch.randn(shape)
    memory, gradients, state = step(plain, x)
    less, same_gradients, same_state = step(saving, x)
    assert [*state] == [*same_state]
    assert all(torch.equal(a, b) for a, b in zip(gradients, same_gradients, strict=True))
    assert all(torch.equal(state[key], same_state[key]) for key in state), "running statistics are counted once"
    assert less < 0.7 * memory


def test_momentum_and_counters_are_as_they_were_after_the_backward_pass() -> None:
    module = resnet().torch(checkpoint=["basic"])
    for _ in range(2):
        module(torch.randn(2, 3, 32, 32)).sum().backward()
    norm = module.layer1[0].bn1
    assert (norm.momentum, int(norm.num_batches_tracked)) == (0.1, 2)


@pytest.mark.filterwarnings("ignore")
def test_it_compiles_without_a_graph_break() -> None:
    net = resnet()
    plain, saving = net.torch(), net.torch(checkpoint=["basic"])
    saving.load_state_dict(plain.state_dict())
    x = torch.randn(4, 3, 64, 64)
    _, gradients, state = step(plain, x)
    torch.compile(saving, fullgraph=True, backend="aot_eager")(x).square().mean().backward()
    for before, parameter in zip(gradients, saving.parameters(), strict=True):
        assert torch.allclose(before, parameter.grad, atol=1e-5)
    assert all(torch.allclose(state[key], tensor, atol=1e-5) for key, tensor in saving.state_dict().items())
    torch.compiler.reset()


def test_evaluation_keeps_to_the_plain_path() -> None:
    module = resnet().torch(checkpoint=["basic"]).eval()
    x = torch.randn(2, 3, 64, 64)
    assert torch.allclose(torch.export.export(module, (x,)).module()(x), module(x), atol=1e-5)


def test_the_command_line_writes_it() -> None:
    target = str(ROOT / "specs/resnet.arch:ResNet18")
    run = CliRunner().invoke(main, ["compile", target, "--backend", "torch", "--checkpoint", "basic"])
    assert run.exit_code == 0
    assert run.output == archdsl.load(target).torch_source(checkpoint=["basic"])
    assert run.output.count("    @checkpointed\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["torch", "--checkpoint", "basci"], "ResNet18 has no block basci; did you mean basic?"),
        (["torch", "--checkpoint", "layer1"], "its blocks are basic"),
        (["numpy", "--checkpoint", "basic"], "for torch alone"),
    ],
)
def test_a_block_that_is_not_there_is_told(words: list[str], message: str) -> None:
    run = CliRunner().invoke(main, ["compile", str(ROOT / "specs/resnet.arch:ResNet18"), "--backend", *words])
    assert run.exit_code == 2
    assert message in run.output
