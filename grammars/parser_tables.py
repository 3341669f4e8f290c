"""Writes the parser's tables, `archdsl/syntax/tables.py`, from the grammar.

    python grammars/parser_tables.py

Lark reads the grammar and finds the states; here they become plain data, numbered alike in every run.
`tests/syntax/test_tables.py` fails where the file is out of date. Where it cannot be imported, take it from git first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from json import dumps
from pathlib import Path
from textwrap import wrap
from typing import Any

import lark

from archdsl.syntax.automaton import Rule, Tables
from archdsl.syntax.words import RESERVED

GRAMMAR = Path(__file__).with_name("arch.lark")
MODULE = Path(__file__).parents[1] / "archdsl" / "syntax" / "tables.py"
STARTS = ("start", "expression")
HEAD = '''"""The tables of the language's grammar, which `automaton.run` follows.

Made by grammars/parser_tables.py from grammars/arch.lark; edit what it is made from.
"""

from archdsl.syntax.automaton import Tables

# fmt: off
'''


def main() -> None:
    MODULE.write_text(source(tables_of(GRAMMAR.read_text(encoding="utf-8"))), encoding="utf-8")


def source(tables: Tables) -> str:
    """The module that holds the tables, an item of a list on a line of its own."""
    fields = "".join(f"    {name}={value},\n" for name, value in _fields(tables))
    return f"{HEAD}TABLES = Tables(\n{fields})\n"


def _fields(tables: Tables) -> Iterator[tuple[str, str]]:
    for name, value in tables.values().items():
        if isinstance(value, list):
            items = "".join(f"{_item(item)},\n" for item in value)
            yield name, f"[\n{items}    ]"
        else:
            yield name, _literal(value)


def _item(value: object) -> str:
    """An item of a list: a pattern with a kind of words on each line, all else broken behind its commas."""
    if isinstance(value, str):
        pieces = re.split(r"(?<=\|)(?=\(\?P<)", value)
        return "        (\n" + "".join(f"            {_literal(piece)}\n" for piece in pieces) + "        )"
    unbroken = _literal(value).replace(": ", ":\N{NO-BREAK SPACE}")
    lines = wrap(unbroken, 110, break_long_words=False, break_on_hyphens=False)
    return "        " + "\n         ".join(lines).replace("\N{NO-BREAK SPACE}", " ")


def parser(grammar: str, **options: Any) -> lark.Lark:
    """Lark's own parser of a grammar; what it makes of a text has every word in it."""
    return lark.Lark(
        grammar, parser="lalr", start=list(STARTS), keep_all_tokens=True, maybe_placeholders=False, **options
    )


def tables_of(grammar: str) -> Tables:
    """The automaton that reads what a grammar describes."""
    made = parser(grammar)
    found: Any = made.parser.parser._parse_table
    states = _reachable(found.states, [found.start_states[start] for start in STARTS])
    place = {state: number for number, state in enumerate(states)}
    rows = [found.states[state] for state in states]
    rule = {rule: number for number, rule in enumerate(made.rules)}
    terminals = {str(terminal.name): terminal for terminal in made.terminals}
    expected: dict[tuple[bool, ...], set[str]] = {}
    for row in rows:
        expected.setdefault(context(row), set()).update(row)
    contexts = list(expected)
    readers = [_reader(terminals, {*kinds, *made.ignore_tokens}) for kinds in (*expected.values(), terminals)]
    return Tables(
        rows=[
            {str(word): place[goal] if goal in place else ~rule[goal] for word, (_, goal) in sorted(row.items())}
            for row in rows
        ],
        rules=[_rule(rule) for rule in made.rules],
        starts={start: place[found.start_states[start]] for start in STARTS},
        ends={start: place[found.end_states[start]] for start in STARTS},
        contexts=[contexts.index(context(row)) for row in rows],
        patterns=[pattern for pattern, _ in readers],
        keywords=[keywords for _, keywords in readers],
        ignored=tuple(map(str, made.ignore_tokens)),
    )


def _reachable(rows: Mapping[Any, Mapping[str, tuple[Any, Any]]], starts: Iterable[Any]) -> list[Any]:
    """The states in an order that is always the same; Lark's own differs from run to run."""
    states = dict.fromkeys(starts)
    waiting = list(states)
    while waiting:
        row = rows[waiting.pop()]
        new = [goal for _, (_, goal) in sorted(row.items()) if goal in rows and goal not in states]
        states.update(dict.fromkeys(new))
        waiting += dict.fromkeys(new)
    return list(states)


def context(row: Collection[str]) -> tuple[bool, ...]:
    """What of the words that can come at a state changes how a text is cut into words. States that agree on it share
    a pattern, so that there are few of them to compile."""
    return tuple(name in row for name in ("_NEWLINE", "TEMPLATE", "KIND"))


def _reader(terminals: Mapping[str, Any], kinds: Collection[str]) -> tuple[str, dict[str, str]]:
    """The pattern that reads words of these kinds, the longest rule first among equals as in Lark, and the keywords
    among what it takes for names."""
    words = {name: terminal for name, terminal in terminals.items() if terminal.pattern.type == "str"}
    name = re.compile(terminals["NAME"].pattern.to_regexp())
    keywords = {t.pattern.value: kind for kind, t in words.items() if name.fullmatch(t.pattern.value)}
    signs = [terminals[kind] for kind in kinds if kind in terminals]
    if "NAME" in kinds:
        signs = [terminal for terminal in signs if terminal.pattern.value not in keywords]
    signs.sort(key=lambda t: (-t.priority, -t.pattern.max_width, -len(t.pattern.value), t.name))
    pattern = "|".join(f"(?P<{terminal.name}>{terminal.pattern.to_regexp()})" for terminal in signs)
    return pattern, {text: kind for text, kind in keywords.items() if kind in kinds or text in RESERVED}


def _rule(rule: Any) -> Rule:
    """A rule as the automaton needs it. What a rule with an underscore holds, belongs to the rule around it."""
    origin, expansion = str(rule.origin.name), rule.expansion
    spliced = tuple(not symbol.is_term and symbol.name.startswith("_") for symbol in expansion)
    name = "" if origin.startswith("_") else str(rule.alias or origin)
    is_thin = bool(rule.options.expand1 and not rule.alias)
    return origin, len(expansion), name, is_thin, spliced if any(spliced) else ()


def _literal(value: object) -> str:
    """A value as Python writes it, in double quotes."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_literal(key)}: {_literal(item)}' for key, item in value.items())}}}"
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))}{',' * (len(value) == 1)})"
    return dumps(value) if isinstance(value, str) else repr(value)


if __name__ == "__main__":
    main()
