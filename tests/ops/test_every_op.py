"""Every op, on the examples of its own manual page: all that computes it computes one function.

What an op means is said in `support/torch_modules.py`, by torch's own functions. Held against it are the shape that is
inferred, NumPy's reference kernels and fast kernels, the module for PyTorch, the one that is optimized, and the files
that are written; values and gradients, in training and in evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, wraps
from inspect import signature
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
import torch
from support.doc_examples import op_examples
from support.one_function import CLOSE, Result, Run, array, keeps, leaves, listed, same
from support.op_cases import CORNERS, SIZES, Case, cases, shown
from support.torch_modules import MEANINGS, reference

from archdsl.backends.numpy import rules as numpy_rules
from archdsl.backends.torch import families  # noqa: F401
from archdsl.backends.torch import rules as torch_rules
from archdsl.compiler import check_source
from archdsl.diagnostics.render import render
from archdsl.graph.nodes import layers
from archdsl.ops import OPS, Op
from archdsl.source import Source

torch.set_num_threads(1)


def over(
    *around: str, names: Sequence[str] = tuple(OPS), last: bool = False
) -> Callable[[Callable[[Case], None]], Any]:
    """A test of each op, which goes through its cases in these surroundings, or takes the last one alone."""

    def made(test: Callable[[Case], None]) -> Any:
        @pytest.mark.parametrize("name", names)
        @wraps(test)
        def each(name: str) -> None:
            found = [case for case in cases(name) if case.around in around]
            for case in found[-1:] if last else found:
                try:
                    test(case)
                except Exception as error:
                    raise AssertionError(f"{case}: {error}") from error

        del each.__wrapped__  # its argument is no fixture
        return each

    return made


@cache
def run_of(case: Case) -> Run:
    return Run(case.net, SIZES, case.name)


# nothing is left out


@pytest.mark.parametrize("name", OPS)
def test_every_op_can_be_computed_and_is_shown(name: str) -> None:
    """What must be there for the tests below to mean something."""
    assert name in MEANINGS, f"say in torch_modules.MEANINGS what {name} is, by torch's own functions"
    assert name not in numpy_rules.missing(), f"{name} has no rule in backends/numpy"
    assert name not in torch_rules.missing(), f"{name} has no rule in backends/torch"
    assert shown(OPS[name]), f"the docstring of {name} shows no example, such as\n\n    {name}      # [N, 8] -> [N, 8]"


@pytest.mark.parametrize("name", OPS)
def test_ops_that_prove_something_take_what_is_known(name: str) -> None:
    assert OPS[name].proves == ("known" in signature(OPS[name].infer).parameters)


@pytest.mark.parametrize("name", OPS)
def test_examples_leave_the_shapes_beside_them(name: str) -> None:
    for example in (*shown(OPS[name]), *op_examples(dedent(CORNERS.get(name, "")).strip(), [])):
        report = check_source(Source("net.arch", example.spec))
        assert report.ok, f"{example.text}\n{render(report.problems)}"
        found = [str(shape) for shape in report.networks[0].outputs.values()]
        assert example.after in ([], found), f"{example.text} leaves {', '.join(found)}"


def applied(name: str) -> list[tuple[Op, int]]:
    """The op as its examples have it, and the number of axes that it gets there."""
    nodes = [layer.node for case in cases(name) for layer in layers(case.net.graph)]
    return [(node.op, node.inputs[0].shape.rank) for node in nodes if node.op.name == name]


@pytest.mark.parametrize("name", OPS)
def test_examples_use_every_argument_and_every_number_of_axes(name: str) -> None:
    """But first values, which are no part of what is computed."""
    kind, found = OPS[name], applied(name)
    for argument in kind.attributes().values():
        values = {op.values()[argument.name] for op, _ in found}
        if argument.kind != "Initializer":
            wanted = argument.choices or (not argument.default,) if argument.kind == "bool" else argument.choices
            assert values - {argument.default}, f"no example of {name} gives {argument.name} another value"
            assert values >= set(wanted), f"no example of {name} has {argument.name} {set(wanted) - values}"
    left_out = set(kind.ranks) - {rank for _, rank in found}
    assert not left_out, f"no example of {name} gets {left_out} axes"


# one function


@over("alone", "joined", "between")
def test_modules_for_torch_are_what_the_spec_means(case: Case) -> None:
    run = run_of(case)
    wanted = run.meant(train=False)
    for y, shape in zip(wanted.results, run.shapes, strict=True):
        assert tuple(y.shape) == shape, f"the shape rule of {case.op} says {shape}, and it is {tuple(y.shape)}"
    module = run.module()
    same("torch in evaluation", run.in_torch(module.eval()), wanted, run.rounding())
    if case.around != "joined" and not run.draws:
        wanted = run.meant(train=True)
        same("torch in training", run.in_torch(module.train()), wanted, run.rounding())
        keeps("torch", module.state_dict(), wanted)


@over("alone", "between")
def test_numpy_is_what_the_spec_means(case: Case) -> None:
    run = run_of(case)
    wanted, program = run.meant(train=False), run.program()
    leaves("NumPy in float64", listed(program(*run.inputs.values())), wanted)
    leaves("NumPy in float32", listed(run.program(np.float32)(*run.inputs.values())), wanted, CLOSE)
    if not run.draws:
        wanted = run.meant(train=True)
        same("NumPy in training", run.in_numpy(program), wanted)
        keeps("NumPy", program.state_dict(), wanted)


@over("between")
def test_optimized_modules_are_what_the_spec_means(case: Case) -> None:
    run = run_of(case)
    state = {name: torch.tensor(tensor) for name, tensor in run.state.items()}
    fast = run.net.torch(optimize="inference", state=state).eval()
    wanted = run.meant(train=False)
    with torch.no_grad():
        leaves("torch, optimized", listed(fast(*run.singles())), wanted, CLOSE)


@over("alone", last=True)
def test_written_files_are_programs(case: Case) -> None:
    """To the last bit: the kernels are the same, and so are the steps."""
    run = run_of(case)
    one, other = (listed(made(*run.inputs.values())) for made in (run.file(False), run.program(np.float32)))
    for y, z in zip(one, other, strict=True):
        np.testing.assert_array_equal(y, z)
    mine, theirs = (run.in_numpy(made) for made in (run.file(True, dtype=np.float64), run.program()))
    for y, z in zip((*mine[0], *mine[1].values()), (*theirs[0], *theirs[1].values()), strict=True):
        np.testing.assert_array_equal(y, z)


@over("alone")
def test_gradients_are_slopes(case: Case) -> None:
    """Of both backends, along a random direction, in training; of random ops with the same numbers drawn."""
    run = run_of(case)
    module, program = run.module().train(), run.program()

    def torchs(moved: Run) -> Result:
        module.load_state_dict({name: torch.tensor(tensor) for name, tensor in moved.state.items()})
        torch.manual_seed(4)
        return moved.in_torch(module)

    def numpys(moved: Run) -> Result:
        program.load_state_dict(moved.state)
        program.rng = np.random.default_rng(4)
        return moved.in_numpy(program)

    assert_slopes("torch", run, torchs)
    assert_slopes("NumPy", run, numpys)


def assert_slopes(what: str, run: Run, compute: Callable[[Run], Result], step: float = 1e-6) -> None:
    """What the gradients say of the way is what happens on the way."""
    totals = []
    for move in (step, -step):
        results, _ = compute(run.moved(move))
        totals.append(sum(float((array(y) * dy).sum()) for y, dy in zip(results, run.dys, strict=True)))
    slope = (totals[0] - totals[1]) / (2 * step)
    claimed = sum(float((array(found) * run.way[name]).sum()) for name, found in compute(run)[1].items())
    assert claimed == pytest.approx(slope, rel=1e-5, abs=1e-5), f"{what}'s gradient is no slope"


# what is drawn


def _flip(op: Any, own: dict[str, Any], x: Any) -> Any:
    return (1 - op.p) * x + op.p * x.flip(2 if op.axis == "vertical" else 3)


def _crop(op: Any, own: dict[str, Any], x: Any) -> Any:
    rows, columns = op.padding
    padded = torch.nn.functional.pad(x, [columns, columns, rows, rows])
    windows = padded.unfold(2, x.shape[2], 1).unfold(3, x.shape[3], 1)
    return windows.mean((2, 3))


ON_AVERAGE = {"random_flip": _flip, "random_crop": _crop}
"""What is left on average in training, where that is not what evaluation leaves."""
UNKNOWN = {"random_resized_crop", "color_jitter"}
"""Ops whose average has no short form: `test_augment.py` says what they draw; here both backends agree on it."""
MANY = 2000


@over("alone", "joined", names=[name for name in OPS if OPS[name].is_random])
def test_both_backends_draw_from_one_distribution(case: Case) -> None:
    """Of many copies of one sample: mean and variance of each value that is left."""
    run = Run(case.net, {**SIZES, "N": 1}, case.name)
    if not run.draws:
        return
    (sample,) = run.inputs.values()
    sample = 1 / (1 + np.exp(-sample))  # as in images
    many = np.repeat(sample, MANY, axis=0)
    torch.manual_seed(0)
    program = run.program()
    with torch.no_grad():
        drawn = [run.module().train()(torch.tensor(many)).numpy(), program(many, train=True)]
    means, spreads = [y.mean(0) for y in drawn], [y.var(0) for y in drawn]
    allowed = 5 * np.sqrt((spreads[0] + spreads[1]) / MANY) + 1e-9
    assert (np.abs(means[0] - means[1]) <= allowed).all(), "the backends differ on average"
    assert np.abs(spreads[0] - spreads[1]).max() <= 0.25 * spreads[0].max(), "the backends differ in their variance"
    assert spreads[0].max() > 1e-4, "nothing is drawn"
    if case.op not in UNKNOWN and case.around == "alone":
        weights, _ = run.tensors()
        (wanted,) = reference(run.net.graph, weights, [torch.tensor(sample)], others=ON_AVERAGE)
        assert (np.abs(means[1] - array(wanted)[0]) <= allowed).all(), "the average is not what is meant"
