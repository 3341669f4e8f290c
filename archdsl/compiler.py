"""The whole flow on one page.

    text -> (tree, problems) -> (graph, problems) -> torch source | numpy program | reports

`check` never raises on a bad spec: it reports. `load` and `loads` give one checked network, or an `ArchError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from archdsl.analyses.accepted import accepted, impossible
from archdsl.analyses.cost import macs_of_one
from archdsl.analyses.lints import lint
from archdsl.analyses.lints.checked import Checked
from archdsl.analyses.state import parameters, state
from archdsl.diagnostics import Diagnostic, Problem, listing, suggestion
from archdsl.diagnostics.render import ordered, render
from archdsl.elaborate.evaluate import Environment, Steps, evaluate
from archdsl.elaborate.expectations import hold_expectations
from archdsl.elaborate.files import Files, Unreadable, read
from archdsl.elaborate.mistake import Mistake
from archdsl.elaborate.network import NoNetwork, UnknownNetwork, elaborate, is_template, networks
from archdsl.elaborate.parametric import contracts_for_all
from archdsl.elaborate.scope import Constant, FileScope, Scope
from archdsl.garbage import uncollected
from archdsl.graph.nodes import Graph
from archdsl.graph.opened import opened, opened_steps, shortened
from archdsl.limits import TooManyToOpen, limited, limits
from archdsl.passes import through_passes
from archdsl.record import Entity, replace
from archdsl.sizes.shape import Shape
from archdsl.source import Source
from archdsl.syntax.parse import parse_expression

if TYPE_CHECKING:
    import torch
    from torch.nn import Module

    from archdsl.backends.numpy.program import Program
    from archdsl.reports.bench import Bench
    from archdsl.reports.diff import Difference
    from archdsl.reports.summary import Summary

Sizes = Mapping[str, tuple[int, ...]]
Optimization: TypeAlias = Literal["inference"]
"""What a program can be made faster for, where that costs it something else."""
NEIGHBOURS = 3
"""As many passes of a repetition as lints look at: one that follows on other layers, one between its like, and one that
others follow."""


class ArchError(Exception):
    """A spec with mistakes. `problems` are its diagnostics; its text is what a user would see of them."""

    def __init__(self, problems: tuple[Diagnostic, ...]) -> None:
        super().__init__(render(problems))
        self.problems = problems


class Network(Entity):
    """A checked network.

    net = archdsl.load("specs/lenet.arch:LeNet")
    net.parameters      # 61706
    """

    name: str
    source: Source
    graph: Graph
    settings: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    """The files that were read: the spec's own, and those that it imports."""

    def __str__(self) -> str:
        """LeNet: image [N, 1, 28, 28] -> [N, 10], 61,706 parameters"""
        inputs = ", ".join(f"{name} {shape}" for name, shape in self.inputs.items())
        lone = len(self.outputs) == 1
        outputs = ", ".join(str(shape) if lone else f"{name} {shape}" for name, shape in self.outputs.items())
        limits = [claim for claim in self.accepts if not re.fullmatch(r"\w+ >= 1", claim)]
        accepts = f" for {', '.join(limits)}" if limits else ""
        plural = "" if self.parameters == 1 else "s"
        return f"{self.name}: {inputs} -> {outputs}{accepts}, {self.parameters:,} parameter{plural}"

    def __repr__(self) -> str:
        return f"<{self}>"

    @property
    def file(self) -> str:
        """The path of the spec, as it was given."""
        return self.source.name

    @property
    def inputs(self) -> dict[str, Shape]:
        """The shape of each input; sizes may be symbols."""
        return {entry.name: entry.shape for entry in self.graph.inputs}

    @property
    def outputs(self) -> dict[str, Shape]:
        """The shape of each output; a single one without a name is called `out`."""
        return {n: value.shape for n, value in zip(self.graph.output_names, self.graph.outputs, strict=True)}

    @cached_property
    def accepts(self) -> list[str]:
        """Conditions on the free sizes, such as `N >= 1`."""
        return accepted(self.graph)

    @cached_property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        return parameters(self.graph)

    def state(self) -> list[tuple[str, tuple[int, ...]]]:
        """Name and shape of every parameter and buffer, in torch's order."""
        return [(tensor.name, tensor.shape) for tensor in state(self.graph)]

    def summary(self, **sizes: Sequence[int]) -> Summary:
        """What the network costs, whole and layer by layer.

            net.summary(image=(1, 3, 224, 224)).macs

        Arguments are the shapes of inputs, by name. A batch that is not given is one sample; other sizes that are not
        given stay free, and figures are expressions in them. Raises ValueError for shapes that the network refuses.
        """
        from archdsl.analyses.given import settled
        from archdsl.reports.summary import summarize

        return summarize(self.name, self.graph, settled(self.graph, sizes))

    def picture(
        self, form: str = "svg", *, depth: int | None = None, open: Iterable[str] = (), theme: str = "auto"
    ) -> str:
        """The network drawn: "svg", "html" (one page, whose blocks open on a click), "dot" or "mermaid".

            Path("resnet.html").write_text(net.picture("html"), encoding="utf-8")
            net.picture(open=["bottleneck"], theme="light")

        Blocks are open down to `depth` levels (as many as a reader takes in), and those of the names in `open`. SVG
        needs the extra `archdsl[graph]`; without it `archdsl.pictures.svg.NoEngine`, an ImportError, is raised. Raises
        ValueError for an unknown form, theme or block.
        """
        from archdsl.pictures.forms import draw

        return draw(self.graph, form, depth, open, theme)

    def bench(self, backend: str = "numpy", runs: int = 10, **sizes: Sequence[int]) -> Bench:
        """The time of a pass through the network, whole and layer by layer, on the backend "numpy" or "torch".

            print(net.bench("torch", image=(8, 3, 224, 224)))

        Arguments are the shapes of inputs, by name; a batch that is not given is one sample. Raises ValueError where
        another size stays free.
        """
        from archdsl.reports.bench import bench, full_shapes

        graph = self._flat
        if backend == "torch":
            from archdsl.backends.torch.profile import profile

            graph = _for_torch(self._flat, None)
        elif backend == "numpy":
            from archdsl.backends.numpy.profile import profile
        else:
            raise ValueError(f"the backends are numpy and torch, not {backend}")
        shapes = full_shapes(self.graph, sizes)
        return bench(self.name, self._flat, backend, shapes, profile(graph, shapes, runs))

    def _leaving(self, outputs: Sequence[str]) -> Graph:
        """The graph that leaves these values, by their names in the spec; all of it where none are named."""
        from archdsl.passes.outputs import with_outputs

        return with_outputs(self._flat, outputs) if outputs else self._flat

    @cached_property
    def _flat(self) -> Graph:
        """The graph with its repetitions opened, for what runs it; `ArchError` where that makes too many steps."""
        if opened_steps(self.graph) > limits().opened:
            raise ArchError((Diagnostic(TooManyToOpen(limits().opened), self.graph.span),))
        return opened(self.graph)

    def _repr_svg_(self) -> str | None:
        """The picture, for notebooks; nothing where `archdsl[graph]` is not installed."""
        from archdsl.pictures.svg import NoEngine

        try:
            return self.picture("svg")
        except NoEngine:
            return None

    def _repr_html_(self) -> str:
        """The picture above the table of the summary, for notebooks: they show the richest form alone."""
        return f"{self._repr_svg_() or ''}\n{self.summary()._repr_html_()}"

    def torch_source(
        self,
        *,
        outputs: Sequence[str] = (),
        checkpoint: Sequence[str] = (),
        optimize: Optimization | None = None,
        general: bool = False,
    ) -> str:
        """The network as a Python file that depends on torch alone; torch itself is not imported.

            net.torch_source(outputs=["layer2", "layer4"])
            net.torch_source(checkpoint=["basic"])
            net.torch_source(optimize="inference")
            net.torch_source(general=True)

        `outputs` are names of layers, blocks, groups or values: the file returns these values, and holds only what they
        need, under the same names. `checkpoint` are names of blocks that keep nothing but their inputs for the backward
        pass, and run forward again in it. With `optimize="inference"` the network is rewritten to run faster; it cannot
        be trained then. Raises ValueError for names that the network does not have.

        With `general` each class is the block or the network that the spec describes, for every argument: conditions,
        loops, functions and defaults are those of the spec. Raises ValueError, with the reason, for what no class can
        say, and together with `outputs` or `optimize`.
        """
        from archdsl.backends.torch.source import source

        return source(_for_torch(self._leaving(outputs), optimize), self._head(), checkpoint, general)

    def torch(
        self,
        *,
        outputs: Sequence[str] = (),
        checkpoint: Sequence[str] = (),
        optimize: Optimization | None = None,
        state: Mapping[str, torch.Tensor] | None = None,
    ) -> torch.nn.Module:
        """The network as a module: the emitted source, executed; with the weights of `state`, where it is given.

            fast = net.torch(optimize="inference", state=trained.state_dict())

        A network that is optimized for inference takes weights made for the network as it is, as well as its own, and
        one with other `outputs` takes those of the whole network. The other arguments are those of `torch_source`.
        """
        from archdsl.backends.torch.module import module

        graph = self._leaving(outputs)
        made = module(_for_torch(graph, optimize), self._head(), checkpoint)
        if state is not None:
            left_out = _weights(self.graph) - _weights(graph)
            made.load_state_dict({name: tensor for name, tensor in state.items() if name not in left_out})
        return made

    def block_classes(self, *blocks: str, checkpoint: Sequence[str] = ()) -> tuple[type[Module], ...]:
        """The classes of the live module that are blocks of the spec, or those of the blocks that are named.

            net.block_classes()      # of ResNet18: (Basic,)

        For `isinstance`, and for whatever wraps, shards or counts modules by their class. A module made with
        `checkpoint` has classes of its own. Raises ValueError for blocks that the network does not have.
        """
        from archdsl.backends.torch.module import block_classes

        return block_classes(_for_torch(self._flat, None), self._head(), checkpoint, blocks)

    def pipeline(self, stages: int, **sizes: Sequence[int]) -> list[str]:
        """The names of the modules at which to cut the network into stages of about the same work.

            net.pipeline(stages=2, image=(8, 3, 224, 224))      # of ResNet18: ["layer3"]

        Work is counted in multiply-adds. The longest stage is at most a tenth longer than it must be; within that, as
        few numbers as possible cross the cuts. Arguments are the shapes of inputs, by name; without them free sizes
        are taken for 256. Raises ValueError where there are too few places to cut.
        """
        from archdsl.analyses.stages import cuts

        return cuts(self._flat, stages, sizes)

    def dynamic_shapes(self) -> tuple[dict[int, Any], ...]:
        """The free sizes of the inputs for `torch.export.export(…, dynamic_shapes=…)` and `torch.onnx.export`.

            net.dynamic_shapes()      # ({0: Dim("N", min=1), 2: Dim("H", min=33), 3: Dim("W", min=33)},)

        A dictionary for each input, from its axes to `torch.export.Dim` objects, one for each symbol, with what the
        network accepts. torch takes a size of one for a case of its own, so sizes start where none inside falls to one.
        """
        from archdsl.backends.torch.exporting import dynamic_shapes

        return dynamic_shapes(self.graph)

    def numpy_source(self, train: bool = False) -> str:
        """The network as a Python file that depends on NumPy alone; with `train`, losses and optimisers stand in it."""
        from archdsl.backends.numpy.source import source

        return source(self._flat, self._head(), train)

    def numpy(self, seed: int = 0) -> Program:
        """The network as a NumPy program with weights drawn from `seed`."""
        from archdsl.backends.numpy.program import Program

        return Program(self._flat, seed=seed)

    def _head(self) -> str:
        """What a file that is written from the network says at its head."""
        from archdsl.analyses.origin import origin

        return origin(self.graph, self.source, self.settings)


