"""A few of PyTorch's own samples of each function and module; `benchmarks/torch_samples.py` takes all of them."""

from __future__ import annotations

from collections import defaultdict

import pytest
import torch
from support.torch_samples import FUNCTIONS, Sample, held, samples

from archdsl.ops import OPS
from archdsl.ops.chapters import AUGMENTATION

torch.set_num_threads(1)
FEW = 3
FOUND: dict[str, list[Sample]] = defaultdict(list)
for sample in samples(FEW):
    FOUND[sample.op].append(sample)
WITHOUT = {
    *("identity", "scale", "parameter", "dropout", "stochastic_depth"),  # no function of torch, or one that draws
    *(name for name, op in OPS.items() if op.chapter is AUGMENTATION),
    *("global_avg_pool", "global_max_pool"),  # a size of 1 to adaptive pooling
    *("upsample", "reshape"),  # no scale of a sample is whole, and none keeps the batch
    "attention",  # samples attend from one value to another
}
"""Ops that no sample of torch is about."""


@pytest.mark.parametrize("op", [name for name in OPS if name not in WITHOUT])
def test_samples_are_computed_as_torch_does(op: str) -> None:
    assert FOUND[op], f"no sample of torch can be said as {op}"
    for sample in FOUND[op]:
        try:
            held(sample)
        except Exception as error:
            raise AssertionError(f"{sample.source}: {sample.said and sample.said.stage}: {error}") from error


def test_functions_are_ops() -> None:
    assert {op for op, _ in FUNCTIONS.values()} <= OPS.keys()
