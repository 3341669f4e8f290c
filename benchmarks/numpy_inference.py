"""NumPy programs beside PyTorch and ONNX Runtime: six networks at 224×224, one image and eight.

    python benchmarks/numpy_inference.py            # all of it: below 8 minutes
    python benchmarks/numpy_inference.py --quick    # one round, few runs

Needs torch, onnxruntime, onnxscript and matplotlib (the bench extra). Every engine has a process of its own for each
network and batch, which gives its peak memory too. They take turns, round by round, and medians of the rounds' medians
are shown, so that a machine that is busy for a while is so for all of them. The floor is what the multiply-adds take at
the rate of a float32 matrix product, which is measured in every round as well. Writes
`benchmarks/results/numpy_inference.md`, `.json` and `.png`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from math import prod
from pathlib import Path
from statistics import median
from typing import Any

from processes import RESULTS

ROOT = Path(__file__).parents[1]
NETWORKS = {
    "AlexNet": "alexnet.arch:AlexNet",
    "VGG-16": "vgg.arch:VGG16",
    "GoogLeNet": "googlenet.arch:GoogLeNet",
    "ResNet-18": "resnet.arch:ResNet18",
    "ResNet-50": "resnet.arch:ResNet50",
    "DenseNet-121": "densenet.arch:DenseNet121",
}
THREADS = 2
EDGE = 2048
AIMS = "ratio to torch at most 1.0, at least 60 % of the floor on VGG-16 and ResNet-50, no more memory than torch"


def loaded(network: str) -> Any:
    """The network, checked."""
    import archdsl

    return archdsl.load(ROOT / "specs" / NETWORKS[network])


def run_of_numpy(network: str, batch: int, model: str) -> Callable[[], object]:
    """A program with first values; OpenBLAS' threads are limited by the environment."""
    program = loaded(network).numpy(seed=0)
    import numpy as np

    image = np.random.default_rng(0).standard_normal((batch, 3, 224, 224)).astype(np.float32)
    return lambda: program(image)


def run_of_emitted(network: str, batch: int, model: str) -> Callable[[], object]:
    """The file that `archdsl compile --backend numpy` wrote, which needs NumPy alone."""
    names: dict[str, Any] = {}
    exec(compile(Path(model).with_suffix(".py").read_text("utf-8"), "emitted.py", "exec"), names)
    import numpy as np

    net = names[NETWORKS[network].partition(":")[2]](seed=0)
    image = np.random.default_rng(0).standard_normal((batch, 3, 224, 224)).astype(np.float32)
    return lambda: net(image)


def run_of_torch(network: str, batch: int, model: str) -> Callable[[], object]:
    """The torch module as users run it."""
    return _torch(network, batch, "contiguous_format")


def run_of_channels_last(network: str, batch: int, model: str) -> Callable[[], object]:
    """The torch module with weights and images in channels-last order."""
    return _torch(network, batch, "channels_last")


def _torch(network: str, batch: int, form: str) -> Callable[[], object]:
    import torch

    torch.set_num_threads(THREADS)
    memory = getattr(torch, form)
    module = loaded(network).torch().eval().to(memory_format=memory)
    image = torch.randn(batch, 3, 224, 224).to(memory_format=memory)

    def run() -> object:
        with torch.inference_mode():
            return module(image)

    return run


