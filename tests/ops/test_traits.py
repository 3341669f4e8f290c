"""What ops say of themselves, held against what they compute: each trait of every op, on the examples of its page.

A trait that is missing is found as well as one that is wrong: `is_idempotent` is said of an op if, and only if, it
computes the same twice. So a new op tells all that others ask of it, or fails here.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from support.one_function import Run
from support.op_cases import SIZES, Case, cases

from archdsl.backends.numpy.rules import lower
from archdsl.backends.torch import families  # noqa: F401
from archdsl.backends.torch.rules import RULES
from archdsl.elaborate.foreign import near_op
from archdsl.graph.nodes import Apply, layers
from archdsl.ops import OPS, Op
from archdsl.sizes.shape import Shape

torch.set_num_threads(1)


class Use(NamedTuple):
    """An op with the shapes of what comes in and of what it leaves."""

    op: Op
    xs: tuple[Shape, ...]
    ys: tuple[Shape, ...]

    def inputs(self, seed: int = 0, scale: float = 2.5) -> list[np.ndarray]:
        numbers = np.random.default_rng(zlib.crc32(repr((self, seed)).encode()))
        whole = [numbers.integers(0, 11, x.dims) for x in self.xs]
        real = [numbers.normal(0.3, scale, x.dims) for x in self.xs]
        return [n if x.kind == "int" else r for x, n, r in zip(self.xs, whole, real, strict=True)]

    def weights(self, ones: bool = False) -> dict[str, np.ndarray]:
        numbers = np.random.default_rng(7)
        found = {}
        for name, param in self.op.params(*self.xs).items():
            drawn = numbers.uniform(0.5, 1.5, param.shape)
            found[name] = drawn * 0 + (name != "bias") if ones else drawn
        return found

    def __call__(self, *xs: np.ndarray, train: bool = False, ones: bool = False) -> list[np.ndarray]:
        """What the reference kernel in NumPy makes of arrays."""
        call = lower(self.op, *self.xs)
        context = {"train": train, "rng": np.random.default_rng(3)}
        named = {name.replace(".", "_") or "value": array for name, array in self.weights(ones).items()}
        left, _ = call.kernel(*xs, **named, **call.options, **{n: context[n] for n in call.context})
        return list(left) if isinstance(left, tuple) else [left]

    def slope(self, x: np.ndarray) -> np.ndarray:
        """The derivative at each number, of an op that treats each by itself."""
        call = lower(self.op, *self.xs)
        _, pullback = call.kernel(x, **call.options)
        return np.asarray(pullback(np.ones_like(x))[0])


CASES = [case for name in sorted(OPS) for case in cases(name) if case.around == "alone"]


def uses() -> list[Use]:
    found = []
    for case in CASES:
        for layer in layers(case.net.graph):
            node: Apply = layer.node
            if node.op.name == case.op and "Expr" not in repr(node.op):
                xs = tuple(value.shape.at(SIZES) for value in node.inputs)
                found.append(Use(node.op, xs, tuple(shape.at(SIZES) for shape in node.shapes)))
    return list(dict.fromkeys(found))


USES = uses()
OF = {name: [use for use in USES if use.op.name == name] for name in OPS}
UNARY = [name for name, of in OF.items() if all(len(use.xs) == 1 for use in of)]
FLOATS = [name for name in UNARY if all(use.xs[0].kind == "float" for use in OF[name])]
POINTWISE = [use for use in USES if use.op.is_pointwise]

every_op = pytest.mark.parametrize("name", OPS)
every_unary = pytest.mark.parametrize("name", UNARY)
every_float = pytest.mark.parametrize("name", FLOATS)
every_use = pytest.mark.parametrize("use", USES, ids=str)
every_curve = pytest.mark.parametrize("use", POINTWISE, ids=str)


def close(a: Any, b: Any, tolerance: float = 1e-9) -> bool:
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=tolerance, atol=tolerance)


def says(name: str, trait: str, holds: bool) -> None:
    """An op says of itself what holds of it."""
    said = bool(getattr(OPS[name], trait))
    assert said == holds, f"{name} {'is' if holds else 'is not'} {trait}, and its class says {said}"


# what holds of an op with any arguments


@every_unary
def test_no_effect_in_evaluation(name: str) -> None:
    says(name, "is_noop_in_evaluation", all(close(use(*use.inputs())[0], use.inputs()[0]) for use in OF[name]))


@every_float
def test_pointwise(name: str) -> None:
    def holds(use: Use) -> bool:
        (x,) = use.inputs()
        if use.op.params(*use.xs) or use.xs != use.ys:
            return False
        order = np.random.default_rng(1).permutation(x.size)
        mixed = x.ravel()[order].reshape(x.shape)
        return close(use(mixed)[0].ravel(), use(x)[0].ravel()[order])

    says(name, "is_pointwise", all(map(holds, OF[name])) and not OPS[name].is_noop_in_evaluation)


@every_float
def test_activations_are_no_linear_maps(name: str) -> None:
    def is_linear(use: Use) -> bool:
        (x,) = use.inputs()
        rest = use(0 * x)[0]
        return all(close(use(by * x)[0] - rest, by * (use(x)[0] - rest)) for by in (3, -1))

    if OPS[name].is_pointwise:
        says(name, "is_activation", not all(map(is_linear, OF[name])))


@every_float
def test_norms_bring_all_values_to_one_scale(name: str) -> None:
    def holds(use: Use) -> bool:
        (x,) = use.inputs(scale=1e4)
        return close(use(7 * x, train=True, ones=True)[0], use(x, train=True, ones=True)[0], 1e-4)

    bounded = OPS[name].is_pointwise or OPS[name].is_constant or OPS[name].makes_probabilities
    says(name, "is_norm", not bounded and not OPS[name].is_random and all(map(holds, OF[name])))


@every_unary
def test_batch_statistics(name: str) -> None:
    """In training a sample's result depends on the others."""

    def holds(use: Use) -> bool:
        (x,) = use.inputs()
        other = np.concatenate([x[:1], x[1:] * 2 if x.dtype.kind == "f" else (x[1:] + 1) % 11])
        return not close(use(x, train=True)[0][:1], use(other, train=True)[0][:1])

    drawn = OPS[name].is_random
    says(name, "has_batch_statistics", not drawn and all(map(holds, OF[name])))


