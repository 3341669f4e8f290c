"""What a repetition costs: one node with a count, whatever the count is.

    python benchmarks/repetition.py

Writes `benchmarks/results/repetition.md`.
"""

from __future__ import annotations

import sys

from processes import RESULTS, typical

BODIES = {"relu": "relu", "linear and relu": "linear(4) -> relu", "a block": "residual"}
BLOCK = "block residual { add { | linear(4) -> relu | identity } }\n"
QUESTIONS = {
    "check": "",
    "summary": "str(net.summary())",
    "graph as dot": "net.picture('dot')",
    "graph as HTML": "net.picture('html')",
    "the graph as text": "text(net.graph)",
}
START = "import sys, archdsl; from archdsl.graph.text import text; net = archdsl.loads(sys.stdin.read())"
COUNTS = (9, 999, 499_999)


def main() -> None:
    page = [
        "# The cost of a repetition",
        "",
        "Whole processes, medians of 2 runs on one machine: `repeat COUNT { … }` checked, and asked for more.",
        "",
        "| body | what | " + " | ".join(f"{count:,}" for count in COUNTS) + " | MiB |",
        "|---|---|" + "---|" * (len(COUNTS) + 1),
    ]
    for name, body in BODIES.items():
        for question, code in QUESTIONS.items():
            spec = f"{BLOCK}network t {{\n    input x: [N, 4]\n    repeat COUNT {{ {body} }}\n}}\n"
            command = [sys.executable, "-c", f"{START}; {code}"]
            costs = [typical(command, spec.replace("COUNT", str(count)), runs=2) for count in COUNTS]
            seconds = " | ".join(f"{cost.seconds:.2f} s" for cost in costs)
            page.append(f"| {name} | {question} | {seconds} | {costs[-1].mebibytes:.0f} |")
    page.append("")
    (RESULTS / "repetition.md").write_text("\n".join(page), encoding="utf-8")
    print("\n".join(page))


if __name__ == "__main__":
    main()
