"""Fast kernels against their reference kernels in float64, and what the planner makes of them."""

from __future__ import annotations

import threading
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.fast import difference, fill

import archdsl
from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.fast.activate import by_reference
from archdsl.backends.numpy.fast.conv import conv3x3_into, conv_into
from archdsl.backends.numpy.fast.memory import LiveRange, place
from archdsl.backends.numpy.fast.packs import Packs
from archdsl.backends.numpy.fast.reference import reference_into
from archdsl.backends.numpy.fast.schedule import Schedule, Trace
from archdsl.backends.numpy.fast.thread_pool import ThreadPool, blas
from archdsl.backends.numpy.fast.winograd import POINTS, tile_conv
from archdsl.backends.numpy.fuse import fused
from archdsl.backends.numpy.plan import plan
from archdsl.backends.numpy.program import Program
from archdsl.backends.numpy.rules import Closure
from archdsl.ops import OPS

DIRECT = 2e-6
"""The error of sums in float32, as a share of the largest output; measured: below 7e-7."""
TILES = {2: 1e-6, 4: 5e-6}
"""The stated bounds of convolution by tiles; measured: below 7e-7 and 3e-6."""


def agrees(text: str, shape: tuple[int, ...], bound: float = DIRECT) -> Program:
    """Run a network fast and by reference; the program."""
    program = fill(archdsl.loads(text).numpy())
    x = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    wanted = program.astype(np.float64)(x)
    for _ in range(2):  # the second run finds memory as the first one left it
        assert difference(program(x), wanted) < bound
    return program


def on_images(body: str, channels: int = 8) -> str:
    return f"network T {{ input image: [N, {channels}, H, W]\n{body} }}"


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_convolutions(data: st.DataObject) -> None:
    draw = data.draw
    pair = st.tuples(st.integers(1, 4), st.integers(1, 4))
    kernel, stride, dilation = draw(pair), draw(pair), draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    padding = draw(st.tuples(st.integers(0, 5), st.integers(0, 5)))
    if draw(st.booleans()):
        kernel, stride, dilation = (3, 3), (1, 1), (1, 1)
    groups, each = draw(st.sampled_from([1, 1, 2, 3, 8])), draw(st.integers(1, 9))
    outputs = groups * draw(st.sampled_from([1, 3, 16, 40]))
    batch, images = draw(st.integers(1, 5)), st.integers(1, 30)
    shape = (batch, groups * each, *(draw(images) for _ in range(2)))
    spans = [d * (k - 1) + 1 - 2 * p for k, d, p in zip(kernel, dilation, padding, strict=True)]
    shape = (*shape[:2], *(max(size, span) for size, span in zip(shape[2:], spans, strict=True)))
    bias, flip = draw(st.booleans()), draw(st.booleans())
    front = draw(st.sampled_from(["", "batch_norm -> relu\n", "batch_norm\n", "relu\n"]))
    behind = draw(st.sampled_from(["", "-> batch_norm", "-> relu", "-> batch_norm -> silu"]))
    options = f"stride={stride}, padding={padding}, dilation={dilation}, groups={groups}"
    conv = f"conv({outputs}, kernel={kernel}, {options}, bias={str(bias).lower()}, flip={str(flip).lower()}) {behind}"
    if draw(st.booleans()):
        conv = f"add {{ | {conv}\n | conv({outputs}, kernel={kernel}, {options}) }}"
    agrees(on_images(f"{front}{conv}\nrelu", groups * each), shape, 1e-5)


def test_rows_that_nothing_reaches_are_the_bias() -> None:
    body = "conv_transpose(2, kernel=1, stride=(3, 1), output_padding=(2, 0))"
    agrees(on_images(body, 5), (1, 5, 1, 1), 1e-5)


