"""The command line, and the only place that prints.

Every command exits with 0 when all is well, 1 when a spec has errors, 2 when it was used wrongly or a file cannot be
read or written, and 3 when archdsl itself is at fault. What a command needs is imported inside it, so that
`archdsl check` starts without the libraries that only backends use.
"""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archdsl import __version__

if TYPE_CHECKING:
    from archdsl.compiler import Network, Report
    from archdsl.diagnostics import Diagnostic
    from archdsl.ir.shape import Shape

ERRORS, WRONG_USE, OUR_FAULT, INTERRUPTED, PIPE_CLOSED = 1, 2, 3, 130, 141

Command = TypeVar("Command", bound=Callable[..., Any])


class Misuse(click.ClickException):
    """A wrong use of the command, told in one line."""

    exit_code = WRONG_USE


class Commands(click.Group):
    """A group from which no traceback escapes, unless ARCHDSL_DEBUG is set."""

    def invoke(self, context: click.Context) -> Any:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(context)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            context.exit(INTERRUPTED)
        except BrokenPipeError:
            _discard_output()
            context.exit(PIPE_CLOSED)
        except OSError as error:
            _discard_output()
            raise Misuse(str(error)) from error
        except Exception as fault:
            if os.environ.get("ARCHDSL_DEBUG"):
                raise
            words = f"{type(fault).__name__}: {fault}".partition("\n")[0][:200]
            click.echo(f"Error: archdsl itself broke ({words}); please report this, with the spec", err=True)
            context.exit(OUR_FAULT)

    def main(self, *words: Any, **options: Any) -> Any:
        """Run a command. It makes little garbage, and looking for that would take a fifth of a short one."""
        gc.set_threshold(100_000)
        try:
            return super().main(*words, **options)
        finally:
            gc.freeze()


def _discard_output() -> None:
    """Let go of what standard output has not taken, so that Python's exit does not try once more."""
    with suppress(OSError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"archdsl {__version__}")
        context.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
def main() -> None:
    """Check and compile descriptions of neural networks.

    \b
    A target is a FILE, one network in it (FILE:NETWORK), a directory, which
    means every .arch file below it, or - for standard input.

    \b
    Example:
      archdsl check specs/lenet.arch
      archdsl compile specs/lenet.arch:LeNet --backend torch -o lenet.py

    \b
    Exit codes: 0 all is well, 1 a spec has errors, 2 wrong use or a file that
    cannot be read or written, 3 a fault of archdsl itself.
    """


