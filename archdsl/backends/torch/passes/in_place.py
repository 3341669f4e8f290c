"""Activations that are computed in place."""

from __future__ import annotations

from collections.abc import Callable

from archdsl.backends.torch.passes.memory import is_fresh
from archdsl.backends.torch.passes.ops import InPlace
from archdsl.backends.torch.rules import lower
from archdsl.graph.nodes import Apply, Call, Graph, Value
from archdsl.passes.bodies import alone, in_every_body, moved, rebuilt, uses
from archdsl.record import replace


def overwrite(graph: Graph) -> Graph:
    """Compute an activation in place, where its input is fresh memory that nothing else reads.

    silu(add(x, y))  ->  in_place(add(x, y), op=silu)
    """
    return in_every_body(graph, lambda body: _overwriting(body, ("inference", "training"), is_fresh))


def overwrite_in_training(graph: Graph) -> Graph:
    """The same where training allows it, for an activation right behind a layer of its own body.

    relu(batch_norm(x))  ->  in_place(batch_norm(x), op=relu)

    PyTorch must compute the gradient of the activation from its result, and that of the layer before without its own.
    What a block leaves or takes is left whole, since hooks, checkpoints and stages of a pipeline may hold it.
    """
    return in_every_body(graph, lambda body: _overwriting(body, ("training",), _is_made_here))


def _is_made_here(value: Value) -> bool:
    return isinstance(value.node, Apply) and is_fresh(value)


def _overwriting(graph: Graph, modes: tuple[str, ...], is_free: Callable[[Value], bool]) -> Graph:
    counts, free = uses(graph), alone(graph)

    def change(node: Apply | Call, inputs: tuple[Value, ...]) -> Apply | Call:
        made = moved(node, inputs)
        if isinstance(made, Call) or not made.op.is_activation or node not in free:
            return made
        is_last = counts[node.inputs[0]] == 1 and is_free(made.inputs[0])
        return replace(made, op=InPlace(made.op)) if is_last and lower(made).in_place in modes else made

    return rebuilt(graph, change)
