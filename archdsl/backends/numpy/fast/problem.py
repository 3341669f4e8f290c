"""What a convolution is asked to do, for all the ways of doing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from archdsl.backends.numpy.fast.activate import Epilogue
from archdsl.backends.numpy.fast.commands import Cuts
from archdsl.backends.numpy.fast.packs import Fill
from archdsl.backends.numpy.fast.row_tiles import Affine
from archdsl.backends.numpy.kernels.array import Array
from archdsl.backends.numpy.kernels.window import Window


class ConvProblem(NamedTuple):
    """y = epilogue(conv(prologue(x)) + bias + plus), where `prologue` is a norm and an activation, if any.

    `cuts` are those of x where it is written in rows; `folded` gives the kernel [O, C / groups, rows, columns] and the
    bias [O] as they are now, and `pack` memory for weights in another form.
    """

    shape: tuple[int, int, int, int]
    outputs: int
    window: Window
    groups: int
    workers: int
    cuts: Cuts | None
    folded: Callable[[], tuple[Array, Array]]
    pack: Callable[[str, tuple[int, ...], Fill], Array]
    norm: Affine | None
    prologue: Epilogue | None
    epilogue: Epilogue | None

    @property
    def result(self) -> tuple[int, int, int, int]:
        """The shape of the result as [N, O, rows, columns]."""
        high, wide = self.window.places
        return self.shape[0], self.outputs, high, wide
