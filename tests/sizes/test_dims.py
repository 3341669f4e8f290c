"""Symbolic sizes against brute force: every normal form, every proof and every counterexample, over all sizes 1…200."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdsl.sizes.decide import contradictory
from archdsl.sizes.dim import Dim, ceildiv, largest, smallest, substitute, symbol
from archdsl.sizes.fact import Fact
from archdsl.sizes.multiples import shortest
from archdsl.sizes.prove import NOTHING_KNOWN, Known, equal
from archdsl.sizes.verdict import Proved, Refuted, Unknown

H, W = symbol("H"), symbol("W")
SIZES = range(1, 201)
MANY = settings(deadline=None, max_examples=1500)


class Axis(NamedTuple):
    """A size as the compiler writes it, and as arithmetic says it."""

    dim: Dim
    at: Callable[[int], int]


start = Axis(H, lambda h: h)
positive = st.integers(1, 5)


@st.composite
def step(draw: st.DrawFn, axis: Axis) -> Axis:
    """What one layer does to a size: a window, pooling in ceil mode, upsampling, padding, cutting."""
    dim, at = axis
    kind = draw(st.sampled_from(["window", "window", "ceil", "up", "pad", "cut", "transposed", "halves"]))
    k, s, p = draw(positive), draw(positive), draw(st.integers(0, 2))
    if kind == "window":
        return Axis((dim + 2 * p - k) // s + 1, lambda h: (at(h) + 2 * p - k) // s + 1)
    if kind == "ceil":
        return Axis(ceildiv(dim, s), lambda h: -(-at(h) // s))
    if kind == "up":
        return Axis(dim * s, lambda h: at(h) * s)
    if kind == "pad":
        return Axis(dim + p + k, lambda h: at(h) + p + k)
    if kind == "cut":
        return Axis(dim - p, lambda h: at(h) - p)
    if kind == "transposed":
        return Axis((dim - 1) * s + k - 2 * p, lambda h: (at(h) - 1) * s + k - 2 * p)
    return Axis(dim // 2 + ceildiv(dim, 2), lambda h: at(h) // 2 + -(-at(h) // 2))


@st.composite
def chain(draw: st.DrawFn, longest: int = 5) -> Axis:
    axis = start
    for _ in range(draw(st.integers(0, longest))):
        axis = draw(step(axis))
    if draw(st.integers(0, 3)) == 0:  # the sizes of two arms joined
        other = draw(chain(longest=2))
        first, second = axis, other
        axis = Axis(first.dim + second.dim, lambda h: first.at(h) + second.at(h))
    return axis


def value(dim: Dim, h: int) -> int:
    found = substitute(dim, {"H": h})
    assert isinstance(found, int)
    return found


@MANY
@given(chain())
def test_normal_forms_have_the_right_values(axis: Axis) -> None:
    assert [value(axis.dim, h) for h in SIZES] == [axis.at(h) for h in SIZES]


@MANY
@given(chain(), chain())
def test_proofs_and_counterexamples_are_right(a: Axis, b: Axis) -> None:
    check_verdict(a, b, lambda h: True)


@MANY
@given(chain(4), st.integers(0, 3))
def test_rewritten_sizes_are_proved_equal(axis: Axis, shift: int) -> None:
    """The same size by another way: the decision, not the normal form, has to see it."""
    other = axis.dim // 3 + (axis.dim + 1) // 3 + (axis.dim + 2) // 3 + shift - shift
    assert isinstance(equal(axis.dim, other), Proved)


@MANY
@given(chain(4), chain(4), st.integers(1, 8), st.integers(0, 7), st.integers(1, 40))
def test_known_facts_are_used(a: Axis, b: Axis, modulus: int, rest: int, least: int) -> None:
    facts = (Fact(H % modulus, "==", rest % modulus), Fact(H, ">=", least))
    check_verdict(a, b, lambda h: h % modulus == rest % modulus and h >= least, Known(facts))


@MANY
@given(chain(4), chain(4), st.integers(1, 24), st.integers(1, 4))
def test_shortest_forms_are_the_same_sizes(a: Axis, b: Axis, modulus: int, factor: int) -> None:
    facts = (Fact(H % modulus, "==", 0), Fact(0, "==", H % 2))
    short = shortest(a.dim * b.dim * factor, facts)
    assert len(str(short)) <= len(str(a.dim * b.dim * factor))
    even = [h for h in SIZES if h % modulus == 0 and h % 2 == 0]
    assert [value(short, h) for h in even] == [a.at(h) * b.at(h) * factor for h in even]


@pytest.mark.parametrize(
    ("dim", "facts", "text"),
    [
        (8 * ceildiv(H, 8), (Fact(H % 8, "==", 0),), "H"),
        (ceildiv(H, 2), (Fact(H % 6, "==", 0),), "H // 2"),
        ((H // 2) * 3 * (W // 4) + H * W, (Fact(H % 4, "==", 0), Fact(W % 4, "==", 0)), "11 * (H // 2) * (W // 4)"),
        (H // 6 * 6, (Fact(H % 2, "==", 0), Fact(H % 3, "==", 0)), "H"),
        (ceildiv(H, 8), (Fact(H % 4, "==", 0),), "ceil(H / 8)"),
        (ceildiv(H, 2), (Fact(H % 4, "==", 2),), "ceil(H / 2)"),
        (ceildiv(H, 2), (Fact(H % 4, ">=", 0),), "ceil(H / 2)"),
    ],
)
def test_sizes_are_as_short_as_what_is_known_allows(dim: Dim, facts: tuple[Fact, ...], text: str) -> None:
    assert str(shortest(dim, facts)) == text


def test_facts_without_symbols_say_nothing_of_sizes() -> None:
    known = Known((Fact(H % 1, "==", 0), Fact(H, ">=", 1)))
    assert isinstance(equal(H, (H + 1) // 2, known), Refuted)
    assert contradictory([Fact(1, "<", 1)])
    assert not contradictory([Fact(0, "==", 0)])


def check_verdict(a: Axis, b: Axis, allowed: Callable[[int], bool], known: Known = NOTHING_KNOWN) -> None:
    verdict = equal(a.dim, b.dim, known)
    wrong = [h for h in range(1, 2000) if allowed(h) and a.at(h) != b.at(h)]
    if isinstance(verdict, Unknown):
        pytest.fail(f"{a.dim} and {b.dim} have one symbol and no extremes: this is decidable")
    if isinstance(verdict, Proved):
        assert not wrong
        return
    assert isinstance(verdict, Refuted)
    if verdict.sizes:
        assert verdict.sizes["H"] == wrong[0]
    if verdict.condition:
        for h in filter(allowed, SIZES):
            assert eval(verdict.condition, {"H": h}) == (a.at(h) == b.at(h))


def test_extremes_are_never_proved_wrongly() -> None:
    assert smallest([H, H + 1]) == H
    assert largest([H, 3]) != H
    assert not isinstance(equal(largest([H, 3]), H), Proved)
    assert isinstance(equal(largest([H, 3]), H), Refuted)


def test_several_symbols() -> None:
    w, n = symbol("W"), symbol("N")
    assert isinstance(equal(n * ((H + 1) // 2), n * (H - H // 2)), Unknown | Proved)
    assert isinstance(equal((H + 1) // 2 + w // 2, H - H // 2 + w - (w + 1) // 2), Proved)
    assert equal(H * w, w * H) == Proved()
    assert equal(H * w, H + w) == Refuted({"H": 1, "W": 1})
    assert str(4 * n * w // (2 * n)) == "2 * W"


@pytest.mark.parametrize(
    ("dim", "text"),
    [
        ((H + 31) // 32, "ceil(H / 32)"),
        ((H - 1) // 2 + 1, "ceil(H / 2)"),
        ((H // 2 + 1) // 2, "(H + 2) // 4"),
        (H % 16, "H % 16"),
        (H % W, "H % W"),
        ((H + 1) % (2 * W), "(H + 1) % (2 * W)"),
        (2 * H % 8, "2 * (H % 4)"),
        (3 * (H // 2) - 1, "3 * (H // 2) - 1"),
        ((H + symbol("W")) // 2, "(H + W) // 2"),
        (2 * H // 2, "H"),
        (1 - H, "-H + 1"),
        (H * H, "H * H"),
    ],
)
def test_sizes_read_well(dim: Dim, text: str) -> None:
    assert str(dim) == text
