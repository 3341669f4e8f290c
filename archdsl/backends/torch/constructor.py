"""What a class constructs: the modules of its body, in the order of the state dict, and how each is referred to.

self.conv1 = nn.Conv2d(in_channels, channels, kernel_size=3, padding=1, bias=False)
self["2"] = nn.Conv2d(channels, channels, kernel_size=1)      # the base is then nn.ModuleDict
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from archdsl.backends.python.layout import Block, Doc, flat
from archdsl.backends.python.literals import quoted
from archdsl.backends.python.names import unique
from archdsl.backends.torch import attributes, calls
from archdsl.backends.torch.calls import Arg
from archdsl.backends.torch.folds import FEWEST_IN_A_LOOP, numbering, repeated, stretches
from archdsl.backends.torch.names import is_attribute, is_keyword_argument
from archdsl.backends.torch.parameters import COUNT, PRESENT, Names, Parameter, parameters
from archdsl.backends.torch.rules import lower
from archdsl.backends.torch.signature import is_stateless, run_text
from archdsl.backends.torch.structure import Family, Structure, is_chain, is_numbered
from archdsl.graph.nodes import Apply, Call, Graph

LONGEST_ON_ONE_LINE = 80
LONGEST_LOOP = 100
LINES_OF_A_LOOP = 5


Module: TypeAlias = calls.Call | calls.Late | calls.Varying
"""What a class constructs; what it is handed may vary as a whole."""

Modules: TypeAlias = Mapping[Apply | Call, Module]


@dataclass(frozen=True)
class Made:
    """What there is to know of a class before it is written.

    `modules` are constructor calls by the first instance's nodes; `targets` are the attributes that hold them. Where
    stretches of a chain repeat, `counts` says for the first node of each how often; so it does for the layer of a loop.
    `conditions` tell when a layer is there that not every instance has.
    """

    family: Family
    base: str
    modules: Modules
    parameters: list[Parameter]
    names: Names
    targets: Mapping[Apply | Call, str]
    stretches: tuple[Stretch, ...] = ()
    conditions: Mapping[Apply | Call, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stretch:
    """Nodes of the first instance that are passed `count` times: a number, or one for each instance."""

    nodes: tuple[Apply | Call, ...]
    count: int | calls.Varying


Passed = list[tuple[Apply | Call, ...]]
"""The passes of a stretch in one instance."""


def made(family: Family, classes: Structure, taken: frozenset[str]) -> Made:
    """Settle a class: its modules, its parameters, its base. Classes that it uses must have been settled before."""
    if family.loop is not None:
        return _made_loop(family, classes, taken)
    numbered = is_chain(family.first) and is_numbered(family.first)
    if numbered and family.varies:
        return _made_chain(family, classes, taken)
    kept = [i for i in range(len(family.first.nodes)) if _is_module(family, i, numbered)]
    modules: dict[Apply | Call, Any] = {}
    presence: dict[Apply | Call, calls.Varying] = {}
    for index in kept:
        node, twins = family.first.nodes[index], family.twins(index)
        modules[node] = calls.merged(
            [calls.Absent() if twin is None else _construction(twin, classes) for twin in twins]
        )
        if None in twins:
            presence[node] = calls.Varying(tuple(twin is not None for twin in twins))
    found, names = _settled(family, modules, (), taken, presence)
    base, targets = ("nn.Sequential", {}) if numbered else _targets(family.first, modules)
    conditions = {node: calls.text(present, names=names) for node, present in presence.items()}
    return Made(family, base, modules, found, names, targets, conditions=conditions)


def _made_loop(family: Family, classes: Structure, taken: frozenset[str]) -> Made:
    """A body that is nothing but passes, each with one layer."""
    passes: list[Passed] = [[(layer,) for layer in family.loops[graph].layers] for graph in family.graphs]
    stretch, modules = _stretch(passes, classes)
    found, names = _settled(family, modules, (stretch,), taken)
    return Made(family, "nn.ModuleDict", modules, found, names, dict.fromkeys(modules, "layer"), (stretch,))


def _made_chain(family: Family, classes: Structure, taken: frozenset[str]) -> Made:
    """A chain in which some stretches repeat, not equally often in every instance."""
    intervals = repeated(family.runs.values()) or set()
    chains = [stretches(graph.nodes, family.runs[graph], intervals) for graph in family.graphs]
    modules: dict[Apply | Call, calls.Call] = {}
    found_stretches: list[Stretch] = []
    for passes in zip(*chains, strict=True):
        stretch, own = _stretch(passes, classes)
        found_stretches.append(stretch)
        modules.update(own)
    found, names = _settled(family, modules, found_stretches, taken)
    return Made(family, "nn.Sequential", modules, found, names, {}, tuple(found_stretches))


def _stretch(passes: Sequence[Passed], classes: Structure) -> tuple[Stretch, dict[Apply | Call, calls.Call]]:
    """The passes of all instances as one, with what is constructed for each of its nodes."""
    modules: dict[Apply | Call, calls.Call] = {}
    for place, node in enumerate(passes[0][0]):
        made = [[_construction(nodes[place], classes) for nodes in own] for own in passes]
        modules[node] = calls.merged_passes(made)
    counts = [len(own) for own in passes]
    return Stretch(passes[0][0], counts[0] if len(set(counts)) == 1 else calls.Varying(tuple(counts))), modules


def _settled(
    family: Family,
    modules: Modules,
    stretches: Sequence[Stretch],
    taken: frozenset[str],
    presence: Mapping[Apply | Call, calls.Varying] | None = None,
) -> tuple[list[Parameter], Names]:
    """The parameters of the class, and what its parents give them."""
    counts = [("", COUNT, stretch.count) for stretch in stretches if isinstance(stretch.count, calls.Varying)]
    slots = [(node.key or "", *slot) for node, made in modules.items() for slot in calls.varying(made, _word(node))]
    present = [(node.key or "", PRESENT, value) for node, value in (presence or {}).items()]
    busy = taken | {"i", "layer"} if stretches else taken
    found, names = parameters(family.graphs, [*counts, *slots, *present], busy)
    for index, graph in enumerate(family.graphs):
        family.calls[graph] = tuple(Arg(p.name, p.values[index], p.leads, p.default) for p in found)
    return found, names


def _word(node: Apply | Call) -> str:
    """What a constructor calls a node that it is handed."""
    return node.graph.name if isinstance(node, Call) else node.op.name


def layers(made: Made) -> Block | None:
    """The call that constructs a chain, a layer a line; None for an empty one."""
    graph = made.family.first
    if made.stretches:
        return Block("super().__init__(", tuple(_stretched(made)))
    rows = [(made.modules[node], common_note(made.family, index)) for index, node in enumerate(graph.nodes)]
    return Block("super().__init__(", tuple(_rows(rows, made.names))) if rows else None


def _stretched(made: Made) -> Iterator[tuple[Doc, str]]:
    """A line for each layer of a chain, and a comprehension for each stretch that repeats."""
    for stretch in made.stretches:
        docs = [construction(made.modules[node], made.names) for node in stretch.nodes]
        if stretch.count == 1:
            yield from ((doc, "") for doc in docs)
            continue
        texts = [flat(doc) for doc in docs]
        yield _loop(texts, passing(stretch, made.names, texts)), ""


def passing(stretch: Stretch, names: Names, texts: Sequence[str]) -> str:
    """`for i in range(layers)`, with `_` in the place of `i` where no text reads it."""
    number = "i" if any(re.search(r"\bi\b", text) for text in texts) else "_"
    return f"for {number} in range({calls.text(stretch.count, names=names)})"


def _tuple(head: str, texts: Sequence[str]) -> Doc:
    return Block(f"{head}(", tuple((text, "") for text in texts), folds=True)


def construction(module: Module, names: Names) -> Doc:
    """A constructor call as it is written."""
    if isinstance(module, calls.Late):
        return construction(module.call(), names)
    if not isinstance(module, calls.Call) or module.callee != "nn.Sequential":
        return calls.text(module, names=names)
    inner = module.args[0].value if len(module.args) == 1 and module.args[0].name == "" else None
    if inner is None:
        rows = tuple(_rows([(arg.value, arg.note) for arg in module.args], names))
        return _folded(Block("nn.Sequential(", rows))
    counted = _counted(inner.args, names)
    if counted:
        return f"nn.Sequential({counted})"
    return _folded(Block("nn.Sequential(", ((_ordered(inner.args, names), ""),)))


def _ordered(stages: tuple[Arg, ...], names: Names) -> Doc:
    """Stages by their keys: as keyword arguments, or in a dictionary where a key cannot be one."""
    if all(is_keyword_argument(stage.name) for stage in stages):
        rows = tuple((_prefixed(f"{s.name}=", construction(s.value, names)), s.note) for s in stages)
        return _folded(Block("OrderedDict(", rows))
    rows = tuple((_prefixed(f"{quoted(s.name)}: ", construction(s.value, names)), s.note) for s in stages)
    return _folded(Block("OrderedDict(", ((_folded(Block("{", rows, "}")), ""),)))


def _counted(args: Sequence[Arg], names: Names) -> str:
    """Layers that are made alike and whose names count, as a comprehension; empty for any others."""
    keys = numbering([arg.name for arg in args])
    docs = [construction(arg.value, names) for arg in args]
    if keys is None or len(args) < FEWEST_IN_A_LOOP or any(doc != docs[0] for doc in docs) or any(a.note for a in args):
        return ""
    text = f"OrderedDict(({keys.text}, {flat(docs[0])}) for i in range({len(args)}))"
    return text if len(text) <= LONGEST_LOOP else ""


def _is_module(family: Family, index: int, numbered: bool) -> bool:
    """Whether a node gets a module of its own rather than an expression in `forward`."""
    node = family.first.nodes[index]
    if node.key is None or node.shares is not None:
        return False
    if isinstance(node, Call) or numbered or not node.key.isdigit() or not is_stateless(node):
        return isinstance(node, Call) or lower(node).make is not None
    twins = family.twins(index)
    texts = {run_text(lower(twin), twin) for twin in twins if isinstance(twin, Apply) and lower(twin).run is not None}
    return lower(node).make is not None and (lower(node).run is None or len(texts) > 1)


def _construction(node: Apply | Call, classes: Structure) -> calls.Call | calls.Late:
    """The constructor call of one node in one instance."""
    if isinstance(node, Apply):
        make = lower(node).make
        assert make is not None, f"{node.op.name} has no module"
        return make
    family = classes.of.get(node.graph)
    if node in classes.handed:
        return calls.Late(lambda: calls.Call(classes.of[node.graph].name, classes.of[node.graph].calls[node.graph]))
    if family is not None:
        return calls.Call(family.name, family.calls[node.graph])
    if not node.graph.nodes:
        return calls.Call("nn.Identity", ())
    args = tuple(_stage(child, classes) for child in node.graph.nodes)
    if is_numbered(node.graph):
        return calls.Call("nn.Sequential", args)
    keyed = calls.Call("OrderedDict", tuple(replace(arg, positional=False) for arg in args))
    return calls.Call("nn.Sequential", (Arg("", keyed, positional=True),))


def _stage(node: Apply | Call, classes: Structure) -> Arg:
    return Arg(node.key or "", _construction(node, classes), positional=True, note=shape_note(node))


def shape_note(node: Apply | Call) -> str:
    """The shape that a node leaves, where it changes it."""
    return str(node.shapes[0]) if node.inputs and node.shapes[0] != node.inputs[0].shape else ""


def common_note(family: Family, index: int) -> str:
    """The note of a node, if it is the same in every instance."""
    notes = {shape_note(twin) for twin in family.twins(index) if twin is not None}
    return notes.pop() if len(notes) == 1 else ""


def _rows(rows: Sequence[tuple[Module, str]], names: Names) -> Iterator[tuple[Doc, str]]:
    """A line for each layer; what repeats in a row becomes a comprehension."""
    docs = [(construction(module, names), note) for module, note in rows]
    place = 0
    while place < len(docs):
        period, times = _passes(docs, place)
        doc, note = docs[place]
        if times > 1:
            doc = _comprehension([flat(doc) for doc, _ in docs[place : place + period]], times)
        yield doc, note
        place += period * times


def _passes(docs: list[tuple[Doc, str]], place: int) -> tuple[int, int]:
    """The repetition that begins at a place, or (1, 1).

    After one convolution of its own, as many follow as pairs of an activation and a convolution: the activation is left
    to the first, so that every pass begins with its convolution.
    """
    period, times = _repetition(docs, place)
    continues = times > 1 and place > 0 and _callee(docs[place - 1]) == _callee(docs[place + period - 1])
    return (1, 1) if continues and _repetition(docs, place + 1) == (period, times) else (period, times)


def _callee(row: tuple[Doc, str]) -> str:
    return flat(row[0]).partition("(")[0]


def _repetition(docs: list[tuple[Doc, str]], place: int) -> tuple[int, int]:
    """How many layers from a place on repeat, and how often, where a comprehension is shorter; else (1, 1)."""
    for period in (1, 2, 3):
        group = [doc for doc, _ in docs[place : place + period]]
        times = 1
        while [doc for doc, _ in docs[place + times * period : place + (times + 1) * period]] == group:
            times += 1
        silent = not any(note for _, note in docs[place + 1 : place + times * period])
        simple = all(isinstance(doc, str) for doc in group)
        if times >= FEWEST_IN_A_LOOP and silent and simple:
            fits = isinstance(_comprehension([flat(doc) for doc in group], times), str)
            if fits or times * period > LINES_OF_A_LOOP:
                return period, times
    return 1, 1


def _comprehension(group: list[str], times: int) -> Doc:
    """The group of layers so often: on one line, or part by part where that is too long."""
    loop = _loop(group, f"for _ in range({times})")
    return flat(loop) if len(flat(loop)) <= LONGEST_LOOP else loop


def _loop(texts: Sequence[str], clause: str) -> Block:
    """`*[layer for _ in range(2) for layer in (nn.Conv2d(…), nn.ReLU())]`, or without the second loop for one layer."""
    items = (texts[0], clause) if len(texts) == 1 else ("layer", clause, _tuple("for layer in ", texts))
    return Block("*[", tuple((item, "") for item in items), "]", comma="", folds=True)


def _folded(block: Block) -> Doc:
    """The block on one line if it is short and simple."""
    simple = len(block.items) <= 2 and all(isinstance(item, str) for item, _ in block.items)
    room = LONGEST_ON_ONE_LINE + len("nn.Sequential()") * (len(block.items) == 1)
    return flat(block) if simple and len(flat(block)) <= room else block


def _prefixed(prefix: str, doc: Doc) -> Doc:
    return f"{prefix}{doc}" if isinstance(doc, str) else replace(doc, head=prefix + doc.head)


def is_parameter(module: Module) -> bool:
    """Whether what is constructed is no module but a value that the body itself learns."""
    return isinstance(module, calls.Call) and module.callee == "nn.Parameter"


def assignment(made: Made, node: Apply | Call) -> tuple[str, str]:
    """What stands around the constructor call of a node, so that it becomes the node's attribute."""
    if is_parameter(made.modules[node]):
        return attributes.setting_parameter(node.key or "")
    return f"{made.targets[node]} = ", ""


def _targets(graph: Graph, modules: Mapping[Apply | Call, calls.Call]) -> tuple[str, dict[Apply | Call, str]]:
    """The base of a class whose layers are attributes, and the attribute of each."""
    nodes = list(modules)
    keys = [node.key or "" for node in nodes]
    free = {node for node in nodes if node.key and node.key.isdigit() and is_stateless(node)}
    own = {node for node in nodes if is_parameter(modules[node])}
    layers = [node.key or "" for node in nodes if node not in free | own]
    base = attributes.base(layers, [node.key or "" for node in free | own])
    targets: dict[Apply | Call, str] = {}
    used = set(keys)
    for node in nodes:
        key = node.key or ""
        if node in free and base == "nn.Module":
            key = unique(_own_name(node), used)
            used.add(key)
        targets[node] = attributes.parameter(key) if node in own else attributes.layer(key)
    return base, targets


def _own_name(node: Apply | Call) -> str:
    """A name for an unnamed layer that no state dict shows."""
    name = node.op.name if isinstance(node, Apply) else node.graph.name
    return name if name and is_attribute(name) else "layer"
