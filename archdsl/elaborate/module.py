"""One module under construction: its nodes, the keys of its layers, and the values that have names."""

from __future__ import annotations

import re
from typing import Any, Literal

from archdsl.diagnostics import Diagnostic, Label, Problem
from archdsl.elaborate.loops import Loop, folded
from archdsl.elaborate.mistake import Mistake
from archdsl.elaborate.scope import Constant, NameTaken
from archdsl.elaborate.values import ValueRef, with_tensors
from archdsl.graph.nodes import Apply, Call, Graph, Input, Node, Value
from archdsl.limits import TooManyLayers, limits
from archdsl.sizes.shape import Shape
from archdsl.source import Span
from archdsl.syntax import tree


class BadName(Problem):
    """A layer's name is made of letters, digits and underscores, and is not the name of a hidden thing of Python's.

    "a.b" = relu      # error[bad-name]
    a_b = relu        # good
    """

    code = "bad-name"
    message = "{name} cannot name a layer"
    name: str

    def help(self) -> str:
        return "use letters, digits and underscores"


WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+")


def taken(name: str, span: Span, first: Span) -> Mistake:
    """The second use of a name; in a loop it stands where the first does."""
    if span == first:
        return Mistake(Diagnostic(NameTaken(name, in_loop=True), span))
    return Mistake(Diagnostic(NameTaken(name), span, (Label(first, "first here"),)))


class SharedLayer:
    """A layer that was declared to be applied several times; `first` is its first application."""

    def __init__(self, declaration: tree.Shared, key: str, context: Any) -> None:
        self.declaration = declaration
        self.key = key
        self.context = context
        self.first: Apply | Call | None = None
        self.graphs: dict[Shape | None, Graph] = {}


