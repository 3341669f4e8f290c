"""Names for emitted Python: of variables, so that a chain keeps one name and a branch shows by its own.

    x = net(conv, image, …)       # a chain is x
    a = net(conv, x, …)           # the first arm of a branch is a, the next one b
    x = net(add, a, x)            # what joins them is x again
    c1 = net(relu, x)             # a value that is used later has the name that the spec gives it

The spec's names are kept where Python allows them; a value that nothing uses is _.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import count

from archdsl.backends.numpy.plan import Plan, last_uses
from archdsl.backends.python.names import KEYWORDS, identifier

LETTERS = "xabcdefghjkmnpqrstuvwyz"


def output_names(flat: Plan) -> tuple[str, ...]:
    """The outputs' names as fields of a named tuple, which may not start with an underscore."""
    names: list[str] = []
    for name in flat.outputs:
        word = identifier(name, (), KEYWORDS).lstrip("_")
        names.append(identifier(word if word[:1].isalpha() else f"out{word}", names, KEYWORDS))
    return tuple(names)


def variables(flat: Plan, taken: Collection[str]) -> list[str]:
    """The variable of every value, by number; none is a word of `taken`."""
    uses = Counter(value for step in flat.steps for value in step.inputs)
    uses.update(flat.outputs.values())
    names: list[str] = []
    for name in flat.inputs:
        names.append(identifier(name, {*taken, *names}))
    alive = dict(enumerate(names))
    given = _given_names(flat, uses, taken)
    for step, dead in zip(flat.steps, last_uses(flat), strict=True):
        source = names[step.inputs[0]] if len(step.inputs) == 1 else ""
        forks = uses[step.inputs[0]] > 1
        ranges = source if source in tuple(LETTERS) and not forks else ""
        for value in dead:
            alive.pop(value, None)
        for value in step.outputs:
            held = {*taken, *alive.values(), *({source} if forks else ())}
            wishes = _numbered(given[value]) if value in given else _free(ranges)
            name = next(wish for wish in wishes if wish not in held) if uses[value] else "_"
            names.append(name)
            alive[value] = name
        for value in dead:
            alive.pop(value, None)
    return names


def _given_names(flat: Plan, uses: Counter[int], taken: Collection[str]) -> dict[int, str]:
    """The names that the spec gives to outputs, if there are several, and to values that are not used up at once."""
    given = {value: identifier(label, taken) for value, label in flat.labels.items()}
    for value in flat.outputs.values():
        if uses[value] == 1:
            given.pop(value, None)
    for step, after in zip(flat.steps, flat.steps[1:], strict=False):
        for value in step.outputs:
            if uses[value] == 1 and value in after.inputs:
                given.pop(value, None)
    if len(flat.outputs) > 1:
        fields = zip(output_names(flat), flat.outputs.values(), strict=True)
        given.update((value, identifier(name, taken)) for name, value in fields)
    return given


def _free(ranges: str) -> Iterator[str]:
    yield from (ranges, *LETTERS) if ranges else LETTERS
    yield from (f"x{number}" for number in count(1))


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name.rstrip('_')}_{number}" for number in count(2))
