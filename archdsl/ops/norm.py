"""Norms: values shifted and scaled to mean 0 and variance 1, over the batch, over axes or over groups of channels."""

from __future__ import annotations

from collections.abc import Mapping

from archdsl.diagnostics import Problem, listing
from archdsl.ops.base import Op, Param, Params, Rejected, attribute
from archdsl.ops.chapters import NORMS
from archdsl.ops.groups import divisors
from archdsl.ops.init import ONES, ZEROS
from archdsl.ops.sight import Shapes, Sights, each_place, mixed
from archdsl.sizes.dim import Dim, product
from archdsl.sizes.fact import Fact
from archdsl.sizes.shape import Shape

SMALLEST = 1e-12


class FreeNorm(Problem):
    """A norm has one weight for each channel, or for each position that it normalizes, so these must be fixed.

    input image: [N, 3, H, W]
    layer_norm      # error[free-norm]: W is free
    batch_norm      # good: a weight for each channel
    """

    code = "free-norm"
    message = "{op} needs {what} to be fixed, and gets {shape}"
    label = "gets {shape}"
    op: str
    what: str
    shape: Shape

    def help(self) -> str:
        if self.op == "layer_norm" and self.shape.rank in GroupNorm.ranks[1:] and isinstance(self.shape.channels, int):
            return "group_norm(1) normalizes all of an image, whatever its size"
        return f"give {self.what} a fixed size"


class TooManyAxes(Problem):
    """A layer norm treats each element of the batch by itself, so it can take every axis but the batch.

    input features: [N, 10]
    layer_norm(axes=2)      # error[too-many-axes]
    layer_norm(axes=1)      # good
    """

    code = "too-many-axes"
    message = "{op} over {what} of {shape} would take in the batch"
    op: str
    axes: int
    shape: Shape

    def facts(self) -> Mapping[str, object]:
        return {"op": self.op, "what": _last(self.axes), "shape": self.shape}

    def help(self) -> str:
        return f"axes can be at most {self.shape.rank - 1} here" if self.shape.rank > 1 else ""


class UnevenNorm(Problem):
    """Each group of a group norm has an equal share of the channels.

    input image: [N, 30, 8, 8]
    group_norm(4)      # error[uneven-norm]
    group_norm(5)      # good
    """

    code = "uneven-norm"
    message = "{groups} groups cannot split {channels} channels evenly"
    label = "{channels} channels come in"
    groups: int
    channels: int

    def help(self) -> str:
        return f"groups can be {listing(divisors(self.channels))}"


class NormOfOne(Problem):
    """A value that is normalized by itself is its own mean: nothing but zeros would be left.

    input image: [N, 64, 1, 1]
    instance_norm      # error[norm-of-one]
    batch_norm         # good: the mean of the whole batch
    """

    code = "norm-of-one"
    message = "{op} would normalize each value by itself, and leave zeros"
    label = "gets {shape}"
    op: str
    shape: Shape

    def help(self) -> str:
        channels = ", group_norm(1) the channels" if self.shape.channels != 1 else ""
        return f"batch_norm compares the values of a batch{channels}"


