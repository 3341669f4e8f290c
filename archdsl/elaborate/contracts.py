"""Shapes that a spec claims: after a stage, and on a block's header. A claim is proved or it is an error."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from archdsl.diagnostics import Diagnostic, Problem
from archdsl.elaborate.evaluate import Environment, evaluate
from archdsl.elaborate.mistake import Mistake, error
from archdsl.elaborate.scope import Constant
from archdsl.elaborate.values import Quotient, ValueRef, WrongType, described, show
from archdsl.sizes.dim import Dim, Expr
from archdsl.sizes.prove import Known, equal
from archdsl.sizes.shape import Shape
from archdsl.sizes.verdict import SETTLE, Proved, Refuted, Verdict
from archdsl.source import Span
from archdsl.syntax import tree


class ContractBroken(Problem):
    """A shape written after a stage is a claim, and must be true.

    conv(8, kernel=3) : [N, 8, 32, 32]                 # error[contract-broken]: without padding
    conv(8, kernel=3, padding=1) : [N, 8, 32, 32]      # good
    """

    code = "contract-broken"
    message = "the value is {found}, not {claimed}"
    label = "{detail}"
    found: str
    claimed: str
    detail: str = ""
    condition: str = ""
    block: str = ""
    axis: int | None = None

    def help(self) -> str:
        return f"state it behind the input's shape: where {self.condition}" if self.condition else ""

    def cause(self, span: Span) -> Hashable:
        """A block that lost an arm breaks the claims behind all its uses, at the same axis."""
        return (self.block, self.axis) if self.block else None


class ContractUndecided(Problem):
    """Whether a written shape holds for every size could not be decided; unknown is never taken for good.

    input x: [N, A, B]
    relu : [N, A, B * min(1, (A ** 2 + 1 - B ** 3) ** 2)]      # error[contract-undecided]: is A * A + 1 a cube?
    relu : [N, A, B]                                           # good
    """

    code = "contract-undecided"
    message = "whether {found} is {claimed} for every size is not known"
    found: str
    claimed: str

    def help(self) -> str:
        return SETTLE


Origin = Callable[[int], str]


def check(claim: tree.Sequence, shape: Shape, env: Environment, origin: Origin = lambda axis: "") -> None:
    """Hold a shape against what is claimed of it; a claim that is not proved is a mistake.

    `origin` names the block that made an axis as it is, for the diagnostic.
    """
    sizes = [(_size(evaluate(item, env), item.span), item.span) for item in claim.items]
    _hold(claim, shape, sizes, env.known, origin)


def claimed(claim: tree.Sequence, env: Environment) -> Shape | None:
    """The shape that is claimed, where it can be read."""
    try:
        sizes = [_size(evaluate(item, env), item.span) for item in claim.items]
    except Mistake:
        return None
    return Shape(tuple(size.numerator // size.divisor if isinstance(size, Quotient) else size for size in sizes))


def enter(signature: tree.Signature, entries: Sequence[ValueRef], env: Environment) -> dict[str, Constant]:
    """The symbols of a header's shapes, bound to the sizes that come in; sizes that are no symbols must fit.

    The shapes are those of the current value and of the values among the arguments, in this order.
    """
    symbols: dict[str, Constant] = {}
    if len(signature.inputs) > len(entries):
        hint = "one for the current value, then one for each value among the arguments"
        problem = WrongType(
            "the number of shapes before ->", f"at most {len(entries)}", f"{len(signature.inputs)}", hint
        )
        raise error(problem, signature.inputs[len(entries)].span)
    if len(signature.outputs) > 1:
        problem = WrongType(
            "the number of shapes after ->", "1", f"{len(signature.outputs)}", "a block leaves one value"
        )
        raise error(problem, signature.outputs[1].span)
    for claim, entry in zip(signature.inputs, entries, strict=False):
        if entry.value:
            _enter(claim, entry.value.shape, symbols, env)
    return symbols


def _enter(claim: tree.Sequence, shape: Shape, symbols: dict[str, Constant], env: Environment) -> None:
    """Bind the symbols of one shape."""
    if len(claim.items) != shape.rank:
        raise error(ContractBroken(str(shape), claim.span.text, "another number of axes"), claim.span)
    sizes: list[tuple[Dim | Quotient, Span]] = []
    for item, size in zip(claim.items, shape.dims, strict=True):
        if isinstance(item, tree.Name) and not env.scope.find(item.name)[0] and item.name not in symbols:
            symbols[item.name] = size
            sizes.append((size, item.span))
        else:
            inside = Environment(env.scope.inner(symbols), env.steps, known=env.known)
            sizes.append((_size(evaluate(item, inside), item.span), item.span))
    _hold(claim, shape, sizes, env.known)


def leave(signature: tree.Signature, shape: Shape, env: Environment) -> None:
    """Hold what a block leaves against its header."""
    check(signature.outputs[0], shape, env)


def _size(value: Constant, span: Span) -> Dim | Quotient:
    if isinstance(value, bool) or not isinstance(value, int | Expr | Quotient):
        raise error(WrongType("a size", "an integer", described(value)), span)
    return value


def _hold(
    claim: tree.Sequence,
    shape: Shape,
    sizes: list[tuple[Dim | Quotient, Span]],
    known: Known,
    origin: Origin = lambda axis: "",
) -> None:
    text = f"[{', '.join(show(size) for size, _ in sizes)}]"
    if len(sizes) != shape.rank:
        raise error(ContractBroken(str(shape), text, "another number of axes"), claim.span)
    for axis, ((size, span), found) in enumerate(zip(sizes, shape.dims, strict=True)):
        verdict = _verdict(found, size, known)
        if isinstance(verdict, Refuted):
            detail = f"is {found}{verdict.when}"
            raise error(ContractBroken(str(shape), text, detail, verdict.clause, origin(axis), axis), span)
        if not isinstance(verdict, Proved):
            raise Mistake(Diagnostic(ContractUndecided(str(found), show(size)), span))


def _verdict(found: Dim, size: Dim | Quotient, known: Known) -> Verdict:
    """A quotient claims that it comes out even: `H / 2` is `found` where `found * 2 == H`."""
    if isinstance(size, Quotient):
        return equal(found * size.divisor, size.numerator, known)
    return equal(found, size, known)
