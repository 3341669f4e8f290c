"""Exact arithmetic on compile-time values, and how they compare.

Takes values, returns values, and refuses with a `Refused` what makes no sense; knows no places.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from archdsl.diagnostics import Problem
from archdsl.elaborate.scope import Constant
from archdsl.elaborate.values import Quotient, WrongType, described, extent, show
from archdsl.limits import ListTooLong, NumberTooLarge, SizeTooLong, limits
from archdsl.sizes.dim import Dim, Expr
from archdsl.sizes.fact import Fact
from archdsl.sizes.prove import NOTHING_KNOWN, Known, equal, holds
from archdsl.sizes.verdict import Proved, Refuted, Unknown, Verdict


class UnevenDivision(Problem):
    """`/` comes out even where a whole number is needed; `//`, `ceil(…)` and `floor(…)` round.

    conv(in.channels / 2, kernel=1)       # error[uneven-division]: for 15 channels
    conv(in.channels // 2, kernel=1)      # good
    """

    code = "uneven-division"
    message = "{numerator} / {divisor} does not come out even"
    numerator: str
    divisor: str

    written: str = ""

    def help(self) -> str:
        written = self.written or f"{self.numerator} / {self.divisor}"
        if "/" not in written:
            return f"round it: floor({written}), or ceil({written})"
        return f"round it: {written.replace('/', '//')}, or ceil({written})"


class DivisionByZero(Problem):
    """Nothing can be divided by zero.

    conv(8 / 0, kernel=1)      # error[division-by-zero]
    conv(8 / 2, kernel=1)      # good
    """

    code = "division-by-zero"
    message = "division by zero"


class TooLarge(Problem):
    """A number with a point, or a formula for a size, grows past any use.

    dropout(2.0 ** 5000)      # error[too-large]
    dropout(0.5)              # good
    """

    code = "too-large"
    message = "{what} is larger than {limit}"
    what: str
    limit: str


class Refused(Exception):
    """A rule that does not apply: the problem, without its place."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem

    @classmethod
    def uneven(cls, value: Quotient) -> Refused:
        return cls(UnevenDivision(show(value.numerator), show(value.divisor)))

    @classmethod
    def too_large(cls, what: str, limit: str) -> Refused:
        return cls(TooLarge(what, limit))


def arithmetic(symbol: str, a: Constant, b: Constant, known: Known = NOTHING_KNOWN) -> Constant:
    """a symbol b, where this is known of sizes.

    arithmetic("/", 7, 2)      # Quotient(7, 2)
    arithmetic("+", (1,), (2,))      # (1, 2)
    """
    if symbol == "+" and isinstance(a, tuple) and isinstance(b, tuple):
        return bounded(a + b)
    if symbol == "+" and isinstance(a, str) and isinstance(b, str):
        return bounded(a + b)
    for value in (a, b):
        if isinstance(value, bool) or not isinstance(value, int | float | Expr | Quotient):
            raise Refused(WrongType(f"what stands beside {symbol}", "a number", described(value)))
    if isinstance(a, float) or isinstance(b, float):
        return _real(symbol, as_float(a), as_float(b))
    if isinstance(a, Quotient) or isinstance(b, Quotient):
        return _fractions(symbol, a, b, known)
    if symbol in _DIVIDING:
        return bounded(_DIVIDING[symbol](a, b, known))
    if symbol == "*" and isinstance(a, Expr) and isinstance(b, Expr) and len(a.terms) * len(b.terms) > limits().terms:
        raise Refused(SizeTooLong(limits().terms))
    return bounded(_EXACT[symbol](a, b))


def as_float(value: Constant) -> float:
    """A number with a point; a size has none yet."""
    if isinstance(value, Quotient) and isinstance(value.numerator, int):
        return value.numerator / value.divisor
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise Refused.too_large("a number", "1.8e308") from None
    raise Refused(WrongType("a number with a point", "known when compiling", described(value)))


def bounded(value: Any) -> Any:
    """The value, unless it is too large to go on with."""
    if isinstance(value, int) and value.bit_length() > limits().bits:
        raise Refused(NumberTooLarge(limits().bits))
    if isinstance(value, str) and len(value) > limits().items:
        raise Refused(ListTooLong(limits().items))
    if isinstance(value, tuple) and extent(value, limits().items) > limits().items:
        raise Refused(ListTooLong(limits().items))
    if isinstance(value, Expr) and value.weight > limits().terms:
        raise Refused(SizeTooLong(limits().terms))
    return value


def _divided(a: Dim, b: Dim, known: Known) -> Constant:
    """a / b, exact: whole where it comes out even, a quotient where it does not or does not for every size."""
    if b == 0:
        raise Refused(DivisionByZero())
    if isinstance(a, int) and isinstance(b, int):
        if b < 0:
            a, b = -a, -b
        return a // b if a % b == 0 else Quotient(a, b)
    rest = a % b
    if rest == 0 or isinstance(equal(rest, 0, known), Proved):
        return a // b
    if not isinstance(b, int):
        raise Refused(WrongType("a divisor", "known when compiling", described(b)))
    return Quotient(a, b) if b > 0 else Quotient(-a, -b)


def _floored(a: Dim, b: Dim) -> Dim:
    if b == 0:
        raise Refused(DivisionByZero())
    return a // b


def _modulo(a: Dim, b: Dim) -> Dim:
    if b == 0:
        raise Refused(DivisionByZero())
    return a % b


def _power(a: Dim, b: Dim, known: Known) -> Constant:
    if not isinstance(b, int):
        raise Refused(WrongType("an exponent", "known when compiling", described(b)))
    if b < 0:
        return _divided(1, _power(a, -b, known), known)
    if isinstance(a, int):
        if a.bit_length() * b > 2 * limits().bits and abs(a) > 1:
            raise Refused(NumberTooLarge(limits().bits))
        return a**b
    if b > 8:
        raise Refused.too_large("the power of a size", "8")
    result: Dim = 1
    for _ in range(b):
        result = arithmetic("*", result, a)
    return result


_EXACT: dict[str, Callable[[Any, Any], Constant]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": _floored,
    "%": _modulo,
}
_DIVIDING: dict[str, Callable[[Any, Any, Known], Constant]] = {"/": _divided, "**": _power}
"""Whether a division comes out even may have to be proved."""


def _fractions(symbol: str, a: Constant, b: Constant, known: Known) -> Constant:
    """Arithmetic where an operand is a quotient; whole again where it comes out even."""
    (p, q), (r, s) = _parts(a), _parts(b)
    if symbol in "+-":
        top = p * s + r * q if symbol == "+" else p * s - r * q
        return _divided(bounded(top), bounded(q * s), known)
    if symbol == "*":
        return _divided(bounded(p * r), bounded(q * s), known)
    if symbol == "/":
        return _divided(bounded(p * s), bounded(q * r), known)
    if symbol == "//":
        return _floored(bounded(p * s), bounded(q * r))
    raise Refused.uneven(a if isinstance(a, Quotient) else b)


def _parts(value: Constant) -> tuple[Dim, int]:
    return (value.numerator, value.divisor) if isinstance(value, Quotient) else (value, 1)


def _real(symbol: str, a: float, b: float) -> float:
    try:
        result = _REAL[symbol](a, b)
    except ZeroDivisionError:
        raise Refused(DivisionByZero()) from None
    except OverflowError:
        raise Refused.too_large("a number", "1.8e308") from None
    if isinstance(result, complex):
        raise Refused(WrongType("a power", "a real number", "not one"))
    return float(result)


_REAL: dict[str, Callable[[float, float], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compare(symbol: str, a: Constant, b: Constant, known: Known = NOTHING_KNOWN) -> bool | Verdict:
    """Whether a comparison holds, where this is known of sizes; a verdict where that is not the same, or not decided,
    for all sizes."""
    if symbol == "==":
        return _same(a, b, known)
    if symbol == "!=":
        same = _same(a, b, known)
        return not same if isinstance(same, bool) else Unknown()
    for value in (a, b):
        if isinstance(value, bool) or not isinstance(value, int | float | Expr | Quotient):
            raise Refused(WrongType(f"what stands beside {symbol}", "a number", described(value)))
    if isinstance(a, float) or isinstance(b, float):
        return _ORDER[symbol](as_float(a), as_float(b))
    return _decided(symbol, a, b, known)


def _same(a: Constant, b: Constant, known: Known) -> bool | Verdict:
    if isinstance(a, tuple) and isinstance(b, tuple):
        if len(a) != len(b):
            return False
        verdicts = [_same(x, y, known) for x, y in zip(a, b, strict=True)]
        if False in verdicts:
            return False
        refuted = [verdict for verdict in verdicts if isinstance(verdict, Refuted)]
        return Refuted.together(refuted) if refuted else Unknown() if Unknown() in verdicts else True
    if not (isinstance(a, Expr | Quotient) or isinstance(b, Expr | Quotient)):
        return isinstance(a, bool) is isinstance(b, bool) and bool(a == b)
    for value in (a, b):
        if isinstance(value, bool) or not isinstance(value, int | float | Expr | Quotient):
            return False
    if isinstance(a, float) or isinstance(b, float):
        return not isinstance(a, Expr) and not isinstance(b, Expr) and as_float(a) == as_float(b)
    return _decided("==", a, b, known)


def _decided(symbol: str, a: Dim | Quotient, b: Dim | Quotient, known: Known) -> bool | Verdict:
    (p, q), (r, s) = _parts(a), _parts(b)
    verdict = holds(Fact(p * s, symbol, r * q), known)
    if isinstance(verdict, Proved):
        return True
    return False if verdict == Refuted() else verdict
