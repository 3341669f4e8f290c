"""Matrix products in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import Ref, call, template
from archdsl.backends.torch.rules import Lowering, expression, lowers
from archdsl.ops.matmul import Matmul
from archdsl.sizes.shape import Shape


@lowers(Matmul)
def matmul(op: Matmul, a: Shape, b: Shape) -> Lowering:
    """matmul(transpose=true)      # torch.matmul(a, b.transpose(-2, -1))"""
    other = template("{b}.transpose(-2, -1)", b=Ref(1)) if op.transpose else Ref(1)
    return expression(call("torch.matmul", {"input": Ref(0), "other": other}))
