"""The steps of a network as inference runs them: on fast kernels, each with what follows it folded in.

    fused(plan(resnet)).steps[0]      # Step(Call(conv_into, {"norm": "bn1", "then": to_relu, "stride": 2, …}), …)

Layers that do nothing in inference are gone. A convolution takes over the batch norm behind it, the value that is added
to it, and the activation; and a batch norm in front of it, with its ReLU, if nothing else needs their result. What has
no fast kernel stays with its reference kernel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.fast.activate import (
    Then,
    by_reference,
    to_elu,
    to_gelu,
    to_gelu_by_tanh,
    to_hardsigmoid,
    to_hardswish,
    to_leaky_relu,
    to_mish,
    to_relu,
    to_relu6,
    to_selu,
    to_sigmoid,
    to_silu,
    to_softplus,
    to_tanh,
)
from archdsl.backends.numpy.fast.adaptive import adaptive_avg_pool_into
from archdsl.backends.numpy.fast.attention import attention_into
from archdsl.backends.numpy.fast.conv import conv3x3_into, conv_into, grouped_conv_into
from archdsl.backends.numpy.fast.conv_transpose import conv_transpose_into
from archdsl.backends.numpy.fast.linear import linear_into
from archdsl.backends.numpy.fast.move import concat_into, flatten_into
from archdsl.backends.numpy.fast.pointwise import add_into, each_into, mul_into, norm_into, prelu_into, sub_into
from archdsl.backends.numpy.fast.pool import avg_pool_into, max_pool_into, mean_into
from archdsl.backends.numpy.fast.reference import batch_reference_into, reference_into
from archdsl.backends.numpy.fast.rows import layer_norm_into, log_softmax_into, softmax_into
from archdsl.backends.numpy.plan import Plan, Step
from archdsl.backends.numpy.rules import Call, Kernel, Made

THENS: dict[Kernel, Then] = {
    kernels.relu: to_relu,
    kernels.relu6: to_relu6,
    kernels.sigmoid: to_sigmoid,
    kernels.tanh: to_tanh,
    kernels.silu: to_silu,
    kernels.hardsigmoid: to_hardsigmoid,
    kernels.hardswish: to_hardswish,
    kernels.mish: to_mish,
    kernels.selu: to_selu,
    kernels.gelu: to_gelu,
}
"""Activations as what may follow other steps."""
MAKERS: dict[Kernel, Callable[..., Then]] = {
    kernels.leaky_relu: to_leaky_relu,
    kernels.elu: to_elu,
    kernels.softplus: to_softplus,
}
"""What makes those that have options, which are the kernel's own."""
IMAGES: dict[Kernel, Kernel] = {
    kernels.conv: conv_into,
    kernels.conv_transpose: conv_transpose_into,
    kernels.batch_norm: norm_into,
    kernels.prelu: prelu_into,
    kernels.max_pool: max_pool_into,
    kernels.avg_pool: avg_pool_into,
    kernels.global_avg_pool: mean_into,
    kernels.adaptive_avg_pool: adaptive_avg_pool_into,
    kernels.flatten: flatten_into,
    kernels.concat: concat_into,
}
"""The fast kernels of what treats images, values of four axes."""
ROWS: dict[Kernel, Kernel] = {
    kernels.batch_norm: norm_into,
    kernels.concat: concat_into,
}
"""Those of what treats rows of features."""
LAST: dict[Kernel, Kernel] = {
    kernels.linear: linear_into,
    kernels.layer_norm: layer_norm_into,
    kernels.prelu: prelu_into,
    kernels.attention: attention_into,
}
"""Those of what treats the last axes of all but images, which lie otherwise."""
ALONG: dict[Kernel, Kernel] = {kernels.softmax: softmax_into, kernels.log_softmax: log_softmax_into}
"""Those of what works along one axis, if its numbers lie side by side."""
JOINS: dict[Kernel, Kernel] = {kernels.add: add_into, kernels.mul: mul_into, kernels.sub: sub_into}
CONVS = (conv_into, conv3x3_into, grouped_conv_into)
ENDS = (*CONVS, norm_into, linear_into, add_into, mul_into, sub_into)
"""What takes over the activation behind it."""
PLAIN: dict[Kernel, dict[str, object]] = {
    kernels.flatten: {"start": 1},
    kernels.concat: {"axis": 1},
    kernels.batch_norm: {"momentum": None},
    kernels.conv_transpose: {"groups": 1},
    kernels.attention: {"p": None},
    kernels.softmax: {"axis": None},
    kernels.log_softmax: {"axis": None},
}
"""Options that the fast kernels don't have: with any other value, save that of `None`, the reference kernel runs."""


