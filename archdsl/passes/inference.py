"""What makes a trained network faster: the passes of `--optimize inference`, in their order.

The result computes what the network computes in evaluation, but for rounding. It is not for training: norms have given
up their statistics, and activations overwrite what a gradient would need.
"""

from __future__ import annotations

from archdsl.passes import Pass
from archdsl.passes.activations import fuse_activations, overwrite
from archdsl.passes.fused_layers import use_fused_layers
from archdsl.passes.growth import grow_in_place
from archdsl.passes.inert import remove_inert
from archdsl.passes.norms import fold_norms_after, fold_norms_before, scale_in_norms_place
from archdsl.passes.pieces import run_in_pieces
from archdsl.passes.pointwise import join_pointwise
from archdsl.passes.pool_first import pool_first
from archdsl.passes.sum_in_place import sum_in_place
from archdsl.passes.sums import fuse_sums

INFERENCE: tuple[Pass, ...] = (
    remove_inert,
    use_fused_layers,
    fold_norms_after,
    fold_norms_before,
    scale_in_norms_place,
    pool_first,
    fuse_sums,
    fuse_activations,
    join_pointwise,
    grow_in_place,
    sum_in_place,
    overwrite,
    run_in_pieces,
)
