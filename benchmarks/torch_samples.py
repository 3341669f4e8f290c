"""PyTorch's own samples of inputs, all of them, held against both backends: values and gradients in float64.

    python benchmarks/torch_samples.py

Samples are those of `op_db` and `module_db` of `torch.testing._internal`, for every function and module that an op of
ours is (`tests/support/torch_samples.py` says how each is written as a stage). A difference ends it with an error.
Writes `benchmarks/results/torch_samples.md`: how many samples were computed, and why the others were not.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path

import torch
from processes import RESULTS

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.torch_samples import held, samples


def main() -> None:
    torch.set_num_threads(1)
    taken: Counter[str] = Counter()
    ops: dict[str, str] = {}
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    wrong = []
    for sample in samples():
        ops[sample.source] = sample.op
        try:
            reason = held(sample) if sample.said else sample.reason
        except Exception as error:
            wrong.append(f"{sample.source}: {sample.said and sample.said.stage}: {error}")
            continue
        if reason:
            reasons[sample.source][reason] += 1
        else:
            taken[sample.source] += 1
    assert not wrong, "\n".join([f"{len(wrong)} samples differ", *wrong[:20]])
    skipped = sum(sum(counts.values()) for counts in reasons.values())
    page = [
        "# PyTorch's own samples",
        "",
        f"PyTorch {torch.__version__}. {taken.total():,} samples of {len(ops)} functions and modules were written as "
        "stages and computed by both backends: values and gradients are PyTorch's, in float64, up to 1e-10 of the "
        f"largest value. {skipped:,} samples are something else than the language says; a code in brackets is the "
        "diagnostic that refuses them.",
        "",
        "| sample of | op | computed | not said, and why |",
        "|---|---|---|---|",
        *(
            f"| {source} | {op} | {taken[source]:,} | "
            + "; ".join(f"{count:,} {reason}" for reason, count in reasons[source].most_common())
            + " |"
            for source, op in ops.items()
        ),
        "",
    ]
    (RESULTS / "torch_samples.md").write_text("\n".join(page), encoding="utf-8")
    print("\n".join(page))


if __name__ == "__main__":
    main()
