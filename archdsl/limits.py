"""How much a spec may ask for, so that every one ends, and a hostile one ends at once.

The limits are far above what networks need. Who needs more says so: `archdsl check --limit stages=10_000_000`, or
`archdsl.check(…, limits={"stages": 10_000_000})`. Each limit has its own diagnostic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ClassVar

from archdsl.diagnostics import Problem
from archdsl.record import Record


class Limits(Record):
    """The limits in force."""

    bytes: int = 4 * 2**20
    words: int = 60_000
    lines: int = 100_000
    nesting: int = 100
    digits: int = 1000
    bits: int = 1024
    items: int = 100_000
    steps: int = 200_000
    terms: int = 400
    calls: int = 150
    bodies: int = 3_000
    stages: int = 1_000_000
    layers: int = 10_000_000
    opened: int = 100_000


DEFAULT = Limits()
_limits: ContextVar[Limits] = ContextVar("limits", default=DEFAULT)


def limits() -> Limits:
    """The limits in force."""
    return _limits.get()


@contextmanager
def limited(changes: Mapping[str, int]) -> Iterator[None]:
    """Other limits for a while.

    with limited({"stages": 10_000_000}): …
    """
    unknown = set(changes) - set(Limits._fields)
    if unknown:
        raise ValueError(f"there is no limit {sorted(unknown)[0]}: the limits are {', '.join(Limits._fields)}")
    token = _limits.set(Limits(**{**limits().values(), **changes}))
    try:
        yield
    finally:
        _limits.reset(token)


class OverLimit(Problem):
    """The base of what is said when a limit is reached."""

    name: ClassVar[str] = ""
    limit: int

    def help(self) -> str:
        return f"if it is meant, raise the limit: --limit {self.name}={2 * self.limit}"


class FileTooLarge(OverLimit):
    """A spec has at most 4 MiB; the largest networks that were published fit into a few thousand characters.

    network t { input x: [N, 4]
        linear(3) }

    $ archdsl check net.arch --limit bytes=20      # error[file-too-large]
    $ archdsl check net.arch                       # good
    """

    code = "file-too-large"
    message = "the file has more than {limit} bytes"
    name = "bytes"


class TooManyWords(OverLimit):
    """A spec has at most 60,000 words and signs; repetition and blocks say more with fewer.

    network t { input x: [N, 4]
        linear(3) }

    $ archdsl check net.arch --limit words=10      # error[too-many-words]
    $ archdsl check net.arch                       # good
    """

    code = "too-many-words"
    message = "the file has more than {limit} words and signs"
    name = "words"


class TooManyLines(OverLimit):
    """A spec has at most 100,000 lines, comments and empty lines counted.

    network t { input x: [N, 4]
        linear(3) }

    $ archdsl check net.arch --limit lines=1      # error[too-many-lines]
    $ archdsl check net.arch                      # good
    """

    code = "too-many-lines"
    message = "the file has more than {limit} lines"
    name = "lines"


class NestedTooDeep(OverLimit):
    """Brackets nest at most a hundred deep. Blocks, functions and parameters give the inner parts names.

    network t { input x: [N, 4]
        linear(max(1, min(2, 3))) }

    $ archdsl check net.arch --limit nesting=2      # error[nested-too-deep]
    $ archdsl check net.arch                        # good
    """

    code = "nested-too-deep"
    message = "brackets nest deeper than {limit}"
    name = "nesting"


class TooManyDigits(OverLimit):
    """A number is written with fewer than a thousand digits.

    network t { input x: [N, 4]
        linear(100_000) }

    $ archdsl check net.arch --limit digits=6      # error[too-many-digits]
    $ archdsl check net.arch                       # good
    """

    code = "too-many-digits"
    message = "a number of {limit} digits or more"
    name = "digits"


class NumberTooLarge(OverLimit):
    """Integers stay below 2**1024.

    conv(2 ** 2000, kernel=1)      # error[number-too-large]
    conv(2 ** 5, kernel=1)         # good
    """

    code = "number-too-large"
    message = "a number of more than {limit} bits"
    name = "bits"


class ListTooLong(OverLimit):
    """Lists and strings have at most 100,000 items, those of the lists inside a list counted.

    for i in range(10 ** 9) { relu }      # error[list-too-long]
    for i in range(10) { relu }           # good
    """

    code = "list-too-long"
    message = "a list of more than {limit} items"
    name = "items"


class TooMuchToEvaluate(OverLimit):
    """The functions of a spec take at most 200,000 steps.

    fn fib(n) = n if n < 2 else fib(n - 1) + fib(n - 2)              # error[too-much-to-evaluate]: for 40
    fn fib(n, a=0, b=1) = a if n == 0 else fib(n - 1, b, a + b)      # good: each of them once

    network t {
        input x: [N, 4]
        linear(fib(40))
    }
    """

    code = "too-much-to-evaluate"
    message = "the functions of the spec take more than {limit} steps"
    name = "steps"


class SizeTooLong(OverLimit):
    """A size is a formula of at most 400 symbols, those inside its divisions, `min` and `max` counted.

    fn p(x, n) = x if n == 0 else p((x + 1) // 2 + (x + 2) // 3, n - 1)      # error[size-too-long]
    fn p(x, n) = x if n == 0 else p((x + 1) // 2, n - 1)                     # good

    network t {
        input x: [N, 2, H, W]
        relu
        expect p(x.height, 12) > 0
    }
    """

    code = "size-too-long"
    message = "a size is a formula of more than {limit} symbols"
    name = "terms"


class TooManyBodies(OverLimit):
    """Blocks are opened at most 3,000 times: once for each set of arguments and shapes.

    block a(n, k) {
        if n > 0 {
            a(n - 1, 2 * k) -> a(n - 1, 2 * k + 1)      # error[too-many-bodies]
            a(n - 1, k) -> a(n - 1, k)                  # good
        } else { linear(4) }
    }

    network t {
        input x: [N, 4]
        a(13, 1)
    }
    """

    code = "too-many-bodies"
    message = "blocks are opened more than {limit} times, with other arguments or shapes each time"
    name = "bodies"


class CallsTooDeep(OverLimit):
    """Blocks and functions call each other at most 150 deep: more is usually a recursion without an end.

    block wider(n) { linear(n) -> wider(n + 1) }                   # error[calls-too-deep]
    block wider(n) { linear(n) -> if n < 8 { wider(n + 1) } }      # good

    network t {
        input x: [N, 4]
        wider(1)
    }
    """

    code = "calls-too-deep"
    message = "calls nest deeper than {limit}"
    name = "calls"

    def help(self) -> str:
        return "a recursion needs a parameter that shrinks and an if that ends it"


class TooManyStages(OverLimit):
    """Repetition opens at most a million stages, counted before any is opened.

    repeat 10 ** 9 { relu }      # error[too-many-stages]
    repeat 10 { relu }           # good
    """

    code = "too-many-stages"
    message = "repetition opens more than {limit} stages"
    name = "stages"


class TooManyLayers(OverLimit):
    """A network has at most ten million layers, the repeated uses of a block counted each.

    block twice(n) { if n > 0 { twice(n - 1) -> twice(n - 1) } else { relu } }      # error[too-many-layers]: for 60
    block twice(n) { if n > 0 { linear(n) -> twice(n - 1) } else { relu } }         # good: one call for each n

    network t {
        input x: [N, 4]
        twice(60)
    }
    """

    code = "too-many-layers"
    message = "the network has more than {limit} layers"
    name = "layers"


class TooManyToOpen(OverLimit):
    """A program is a list of at most 100,000 steps, every pass of a repetition among them; figures need no list.

    network t { input x: [N, 4]
        repeat 200_000 { relu } }

    >>> archdsl.load("net.arch").numpy_source()      # error[too-many-to-open]
    >>> archdsl.load("net.arch").summary()           # good
    """

    code = "too-many-to-open"
    message = "with all passes of its repetitions the network has more than {limit} steps"
    name = "opened"
