"""`archdsl bench`: where the time of a network goes."""

from __future__ import annotations

import click

from archdsl.cli import completing
from archdsl.cli.complaints import complaining
from archdsl.cli.documents import document
from archdsl.cli.group import Misuse
from archdsl.cli.options import inputs_of_a_check
from archdsl.cli.progress import elapsed
from archdsl.cli.reading import one_network


@click.command()
@click.argument("target", shell_complete=completing.targets)
@click.option("--backend", type=click.Choice(["numpy", "torch"]), default="numpy", help="What runs the network.")
@click.option("--runs", type=click.IntRange(min=1, max=10_000), default=10, help="Passes to take the median of.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="A table, or data.")
@inputs_of_a_check
def bench(
    target: str,
    backend: str,
    runs: int,
    form: str,
    settings: dict[str, str],
    sizes: dict[str, tuple[int, ...]],
    color: str,
) -> None:
    """Time a network layer by layer, beside what the machine could do.

    GFLOP/s count a multiply-add as two operations. The floor is the time that a plain matrix product, measured in the
    same process, would need for as many. The batch is 1 unless --input gives another; weights are drawn at random.

    \b
    Example:
      archdsl bench specs/resnet.arch:ResNet18 --input 1x3x224x224
      archdsl bench specs/lenet.arch:LeNet --backend torch --format json
    """
    network = one_network(target, settings, sizes, color)
    try:
        with complaining(color), elapsed(f"timing {network.name}"):
            measured = network.bench(backend, runs)
    except ModuleNotFoundError as missing:
        raise Misuse(f"the backend {backend} needs {missing.name}: pip install 'archdsl[{backend}]'") from missing
    except ValueError as wrong:
        raise Misuse(f"{wrong}; give them with --input") from wrong
    if form == "json":
        click.echo(document(measured.json()))
    else:
        click.echo(measured.text())
