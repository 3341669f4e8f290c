"""Where the files that come with the package are: the grammar and the zoo.

In the repository `grammars/` and `specs/` stand beside the package; in an installed wheel they lie inside it. Callers
need not know which.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(folder: str, *names: str) -> Path:
    """A folder that comes with the package, or a file in it.

        resource("grammars", "arch.lark")      # …/grammars/arch.lark

    The package's own copy comes first: whatever stands beside an installed package is somebody else's.
    """
    inside = _PACKAGE / folder
    home = inside if inside.is_dir() else _PACKAGE.parent / folder
    return home.joinpath(*names)
