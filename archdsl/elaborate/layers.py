"""Stages that apply an op, a join of arms, or a layer that is shared."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from archdsl.diagnostics import Diagnostic, Label, Problem, listing
from archdsl.elaborate.bind import bind_op, refuse_values
from archdsl.elaborate.blocks import apply_block
from archdsl.elaborate.context import Context, Names, environment
from archdsl.elaborate.mistake import POISONED, Mistake, error
from archdsl.elaborate.module import ModuleBuilder, SharedLayer
from archdsl.elaborate.names import bind_name, bind_results, computed, label_of, resolve
from archdsl.elaborate.provenance import channels_last, provenance
from archdsl.elaborate.values import BlockRef, OpRef, ValueRef
from archdsl.elaborate.walk import given, walk, walk_step
from archdsl.graph.nodes import Apply, Call, Repeat, Step, Value
from archdsl.limits import SizeTooLong, limits
from archdsl.ops import OPS, Op, Rejected
from archdsl.ops.reshape import Identity
from archdsl.record import replace
from archdsl.sizes.dim import Expr, symbols
from archdsl.sizes.multiples import shortened
from archdsl.sizes.shape import Shape
from archdsl.source import Span
from archdsl.syntax import tree


class NeedsArms(Problem):
    """A join takes its values from arms.

    add                            # error[needs-arms]
    add { | relu | identity }      # good
    """

    code = "needs-arms"
    message = "{op} joins arms, and has none here"
    op: str
    arms: str

    def help(self) -> str:
        return f"write {self.op} {{ | {self.arms} }}"


class WrongArms(Problem):
    """Some joins take a fixed number of arms: `sub` takes from its first arm the second.

    sub { | identity | relu | tanh }      # error[wrong-arms]
    sub { | identity | relu }             # good
    """

    code = "wrong-arms"
    message = "{name} joins {wanted} arms, and gets {found}"
    name: str
    wanted: int
    found: int

    def help(self) -> str:
        if self.found < self.wanted:
            return "an empty arm, or identity, passes the value through: | identity"
        return f"nest them: {self.name} {{ | {self.name} {{ | … | … }} | … }}"


class NoArms(Problem):
    """Only joins have arms.

    conv(8, kernel=3) { | relu }      # error[no-arms]
    conv(8, kernel=3) -> relu         # good
    """

    code = "no-arms"
    message = "{name} takes no arms"
    name: str
    joins: str

    def help(self) -> str:
        return f"{self.joins} join arms"


class NotShared(Problem):
    """A shared layer has one set of weights, so every value that it is applied to must fit them.

    input x: [N, 8]
    shared head = linear(4)
    head -> head                   # error[not-shared]: 8 features come in, then 4
    head -> linear(8) -> head      # good
    """

    code = "not-shared"
    message = "{name} was first applied to {first}, and its weights do not fit {found}"
    name: str
    first: str
    found: str


class FreeWeight(Problem):
    """Weights have fixed sizes: what a layer learns must be known before the network runs.

    input image: [N, C, 32, 32]      # bad
    input image: [N, 3, 32, 32]      # good
    conv(8, kernel=3)                # error[free-weight]: C channels come in
    conv(8, kernel=3)                # good
    """

    code = "free-weight"
    message = "the {weight} of this {op} would have the shape {found}, which is not fixed"
    op: str
    weight: str
    found: str
    free: str
    slid: Shape | None
    body: str

    def help(self) -> str:
        dims = self.slid.dims if self.slid else ()
        if len(dims) == 3 and str(dims[1]) == self.free and isinstance(dims[2], int):
            return f"{self.free} stands where channels do; permute([0, 2, 1]) -> {self.op}(…) goes along {self.free}"
        return f"write a number for {self.free} in the shape of the input; sizes that no weight has can stay free"

    def cause(self, span: Span) -> Hashable:
        """Arms that are given one value of the wrong form all fail for it."""
        return (self.body, self.free, self.slid)


def apply(step: tree.Apply, context: Context, current: ValueRef | None, names: Names) -> ValueRef:
    word = computed(step.name, context, current)
    shared = context.module.shared.get(word)
    if shared and step.arguments is None:
        return _apply_shared(shared, step, context, current, names)
    target = resolve(word, step, context)
    if isinstance(target, ValueRef):
        label = label_of(names, context, current)
        bind_name(names, label, context, target)
        return target
    label = label_of(names, context, current)
    key_span = names[0].span if names else step.span
    arguments = step.arguments or ()
    if isinstance(target, BlockRef):
        return apply_block(target, step, arguments, label, names, key_span, context, current)
    return _apply_op(target.op, step, arguments, label, names, key_span, context, current)


def _apply_op(
    op: type[Op],
    step: tree.Apply,
    arguments: tuple[tree.Argument, ...],
    label: str | None,
    names: Names,
    key_span: Span,
    context: Context,
    current: ValueRef | None,
) -> ValueRef:
    if op.arity != 1:
        raise error(NeedsArms(op.name, _as_arms(arguments)), step.name.span)
    current = given(current, step.name.span)
    env = environment(context, current)
    refuse_values(op, arguments, env)
    key = context.module.claim(label, key_span)
    defaults = context.defaults.get(op.name, {})
    shape = current.shape
    places: dict[str, Span] = {}
    instance: Op | None = None
    try:
        if shape is not None:
            op.accepts(shape)
        axes = None if shape is None else shape.rank - 2
        instance, places = bind_op(op, arguments, axes, step.name.span, env, defaults, context.run.ops)
        if instance is None or current.value is None:
            raise POISONED
        left = instance.outputs(current.value.shape, known=context.run.known)
    except Rejected as refusal:
        if current.value and instance and _is_excused(instance, [current.value], context):
            raise POISONED from None
        raise told(refusal.problem, places.get(refusal.at or "", step.name.span), current, context) from None
    _hold_sizes(left, step.name.span)
    _fixed(instance, (current,), step.name.span, context)
    node = Apply(instance, (current.value,), shortened(left, context.run.known.stated), key, label, None, step.span)
    context.module.add(node, step.span)
    return bind_results(node, names, label, context)


def _as_arms(arguments: tuple[tree.Argument, ...]) -> str:
    """What is given to a join as to a function, as its arms: `concat(a, b)`, `concat([a, b])`."""
    given = [argument.value for argument in arguments if not argument.name]
    if len(given) == 1 and isinstance(given[0], tree.Sequence):
        given = list(given[0].items)
    words = [value.span.text for value in given] or ["…"]
    return " | ".join(words if len(words) > 1 else [Identity.name, *words])


def _is_excused(op: Op, inputs: Sequence[Value], context: Context) -> bool:
    """Whether an op that refused what is there takes what was meant."""
    run = context.run
    return run.recovery.excuses(inputs, context.module, lambda *shapes: op.outputs(*shapes, known=run.known))


def told(problem: Problem, span: Span, current: ValueRef, context: Context, labels: tuple[Label, ...] = ()) -> Mistake:
    """What a rule of shapes refuses, and how the value got its shape."""
    notes = (*provenance(current.value, context.module), *channels_last(current.value, context.module))
    return Mistake(Diagnostic(problem, span, labels, notes))


def branch(step: tree.Branch, context: Context, current: ValueRef | None, names: Names) -> ValueRef:
    word = computed(step.name, context, current)
    target = resolve(word, step, context)
    if not isinstance(target, OpRef) or target.op.arity == 1:
        joins = listing((op.name for op in OPS.values() if op.arity != 1), "and")
        raise error(NoArms(word, joins), step.name.span)
    current = given(current, step.name.span)
    values = [walk(arm, context, current) for arm in step.arms]
    op = target.op
    env = environment(context, current)
    first = next((value.shape for value in values if value and value.shape), None)
    axes = first.rank - 2 if first else None
    instance, places = bind_op(
        op, step.arguments or (), axes, step.name.span, env, context.defaults.get(op.name, {}), context.run.ops
    )
    inputs = [value.value for value in values if value and value.value]
    if instance is None or len(inputs) < len(values):
        raise POISONED
    if isinstance(op.arity, int) and len(inputs) != op.arity:
        surplus = [_arm_place(arm) for arm in step.arms[op.arity :]]
        raise error(WrongArms(op.name, op.arity, len(inputs)), surplus[0] if surplus else step.name.span)
    try:
        for value in inputs:
            op.accepts(value.shape)
        left = instance.outputs(*(value.shape for value in inputs), known=context.run.known)
    except Rejected as refusal:
        if _is_excused(instance, inputs, context):
            raise POISONED from None
        from archdsl.elaborate.advice import advised  # imported where something is wrong, not at every start

        labels = tuple(Label(_arm_place(arm), str(value.shape)) for arm, value in zip(step.arms, inputs, strict=True))
        place = places.get(refusal.at or "", step.name.span)
        problem = advised(refusal.problem, instance, inputs, current.value, context.run.known)
        raise told(problem, place, current, context, labels) from None
    _hold_sizes(left, step.name.span)
    label = label_of(names, context, current)
    owned = _fixed(instance, tuple(map(ValueRef, inputs)), step.name.span, context)
    key = context.module.claim(label, step.span) if owned else None
    node = Apply(instance, tuple(inputs), shortened(left, context.run.known.stated), key, label, span=step.span)
    context.module.add(node, step.span)
    return bind_results(node, names, label, context)


def shared(statement: tree.Shared, context: Context, current: ValueRef | None) -> ValueRef | None:
    word = computed(statement.name, context, current)
    key = context.module.claim(word, statement.name.span)
    context.module.shared[word] = SharedLayer(statement, key, context)
    return current


def _apply_shared(
    layer: SharedLayer, step: tree.Apply, context: Context, current: ValueRef | None, names: Names
) -> ValueRef:
    """Apply a declared layer: the first time it is built, later its weights are used again."""
    current = given(current, step.name.span)
    module, declared = context.module, layer.context
    scratch = ModuleBuilder("group", "")
    inside = replace(declared, module=scratch)
    walk_step(layer.declaration.step, inside, current)
    node = scratch.nodes[-1]
    if isinstance(node, Call):
        node = replace(node, graph=layer.graphs.setdefault(current.shape, node.graph))
    facts: Any = {"label": label_of(names, context, current), "shares": layer.first}
    node = replace(node, key=layer.key, **facts)
    if layer.first is None:
        layer.first = node
    elif _weights(node) != _weights(layer.first):
        shapes = (str(layer.first.inputs[0].shape), str(node.inputs[0].shape))
        raise told(NotShared(layer.key, *shapes), step.name.span, current, context)
    module.add(node, step.span)
    return bind_results(node, names, node.label, context)


def _hold_sizes(shapes: tuple[Shape, ...], span: Span) -> None:
    """Refuse sizes whose formulas have grown too long to work with."""
    for shape in shapes:
        for size in shape.dims:
            if isinstance(size, Expr) and size.weight > limits().terms:
                raise error(SizeTooLong(limits().terms), span)


def _fixed(op: Op, values: tuple[ValueRef, ...], span: Span, context: Context) -> bool:
    """Whether an op owns weights; each must have a fixed shape."""
    alike = op, tuple([value.shape for value in values if value.shape])
    if alike in context.run.learning:
        return context.run.learning[alike]
    params = op.params(*alike[1])
    for name, param in params.items():
        if not context.run.parametric and not all(isinstance(size, int) for size in param.shape):
            free = sorted({symbol for size in param.shape if isinstance(size, Expr) for symbol in symbols(size)})
            slid = values[0].shape if "kernel" in op.attributes() else None
            found = str(Shape(param.shape))
            problem = FreeWeight(op.name, name or "value", found, listing(free, "and"), slid, context.module.name)
            raise told(problem, span, values[0], context)
    context.run.learning[alike] = bool(params)
    return bool(params)


def _weights(node: Step) -> list[Any]:
    """The shapes of all weights of a node, to compare two applications of one layer."""
    if not isinstance(node, Apply):
        held = [weight for inner in node.graph.steps for weight in _weights(inner)]
        return held * node.count if isinstance(node, Repeat) else held
    return [(name, p.shape) for name, p in node.op.params(*(value.shape for value in node.inputs)).items()]


def _arm_place(arm: tree.Body) -> Span:
    if not arm.statements:
        return arm.span
    return arm.statements[0].span.to(arm.statements[-1].span)
