"""What an emitted file brings along: definitions cut out of `runtime/`, which is read as text and never imported.

brought(["causal_mask"]).sections[0].texts      # {"causal_mask": 'def causal_mask(x: Tensor) -> Tensor:\\n…'}
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import cache

from archdsl.backends.python.excerpt import Excerpt, contents, excerpt

RUNTIME = "archdsl.backends.torch.runtime"

PLAIN = tuple(
    f"{RUNTIME}.{name}"
    for name in (
        "flipped", "initialized", "layers", "stochastic_depth", "causal_mask", "checkpointed", "augment",
    )
)  # fmt: skip
"""The modules of `runtime/` that any file may need, in the order in which they stand in it."""
FUSED = tuple(
    f"{RUNTIME}.{name}"
    for name in (
        "direct", "packed", "parts", "kernels", "points", "fused_conv", "tiled_conv", "fused_linear", "fused_norm",
        "folded", "memory", "for_inference", "pieces", "room",
    )
)  # fmt: skip
"""Those that only files of optimized networks need."""


def brought(names: Collection[str]) -> Excerpt:
    """The definitions of these names and all that they need, each after those that it builds on."""
    modules = PLAIN if names_in(PLAIN).issuperset(names) else PLAIN + FUSED
    cut = excerpt((module, name) for module in modules for name in contents(module).definitions if name in names)
    order = {module: place for place, module in enumerate(PLAIN + FUSED)}
    return replace(cut, sections=sorted(cut.sections, key=lambda section: order[section.module]))


@cache
def names_in(modules: tuple[str, ...]) -> frozenset[str]:
    """The names that modules of `runtime/` define for others."""
    return frozenset(name for module in modules for name in contents(module).definitions if not name.startswith("_"))
