"""Learned values that stand for themselves: a factor for each channel, a value of its own.

Their tensor belongs to the body that holds them, and goes by the layer's own name: `gamma`, not `gamma.weight`.
"""

from __future__ import annotations

from archdsl.ops.base import NEITHER, Op, Param, Params, attribute
from archdsl.ops.chapters import LEARNED
from archdsl.ops.form import Dims
from archdsl.ops.init import ZEROS, Constant, Initializer
from archdsl.ops.reshape import inner_axis
from archdsl.ops.sight import Shapes, Sight, Sights, each_place
from archdsl.sizes.shape import Shape


class Scale(Op):
    """Multiply each channel by a learned factor.

        layer_scale = scale(1e-6)      # [N, 96, 56, 56] -> [N, 96, 56, 56]
        gamma = scale(axis=-1)         # [N, 197, 768] -> [N, 197, 768]

    Touvron and others, 'Going deeper with image transformers', 2021.

    Parameter: the layer itself, [channels, 1, 1] for images, so that it fits the axis.
    """

    name = "scale"
    sees = each_place
    chapter = LEARNED
    names_elsewhere = ("LayerScale", "Scale")

    start: float = attribute(1.0, doc="first value of the factors")
    axis: int = attribute(1, doc="the axis with a factor for each position, counted from 0 (the batch, which has none)")

    def infer(self, x: Shape) -> Shape:
        inner_axis(self.name, self.axis, x)
        return x

    def params(self, x: Shape) -> Params:
        axis = inner_axis(self.name, self.axis, x)
        return {"": Param((x.dims[axis], *(1 for _ in x.dims[axis + 1 :])), Constant(self.start))}


class Parameter(Op):
    """A learned value, the same for each sample; of what comes in it takes the number of samples alone.

        concat(axis=1) {                                   # [N, 196, 768] -> [N, 197, 768]
            | class_token = parameter([1, 768])            # [N, 1, 768]
            | identity
        }
        add { | identity | positions = parameter([197, 768], init=normal(0.02)) }

    Class tokens and learned positions are made of it (Devlin and others, 'BERT', 2018; Dosovitskiy and others, 'An
    image is worth 16×16 words', 2020).

    Parameter: the layer itself, [1, *sizes].
    """

    name = "parameter"
    takes = "any"
    chapter = LEARNED
    names_elsewhere = ("Parameter", "param")
    is_constant = True
    gradient_needs = NEITHER

    sizes: Dims = attribute(at_least=1, doc="the sizes of the value without the batch")
    init: Initializer = attribute(Initializer("zeros"), doc="how its first value is drawn")

    def infer(self, x: Shape) -> Shape:
        return Shape((x.batch, *self.sizes))

    def params(self, x: Shape) -> Params:
        shape = (1, *self.sizes)
        return {"": Param(shape, self.init.of(shape, ZEROS))}

    def leaves_fresh_value(self, x: Shape) -> bool:
        return False  # all samples share the one that is learned

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (Sight.NOTHING,)