@pytest.mark.parametrize("batch", [1, 2, 3, 8])
@pytest.mark.parametrize(
    "body",
    [
        "conv(40, kernel=1) -> relu",
        "conv(40, kernel=7, stride=2, padding=3)",
        "conv(40, kernel=3, stride=2, padding=1) -> batch_norm(eps=0.1) -> relu6",
        "batch_norm -> relu -> conv(12, kernel=1) -> batch_norm -> relu -> conv(12, kernel=3, padding=1)",
        "conv(8, kernel=3, padding=1, groups=8) -> sigmoid -> conv(16, kernel=1) -> tanh",
        "repeat 3 { concat { |\n | conv(4, kernel=3, padding=1) -> relu } }\nbatch_norm -> hardswish",
        "concat { | conv(4, kernel=1)\n | max_pool(3, stride=1, padding=1)\n | identity\n }\nconv(9, kernel=3)",
        "a = conv(8, kernel=3, padding=1)\nb = conv(8, kernel=1)\n"
        "concat { | concat { | a\n | b }\n | concat { | b\n | a }\n | a }\nrelu",
        "add { | identity\n | conv(8, kernel=3, padding=1) -> relu }\nrelu",
        "mul(broadcast=true) { | conv(8, kernel=1) -> relu\n | global_avg_pool -> conv(8, kernel=1) -> hardsigmoid }",
        "max_pool(3, stride=2, padding=1, ceil=true)\navg_pool(3, stride=2, padding=1, count_padding=false, ceil=true)",
        "avg_pool((2, 3), stride=(3, 2))\nadaptive_avg_pool((2, 3))",
        "adaptive_avg_pool(3) -> flatten -> linear(20) -> silu -> linear(3) -> softmax",
        "shared mix = conv(8, kernel=3, padding=1)\nmix -> relu -> mix -> mix",
        "conv_transpose(6, kernel=2, stride=2) -> leaky_relu -> upsample(2) -> batch_norm",
        "global_avg_pool -> flatten -> batch_norm -> relu -> linear(4)",
        "dropout -> relu -> dropout",
    ],
)
def test_networks(body: str, batch: int) -> None:
    agrees(on_images(body), (batch, 8, 19, 23), 5e-6)


@pytest.mark.parametrize("sizes", [(1, 1), (1, 7), (7, 1)])
@pytest.mark.parametrize("kernel", ["kernel=1", "kernel=3, padding=1"])
def test_joined_images_of_one_row_or_one_column(kernel: str, sizes: tuple[int, int]) -> None:
    """NumPy leaves the strides of axes of one number open; in a part of the channels they matter."""
    body = f"repeat 2 {{ concat {{ |\n | batch_norm -> conv(8, {kernel}) -> relu }} }}\nbatch_norm"
    for batch in (1, 2, 5):
        agrees(on_images(body), (batch, 8, *sizes), 5e-6)


def test_other_ranks() -> None:
    agrees("network T { input x: [N, 3, 50]\nconv(8, kernel=5) -> batch_norm -> relu -> max_pool(2) }", (3, 3, 50))
    agrees(
        "network T { input x: [N, 2, 9, 9, 9]\nconv(4, kernel=3) -> relu -> global_avg_pool -> flatten }",
        (2, 2, 9, 9, 9),
    )
    agrees("network T { input x: [N, 7, 12]\nlinear(20) -> relu -> layer_norm -> linear(4) }", (5, 7, 12))
    agrees("network T { input x: [N, 12]\nrelu }", (4, 12))


def test_several_inputs_and_outputs() -> None:
    text = """network T {
        input a: [N, 8, 9, 9]
        input b: [N, 8, 9, 9]
        output s = add { | a
            | b }
        output c = conv(6, kernel=3)
        output d = relu }"""
    program = fill(archdsl.loads(text).numpy())
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((4, 8, 9, 9)).astype(np.float32) for _ in range(2))
    got, wanted = program(a, b), program.astype(np.float64)(a, b)
    assert got._fields == wanted._fields
    for mine, theirs in zip(got, wanted, strict=True):
        assert difference(mine, theirs) < DIRECT


@pytest.mark.parametrize("tile", POINTS)
@pytest.mark.parametrize("channels", [16, 128, 512])
@pytest.mark.parametrize("workers", [1, 2])
def test_the_error_of_tiles_is_as_stated(tile: int, channels: int, workers: int, monkeypatch: Any) -> None:
    rng = np.random.default_rng(channels)
    x = np.maximum(rng.standard_normal((1, channels, 13, 18)), 0).astype(np.float32)
    weight = (rng.standard_normal((64, channels, 3, 3)) / np.sqrt(9 * channels)).astype(np.float32)
    weights = {"weight": weight, "bias": rng.standard_normal(64).astype(np.float32)}
    packs = Packs()
    trace = Trace(packs, lambda layer: weights, workers)
    monkeypatch.setattr("archdsl.backends.numpy.fast.conv.tile_of", lambda work: tile)
    spot = trace(conv3x3_into, trace.given(x.shape), layer="", padding=1)
    schedule = Schedule(trace, [spot])
    assert [*packs.arrays] and ("", "", 1e-5, False) in {key[0] for key in packs.arrays}
    packs.refresh()
    schedule.inputs[0][...] = x
    ThreadPool(workers).run(schedule.commands)
    wanted, _ = kernels.conv(*(array.astype(np.float64) for array in (x, *weights.values())), padding=1)
    assert 0 < difference(schedule.outputs[0], wanted) < TILES[tile]


