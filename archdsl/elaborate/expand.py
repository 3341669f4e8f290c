"""From the tree to the graph: blocks, repetition, choice, branches and names, with every shape inferred on the way.

An `Expander` walks the statements of a body with one current value. A stage that fails is reported and leaves an
unknown value, which later stages pass on in silence: one mistake, one diagnostic, and all mistakes in one run. A block
is expanded once for each set of arguments and shapes it is used with; further uses share the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from archdsl.diagnostics import Diagnostic, Label, listing, suggestion
from archdsl.elaborate import contracts
from archdsl.elaborate.bind import Defaults, bind_op
from archdsl.elaborate.evaluate import Environment, Steps, bind, evaluate, fail, integer, truth
from archdsl.elaborate.module import Module, SharedLayer
from archdsl.elaborate.problems import (
    CannotName,
    CannotUnpack,
    FreeWeight,
    MisplacedStatement,
    NeedsArms,
    NoArms,
    NoInput,
    NotALayer,
    NotShared,
    TooDeep,
    TooLarge,
    UnknownArgument,
    UnknownName,
    WrongType,
)
from archdsl.elaborate.scope import REPORTED, Mistake, Scope, Trail
from archdsl.elaborate.values import BlockRef, Constant, OpRef, Tensor, described, kind, show
from archdsl.ir.graph import Apply, Call, Graph, Value
from archdsl.ir.shape import Shape
from archdsl.ops import OPS, Op, Rejected
from archdsl.source import Span
from archdsl.syntax import tree

DEEPEST = 150
MOST_PASSES = 2_000_000
NOTHING = Tensor(None)


@dataclass(frozen=True, eq=False)
class Context:
    """Where the expander is: the names in sight, the module it adds to, the defaults in force, and how it got here."""

    scope: Scope
    module: Module
    defaults: Mapping[str, Defaults]
    trail: Trail | None = None
    depth: int = 0


class Expander:
    """Expands bodies into modules; collects problems; remembers the blocks that it has expanded."""

    def __init__(self, problems: list[Diagnostic]) -> None:
        self.problems = problems
        self.steps = Steps()
        self.passes = MOST_PASSES
        self._blocks: dict[Any, Graph | None] = {}

    # ---- bodies: each takes the current value and returns the one that is left

    def body(self, body: tree.Body, context: Context, current: Tensor | None) -> Tensor | None:
        for statement in body.statements:
            try:
                current = self._statement(statement, context, current)
            except Mistake as mistake:
                self.report(mistake, context)
                current = NOTHING
        return current

    def _statement(self, statement: tree.Statement, context: Context, current: Tensor | None) -> Tensor | None:
        return _STATEMENTS[type(statement)](self, statement, context, current)

    def report(self, mistake: Mistake, context: Context) -> None:
        if mistake.diagnostic:
            notes = context.trail.notes() if context.trail else ()
            self.problems.append(replace(mistake.diagnostic, notes=(*mistake.diagnostic.notes, *notes)))

    def chain(self, chain: tree.Chain, context: Context, current: Tensor | None) -> Tensor | None:
        for link in chain.links:
            try:
                current = self.link(link, context, current)
            except Mistake as mistake:
                self.report(mistake, context)
                self._forget(link, context)
                current = NOTHING
        return current

    def _forget(self, link: tree.Link, context: Context) -> None:
        """A stage that failed still owns its name, so that its uses are not reported as well."""
        for name in link.names:
            try:
                word = self.word(name, context, NOTHING)
            except Mistake:
                continue
            if word not in context.module.places:
                context.module.bind(word, NOTHING, name.span)

    def link(self, link: tree.Link, context: Context, current: Tensor | None) -> Tensor | None:
        result: Tensor | None = _STEPS[type(link.step)](self, link.step, context, current, link.names)
        if link.contract and result and result.value:
            try:
                contracts.check(link.contract, result.value.shape, self.environment(context, result))
            except Mistake as mistake:  # the claim is wrong, the value is known all the same
                self.report(mistake, context)
        return result

    # ---- names

    def word(self, name: tree.LayerName, context: Context, current: Tensor | None) -> str:
        """A layer's name with its expressions computed."""
        parts = []
        for part in name.parts:
            if isinstance(part, str):
                parts.append(part)
                continue
            value = evaluate(part, self.environment(context, current))
            if isinstance(value, bool) or not isinstance(value, int | str):
                value = integer(value, part.span, "a part of a name")
            parts.append(str(value))
        return "".join(parts)

    def _label(self, names: tuple[tree.LayerName, ...], context: Context, current: Tensor | None) -> str | None:
        return self.word(names[0], context, current) if names else None

    def _bind(self, names: tuple[tree.LayerName, ...], word: str | None, context: Context, value: Tensor) -> None:
        """Make the value of a named stage usable, unless its name is also an op's or a block's: then it is a key."""
        if word is not None and not self._is_callable(word, context):
            context.module.bind(word, value, names[0].span)

    def _is_callable(self, word: str, context: Context) -> bool:
        known, value = context.scope.find(word)
        if not known:
            value = context.scope.home.names.get(word)
        return word in OPS if value is None else isinstance(value, BlockRef | OpRef)

    def environment(self, context: Context, current: Tensor | None) -> Environment:
        return Environment(
            context.scope,
            current.value if current else None,
            current is not None,
            context.module.find,
            context.module.named,
            self.steps,
        )

    # ---- steps

    def broken(self, step: tree.Broken, context: Context, current: Tensor | None, names: Names) -> Tensor:
        raise REPORTED

    def apply(self, step: tree.Apply, context: Context, current: Tensor | None, names: Names) -> Tensor:
        word = self.word(step.name, context, current)
        shared = self._shared(word, context)
        if shared and step.arguments is None:
            return self._apply_shared(shared, step, context, current, names)
        target = self.resolve(word, step, context)
        if isinstance(target, Tensor):
            label = self._label(names, context, current)
            self._bind(names, label, context, target)
            return target
        label = self._label(names, context, current)
        key_span = names[0].span if names else step.span
        arguments = step.arguments or ()
        if isinstance(target, BlockRef):
            return self._apply_block(target, step, arguments, label, names, key_span, context, current)
        return self._apply_op(target.op, step, arguments, label, names, key_span, context, current)

    def inline(self, step: tree.Inline, context: Context, current: Tensor | None, names: Names) -> Tensor | None:
        """Expand a block's stages into the module that uses them: they add no level to the path."""
        self._unnamed(names, "an inlined block")
        word = self.word(step.name, context, current)
        target = self.resolve(word, step, context)
        if not isinstance(target, BlockRef):
            raise fail(NotALayer(word, kind(target), "only a block can be inlined", "a block"), step.name.span)
        if context.depth >= DEEPEST:
            raise fail(TooDeep(DEEPEST), step.span)
        block = target.block
        arguments = step.arguments or ()
        constants = bind(word, block.parameters, arguments, step.span, self.environment(context, current), target.home)
        scope = Scope(target.home, constants)
        if block.signature:
            symbols, _ = contracts.enter(block.signature, current, scope, self.steps)
            scope = scope.inner(symbols)
        trail = Trail(f"in {_called(block, constants)}, inlined at {step.span}", context.trail)
        inside = replace(context, scope=scope, trail=trail, depth=context.depth + 1)
        result = self.body(block.body, inside, current)
        if block.signature and result and result.value:
            contracts.leave(block.signature, result.value.shape, self.environment(inside, result))
        return result

    def resolve(
        self, word: str, step: tree.Apply | tree.Inline | tree.Branch, context: Context
    ) -> Tensor | BlockRef | OpRef:
        """What a bare name is: a parameter first, then a named value, then a block of the file, then an op."""
        known, value = context.scope.find(word)
        if not known and step.arguments is None:
            tensor = context.module.find(word)
            if tensor is not None:
                return tensor
        if not known:
            value = context.scope.home.names.get(word, OpRef(OPS[word]) if word in OPS else None)
            known = value is not None
        if not known:
            if word in context.scope.home.lost:
                raise REPORTED
            if context.module.find(word) is not None:
                hint = f"a value takes no arguments: {word}"
                raise fail(NotALayer(word, "a value", hint), step.name.span)
            near = suggestion(word, [*OPS, *context.scope.visible(), *context.module.named()])
            raise fail(UnknownName(word, near), step.name.span)
        if isinstance(value, Tensor | BlockRef | OpRef):
            return value
        plain = isinstance(value, bool | int | float | str | tuple | type(None))
        raise fail(NotALayer(word, described(value) if plain else kind(value)), step.name.span)

    def _needs(self, current: Tensor | None, span: Span) -> Tensor:
        if current is None:
            raise fail(NoInput(), span)
        return current

    def _apply_op(
        self,
        op: type[Op],
        step: tree.Apply,
        arguments: tuple[tree.Argument, ...],
        label: str | None,
        names: Names,
        key_span: Span,
        context: Context,
        current: Tensor | None,
    ) -> Tensor:
        if op.arity == "many":
            raise fail(NeedsArms(op.name), step.span)
        current = self._needs(current, step.span)
        key = context.module.claim(label, key_span)
        env = self.environment(context, current)
        defaults = context.defaults.get(op.name, {})
        shape = current.shape
        places: dict[str, Span] = {}
        try:
            if shape is not None:
                op.accepts(shape)
            axes = None if shape is None else shape.rank - 2
            instance, places = bind_op(op, arguments, axes, step.name.span, env, defaults)
            if instance is None or current.value is None:
                raise REPORTED
            result = instance.infer(current.value.shape)
        except Rejected as refusal:
            raise fail(refusal.problem, places.get(refusal.at or "", step.name.span)) from None
        _fixed(instance, (current.value.shape,), step.name.span)
        node = Apply(instance, (current.value,), _shapes(result), key, label, span=step.span)
        context.module.add(node, step.span)
        return self._results(node, names, label, context)

    def _results(self, node: Apply | Call, names: Names, label: str | None, context: Context) -> Tensor:
        """Name the results of a node; a stage of several results needs as many names or leaves the first."""
        if len(names) > 1:
            if len(names) != len(node.shapes):
                found = f"a stage of {len(node.shapes)} result{'s' * (len(node.shapes) > 1)}"
                raise fail(CannotUnpack(found, len(names)), names[0].span.to(names[-1].span))
            for index, name in enumerate(names):
                word = self.word(name, context, None)
                self._bind((name,), word, context, Tensor(Value(node, index)))
        else:
            self._bind(names, label, context, Tensor(Value(node)))
        return Tensor(Value(node))

    # ---- joins

    def branch(self, step: tree.Branch, context: Context, current: Tensor | None, names: Names) -> Tensor:
        word = self.word(step.name, context, current)
        target = self.resolve(word, step, context)
        if not isinstance(target, OpRef) or target.op.arity == 1:
            joins = listing((op.name for op in OPS.values() if op.arity != 1), "and")
            raise fail(NoArms(word, joins), step.name.span)
        current = self._needs(current, step.span)
        values = [self.body(arm, context, current) for arm in step.arms]
        op = target.op
        env = self.environment(context, current)
        first = next((value.shape for value in values if value and value.shape), None)
        axes = first.rank - 2 if first else None
        instance, places = bind_op(op, step.arguments or (), axes, step.name.span, env, context.defaults.get(word, {}))
        inputs = [value.value for value in values if value and value.value]
        if instance is None or len(inputs) < len(values):
            raise REPORTED
        if isinstance(op.arity, int) and len(inputs) != op.arity:
            raise fail(NoArms(f"{op.name} of {len(inputs)} arms", f"{op.name} takes {op.arity}"), step.name.span)
        try:
            for value in inputs:
                op.accepts(value.shape)
            result = instance.infer(*(value.shape for value in inputs))
        except Rejected as refusal:
            labels = tuple(
                Label(_arm_place(arm), str(value.shape)) for arm, value in zip(step.arms, inputs, strict=True)
            )
            place = places.get(refusal.at or "", step.name.span)
            raise Mistake(Diagnostic(refusal.problem, place, labels)) from None
        label = self._label(names, context, current)
        owned = _fixed(instance, tuple(value.shape for value in inputs), step.name.span)
        key = context.module.claim(label, step.span) if owned else None
        node = Apply(instance, tuple(inputs), _shapes(result), key, label, span=step.span)
        context.module.add(node, step.span)
        return self._results(node, names, label, context)

    # ---- modules

    def group(self, step: tree.Group, context: Context, current: Tensor | None, names: Names) -> Tensor:
        label = self._label(names, context, current)
        key = context.module.claim(label, names[0].span if names else step.span)
        module = Module("group", "", context.module)
        inside = replace(context, module=module, depth=context.depth + 1)
        if inside.depth > DEEPEST:
            raise fail(TooDeep(DEEPEST), step.span)
        entry = Tensor(module.capture(current.value, "x")) if current and current.value else current
        result = self.body(step.body, inside, entry)
        if result is None or result.value is None:
            raise REPORTED
        given = module.used_captures(result.value)
        graph = module.graph((result.value,), ("out",), span=step.span)
        return self._call(graph, given, key, label, names, step.span, context)

    def _call(
        self,
        graph: Graph,
        inputs: tuple[Value, ...],
        key: str,
        label: str | None,
        names: Names,
        span: Span,
        context: Context,
    ) -> Tensor:
        node = Call(graph, inputs, key, label, span=span)
        context.module.add(node, span)
        return self._results(node, names, label, context)

    def _apply_block(
        self,
        target: BlockRef,
        step: tree.Apply,
        arguments: tuple[tree.Argument, ...],
        label: str | None,
        names: Names,
        key_span: Span,
        context: Context,
        current: Tensor | None,
    ) -> Tensor:
        key = context.module.claim(label, key_span)
        block = target.block
        env = self.environment(context, current)
        constants = bind(block.name.name, block.parameters, arguments, step.span, env, target.home)
        tensors = {name: value for name, value in constants.items() if isinstance(value, Tensor)}
        if current is None and not tensors:
            raise fail(NoInput(), step.span)
        if (current and current.value is None) or any(t.value is None for t in tensors.values()):
            raise REPORTED
        shapes = (current.shape if current else None, *(tensor.shape for tensor in tensors.values()))
        identity = (block, tuple((n, _frozen(v)) for n, v in constants.items()), shapes, _frozen(context.defaults))
        if identity not in self._blocks:
            self._blocks[identity] = None
            note = f"in {_called(block, constants)}, called at {step.span}"
            module = Module("block", block.name.name)
            inside = Context(
                Scope(target.home, {}), module, context.defaults, Trail(note, context.trail), context.depth + 1
            )
            self._blocks[identity] = self._block(block, constants, inside, current, step.span)
        graph = self._blocks[identity]
        if graph is None:
            raise REPORTED
        inputs = tuple(tensor.value for tensor in (current, *tensors.values()) if tensor and tensor.value)
        return self._call(graph, inputs, key, label, names, step.span, context)

    def _block(
        self, block: tree.Block, constants: dict[str, Constant], context: Context, current: Tensor | None, span: Span
    ) -> Graph | None:
        if context.depth > DEEPEST:
            raise fail(TooDeep(DEEPEST), span)
        module = context.module
        entry = current
        if current and current.value:
            entry = Tensor(Value(module.add_input("x", current.value.shape, span)))
        inner: dict[str, Constant] = {}
        for name, value in constants.items():
            if isinstance(value, Tensor) and value.value:
                value = Tensor(Value(module.add_input(name, value.value.shape, span)))
            inner[name] = value
        scope = Scope(context.scope.home, inner)
        signature = None
        if block.signature:
            names, signature = contracts.enter(block.signature, entry, scope, self.steps)
            scope = scope.inner(names)
        result = self.body(block.body, replace(context, scope=scope), entry)
        if result is None or result.value is None:
            return None
        if signature:
            try:
                contracts.leave(signature, result.value.shape, self.environment(replace(context, scope=scope), result))
            except Mistake as mistake:
                self.report(mistake, context)
                return None
        shown = tuple((name, value) for name, value in constants.items() if not isinstance(value, Tensor))
        return module.graph((result.value,), ("out",), arguments=shown, doc=block.doc, span=block.name.span)

    # ---- shared layers

    def shared(self, statement: tree.Shared, context: Context, current: Tensor | None) -> Tensor | None:
        word = self.word(statement.name, context, current)
        key = context.module.claim(word, statement.name.span)
        context.module.shared[word] = SharedLayer(statement, key, context)
        return current

    def _shared(self, word: str, context: Context) -> SharedLayer | None:
        return context.module.shared.get(word)

    def _apply_shared(
        self, layer: SharedLayer, step: tree.Apply, context: Context, current: Tensor | None, names: Names
    ) -> Tensor:
        """Apply a declared layer: the first time it is built, later its weights are used again."""
        current = self._needs(current, step.span)
        module, declared = context.module, layer.context
        scratch = Module("group", "")
        inside = replace(declared, module=scratch)
        _STEPS[type(layer.declaration.step)](self, layer.declaration.step, inside, current, ())
        node = scratch.nodes[-1]
        if isinstance(node, Call):
            node = replace(node, graph=layer.graphs.setdefault(current.shape, node.graph))
        facts: Any = {"label": self._label(names, context, current), "shares": layer.first}
        node = replace(node, key=layer.key, **facts)
        if layer.first is None:
            layer.first = node
        elif _weights(node) != _weights(layer.first):
            shapes = (str(layer.first.inputs[0].shape), str(node.inputs[0].shape))
            raise fail(NotShared(layer.key, *shapes), step.span)
        module.add(node, step.span)
        return self._results(node, names, node.label, context)

    # ---- repetition and choice: no level of their own

    def _unnamed(self, names: Names, what: str) -> None:
        if names:
            raise fail(CannotName(what), names[0].span)

    def repeat(self, step: tree.Repeat, context: Context, current: Tensor | None, names: Names) -> Tensor | None:
        self._unnamed(names, "a repetition")
        count = integer(evaluate(step.count, self.environment(context, current)), step.count.span, "a repetition")
        if count < 0:
            raise fail(WrongType("a repetition", "0 or more", str(count)), step.count.span)
        self._take(count * max(1, len(step.body.statements)), step.count.span)
        for index in range(count):
            known = {step.counter.name: index} if step.counter else {}
            current = self._pass(step.body, known, index, step, context, current)
        return current

    def _pass(
        self,
        body: tree.Body,
        names: Mapping[str, Constant],
        index: int,
        step: tree.Repeat | tree.For,
        context: Context,
        current: Tensor | None,
    ) -> Tensor | None:
        word = "repeat" if isinstance(step, tree.Repeat) else "for"
        trail = Trail(f"pass {index + 1} of {word} at {step.span}", context.trail)
        before = len(self.problems)
        result = self.body(body, replace(context, scope=context.scope.inner(names), trail=trail), current)
        self.problems[before:] = [p for p in self.problems[before:] if not self._said(p, before)]
        return result

    def _said(self, problem: Diagnostic, before: int) -> bool:
        """Whether an earlier pass met the same mistake at the same place."""
        return any(p.span == problem.span and p.problem == problem.problem for p in self.problems[:before])

    def _take(self, passes: int, span: Span) -> None:
        if passes > self.passes:
            raise fail(TooLarge("the network", f"{MOST_PASSES:,} stages"), span)
        self.passes -= passes

    def for_(self, step: tree.For, context: Context, current: Tensor | None, names: Names) -> Tensor | None:
        self._unnamed(names, "a repetition")
        items = evaluate(step.items, self.environment(context, current))
        if not isinstance(items, tuple):
            raise fail(WrongType("what for goes through", "a list", described(items)), step.items.span)
        self._take(len(items) * max(1, len(step.body.statements)), step.items.span)
        for index, item in enumerate(items):
            known = self._targets(step, index, item)
            current = self._pass(step.body, known, index, step, context, current)
        return current

    def _targets(self, step: tree.For, index: int, item: Constant) -> dict[str, Constant]:
        targets = list(step.targets)
        known: dict[str, Constant] = {}
        if len(targets) > 2:
            raise fail(CannotUnpack("a counter and an item", len(targets)), step.targets[0][0].span)
        if len(targets) == 2:
            known[targets.pop(0)[0].name] = index
        names = targets[0]
        if len(names) == 1:
            return known | {names[0].name: item}
        if not isinstance(item, tuple) or len(item) != len(names):
            raise fail(CannotUnpack(show(item), len(names)), step.items.span)
        return known | {name.name: part for name, part in zip(names, item, strict=True)}

    def if_(self, step: tree.If, context: Context, current: Tensor | None, names: Names) -> Tensor | None:
        self._unnamed(names, "a choice")
        condition = evaluate(step.condition, self.environment(context, current))
        if truth(condition, step.condition.span):
            return self.body(step.then, context, current)
        if isinstance(step.otherwise, tree.If):
            return self.if_(step.otherwise, context, current, ())
        return self.body(step.otherwise, context, current) if step.otherwise else current

    def with_(self, step: tree.With, context: Context, current: Tensor | None, names: Names) -> Tensor | None:
        self._unnamed(names, "a scope of defaults")
        defaults = dict(context.defaults)
        env = self.environment(context, None)
        for default in step.defaults:
            word = self.word(default.name, context, None)
            target = self.resolve(word, default, context)
            if not isinstance(target, OpRef):
                raise fail(NotALayer(word, "not an op", "with gives defaults to ops"), default.name.span)
            attributes = target.op.attributes()
            values = dict(defaults.get(target.op.name, {}))
            for argument in default.arguments or ():
                if argument.name is None or argument.name not in attributes:
                    near = suggestion(argument.name or "", attributes) or "defaults are given by name"
                    raise fail(UnknownArgument(word, argument.name or "by position", near), argument.span)
                values[argument.name] = (evaluate(argument.value, env), argument.span)
            defaults[target.op.name] = values
        return self.body(step.body, replace(context, defaults=defaults), current)

    # ---- statements that only a network has

    def elsewhere(self, statement: tree.Statement, context: Context, current: Tensor | None) -> Tensor | None:
        what: dict[type[tree.Tree], str] = {
            tree.InputDeclaration: "an input",
            tree.Output: "an output",
            tree.Expect: "an expectation",
        }
        problem = MisplacedStatement(what[type(statement)], "directly in the body of a network")
        raise fail(problem, statement.span)


