"""Which bodies of a graph become classes, and which of them share one.

The root, every block, and every group that is no plain chain becomes a class; a group that is a chain stays an
`nn.Sequential` inside of its parent. Instances of one block share a class when they differ in numbers alone, which is
what their signatures say: a body with every constructor argument taken out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace

from archdsl.backends.python.names import unique
from archdsl.backends.torch.calls import Arg
from archdsl.backends.torch.folds import FEWEST_IN_A_LOOP, Loop, Run, loop, once, repeated, runs
from archdsl.backends.torch.names import class_name, is_keyword_argument, is_subscript
from archdsl.backends.torch.optional import aligned, optional_layers
from archdsl.backends.torch.rules import lower
from archdsl.backends.torch.signature import Numbers, content, is_stateless, run_text, signature
from archdsl.graph.nodes import Apply, Call, Graph, Value

DEEPEST = 6
"""How many chains, or instances of one block, may be written inside of each other before one becomes a class."""

HANDED = -1
"""In the place of a class's number, for what a constructor is handed."""


@dataclass(eq=False)
class Family:
    """The instances of one class, in the order in which the network is built, and how a parent constructs each.

    `loops` and `runs` hold instances that are nothing but passes, and chains with stretches that may repeat. `optional`
    are the keys of layers that not every instance has; the first one has them all.
    """

    hint: str
    graphs: list[Graph] = field(default_factory=list)
    name: str = ""
    calls: dict[Graph, tuple[Arg, ...]] = field(default_factory=dict)
    loops: dict[Graph, Loop] = field(default_factory=dict)
    runs: dict[Graph, list[Run]] = field(default_factory=dict)
    optional: set[str] = field(default_factory=set)

    @property
    def first(self) -> Graph:
        return self.graphs[0]

    @property
    def varies(self) -> bool:
        """Whether instances differ in how often something is passed."""
        return not self.optional and len({len(graph.nodes) for graph in self.graphs}) > 1

    def twins(self, index: int) -> list[Apply | Call | None]:
        """The node at one place of the first instance in all of them; None for those that do without it."""
        if not self.optional:
            return [graph.nodes[index] for graph in self.graphs]
        return [aligned(self.first, graph, self.optional)[index] for graph in self.graphs]

    @property
    def loop(self) -> Loop | None:
        """The loop that the class is, where that is shorter than its passes one by one, or their number varies."""
        found = self.loops.get(self.first)
        if found is None or not (self.varies or len(found.layers) >= FEWEST_IN_A_LOOP):
            return None
        step = max(loop.keys.step for loop in self.loops.values())
        return replace(found, keys=replace(found.keys, step=step))


@dataclass(frozen=True)
class Structure:
    """The classes of a network, those that others use before them; `of` finds the class of a body.

    A block that calls itself is handed the instance inside of it, at the calls in `handed`.
    """

    families: list[Family]
    of: dict[Graph, Family]
    handed: frozenset[Call] = frozenset()


def structure(root: Graph, taken: frozenset[str]) -> Structure:
    """Find the classes of a network and name them; `taken` are names that none may bear."""
    heights: dict[Graph, int] = {}
    depths: dict[Graph, int] = {}
    numbers: Numbers = {}
    families: list[Family] = []
    known: dict[Hashable, Family] = {}
    for graph, hint in _bottom_up(root):
        height = _chain_height(graph, heights)
        if graph.kind == "group" and graph is not root and height is not None and height <= DEEPEST:
            heights[graph] = height
            continue
        kind = (graph.kind, graph.name, graph is root)
        inner = _calls_of_itself(graph)
        depths[graph] = 1 + max((depths[call.graph] for call in inner), default=-1)
        if depths[graph] % DEEPEST:
            numbers.update(dict.fromkeys(inner, HANDED))
        exact = (*kind, signature(graph, numbers))
        found, alike = _fold(graph, numbers) if graph is not root else (Family(hint), None)
        family = known.get(exact) or known.get((*kind, alike))
        if family is None or not _joins(family, found, graph):
            family = _with_or_without(families, graph, numbers)
        if family is None:
            family = Family(hint)
            families.append(family)
        known.setdefault(exact, family)
        if alike is not None:
            known.setdefault((*kind, alike), family)
        numbers[graph] = numbers[family.first] if family.graphs else len(families) - 1
        family.graphs.append(graph)
        if family.optional:
            family.graphs.sort(key=lambda graph: -len(graph.nodes))
        family.loops.update(found.loops)
        family.runs.update(found.runs)
    of = {graph: family for family in families for graph in family.graphs}
    handed = frozenset(node for node in numbers if isinstance(node, Call))
    for innermost in {of[call.graph] for call in handed} - {of[graph] for graph in of if handed & {*graph.nodes}}:
        innermost.hint = f"innermost_{innermost.hint}"
    _name(families, taken)
    return Structure(families, of, handed)


def _calls_of_itself(graph: Graph) -> list[Call]:
    """Where a block calls the block that it is, with other arguments or on another shape."""
    nodes = graph.nodes if graph.kind == "block" else ()
    return [n for n in nodes if isinstance(n, Call) and (n.graph.kind, n.graph.name) == ("block", graph.name)]