def test_weights_may_change_between_calls() -> None:
    program = fill(
        archdsl.loads(on_images("conv(9, kernel=3, padding=1) -> batch_norm -> relu\nconv(4, kernel=1)")).numpy()
    )
    x = np.random.default_rng(0).standard_normal((2, 8, 12, 12)).astype(np.float32)
    program(x)
    fill(program, seed=5)
    assert difference(program(x), program.astype(np.float64)(x)) < DIRECT
    parameters = program.parameters()
    for factor in (2, 3):
        for array in parameters.values():
            array *= factor
        assert difference(program(x), program.astype(np.float64)(x)) < DIRECT
    program(x, train=True)  # moves the averages
    assert difference(program(x), program.astype(np.float64)(x)) < DIRECT


def test_results_are_the_callers() -> None:
    program = agrees(on_images("relu"), (2, 8, 5, 5))
    x = np.ones((2, 8, 5, 5), np.float32)
    y = program(x)
    y[...] = 7
    assert (x == 1).all()
    assert (program(x) == 1).all()
    z = program(2 * x)
    program(3 * x)
    assert (z == 2).all()


def test_sizes_and_batches_may_change() -> None:
    program = fill(archdsl.loads(on_images("conv(8, kernel=3, stride=2) -> relu -> max_pool(2)")).numpy())
    exact = program.astype(np.float64)
    for shape in [(1, 8, 9, 9), (5, 8, 9, 9), (0, 8, 9, 9), (2, 8, 30, 17), (8, 8, 12, 9), (3, 8, 9, 40), (1, 8, 9, 9)]:
        x = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
        assert difference(program(x), exact(x)) < DIRECT


def test_a_program_may_be_called_from_several_threads() -> None:
    program = fill(archdsl.loads(on_images("conv(16, kernel=3, padding=1) -> relu -> conv(8, kernel=1)")).numpy())
    x = np.random.default_rng(0).standard_normal((4, 1, 8, 20, 20)).astype(np.float32)
    wanted = [program(one) for one in x]
    results: dict[int, list[np.ndarray]] = {}

    def work(index: int) -> None:
        results[index] = [program(x[index]) for _ in range(20)]

    callers = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert all(np.array_equal(y, wanted[index]) for index in range(4) for y in results[index])


def test_blas_keeps_its_threads() -> None:
    control = blas()
    if control is None:
        pytest.skip("NumPy brings no OpenBLAS")
    before = control[0]()
    agrees(on_images("conv(8, kernel=3)"), (2, 8, 9, 9))
    assert control[0]() == before


def test_errors_in_any_thread_are_raised() -> None:
    def fail() -> None:
        raise ValueError("no")

    pool = ThreadPool(3)
    with pytest.raises(ValueError, match="no"):
        pool.run([[[], [], [(fail, ())]], [[], [], []]])
    pool.run([[[], [], []]])


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 8), st.integers(0, 4)), max_size=12))
def test_values_that_meet_lie_apart(drawn: list[tuple[int, int, int]]) -> None:
    stays = [LiveRange(size, first, first + length) for size, first, length in drawn]
    starts, total = place(stays)
    cells: dict[tuple[int, int], int] = {}
    for index, (stay, start) in enumerate(zip(stays, starts, strict=True)):
        assert start + stay.size <= total
        for time in range(stay.first, stay.last + 1):
            for cell in range(start, start + stay.size):
                assert cells.setdefault((time, cell), index) == index


def test_a_concatenation_moves_nothing() -> None:
    packs = Packs()
    program = fill(archdsl.loads(on_images("repeat 4 { concat { |\n | conv(4, kernel=3, padding=1) } }")).numpy())
    trace = Trace(packs, program.weights_of, 1)
    Schedule(trace, [*program.trace(trace, trace.given((1, 8, 9, 9)))])
    joins = [step for step in trace.steps if step.work.joined]
    assert len(joins) == 4
    # all four lie in one place, and only the image has to come there
    assert {step.outputs[0].root()[0] for step in joins} == {joins[-1].outputs[0]}
    assert [step.inputs[1].root()[1] for step in joins] == [8, 12, 16, 20]


