"""Files and what they declare: imports are followed, never outside the project's root."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

from archdsl.diagnostics import Diagnostic, Label, Problem, suggestion
from archdsl.elaborate.scope import FileScope, NameTaken, UnknownName
from archdsl.elaborate.values import BlockRef, FunctionRef, NetworkRef
from archdsl.limits import CallsTooDeep, FileTooLarge, limits
from archdsl.source import Source, Span
from archdsl.syntax import tree
from archdsl.syntax.parse import parse


class BadImport(Problem):
    """An import names a spec below the project's root, and names in it.

    # blocks.arch
    block basic(features) { linear(features) -> relu }

    # net.arch
    from "block.arch" import basic       # error[bad-import]
    from "blocks.arch" import basic      # good
    network t { input x: [N, 4]
        basic(3) }
    """

    code = "bad-import"
    message = "{path} cannot be imported: {reason}"
    path: str
    reason: str
    near: str = ""

    def help(self) -> str:
        return self.near


MARKS = ("pyproject.toml", ".git", "archdsl.toml")


class CannotRead(Problem):
    """A spec is a text file in UTF-8 that can be opened.

    network t { input x: [N, 4]
        linear(3) }

    >>> archdsl.check("nte.arch")      # error[cannot-read]
    >>> archdsl.check("net.arch")      # good
    """

    code = "cannot-read"
    message = "{reason}"
    reason: str


class Unreadable(Exception):
    """A file that can't be read as a text; carries what is wrong with it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


def read(path: Path, name: str) -> Source:
    """The text of a spec; `Unreadable` says in one line why there is none."""
    return Source(name, decode(content(path)))


def content(path: Path) -> bytes:
    """The bytes of a spec, and no more than one too many; `Unreadable` where there are none."""
    try:
        if path.is_dir():
            raise Unreadable(CannotRead("this is a directory"))
        with path.open("rb") as file:
            return file.read(limits().bytes + 1)
    except (OSError, ValueError) as error:
        raise Unreadable(CannotRead((getattr(error, "strerror", None) or str(error)).lower())) from None


def decode(data: bytes) -> str:
    """A text in UTF-8; a form feed is a space."""
    if len(data) > limits().bytes:
        raise Unreadable(FileTooLarge(limits().bytes))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(CannotRead("this is not a text in UTF-8")) from None
    if "\0" in text:
        raise Unreadable(CannotRead("this is not a text"))
    return text.replace("\f", " ")


class Files:
    """The files of one run, each parsed once."""

    def __init__(self, problems: list[Diagnostic]) -> None:
        self.problems = problems
        self._scopes: dict[Path, FileScope | None] = {}
        self._root: Path | None = None
        self._depth = 0

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that were read, links followed."""
        return tuple(self._scopes)

    def open(self, source: Source, path: Path | None) -> tuple[FileScope, tree.File]:
        """The scope of a text; `path` is where it lies, None for one that lies nowhere and imports nothing."""
        file, problems = parse(source)
        self.problems += problems
        scope = FileScope(source, lost=file.lost)
        if path:
            self._scopes[path.resolve()] = None
            self._root = self._root or _root(path)
        for item in file.items:
            if isinstance(item, tree.Import):
                self._import(item, scope, path)
            elif not isinstance(item, tree.Broken):
                self._declare(item, scope)
        if path:
            self._scopes[path.resolve()] = scope
        return scope, file

    def _declare(self, item: tree.Block | tree.Network | tree.Family | tree.Function, scope: FileScope) -> None:
        name = item.name
        if name.name in scope.places:
            label = Label(scope.places[name.name], "first here")
            self.problems.append(Diagnostic(NameTaken(name.name), name.span, (label,)))
            return
        scope.places[name.name] = name.span
        if isinstance(item, tree.Block):
            scope.names[name.name] = BlockRef(item, scope)
        elif isinstance(item, tree.Function):
            scope.names[name.name] = FunctionRef(item, scope)
        else:
            scope.names[name.name] = NetworkRef(item, scope)

    def _import(self, item: tree.Import, scope: FileScope, path: Path | None) -> None:
        found = self._imported(str(item.path.value), item.path.span, scope, path)
        for name in item.names:
            if found is None:
                scope.lost |= {name.name}
            elif name.name in found.names:
                if name.name in scope.places:
                    label = Label(scope.places[name.name], "first here")
                    self.problems.append(Diagnostic(NameTaken(name.name), name.span, (label,)))
                    continue
                scope.places[name.name] = name.span
                scope.names[name.name] = found.names[name.name]
            else:
                scope.lost |= {name.name}
                if name.name not in found.lost:
                    near = suggestion(name.name, found.names) or f"{found.source.name} has no such name"
                    scope.lost |= set(re.findall(r"\w+", near))  # what was meant is used below
                    self._report(UnknownName(name.name, near), name.span)

    def _imported(self, text: str, span: Span, scope: FileScope, path: Path | None) -> FileScope | None:
        reason, target = _resolve(text, path, self._root)
        if target is None:
            self._report(BadImport(text, reason, _near(text, path)), span)
            return None
        if target in self._scopes:
            known = self._scopes[target]
            if known is None:
                self._report(BadImport(text, "the files import each other in a circle"), span)
            return known
        try:
            source = read(target, str(Path(scope.source.name).parent / text))
        except Unreadable as error:
            self._report(BadImport(text, str(error)), span)
            return None
        if self._depth >= limits().calls:
            self._report(CallsTooDeep(limits().calls), span)
            return None
        self._depth += 1
        try:
            return self.open(source, target)[0]
        finally:
            self._depth -= 1

    def _report(self, problem: Problem, span: Span) -> None:
        self.problems.append(Diagnostic(problem, span))


def _resolve(text: str, path: Path | None, root: Path | None) -> tuple[str, Path | None]:
    """The file that an import names, or why there is none. Links are followed before the root is compared."""
    if path is None or root is None:
        return "a spec that is not in a file imports nothing", None
    if not text.endswith(".arch"):
        return "a spec's name ends in .arch", None
    if Path(text).is_absolute() or "\\" in text or "\0" in text or len(text) > 1000:
        return "the path must be relative to this file", None
    try:
        target = (path.parent / text).resolve(strict=True)
    except (OSError, RuntimeError):
        return "there is no such file", None
    if not target.is_relative_to(root):
        return f"it lies outside the project ({root.name or root})", None
    if not target.is_file():
        return "it is not a file", None
    return "", target


def _near(text: str, path: Path | None) -> str:
    """A spec in the same folder that may have been meant."""
    if path is None or "/" in text or "\\" in text:
        return ""
    return suggestion(text, (entry.name for entry in islice(path.parent.glob("*.arch"), 1000) if entry != path))


def _root(path: Path) -> Path:
    """The project's root: the nearest folder above with a mark of one, else the file's own folder."""
    folder = path.resolve().parent
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in MARKS):
            return candidate
    return folder