def _for_torch(graph: Graph, what: Optimization | None) -> Graph:
    """The graph after the passes for PyTorch: those that are asked for, or those that every network goes through."""
    if what is None:
        from archdsl.backends.torch.passes import PLAIN

        return through_passes(graph, PLAIN)
    if what != "inference":
        raise ValueError(f'a network can be optimized for "inference", not for {what!r}')
    from archdsl.backends.torch.passes import INFERENCE

    return replace(through_passes(graph, INFERENCE), origin=None)


def _weights(graph: Graph) -> set[str]:
    return {tensor.name for tensor in state(graph)}


class Report(Entity):
    """What a check found: the good networks, and every problem in the order of its place."""

    networks: tuple[Network, ...]
    problems: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Whether there are no errors; warnings are allowed."""
        return not any(problem.is_error for problem in self.problems)


class SeveralNetworks(Problem):
    """One network is wanted, and the file has several.

    network Small { input x: [N, 4]
        linear(3) }
    network Large { input x: [N, 4]
        linear(300) }

    >>> archdsl.load("net.arch")            # error[several-networks]
    >>> archdsl.load("net.arch:Small")      # good
    """

    code = "several-networks"
    message = "the file has several networks: {names}"
    names: str
    example: str

    def help(self) -> str:
        return f"name one of them: {self.example}"


def check(
    path_or_text: str | Path,
    *,
    settings: Mapping[str, str] | None = None,
    sizes: Sizes | None = None,
    limits: Mapping[str, int] | None = None,
) -> Report:
    """Check a file, or a text that holds a spec: anything with a brace or a line break in it is a text.

    archdsl.check("specs/lenet.arch").ok      # True

    `settings` give parameters values in the language's own syntax, `sizes` put numbers in place of symbols, `limits`
    raise or lower what a spec may ask for (`archdsl.limits`).
    """
    if limits:
        with limited(limits):
            return check(path_or_text, settings=settings, sizes=sizes)
    text = str(path_or_text)
    if isinstance(path_or_text, str) and ("{" in text or "\n" in text):
        return check_source(Source("<text>", text), settings=settings, sizes=sizes)
    file, _, network = _split(text)
    try:
        source = read(Path(file), file)
    except Unreadable as error:
        return Report((), (Diagnostic(error.problem, file=file),))
    return check_source(source, network, settings=settings, sizes=sizes)


@uncollected()
def check_source(
    source: Source,
    network: str | None = None,
    settings: Mapping[str, str] | None = None,
    sizes: Sizes | None = None,
) -> Report:
    """Check the networks of a text, or one of them. `settings` are values in the language's own literal syntax."""
    problems: list[Diagnostic] = []
    path = Path(source.name)
    files = Files(problems)
    home, file = files.open(source, path if path.is_file() else None)
    known = len(problems)
    constants = _constants(settings or {}, home, problems)
    if len(problems) > known:
        return _report((), problems)
    found = networks(home)
    if network is not None and network not in found:
        if network not in home.lost:
            hint = suggestion(network, found) or (f"it has {listing(found, 'and')}" if found else "")
            problems.append(Diagnostic(UnknownNetwork(network, hint), file=source.name))
        return _report((), problems)
    wanted = (
        [network]
        if network
        else [n for n, ref in found.items() if not is_template(ref) or len(found) == 1 > len(home.lost)]
    )
    if not found and not problems and not any(item for item in file.items):
        problems.append(Diagnostic(NoNetwork(), file=source.name))
    headers = contracts_for_all(home) if network is None else []
    refuted = {(problem.span, problem.code) for problem in headers}
    problems += headers
    good: list[Network] = []
    for name in wanted:
        mine: list[Diagnostic] = []
        made = elaborate(found[name], constants, sizes or {}, mine)
        if made.graph:
            net = Network(name, source, made.graph, _told(settings or {}, sizes or {}), files.paths)
            mine += impossible(made.graph)
            if made.expectations:
                hold_expectations(made, {"params": net.parameters, "macs": macs_of_one(made.graph)}, mine)
            if not any(problem.is_error for problem in mine):
                good.append(net)
        problems += (problem for problem in mine if (problem.span, problem.code) not in refuted)
    if not any(problem.is_error for problem in problems):
        problems += lint(Checked(file, tuple(shortened(net.graph, NEIGHBOURS) for net in good)))
    return _report(tuple(good), problems)


