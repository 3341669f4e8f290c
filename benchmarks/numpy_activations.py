"""A small convolution network on NumPy with one activation or another, and with steps that have no fast kernel.

    python benchmarks/numpy_activations.py      # a minute or two

All networks run in one process and take turns, so that a machine that is busy for a while is so for all of them. Shown
is the time of each beside that of the network with `tanh`, the median of all rounds. Writes
`benchmarks/results/numpy_activations.md`.
"""

from __future__ import annotations

import time
from statistics import median

from processes import RESULTS

BATCHES = (1, 16)
ROUNDS = 40
USUAL = "tanh"
ACTIVATIONS = (
    *("tanh", "relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "gelu", "silu", "mish", "sigmoid", "softplus"),
    *("hardswish", "hardsigmoid"),
)
BEFORE = {"leaky_relu": 1.23, "prelu": 1.29, "elu": 2.99, "selu": 2.82, "mish": 6.27, "softplus": 4.81}
"""The same for 16 images, measured when these ran by their reference kernels and took the whole network with them."""
STEPS = ("group_norm(4)", "instance_norm", "channel_shuffle(4)", "scale", "random_flip", "softmax(axis=2)")
"""Others that run by their reference kernels, or do nothing in evaluation: behind the first tanh."""


def network(activation: str, step: str = "") -> str:
    """Three convolutions, two pools and two linear layers on images of 32×32."""
    return f"""
    network Small {{
        input image: [N, 3, 32, 32]
        conv(32, kernel=3, padding=1) -> {activation} {f"-> {step}" if step else ""}
        max_pool(2) -> conv(64, kernel=3, padding=1) -> {activation}
        max_pool(2) -> conv(64, kernel=3, padding=1) -> {activation}
        flatten -> linear(128) -> {activation} -> linear(10)
    }}"""


def main() -> None:
    """Measure, and write the table."""
    import archdsl

    texts = {name: network(name) for name in ACTIVATIONS} | {f"tanh, {step}": network(USUAL, step) for step in STEPS}
    programs = {name: archdsl.loads(text).numpy(seed=0) for name, text in texts.items()}
    import numpy as np

    rng = np.random.default_rng(0)
    found: dict[int, dict[str, float]] = {}
    for batch in BATCHES:
        image = rng.standard_normal((batch, 3, 32, 32)).astype(np.float32)
        ratios: dict[str, list[float]] = {name: [] for name in programs}
        for program in programs.values():
            program(image)
        for _ in range(ROUNDS):
            times = {}
            for name, program in programs.items():
                program(image)
                start = time.perf_counter()
                program(image)
                times[name] = time.perf_counter() - start
            for name, seconds in times.items():
                ratios[name].append(seconds / times[USUAL])
        found[batch] = {name: median(values) for name, values in ratios.items()}
    threads = next(iter(programs.values())).engine.pool.size
    lines = [
        "# Activations on NumPy",
        "",
        f"`python benchmarks/numpy_activations.py`, {threads} threads, one process, all networks in turns: the time of",
        f"a small convolution network with each activation, beside the same with `{USUAL}`; median of {ROUNDS} rounds.",
        f"Below them the network with `{USUAL}` and one more step. The last column is from before all activations were",
        "fast.",
        "",
        "| network | "
        + " | ".join(f"{batch} image{'s' * (batch > 1)}" for batch in BATCHES)
        + " | before, 16 images |",
        "|---|" + "---|" * (len(BATCHES) + 1),
        *(
            f"| {name} | {' | '.join(f'{found[batch][name]:.2f}' for batch in BATCHES)} | {BEFORE.get(name, '')} |"
            for name in programs
        ),
        "",
    ]
    (RESULTS / "numpy_activations.md").write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
