"""Norms in torch. Torch starts weights at 1 and biases at 0, as the ops do."""

from __future__ import annotations

from archdsl.backends.torch.calls import Items, X, call, opt
from archdsl.backends.torch.rules import Lowering, layer, lowers
from archdsl.ops.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, LocalResponseNorm, RmsNorm
from archdsl.sizes.shape import Shape


@lowers(BatchNorm)
def batch_norm(op: BatchNorm, x: Shape) -> Lowering:
    """batch_norm      # nn.BatchNorm2d(64)"""
    make = call(
        f"nn.BatchNorm{max(1, len(x.spatial))}d",
        {"num_features": x.channels},
        eps=opt(op.eps, 1e-5),
        momentum=opt(op.momentum, 0.1),
        affine=opt(op.affine, True),
    )
    return layer(make)


@lowers(LayerNorm)
def layer_norm(op: LayerNorm, x: Shape) -> Lowering:
    """layer_norm      # nn.LayerNorm(512), or F.layer_norm(x, [512]) without weights"""
    sizes = Items(op.sizes(x))
    make = call(
        "nn.LayerNorm",
        {"normalized_shape": x.dims[-1] if op.axes == 1 else sizes},
        eps=opt(op.eps, 1e-5),
        elementwise_affine=opt(op.affine, True),
        bias=opt(op.bias or not op.affine, True),
    )
    run = call("F.layer_norm", {"input": X, "normalized_shape": sizes}, eps=opt(op.eps, 1e-5))
    return layer(make, run=None if op.affine else run)


@lowers(RmsNorm)
def rms_norm(op: RmsNorm, x: Shape) -> Lowering:
    """rms_norm      # nn.RMSNorm(512, eps=1e-06), or F.rms_norm(x, [512], eps=1e-06) without weights"""
    sizes = Items(op.sizes(x))
    make = call(
        "nn.RMSNorm",
        {"normalized_shape": x.dims[-1] if op.axes == 1 else sizes, "eps": op.eps},
        elementwise_affine=opt(op.affine, True),
    )
    run = call("F.rms_norm", {"input": X, "normalized_shape": sizes}, eps=op.eps)
    return layer(make, run=None if op.affine else run)


@lowers(GroupNorm)
def group_norm(op: GroupNorm, x: Shape) -> Lowering:
    """group_norm(32)      # nn.GroupNorm(32, 256), or F.group_norm(x, 32) without weights"""
    make = call(
        "nn.GroupNorm",
        {"num_groups": op.groups, "num_channels": x.channels},
        eps=opt(op.eps, 1e-5),
        affine=opt(op.affine, True),
    )
    run = call("F.group_norm", {"input": X, "num_groups": op.groups}, eps=opt(op.eps, 1e-5))
    return layer(make, run=None if op.affine else run)


@lowers(InstanceNorm)
def instance_norm(op: InstanceNorm, x: Shape) -> Lowering:
    """instance_norm      # nn.InstanceNorm2d(64), or F.instance_norm(x) without weights"""
    make = call(
        f"nn.InstanceNorm{len(x.spatial)}d",
        {"num_features": x.channels},
        eps=opt(op.eps, 1e-5),
        affine=opt(op.affine, False),
    )
    return layer(make, run=None if op.affine else call("F.instance_norm", {"input": X}, eps=opt(op.eps, 1e-5)))


@lowers(LocalResponseNorm)
def local_response_norm(op: LocalResponseNorm, x: Shape) -> Lowering:
    """local_response_norm(5)      # nn.LocalResponseNorm(5), or F.local_response_norm(x, 5)"""
    facts = {"alpha": opt(op.alpha, 1e-4), "beta": opt(op.beta, 0.75), "k": opt(op.k, 1.0)}
    run = call("F.local_response_norm", {"input": X, "size": op.size}, **facts)
    return layer(call("nn.LocalResponseNorm", {"size": op.size}, **facts), run=run)