@every_float
def test_regularizers_zero_values_and_scale_the_others(name: str) -> None:
    def holds(use: Use) -> bool:
        (x,) = use.inputs()
        (y,) = use(x, train=True)
        if y.shape != x.shape:
            return False
        ratios = np.unique(np.round(y / x, 9))
        return bool(ratios[0] == 0 and len(ratios) <= 2) or close(y, x)

    says(
        name,
        "is_regularizer",
        OPS[name].is_random
        and all(map(holds, OF[name]))
        and any(not close(use(*use.inputs(), train=True)[0], use.inputs()[0]) for use in OF[name]),
    )


@every_float
def test_idempotent(name: str) -> None:
    if OPS[name].is_activation:
        says(name, "is_idempotent", all(close(use(use(x)[0])[0], use(x)[0]) for use in OF[name] for x in use.inputs()))


@every_float
def test_probabilities(name: str) -> None:
    def holds(use: Use) -> bool:
        (x,) = use.inputs()
        y = use(x)[0]
        sums = [np.sum(p, axis) for axis in range(y.ndim) for p in (y, np.exp(np.minimum(y, 9)))]
        return y.shape == x.shape and any(close(total, np.ones_like(total)) for total in sums)

    says(name, "makes_probabilities", not OPS[name].is_constant and all(map(holds, OF[name])))


@every_op
def test_joining_a_value_with_itself(name: str) -> None:
    """What only doubles it, removes it or repeats it is hardly meant."""
    if OPS[name].arity == 1:
        assert not OPS[name].takes_equal_arms
        return

    def is_linear(use: Use) -> bool:
        x = use.inputs()[0]
        if len({u.dims for u in use.xs}) > 1:
            return name != "matmul"
        arms = [x] * len(use.xs)
        return close(use(*(3 * arm for arm in arms))[0], 3 * use(*arms)[0])

    says(name, "takes_equal_arms", not all(map(is_linear, OF[name])))


@every_unary
def test_constants(name: str) -> None:
    says(name, "is_constant", all(close(use(*use.inputs(1))[0], use(*use.inputs(2))[0]) for use in OF[name]))


# what depends on arguments and shapes


@every_use
def test_no_effect_in_training_either(use: Use) -> None:
    if len(use.xs) == 1 and not use.op.is_random:
        (x,), ys = use.inputs(), use(*use.inputs(), train=True)
        same = len(ys) == 1 and close(ys[0], x) and not use.op.params(*use.xs)
        assert (len(use.ys) == 1 and use.op.is_noop(use.xs[0], use.ys[0])) == same


