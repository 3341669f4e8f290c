"""How claims about sizes end: 10,000 random networks, each claim in them held against arithmetic over all sizes.

    python benchmarks/proofs.py

Networks come from hypothesis, always the same ones. A wrong proof, a wrong counterexample or a missing one ends it with
an error. Writes `benchmarks/results/proofs.md`.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from multiprocessing import Pool
from pathlib import Path

from processes import RESULTS

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from support.held_against_arithmetic import held
from support.random_networks import network

NETWORKS = 10_000
PARTS = 4
OURS = settings(
    max_examples=NETWORKS // PARTS,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def part(index: int) -> Counter[str]:
    """What became of the claims of a part of the networks."""
    counts: Counter[str] = Counter()

    @seed(index)
    @settings(OURS)
    @given(st.binary(min_size=40, max_size=200))
    def count(data: bytes) -> None:
        counts.update(held(network(data)))
        counts["networks"] += 1

    count()
    counts["ms"] = int(1000 * time.process_time())
    return counts


def main() -> None:
    with Pool(2, maxtasksperchild=1) as pool:
        counts = sum(pool.map(part, range(PARTS), chunksize=1), Counter[str]())
    claims = sum(counts[how] for how in ("proved", "refuted", "unknown"))
    rows = [
        ("proved", "no height and width from 1 to 200 disagrees"),
        ("refuted", "the sizes given are reached and wrong, and no smaller ones are"),
        ("refuted on a condition", "of these: what is told to make it true is true of exactly the sizes that agree"),
        ("unknown", "told as such"),
    ]
    page = [
        "# Claims about sizes",
        "",
        f"{counts['networks']:,} random networks of windows, strides, pooling (in ceil mode too), padding, upsampling, "
        f"cuts and branches, with facts stated of their inputs, in {counts['ms'] / 1000:.0f} s of one processor.",
        "Each was checked as text, and run on arrays of sizes by rules written again.",
        "No proof and no counterexample was wrong, and none was missing.",
        "",
        "| claims | count | share | held against arithmetic |",
        "|---|---|---|---|",
        *(f"| {how} | {counts[how]:,} | {100 * counts[how] / claims:.1f} % | {what} |" for how, what in rows),
        "",
        f"{counts['accepted sizes']:,} networks were good; each runs on exactly the sizes that it was said to accept.",
        "",
    ]
    (RESULTS / "proofs.md").write_text("\n".join(page), encoding="utf-8")
    print("\n".join(page))


if __name__ == "__main__":
    main()