class ModuleBuilder:
    """The body of a network, a block or a group while it is built.

    A stage without a name takes the number of the layers, blocks and groups before it, as `nn.Sequential.append`
    would. Values of outer modules are captured: they become inputs of this one.
    """

    def __init__(
        self, kind: Literal["network", "block", "group"], name: str, outer: ModuleBuilder | None = None
    ) -> None:
        self.kind = kind
        self.name = name
        self.outer = outer
        self.inputs: list[Input] = []
        self.nodes: list[Apply | Call] = []
        self.outputs: list[tuple[str, Value | None, Span]] = []
        self.keys: dict[str, Span] = {}
        self.values: dict[str, ValueRef] = {}
        self.places: dict[str, Span] = {}
        self.shared: dict[str, SharedLayer] = {}
        self.captured: dict[Value, Input] = {}
        self.own: set[Node] = set()
        self.size = 0
        self.loops: list[Loop] = []
        self.around: list[Loop] = []
        """The loops that are being expanded, the innermost last."""
        self.keys_left_out = 0
        self.left_out: list[tuple[range, int]] = []
        """The numbers that layers of passes have which were not expanded, and how many a pass has."""
        self.numbers_by_hand = False
        """Whether the spec gives a layer a number for its name."""

    def claim(self, name: str | None, span: Span) -> str:
        """A key for the next layer: its name, or its number."""
        if name is None:
            name = str(self.count_of_keys)
        elif not WORD.fullmatch(name) or name.startswith("__"):
            raise Mistake(Diagnostic(BadName(name), span))
        elif name.isdecimal():
            self.numbers_by_hand = True
            first = self._left_out(int(name)) if str(int(name)) == name else None
            if first is not None:
                raise taken(name, span, first)
        if name in self.keys:
            raise taken(name, span, self.keys[name])
        self.keys[name] = span
        return name

    def _left_out(self, number: int) -> Span | None:
        """Where a layer stands that has this number in a pass that was not expanded; None if there is none."""
        for numbers, stride in self.left_out:
            if number in numbers:
                twin = numbers.start - stride + (number - numbers.start) % stride  # in the last pass that was expanded
                return self._left_out(twin) or self.keys[str(twin)]
        return None

    @property
    def count_of_keys(self) -> int:
        """How many layers, blocks and groups there are, those of passes that were not expanded among them."""
        return len(self.keys) + self.keys_left_out

    def add(self, node: Apply | Call, span: Span) -> None:
        """Append a node; what it holds is counted."""
        self.grow(node.graph.size if isinstance(node, Call) else 1, span)
        self.nodes.append(node)
        self.own.add(node)

    def grow(self, size: int, span: Span) -> None:
        """Count layers."""
        self.size += size
        if self.size > limits().layers:
            raise Mistake(Diagnostic(TooManyLayers(limits().layers), span))

    def begin_loop(self, span: Span, entry: Value | None) -> Loop:
        """A repetition begins; `end_loop` ends it."""
        loop = Loop(span, entry, len(self.nodes), self.count_of_keys)
        if self.around:
            self.around[-1].hold(loop)
        else:
            self.loops.append(loop)
        self.around.append(loop)
        return loop

    def end_pass(self, result: Value | None) -> None:
        self.around[-1].end(len(self.nodes), self.count_of_keys, result)

    def leave_out(self, passes: int, size: int, span: Span) -> None:
        """So many passes more are like the last one, which added so many layers: they are counted, not expanded."""
        loop = self.around[-1]
        first, stride = self.count_of_keys, loop.keys[-1] - loop.keys[-2]
        self.left_out.append((range(first, first + passes * stride), stride))
        self.keys_left_out += passes * stride
        loop.more = passes
        self.grow(passes * size, span)

    def end_loop(self) -> None:
        self.around.pop()

    def bind(self, name: str, value: ValueRef, span: Span) -> None:
        """Make a value usable by its name."""
        if name in self.places:
            raise taken(name, span, self.places[name])
        self.values[name] = value
        self.places[name] = span

    def find(self, name: str) -> ValueRef | None:
        """A named value of this module or an outer one; an outer one is captured."""
        if name in self.values:
            return self.values[name]
        found = self.outer.find(name) if self.outer else None
        if found is None or found.value is None:
            return found
        return ValueRef(self.capture(found.value, name))

    def inside(self, found: Constant, name: str) -> Constant:
        """What a name in sight stands for, as this module has it: values of modules around it are captured."""
        return with_tensors(found, lambda tensor: self._inside(tensor, name))

    def _inside(self, tensor: ValueRef, name: str) -> ValueRef:
        if tensor.value is None or tensor.value.node in self.own or self.outer is None:
            return tensor
        around = self.outer._inside(tensor, name)
        return ValueRef(self.capture(around.value, name)) if around.value else around

    def capture(self, value: Value, name: str) -> Value:
        """An input of this module that stands for a value of an outer one."""
        if value not in self.captured:
            self.captured[value] = self.add_input(name, value.shape, None)
        return Value(self.captured[value])

    def add_input(self, name: str, shape: Shape, span: Span | None) -> Input:
        entry = Input(name, shape, span)
        self.inputs.append(entry)
        self.own.add(entry)
        return entry

    def used_captures(self, result: Value) -> tuple[Value, ...]:
        """The captured values that something in this module uses; the inputs of the others are dropped."""
        used = {value.node for node in self.nodes for value in node.inputs} | {result.node}
        self.inputs = [entry for entry in self.inputs if entry in used]
        return tuple(value for value, entry in self.captured.items() if entry in used)

    def named(self) -> list[str]:
        """The names of all values in sight."""
        return [*self.values, *(self.outer.named() if self.outer else ())]

    def shares_outside(self, name: str) -> bool:
        """Whether a module around this one declares a shared layer of this name."""
        return self.outer is not None and (name in self.outer.shared or self.outer.shares_outside(name))

    def graph(self, outputs: tuple[Value, ...], names: tuple[str, ...], **facts: Any) -> Graph:
        """The finished body, in which passes that are alike are one node."""
        steps, left = folded(self.nodes, self.loops, outputs)
        return Graph(self.kind, self.name, tuple(self.inputs), steps, left, names, **facts)
