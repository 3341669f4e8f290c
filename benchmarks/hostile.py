"""What hostile specs cost: time and memory of a fresh process that checks each, and the slowest of them.

    python benchmarks/hostile.py

Writes `benchmarks/results/hostile.md`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from processes import RESULTS, typical

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.hostile_specs import TEXTS

COMMAND = [sys.executable, "-c", "import sys, archdsl; archdsl.check(sys.stdin.read())"]


def main() -> None:
    costs = {name: typical(COMMAND, text, runs=3) for name, (text, _) in TEXTS.items()}
    slowest = sorted(costs, key=lambda name: -costs[name].seconds)
    page = [
        "# Hostile specs",
        "",
        f"{len(costs)} specs, each checked in a fresh process, medians of 3 runs. The slowest took "
        f"{costs[slowest[0]].seconds:.2f} s, the largest {max(cost.mebibytes for cost in costs.values()):.0f} MiB.",
        "",
        "| the ten slowest | s | MiB | diagnostic |",
        "|---|---|---|---|",
        *(
            f"| {name} | {costs[name].seconds:.2f} | {costs[name].mebibytes:.0f} | {TEXTS[name][1]} |"
            for name in slowest[:10]
        ),
        "",
    ]
    (RESULTS / "hostile.md").write_text("\n".join(page), encoding="utf-8")
    print("\n".join(page))


if __name__ == "__main__":
    main()
