"""Reshape: another form for the same values, and how its sizes are known when the network runs."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from archdsl.diagnostics import Problem
from archdsl.ops.base import NEITHER, Op, Rejected, attribute
from archdsl.ops.chapters import FORMS
from archdsl.ops.sight import Shapes, Sights, reshaped
from archdsl.sizes.dim import Dim, Expr, Floor, product
from archdsl.sizes.prove import NOTHING_KNOWN, Known, equal
from archdsl.sizes.shape import Shape
from archdsl.sizes.verdict import SETTLE, Proved, Refuted

Dims: TypeAlias = "tuple[Dim, ...]"


class SizesDiffer(Problem):
    """A reshape neither adds values nor drops any.

    input image: [N, 16, 5, 5]
    reshape([16, 20])      # error[sizes-differ]: 400 values are not 320
    reshape([16, 25])      # good
    """

    code = "sizes-differ"
    message = "a sample of {before} values cannot take a form of {after} values"
    label = "the input is {shape}"
    before: Dim
    after: Dim
    shape: Shape
    fix: str

    def help(self) -> str:
        return self.fix


class FormUndecided(Problem):
    """Whether a form holds as many values as come in could not be decided; unknown is never taken for good.

        input x: [N, A, B, min(1, (A ** 2 + 1 - B ** 3) ** 2)]
        reshape([A, B])          # error[form-undecided]: is A * A + 1 a cube?
        reshape([A, B, -1])      # good

    Fixed sizes on the input settle it: `input image: [N, 16, 32, 32]`.
    """

    code = "form-undecided"
    message = "whether {after} values are always the {before} that come in is not known"
    before: Dim
    after: Dim

    def help(self) -> str:
        return SETTLE


class SeveralOpen(Problem):
    """One size of a form may be left open by -1: it follows from the others.

    reshape([-1, -1, 4])      # error[several-open]
    reshape([-1, 4])          # good
    """

    code = "several-open"
    message = "only one size can be left open by -1"

    def help(self) -> str:
        return "write the others as numbers, or as parts of the input: in.channels, in.shape[2]"


class UnreadableSize(Problem):
    """A size that is known only when the network runs must be a part or a multiple of one axis of the input.

    input x: [N, A, B, C, D]
    reshape([A * B, C * D])      # error[unreadable-size]
    reshape([A, B, -1])          # good
    """

    code = "unreadable-size"
    message = "the size {size} can't be read off the input {shape} when the network runs"
    size: Dim
    shape: Shape

    def help(self) -> str:
        return "one such size can be left open by -1; any other must be an axis of the input, or a part or a multiple"


class Share(NamedTuple):
    """A size that is read off an axis of the input: its size times `times`, floored by `over`."""

    axis: int
    times: int
    over: int


Form: TypeAlias = "tuple[int | Share, ...]"


class Reshape(Op):
    """Give each sample another form; values keep their order, the last axis running fastest.

        reshape([768, -1])                          # [N, 768, 14, 14] -> [N, 768, 196]
        reshape([8, in.channels / 8, in.length])    # [N, 64, 50] -> [N, 8, 8, 50]

    The batch is not written: samples stay apart. One size may be -1, and follows from the others.
    """

    name = "reshape"
    is_view = True
    chapter = FORMS
    names_elsewhere = ("Reshape", "view", "Unflatten")
    gradient_needs = NEITHER
    proves = True

    sizes: Dims = attribute(at_least=-1, doc="the sizes of the output without the batch; one may be -1")

    def infer(self, x: Shape, *, known: Known = NOTHING_KNOWN) -> Shape:
        if self.sizes.count(-1) > 1:
            raise Rejected(SeveralOpen(), at="sizes")
        dims = self._dims(x)
        _same(x.dims[1:], dims, self.sizes, x, known)
        _form(dims, self.sizes, x)
        return Shape((x.batch, *dims), x.kind)

    def form(self, x: Shape) -> Form:
        """The sizes without the batch as a backend needs them: numbers, axes of the input, at most one -1."""
        return _form(self._dims(x), self.sizes, x)

    def _dims(self, x: Shape) -> Dims:
        """The sizes with -1 replaced."""
        written = _written(self.sizes)
        rest = product(x.dims[1:]) // written if written != 0 else 0
        return tuple(rest if size == -1 else size for size in self.sizes)

    def is_noop(self, x: Shape, y: Shape) -> bool:
        return x == y

    def sees(self, xs: Shapes, ys: Shapes, seen: Sights) -> Sights:
        return (reshaped(seen[0], xs[0], ys[0]),)


def _written(sizes: Dims) -> Dim:
    """The product of the sizes that are written."""
    return product(size for size in sizes if size != -1)


def _same(before: Dims, after: Dims, sizes: Dims, x: Shape, known: Known) -> None:
    """Reject a form of more values than come in, or of fewer."""
    many, wanted = product(before), product(after)
    verdict = equal(many, wanted, known)
    if isinstance(verdict, Refuted):
        raise Rejected(SizesDiffer(many, wanted, x, _fix(many, sizes, verdict, known)), at="sizes")
    if isinstance(verdict, Proved):
        return
    (whole, cut), (other, other_cut) = _undivided(before, known), _undivided(after, known)
    if not isinstance(equal(whole * other_cut, other * cut, known), Proved):
        raise Rejected(FormUndecided(many, wanted), at="sizes")


def _undivided(dims: Dims, known: Known) -> tuple[Dim, int]:
    """The product of sizes as a product and a number that divides it: halves that come out even are not floored.

    _undivided((h // 2, w // 2), known)      # (h * w, 4), where h and w are known to be even
    """
    whole: Dim = 1
    cut = 1
    for dim in dims:
        part = _floor(dim)
        divisor = part.divisor if part else None
        if part and isinstance(divisor, int) and isinstance(equal(dim * divisor, part.numerator, known), Proved):
            whole, cut = whole * part.numerator, cut * divisor
        else:
            whole = whole * dim
    return whole, cut


def _fix(before: Dim, sizes: Dims, verdict: Refuted, known: Known) -> str:
    """The first size that can be left open; for free sizes the condition under which the form fits."""
    if sizes and isinstance(equal(before, product(sizes[1:]), known), Proved):
        return f"the batch is not written: reshape([{', '.join(map(str, sizes[1:]))}])"
    if verdict.sizes:
        given = ", ".join(f"{name} = {size}" for name, size in verdict.sizes.items())
        return f"they differ for {given}" + (f", and agree when {verdict.condition}" if verdict.condition else "")
    if -1 in sizes:
        return f"-1 stands for {before} / {_written(sizes)}, which does not come out even"
    for index in range(len(sizes)):
        others = product(size for other, size in enumerate(sizes) if other != index)
        if isinstance(before, int) and isinstance(others, int) and others > 0 and before % others == 0:
            shown = ", ".join("-1" if other == index else str(size) for other, size in enumerate(sizes))
            return f"-1 lets a size follow from the others: reshape([{shown}])"
    return ""


def _form(dims: Dims, sizes: Dims, x: Shape) -> Form:
    found = [_read(dim, x) for dim in dims]
    unread = [index for index, item in enumerate(found) if item is None]
    if len(unread) > 1:
        raise Rejected(UnreadableSize(dims[unread[0]], x), at="sizes")
    rest = unread[0] if unread else next((index for index, size in enumerate(sizes) if size == -1), None)
    return tuple(-1 if index == rest or item is None else item for index, item in enumerate(found))


def _read(size: Dim, x: Shape) -> int | Share | None:
    """Where a size is found: in itself, on an axis of the input, or nowhere."""
    if isinstance(size, int):
        return size
    for axis, dim in enumerate(x.dims):
        for times, over in ((1, 1), (_ratio(size, dim), 1), (1, _divisor(size)), (1, _ratio(dim, size))):
            if times and over and dim * times // over == size:
                return Share(axis, times, over)
    return None


def _ratio(size: Dim, dim: Dim) -> int:
    """How many times a size is of another, 0 where it is none."""
    if not isinstance(size, Expr) or not isinstance(dim, Expr):
        return 0
    ratio = size.terms[0][1] // dim.terms[0][1]
    return ratio if dim * ratio == size else 0


def _floor(size: Dim) -> Floor | None:
    """The floor division that a size is, if it is one by a number."""
    if not isinstance(size, Expr) or len(size.terms) > 1:
        return None
    atoms, factor = size.terms[0]
    if factor == 1 and len(atoms) == 1 and isinstance(atoms[0], Floor) and isinstance(atoms[0].divisor, int):
        return atoms[0]
    return None


def _divisor(size: Dim) -> int:
    """What a size that is a floor division divides by, 0 where it is none."""
    part = _floor(size)
    return part.divisor if part and isinstance(part.divisor, int) else 0
