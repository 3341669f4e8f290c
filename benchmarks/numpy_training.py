"""One step of training in NumPy beside the same step in eager PyTorch: forward, loss, backward, descent.

    python benchmarks/numpy_training.py

Needs torch and matplotlib (the bench extra). Writes `benchmarks/results/numpy_training.md` and `.png`. Both start from
the same weights and see the same batch. Each runs in a process of its own, with two threads; their steps alternate, so
that a machine that slows down slows both.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

from processes import RESULTS

THREADS = 2
RUNS = 15
CLASSES = 10
AIM = 2.0
"""The most that a step may take, with PyTorch's as 1."""


class Case(NamedTuple):
    """A network and the batch that it learns from."""

    target: str
    shape: tuple[int, ...]
    settings: dict[str, Any]


CASES = [
    Case("specs/lenet.arch:LeNet", (64, 1, 28, 28), {}),
    Case("specs/resnet.arch:ResNet18", (8, 3, 64, 64), {"classes": CLASSES}),
    Case("specs/densenet.arch:DenseNet121", (8, 3, 64, 64), {"classes": CLASSES}),
]


def main() -> None:
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(THREADS)
    rows, ratios = [], {}
    for case in CASES:
        seconds = alternate(case)
        ratio = median(mine / other for mine, other in seconds)
        mine, other = (median(pair[place] for pair in seconds) for place in (0, 1))
        name = case.target.partition(":")[2]
        shape = "×".join(map(str, case.shape))
        rows.append(f"| {name} | {shape} | {1000 * mine:.1f} | {1000 * other:.1f} | {ratio:.2f} |")
        ratios[name] = ratio
        print(rows[-1], flush=True)
    page = [
        "# A step of training",
        "",
        f"SGD with momentum on one batch; medians of {RUNS} alternating steps, {THREADS} threads each;",
        f"Python {platform.python_version()}, NumPy {version('numpy')}, PyTorch {version('torch')}.",
        "",
        "| network | batch | NumPy, ms | PyTorch, ms | NumPy / PyTorch |",
        "|---|---|--:|--:|--:|",
        *rows,
    ]
    (RESULTS / "numpy_training.md").write_text("\n".join(page) + "\n", encoding="utf-8")
    plot(ratios, RESULTS / "numpy_training.png")


def plot(ratios: dict[str, float], path: Path) -> None:
    """Ratios to PyTorch as bars, with the aim as a line."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panel = pyplot.subplots(figsize=(6, 3.2), layout="constrained")
    panel.bar(list(ratios), list(ratios.values()), 0.5)
    panel.axhline(AIM, color="black", linestyle="--", linewidth=1, label="aim")
    panel.axhline(1, color="gray", linewidth=0.5)
    panel.set_ylabel("time of a step, PyTorch = 1")
    panel.legend(frameon=False)
    figure.savefig(path, dpi=120, metadata={"Software": ""})


def alternate(case: Case) -> list[tuple[float, float]]:
    """Seconds of both, step by step, after two that warm up; their losses must go the same way."""
    context = multiprocessing.get_context("spawn")
    ends, workers = [], []
    for step in (numpy_step, torch_step):
        here, there = context.Pipe()
        workers.append(context.Process(target=work, args=(step, case, there), daemon=True))
        workers[-1].start()
        ends.append(here)
    seconds = []
    for run in range(RUNS + 2):
        answers: list[tuple[float, float]] = []
        for end in ends:
            end.send("step")
            answers.append(end.recv())
        (mine, loss), (other, wanted) = answers
        assert abs(loss - wanted) <= 0.02 * max(1.0, abs(wanted)), f"losses differ: {loss} and {wanted}"
        if run >= 2:
            seconds.append((mine, other))
    for end, worker in zip(ends, workers, strict=True):
        end.send("end")
        worker.join()
    return seconds


def work(make: Callable[[Case], Callable[[], float]], case: Case, parent: Connection) -> None:
    """Take a step whenever the parent asks for one; answer with its seconds and its loss."""
    step = make(case)
    while parent.recv() == "step":
        start = perf_counter()
        loss = step()
        parent.send((perf_counter() - start, loss))


def numpy_step(case: Case) -> Callable[[], float]:
    import archdsl
    from archdsl.training import SGD, cross_entropy

    program = archdsl.load(case.target, **case.settings).numpy(seed=0)
    images, labels = batch(case)
    descent = SGD(program.parameters(), rate=0.01, momentum=0.9)

    def step() -> float:
        loss, slope = cross_entropy(program(images, train=True), labels)
        descent.step(program.backward(slope))
        return loss

    return step


def torch_step(case: Case) -> Callable[[], float]:
    import torch

    import archdsl

    torch.set_num_threads(THREADS)
    net = archdsl.load(case.target, **case.settings)
    weights = net.numpy(seed=0).state_dict()
    module = net.torch().train()
    module.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    descent = torch.optim.SGD(module.parameters(), lr=0.01, momentum=0.9)
    images, labels = map(torch.from_numpy, batch(case))

    def step() -> float:
        descent.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(images), labels)
        loss.backward()
        descent.step()
        return loss.item()

    return step


def batch(case: Case) -> tuple[Any, Any]:
    import numpy as np

    rng = np.random.default_rng(0)
    return rng.random(case.shape, dtype=np.float32), rng.integers(0, CLASSES, case.shape[0])


if __name__ == "__main__":
    main()
