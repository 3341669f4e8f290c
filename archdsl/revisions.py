"""Specs as they were: files of a git revision, laid out in a folder for the compiler to read.

`REV:PATH` names a file as git does: PATH counts from the top of the repository, `./PATH` from here. All specs of the
revision are laid out, since a spec may import others, and they are those of its time. Git itself is asked for them; it
runs no hooks and changes nothing.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from archdsl.elaborate.files import MARKS
from archdsl.limits import limits
from archdsl.targets import WrongTarget

PLAIN = ("100644", "100755")
"""The modes of files that are neither links nor submodules."""

EMPTY, TOO_LARGE = "", "too large"
"""What stands for the content of files that are not asked for."""


def lay_out(revision: str, folder: Path) -> Path:
    """Write the specs of a revision into a folder; returns where in it the working directory would be.

    lay_out("HEAD~1", folder) / "specs/resnet.arch"

    Raises `WrongTarget` where git, the repository or the revision is missing.
    """
    if revision.startswith("-"):
        raise WrongTarget(f"{revision}: this is no revision")
    _git("rev-parse", "--is-inside-work-tree")
    commit = _git(
        "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", otherwise=f"no revision {revision}"
    ).strip()
    prefix = _git("rev-parse", "--show-prefix").strip()
    specs: list[tuple[Path, str]] = []
    for entry in filter(None, _git("ls-tree", "-r", "-z", "-l", "--full-tree", commit).split("\0")):
        facts, _, path = entry.partition("\t")
        mode, _, blob, size = facts.split()
        place = folder / path
        if mode not in PLAIN or ".." in place.parts or not place.is_relative_to(folder):
            continue
        if place.suffix == ".arch":
            specs.append((place, blob if int(size) <= limits().bytes else TOO_LARGE))
        elif place.name in MARKS:
            specs.append((place, EMPTY))
    contents = _contents([blob for _, blob in specs if blob not in (EMPTY, TOO_LARGE)])
    for place, blob in specs:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(contents.get(blob, b""))
        if blob == TOO_LARGE:
            os.truncate(place, limits().bytes + 1)  # it is refused for its size, whatever it holds
    (folder / MARKS[-1]).touch()
    return folder / prefix


def _contents(blobs: list[str]) -> dict[str, bytes]:
    """The contents of files, asked for all at once."""
    asked = "".join(f"{blob}\n" for blob in blobs).encode()
    answer = subprocess.run(["git", "cat-file", "--batch"], input=asked, capture_output=True, check=True).stdout
    contents: dict[str, bytes] = {}
    start = 0
    for blob in blobs:
        head = answer.index(b"\n", start)
        size = int(answer[start:head].split()[2])
        contents[blob] = answer[head + 1 : head + 1 + size]
        start = head + size + 2
    return contents


def _git(*words: str, otherwise: str = "") -> str:
    """What a command of git prints; its own words, or other ones, where it fails."""
    try:
        done = subprocess.run(["git", *words], capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"})
    except OSError as error:
        raise WrongTarget("git is needed to read a revision, and is not found") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise WrongTarget(otherwise or (said[-1].removeprefix("fatal: ") if said else f"git {words[0]} failed"))
    return done.stdout.decode("utf-8", "surrogateescape")