def run_of_onnxruntime(network: str, batch: int, model: str) -> Callable[[], object]:
    """The exported model with all of ONNX Runtime's optimizations."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    image = np.random.default_rng(0).standard_normal((batch, 3, 224, 224)).astype(np.float32)
    return lambda: session.run(None, {name: image})


def run_of_floor(network: str, batch: int, model: str) -> Callable[[], object]:
    """One large matrix product."""
    loaded(network)  # chooses OpenBLAS' kernels, as programs do
    import numpy as np

    one, other = np.random.default_rng(0).random((2, EDGE, EDGE), dtype=np.float32)
    left = np.empty_like(one)
    return lambda: np.matmul(one, other, out=left)


ENGINES = {
    "NumPy": run_of_numpy,
    "emitted file": run_of_emitted,
    "torch": run_of_torch,
    "torch, channels last": run_of_channels_last,
    "ONNX Runtime": run_of_onnxruntime,
    "floor": run_of_floor,
}


def measure(engine: str, network: str, batch: int, model: str) -> None:
    """Be one engine: for each line of so many seconds, answer with the median of the runs that fit, and the peak."""
    run = ENGINES[engine](network, batch, model)
    run()
    run()
    print("ready", flush=True)
    for line in sys.stdin:
        times: list[float] = []
        run()  # finds its own data in the caches again
        end = time.perf_counter() + float(line)
        while not times or time.perf_counter() < end:
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        print(json.dumps({"seconds": median(times), "mebibytes": _peak()}), flush=True)


def _peak() -> float:
    """The most memory that this process ever had, without what it took over from the one that started it."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def prepare(network: str, batch: int, model: str) -> None:
    """Export a network for ONNX Runtime, and write its NumPy file."""
    import torch

    net = loaded(network)
    Path(model).with_suffix(".py").write_text(net.numpy_source(), "utf-8")
    torch.onnx.export(net.torch().eval(), (torch.randn(batch, 3, 224, 224),), model, dynamo=True, verbose=False)


@contextmanager
def child(*words: str) -> Iterator[subprocess.Popen[str]]:
    """A process of this script, which is to end with the block and without an error."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": str(THREADS)}
    command = [sys.executable, __file__, *words]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()
        if process.wait():
            raise SystemExit(f"{' '.join(words)} failed")


def answer(process: subprocess.Popen[str], question: str = "") -> str:
    """What a process says next, after a line that it is told, if any."""
    assert process.stdin
    assert process.stdout
    if question:
        print(question, file=process.stdin, flush=True)
    return process.stdout.readline()


def main() -> None:
    """Measure everything, or be one measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round, few runs; the results are not kept")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--prepare", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        engine, network, batch, model = asked.measure
        measure(engine, network, int(batch), model)
        return
    if asked.prepare:
        prepare(asked.prepare[0], int(asked.prepare[1]), asked.prepare[2])
        return
    engines = [engine for engine in ENGINES if engine in {*asked.engines, "NumPy", "torch", "floor"}]
    rounds, seconds = (1, "0.3") if asked.quick else (3, "0.5")
    rows = []
    for batch in asked.batches:
        for network in asked.networks:
            rows.append(_row(network, batch, engines, rounds, seconds))
    text = report(rows, engines)
    print(text)
    if not asked.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "numpy_inference.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
        (RESULTS / "numpy_inference.md").write_text(text, "utf-8")
        plot(rows, engines, RESULTS / "numpy_inference.png")


def _row(network: str, batch: int, engines: list[str], rounds: int, seconds: str) -> dict[str, Any]:
    """The medians of a network over the rounds, by engine."""
    with tempfile.TemporaryDirectory() as folder:
        model = str(Path(folder) / "model.onnx")
        if {"emitted file", "ONNX Runtime"} & {*engines}:
            with child("--prepare", network, str(batch), model):
                pass
        found: dict[str, list[dict[str, float]]] = {engine: [] for engine in engines}
        with ExitStack() as stack:
            processes = {}
            for engine in engines:
                processes[engine] = stack.enter_context(child("--measure", engine, network, str(batch), model))
                assert answer(processes[engine]) == "ready\n", f"{engine} does not run {network}"
            for turn in range(rounds):
                for engine in engines[turn % len(engines) :] + engines[: turn % len(engines)]:
                    found[engine].append(json.loads(answer(processes[engine], seconds)))
    print(f"{network}, batch {batch}", file=sys.stderr)
    macs = _macs(network) * batch
    return {
        "network": network,
        "batch": batch,
        "macs": macs,
        "ms": {engine: 1000 * median(one["seconds"] for one in ones) for engine, ones in found.items()},
        "mebibytes": {engine: max(one["mebibytes"] for one in ones) for engine, ones in found.items()},
        "gflops": 2 * EDGE**3 / median(one["seconds"] for one in found["floor"]) / 1e9,
    }


def _macs(network: str) -> int:
    """The multiply-adds of a network for one image."""
    return int(loaded(network).summary(image=(1, 3, 224, 224)).macs)


