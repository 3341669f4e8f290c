"""Padding in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import X, call, opt, size
from archdsl.backends.torch.rules import Lowering, layer, lowers
from archdsl.ops.pad import Pad
from archdsl.sizes.shape import Shape

MODULES = {
    "constant": "nn.ConstantPad",
    "reflect": "nn.ReflectionPad",
    "replicate": "nn.ReplicationPad",
    "circular": "nn.CircularPad",
}


@lowers(Pad)
def pad_(op: Pad, x: Shape) -> Lowering:
    """pad(1)      # nn.ZeroPad2d(1), or F.pad(x, (1, 1, 1, 1))"""
    ends = tuple(end for ends in reversed(op.ends) for end in ends)  # torch starts from the last axis
    is_zero = op.mode == "constant" and op.value == 0
    facts = {"padding": size(ends)}
    if op.mode == "constant" and not is_zero:
        facts["value"] = op.value  # type: ignore[assignment]
    make = call(f"{'nn.ZeroPad' if is_zero else MODULES[op.mode]}{len(x.spatial)}d", facts)
    how = {"mode": opt(op.mode, "constant"), "value": opt(0.0 if op.mode != "constant" else op.value, 0.0)}
    return layer(make, run=call("F.pad", {"input": X, "pad": ends}, **how))
