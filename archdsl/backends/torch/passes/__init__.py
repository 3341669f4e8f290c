"""The passes for PyTorch, in their order: neutral ones, and those that know its kernels and its memory.

`PLAIN` is for networks that may be trained: no value and no gradient changes, only the memory held. `INFERENCE` makes a
trained network faster, for `--optimize inference`: the result computes what the network computes in evaluation, but for
rounding. It is not for training: norms have given up their statistics, and activations overwrite what a gradient would
need.
"""

from __future__ import annotations

from archdsl.backends.torch.kernels import takes
from archdsl.backends.torch.passes.add_to_norms import add_to_norms
from archdsl.backends.torch.passes.in_place import overwrite, overwrite_in_training
from archdsl.backends.torch.passes.micro_batches import run_in_micro_batches
from archdsl.backends.torch.passes.preallocated_concat import preallocate_concats
from archdsl.backends.torch.passes.sum_in_place import sum_in_place
from archdsl.graph.nodes import Graph
from archdsl.passes import Pass, epilogues, fused_layers
from archdsl.passes.horizontal import fuse_horizontally
from archdsl.passes.noops import remove_noops
from archdsl.passes.norms import fold_norms_after, fold_norms_before, scale_in_norms_place
from archdsl.passes.pool_first import pool_first
from archdsl.passes.sums import fuse_sums


def use_fused_layers(graph: Graph) -> Graph:
    """Write layers in their fused forms; a convolution that turns its kernel stays as it is."""
    return fused_layers.use_fused_layers(graph, lambda node: not getattr(node.op, "flip", False))


def fuse_activations(graph: Graph) -> Graph:
    """Let layers apply the activations after them that their kernels take."""
    return epilogues.fuse_activations(graph, takes)


PLAIN: tuple[Pass, ...] = (add_to_norms, overwrite_in_training)

INFERENCE: tuple[Pass, ...] = (
    remove_noops,
    use_fused_layers,
    fold_norms_after,
    fold_norms_before,
    scale_in_norms_place,
    pool_first,
    fuse_sums,
    fuse_activations,
    fuse_horizontally,
    preallocate_concats,
    sum_in_place,
    overwrite,
    run_in_micro_batches,
)
