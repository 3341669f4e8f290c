"""Progress on a terminal, for what takes more than a second: a bar where the steps are known, else the seconds so far.

Both are written to standard error, only where that is a terminal, and wiped when the work is done.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TypeVar

import click

Item = TypeVar("Item")

PATIENCE = 1.0
"""Seconds after which a user wants to see that something happens."""
WIPE = "\r\x1b[K"


def steps(items: Sequence[Item], label: str) -> Iterator[Item]:
    """The items one by one, with a bar from the second second on."""
    if len(items) < 2 or not sys.stderr.isatty():
        yield from items
        return
    start = monotonic()
    waiting = iter(enumerate(items))
    for count, item in waiting:
        if monotonic() - start > PATIENCE:
            with click.progressbar(length=len(items), label=label, file=sys.stderr, show_pos=True) as bar:
                bar.update(count)
                yield item
                for _, later in waiting:
                    bar.update(1)
                    yield later
            click.echo(f"\x1b[A{WIPE}", err=True, nl=False)
        else:
            yield item


@contextmanager
def elapsed(label: str) -> Iterator[None]:
    """Tell the seconds that the work inside has taken, from the second second on."""
    if not sys.stderr.isatty():
        yield
        return
    from threading import Event, Thread

    done = Event()

    def tell() -> None:
        start = monotonic()
        while not done.wait(PATIENCE):
            click.echo(f"{WIPE}{label}: {monotonic() - start:.0f} s", err=True, nl=False)

    teller = Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
        click.echo(WIPE, err=True, nl=False)
