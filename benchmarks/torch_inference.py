"""Inference of six public networks: emitted modules, plain and optimized, beside torchvision's and ONNX Runtime.

    python benchmarks/torch_inference.py            # about eight minutes
    python benchmarks/torch_inference.py --quick    # a minute; nothing is written

Images of 224×224, batches 1 and 8, one set of weights for all. Writes `results/torch_inference.md` and `.svg`. Needs
`archdsl[bench]`, and torchvision for the public definitions (see `public.py`).
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from public import Case, asked, public
from side_by_side import Engine, Measured, in_a_process, measure_starts, ratio
from tables import geometric_mean, measured_on, table, write_bars, write_page

THREADS = 2
BATCHES = (1, 8)
SIZE = 224
STARTS = 3
BUDGET = {1: 2.0, 8: 4.0}
"""Seconds for the rounds of each start."""

TOLERANCE = 1e-4

PUBLIC, PLAIN, OPTIMIZED, RUNTIME = "torchvision, eager", "archdsl", "archdsl, optimized", "ONNX Runtime"


def main() -> None:
    cases, quick, kept = asked(__doc__)
    found: dict[tuple[str, int], dict[str, Measured]] = {}
    for case in cases:
        for batch, measured in measure_case(case, quick).items():
            found[case.name, batch] = measured
            shown = ", ".join(f"{name} {one.milliseconds:.1f} ms" for name, one in measured.items())
            print(f"{case.name}, batch {batch}: {shown}", flush=True)
    lines = [line for batch in BATCHES for line in section(found, batch)]
    print("\n".join(lines))
    if kept:
        write(found, lines)


def measure_case(case: Case, quick: bool) -> dict[int, dict[str, Measured]]:
    """All engines on one network, batch by batch."""
    with tempfile.TemporaryDirectory() as folder:
        in_a_process(save, case, folder)
        makers = {name: partial(engine, case, folder) for name, engine in ENGINES.items()}
        budgets, starts = (dict.fromkeys(BATCHES, 0.0), 1) if quick else (BUDGET, STARTS)
        return measure_starts(makers, budgets, starts, partial(agree, case))


def agree(case: Case, outputs: dict[str, Any]) -> None:
    """All engines give the same, up to a share of the largest output."""
    wanted = outputs[PUBLIC]
    for name, found in outputs.items():
        error = abs(found - wanted).max() / max(1.0, abs(wanted).max())
        if not error <= TOLERANCE:
            sys.exit(f"{case.name}: {name} is {error:.1e} off")


def save(case: Case, folder: str) -> None:
    """Weights and an ONNX file of the public definition. Norms have seen one batch, so that they do something."""
    import torch

    module = public(case)
    with torch.no_grad():
        module(torch.randn(2, 3, SIZE, SIZE))
    module.eval()
    torch.save(module.state_dict(), f"{folder}/weights.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = torch.zeros(1, 3, SIZE, SIZE)
        axes = {"image": {0: "N"}}
        torch.onnx.export(
            module, (image,), f"{folder}/net.onnx", dynamo=False, input_names=["image"], dynamic_axes=axes
        )


def images(batch: int) -> Any:
    import torch

    return torch.randn(batch, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


def on_torch(make: Callable[[Case, Any], Any], case: Case, folder: str, batch: int) -> Callable[[], Any]:
    """An engine that runs a module."""
    import torch

    torch.set_num_threads(THREADS)
    module = make(case, torch.load(f"{folder}/weights.pt", mmap=True))
    x = images(batch)

    def run() -> Any:
        with torch.inference_mode():
            return module(x).numpy()

    return run


def from_torchvision(case: Case, weights: Any) -> Any:
    module = public(case)
    module.load_state_dict(weights)
    return module.eval()


def from_archdsl(case: Case, weights: Any) -> Any:
    import archdsl

    return archdsl.load(case.target).torch(state=weights).eval()


def optimized(case: Case, weights: Any) -> Any:
    import archdsl

    return archdsl.load(case.target).torch(optimize="inference", state=weights)


def on_runtime(case: Case, folder: str, batch: int) -> Callable[[], Any]:
    """ONNX Runtime on the exported public definition."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(f"{folder}/net.onnx", options, providers=["CPUExecutionProvider"])
    x = images(batch).numpy()
    return lambda: session.run(None, {"image": x})[0]


ENGINES: dict[str, Engine] = {
    PUBLIC: partial(on_torch, from_torchvision),
    PLAIN: partial(on_torch, from_archdsl),
    OPTIMIZED: partial(on_torch, optimized),
    RUNTIME: on_runtime,
}


def section(found: dict[tuple[str, int], dict[str, Measured]], batch: int) -> list[str]:
    """The tables of one batch."""
    header = [
        "network",
        *(f"{name}, ms" for name in ENGINES),
        "plain : public",
        "public : optimized",
        "optimized : ONNX",
    ]
    rows, ratios = [], []
    chosen = {name: measured for (name, size), measured in found.items() if size == batch}
    for name, measured in chosen.items():
        ratios.append(ratios_of(measured))
        times = [f"{measured[engine].milliseconds:.1f}" for engine in ENGINES]
        rows.append([name, *times, *(f"{value:.2f}" for value in ratios[-1])])
    means = [geometric_mean(column) for column in zip(*ratios, strict=True)]
    rows.append(["geometric mean", *("" for _ in ENGINES), *(f"{value:.2f}" for value in means)])
    memory = [[name, *(f"{one.mebibytes:.0f}" for one in measured.values())] for name, measured in chosen.items()]
    return [
        f"## Batch {batch}",
        "",
        *table(header, rows),
        "",
        "Peak memory of the process, MiB:",
        "",
        *table(["network", *ENGINES], memory),
        "",
    ]


def ratios_of(measured: dict[str, Measured]) -> tuple[float, float, float]:
    """Plain to public, public to optimized, optimized to ONNX Runtime."""
    return (
        ratio(measured[PLAIN], measured[PUBLIC]),
        ratio(measured[PUBLIC], measured[OPTIMIZED]),
        ratio(measured[OPTIMIZED], measured[RUNTIME]),
    )


def write(found: dict[tuple[str, int], dict[str, Measured]], lines: list[str]) -> None:
    top = [
        "# Inference of public networks",
        "",
        f"Images of {SIZE}×{SIZE}, float32, medians; ratios are medians over rounds in which the engines take turns,",
        f"each in a process of its own, started {STARTS} times.",
        measured_on(THREADS, "torch", "torchvision", "onnxruntime"),
        "",
        "![Speed beside torchvision's definition in eager mode](torch_inference.svg)",
        "",
    ]
    write_page("torch_inference", [*top, *lines[:-1]])
    panels = {
        f"batch {batch}": {
            name: {engine: ratio(measured[PUBLIC], measured[engine]) for engine in ENGINES}
            for (name, size), measured in found.items()
            if size == batch
        }
        for batch in BATCHES
    }
    write_bars("torch_inference", "Inference, beside torchvision's definition in eager mode", "times as fast", panels)


if __name__ == "__main__":
    main()