@every_use
def test_samples_by_themselves(use: Use) -> None:
    if not all(x.rank and x.dims[0] == SIZES["N"] for x in use.xs):
        return
    xs = use.inputs()
    parts = [use(*(x[i : i + 1] for x in xs)) for i in range(len(xs[0]))]
    whole = use(*xs)
    apart = all(close(np.concatenate([part[i] for part in parts]), y) for i, y in enumerate(whole))
    assert use.op.is_samplewise(*use.xs) == apart


@every_use
def test_features(use: Use) -> None:
    """A linear map with an offset along one axis, if it learns a matrix."""
    if len(use.xs) > 1 or use.xs[0].kind == "int":
        return
    (a,), (b,) = use.inputs(1), use.inputs(2)
    rest = use(0 * a)[0]
    is_map = close(use(a + 2 * b)[0] - rest, use(a)[0] - rest + 2 * (use(b)[0] - rest), 1e-7)
    matrix = any(len(param.shape) > 1 for name, param in use.op.params(*use.xs).items() if name)
    axis = use.op.feature_axis(use.xs[0])
    assert (axis is not None) == (is_map and matrix)
    if axis is not None:
        others = tuple(i for i in range(rest.ndim) if i != axis)
        assert close(rest, np.broadcast_to(rest.mean(others, keepdims=True), rest.shape))


GRID = np.concatenate([np.linspace(-60, 60, 4801), np.array([0.0, 3.0, -3.0, 6.0])])


def on_grid(use: Use, x: np.ndarray = GRID) -> np.ndarray:
    with np.errstate(all="ignore"):
        return use._replace(xs=(Shape((len(x),)),))(x)[0]


@every_curve
def test_bounds_are_reached(use: Use) -> None:
    far = np.concatenate([GRID, GRID * 1e4])
    curve, y, half = use.op.curve, on_grid(use, far), on_grid(use, far / 2)
    assert curve.lowest - 1e-9 <= y.min() and y.max() <= curve.highest + 1e-9
    for bound, found, before in ((curve.lowest, y.min(), half.min()), (curve.highest, y.max(), half.max())):
        is_near = abs(found - bound) < 1e-3 if math.isfinite(bound) else abs(found - before) > 0.1
        assert is_near, f"a bound is missing or too wide: {use.op} leaves {found:g} and says {bound:g}"


@every_curve
def test_where_it_is_the_identity(use: Use) -> None:
    """Wherever it is so within -5 and 5; far out functions come so near to it that floats don't tell."""
    x, (low, high) = GRID[:4801], use.op.curve.identity or (math.inf, -math.inf)
    same = np.isclose(on_grid(use)[:4801], x, rtol=1e-12, atol=0)
    outside = (np.abs(x) < 5) & ((x < low) | (x > high))
    assert same[(low < x) & (x <= high)].all()
    assert not (same[1:] & same[:-1] & outside[1:] & outside[:-1]).any()


@every_curve
def test_where_it_is_flat(use: Use) -> None:
    x, flat = GRID[:4801], use.op.curve.flat_below
    is_flat = np.diff(on_grid(use)[:4801]) == 0
    if flat is None:
        assert not is_flat[(x[1:] > -5) & (x[1:] < -4)].any()
    else:
        assert is_flat[x[1:] <= flat].all() and not is_flat[(x[:-1] >= flat) & (x[1:] < flat + 1)].any()


@every_curve
def test_monotone(use: Use) -> None:
    steps = np.diff(on_grid(use, np.linspace(-8, 8, 16001)))
    assert use.op.curve.is_monotone == bool((steps >= -1e-12).all())


@every_use
def test_bounds_of_what_mixes_numbers(use: Use) -> None:
    if use.op.is_activation and not use.op.is_pointwise:
        for y in use(*use.inputs()):
            assert (use.op.curve.lowest <= y).all() and (y <= use.op.curve.highest).all()


# gradients and memory


@every_curve
def test_a_gradient_from_the_result_alone(use: Use) -> None:
    """Where numbers leave the same, their derivatives are the same."""
    y, slope = on_grid(use), use.slope(GRID)
    order = np.lexsort((slope, np.round(y, 12)))
    y, slope = np.round(y, 12)[order], slope[order]
    same = (y[1:] == y[:-1]) & (np.abs(y[1:]) < 50)
    single = bool((np.abs(np.diff(slope)) < 1e-6)[same].all()) and use.op.curve.is_monotone
    assert ("input" not in use.op.gradient_needs) <= single


