"""Averages taken before a convolution instead of after it."""

from __future__ import annotations

from archdsl.graph.nodes import Apply, Graph, Value
from archdsl.ops.adaptive import GlobalAvgPool
from archdsl.ops.fused import FusedConv
from archdsl.ops.pool import AvgPool
from archdsl.passes.bodies import in_every_body, merged, pairs
from archdsl.record import replace


def pool_first(graph: Graph) -> Graph:
    """Average before a 1×1 convolution: it then works on fewer positions. Both are linear, so they may change places.

    avg_pool(conv(x, kernel=1))  ->  conv(avg_pool(x), kernel=1)
    """
    return in_every_body(graph, lambda body: merged(body, pairs(body, _fits), _exchanged))


def _exchanged(conv: Apply, pool: Apply) -> tuple[Apply, Apply]:
    (x,) = conv.inputs
    shape = pool.shapes[0].with_channels(x.shape.channels)
    first = replace(pool, inputs=conv.inputs, shapes=(shape,), label=None)
    return first, replace(conv, inputs=(Value(first),), shapes=pool.shapes, label=pool.label)


def _fits(conv: Apply, pool: Apply) -> bool:
    if not isinstance(conv.op, FusedConv) or any(size != 1 for size in (*conv.op.kernel, *conv.op.stride)):
        return False
    return not any(conv.op.padding) and _shrinks(pool)


def _shrinks(pool: Apply) -> bool:
    if isinstance(pool.op, AvgPool):
        steps = pool.op.window.stride
        return min(steps) > 1 and not any(pool.op.padding) and not pool.op.ceil
    return isinstance(pool.op, GlobalAvgPool)
