"""The specs that come with the package.

Takes names, returns paths and texts; writes nothing.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from posixpath import normpath

from archdsl.source import Source
from archdsl.syntax import tree
from archdsl.syntax.parse import parse

_PACKAGE = Path(__file__).parent
FOLDER = _PACKAGE / "specs" if (_PACKAGE / "specs").is_dir() else _PACKAGE.parent / "specs"
"""In an installed wheel the specs lie inside the package, in the repository beside it. The package's own come first:
whatever stands beside an installed package is somebody else's."""


def specs() -> dict[str, Path]:
    """Every spec by its name, sorted.

    specs()["lenet"]      # …/specs/lenet.arch
    """
    return {path.relative_to(FOLDER).with_suffix("").as_posix(): path for path in sorted(FOLDER.rglob("*.arch"))}


def about(spec: Path) -> str:
    """The first line of a spec, which says what it describes."""
    first = spec.read_text(encoding="utf-8").partition("\n")[0]
    return first.lstrip("# ").rstrip() if first.startswith("#") else ""


def copies(spec: Path) -> dict[str, str]:
    """What a copy of a spec takes to stand alone: its own text and those of all that it imports, by relative path.

    copies(specs()["resnext"]).keys()      # resnext.arch, resnet.arch
    """
    found: dict[str, str] = {}
    waiting = [spec.name]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = (spec.parent / name).read_text(encoding="utf-8")
            file, _ = parse(Source(name, found[name]))
            imported = (str(item.path.value) for item in file.items if isinstance(item, tree.Import))
            waiting += (normpath(PurePosixPath(name).parent / path) for path in imported)
    return found
