"""Checking ResNet-152 beside building it in torch and beside ONNX; and how checking grows with the number of layers.

    python benchmarks/check_speed.py

Needs torch and onnx (the test extra). Writes `benchmarks/results/check_speed.md`.
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path

import onnx
from processes import RESULTS, Cost, typical

PYTHON = sys.executable
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / "light_resnet50.onnx"

META = """
import sys
sys.path.insert(0, sys.argv[1])
import torch
from resnet152 import ResNet152
with torch.device("meta"):
    ResNet152()(torch.empty(1, 3, 224, 224))
"""
INFER = "import onnx, sys; onnx.shape_inference.infer_shapes(onnx.load(sys.argv[1]), strict_mode=True)"
MANY = """
import sys, archdsl
report = archdsl.check(sys.stdin.read(), limits={"stages": 10 ** 8, "layers": 10 ** 8})
assert report.ok
"""


def layers(count: int) -> str:
    """A network of that many layers, none like the one before it, so that each is expanded by itself."""
    stages = "conv(8 + i % 2, kernel=3, padding=1) -> relu"
    return f"network t {{\n    input x: [N, 8, H, W]\n    repeat i in {count // 2} {{ {stages} }}\n}}\n"


def slope(costs: dict[int, float]) -> float:
    """The exponent p of the power law time = c · layers^p that fits best in the logarithms."""
    points = [(math.log(count), math.log(seconds)) for count, seconds in costs.items()]
    x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        import archdsl

        source = archdsl.load("specs/resnet.arch:ResNet152").torch_source()
        Path(folder, "resnet152.py").write_text(source, encoding="utf-8")
        costs = {
            "`archdsl check specs/resnet.arch:ResNet152`": typical(
                [PYTHON, "-m", "archdsl", "check", "specs/resnet.arch:ResNet152"], runs=9
            ),
            "building ResNet-152 in torch and running it on the meta device": typical([PYTHON, "-c", META, folder]),
            "ONNX shape inference of a binary ResNet-50": typical([PYTHON, "-c", INFER, str(LIGHT)], runs=9),
        }
    ours = next(iter(costs.values())).seconds
    sizes = [1_000, 10_000, 100_000, 1_000_000]
    grown: dict[int, Cost] = {n: typical([PYTHON, "-c", MANY], layers(n), runs=3 if n < 10**6 else 1) for n in sizes}
    empty = typical([PYTHON, "-c", MANY], layers(2))
    net = {n: cost.seconds - empty.seconds for n, cost in grown.items()}
    per_layer = (grown[sizes[-1]].mebibytes - empty.mebibytes) * 2**20 / sizes[-1]
    page = [
        "# The speed of checking",
        "",
        "Whole processes, medians of several runs on one machine, in one run of the script.",
        "",
        "| what | ms | MiB | times ours |",
        "|---|---|---|---|",
        *(f"| {k} | {1000 * c.seconds:.0f} | {c.mebibytes:.0f} | {c.seconds / ours:.1f} |" for k, c in costs.items()),
        "",
        f"Networks of separate layers: time grows with the {slope(net):.2f}th power of their number, and a layer takes "
        f"{per_layer:.0f} bytes.",
        "",
        "| layers | s, without starting | MiB |",
        "|---|---|---|",
        *(f"| {n:,} | {net[n]:.2f} | {cost.mebibytes:.0f} |" for n, cost in grown.items()),
        "",
    ]
    (RESULTS / "check_speed.md").write_text("\n".join(page), encoding="utf-8")
    print("\n".join(page))


if __name__ == "__main__":
    main()
