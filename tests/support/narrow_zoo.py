"""The zoo with few channels: every network has all its layers, and a pass of all in float64 takes seconds.

Where a spec lets widths be set they are, for the others its text is narrowed: numbers from 64 on are widths, but for
the size of the image.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import archdsl
from archdsl import Network
from archdsl.sizes.dim import substitute
from support.places import SPECS

SETTINGS: dict[str, dict[str, Any]] = {
    "densenet": {"classes": 10},
    "mobilenet": {"width": 0.25, "classes": 10},
    "resnet": {"channels": 8, "classes": 10},
    "resnext": {"channels": 16, "classes": 10},
    "squeeze_excite": {"channels": 16, "classes": 10},
    "unet": {"channels": 4},
    "vit": {"size": 32},
}
IMAGE = 224
FREE = {"N": 4, "H": 64, "W": 80}
"""What free sizes stand for: several values of each channel for a norm to average, to the last layer."""


def narrow_zoo() -> dict[str, Network]:
    """Every network of the specs, narrowed, by name."""
    return {name: _narrow(path, name) for path in sorted(SPECS.glob("*.arch")) for name in _names(path)}


def image_of(net: Network) -> tuple[int, ...]:
    """The shape of some images for a network: two where their size is fixed, else four small ones."""
    (shape,) = net.inputs.values()
    fixed = all(isinstance(size, int) for size in shape.dims[1:])
    sizes = FREE | {"N": 2} if fixed else FREE
    numbers = tuple(substitute(size, sizes) for size in shape.dims)
    return tuple(size for size in numbers if isinstance(size, int))


def _names(path: Path) -> list[str]:
    return [net.name for net in archdsl.check(path).networks]


def _narrow(path: Path, name: str) -> Network:
    settings = SETTINGS.get(path.stem, {})
    if path.stem not in ("alexnet", "convnext", "densenet", "vgg", "vit"):
        return archdsl.load(f"{path}:{name}", **settings)
    text = re.sub(r"\{ expect params [^}]*\}|expect params .*", "", path.read_text("utf-8"))
    return archdsl.loads(re.sub(r"\b\d+\b|growth=\d+", _eighth, text), name, **settings)


def _eighth(found: re.Match[str]) -> str:
    """A width in a text, cut to an eighth."""
    head, _, number = found.group().rpartition("=")
    width = int(number)
    return f"{head}={width // 8}" if head else str(width // 8 if width >= 64 and width != IMAGE else width)