def fused(flat: Plan) -> Plan:
    """The plan for inference, its values numbered anew."""
    steps, same = _without_idle(flat)
    outputs = {name: same.get(value, value) for name, value in flat.outputs.items()}
    uses = Counter(value for step in steps for value in step.inputs)
    uses.update(outputs.values())
    done = _Fusing(flat, uses)
    for step in steps:
        done.add(step)
    return _numbered(replace(flat, steps=_needed([*done.steps.values()], set(outputs.values())), outputs=outputs))


def _without_idle(flat: Plan) -> tuple[list[Step], dict[int, int]]:
    """The steps that compute something, and the values that are others under a second number."""
    same: dict[int, int] = {}
    steps = []
    for step in flat.steps:
        inputs = tuple(same.get(value, value) for value in step.inputs)
        if step.op.is_noop_in_evaluation:
            same[step.outputs[0]] = inputs[0]
        else:
            steps.append(replace(step, inputs=inputs))
    return steps, same


def _needed(steps: list[Step], wanted: set[int]) -> list[Step]:
    kept = []
    for step in reversed(steps):
        if wanted & set(step.outputs):
            wanted |= set(step.inputs)
            kept.append(step)
    return kept[::-1]


def _numbered(flat: Plan) -> Plan:
    """The plan with its values numbered from the inputs on, in the order in which steps leave them."""
    order = [*flat.inputs.values(), *(value for step in flat.steps for value in step.outputs)]
    new = {value: number for number, value in enumerate(order)}

    def to(values: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(new[value] for value in values)

    return replace(
        flat,
        steps=[replace(step, inputs=to(step.inputs), outputs=to(step.outputs)) for step in flat.steps],
        outputs={name: new[value] for name, value in flat.outputs.items()},
        shapes=[flat.shapes[value] for value in order],
        labels={new[value]: label for value, label in flat.labels.items() if value in new},
    )


class _Fusing:
    """The fused steps so far, by number in their order, and by value the number of the step that makes it."""

    def __init__(self, flat: Plan, uses: Counter[int]) -> None:
        self.shapes = flat.shapes
        self.params = flat.params
        self.given = set(flat.inputs.values())
        self.uses = uses
        self.steps: dict[int, Step] = {}
        self.makers: dict[int, int] = {}
        self.count = 0

    def add(self, step: Step) -> None:
        """Append a step, or fold it into the one that made what it takes."""
        for way in WAYS:
            if way(self, step):
                return
        self.append(replace(step, call=self.call(step)))

    def append(self, step: Step) -> None:
        """Put a step behind all others."""
        self.put(self.count, step)
        self.count += 1

    def put(self, number: int, step: Step) -> None:
        """Put a step in the place of the one that has this number."""
        self.steps[number] = step
        self.makers.update(dict.fromkeys(step.outputs, number))

    def call(self, step: Step) -> Call:
        """The fast kernel of a step, with its options, or the reference kernel."""
        kernel, options = step.call.kernel, dict(step.call.options)
        ranks = {self.shapes[value].rank for value in step.inputs}
        kinds = {self.shapes[value].kind for value in step.inputs}
        fast = None
        if step.op.is_pointwise:
            return Call(each_into, {"then": _then(step)})
        if kernel in JOINS and len(ranks) == 1:
            fast = JOINS[kernel]
        elif ranks == {4}:
            fast = IMAGES.get(kernel)
        elif len(ranks) == 1:
            fast = LAST.get(kernel) or (ROWS.get(kernel) if ranks == {2} else None)
        if kernel in ALONG and self.along_rows(step):
            fast = ALONG[kernel]
        plain = PLAIN.get(kernel, {})
        special = any(options.get(name, usual) != usual for name, usual in plain.items() if usual is not None)
        if fast is None or special or "int" in kinds:
            unseen = {"train": False, "rng": None}
            reference = reference_into if step.is_samplewise else batch_reference_into
            return Call(reference, {"by": kernel, **options, **{name: unseen[name] for name in step.call.context}})
        if fast is conv_into:
            fast = self.conv(step)
        return Call(fast, {name: value for name, value in options.items() if name not in plain})

    def conv(self, step: Step) -> Kernel:
        """The fast kernel of a convolution of images."""
        options = step.call.options
        if options.get("groups", 1) > 1:
            return grouped_conv_into
        small = self.params[f"{step.layer}.weight" if step.layer else "weight"].shape[2:] == (3, 3)
        return conv3x3_into if small and not options.keys() & {"stride", "dilation"} else conv_into

    def along_rows(self, step: Step) -> bool:
        """Whether a step works along the axis whose numbers lie side by side: the channels of images, else the last."""
        rank = self.shapes[step.inputs[0]].rank
        return bool(step.call.options.get("axis", 1) % rank == (1 if rank == 4 else rank - 1))

    def maker(self, value: int, *kinds: Kernel) -> int | None:
        """The number of the step that made a value, if it is of these kinds and nothing else needs the value."""
        number = self.makers.get(value)
        if self.uses[value] != 1 or number is None:
            return None
        return number if self.steps[number].call.kernel in kinds else None


def _norm_behind_conv(done: _Fusing, step: Step) -> bool:
    """conv -> batch_norm: one convolution."""
    if step.call.kernel is not kernels.batch_norm:
        return False
    number = done.maker(step.inputs[0], *CONVS)
    if number is None:
        return False
    conv = done.steps[number]
    if conv.call.options.keys() & {"norm", "then"} or len(conv.inputs) > 1:
        return False
    eps = {"eps": step.call.options["eps"]} if "eps" in step.call.options else {}
    done.put(number, replace(_with(conv, norm=step.layer, **eps), outputs=step.outputs))
    return True


def _added_to_conv(done: _Fusing, step: Step) -> bool:
    """conv -> add with a value that is there by then: one convolution, at the place of the sum."""
    if step.call.kernel is not kernels.add or len(step.inputs) != 2:
        return False
    a, b = step.inputs
    if done.shapes[a] != done.shapes[b] or a == b:
        return False
    makers = [(done.maker(value, *CONVS), other) for value, other in ((a, b), (b, a))]
    open_ = [
        (number, other)
        for number, other in makers
        if number is not None
        and "then" not in done.steps[number].call.options
        and len(done.steps[number].inputs) == 1
        and other not in done.given
    ]
    if not open_:
        return False
    number, other = max(open_)
    conv = done.steps.pop(number)
    done.append(replace(conv, inputs=(*conv.inputs, other), outputs=step.outputs))
    return True


def _activated(done: _Fusing, step: Step) -> bool:
    """An activation behind a step that takes it over."""
    if not step.op.is_pointwise:
        return False
    number = done.maker(step.inputs[0], *ENDS)
    if number is None or "then" in done.steps[number].call.options:
        return False
    done.put(number, replace(_with(done.steps[number], then=_then(step)), outputs=step.outputs))
    return True


def _then(step: Step) -> Then:
    """A function of each number as what may follow other steps."""
    kernel, options = step.call.kernel, step.call.options
    if kernel is kernels.gelu and options.get("approximate") == "tanh":
        return to_gelu_by_tanh
    if kernel in THENS:
        return THENS[kernel]
    if kernel in MAKERS and options.get("threshold", 0) >= 0:
        return Made(MAKERS[kernel], tuple(options.items()))
    return Made(by_reference, (("kernel", kernel), *options.items()))


def _norm_before_conv(done: _Fusing, step: Step) -> bool:
    """batch_norm -> relu -> conv: one convolution."""
    if step.call.kernel is not kernels.conv or done.shapes[step.inputs[0]].rank != 4:
        return False
    number = done.maker(step.inputs[0], norm_into)
    if number is None or done.steps[number].call.options.get("then", to_relu) is not to_relu:
        return False
    norm = done.steps.pop(number)
    facts = {"first": norm.layer, "first_eps": norm.call.options.get("eps"), "before": norm.call.options.get("then")}
    conv = replace(step, inputs=norm.inputs, call=done.call(step))
    done.append(_with(conv, **{name: fact for name, fact in facts.items() if fact is not None}))
    return True


WAYS: tuple[Callable[[_Fusing, Step], bool], ...] = (
    _norm_behind_conv,
    _added_to_conv,
    _activated,
    _norm_before_conv,
)
"""How steps become one, tried in this order."""


def _with(step: Step, **options: object) -> Step:
    return replace(step, call=replace(step.call, options={**step.call.options, **options}))