class BatchNorm(Op):
    """Normalize each channel over the batch, then scale and shift it by learned amounts.

        batch_norm      # [N, 64, 32, 32] -> [N, 64, 32, 32]

    In training the mean and the variance are those of the batch, and moving averages of both are kept, the variance
    with Bessel's correction; in evaluation the moving averages take their place (Ioffe and Szegedy, 'Batch
    Normalization', 2015). Works on features, sequences, images and volumes: the channels are axis 1.

    Parameters: `weight`, `bias` [channels] unless `affine=false`. Buffers: `running_mean`, `running_var` [channels],
    `num_batches_tracked` [].
    """

    name = "batch_norm"
    ranks = (2, 3, 4, 5)
    sees = each_place
    chapter = NORMS
    names_elsewhere = ("BatchNorm2d", "BatchNormalization", "bn")
    sized_elsewhere = 1
    is_norm = True
    has_batch_statistics = True

    eps: float = attribute(1e-5, at_least=SMALLEST, at_most=1, doc="added to the variance")
    momentum: float | None = attribute(
        0.1, at_least=0, at_most=1, doc="share of each batch in the moving averages; all batches count alike if none"
    )
    affine: bool = attribute(True, doc="whether each channel has a learned scale and offset")

    def infer(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> Params:
        return {
            **_affine((x.channels,), self.affine),
            "running_mean": Param((x.channels,), ZEROS, trainable=False),
            "running_var": Param((x.channels,), ONES, trainable=False),
            "num_batches_tracked": Param((), ZEROS, trainable=False, kind="int"),
        }


class OverLastAxes(Op):
    """The base of norms over the last axes of each element of the batch."""

    chapter = NORMS
    sized_elsewhere = 1
    is_norm = True

    axes: int = attribute(1, at_least=1, doc="how many axes are normalized together, counted from the last")

    def infer(self, x: Shape) -> Shape:
        if self.axes >= x.rank:
            raise Rejected(TooManyAxes(self.name, self.axes, x), at="axes" if x.rank > 1 else None)
        if not all(isinstance(size, int) for size in self.sizes(x)):
            raise Rejected(FreeNorm(self.name, _last(self.axes), x))
        return x

    def sizes(self, x: Shape) -> tuple[Dim, ...]:
        """The sizes of the axes that are normalized."""
        return x.dims[x.rank - self.axes :]

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (mixed(seen[0], range(xs[0].rank - self.axes, xs[0].rank)),)


class LayerNorm(OverLastAxes):
    """Normalize the last axes of each element of the batch, then scale and shift each position by learned amounts.

        layer_norm              # [N, 128, 512] -> [N, 128, 512], over the 512
        layer_norm(axes=3)      # [N, 64, 32, 32] -> [N, 64, 32, 32], over each whole image

    The same in training and in evaluation (Ba, Kiros and Hinton, 'Layer Normalization', 2016).

    Parameters: `weight` and `bias`, of the sizes of the last axes.
    """

    name = "layer_norm"
    names_elsewhere = ("LayerNorm", "LayerNormalization", "ln")

    eps: float = attribute(1e-5, at_least=SMALLEST, at_most=1, doc="added to the variance")
    affine: bool = attribute(True, doc="whether each position has a learned scale")
    bias: bool = attribute(True, doc="whether each position has a learned offset too")

    def params(self, x: Shape) -> Params:
        return _affine(self.sizes(x), self.affine, self.bias)


class RmsNorm(OverLastAxes):
    """Scale the last axes of each element of the batch to a mean square of 1, then each position by a learned amount.

        rms_norm              # [N, 128, 512] -> [N, 128, 512], over the 512
        rms_norm(axes=3)      # [N, 64, 32, 32] -> [N, 64, 32, 32], over each whole image

    x / √(mean(x²) + eps): a layer norm that does not subtract the mean. The same in training and in evaluation (Zhang
    and Sennrich, 'Root Mean Square Layer Normalization', 2019).

    Parameters: `weight`, of the sizes of the last axes.
    """

    name = "rms_norm"
    names_elsewhere = ("RMSNorm", "RMSNormalization")

    eps: float = attribute(1e-6, at_least=SMALLEST, at_most=1, doc="added to the mean square")
    affine: bool = attribute(True, doc="whether each position has a learned scale")

    def params(self, x: Shape) -> Params:
        return _affine(self.sizes(x), self.affine, offset=False)


class GroupNorm(Op):
    """Normalize groups of channels of each image, then scale and shift each channel by learned amounts.

        group_norm(32)      # [N, 256, 14, 14] -> [N, 256, 14, 14], 8 channels together

    The same in training and in evaluation, whatever the batch (Wu and He, 'Group Normalization', 2018).

    Parameters: `weight`, `bias` [channels] unless `affine=false`.
    """

    name = "group_norm"
    ranks = (2, 3, 4, 5)
    chapter = NORMS
    names_elsewhere = ("GroupNorm", "GroupNormalization", "gn")
    is_norm = True

    groups: int = attribute(at_least=1, doc="parts of the channels that are normalized each by itself")
    eps: float = attribute(1e-5, at_least=SMALLEST, at_most=1, doc="added to the variance")
    affine: bool = attribute(True, doc="whether each channel has a learned scale and offset")

    def infer(self, x: Shape) -> Shape:
        channels = _fixed_channels(self.name, x)
        if channels % self.groups:
            raise Rejected(UnevenNorm(self.groups, channels), at="groups")
        if channels == self.groups and product(x.spatial) == 1:
            raise Rejected(NormOfOne(self.name, x), at="groups")
        return x

    def needs(self, x: Shape) -> tuple[Fact, ...]:
        return (Fact(product(x.spatial), ">=", 2),) if x.channels == self.groups else ()

    def params(self, x: Shape) -> Params:
        return _affine((x.channels,), self.affine)

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (mixed(seen[0], range(1, xs[0].rank)),)


class InstanceNorm(Op):
    """Normalize each channel of each image by itself.

        instance_norm      # [N, 64, 32, 32] -> [N, 64, 32, 32]

    The same in training and in evaluation (Ulyanov, Vedaldi and Lempitsky, 'Instance Normalization', 2016).

    Parameters: `weight`, `bias` [channels] where `affine=true`.
    """

    name = "instance_norm"
    ranks = (3, 4, 5)
    chapter = NORMS
    names_elsewhere = ("InstanceNorm2d", "InstanceNormalization")
    sized_elsewhere = 1
    is_norm = True

    eps: float = attribute(1e-5, at_least=SMALLEST, at_most=1, doc="added to the variance")
    affine: bool = attribute(False, doc="whether each channel has a learned scale and offset")

    def infer(self, x: Shape) -> Shape:
        _fixed_channels(self.name, x)
        if product(x.spatial) == 1:
            raise Rejected(NormOfOne(self.name, x))
        return x

    def needs(self, x: Shape) -> tuple[Fact, ...]:
        return (Fact(product(x.spatial), ">=", 2),)

    def params(self, x: Shape) -> Params:
        return _affine((x.channels,), self.affine)

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (mixed(seen[0], range(2, xs[0].rank)),)


class LocalResponseNorm(Op):
    """Damp each value by the squares of its neighbours in other channels, at the same place.

        local_response_norm(5, alpha=1e-4, beta=0.75, k=2)      # [N, 96, 55, 55] -> [N, 96, 55, 55]

    x / (k + alpha / size · Σ x²)^beta, the sum over `size` channels around the value's own; an even size has one more
    below than above. Channels that don't exist count as zeros (Krizhevsky, Sutskever and Hinton, 'ImageNet
    Classification with Deep Convolutional Neural Networks', 2012, which does not divide alpha by the size).
    """

    name = "local_response_norm"
    ranks = (3, 4, 5)
    chapter = NORMS
    names_elsewhere = ("LocalResponseNorm", "lrn")

    size: int = attribute(5, at_least=1, doc="neighbouring channels that count")
    alpha: float = attribute(1e-4, doc="weight of the squares")
    beta: float = attribute(0.75, doc="exponent")
    k: float = attribute(1.0, doc="what every value is damped by at least")

    def infer(self, x: Shape) -> Shape:
        return x

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (mixed(seen[0], (1,)),)


def _affine(shape: tuple[Dim, ...], scale: bool, offset: bool = True) -> Params:
    """A learned scale, and with it perhaps an offset."""
    if not scale:
        return {}
    return {"weight": Param(shape, ONES), **({"bias": Param(shape, ZEROS)} if offset else {})}


def _last(axes: int) -> str:
    return "the last axis" if axes == 1 else f"the last {axes} axes"


def _fixed_channels(op: str, x: Shape) -> int:
    if not isinstance(x.channels, int):
        raise Rejected(FreeNorm(op, "the channels", x))
    return x.channels
