"""Where the time of a network goes: its layers' seconds beside what they compute.

Takes what a backend measured and the network's costs, returns a table or data. The floor of a layer is the time that
the backend's own matrix product would need for its multiply-adds; what a layer without any takes is above every floor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archdsl.analyses.given import settled
from archdsl.analyses.tally import one_sample, tally
from archdsl.graph.nodes import Graph
from archdsl.record import Entity
from archdsl.reports.columns import columns
from archdsl.timing import Timed, Timings

HEADERS = ("layer", "kind", "time", "share", "GFLOP/s", "of floor")
GIGA = 1e9


class Layer(Entity):
    """One step: its time, and its multiply-adds where it has any."""

    name: str
    kind: str
    seconds: float
    macs: int

    @property
    def flops(self) -> float:
        """Floating-point operations a second; a multiply-add is two."""
        return 2 * self.macs / self.seconds if self.seconds else 0.0


class Bench(Entity):
    """A network's time on one backend, whole and by layer.

        bench = net.bench("numpy", image=(1, 1, 28, 28))
        bench.seconds           # of a pass, the median of all runs
        print(bench)            # a table

    `rate` is what the backend's matrix product reaches, in operations a second, measured in the same process.
    """

    network: str
    backend: str
    shapes: Mapping[str, tuple[int, ...]]
    seconds: float
    rate: float
    layers: tuple[Layer, ...]

    @property
    def floor(self) -> float:
        """Seconds that matrix products at full rate would need for the network's multiply-adds."""
        return 2 * sum(layer.macs for layer in self.layers) / self.rate

    def text(self) -> str:
        """A table for a terminal."""
        whole = sum(layer.seconds for layer in self.layers) or 1.0
        rows = [list(HEADERS), *(self._cells(layer, whole) for layer in self.layers)]
        shapes = ", ".join(f"{name} {list(shape)}" for name, shape in self.shapes.items())
        rate = f"{self.rate / GIGA:,.0f} GFLOP/s"
        return "\n".join(
            [
                f"{self.network} on {self.backend}: {shapes}",
                "",
                *columns(rows, words=2),
                "",
                f"{_milliseconds(self.seconds)} a pass; at the {rate} of a matrix product its multiply-adds would take "
                f"{_milliseconds(self.floor)}: {self.floor / self.seconds:.0%} of the time",
            ]
        )

    def _cells(self, layer: Layer, whole: float) -> list[str]:
        figures = [f"{layer.flops / GIGA:.1f}", f"{layer.flops / self.rate:.0%}"] if layer.macs else ["", ""]
        return [layer.name, layer.kind, _milliseconds(layer.seconds), f"{layer.seconds / whole:.1%}", *figures]

    def json(self) -> dict[str, Any]:
        """The same as data."""
        return {
            "version": 1,
            "network": self.network,
            "backend": self.backend,
            "inputs": {name: list(shape) for name, shape in self.shapes.items()},
            "seconds": self.seconds,
            "matrix_product_flops": self.rate,
            "floor_seconds": self.floor,
            "layers": [
                {
                    "name": layer.name,
                    "kind": layer.kind,
                    "seconds": layer.seconds,
                    "macs": layer.macs,
                    "flops": layer.flops,
                    "share_of_floor": layer.flops / self.rate,
                }
                for layer in self.layers
            ],
        }

    def __str__(self) -> str:
        return self.text()


def bench(name: str, graph: Graph, backend: str, shapes: Mapping[str, tuple[int, ...]], timings: Timings) -> Bench:
    """What a backend measured of a network on inputs of these shapes, beside the multiply-adds of its layers."""
    rows = (row for top in tally(graph, settled(graph, shapes)) for row in top.layers())
    macs = {row.path: row.macs for row in rows if isinstance(row.macs, int)}
    return Bench(name, backend, shapes, timings.seconds, timings.rate, _layers(timings, macs))


def full_shapes(graph: Graph, given: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    """A shape of numbers for every input: those given, and a batch of one.

    full_shapes(lenet, {})      # {"image": (1, 1, 28, 28)}

    Raises ValueError where a size stays free, or where the network refuses a shape.
    """
    sizes = {**one_sample(graph), **settled(graph, given)}
    found = {}
    for entry in graph.inputs:
        shape = entry.shape.at(sizes)
        found[entry.name] = tuple(dim for dim in shape.dims if isinstance(dim, int))
        if len(found[entry.name]) < len(shape.dims):
            raise ValueError(f"{entry.name} is {shape}: a measurement needs numbers for all its sizes")
    return found


def _layers(timings: Timings, macs: Mapping[str, int]) -> tuple[Layer, ...]:
    def layer(step: Timed) -> Layer:
        return Layer(step.layer, step.kind, step.seconds, sum(macs.get(path, 0) for path in step.layer.split(" + ")))

    return tuple(map(layer, timings.steps))


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:,.2f} ms"
