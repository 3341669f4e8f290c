"""Embeddings in torch."""

from __future__ import annotations

from archdsl.backends.torch.calls import call
from archdsl.backends.torch.rules import Lowering, layer, lowers
from archdsl.ops.embedding import Embedding
from archdsl.ops.init import Normal
from archdsl.sizes.shape import Shape


@lowers(Embedding)
def embedding(op: Embedding, x: Shape) -> Lowering:
    """embedding(30000, 512)      # nn.Embedding(30000, 512)"""
    counts = {"num_embeddings": op.count, "embedding_dim": op.features}
    return layer(call("nn.Embedding", counts), starts={"weight": Normal(1.0)})
