"""The writer of PyTorch source: a file that an engineer would have written, and keeps.

    print(source(graph))

One class for each distinct structure of a block, chains as `nn.Sequential`, everything else as attributes and a
`forward`. The file depends on torch alone; writing it does not. Names and order of the state dict are those of
`archdsl.analyses.state`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import archdsl.backends.torch.families  # noqa: F401  # fills the table of rules
from archdsl.backends.python.docstrings import docstring
from archdsl.backends.python.excerpt import mentioned
from archdsl.backends.python.imports import Import, import_groups
from archdsl.backends.python.layout import flat, lines
from archdsl.backends.python.names import unique
from archdsl.backends.torch.brought import FUSED, PLAIN, brought, names_in
from archdsl.backends.torch.checkpointing import known_blocks
from archdsl.backends.torch.constructor import Made, assignment, construction, layers, made, passing
from archdsl.backends.torch.docs import description
from archdsl.backends.torch.forward import arguments, early_forward, early_layers, early_method, forward, passed
from archdsl.backends.torch.inputs import CHECK, check
from archdsl.backends.torch.names import TAKEN, class_name, variable
from archdsl.backends.torch.passes.ops import Append, Room
from archdsl.backends.torch.structure import Family, structure
from archdsl.backends.torch.translated.network import Translation
from archdsl.backends.torch.translated.symbolic import Untranslatable
from archdsl.graph.nodes import Graph
from archdsl.graph.nodes import layers as ir_layers
from archdsl.graph.opened import opened
from archdsl.ops.fused import FusedConv, FusedLinear, FusedNorm

IMPORTS = {
    "Any": Import("typing", "Any", "Any"),
    "Callable": Import("collections.abc", "Callable", "Callable"),
    "F": Import("torch.nn.functional", "", "F"),
    "Final": Import("typing", "Final", "Final"),
    "NamedTuple": Import("typing", "NamedTuple", "NamedTuple"),
    "OrderedDict": Import("collections", "OrderedDict", "OrderedDict"),
    "Sequence": Import("collections.abc", "Sequence", "Sequence"),
    "Tensor": Import("torch", "Tensor", "Tensor"),
    "math": Import("math", "", "math"),
    "nn": Import("torch", "nn", "nn"),
    "partial": Import("functools", "partial", "partial"),
    "torch": Import("torch", "", "torch"),
}
"""Names that classes of an emitted file read, with where they come from."""

FUSED_OPS = (FusedConv, FusedLinear, FusedNorm)
AROUND_FUSED = (Append, Room)


def source(graph: Graph, header: str = "", checkpoint: Sequence[str] = (), general: bool = False) -> str:
    """The Python source of a network; `header` becomes the docstring of the file, `checkpoint` names blocks.

    source(lenet)      # 'import torch\\n…class LeNet(nn.Sequential):\\n…'

    With `general` the classes are those that the spec describes, for every argument; ValueError where none can be.
    """
    graph = opened(graph)
    blocks = known_blocks(graph, checkpoint)
    own = _own(graph)
    if general:
        return _file(_translation(graph, blocks, own).parts(_results), own, header)
    classes = structure(graph, own)
    names = own | {family.name for family in classes.families}
    results = None
    parts = []
    if len(graph.outputs) > 1:
        results = unique(class_name(f"{graph.name}_output", "Output"), names)
        names = names | {results}
        parts.append(list(_results(graph, results, classes.of[graph].name)))
    for family in classes.families:
        settled = made(family, classes, names)
        if family.first is not graph:
            parts.append(list(_class(settled, names, blocks)))
            continue
        parts.append(list(check(graph, family.name, arguments(settled, names))))
        parts.append(list(_network(settled, names, results)))
    return _file(parts, own, header)


def _translation(graph: Graph, checkpoint: frozenset[str], own: frozenset[str]) -> Translation:
    """The classes that the spec describes."""
    try:
        return Translation(graph, checkpoint, own)
    except Untranslatable as reason:
        raise ValueError(f"{graph.name} has no general classes: {reason}") from None


def _file(parts: list[list[str]], own: frozenset[str], header: str) -> str:
    """The parts of a file with what they bring along."""
    texts = ["\n".join(part) for part in parts]
    read = {name for text in texts for name in mentioned(text)}
    cut = brought(read & own)
    texts = [text for section in cut.sections for text in section.texts.values()] + texts
    imports = import_groups(cut.imports | {IMPORTS[name] for name in read & IMPORTS.keys()})
    top = [*docstring(header, 0)]
    return "\n\n".join(["\n".join(group) for group in [top, *imports] if group] + ["\n" + "\n\n\n".join(texts) + "\n"])


def _own(graph: Graph) -> frozenset[str]:
    """The names that mean something in the file of a network before its spec says anything."""
    fused = any(isinstance(layer.node.op, FUSED_OPS + AROUND_FUSED) for layer in ir_layers(graph))
    return TAKEN | {CHECK} | names_in(PLAIN + FUSED if fused or graph.pieces else PLAIN)


def class_of(graph: Graph) -> str:
    """The name of the class that the emitted file gives a network."""
    graph = opened(graph)
    return structure(graph, _own(graph)).of[graph].name


def classes_of_blocks(graph: Graph, blocks: Sequence[str] = ()) -> list[str]:
    """The names of the classes that are blocks of the spec, or of the blocks that are named."""
    graph = opened(graph)
    wanted = known_blocks(graph, blocks)
    found = [family for family in structure(graph, _own(graph)).families if family.first.kind == "block"]
    return [family.name for family in found if not blocks or family.first.name in wanted]


def _results(graph: Graph, name: str, network: str) -> Iterator[str]:
    """The named tuple of a network with several outputs."""
    yield f"class {name}(NamedTuple):"
    yield f'    """What {network} returns."""'
    yield ""
    fields: list[str] = []
    for output in graph.output_names:
        field = variable(output, "out")
        fields.append(unique(f"{field}_" if field in ("count", "index") else field, fields))
    for field, value in zip(fields, graph.outputs, strict=True):
        yield f"    {field}: Tensor  # {value.shape}"


def _class(made: Made, names: frozenset[str], checkpoint: frozenset[str]) -> Iterator[str]:
    """The class of a block; one that is checkpointed has its `forward` go through `checkpointed`."""
    again = made.family.first.name in checkpoint
    yield from _head(made)
    if made.base != "nn.Sequential":
        yield ""
        yield from ["    @checkpointed"] if again else []
        yield from _signature(made, names, "")
        yield from _body(made, names)
    elif again:
        yield ""
        yield "    forward = checkpointed(nn.Sequential.forward)"


def _body(made: Made, names: frozenset[str]) -> Iterator[str]:
    """What `forward` of a block does."""
    loop = made.family.loop
    if loop is None:
        yield from forward(made, names, None)
        return
    (carried,) = arguments(made, names)
    yield "        for layer in self.values():"
    yield from passed(replace(made, family=Family("", [loop.body])), names, carried)
    yield f"        return {carried}"


def _network(made: Made, names: frozenset[str], results: str | None) -> Iterator[str]:
    """The class of the network: what comes in is checked; `results` is the named tuple of several outputs."""
    graph = made.family.first
    yield from _head(made)
    if any(isinstance(layer.node.op, FUSED_OPS) for layer in ir_layers(graph)):
        yield "        for_inference(self)"
    yield ""
    yield from _signature(made, names, results or "")
    inputs = arguments(made, names)
    yield from lines(f"{CHECK}({', '.join(inputs)})", 8)
    pieces = graph.pieces
    if made.base != "nn.Sequential":
        yield from forward(made, names, results)
    elif pieces is None:
        yield from _through("self", inputs[0])
    else:
        yield f"        {inputs[0]} = in_pieces({early_layers(made)}, {inputs[0]}, {pieces.growth})"
        yield from _through(f"list(self)[{pieces.nodes}:]", inputs[0])
    method = early_method(made)
    if pieces is not None and method is not None:
        yield ""
        yield f"    def {method}(self, {inputs[0]}: Tensor) -> Tensor:"
        yield '        """What holds the most numbers at a time, and so takes some samples at a time."""'
        if made.base != "nn.Sequential":
            yield from early_forward(made, names)
        else:
            yield from _through(f"list(self)[:{pieces.nodes}]", inputs[0])


def _through(layers: str, name: str) -> Iterator[str]:
    """A value that goes through one layer after the other, and is returned."""
    yield f"        for layer in {layers}:"
    yield f"            {name} = layer({name})"
    yield f"        return {name}"


def _head(made: Made) -> Iterator[str]:
    """The class down to its constructor."""
    yield f"class {made.family.name}({made.base}):"
    yield from docstring(description(made), 4)
    constructor = list(_init(made))
    if constructor:
        yield ""
        yield from constructor


def _init(made: Made) -> Iterator[str]:
    """The constructor; none where there is nothing to construct."""
    chain = layers(made) if made.base == "nn.Sequential" else None
    if not chain and not made.targets:
        return
    arguments = ["self", *(parameter.declaration for parameter in made.parameters)]
    yield from lines(f"def __init__({', '.join(arguments)})", 4, suffix=" -> None:")
    if chain:
        yield from lines(chain, 8)
        return
    yield "        super().__init__()"
    loop = made.family.loop
    if loop is not None:
        (stretch,) = made.stretches
        layer = flat(construction(made.modules[stretch.nodes[0]], made.names))
        yield from lines(f"{passing(stretch, made.names, ['i'])}", 8, suffix=":")
        yield from lines(layer, 12, prefix=f"self[{loop.keys.text}] = ")
        return
    for node, module in made.modules.items():
        prefix, suffix = assignment(made, node)
        condition = made.conditions.get(node)
        if condition:
            yield f"        {made.targets[node]}: nn.Module = nn.Identity()"
            yield from lines(condition, 8, prefix="if ", suffix=":")
        indent = 12 if condition else 8
        yield from lines(construction(module, made.names), indent, prefix=prefix, suffix=suffix)


def _signature(made: Made, names: frozenset[str], results: str) -> Iterator[str]:
    """The line that opens `forward`."""
    inputs = ", ".join(["self", *(f"{name}: Tensor" for name in arguments(made, names))])
    count = len(made.family.first.outputs)
    returned = results or ("Tensor" if count == 1 else f"tuple[{', '.join(['Tensor'] * count)}]")
    yield from lines(f"def forward({inputs})", 4, suffix=f" -> {returned}:")
