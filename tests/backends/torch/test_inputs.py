"""A wrong input is told in the spec's words, and the check stands in nobody's way."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import archdsl
from archdsl.backends.python.sizes import python
from archdsl.sizes.dim import Dim, ceildiv, largest, smallest, substitute, symbol
from archdsl.sizes.fact import RELATIONS

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

FIXED = "network Fixed { input image: [N, 1, 28, 28]\n conv(2, kernel=3) -> flatten -> linear(3) }"
FREE = "network Free { input image: [N, 3, H, W]\n conv(4, kernel=5) -> relu }"
DEEP = """
network Deep {
    input image: [N, 3, H, W] where H % 8 == 0
    skip = conv(4, kernel=3, padding=1)
    conv(4, kernel=8, stride=8) -> relu
}"""
PAIR = """
network Pair {
    input left: [N, 3, H, W]
    input right: [N, 3, H, W]
    add { | left | right } -> conv(4, kernel=1)
}"""
WORDS = "network Words { input tokens: int [N, T]\n embedding(10, 4) }"
EVERY = {"image": (2, 3, 8, 8)}


def zeros(*sizes: int, kind: Any = None) -> Any:
    return torch.zeros(sizes, dtype=kind or torch.float32)


@pytest.mark.parametrize(
    ("spec", "inputs", "message"),
    [
        (FIXED, [(2, 3, 28, 28)], "Fixed takes image [N, 1, 28, 28]; got [2, 3, 28, 28]"),
        (FIXED, [(1, 28, 28)], "Fixed takes image [N, 1, 28, 28]; got [1, 28, 28]"),
        (FIXED, [()], "Fixed takes image [N, 1, 28, 28]; got []"),
        (FREE, [(2, 1, 8, 8)], "Free takes image [N, 3, H, W] with H >= 5, W >= 5; got [2, 1, 8, 8]"),
        (FREE, [(2, 3, 8, 4)], "Free takes image [N, 3, H, W] with H >= 5, W >= 5; got [2, 3, 8, 4]"),
        (DEEP, [(2, 3, 12, 12)], "Deep takes image [N, 3, H, W] with H >= 8, W >= 8, H % 8 == 0; got [2, 3, 12, 12]"),
        (
            PAIR,
            [(2, 3, 8, 8), (2, 3, 8, 9)],
            "Pair takes left [N, 3, H, W], right [N, 3, H, W]; got [2, 3, 8, 8], [2, 3, 8, 9]",
        ),
        (
            PAIR,
            [(2, 3, 8, 8), (3, 3, 8, 8)],
            "Pair takes left [N, 3, H, W], right [N, 3, H, W]; got [2, 3, 8, 8], [3, 3, 8, 8]",
        ),
    ],
)
def test_a_wrong_size_is_told_what_is_taken(spec: str, inputs: list[tuple[int, ...]], message: str) -> None:
    net = archdsl.loads(spec).torch()
    with pytest.raises(ValueError) as caught:
        net(*(zeros(*sizes) for sizes in inputs))
    assert str(caught.value) == message


def test_a_wrong_kind_of_number_is_told_what_is_taken() -> None:
    with pytest.raises(TypeError, match=r"Fixed takes real numbers as image; got torch\.uint8"):
        archdsl.loads(FIXED).torch()(zeros(1, 1, 28, 28, kind=torch.uint8))
    with pytest.raises(TypeError, match=r"Words takes whole numbers as tokens; got torch\.float32"):
        archdsl.loads(WORDS).torch()(zeros(1, 5))


def test_sizes_given_from_outside_are_checked_too() -> None:
    net = archdsl.loads(FREE, sizes=EVERY).torch()
    net(zeros(2, 3, 8, 8))
    with pytest.raises(ValueError, match=r"takes image \[2, 3, 8, 8\]; got \[1, 3, 8, 8\]"):
        net(zeros(1, 3, 8, 8))


def test_an_empty_batch_passes() -> None:
    assert archdsl.loads(FIXED).torch()(zeros(0, 1, 28, 28)).shape == (0, 3)


RIGHT = {FIXED: [(2, 1, 28, 28)], FREE: [(2, 3, 9, 9)], DEEP: [(2, 3, 16, 16)], PAIR: [(2, 3, 8, 8), (2, 3, 8, 8)]}
OTHER = {FIXED: [(3, 1, 28, 28)], FREE: [(3, 3, 7, 6)], DEEP: [(3, 3, 24, 17)], PAIR: [(3, 3, 4, 5), (3, 3, 4, 5)]}
WRONG = {FIXED: [(3, 2, 28, 28)], FREE: [(3, 3, 4, 5)], DEEP: [(3, 3, 9, 9)], PAIR: [(3, 3, 4, 5), (3, 3, 5, 5)]}

NAMES = ["fixed", "free", "deep", "pair"]


def inputs(table: dict[str, list[tuple[int, ...]]], spec: str) -> tuple[Any, ...]:
    return tuple(torch.rand(*sizes) for sizes in table[spec])


@pytest.mark.parametrize("spec", RIGHT, ids=NAMES)
def test_a_trace_by_fx_keeps_the_check(spec: str) -> None:
    net = archdsl.loads(spec).torch().eval()
    traced = torch.fx.symbolic_trace(net)
    given = inputs(RIGHT, spec)
    torch.testing.assert_close(traced(*given), net(*given))
    with pytest.raises(ValueError, match="takes"):
        traced(*inputs(WRONG, spec))


@pytest.mark.parametrize("spec", RIGHT, ids=NAMES)
def test_compiled_it_is_one_graph_for_all_sizes(spec: str) -> None:
    net = archdsl.loads(spec).torch().eval()
    compiled = torch.compile(net, backend="eager", fullgraph=True, dynamic=True)
    for table in (RIGHT, OTHER):
        given = inputs(table, spec)
        torch.testing.assert_close(compiled(*given), net(*given))
    with pytest.raises(ValueError, match="takes"):
        torch.compile(net, backend="eager")(*inputs(WRONG, spec))


def dynamic(spec: str) -> tuple[dict[int, Any], ...]:
    """The spec's symbols as torch.export has them; of itself it takes no size for which a convolution leaves 1."""
    dim = torch.export.Dim
    n, h, w = dim("N"), dim("H"), dim("W")
    return {
        FIXED: ({0: n},),
        FREE: ({0: n, 2: dim("H", min=6), 3: dim("W", min=6)},),
        DEEP: ({0: n, 2: 8 * dim("rows"), 3: dim("W", min=16)},),
        PAIR: ({0: n, 2: h, 3: w},) * 2,
    }[spec]


