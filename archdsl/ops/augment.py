"""Augmentation: other views of the same images in training; and `normalize`, which centres them in either mode."""

from __future__ import annotations

from archdsl.diagnostics import Problem
from archdsl.ops.base import NEITHER, Floats, Op, Rejected, Size, attribute
from archdsl.ops.chapters import AUGMENTATION
from archdsl.ops.sight import each_place
from archdsl.sizes.dim import Dim
from archdsl.sizes.shape import Shape


class NumbersMiscounted(Problem):
    """The argument is a list with a number for each of several things.

    input image: [N, 3, 32, 32]
    normalize([0.5, 0.5], 0.25)           # error[numbers-miscounted]: three channels come in
    normalize([0.5, 0.5, 0.5], 0.25)      # good
    """

    code = "numbers-miscounted"
    message = "{op}'s {argument} takes {expected}, and gets {count}"
    op: str
    argument: str
    expected: str
    count: int


class NotARange(Problem):
    """A range is written [from, to], from a positive number to one that is no smaller.

    random_resized_crop(scale=[1.0, 0.5])      # error[not-a-range]
    random_resized_crop(scale=[0.5, 1.0])      # good
    """

    code = "not-a-range"
    message = "{op}'s {argument} draws from a range of positive numbers, and gets [{low:g}, {high:g}]"
    op: str
    argument: str
    low: float
    high: float

    def help(self) -> str:
        ordered = 0 < self.high < self.low
        return f"the smaller number comes first: [{self.high:g}, {self.low:g}]" if ordered else ""


class NoDeviation(Problem):
    """Values are divided by their deviation, so it is not zero.

    normalize(0.5, 0)         # error[no-deviation]
    normalize(0.5, 0.25)      # good
    """

    code = "no-deviation"
    message = "normalize divides by std, so that it cannot be 0"


class NoColours(Problem):
    """Colours are those of grey images (one channel) and of red, green and blue (three).

    input image: [N, 4, 32, 32]
    color_jitter(brightness=0.4)                               # error[no-colours]
    slice(axis=1, stop=3) -> color_jitter(brightness=0.4)      # good: without the fourth channel
    """

    code = "no-colours"
    message = "color_jitter takes images of 1 or 3 channels, and gets {channels}"
    label = "gets {shape}"
    channels: Dim
    shape: Shape


class Augmentation(Op):
    """The base of ops on images that keep the shape."""

    ranks = (4,)
    chapter = AUGMENTATION

    def infer(self, x: Shape) -> Shape:
        return x


class RandomFlip(Augmentation):
    """In training, mirror each image of the batch with probability `p`.

        random_flip      # [N, 3, 32, 32] -> [N, 3, 32, 32]

    In evaluation it passes images through. Used since Krizhevsky et al., 'ImageNet classification with deep
    convolutional neural networks', 2012.
    """

    name = "random_flip"
    is_random = True
    is_noop_in_evaluation = True
    names_elsewhere = ("RandomHorizontalFlip", "RandomVerticalFlip")

    p: float = attribute(0.5, at_least=0, at_most=1, doc="probability that an image is mirrored")
    axis: str = attribute(
        "horizontal", choices=("horizontal", "vertical"), doc="whether left and right change places, or top and bottom"
    )


class RandomCrop(Augmentation):
    """In training, shift each image of the batch: pad it by zeros, and cut out a window of the old size anywhere.

        random_crop(padding=4)      # [N, 3, 32, 32] -> [N, 3, 32, 32]

    In evaluation it passes images through. He et al., 'Deep residual learning for image recognition', 2016, train so
    on CIFAR-10.
    """

    name = "random_crop"
    is_random = True
    is_noop_in_evaluation = True
    names_elsewhere = ("RandomCrop",)

    padding: Size = attribute(4, at_least=0, doc="zeros on each side: the furthest that an image moves")