def _settings(_: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for value in values:
        name, sign, words = value.partition("=")
        if not sign or not name.strip().isidentifier():
            raise click.BadParameter(f"{value!r} is not of the form NAME=VALUE")
        _add(pairs, name.strip(), words)
    return pairs


def _sizes(_: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Sizes by the name of their input; the name is empty where it was left out."""
    pairs: dict[str, tuple[int, ...]] = {}
    for value in values:
        form = re.fullmatch(r"(?:([^\W\d]\w*)=)?([0-9]{1,18}(?:x[0-9]{1,18})*)", value)
        if not form:
            raise click.BadParameter(f"{value!r} is not of the form NAME=1x3x224x224")
        _add(pairs, form[1] or "", tuple(map(int, form[2].split("x"))))
    return pairs


def _limits(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> None:
    """Put other limits in force until the command ends."""
    from archdsl.limits import limited

    pairs: dict[str, int] = {}
    for value in values:
        form = re.fullmatch(r"([a-z]+)=([0-9_]{1,18})", value)
        if not form:
            raise click.BadParameter(f"{value!r} is not of the form NAME=NUMBER")
        _add(pairs, form[1], int(form[2].replace("_", "")))
    try:
        context.with_resource(limited(pairs))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


Given = TypeVar("Given")


def _add(pairs: dict[str, Given], name: str, value: Given) -> None:
    if name in pairs:
        raise click.BadParameter(f"{name or 'the input'} is given twice")
    pairs[name] = value


def _inputs_of_a_check(command: Command) -> Command:
    """The options of every command that checks a spec first."""
    settings = click.option(
        "--set", "settings", multiple=True, callback=_settings, metavar="NAME=VALUE", help="Give a parameter a value."
    )
    sizes = click.option(
        "--input", "sizes", multiple=True, callback=_sizes, metavar="[NAME=]1x3x224x224", help="Fix an input's sizes."
    )
    color = click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour in diagnostics."
    )
    limits = click.option(
        "--limit",
        multiple=True,
        callback=_limits,
        expose_value=False,
        metavar="NAME=NUMBER",
        help="Change how much a spec may ask for.",
    )
    return settings(sizes(limits(color(command))))


@main.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    help="text writes problems to standard error; the others write everything to standard output.",
)
@click.option("--fix", "wanted", is_flag=True, help="Write what can be put right for certain into the files.")
@click.option("--watch", "again", is_flag=True, help="Check again whenever a file changes, until Ctrl-C.")
@click.option("--deny", type=click.Choice(["warnings"]), help="Let warnings fail the check too.")
@_inputs_of_a_check
def check(
    targets: tuple[str, ...],
    form: str,
    wanted: bool,
    again: bool,
    deny: str | None,
    settings: dict[str, str],
    sizes: dict[str, tuple[int, ...]],
    color: str,
) -> None:
    """Infer and check every size, and tell what is wrong.

    Writes a line for each good network: its inputs, its outputs, the sizes that it accepts, its parameters. A comment
    "# allow: CODE" beside or above a stage, an item or the file allows what a warning warns of.

    --fix puts right what is certain: misspelt names, forgotten commas and brackets, True for true, = for ==, a bias
    before batch norm, the same activation twice. It tells what it changed, and checks again.

    \b
    Example:
      archdsl check specs/ my.arch:ResNet18 --set classes=10
    """

    def run() -> bool:
        if wanted:
            _fix(targets, settings, sizes)
        reports = _check(targets, settings, sizes)
        networks = [network for report in reports for network in report.networks]
        problems = _unique(problem for report in reports for problem in report.problems)
        if form == "text":
            qualified = len({network.file for network in networks}) > 1
            for network in networks:
                click.echo(_line(network, qualified))
            _complain(problems, color)
        elif document := _document(form, networks, problems):
            click.echo(document)
        return not any(p.is_error or (deny and p.problem.severity == "warning") for p in problems)

    if again:
        _watch(targets, run)
    elif not run():
        click.get_current_context().exit(ERRORS)


@main.command()
@click.argument("target")
@click.option("--backend", type=click.Choice(["torch", "numpy"]), required=True, help="What the program runs on.")
@click.option("-o", "--output", metavar="FILE", help="Write the program here, whole or not at all.")
@_inputs_of_a_check
def compile(
    target: str,
    backend: str,
    output: str | None,
    settings: dict[str, str],
    sizes: dict[str, tuple[int, ...]],
    color: str,
) -> None:
    """Write a network as a program.

    \b
    Example:
      archdsl compile specs/lenet.arch:LeNet --backend torch -o lenet.py
    """
    network = _network(target, settings, sizes, color)
    text = network.torch_source() if backend == "torch" else network.numpy_source()
    if output is None or output == "-":
        click.echo(text.encode(), nl=False)
    else:
        _write(output, text, network)


@main.command()
def ops() -> None:
    """List every op with its arguments.

    \b
    Example:
      archdsl ops
    """
    from archdsl.manual import op_list

    click.echo(op_list())


@main.command()
@click.argument("target")
@click.option(
    "--stage", type=click.Choice(["tree", "graph"]), required=True, help="What the parser read, or the graph."
)
@_inputs_of_a_check
def show(target: str, stage: str, settings: dict[str, str], sizes: dict[str, tuple[int, ...]], color: str) -> None:
    """Show what the compiler sees, as text.

    \b
    Example:
      archdsl show --stage graph specs/lenet.arch:LeNet
    """
    if stage == "tree":
        click.echo(_tree(target, color))
        return
    from archdsl.ir.text import text

    if Path(target).is_dir():
        raise Misuse(f"{target}: name one FILE or FILE:NETWORK, not a directory")
    (report,) = _check([target], settings, sizes)
    _complain(report.problems, color)
    if not report.ok:
        click.get_current_context().exit(ERRORS)
    click.echo("\n\n".join(text(network.graph) for network in report.networks))


def _tree(target: str, color: str) -> str:
    """The tree of a file; what could not be read is told, and stands in it as a broken node."""
    from archdsl.source import Source
    from archdsl.syntax.parse import parse
    from archdsl.syntax.text import text
    from archdsl.targets import WrongTarget, find, read

    try:
        (found,) = find([target])
        source = read(found.file)
    except (WrongTarget, ValueError) as error:
        raise Misuse(str(error) if isinstance(error, WrongTarget) else f"{target}: name one file") from error
    if not isinstance(source, Source):
        _complain([source], color)
        click.get_current_context().exit(ERRORS)
    file, problems = parse(source)
    _complain(problems, color)
    return text(file)


@main.command()
@click.argument("subject", metavar="CODE|OP")
def explain(subject: str) -> None:
    """Show the manual page of a diagnostic or an op.

    \b
    Example:
      archdsl explain uneven-groups
    """
    from archdsl.manual import page

    try:
        click.echo(page(subject))
    except LookupError as error:
        raise Misuse(str(error.args[0])) from error


@main.group(invoke_without_command=True)
@click.pass_context
def zoo(context: click.Context) -> None:
    """List or copy the specs that come with archdsl.

    \b
    Example:
      archdsl zoo copy lenet
    """
    if context.invoked_subcommand is None:
        context.invoke(list_zoo)


@zoo.command("list")
def list_zoo() -> None:
    """List the specs, each with its first line.

    \b
    Example:
      archdsl zoo list
    """
    from archdsl.zoo import about, specs

    found = specs()
    width = max(map(len, found), default=0)
    for name, path in found.items():
        click.echo(f"{name:<{width}}  {about(path)}".rstrip())


@zoo.command("copy")
@click.argument("name")
@click.argument("directory", default=".", metavar="[DIR]")
def copy_from_zoo(name: str, directory: str) -> None:
    """Copy a spec, and those that it imports, to DIR (here, unless given).

    A file that is already there with other content stays, and nothing is copied.

    \b
    Example:
      archdsl zoo copy lenet models/
    """
    from archdsl.diagnostics import suggestion
    from archdsl.output import write_whole
    from archdsl.zoo import copies, specs

    found = specs()
    spec = found.get(name.removesuffix(".arch"))
    if spec is None:
        raise Misuse(f"the zoo has no {name}: {suggestion(name, found) or 'see archdsl zoo list'}")
    if not Path(directory).is_dir():
        raise Misuse(f"{directory}: no such directory")
    texts = {Path(directory, path): text for path, text in copies(spec).items()}
    for path, text in texts.items():
        if path.exists() and path.read_bytes() != text.encode():
            raise Misuse(f"{path}: already there, with other content")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
        click.echo(str(path))


def _check(words: Iterable[str], settings: dict[str, str], sizes: dict[str, tuple[int, ...]]) -> list[Report]:
    """A report for each file or network that the words name."""
    from archdsl.compiler import Report, check_source
    from archdsl.source import Source
    from archdsl.targets import WrongTarget, find, read

    try:
        texts = [(read(target.file), target.network) for target in find(words)]
    except WrongTarget as error:
        raise Misuse(str(error)) from error
    return [
        check_source(text, network, settings, sizes) if isinstance(text, Source) else Report((), (text,))
        for text, network in texts
    ]


def _watch(words: Sequence[str], run: Callable[[], bool]) -> None:
    """Run again whenever a file that the words name, or one that these import, changes; Ctrl-C ends it well."""
    from archdsl.targets import STDIN, WrongTarget, find
    from archdsl.watch import State, changes, state

    def look() -> State:
        try:
            return state(target.file for target in find(words))
        except WrongTarget:
            return {}

    try:
        if any(target.file == STDIN for target in find(words)):
            raise Misuse("standard input does not change; name a file to watch")
        for files in changes(look):
            try:
                run()
            except Misuse as misuse:
                misuse.show()
            many = f"{len(files)} file{'s' * (len(files) != 1)}"
            click.echo(f"\nwatching {many}; Ctrl-C ends it", err=True)
    except WrongTarget as error:
        raise Misuse(str(error)) from error
    except KeyboardInterrupt:
        click.echo(err=True)


def _fix(words: Iterable[str], settings: dict[str, str], sizes: dict[str, tuple[int, ...]]) -> None:
    """Put right what is certain in the files that words name, all of them or none, and tell what it was."""
    from archdsl.compiler import check_source
    from archdsl.fix import Fix, fix
    from archdsl.output import write_whole
    from archdsl.source import Source
    from archdsl.targets import STDIN, WrongTarget, find, read

    texts: dict[str, tuple[Source, list[Fix]]] = {}
    try:
        for target in find(words):
            if target.file == STDIN:
                raise Misuse("what comes from standard input has no file to fix")
            source = texts[target.file][0] if target.file in texts else read(target.file)
            if not isinstance(source, Source):
                continue

            def check(text: Source, network: str | None = target.network) -> Report:
                return check_source(text, network, settings, sizes)

            after, done = fix(source, check)
            if done:
                texts[target.file] = after, [*texts.get(target.file, (after, []))[1], *done]
    except WrongTarget as error:
        raise Misuse(str(error)) from error
    for file in texts:
        if Path(file).is_symlink():
            raise Misuse(f"{file}: this is a link; fix the file that it leads to (nothing was written)")
        if not os.access(file, os.W_OK):
            raise Misuse(f"{file}: permission denied (nothing was written)")
    for file, (after, done) in texts.items():
        mark = "\ufeff" if Path(file).read_bytes().startswith(b"\xef\xbb\xbf") else ""
        try:
            write_whole(Path(file), mark + after.text)
        except OSError as error:
            raise Misuse(f"{file}: {error.strerror}; this file was not written") from error
        for made in done:
            click.echo(f"fixed {made}", err=True)


def _network(target: str, settings: dict[str, str], sizes: dict[str, tuple[int, ...]], color: str) -> Network:
    """The one good network that a target names."""
    if Path(target).is_dir():
        raise Misuse(f"{target}: name one FILE or FILE:NETWORK, not a directory")
    (report,) = _check([target], settings, sizes)
    _complain(report.problems, color)
    if not report.ok:
        click.get_current_context().exit(ERRORS)
    if len(report.networks) != 1:
        from archdsl.diagnostics import listing

        names = [f"{target}:{network.name}" for network in report.networks]
        several = f"{len(names)} networks; name {listing(names)}"
        raise Misuse(f"{target} holds {several if names else 'no network'}")
    return report.networks[0]


def _write(output: str, text: str, network: Network) -> None:
    from archdsl.output import write_whole

    with suppress(OSError):
        if os.path.samefile(output, network.file):
            raise Misuse(f"{output}: this is the spec itself; give the program another file")
    try:
        write_whole(Path(output), text)
    except (OSError, ValueError) as error:
        raise Misuse(f"{output}: {getattr(error, 'strerror', None) or error}; nothing was written") from error


def _unique(problems: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Problems without those that the same file, read twice, shows twice."""
    seen = {(p.code, p.where, p.span and (p.span.start, p.span.end), p.problem.text, p.notes): p for p in problems}
    return list(seen.values())


def _complain(problems: Sequence[Diagnostic], color: str) -> None:
    """Diagnostics as text, on standard error."""
    if not problems:
        return
    from archdsl.diagnostics.render import render

    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stderr.isatty()
    painted = color == "always" or (color == "auto" and not plain)
    click.echo(render(problems, painted), err=True, color=painted)
    counts = [(sum(p.problem.severity == kind for p in problems), kind) for kind in ("error", "warning")]
    words = [f"{count} {kind}{'s' * (count > 1)}" for count, kind in counts if count]
    if words:
        click.echo(f"\n{', '.join(words)}", err=True)


def _line(network: Network, qualified: bool) -> str:
    """LeNet: image [N, 1, 28, 28] -> [N, 10], 61,706 parameters"""
    name = f"{network.file}:{network.name}" if qualified else network.name
    inputs = ", ".join(f"{name} {shape}" for name, shape in network.inputs.items())
    lone = len(network.outputs) == 1
    outputs = ", ".join(str(shape) if lone else f"{name} {shape}" for name, shape in network.outputs.items())
    limits = [claim for claim in network.accepts if not re.fullmatch(r"\w+ >= 1", claim)]
    accepts = f" for {', '.join(limits)}" if limits else ""
    plural = "" if network.parameters == 1 else "s"
    return f"{name}: {inputs} -> {outputs}{accepts}, {network.parameters:,} parameter{plural}"


def _document(form: str, networks: Sequence[Network], problems: Sequence[Diagnostic]) -> str:
    """Everything that a check found, for a machine to read."""
    import json

    if form == "github":
        from archdsl.diagnostics.github import github

        return github(problems)
    if form == "sarif":
        from archdsl.diagnostics.sarif import sarif

        return json.dumps(sarif(problems, __version__), indent=2)
    from archdsl.diagnostics.render import as_json, ordered

    content = {
        "version": 1,
        "networks": [_as_json(network) for network in networks],
        "problems": [as_json(problem) for problem in ordered(problems)],
    }
    return json.dumps(content, indent=2)


def _as_json(network: Network) -> dict[str, Any]:
    return {
        "file": network.file,
        "name": network.name,
        "inputs": {name: _dims(shape) for name, shape in network.inputs.items()},
        "outputs": {name: _dims(shape) for name, shape in network.outputs.items()},
        "accepts": list(network.accepts),
        "parameters": network.parameters,
    }


def _dims(shape: Shape) -> list[int | str]:
    return [dim if isinstance(dim, int) else str(dim) for dim in shape.dims]
