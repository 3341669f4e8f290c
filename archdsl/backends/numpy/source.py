"""A network as one file that depends on NumPy alone.

    text = source(graph, header="Written by archdsl from lenet.arch.")

The file holds the kernels that the network needs and the runtime, word for word as they are here, then the network: its
inputs and weights as tables, and a line for each step. It computes exactly what `Program` does: on fast kernels, or on
reference kernels with their pullbacks if it is to be trained.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from math import prod
from typing import Any, NamedTuple

from archdsl.backends.numpy.fast.inference import Inference
from archdsl.backends.numpy.fuse import fused
from archdsl.backends.numpy.names import output_names, variables
from archdsl.backends.numpy.plan import Plan, Step, input_of, plan, sizes_of
from archdsl.backends.numpy.rules import Closure, drawing, functions
from archdsl.backends.numpy.runtime import Network
from archdsl.backends.numpy.training import SGD, Adam, cross_entropy, mean_squared_error
from archdsl.backends.numpy.weights import Input, Tensor
from archdsl.backends.python.docstrings import comment, docstring, heading
from archdsl.backends.python.excerpt import Section, excerpt, statements
from archdsl.backends.python.imports import Import, import_groups
from archdsl.backends.python.layout import WIDTH, Block, lines
from archdsl.backends.python.literals import literal
from archdsl.backends.python.names import identifier
from archdsl.backends.python.sizes import python
from archdsl.graph.nodes import Graph
from archdsl.ops import Param
from archdsl.sizes.fact import Fact
from archdsl.sizes.shape import Shape

TRAINING = (SGD, Adam, cross_entropy, mean_squared_error)
CHOICE = "archdsl.backends.numpy.choice"
"""The module whose statements a file runs before it imports NumPy."""


class Form(NamedTuple):
    """The names of what a network is built on: its base class, what writes its steps down, a value on its way."""

    base: str
    passed: str
    value: str
    options: str
    given: str


TRAINED = Form("Network", "Pass", "Value", ", dtype: Any = np.float32", ", dtype")
INFERRING = Form("Inference", "Trace", "Buffer", "", "")


def source(graph: Graph, header: str = "", train: bool = False) -> str:
    """The text of the file; `header` comes first, as a comment. With `train` it trains, else it infers fast."""
    flat = plan(graph) if train else fused(plan(graph))
    values = [value for step in flat.steps for value in (step.call.kernel, *step.call.options.values())]
    kernels = dict.fromkeys(function for value in values for function in functions(value))
    draws = dict.fromkeys(drawing(param.init)[0] for param in flat.params.values())
    base = (Network, *TRAINING) if train else (Inference,)
    roots = [*kernels, Input, *draws, *([Tensor] if flat.params else []), *base]
    cut = excerpt((root.__module__, root.__name__) for root in roots)
    taken = {*cut.names, "net", "self", "INPUTS", "OUTPUTS", "TENSORS", "CONDITIONS"}
    name = identifier(flat.name, taken)
    names = variables(flat, {*taken, name})
    body = [
        *map(_section, cut.sections),
        "\n".join([*comment(flat.name), "", *_tables(flat)]),
        "\n".join(_network(flat, name, names, TRAINED if train else INFERRING)),
    ]
    head = [*heading(header), *docstring(_manual(flat, name, names, train), 0)]
    head += ["", "from __future__ import annotations", "", *_imports(cut.imports), ""]
    return "\n".join([*head, "\n\n\n".join(body), ""])


def _imports(imports: set[Import]) -> list[str]:
    """The imports, and before NumPy's the choice of its BLAS kernels."""
    choice, needed = statements(CHOICE)
    standard, others = import_groups(imports | needed)
    return [*standard, "", choice, "", "", *others]


def _section(section: Section) -> str:
    """A module's definitions under its title; lines that follow each other stay together."""
    title = "\n".join(f"# {line}" for line in textwrap.wrap(section.title, WIDTH - 2))
    first, *others = texts = list(section.texts.values())
    text = title + ("\n\n" if _is_line(first) else "\n\n\n") + first
    for before, after in zip(texts, others, strict=False):
        text += ("\n" if _is_line(before) and _is_line(after) else "\n\n\n") + after
    return text


def _is_line(text: str) -> bool:
    return "\n" not in text


def _manual(flat: Plan, name: str, names: list[str], train: bool) -> str:
    """How to use the file, for its docstring."""
    given = ", ".join(names[value] for value in flat.inputs.values())
    left = ", ".join(output_names(flat))
    slopes = ", ".join(f"d{field}" for field in output_names(flat))
    several = len(flat.outputs) > 1
    examples = [
        (f"net = {name}(seed=0)", "first values drawn from the seed"),
        ('net.load("weights.safetensors")', "or .npz"),
        (f"{left} = net({given})", "inference"),
    ]
    if train:
        examples[2:2] = [("descent = SGD(net.parameters(), rate=0.1, momentum=0.9)", "or Adam(net.parameters())")]
        examples += [
            (f"{left} = net({given}, train=True)", "keeps what the way back needs"),
            (f"gradients = net.backward({f'({slopes})' if several else slopes})", "by name of parameter and of input"),
            ("descent.step(gradients)", "moves the parameters"),
        ]
    width = max(len(code) for code, _ in examples)
    place = "The network stands at the end, after the kernels that it needs and what runs them."
    rows = (f"    {code:{width}}  # {note}" for code, note in examples)
    return "\n".join([f"{flat.name} in NumPy.", "", *rows, "", place])


