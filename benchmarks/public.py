"""The six networks that are measured, and their public definitions: those of torchvision.

torchvision comes in a build for each build of torch. Its models need none of its compiled operators, so that its plain
files do beside any torch; in an environment of its own:

    pip install --no-deps torchvision==0.28.0 pillow
"""

from __future__ import annotations

import argparse
import sys
import warnings
from typing import Any, NamedTuple


class Case(NamedTuple):
    """A network: its spec, and the name and arguments of torchvision's function."""

    target: str
    function: str
    arguments: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        return self.target.partition(":")[2]


CASES = (
    Case("specs/alexnet.arch:AlexNet", "alexnet"),
    Case("specs/vgg.arch:VGG16", "vgg16"),
    Case("specs/googlenet.arch:GoogLeNet", "googlenet", (("aux_logits", False), ("init_weights", False))),
    Case("specs/resnet.arch:ResNet18", "resnet18"),
    Case("specs/resnet.arch:ResNet50", "resnet50"),
    Case("specs/densenet.arch:DenseNet121", "densenet121"),
)

OPERATORS = ("nms", "qnms", "roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "deform_conv2d")


def asked(doc: str | None) -> tuple[list[Case], bool, bool]:
    """What the command line asks for: the networks, whether it is to be quick, whether results are to be written."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="two rounds of each; nothing is written")
    parser.add_argument("--only", metavar="NETWORK", help="one network; nothing is written")
    given = parser.parse_args()
    models()
    cases = [case for case in CASES if given.only in (None, case.name)]
    if not cases:
        sys.exit(f"{given.only} is none of {', '.join(case.name for case in CASES)}")
    return cases, given.quick, not (given.quick or given.only)


def models() -> Any:
    """torchvision's models; its operators get empty definitions where theirs cannot be loaded."""
    import torch

    try:
        import torchvision
    except ModuleNotFoundError:
        sys.exit(
            "the public definitions are torchvision's, which is not installed here; "
            "in an environment of its own: pip install --no-deps torchvision==0.28.0 pillow"
        )
    except RuntimeError:  # its compiled operators are for another torch: define them, and never call them
        library = torch.library.Library("torchvision", "DEF")
        for name in OPERATORS:
            library.define(f"{name}(Tensor x) -> Tensor")
            library.define(f"_{name}_backward(Tensor x) -> Tensor")
        import torchvision
    return torchvision.models


def public(case: Case) -> Any:
    """The public definition, freshly initialised from one seed."""
    import torch

    found = models()
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(found, case.function)(**dict(case.arguments))
