"""Attention in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import MODULE, X, call, opt, template
from archdsl.backends.torch.rules import Lowering, layer, lowers
from archdsl.ops.attention import Attention, xavier_uniform
from archdsl.ops.init import ZEROS, lecun_uniform
from archdsl.sizes.shape import Shape

PLAIN = "{attend}({x}, {x}, {x}, need_weights=False)[0]"
CAUSAL = "{attend}({x}, {x}, {x}, need_weights=False, attn_mask=causal_mask({x}), is_causal=True)[0]"


@lowers(Attention)
def attention(op: Attention, x: Shape) -> Lowering:
    """attention(8)      # nn.MultiheadAttention(512, 8, batch_first=True)"""
    features = x.dims[2]
    make = call(
        "nn.MultiheadAttention",
        {"embed_dim": features, "num_heads": op.heads},
        dropout=opt(op.dropout, 0.0),
        bias=opt(op.bias, True),
        batch_first=True,
    )
    starts = {
        "in_proj_weight": xavier_uniform((3 * features, features)),
        "in_proj_bias": ZEROS,
        "out_proj.weight": lecun_uniform(features),
        "out_proj.bias": ZEROS,
    }
    return layer(make, use=template(CAUSAL if op.causal else PLAIN, attend=MODULE, x=X), starts=starts)
