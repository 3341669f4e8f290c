"""Blocks with a contract on their header, checked once for all their parameters, used or not.

The parameters become symbols, and so do the sizes of the header; then the body is expanded as for any use. A repetition
whose count is a symbol is decided by induction: if a pass that starts `k` steps from the beginning leaves what `k + 1`
steps would, `n` passes leave `n` steps. What the block needs to know as a number (a kernel, a choice) takes its default
if it has one, and all else stays free; where that is not enough, nothing is claimed: every use is checked by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import Diagnostic, listing
from archdsl.elaborate.blocks import expand_block
from archdsl.elaborate.context import Context
from archdsl.elaborate.contracts import ContractBroken, ContractUndecided
from archdsl.elaborate.evaluate import Environment, Steps, evaluate
from archdsl.elaborate.expand import new_run
from archdsl.elaborate.mistake import Mistake
from archdsl.elaborate.module import ModuleBuilder
from archdsl.elaborate.scope import Constant, FileScope, Scope
from archdsl.elaborate.values import BlockRef, ValueRef, show
from archdsl.graph.nodes import Value
from archdsl.record import replace
from archdsl.sizes.dim import Dim, Expr, symbol
from archdsl.sizes.shape import Shape
from archdsl.syntax import tree


def contracts_for_all(home: FileScope) -> list[Diagnostic]:
    """What is refuted of the headers of a file's own blocks, whatever their parameters are."""
    refuted: list[Diagnostic] = []
    for value in home.names.values():
        if isinstance(value, BlockRef) and value.home is home and value.block.signature:
            refuted += _refuted(value)
    return refuted


def _refuted(ref: BlockRef) -> list[Diagnostic]:
    """The header's contract, with as many parameters free as the body can bear."""
    optional = [parameter.name for parameter in ref.block.parameters if parameter.default is not None]
    found = _found(ref, optional)
    if found is None:
        free: list[str] = []
        for name in optional:
            free += [name] if _found(ref, [*free, name]) is not None else []
        found = _found(ref, free)
    return found or []


def _found(ref: BlockRef, free: Sequence[str]) -> list[Diagnostic] | None:
    """What is wrong with the header, where some parameters with a default are free; None where that cannot be told."""
    constants = _parameters(ref, free)
    problems = _problems(ref, constants) if constants is not None else []
    if constants is None or not all(isinstance(problem.problem, ContractBroken) for problem in problems):
        return None
    return [_of_header(problem, ref, constants) for problem in problems if problem.span and _in_header(problem, ref)]


def _parameters(ref: BlockRef, free: Sequence[str]) -> dict[str, Constant] | None:
    """A symbol for each parameter, but its default for one that is not free, or that is no integer."""
    constants: dict[str, Constant] = {}
    for parameter in ref.block.parameters:
        default: Constant = None
        if parameter.default is not None:
            try:
                default = evaluate(parameter.default, Environment(Scope(ref.home, dict(constants)), Steps()))
            except Mistake:
                return None
        is_number = isinstance(default, int) and not isinstance(default, bool)
        takes_default = parameter.default is not None and not (is_number and parameter.name in free)
        constants[parameter.name] = default if takes_default else symbol(parameter.name)
    return constants


def _problems(ref: BlockRef, constants: dict[str, Constant]) -> list[Diagnostic]:
    """What expanding the body with these parameters finds."""
    undecided = [Diagnostic(ContractUndecided("", ""), ref.block.name.span)]
    problems: list[Diagnostic] = []
    shape = _entry(ref, constants)
    if shape is None:
        return undecided
    outside = ModuleBuilder("network", "")
    entry = ValueRef(Value(outside.add_input("x", shape, None)))
    run = new_run(problems, parametric=True)
    context = Context(run, Scope(ref.home), ModuleBuilder("block", ref.block.name.name), {})
    try:
        made = expand_block(ref.block, constants, context, entry, ref.block.name.span, outside)
    except Mistake as mistake:
        return [mistake.diagnostic] if mistake.diagnostic else undecided
    if made is None and not problems:
        return undecided
    return problems


def _entry(ref: BlockRef, constants: dict[str, Constant]) -> Shape | None:
    """The shape that the header takes, its names as symbols."""
    assert ref.block.signature
    names: dict[str, Constant] = {}
    sizes: list[Dim] = []
    for item in ref.block.signature.inputs[0].items:
        if isinstance(item, tree.Name) and item.name not in constants:
            names.setdefault(item.name, symbol(item.name))
        try:
            value = evaluate(item, Environment(Scope(ref.home, {**constants, **names}), Steps()))
        except Mistake:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Expr):
            return None
        sizes.append(value)
    return Shape(tuple(sizes))


def _in_header(problem: Diagnostic, ref: BlockRef) -> bool:
    header = ref.block.signature
    assert header
    assert problem.span
    return header.span.start <= problem.span.start and problem.span.end <= header.span.end


def _of_header(problem: Diagnostic, ref: BlockRef, constants: dict[str, Constant]) -> Diagnostic:
    """The diagnostic, with the parameters that it holds for."""
    free = [name for name, value in constants.items() if isinstance(value, Expr)]
    fixed = [f"{name}={show(value)}" for name, value in constants.items() if name not in free]
    words = ([f"for any {listing(free, 'and')}"] if free else []) + ([f"with {listing(fixed, 'and')}"] if fixed else [])
    return replace(problem, notes=(f"in {ref.block.name.name}, {', '.join(words) or 'wherever it is used'}",))
