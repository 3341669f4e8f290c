"""`archdsl compile`: write a network as a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from archdsl.cli import completing
from archdsl.cli.complaints import complaining
from archdsl.cli.group import Misuse
from archdsl.cli.options import inputs_of_a_check
from archdsl.cli.reading import one_network
from archdsl.cli.writing import write_file

if TYPE_CHECKING:
    from archdsl.compiler import Network


@click.command()
@click.argument("target", shell_complete=completing.targets)
@click.option("--backend", type=click.Choice(["torch", "numpy"]), required=True, help="What the program runs on.")
@click.option("-o", "--output", metavar="FILE", help="Write the program here, whole or not at all.")
@click.option("--train", is_flag=True, help="Put losses and optimisers into a NumPy program.")
@click.option("--checkpoint", multiple=True, metavar="BLOCK", help="A block to run again in the backward pass (torch).")
@click.option("--optimize", type=click.Choice(["inference"]), help="Make a trained network run faster (torch).")
@inputs_of_a_check
def compile(
    target: str,
    backend: str,
    output: str | None,
    train: bool,
    checkpoint: tuple[str, ...],
    optimize: Literal["inference"] | None,
    settings: dict[str, str],
    sizes: dict[str, tuple[int, ...]],
    color: str,
) -> None:
    """Write a network as a program.

    \b
    Example:
      archdsl compile specs/lenet.arch:LeNet --backend torch -o lenet.py
      archdsl compile specs/lenet.arch:LeNet --backend torch --optimize inference
      archdsl compile specs/lenet.arch:LeNet --backend numpy --train
    """
    if train and backend != "numpy":
        raise Misuse("--train is for NumPy programs; PyTorch brings its own losses and optimisers")
    if optimize and backend != "torch":
        raise Misuse("--optimize is for torch alone")
    if optimize and checkpoint:
        raise Misuse("--checkpoint is for training, and --optimize inference for a network that has been trained")
    network = one_network(target, settings, sizes, color)
    if checkpoint:
        _hold_checkpoints(network, checkpoint, backend)
    with complaining(color):
        if backend == "torch":
            text = network.torch_source(checkpoint=checkpoint, optimize=optimize)
        else:
            text = network.numpy_source(train)
    write_file(output, text, network)


def _hold_checkpoints(network: Network, blocks: tuple[str, ...], backend: str) -> None:
    from archdsl.backends.torch.checkpointing import known_blocks

    if backend != "torch":
        raise Misuse("--checkpoint is for torch alone")
    try:
        known_blocks(network.graph, blocks)
    except ValueError as error:
        raise Misuse(f"--checkpoint: {error}") from error