def test_steps_share_a_phase_where_none_waits_for_another_thread() -> None:
    def phases(body: str) -> int:
        program = fill(archdsl.loads(on_images(body)).numpy())
        trace = Trace(Packs(), program.weights_of, 2)
        return len(Schedule(trace, [*program.trace(trace, trace.given((1, 8, 40, 40)))]).commands)

    far, near = "conv(8, kernel=5, padding=2) -> relu", "conv(8, kernel=1) -> relu"
    assert phases(far) == 1
    assert phases(f"{far} -> {far}") == 2
    assert phases(f"{far} -> {near} -> batch_norm -> {near}") == 1
    assert phases(f"add {{ | {far} -> {near}\n | {near} }}\nrelu") == 1
    assert phases(f"concat {{ | {far}\n | {near}\n | max_pool(3, stride=1, padding=1) }}\n{near}") == 1
    assert phases(f"concat {{ | {far}\n | {near}\n | max_pool(3, stride=1, padding=1) }}\n{far}") == 2


def test_no_memory_is_taken_in_a_steady_state() -> None:
    program = fill(
        archdsl.loads(on_images("conv(64, kernel=3, padding=1) -> relu -> max_pool(2) -> conv(64, kernel=1)")).numpy()
    )
    trace = Trace(Packs(), program.weights_of, 1)
    schedule = Schedule(trace, [*program.trace(trace, trace.given((1, 8, 40, 40)))])
    for phase in schedule.commands:
        for function, arguments in phase[0]:
            assert function(*arguments) is None or np.shares_memory(function(*arguments), arguments[-1])