def _told(settings: Mapping[str, str], sizes: Sizes) -> tuple[str, ...]:
    """Settings and sizes as the command line takes them: `classes=10`, `image=1x3x224x224`."""
    shapes = ("=".join([*filter(None, [name]), "x".join(map(str, shape))]) for name, shape in sizes.items())
    return (*(f"{name}={text}" for name, text in settings.items()), *shapes)


def _report(good: tuple[Network, ...], problems: list[Diagnostic]) -> Report:
    """Problems once each: two networks that use one broken block say the same thing."""
    if not problems:
        return Report(good, ())
    from archdsl.diagnostics.merge import merged  # imported where something is wrong, not at every start

    return Report(good, tuple(ordered(merged(problems))))


def diff(before: Network, after: Network) -> Difference:
    """What changed from one network to another: layers, figures, outputs, names of weights.

    archdsl.diff(archdsl.load("specs/lenet.arch:LeNet"), archdsl.load("specs/lenet.arch:LeNetRelu")).is_empty  # False
    """
    from archdsl.reports.diff import difference

    return difference((before.name, after.name), before.graph, after.graph)


def format(text: str) -> str:
    """A spec in the one style, with its comments and its meaning; `ArchError` where it does not parse.

    archdsl.format("fn f(x)=x*2")      # "fn f(x) = x * 2" and a line break
    """
    from archdsl.syntax.format import format

    formatted, problems = format(Source("<text>", text))
    if formatted is None:
        raise ArchError(tuple(problems))
    return formatted