Names = tuple[tree.LayerName, ...]


def _fixed(op: Op, shapes: tuple[Shape, ...], span: Span) -> bool:
    """Whether an op owns weights; each must have a fixed shape."""
    params = op.params(*shapes)
    for name, param in params.items():
        if not all(isinstance(size, int) for size in param.shape):
            raise fail(FreeWeight(op.name, name, f"[{', '.join(map(str, param.shape))}]"), span)
    return bool(params)


def _shapes(result: Any) -> tuple[Shape, ...]:
    return (result,) if isinstance(result, Shape) else tuple(result)


def _weights(node: Apply | Call) -> list[Any]:
    """The shapes of all weights of a node, to compare two applications of one layer."""
    if isinstance(node, Call):
        return [weight for inner in node.graph.nodes for weight in _weights(inner)]
    return [(name, p.shape) for name, p in node.op.params(*(value.shape for value in node.inputs)).items()]


def _arm_place(arm: tree.Body) -> Span:
    if not arm.statements:
        return arm.span
    return arm.statements[0].span.to(arm.statements[-1].span)


def _called(block: tree.Block, constants: Mapping[str, Constant]) -> str:
    """A call as a note shows it: the first argument by position, the others by name."""
    shown = (show(v) if index == 0 else f"{name}={show(v)}" for index, (name, v) in enumerate(constants.items()))
    return f"{block.name.name}({', '.join(shown)})"


def _frozen(value: Any) -> Any:
    """Something that can be a key and tells values apart as the language does: 1, 1.0 and true are three values."""
    if isinstance(value, Mapping):
        return tuple((name, _frozen(inner)) for name, inner in value.items())
    if isinstance(value, tuple):
        return tuple(_frozen(item) for item in value)
    return Tensor if isinstance(value, Tensor) else (type(value), value)


_STEPS: dict[type[tree.Tree], Callable[[Expander, Any, Context, Tensor | None, Names], Any]] = {
    tree.Apply: Expander.apply,
    tree.Inline: Expander.inline,
    tree.Branch: Expander.branch,
    tree.Group: Expander.group,
    tree.Repeat: Expander.repeat,
    tree.For: Expander.for_,
    tree.If: Expander.if_,
    tree.With: Expander.with_,
    tree.Broken: Expander.broken,
}

_STATEMENTS: dict[type[tree.Tree], Callable[[Expander, Any, Context, Tensor | None], Tensor | None]] = {
    tree.Chain: Expander.chain,
    tree.Shared: Expander.shared,
    tree.InputDeclaration: Expander.elsewhere,
    tree.Output: Expander.elsewhere,
    tree.Expect: Expander.elsewhere,
}
