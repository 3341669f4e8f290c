"""Fused layers in torch: classes that an emitted file brings along, and what is done in place."""

from __future__ import annotations

from dataclasses import replace

from archdsl.backends.torch.calls import Arg, Augmented, Call, Items, Opt, Ref, call, opt, size
from archdsl.backends.torch.kernels import KERNELS
from archdsl.backends.torch.passes.ops import AddTo, Append, InPlace, OverwritingConv, Room
from archdsl.backends.torch.rules import RULES, Lowering, expression, layer, lowers
from archdsl.ops.base import Op
from archdsl.ops.fused import FusedConv, FusedLinear, FusedNorm, Norm, Part
from archdsl.sizes.shape import Shape

FEWEST = 32
"""Outputs of a convolution below which tiles are never worth their sums."""


@lowers(OverwritingConv)
@lowers(FusedConv)
def fused_conv(op: FusedConv, x: Shape, other: Shape | None = None) -> Lowering:
    """conv -> batch_norm      # FusedConv2d(3, 64, kernel_size=7, parts=[Part("conv1", after=Norm("bn1"))])"""
    make = call(
        "TiledConv2d" if _has_tiles(op) else f"FusedConv{len(x.spatial)}d",
        {"in_channels": x.channels, "out_channels": op.channels},
        kernel_size=size(op.kernel),
        stride=opt(size(op.stride), 1),
        padding=opt(size(op.padding), 0),
        dilation=opt(size(op.dilation), 1),
        groups=opt(op.groups, 1),
        bias=opt(op.bias, True),
        **_activation(op.activation),
        inplace=opt(isinstance(op, OverwritingConv) and op.overwrites, False),
        parts=_parts(op.parts),
    )
    return layer(make)


@lowers(FusedLinear)
def fused_linear(op: FusedLinear, x: Shape) -> Lowering:
    """linear -> relu      # FusedLinear(9216, 4096, activation="relu")"""
    make = call(
        "FusedLinear",
        {"in_features": x.dims[-1], "out_features": op.features},
        bias=opt(op.bias, True),
        **_activation(op.activation),
        parts=_parts(op.parts),
    )
    return layer(make)


@lowers(FusedNorm)
def fused_norm(op: FusedNorm, x: Shape) -> Lowering:
    """batch_norm -> relu      # FusedNorm(64, rank=2, activation="relu", parts=[Part(after=Norm("norm1"))])"""
    make = call(
        "FusedNorm",
        {"num_features": x.channels},
        **_activation(op.activation),
        parts=_parts(op.parts),
    )
    return layer(make)


@lowers(InPlace)
def in_place(op: InPlace, x: Shape) -> Lowering:
    """relu      # nn.ReLU(inplace=True), or F.relu(x, inplace=True)"""
    plain = RULES[type(op.op)](op.op, x)
    assert isinstance(plain.make, Call)
    assert isinstance(plain.run, Call)
    flag = Arg("inplace", True, default=False)
    return layer(
        replace(plain.make, args=(*plain.make.args, flag)), run=replace(plain.run, args=(*plain.run.args, flag))
    )


@lowers(AddTo)
def add_to(op: AddTo, a: Shape, b: Shape) -> Lowering:
    """add      # a += b"""
    return expression(Augmented("+=", Ref(0), Ref(1)))


@lowers(Room)
def room(op: Room, x: Shape) -> Lowering:
    """room      # with_room(x, 256)"""
    return expression(call("with_room", {"x": Ref(0), "channels": op.channels}))


@lowers(Append)
def append(op: Append, a: Shape, b: Shape) -> Lowering:
    """append      # appended(x, y)"""
    return expression(call("appended", {"x": Ref(0), "y": Ref(1)}))


def _activation(op: Op | None) -> dict[str, Opt]:
    """The name of an activation in the kernels, and the numbers that it takes."""
    name, constants = ("none", ()) if op is None else (KERNELS[type(op)][0], KERNELS[type(op)][1](op))
    return {"activation": opt(name, "none"), "constants": opt(constants, ())}


def _has_tiles(op: FusedConv) -> bool:
    """Whether a convolution may be computed by tiles where its stride is 1, and has so many outputs that it may pay.

    The stride is left to the layer, so that blocks that differ in nothing else are one class.
    """
    is_plain = op.kernel in ((3, 3), (5, 5)) and op.dilation == (1, 1) and op.groups == 1
    is_plain = is_plain and max(op.padding) < op.kernel[0]
    return is_plain and isinstance(op.channels, int) and op.channels >= FEWEST


def _parts(parts: tuple[Part, ...]) -> Opt:
    return Opt(Items(tuple(map(_part, parts))), Items(()))


def _part(part: Part) -> Call:
    return call(
        "Part",
        {"layer": part.layer} if part.layer else {},
        bias=opt(part.bias, False),
        after=opt(_norm(part.after), None),
        before=opt(_norm(part.before), None),
    )


def _norm(norm: Norm | None) -> Call | None:
    if norm is None:
        return None
    return call("Norm", {"name": norm.layer}, eps=opt(norm.eps, 1e-5), affine=opt(norm.affine, True))
