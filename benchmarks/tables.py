"""What measurements are written as: a page with a table, and a picture of bars; and what they were measured on."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from math import exp, log
from pathlib import Path

RESULTS = Path(__file__).parent / "results"

COLOURS = ("#9aa5b1", "#4a78b5", "#d9822b", "#5b9a68", "#8a63a8")


def geometric_mean(values: Sequence[float]) -> float:
    """The mean of ratios: the same whichever of the two is called the first.

    geometric_mean([2.0, 0.5])      # 1.0
    """
    return exp(sum(map(log, values)) / len(values))


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """The lines of a Markdown table: names to the left, numbers to the right."""
    left = [not isinstance(cell, int | float) and not _is_number(str(cell)) for cell in rows[0]]
    return [
        f"| {' | '.join(header)} |",
        f"|{'|'.join('---' if named else '--:' for named in left)}|",
        *(f"| {' | '.join(map(str, row))} |" for row in rows),
    ]


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "", 1).isdigit()


def measured_on(threads: int, *packages: str) -> str:
    """The machine and the versions, in a sentence."""
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    return f"Measured on {processor()} with {threads} threads; Python {platform.python_version()}, {versions}."


def processor() -> str:
    """The name of the processor, where the system tells it."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def write_page(name: str, lines: Sequence[str]) -> Path:
    """Write `results/NAME.md`."""
    path = RESULTS / f"{name}.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_bars(name: str, title: str, unit: str, panels: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Path:
    """Write `results/NAME.svg`: panels, in each a group of bars for each network, in each group a bar for each series.

    write_bars("speed", "Speed", "times", {"batch 1": {"ResNet18": {"eager": 1.0, "optimized": 2.1}}})
    """
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update(
        {"svg.hashsalt": name, "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    )
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(panels), 1, figsize=(9, 2.9 * len(panels)), squeeze=False, layout="constrained")
    for axis, (panel, groups) in zip(axes[:, 0], panels.items(), strict=True):
        series = list(dict.fromkeys(name for bars in groups.values() for name in bars))
        width = 0.8 / len(series)
        for place, one in enumerate(series):
            heights = [bars.get(one, 0.0) for bars in groups.values()]
            left = [group + (place - (len(series) - 1) / 2) * width for group in range(len(groups))]
            drawn = axis.bar(left, heights, width * 0.92, label=one, color=COLOURS[place % len(COLOURS)])
            axis.bar_label(drawn, fmt="%.2g", fontsize=7, padding=1)
        axis.axhline(1.0, color="#444444", linewidth=0.6)
        axis.set_xticks(range(len(groups)), list(groups))
        axis.set_ylabel(unit)
        axis.set_title(panel, loc="left", fontsize=10)
    axes[0, 0].legend(frameon=False, ncols=4, loc="lower right", bbox_to_anchor=(1, 1))
    figure.suptitle(title, x=0.01, ha="left")
    path = RESULTS / f"{name}.svg"
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return path
