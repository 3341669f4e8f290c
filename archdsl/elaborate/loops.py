"""Passes of a repetition that are alike become one node of the graph, with a count.

A module keeps a `Loop` for every repetition that was expanded into it: where its passes lie among the nodes. When the
module is finished, `folded` compares each pass with the one before it. Passes in a row that apply the same ops to the
same values, each to what the last one left, are a `Repeat`, if nothing outside reads what is inside of them. The loops
are known from the spec: nothing here looks for repetition that was not written as one.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from archdsl.graph.nodes import Apply, Call, Graph, Input, Node, Repeat, Step, Value
from archdsl.record import replace
from archdsl.source import Span


class Pass(NamedTuple):
    """One pass: its nodes from `start` to `stop`, how many keys it has, the value that it takes and the one that it
    leaves (None where that is unknown), and the loops in it."""

    start: int
    stop: int
    stride: int
    entry: Value | None
    result: Value | None
    inner: Sequence[Loop]


class Loop:
    """A repetition that was expanded into a module. `more` passes were not, because they are like the last one."""

    def __init__(self, span: Span, entry: Value | None, nodes: int, keys: int) -> None:
        """It begins behind so many nodes and keys."""
        self.span = span
        self.entry = entry
        self.starts = array("q", [nodes])
        self.keys = array("q", [keys])
        self.results: list[Value | None] = []
        self.inner: dict[int, list[Loop]] = {}
        self.more = 0

    @property
    def stop(self) -> int:
        """The number of the first node behind it."""
        return self.starts[-1]

    def hold(self, loop: Loop) -> None:
        """A loop begins in the pass that is expanded now."""
        self.inner.setdefault(len(self.results), []).append(loop)

    def end(self, nodes: int, keys: int, result: Value | None) -> None:
        """A pass ends, with so many nodes and keys in the module."""
        self.starts.append(nodes)
        self.keys.append(keys)
        self.results.append(result)

    def at(self, index: int) -> Pass:
        """A pass by its number."""
        start, stop = self.starts[index : index + 2]
        key, end = self.keys[index : index + 2]
        entry = self.results[index - 1] if index else self.entry
        return Pass(start, stop, end - key, entry, self.results[index], self.inner.get(index, ()))


def folded(
    nodes: Sequence[Apply | Call], loops: Sequence[Loop], outputs: tuple[Value, ...]
) -> tuple[tuple[Step, ...], tuple[Value, ...]]:
    """The nodes and the outputs of a module, where passes that are alike are one node.

    folded(module.nodes, module.loops, outputs)
    """
    if not loops:
        return tuple(nodes), outputs
    folding = _Folding(nodes, outputs)
    steps = folding.between(0, len(nodes), loops)
    return tuple(steps), tuple([folding.values.get(value, value) for value in outputs])


def is_settled(nodes: Sequence[Apply | Call], loop: Loop) -> bool:
    """Whether the last pass of a loop is like the one before it, so that all that follow are, if they know no more."""
    count = len(loop.results)
    before, last = loop.at(count - 2), loop.at(count - 1)
    if not before.result or not last.result or before.result.shape != last.result.shape:
        return False
    folding = _Folding(nodes, (last.result,), before.start)
    return folding.turn(before).is_like(folding.turn(last))


class _Turn(NamedTuple):
    """A pass, with its steps as they are in the graph."""

    at: Pass
    steps: list[Step]
    entry: Value | None
    result: Value | None

    def is_like(self, after: _Turn) -> bool:
        """Whether a pass does what the one before it, which is this one, has done."""
        if self.entry is None or after.entry is None or self.result is None or after.result is None:
            return False
        if not self.steps or self.at.stride != after.at.stride or len(self.steps) != len(after.steps):
            return False
        if not self.entry.shape == self.result.shape == after.result.shape:
            return False
        pairs = {after.entry: self.entry}
        return _alike(self.steps, after.steps, pairs, self.at.stride) and _same(self.result, after.result, pairs)


class _Folding:
    """The nodes of a module from `start` on, and what stands for values of theirs that are no more."""

    def __init__(self, nodes: Sequence[Apply | Call], outputs: tuple[Value, ...], start: int = 0) -> None:
        self.nodes = nodes
        self.outputs = outputs
        self.start = start
        self.values: dict[Value, Value] = {}
        self.owners: dict[Node, Apply | Call] = {}
        self.uses: dict[Value, int] | None = None

    def between(self, start: int, stop: int, loops: Sequence[Loop]) -> list[Step]:
        """The steps for the nodes of a stretch, which holds these loops."""
        steps: list[Step] = []
        for loop in loops:
            steps += map(self.moved, self.nodes[start : loop.starts[0]])
            steps += self.loop(loop)
            start = loop.stop
        steps += map(self.moved, self.nodes[start:stop])
        return steps

    def moved(self, node: Apply | Call) -> Apply | Call:
        """A node on the values that stand for those it was made with."""
        if not self.values:
            return node
        inputs = tuple([self.values.get(value, value) for value in node.inputs])
        shares = self.owners.get(node.shares, node.shares) if node.shares is not None else None
        if inputs == node.inputs and shares is node.shares:
            return node
        changes = {"inputs": inputs, "shares": shares}
        self.owners[node] = made = replace(node, **changes)
        self.values.update((Value(node, index), Value(made, index)) for index in range(len(node.shapes)))
        return made

    def turn(self, at: Pass) -> _Turn:
        steps = self.between(at.start, at.stop, at.inner)
        return _Turn(at, steps, at.entry and self.now(at.entry), at.result and self.now(at.result))

    def now(self, value: Value) -> Value:
        return self.values.get(value, value)

    def loop(self, loop: Loop) -> list[Step]:
        """The steps of a loop: repetitions of the passes in a row that are alike, and the others one by one."""
        steps: list[Step] = []
        run: list[_Turn] = []
        count = 0
        for at in map(loop.at, range(len(loop.results))):
            turn = self.turn(at)
            if run and run[-1].is_like(turn) and self.is_closed(run[-1].at, turn.at) and self.is_closed(turn.at, None):
                run = [*run[:1], turn] if len(run) < 2 else [run[0], run[1], turn]
                count += 1
                continue
            if run:
                before = self.values.get(run[-1].at.result) if run[-1].at.result else None
                steps += self.flushed(run, count, loop)
                if run[-1].at.result and self.values.get(run[-1].at.result) != before:
                    turn = self.turn(at)
            run, count = [turn], 1
        if run:
            assert not loop.more or count > 1, "passes are left out where they are like the last two"
            steps += self.flushed(run, count + loop.more, loop)
        return steps

    def is_closed(self, at: Pass, after: Pass | None) -> bool:
        """Whether nothing but the pass itself reads its values. What it leaves the next one may read, or anybody."""
        if self.uses is None:
            self.uses = {}
            for index in range(self.start, len(self.nodes)):
                self.uses.update(dict.fromkeys(self.nodes[index].inputs, index))
            self.uses.update(dict.fromkeys(self.outputs, len(self.nodes)))
        for node in self.nodes[at.start : at.stop]:
            for index in range(len(node.shapes)):
                value = Value(node, index)
                last = self.uses.get(value, -1)
                if last >= at.stop and (value != at.result or (after is not None and last >= after.stop)):
                    return False
        return True

    def flushed(self, run: list[_Turn], count: int, loop: Loop) -> list[Step]:
        """The steps of a run of so many passes that are alike."""
        first, last = run[0], run[-1]
        if count == 1:
            return first.steps
        assert first.entry is not None and first.result is not None and last.at.result is not None
        repeat = _repeat(first, run[1], count, loop.span)
        if any(node is last.at.result.node for node in self.nodes[last.at.start : last.at.stop]):
            self.values[last.at.result] = Value(repeat)
        return [repeat]


def _repeat(first: _Turn, second: _Turn, count: int, span: Span) -> Repeat:
    """The node for passes that are alike: its body is the first of them. What two passes take from the same value
    outside is an input of its own."""
    assert first.entry is not None and second.entry is not None
    assert first.result is not None and second.result is not None
    entry = Input("x", first.entry.shape, span)
    inputs: dict[Value, Input] = {}
    inside: dict[Value, Value] = {}

    def given(value: Value, after: Value) -> Value:
        if value in inside:
            return inside[value]
        if value == first.entry and after == second.entry:
            return Value(entry)
        return Value(inputs.setdefault(value, Input(_name(value), value.shape)))

    steps: list[Step] = []
    for step, twin in zip(first.steps, second.steps, strict=True):
        made = replace(step, inputs=tuple(map(given, step.inputs, twin.inputs)))
        inside.update((Value(step, index), Value(made, index)) for index in range(len(step.shapes)))
        steps.append(made)
    result = given(first.result, second.result)
    body = Graph("pass", "", (entry, *inputs.values()), tuple(steps), (result,), span=span)
    return Repeat(body, (first.entry, *inputs), count, first.at.stride, span)


def _name(value: Value) -> str:
    node = value.node
    if isinstance(node, Input):
        return node.name
    return "x" if isinstance(node, Repeat) else node.label or node.key or "x"


# ---- whether steps are alike


def _alike(before: Sequence[Step], after: Sequence[Step], pairs: dict[Value, Value], stride: int) -> bool:
    """Whether steps do what others do, whose numbers are smaller by `stride`. `pairs` holds what stands for what."""
    if len(before) != len(after):
        return False
    for a, b in zip(before, after, strict=True):
        if type(a) is not type(b) or a.span != b.span or len(a.inputs) != len(b.inputs) or a.shapes != b.shapes:
            return False
        if not all(_same(x, y, pairs) for x, y in zip(a.inputs, b.inputs, strict=True)):
            return False
        if not _alike_alone(a, b, stride):
            return False
        pairs.update((Value(b, index), Value(a, index)) for index in range(len(b.shapes)))
    return True


def _alike_alone(a: Step, b: Step, stride: int) -> bool:
    """Whether two steps are alike but for what they take."""
    if isinstance(a, Repeat) and isinstance(b, Repeat):
        return (a.count, a.stride) == (b.count, b.stride) and _alike_graphs(a.graph, b.graph, stride)
    assert not isinstance(a, Repeat) and not isinstance(b, Repeat)
    if a.shares is not None or b.shares is not None or a.label != b.label or not _follows(a, b, stride):
        return False
    if isinstance(a, Apply):
        return isinstance(b, Apply) and (a.op is b.op or a.op == b.op)
    return isinstance(b, Call) and _alike_graphs(a.graph, b.graph, 0)


def _follows(a: Apply | Call, b: Apply | Call, stride: int) -> bool:
    """Whether the key of one comes so much behind that of another. Layers of passes have numbers, not names."""
    if not stride or a.key is None or b.key is None:
        return a.key == b.key
    return a.label is None and a.key.isdecimal() and b.key.isdecimal() and int(b.key) - int(a.key) == stride


def _alike_graphs(a: Graph, b: Graph, stride: int) -> bool:
    """Whether two bodies are the same but for the numbers of their layers: groups are expanded for every pass."""
    if a is b:
        return not stride
    if (a.kind, a.name, a.arguments, a.span) != (b.kind, b.name, b.arguments, b.span):
        return False
    if [entry.shape for entry in a.inputs] != [entry.shape for entry in b.inputs]:
        return False
    pairs = {Value(y): Value(x) for x, y in zip(a.inputs, b.inputs, strict=True)}
    return _alike(a.steps, b.steps, pairs, stride) and all(map(lambda x, y: _same(x, y, pairs), a.outputs, b.outputs))


def _same(a: Value, b: Value, pairs: dict[Value, Value]) -> bool:
    """Whether two values stand at the same place of two passes, or are one."""
    return pairs.get(b) == a or a == b