@every_use
def test_a_gradient_from_neither(use: Use) -> None:
    """It is the same whatever comes in, and nothing is learned."""
    if use.op.gradient_needs or use.op.is_constant or any(x.kind == "int" for x in use.xs) or use.op.is_random:
        return
    assert not any(param.trainable for name, param in use.op.params(*use.xs).items() if name)
    call, found = lower(use.op, *use.xs), []
    named = {name.replace(".", "_") or "value": array for name, array in use.weights().items()}
    for seed in (1, 2):
        ys, pullback = call.kernel(*use.inputs(seed), **named, **call.options)
        dys = tuple(np.ones_like(y) for y in ys) if isinstance(ys, tuple) else np.ones_like(ys)
        dxs = pullback(dys)[0]
        found.append(dxs if isinstance(dxs, tuple) else (dxs,))
    assert all(close(a, b) for a, b in zip(*found, strict=True))


# memory, in torch


def applied_last(case: Case) -> Apply | None:
    """The layer of the op, where it is what the network leaves."""
    node = case.net.graph.outputs[0].node
    return node if isinstance(node, Apply) and node.op.name == case.op else None


LAST = [(case, node) for case in CASES if (node := applied_last(case)) is not None]
every_last = pytest.mark.parametrize("case, node", LAST, ids=lambda part: str(part) if isinstance(part, Case) else "")


def passed(case: Case, train: bool, in_place: bool) -> tuple[bool, Any]:
    """Whether the result lies in memory of an input or of a weight; and the gradients, of what is behind a ReLU."""
    run = Run(case.net, SIZES, case.name)
    module = run.module().train(train)
    _, inputs = run.tensors()
    given = [x * 1 if x.is_floating_point() else x for x in inputs.values()]
    torch.manual_seed(1)
    left = module(*given)
    y = left[0] if isinstance(left, tuple) else left
    known = {part.untyped_storage().data_ptr() for part in (*given, *module.parameters(), *module.buffers())}
    shared = y.untyped_storage().data_ptr() in known
    wanted = [part for part in (*inputs.values(), *module.parameters()) if part.requires_grad]
    behind = (torch.relu_ if in_place else torch.relu)(y)
    found = torch.autograd.grad([behind.sum()], wanted, allow_unused=True) if behind.requires_grad else ()
    return shared, [part if part is None else part.numpy() for part in found]


@every_last
def test_fresh_values_are_shared_with_nobody_and_can_be_written_over(case: Case, node: Apply) -> None:
    if not node.op.leaves_fresh_value(*(value.shape for value in node.inputs)):
        return
    for train in (False, True):
        shared, slopes = passed(case, train, in_place=False)
        assert not shared
        if "result" not in node.op.gradient_needs:
            for a, b in zip(passed(case, train, in_place=True)[1], slopes, strict=True):
                np.testing.assert_array_equal(a, b)


@every_op
def test_values_that_are_not_fresh_are_shared_by_some_form(name: str) -> None:
    stale = [case for case, node in LAST if case.op == name and not node.op.leaves_fresh_value(*node.inputs)]
    assert not stale or any(passed(case, train, in_place=False)[0] for case in stale for train in (False, True))


# names elsewhere


@every_op
def test_its_name_in_torch_leads_to_it(name: str) -> None:
    for callee in {callee for use in OF[name] for callee in written(use)}:
        assert near_op(callee, OPS, ()) == f"did you mean {name}?", f"{callee} is not among its names elsewhere"


def written(use: Use) -> Iterator[str]:
    """The modules and functions of torch that the op is written as, but those that are several ops."""
    found = RULES[type(use.op)](use.op, *use.xs)
    callees = (getattr(call, "callee", "") for call in (found.make, found.run))
    words = (callee for callee in callees if re.match(r"(nn|F)\.", callee) and not re.match(SEVERAL, callee))
    return (re.sub(r"[123]d$", "", word) for word in words)


SEVERAL = r"nn\.Parameter|F\.interpolate|nn\.Adaptive...Pool|F\.adaptive_..._pool"


def test_other_names_belong_to_one_op() -> None:
    names = [word for op in OPS.values() for word in {other.lower() for other in op.names_elsewhere}]
    assert len(names) == len(set(names))
