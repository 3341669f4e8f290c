"""Blocks that keep nothing for the backward pass but their inputs."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial, wraps
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def checkpointed(forward: Callable[..., Any]) -> Callable[..., Any]:
    """While training, keep nothing of a block but its inputs: the backward pass runs it forward once more."""

    @wraps(forward)
    def run(block: nn.Module, *inputs: Tensor) -> Any:
        if not block.training:
            return forward(block, *inputs)
        if torch.compiler.is_compiling():  # the compiler counts statistics once by itself
            return checkpoint(forward, block, *inputs, use_reentrant=False)
        contexts = partial(_forward_and_again, block)
        return checkpoint(forward, block, *inputs, use_reentrant=False, context_fn=contexts)

    return run


def _forward_and_again(block: nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    return nullcontext(), _statistics_kept(block)


@contextmanager
def _statistics_kept(block: nn.Module) -> Iterator[None]:
    """Running statistics stay as they are: what runs once more has been counted already."""
    norms = [layer for layer in block.modules() if isinstance(layer, nn.modules.batchnorm._NormBase)]
    before = [(norm, norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, momentum, batches in before:
            norm.momentum, norm.num_batches_tracked = momentum, batches
