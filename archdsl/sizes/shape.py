"""Shapes of values: the batch, the channels, then the spatial sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from archdsl.record import Record
from archdsl.sizes.dim import Dim, product, substitute, symbols

Kind = Literal["float", "int"]


class Shape(Record):
    """The sizes of a value, and whether it holds real or whole numbers.

    Shape((n, 3, 224, 224)).channels      # 3
    """

    dims: tuple[Dim, ...]
    kind: Kind = "float"

    @property
    def rank(self) -> int:
        return len(self.dims)

    @property
    def batch(self) -> Dim:
        return self.dims[0]

    @property
    def channels(self) -> Dim:
        """The size of axis 1: channels of images, features of vectors."""
        return self.dims[1]

    @property
    def spatial(self) -> tuple[Dim, ...]:
        """The sizes after batch and channels: none, a length, rows and columns, or depth, rows and columns."""
        return self.dims[2:]

    @property
    def elements(self) -> Dim:
        return product(self.dims)

    @property
    def symbols(self) -> frozenset[str]:
        return frozenset().union(*map(symbols, self.dims))

    def with_channels(self, channels: Dim) -> Shape:
        return Shape((self.batch, channels, *self.spatial), self.kind)

    def with_axis(self, axis: int, size: Dim) -> Shape:
        """The same shape, but for one axis."""
        return Shape(tuple(size if i == axis else dim for i, dim in enumerate(self.dims)), self.kind)

    def at(self, values: Mapping[str, Dim]) -> Shape:
        """The shape with symbols replaced."""
        return Shape(tuple(substitute(dim, values) for dim in self.dims), self.kind)

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.dims))}]"
