"""How long each layer of a network takes in PyTorch.

The module's trace is run node by node, in evaluation mode and without gradients, as it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archdsl.backends.torch.module import module
from archdsl.graph.nodes import Graph
from archdsl.timing import Timed, Timings, by_step, seconds_of

if TYPE_CHECKING:
    import torch

EDGE = 1024
"""Of the square matrices whose product is timed."""


def profile(graph: Graph, shapes: Mapping[str, Sequence[int]], runs: int) -> Timings:
    """The medians of some runs on inputs of these shapes, drawn at random."""
    import torch

    net = module(graph).eval()
    inputs = [_input(shape, entry.shape.kind) for shape, entry in zip(shapes.values(), graph.inputs, strict=True)]
    one, other = torch.rand(EDGE, EDGE), torch.rand(EDGE, EDGE)
    with torch.inference_mode():
        steps = _steps(net, inputs, runs)
        seconds = seconds_of(lambda: net(*inputs), runs)
        rate = 2 * EDGE**3 / seconds_of(lambda: torch.mm(one, other), 10)
    return Timings(steps, seconds, rate)


def _input(shape: Sequence[int], kind: str) -> torch.Tensor:
    import torch

    return torch.zeros(*shape, dtype=torch.int64) if kind == "int" else torch.rand(*shape)


def _steps(net: torch.nn.Module, inputs: list[torch.Tensor], runs: int) -> tuple[Timed, ...]:
    from time import perf_counter

    from torch import fx

    class Watch(fx.Interpreter):
        """Runs a trace and notes the time of each node that computes something."""

        def __init__(self, traced: fx.GraphModule) -> None:
            super().__init__(traced)
            self.timed: list[Timed] = []

        def run_node(self, n: fx.Node) -> Any:
            start = perf_counter()
            result = super().run_node(n)
            if n.op == "call_module":
                kind = type(self.fetch_attr(str(n.target))).__name__
                self.timed.append(Timed(str(n.target), kind, perf_counter() - start))
            elif n.op in ("call_function", "call_method"):
                self.timed.append(Timed("", getattr(n.target, "__name__", str(n.target)), perf_counter() - start))
            return result

    traced = fx.symbolic_trace(net)
    passes = []
    for _ in range(runs + 1):
        watch = Watch(traced)
        watch.run(*inputs)
        passes.append(watch.timed)
    return by_step(passes[1:])