def _fold(graph: Graph, numbers: Numbers) -> tuple[Family, Hashable]:
    """Passes or repeated stretches of a body, and a key that is the same for bodies with more or fewer of them."""
    found = Family("")
    contents: list[Hashable] = [(is_stateless(node), content(node, numbers)) for node in graph.nodes]
    if is_chain(graph) and is_numbered(graph):
        found.runs[graph] = runs(contents)
        return found, ("runs", once(contents, found.runs[graph]))
    layers = [node for node in graph.nodes if not _written(node)]
    contents = [_written(node) or content for node, content in zip(graph.nodes, contents, strict=True)]
    passes = loop(graph, layers, contents)
    if passes is None or not all(is_subscript(layer.key or "") for layer in layers):
        return found, None
    found.loops[graph] = passes
    return found, ("loop", passes.pattern, *contents[: len(passes.body.nodes)])


def _with_or_without(families: list[Family], graph: Graph, numbers: Numbers) -> Family | None:
    """The class of other instances of a block, which have named layers more, or fewer, and are alike otherwise."""
    for family in families if graph.kind == "block" else ():
        first = family.first
        if (first.kind, first.name) != ("block", graph.name) or family.loops or family.runs:
            continue
        keys = optional_layers(first, graph, numbers) or optional_layers(graph, first, numbers)
        if keys:
            family.optional |= keys
            return family
    return None


def _joins(family: Family, found: Family, graph: Graph) -> bool:
    """Whether one class can have all instances of a family and one more body."""
    if graph in found.runs:
        return repeated([*family.runs.values(), found.runs[graph]]) is not None
    return len({loop.keys.step for loop in (*family.loops.values(), *found.loops.values()) if loop.keys.step}) < 2


def _written(node: Apply | Call) -> str:
    """A node as `forward` has it, where it stands nowhere else."""
    if isinstance(node, Call) or not is_stateless(node) or not (node.key or "0").isdigit():
        return ""
    found = lower(node)
    return "" if found.run is None else run_text(found, node)


def is_chain(graph: Graph) -> bool:
    """Whether a body hands one value from layer to layer, and each layer is a module that is simply called."""
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        return False
    value = Value(graph.inputs[0])
    for node in graph.nodes:
        plain = node.inputs == (value,) and len(node.shapes) == 1 and node.shares is None and node.key is not None
        if not plain or (isinstance(node, Apply) and not lower(node).is_called):
            return False
        value = Value(node)
    return graph.outputs == (value,)


def is_numbered(graph: Graph) -> bool:
    """Whether the keys of a chain are those that `nn.Sequential` gives by itself."""
    return [node.key for node in graph.nodes] == [str(index) for index in range(len(graph.nodes))]


def _bottom_up(root: Graph) -> Iterator[tuple[Graph, str]]:
    """Every body once, after those that it calls, with a name for the class that it may become."""
    seen = {root}
    stack = [(root, root.name, iter(root.nodes))]
    while stack:
        graph, hint, nodes = stack[-1]
        child = next((node for node in nodes if isinstance(node, Call) and node.graph not in seen), None)
        if child is None:
            stack.pop()
            yield graph, hint
            continue
        seen.add(child.graph)
        stack.append((child.graph, _hint(child, hint), iter(child.graph.nodes)))


def _hint(node: Call, parent: str) -> str:
    """A block goes by its name; a group by its key, `layer3` as `layer`, or else as a part of what it stands in."""
    if node.graph.name:
        return node.graph.name
    return node.key.rstrip("0123456789") or (parent if parent.endswith("_part") else f"{parent}_part")


def _chain_height(graph: Graph, heights: dict[Graph, int]) -> int | None:
    """How deep chains nest in a chain that can be written as one expression; None where it can't."""
    keyed = all(is_keyword_argument(node.key or "") or (node.key or "").isdigit() for node in graph.nodes)
    if not is_chain(graph) or not (keyed or is_numbered(graph)):
        return None
    return 1 + max((heights.get(node.graph, 0) for node in graph.nodes if isinstance(node, Call)), default=0)


def _name(families: list[Family], taken: frozenset[str]) -> None:
    """Name the classes: the root first, since it must keep its name, then in order."""
    used = set(taken)
    first: dict[str, Family] = {}
    for family in [families[-1], *families[:-1]]:
        fallback = "Net" if family.first.kind == "network" else "Block"
        name = class_name(family.hint, fallback)
        before = first.setdefault(name, family)
        if before is not family:
            more, less = _difference(family, before), _difference(before, family)
            if less and not more and before is not families[-1]:
                before.name = unique(class_name(f"{name}_{less}", fallback), used)
                used = used - {name} | {before.name}
                first[name] = family
            else:
                name = class_name(f"{name}_{more}", fallback)
        family.name = unique(name, used)
        used.add(family.name)


def _difference(family: Family, other: Family) -> str:
    """The first named layer or join that the bodies of one class have and those of the other lack."""
    known = {_called(node) for node in other.first.nodes}
    names = (_called(node) for node in family.first.nodes)
    return next((name for name in names if name and name not in known and not name.isdigit()), "")


def _called(node: Apply | Call) -> str:
    """The key of a layer, the name or else the op of a join."""
    return node.key or node.label or ("" if isinstance(node, Call) else node.op.name)
