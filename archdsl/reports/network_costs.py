"""What a network costs, as data: its rows, and the sums over them. `summary` gives it the forms in which it is read."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.analyses.tally import Row, total
from archdsl.record import Entity
from archdsl.sizes.dim import Dim
from archdsl.sizes.shape import Shape


class NetworkCosts(Entity):
    """Parameters, multiply-adds and bytes written of a network, whole and by layer, for some sizes of its inputs."""

    network: str
    inputs: dict[str, Shape]
    outputs: dict[str, Shape]
    rows: tuple[Row, ...]

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def macs(self) -> Dim:
        return total(row.macs for row in self.rows)

    @property
    def activation_bytes(self) -> Dim:
        return total(row.activation_bytes for row in self.rows)

    @property
    def symbols(self) -> list[str]:
        """The sizes that are free."""
        return sorted(frozenset().union(*(shape.symbols for shape in self.inputs.values())))

    def layers(self) -> Iterator[Row]:
        """The rows of all layers, blocks opened."""
        for row in self.rows:
            yield from row.layers()