def load(target: str | Path, *, sizes: Sizes | None = None, **settings: object) -> Network:
    """One checked network of a file: `FILE` where it has one, `FILE:NETWORK` where it has several.

        net = archdsl.load("specs/resnet.arch:ResNet18", classes=10)

    Keyword arguments are values for the network's parameters. Raises `ArchError` on a bad spec, `OSError` on a file
    that can't be opened.
    """
    file, _, network = _split(str(target))
    try:
        source = read(Path(file), file)
    except Unreadable as error:
        if not Path(file).exists():
            raise FileNotFoundError(f"{file}: no such file") from None
        raise ArchError((Diagnostic(error.problem, file=file),)) from None
    return _one(source, network, settings, sizes)


def loads(text: str, network: str | None = None, *, sizes: Sizes | None = None, **settings: object) -> Network:
    """One checked network of a text.

    net = archdsl.loads("network t { input x: [N, 4] \\n linear(3) }")
    """
    return _one(Source("<text>", text), network, settings, sizes)


def only(source: Source, report: Report, network: str | None) -> Network:
    """The one network that is meant; `ArchError` where there are mistakes, or several to choose from."""
    if not report.ok:
        raise ArchError(report.problems)
    chosen = [net for net in report.networks if network in (None, net.name)]
    if len(chosen) > 1:
        names = ", ".join(net.name for net in chosen)
        problem = SeveralNetworks(names, f"{source.name}:{chosen[0].name}")
        raise ArchError((Diagnostic(problem, file=source.name),))
    if not chosen:
        raise ArchError((Diagnostic(NoNetwork(), file=source.name),))
    return chosen[0]


