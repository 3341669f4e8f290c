"""Attention: two products for all positions, and between them one head after the other, each thread its own."""

from __future__ import annotations

import numpy as np

from archdsl.backends.numpy.fast.commands import Phase, Task, Work, Workspace, spread
from archdsl.backends.numpy.fast.linear import product, product_room
from archdsl.backends.numpy.fast.rows import softmax_commands
from archdsl.backends.numpy.fast.schedule import Buffer, Trace
from archdsl.backends.numpy.kernels.array import Array


def attention_into(net: Trace, x: Buffer, *, layer: str, heads: int = 1, causal: bool = False) -> Work:
    """softmax(q · kᵀ / √(D / heads)) · v in each head of x [N, T, D], between two linear layers."""
    weights = net.weights(layer)
    count, positions, features = x.shape
    each, rows = features // heads, count * positions
    masked = np.where(np.tri(positions, dtype=bool), 0, -np.inf).astype(np.float32) if causal else None
    room = max(product_room(rows, 3 * features), positions * (positions + 1))

    def head(queries: Array, keys: Array, values: Array, to: Array, memory: Array) -> Task:
        scores = memory[: positions * positions].reshape(positions, positions)
        commands: Task = [(np.matmul, (queries, keys.T, scores)), (np.multiply, (scores, each**-0.5, scores))]
        if masked is not None:
            commands.append((np.add, (scores, masked, scores)))
        commands += softmax_commands(scores, scores, memory[scores.size :])
        return [*commands, (np.matmul, (scores, values, to))]

    def bind(workspace: Workspace, xs: list[Array], y: Array) -> list[Phase]:
        projected = workspace.shared[: 3 * rows * features].reshape(rows, 3 * features)
        gathered = workspace.shared[projected.size :].reshape(rows, features)
        queries, keys, values = projected.reshape(count, positions, 3, heads, each).transpose(2, 0, 3, 1, 4)
        places = gathered.reshape(count, positions, heads, each).swapaxes(1, 2)
        every = list(np.ndindex(count, heads))
        between: Phase = [
            [
                command
                for place in every[start:stop]
                for command in head(
                    queries[place], keys[place], values[place], places[place], workspace.scratch(worker)
                )
            ]
            for worker, (start, stop) in enumerate(spread(len(every), workspace.workers))
        ]
        into, out = ((weights[f"{name}_weight"], weights.get(f"{name}_bias")) for name in ("in_proj", "out_proj"))
        return [
            product(workspace, xs[0].reshape(rows, features), *into, projected),
            between,
            product(workspace, gathered, *out, y.reshape(rows, features)),
        ]

    return Work(x.shape, bind, room, 4 * rows * features, 3)
