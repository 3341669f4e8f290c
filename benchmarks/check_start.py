"""How long `archdsl check` takes as a fresh process, beside what it cannot do without, and beside importing torch.

    python benchmarks/check_start.py

Writes `benchmarks/results/check_start.md`. All figures are medians from one run on one machine.
"""

from __future__ import annotations

import platform
import sys

from processes import RESULTS, typical

PYTHON = sys.executable
COMMANDS = {
    "starting Python": [PYTHON, "-c", "pass"],
    "importing lark": [PYTHON, "-c", "import lark"],
    "importing click": [PYTHON, "-c", "import click"],
    "importing numpy": [PYTHON, "-c", "import numpy"],
    "importing torch": [PYTHON, "-c", "import torch"],
    "archdsl check specs/lenet.arch": [PYTHON, "-m", "archdsl", "check", "specs/lenet.arch"],
    "archdsl check specs/resnet.arch:ResNet152": [PYTHON, "-m", "archdsl", "check", "specs/resnet.arch:ResNet152"],
}


def main() -> None:
    costs = {what: typical(command, runs=15) for what, command in COMMANDS.items()}
    ours = costs["archdsl check specs/lenet.arch"].seconds
    rows = [
        f"| {what} | {1000 * cost.seconds:.0f} | {cost.mebibytes:.0f} | {cost.seconds / ours:.2f} |"
        for what, cost in costs.items()
    ]
    page = [
        "# Starting a check",
        "",
        f"Whole processes, medians of 15 runs; Python {platform.python_version()} on {platform.machine()}.",
        "",
        "| what | ms | MiB | times the check of LeNet |",
        "|---|---|---|---|",
        *rows,
        "",
    ]
    (RESULTS / "check_start.md").write_text("\n".join(page), encoding="utf-8")
    print("\n".join(page))


if __name__ == "__main__":
    main()