class RandomResizedCrop(Augmentation):
    """In training, enlarge a random part of each image of the batch to the size of the whole.

        random_resized_crop      # [N, 3, 224, 224] -> [N, 3, 224, 224]

    The part's area is drawn evenly from `scale` times the image's, its width by height from `ratio`, evenly on a
    logarithmic scale, its place evenly; sides are whole numbers of pixels. Parts that don't fit are drawn again, ten
    times at most; then the largest part of the nearest ratio is taken. Values between pixels are interpolated
    linearly along both axes. In evaluation it passes images through.

    Szegedy et al., 'Going deeper with convolutions', 2015.
    """

    name = "random_resized_crop"
    is_random = True
    is_noop_in_evaluation = True
    names_elsewhere = ("RandomResizedCrop",)

    scale: Floats = attribute((0.08, 1.0), at_least=0, at_most=1, doc="smallest and largest share of the area")
    ratio: Floats = attribute((0.75, 1.3333), at_least=0, doc="smallest and largest width by height")

    def infer(self, x: Shape) -> Shape:
        for argument in ("scale", "ratio"):
            _check_range(self.name, argument, self.values()[argument])
        return x


class ColorJitter(Augmentation):
    """In training, change the light and the colours of each image of the batch.

        color_jitter(brightness=0.4, contrast=0.4, saturation=0.4)      # [N, 3, 32, 32] -> [N, 3, 32, 32]

    Values are taken to lie between 0 and 1, and are cut off there: `normalize` comes after. For each image a factor is
    drawn evenly from max(0, 1 - b) to 1 + b for each of the first three arguments b. In this order, the image is mixed
    with black (brightness), with its mean grey (contrast) and with its own grey version (saturation), by the factor;
    then its hue is turned by a share of the circle drawn evenly from -hue to hue. Grey is 0.299 red + 0.587 green +
    0.114 blue. An image of one channel has no saturation and no hue to change. In evaluation it passes images through.

    Krizhevsky et al., 'ImageNet classification with deep convolutional neural networks', 2012; the factors are those
    of Howard, 'Some improvements on deep convolutional neural network based image classification', 2013.
    """

    name = "color_jitter"
    is_random = True
    is_noop_in_evaluation = True
    names_elsewhere = ("ColorJitter",)

    brightness: float = attribute(0.0, at_least=0, doc="how far brightness may change")
    contrast: float = attribute(0.0, at_least=0, doc="how far contrast may change")
    saturation: float = attribute(0.0, at_least=0, doc="how far the strength of colours may change")
    hue: float = attribute(0.0, at_least=0, at_most=0.5, doc="how far colours may turn, as a share of the circle")

    def infer(self, x: Shape) -> Shape:
        if x.channels not in (1, 3):
            raise Rejected(NoColours(x.channels, x))
        return x


class Normalize(Augmentation):
    """Subtract a mean and divide by a deviation, channel by channel, in training and in evaluation.

        normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])      # [N, 3, 224, 224] -> [N, 3, 224, 224]

    The numbers are part of the network, and not of its weights. The usual ones are the mean and the deviation of the
    training images (LeCun et al., 'Efficient backprop', 1998).
    """

    name = "normalize"
    sees = each_place
    names_elsewhere = ("Normalize", "Normalization", "Rescaling")
    gradient_needs = NEITHER

    mean: Floats = attribute(doc="what is subtracted: one number, or one for each channel")
    std: Floats = attribute(at_least=0, doc="what the rest is divided by: one number, or one for each channel")

    def infer(self, x: Shape) -> Shape:
        for argument in ("mean", "std"):
            count = len(self.values()[argument])
            if count != 1 and count != x.channels:
                expected = f"one number, or one for each of {x.channels} channels"
                raise Rejected(NumbersMiscounted(self.name, argument, expected, count), at=argument)
        if 0 in self.std:
            raise Rejected(NoDeviation(), at="std")
        return x


def _check_range(op: str, argument: str, numbers: Floats) -> None:
    """Reject what is no range of positive numbers."""
    if len(numbers) != 2:
        raise Rejected(
            NumbersMiscounted(op, argument, "two numbers, the smallest and the largest", len(numbers)), argument
        )
    low, high = numbers
    if not 0 < low <= high:
        raise Rejected(NotARange(op, argument, low, high), at=argument)