@pytest.mark.parametrize(
    "activation",
    [
        *("elu", "elu(0.3)", "elu(0.0)", "selu", "mish", "softplus", "softplus(2.0, threshold=3.0)"),
        *("softplus(beta=0.5)", "softplus(threshold=-1.0)", "leaky_relu", "leaky_relu(1.5)", "leaky_relu(-0.5)"),
        *("prelu", "prelu(per_channel=true)"),
    ],
)
def test_activations_are_exact_everywhere(activation: str) -> None:
    """Without a warning of NumPy's, also where exp would overflow; alone and behind a layer."""
    program = archdsl.loads(f"network T {{ input x: [N, 4]\n{activation} }}").numpy()
    x = np.concatenate([np.linspace(-9, 9, 40_000), [0, -1e-30, 60, -60, 89, -89, 1e4, -1e4, 1e12, -1e12, 3, -3]])
    x = x.astype(np.float32).reshape(-1, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = program(x)
    wanted = program.astype(np.float64)(x)
    assert (np.abs(y - wanted) / np.maximum(1, np.abs(wanted))).max() < 4e-7
    for batch in (1, 2, 5):
        agrees(
            on_images(f"conv(9, kernel=3) -> {activation}\nadd {{ | relu | identity }}\n{activation}"), (batch, 8, 9, 7)
        )
        agrees(
            f"network T {{ input x: [N, 6, 5]\nlinear(8) -> {activation} -> batch_norm -> {activation} }}",
            (batch, 6, 5),
        )


BENT = ("leaky_relu", "elu", "softplus")
"""The activations whose orders depend on their options."""


def test_every_pointwise_op_is_fast() -> None:
    """Each has orders of its own, or runs its reference kernel a stretch at a time, in the step before it."""
    for name, op in OPS.items():
        if op.is_pointwise:
            program = archdsl.loads(on_images(f"conv(8, kernel=3) -> {name}")).numpy()
            assert [step.call.kernel for step in program.fused.steps] == [conv3x3_into]
            epilogue = program.fused.steps[0].call.options["epilogue"]
            assert not isinstance(epilogue, Closure) or name in BENT or epilogue.by is by_reference


BY_REFERENCE = {
    "group_norm(2)": True,
    "upsample(2)": True,
    "a, b = split([3, 5])\nconcat { | b | a }": True,
    "softmax(axis=2)": True,
    "softmax(axis=0)": False,
    "log_softmax(axis=-4)": False,
    "flatten(start=0)": False,
}
"""Steps that run their reference kernels, and whether they treat each sample by itself."""


@pytest.mark.parametrize("body", BY_REFERENCE)
def test_a_step_without_a_fast_kernel_leaves_samples_apart(body: str) -> None:
    program = fill(archdsl.loads(on_images(f"conv(8, kernel=3) -> relu\n{body}\nrelu")).numpy())
    for workers in (1, 2, 3):
        trace = Trace(Packs(), program.weights_of, workers)
        program.trace(trace, trace.given((5, 8, 9, 9)))
        assert trace.by_image == BY_REFERENCE[body]
        schedule = Schedule(trace, [trace.steps[-1].outputs[0]])
        parts = zip(trace.steps, schedule.parts, strict=True)
        (part,) = [part for step, part in parts if "_reference" in step.work.bind.__qualname__]
        assert len([task for phase in part for task in phase if task]) == (workers if BY_REFERENCE[body] else 1)


@pytest.mark.parametrize("body", BY_REFERENCE)
@pytest.mark.parametrize("batch", [1, 2, 3, 8])
def test_steps_without_a_fast_kernel(body: str, batch: int) -> None:
    agrees(on_images(f"conv(8, kernel=3) -> relu\n{body}\nrelu"), (batch, 8, 9, 9))


def test_what_has_no_fast_kernel_runs_by_reference() -> None:
    program = agrees(on_images("group_norm(2) -> upsample(2) -> conv(4, kernel=3)"), (2, 8, 9, 9))
    assert [step.call.kernel for step in program.fused.steps] == [
        reference_into,
        reference_into,
        program.fused.steps[-1].call.kernel,
    ]
    assert program.fused.steps[-1].call.kernel in (conv_into, conv3x3_into)
    assert tile_conv is not None


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_transposed_convolutions(data: st.DataObject) -> None:
    draw = data.draw
    pair = st.tuples(st.integers(1, 4), st.integers(1, 4))
    kernel, stride, dilation = draw(pair), draw(pair), draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    if draw(st.booleans()):
        kernel, dilation = stride, (1, 1)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding = tuple(draw(st.integers(0, (span - 1) // 2)) for span in spans)
    added = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True))
    options = f"stride={stride}, padding={padding}, output_padding={added}, dilation={dilation}"
    front = draw(st.sampled_from(["", "relu\n", "concat { | conv(3, kernel=1)\n | relu\n }\n"]))
    behind = draw(st.sampled_from(["", "-> relu", "-> batch_norm"]))
    bias, outputs = str(draw(st.booleans())).lower(), draw(st.sampled_from([1, 3, 40]))
    body = f"{front}conv_transpose({outputs}, kernel={kernel}, {options}, bias={bias}) {behind}"
    sizes = st.integers(1, 30)
    agrees(on_images(body, 5), (draw(st.integers(1, 5)), 5, draw(sizes), draw(sizes)), 1e-5)


@pytest.mark.parametrize("batch", [1, 2, 3, 8])
@pytest.mark.parametrize(
    "body",
    [
        "attention(heads=3) -> layer_norm",
        "attention(heads=4, causal=true, dropout=0.5) -> layer_norm(eps=0.1) -> attention(heads=1, bias=false)",
        "softmax(axis=2)",
        "softmax(axis=-1) -> linear(7) -> gelu -> linear(5) -> softmax(axis=1)",
        'gelu -> linear(40) -> gelu(approximate="tanh") -> layer_norm(axes=2)',
        "layer_norm(affine=false)",
        "add { | identity\n | layer_norm -> linear(12) -> silu\n }\nlayer_norm(bias=false)",
    ],
)
def test_sequences(body: str, batch: int) -> None:
    for length in (1, 17, 70):
        agrees(f"network T {{ input x: [N, {length}, 12]\n{body} }}", (batch, length, 12), 5e-6)


@pytest.mark.parametrize(
    "body", ["softmax", "softmax(axis=2)", "relu -> softmax", "conv(9, kernel=3) -> gelu -> softmax"]
)
def test_softmax_of_images(body: str) -> None:
    for batch in (1, 5):
        agrees(on_images(body), (batch, 8, 19, 23))


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_is_exact_everywhere(approximate: str) -> None:
    """Without a warning of NumPy's, also where exp would overflow."""
    program = archdsl.loads(f'network T {{ input x: [N, 4]\ngelu(approximate="{approximate}") }}').numpy()
    x = np.concatenate([np.linspace(-9, 9, 40_000), [0, -1e-30, 60, -60, 1e4, -1e4, 1e12, -1e12]])
    x = x.astype(np.float32).reshape(-1, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = program(x)
    wanted, _ = kernels.gelu(x.astype(np.float64), approximate=approximate)
    assert (np.abs(y - wanted) / np.maximum(1, np.abs(wanted))).max() < 3e-7


def test_what_vision_transformers_and_unets_are_made_of_is_fast() -> None:
    """Only what moves a few numbers runs by reference there."""
    moved = {"reshape", "permute", "parameter", "concat", "slice_", "flatten"}
    for target, settings_ in (("vit.arch:ViTBase16", {}), ("unet.arch:UNet", {})):
        program = archdsl.load(f"specs/{target}", **settings_)
        steps = fused(plan(program.graph)).steps
        slow = {step.call.options["by"].__name__ for step in steps if step.call.kernel is reference_into}
        assert slow <= moved
