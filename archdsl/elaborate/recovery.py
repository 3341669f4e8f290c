"""The shapes that values would have if the claims that were refuted were true.

A wrong stride breaks the claim behind it, and every claim after that one, up to a window that no longer fits: all of it
is one mistake, at the first claim. So each stage behind a refuted claim is also run on the shape that was claimed. A
rule that refuses the shape that is there, and takes the one that was meant, tells nothing new. Nothing is kept until a
claim is refuted. Reports nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archdsl.elaborate.mistake import Mistake
from archdsl.elaborate.module import ModuleBuilder
from archdsl.graph.nodes import Apply, Call, Graph, Input, Repeat, Value
from archdsl.ops import Rejected
from archdsl.sizes.prove import Known
from archdsl.sizes.shape import Shape

PASSES = 1000
"""As many passes of a repetition are run on what was meant."""


class RecoveryShapes:
    """Shapes by value, for those values that stand behind a refuted claim."""

    def __init__(self) -> None:
        self.shapes: dict[Value, Shape] = {}

    def claim(self, value: Value, shape: Shape | None) -> None:
        """A claim about a value was refuted."""
        if shape is not None:
            self.shapes[value] = shape

    def enter(self, entry: Value, outside: Value, module: ModuleBuilder) -> None:
        """A block or a group is given a value of the module around it."""
        shape = self.of(outside, module) if self.shapes else None
        if shape is not None:
            self.shapes[entry] = shape

    def of(self, value: Value, module: ModuleBuilder | None) -> Shape | None:
        """The shape that was meant for a value; None where no refuted claim is behind it."""
        while value not in self.shapes and isinstance(value.node, Input) and module:
            outer = next((outside for outside, entry in module.captured.items() if entry is value.node), None)
            if outer is None:
                break
            value, module = outer, module.outer
        return self.shapes.get(value)

    def follow(self, node: Apply | Call, module: ModuleBuilder, known: Known) -> None:
        """Run a new node on what was meant."""
        if not self.shapes:
            return
        given = self.given(node.inputs, module)
        left: Sequence[Shape | None] = ()
        if isinstance(node, Call):
            left = self._through(node.graph, given or [value.shape for value in node.inputs], known)
        elif given:
            left = _run(node, given, known)
        for index, shape in enumerate(left):
            if shape is not None and shape != node.shapes[index]:
                self.shapes[Value(node, index)] = shape

    def given(self, inputs: Sequence[Value], module: ModuleBuilder) -> list[Shape] | None:
        """The shapes that were meant for the inputs of a stage; None where they are those that are there."""
        meant = [self.of(value, module) for value in inputs] if self.shapes else []
        if not any(meant):
            return None
        return [shape or value.shape for shape, value in zip(meant, inputs, strict=True)]

    def excuses(self, inputs: Sequence[Value], module: ModuleBuilder, rule: Callable[..., object]) -> bool:
        """Whether a rule that refused what is there takes what was meant."""
        given = self.given(inputs, module)
        if given is None:
            return False
        try:
            rule(*given)
        except (Rejected, Mistake):
            return False
        return True

    def _through(self, graph: Graph, given: Sequence[Shape], known: Known) -> list[Shape | None]:
        """What a block or a group would leave."""
        shapes: dict[Value, Shape] = {Value(entry): shape for entry, shape in zip(graph.inputs, given, strict=True)}
        for node in graph.steps:
            inputs = [shapes.get(value, value.shape) for value in node.inputs]
            left: Sequence[Shape | None]
            if isinstance(node, Repeat):
                left = self._repeated(node, inputs, known)
            else:
                left = self._through(node.graph, inputs, known) if isinstance(node, Call) else _run(node, inputs, known)
            for index, shape in enumerate(left):
                meant = self.shapes.get(Value(node, index)) or shape
                if meant is not None:
                    shapes[Value(node, index)] = meant
        return [shapes.get(value) for value in graph.outputs]

    def _repeated(self, node: Repeat, given: Sequence[Shape], known: Known) -> list[Shape | None]:
        """What a repetition would leave; nothing where it takes many passes to say."""
        carried, *others = given
        for _ in range(min(node.count, PASSES)):
            (left,) = self._through(node.graph, [carried, *others], known)
            if left is None or left == carried:
                return [left]
            carried = left
        return [carried if node.count <= PASSES else None]


def _run(node: Apply, given: Sequence[Shape], known: Known) -> Sequence[Shape]:
    try:
        return node.op.outputs(*given, known=known)
    except Rejected:
        return ()
