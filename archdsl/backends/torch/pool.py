"""Pooling in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import X, call, opt, size, template
from archdsl.backends.torch.rules import Lowering, expression, layer, lowers
from archdsl.ops.pool import AvgPool, LpPool, MaxPool
from archdsl.sizes.shape import Shape


@lowers(MaxPool)
def max_pool(op: MaxPool, x: Shape) -> Lowering:
    """max_pool(3, stride=2)      # nn.MaxPool2d(3, stride=2), or F.max_pool2d(x, 3, stride=2)"""
    rank, kernel = len(x.spatial), size(op.kernel)
    facts = {
        "stride": opt(size(op.window.stride), kernel),
        "padding": opt(size(op.padding), 0),
        "dilation": opt(size(op.dilation), 1),
        "ceil_mode": opt(op.ceil, False),
    }
    make = call(f"nn.MaxPool{rank}d", {"kernel_size": kernel}, **facts)
    return layer(make, run=call(f"F.max_pool{rank}d", {"input": X, "kernel_size": kernel}, **facts))


@lowers(AvgPool)
def avg_pool(op: AvgPool, x: Shape) -> Lowering:
    """avg_pool(2)      # nn.AvgPool2d(2), or F.avg_pool2d(x, 2)"""
    rank, kernel = len(x.spatial), size(op.kernel)
    facts = {
        "stride": opt(size(op.window.stride), kernel),
        "padding": opt(size(op.padding), 0),
        "ceil_mode": opt(op.ceil, False),
        "count_include_pad": opt(op.count_padding, True),
    }
    make = call(f"nn.AvgPool{rank}d", {"kernel_size": kernel}, **facts)
    return layer(make, run=call(f"F.avg_pool{rank}d", {"input": X, "kernel_size": kernel}, **facts))


@lowers(LpPool)
def lp_pool(op: LpPool, x: Shape) -> Lowering:
    """lp_pool(2)      # nn.LPPool2d(2, 2), or F.lp_pool2d(x, 2, 2); F.lp_pool2d(x.abs(), 3, 2) where p is not even"""
    rank, kernel = len(x.spatial), size(op.kernel)
    facts = {"norm_type": int(op.p) if op.p.is_integer() else op.p, "kernel_size": kernel}
    options = {"stride": opt(size(op.window.stride), kernel), "ceil_mode": opt(op.ceil, False)}
    if op.p % 2:
        return expression(call(f"F.lp_pool{rank}d", {"input": template("{x}.abs()", x=X), **facts}, **options))
    run = call(f"F.lp_pool{rank}d", {"input": X, **facts}, **options)
    return layer(call(f"nn.LPPool{rank}d", facts, **options), run=run)