def _one(source: Source, network: str | None, settings: Mapping[str, object], sizes: Sizes | None) -> Network:
    literals = {name: _literal(value) for name, value in settings.items()}
    return only(source, check_source(source, network, literals, sizes), network)


def _split(target: str) -> tuple[str, str, str | None]:
    """FILE, and NETWORK where a target names one; a file whose name holds a colon is a file."""
    file, colon, network = target.rpartition(":")
    if colon and not Path(target).exists() and network.isidentifier():
        return file, colon, network
    return target, "", None


def _literal(value: object) -> str:
    """A Python value as the language writes it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return value if value.isidentifier() else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    raise TypeError(f"a network's parameter cannot be {type(value).__name__}")


def _constants(settings: Mapping[str, str], home: FileScope, problems: list[Diagnostic]) -> dict[str, Constant]:
    """Values given from outside; a bare word is a name of the file, or else a string."""
    constants: dict[str, Constant] = {}
    for name, text in settings.items():
        expression, mistakes = parse_expression(text, f"<{name}>")
        problems += mistakes
        if expression is None:
            continue
        try:
            constants[name] = evaluate(expression, Environment(Scope(home), Steps()))
        except Mistake as mistake:
            if text.isidentifier():
                constants[name] = text
            elif mistake.diagnostic:
                problems.append(mistake.diagnostic)
    return constants