def floor_of(row: dict[str, Any]) -> float:
    """The milliseconds that the multiply-adds take at the rate of a matrix product."""
    return 2 * float(row["macs"]) / row["gflops"] / 1e6


def report(rows: list[dict[str, Any]], engines: list[str]) -> str:
    """The results as Markdown."""
    shown = [engine for engine in engines if engine != "floor"]
    lines = [
        "# NumPy programs beside PyTorch and ONNX Runtime",
        "",
        f"Milliseconds a batch of 224×224 images, {THREADS} threads each, medians; made by",
        f"`benchmarks/numpy_inference.py` on {_machine()}. The floor is what the multiply-adds take at the",
        "rate of a matrix product of NumPy; 3×3 convolutions by tiles need fewer, so that more than 100 % of it can be",
        f"reached. Aims: {AIMS}.",
        "",
        f"| network | batch | {' | '.join(shown)} | floor | share of floor | NumPy / torch |",
        f"|---|---|{'---|' * len(shown)}---|---|---|",
    ]
    for row in rows:
        times = " | ".join(f"{row['ms'][engine]:.1f}" for engine in shown)
        share, ratio = floor_of(row) / row["ms"]["NumPy"], row["ms"]["NumPy"] / row["ms"]["torch"]
        name = f"{row['network']} | {row['batch']}"
        lines.append(f"| {name} | {times} | {floor_of(row):.1f} | {share:.0%} | {ratio:.2f} |")
    lines += ["", "Geometric means of NumPy's time over that of others:", ""]
    others = [engine for engine in shown if engine != "NumPy"]
    lines += [f"| batch | {' | '.join(others)} |", f"|---|{'---|' * len(others)}"]
    for batch in dict.fromkeys(row["batch"] for row in rows):
        means = (
            _mean([row["ms"]["NumPy"] / row["ms"][other] for row in rows if row["batch"] == batch]) for other in others
        )
        lines.append(f"| {batch} | {' | '.join(f'{mean:.2f}' for mean in means)} |")
    lines += ["", "Peak memory of the whole process, MiB:", ""]
    lines += [f"| network | batch | {' | '.join(shown)} |", f"|---|---|{'---|' * len(shown)}"]
    for row in rows:
        sizes = " | ".join(f"{row['mebibytes'][engine]:.0f}" for engine in shown)
        lines.append(f"| {row['network']} | {row['batch']} | {sizes} |")
    return "\n".join([*lines, ""])


def _mean(numbers: list[float]) -> float:
    """The geometric mean."""
    return float(prod(numbers) ** (1 / len(numbers)))


def _machine() -> str:
    facts = Path("/proc/cpuinfo").read_text("utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    name = next((line.partition(":")[2].strip() for line in facts if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores of {name}"


def plot(rows: list[dict[str, Any]], engines: list[str], path: Path) -> None:
    """Times as bars, torch's being 1."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = [engine for engine in engines if engine not in ("floor", "emitted file")]
    batches = list(dict.fromkeys(row["batch"] for row in rows))
    figure, panels = pyplot.subplots(len(batches), 1, figsize=(9, 3.2 * len(batches)), squeeze=False, sharex=True)
    for panel, batch in zip(panels[:, 0], batches, strict=True):
        some = [row for row in rows if row["batch"] == batch]
        width = 0.8 / len(shown)
        for place, engine in enumerate(shown):
            xs = [index + (place - (len(shown) - 1) / 2) * width for index in range(len(some))]
            panel.bar(xs, [row["ms"][engine] / row["ms"]["torch"] for row in some], width, label=engine)
        for index, row in enumerate(some):
            at = floor_of(row) / row["ms"]["torch"]
            panel.plot([index - 0.4, index + 0.4], [at, at], "k--", lw=1, label="floor" if not index else None)
        panel.axhline(1, color="gray", lw=0.5)
        panel.set_xticks(range(len(some)), [row["network"] for row in some])
        panel.set_ylabel("time, torch = 1")
        panel.set_title(f"batch {batch}")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.set_layout_engine("constrained")
    figure.savefig(path, dpi=120, metadata={"Software": ""})


if __name__ == "__main__":
    main()