def _tables(flat: Plan) -> list[str]:
    """The inputs, the outputs and the weights, as data."""
    inputs = [(name, input_of(flat.shapes[value])) for name, value in flat.inputs.items()]
    rows = [
        f"{literal(name)}: Input({literal(sizes)}{', integer=True' if integer else ''})"
        for name, (sizes, integer) in inputs
    ]
    conditions = [_condition(text, claim) for text, claim in flat.conditions.items()]
    tensors = [f"    {literal(name)}: {_tensor(param)}," for name, param in flat.params.items()]
    return [
        *_bracketed("INPUTS = {", rows, "}", 0),
        f"OUTPUTS = {literal(output_names(flat))}",
        "\n".join(["TENSORS = {", *tensors, "}"]) if tensors else "TENSORS: dict[str, Any] = {}",
        *(["\n".join(["CONDITIONS: dict[str, Condition] = {", *conditions, "}"])] if conditions else []),
    ]


def _condition(text: str, claim: Fact) -> str:
    """A claim on sizes as an entry of a table: its words, and a function."""
    read = {name: f"of[{literal(name)}]" for name in claim.symbols}
    sides = (python(side, read) for side in (claim.left, claim.right))
    return f"    {literal(text)}: lambda of: {f' {claim.relation} '.join(sides)},"


def _tensor(param: Param) -> str:
    function, facts = drawing(param.init)
    draw = f"{function.__name__}({', '.join(map(literal, facts))})"
    flags = ["trainable=False"] * (not param.trainable) + ["integer=True"] * (param.kind == "int")
    return f"Tensor({', '.join([literal(sizes_of(param)), draw, *flags])})"


def _network(flat: Plan, name: str, names: list[str], form: Form) -> list[str]:
    """The class: what it is, and how values go through it."""
    given = [f"{names[value]}: {form.value}" for value in flat.inputs.values()]
    count = sum(prod(sizes_of(param)) for param in flat.params.values() if param.trainable)
    returns = form.value if len(flat.outputs) == 1 else f"tuple[{', '.join(form.value for _ in flat.outputs)}]"
    return [
        f"class {name}({form.base}):",
        *docstring(flat.doc.strip() or f"{flat.name}, with {count:,} parameters.", 4),
        "",
        f"    def __init__(self, seed: int = 0{form.options}) -> None:",
        f"        super().__init__(INPUTS, OUTPUTS, TENSORS, seed{form.given}{', CONDITIONS' * bool(flat.conditions)})",
        "",
        *_bracketed("def forward(", ["self", f"net: {form.passed}", *given], f") -> {returns}:", 4),
        *docstring(_signature(flat), 8),
        *_lines(flat, names),
    ]


def _signature(flat: Plan) -> str:
    ends = [[str(flat.shapes[value]) for value in side.values()] for side in (flat.inputs, flat.outputs)]
    return " -> ".join(", ".join(side) for side in ends)


def _lines(flat: Plan, names: list[str]) -> list[str]:
    """A line for each step, blocks set apart, with the shape behind it where it changes."""
    results = tuple(flat.outputs.values())
    returned = bool(flat.steps) and flat.steps[-1].outputs == results
    heads = [_head([names[value] for value in step.outputs]) for step in flat.steps]
    heads[-1:] = ["return "] if returned else heads[-1:]
    codes = [_code(step, head, names) for step, head in zip(flat.steps, heads, strict=True)]
    notes = [_note(flat, step) for step in flat.steps]
    widths = [len(code) for code, note in zip(codes, notes, strict=True) if note and len(code) + len(note) + 4 <= WIDTH]
    column = max(widths, default=0)
    rows: list[str] = []
    block = 0
    for step, code, note in zip(flat.steps, codes, notes, strict=True):
        if step.block != block:
            block = step.block
            rows += ["", *_comment(*flat.blocks[block])]
        if note and len(code) <= column:
            rows.append(f"{code:{min(column, WIDTH - len(note) - 4)}}  # {note}")
        else:
            rows += [f"        # {note}"] * bool(note) + [code]
    return rows if returned else [*rows, f"        return {', '.join(names[value] for value in results)}"]


def _comment(path: str, kind: str) -> list[str]:
    return [f"        {line}" for line in comment(f"{path}: {kind}" if path and kind else path)]


def _head(results: list[str]) -> str:
    return f"{', '.join(results)} = " if set(results) != {"_"} else ""


def _code(step: Step, head: str, names: list[str]) -> str:
    arguments = [step.call.kernel.__name__, *(names[value] for value in step.inputs)]
    arguments += [f"layer={literal(step.layer)}"] * bool(step.layer)
    arguments += [f"{name}={_option(value)}" for name, value in step.call.options.items()]
    arguments += [f"{name}=net.{name}" for name in step.call.context]
    return "\n".join(_bracketed(f"{head}net(", arguments, ")", 8))


def _note(flat: Plan, step: Step) -> str:
    """The shapes that a step leaves, where they differ from what it took."""
    before = {flat.shapes[value] for value in step.inputs}
    after: list[Shape] = [flat.shapes[value] for value in step.outputs]
    return ", ".join(map(str, after)) if before != set(after) else ""


def _bracketed(head: str, items: Iterable[str], tail: str, indent: int) -> list[str]:
    """A bracket on one line where it fits, else with an item a line."""
    return list(lines(Block(head, tuple((item, "") for item in items), tail, folds=True), indent))


def _option(value: Any) -> str:
    """An option of a kernel: a constant, a function, or what a function makes of constants."""
    if isinstance(value, Closure):
        return f"{value.by.__name__}({', '.join(f'{name}={_option(option)}' for name, option in value.options)})"
    return literal(value)