@pytest.mark.parametrize("strict", (False, True))
@pytest.mark.parametrize("spec", RIGHT, ids=NAMES)
def test_exported_it_takes_every_size_that_the_spec_does(spec: str, strict: bool) -> None:
    net = archdsl.loads(spec).torch().eval()
    exported = torch.export.export(net, inputs(RIGHT, spec), dynamic_shapes=dynamic(spec), strict=strict)
    given = inputs(OTHER, spec)
    torch.testing.assert_close(exported.module()(*given), net(*given))


@pytest.mark.parametrize("spec", RIGHT, ids=NAMES)
def test_scripted_and_traced_it_takes_other_sizes(spec: str) -> None:
    net = archdsl.loads(spec).torch().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        others = torch.jit.script(net), torch.jit.trace(net, inputs(RIGHT, spec))
    given = inputs(OTHER, spec)
    for other in others:
        torch.testing.assert_close(other(*given), net(*given))


@pytest.mark.parametrize("spec", RIGHT, ids=NAMES)
def test_it_runs_where_there_are_no_numbers_or_half_as_many(spec: str) -> None:
    net = archdsl.loads(spec).torch().eval()
    given = inputs(RIGHT, spec)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert net(*given).dtype == torch.bfloat16
    net.to(torch.float64)(*(x.double() for x in given))
    empty = net.to("meta")(*(x.to("meta", torch.float64) for x in given))
    assert empty.is_meta


SIZES = st.one_of(st.integers(1, 4), st.sampled_from("NHW"))


@given(
    shapes=st.lists(st.lists(SIZES, min_size=1, max_size=4), min_size=1, max_size=2),
    where=st.lists(
        st.tuples(st.sampled_from("NHW"), st.integers(1, 3), st.sampled_from(list(RELATIONS)), st.integers(0, 3)),
        max_size=2,
    ),
    tried=st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=4), min_size=2, max_size=2),
    numbers=st.fixed_dictionaries({name: st.integers(1, 6) for name in "NHW"}),
)
@settings(max_examples=150, deadline=None)
def test_what_passes_is_what_the_spec_says(shapes: Any, where: Any, tried: Any, numbers: dict[str, int]) -> None:
    """Sizes drawn from the spec's symbols, and sizes drawn freely, against the shapes and facts as stated."""
    free = {dim for shape in shapes for dim in shape if isinstance(dim, str)}
    facts = [(s, m, r, k) for s, m, r, k in where if s in free]
    stated = ", ".join(f"{s} % {m} {r} {k}" if m > 1 else f"{s} {r} {k}" for s, m, r, k in facts)
    lines = [f"input x{i}: [{', '.join(map(str, shape))}]" for i, shape in enumerate(shapes)]
    lines[-1] += f" where {stated}" if stated else ""
    report = archdsl.check("network Net {\n" + "\n".join(lines) + "\n x0 -> relu\n}")
    assume(report.ok)
    net = report.networks[0].torch()
    for sizes in ([[numbers.get(d, d) for d in shape] for shape in shapes], tried[: len(shapes)]):
        found: dict[str, int] = {}
        fits = [len(shape) for shape in shapes] == [len(size) for size in sizes] and all(
            size == (found.setdefault(dim, size) if isinstance(dim, str) else dim)
            for shape, given in zip(shapes, sizes, strict=True)
            for dim, size in zip(shape, given, strict=True)
        )
        fits = fits and all(RELATIONS[r](found[s] % m if m > 1 else found[s], k) for s, m, r, k in facts)
        given_ = [zeros(*size) for size in sizes]
        if fits:
            net(*given_)
            continue
        with pytest.raises(ValueError, match="Net takes"):
            net(*given_)


H, W = symbol("H"), symbol("W")
EXPRESSIONS: list[Dim] = [7, H, 2 * H - 3, (H + 1) % 16, ceildiv(H, 4) * 4 - W, 3 - (H - W) // 2, H * W // 7 + 1]
EXPRESSIONS += [smallest([H, W]) + 2, largest([H - 3, W, 4]) % 5, (H // 2 + W) // 3 * H]


@pytest.mark.parametrize("dim", EXPRESSIONS, ids=str)
def test_sizes_are_written_as_python(dim: Dim) -> None:
    for h in range(1, 20):
        for w in range(1, 20):
            assert eval(python(dim, {"H": "x[0]", "W": "x[1]"}), {"x": (h, w)}) == substitute(dim, {"H": h, "W": w})
