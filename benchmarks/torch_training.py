"""A training step of six public networks: the emitted module beside torchvision's.

    python benchmarks/torch_training.py            # about nine minutes
    python benchmarks/torch_training.py --quick    # a minute and a half; nothing is written

Forward, cross entropy, backward and SGD with momentum on images of 224×224, batches 1 and 8, from the same weights.
Writes `results/torch_training.md` and `.svg`. Needs `archdsl[bench]`, and torchvision (see `public.py`).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any

from public import Case, asked, public
from side_by_side import Measured, in_a_process, measure_starts, ratio
from tables import geometric_mean, measured_on, table, write_bars, write_page

THREADS = 2
BATCHES = (1, 8)
SIZE = 224
CLASSES = 1000
STARTS = 3
BUDGET = {1: 2.0, 8: 6.0}
"""Seconds for the rounds of each start."""

TOLERANCE = 0.1
"""How far the first losses may be apart, as a share: dropout draws its own numbers on each side."""

PUBLIC, PLAIN = "torchvision", "archdsl"


def main() -> None:
    cases, quick, kept = asked(__doc__)
    found: dict[tuple[str, int], dict[str, Measured]] = {}
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            in_a_process(save, case, folder)
            makers = {name: partial(step, make, case, folder) for name, make in MAKERS.items()}
            budgets, starts = (dict.fromkeys(BATCHES, 0.0), 1) if quick else (BUDGET, STARTS)
            for batch, measured in measure_starts(makers, budgets, starts, partial(agree, case)).items():
                found[case.name, batch] = measured
                shown = ", ".join(f"{name} {one.milliseconds:.1f} ms" for name, one in measured.items())
                print(f"{case.name}, batch {batch}: {shown}", flush=True)
    lines = [line for batch in BATCHES for line in section(found, batch)]
    print("\n".join(lines))
    if kept:
        write(found, lines)


def agree(case: Case, losses: dict[str, Any]) -> None:
    """Both engines begin with the same loss, but for dropout."""
    if abs(losses[PUBLIC] - losses[PLAIN]) > TOLERANCE * abs(losses[PUBLIC]):
        sys.exit(f"{case.name}: the losses are {losses}")


def save(case: Case, folder: str) -> None:
    """Write the weights that both start from."""
    import torch

    torch.save(public(case).state_dict(), f"{folder}/weights.pt")


def step(make: Callable[[Case], Any], case: Case, folder: str, batch: int) -> Callable[[], float]:
    """An engine that takes a step on a batch, always the same one."""
    import torch

    torch.set_num_threads(THREADS)
    module = make(case).train()
    module.load_state_dict(torch.load(f"{folder}/weights.pt", mmap=True))
    descent = torch.optim.SGD(module.parameters(), lr=1e-4, momentum=0.9)
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(batch, 3, SIZE, SIZE, generator=generator)
    labels = torch.randint(0, CLASSES, (batch,), generator=generator)

    def run() -> float:
        descent.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(images), labels)
        loss.backward()
        descent.step()
        return loss.item()

    return run


def from_archdsl(case: Case) -> Any:
    import archdsl

    return archdsl.load(case.target).torch()


MAKERS: dict[str, Callable[[Case], Any]] = {PUBLIC: public, PLAIN: from_archdsl}


def section(found: dict[tuple[str, int], dict[str, Measured]], batch: int) -> list[str]:
    """The table of one batch."""
    rows, ratios = [], []
    for (name, size), measured in found.items():
        if size == batch:
            ratios.append(ratio(measured[PLAIN], measured[PUBLIC]))
            times = [f"{measured[engine].milliseconds:.1f}" for engine in MAKERS]
            memory = [f"{measured[engine].mebibytes:.0f}" for engine in MAKERS]
            rows.append([name, *times, f"{ratios[-1]:.2f}", *memory])
    rows.append(["geometric mean", "", "", f"{geometric_mean(ratios):.2f}", "", ""])
    header = ["network", *(f"{name}, ms" for name in MAKERS), "archdsl : torchvision"]
    return [f"## Batch {batch}", "", *table([*header, *(f"{name}, peak MiB" for name in MAKERS)], rows), ""]


def write(found: dict[tuple[str, int], dict[str, Measured]], lines: list[str]) -> None:
    top = [
        "# A training step of public networks",
        "",
        f"Images of {SIZE}×{SIZE}, float32, eager mode: forward, cross entropy, backward, SGD with momentum; medians.",
        "Ratios are medians over rounds in which the two take turns, each in a process of its own, started",
        f"{STARTS} times.",
        measured_on(THREADS, "torch", "torchvision"),
        "",
        "![Time beside torchvision's definition](torch_training.svg)",
        "",
    ]
    write_page("torch_training", [*top, *lines[:-1]])
    panels = {
        f"batch {batch}": {
            name: {engine: ratio(measured[engine], measured[PUBLIC]) for engine in MAKERS}
            for (name, size), measured in found.items()
            if size == batch
        }
        for batch in BATCHES
    }
    write_bars("torch_training", "A training step, beside torchvision's definition", "times as long", panels)


if __name__ == "__main__":
    main()
