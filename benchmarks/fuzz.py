"""Random texts for the checker and the formatter: nothing but diagnostics may come of them, and soon.

    python benchmarks/fuzz.py                 # 2,000 inputs
    python benchmarks/fuzz.py 1000000 7       # as many, from another start; writes results/fuzz.md

Inputs are specs of the zoo and of the pages of mistakes, changed byte by byte, word by word or line by line, two of
them spliced, and derivations of the grammar. Each is checked, what is wrong with it is rendered in every form, and it
is formatted twice. An exception, or an input that takes longer than `SLOW`, is printed with its number: the same start
and number give the same input again.
"""

from __future__ import annotations

import random
import re
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import archdsl
from archdsl.diagnostics.github import github
from archdsl.diagnostics.render import render
from archdsl.diagnostics.sarif import sarif

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results"
SLOW = 2.0
"""Seconds of the process that no input may take."""
LONGEST = 20_000
WORD = re.compile(r'"(?:[^"\\\n]|\\.)*"|#[^\n]*|\w+|->|\*\*|//|[=<>!]=|\s+|.')


def seeds() -> list[str]:
    """Texts to start from."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "specs").rglob("*.arch"))]
    for page in sorted((ROOT / "tests").rglob("*.md")):
        texts += re.findall(r"^```arch\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    return texts


def by_bytes(chance: random.Random, texts: list[str]) -> str:
    """Bytes changed, inserted, removed; what is no UTF-8 then is told by another path, and left out here."""
    data = bytearray(chance.choice(texts).encode())
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(len(data) + 1)
        data[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 2))
    return data.decode(errors="ignore")


def by_words(chance: random.Random, texts: list[str]) -> str:
    """Words changed, doubled, removed, or taken from another text."""
    words, others = WORD.findall(chance.choice(texts)), WORD.findall(chance.choice(texts))
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(words) + 1)
        words[place : place + chance.randint(0, 2)] = chance.choices(others or [" "], k=chance.randint(0, 3))
    return "".join(words)


def by_lines(chance: random.Random, texts: list[str]) -> str:
    """Lines removed, doubled, moved, or taken from another text."""
    lines, others = chance.choice(texts).split("\n"), chance.choice(texts).split("\n")
    for _ in range(chance.randint(1, 5)):
        place, other = chance.randrange(len(lines) + 1), chance.randrange(len(others))
        lines[place : place + chance.randint(0, 2)] = chance.choice([others[other : other + 3], lines[:2], []])
    return "\n".join(lines)


def spliced(chance: random.Random, texts: list[str]) -> str:
    """The head of one text and the tail of another."""
    head, tail = chance.choice(texts), chance.choice(texts)
    return head[: chance.randrange(len(head) + 1)] + tail[chance.randrange(len(tail) + 1) :]


def derived(chance: random.Random, texts: list[str]) -> str:
    """A derivation of the grammar: right by its syntax, of any meaning."""
    words = _derive("start", chance, 0, [300])
    return re.sub(r" ?\n ?", "\n", " ".join(words))


def _derive(symbol: str, chance: random.Random, depth: int, room: list[int]) -> Iterator[str]:
    rules = _grammar()
    if symbol not in rules:
        yield chance.choice(_WORDS.get(symbol, ["x"]))
        return
    room[0] -= 1
    least, options = rules[symbol]
    short = depth > 12 or room[0] < 0
    expansion = chance.choice([e for height, e in options if height == least] if short else [e for _, e in options])
    for part in expansion:
        yield from _derive(part, chance, depth + 1, room)


_WORDS = {
    "NAME": ["x", "y", "relu", "conv", "linear", "b", "n", "N", "H", "add", "concat", "max_pool", "channels", "range"],
    "INT": ["0", "1", "2", "3", "4", "16", "1_000", "99999"],
    "FLOAT": ["0.5", "1e3", "2.0"],
    "STRING": ['"a"', '"x y"', '"\\n"'],
    "TEMPLATE": ["x{1}", "layer{n + 1}"],
    "_NEWLINE": ["\n"],
}
_KEPT: dict[str, tuple[int, list[tuple[int, list[str]]]]] = {}


def _grammar() -> dict[str, tuple[int, list[tuple[int, list[str]]]]]:
    """The rules by their names: how high the lowest derivation is, and each alternative with its height."""
    if _KEPT:
        return _KEPT
    from lark import Lark

    lark = Lark((ROOT / "grammars" / "arch.lark").read_text(encoding="utf-8"), parser="lalr", start="start")
    for terminal in lark.terminals:
        if type(terminal.pattern).__name__ == "PatternStr":
            _WORDS.setdefault(terminal.name, [terminal.pattern.value])
    found: dict[str, list[list[str]]] = {}
    for rule in lark.rules:
        found.setdefault(str(rule.origin.name), []).append([str(part.name) for part in rule.expansion])
    heights: dict[str, int] = {}
    for _ in found:
        for name, options in found.items():
            known = [[heights.get(part, 0 if part not in found else 10**6) for part in option] for option in options]
            heights[name] = min(1 + max(parts, default=0) for parts in known)
    for name, options in found.items():
        rated = [(1 + max((heights.get(part, 0) for part in option), default=0), option) for option in options]
        _KEPT[name] = heights[name], rated
    return _KEPT


WAYS: dict[str, Callable[[random.Random, list[str]], str]] = {
    "bytes": by_bytes,
    "words": by_words,
    "lines": by_lines,
    "spliced": spliced,
    "grammar": derived,
}


class TooSlow(Exception):
    """An input took longer than it may."""


def tried(text: str) -> set[str]:
    """What the checker says of a text; raises what must not be raised."""
    report = archdsl.check(text)
    render(report.problems, color=True)
    github(report.problems)
    sarif(report.problems, "0")
    try:
        formatted = archdsl.format(text)
    except archdsl.ArchError:
        formatted = None
    if formatted is not None:
        assert archdsl.format(formatted) == formatted, "formatting is not at rest"
    return {problem.code for problem in report.problems}


def number(start: int, index: int, texts: list[str]) -> tuple[str, str]:
    """The input of a number, and the way in which it is made."""
    chance = random.Random(f"{start} {index}")
    way = chance.choice(list(WAYS))
    return way, WAYS[way](chance, texts)[:LONGEST] + "\n"


def main(count: int, start: int, written: bool) -> int:
    def stop(_: int, __: object) -> None:
        raise TooSlow

    signal.signal(signal.SIGVTALRM, stop)
    texts, ways, codes, broken = seeds(), Counter[str](), Counter[str](), []
    slowest: list[tuple[float, int]] = []
    for index in range(count):
        way, text = number(start, index, texts)
        ways[way] += 1
        signal.setitimer(signal.ITIMER_VIRTUAL, SLOW)
        began = time.process_time()
        try:
            codes.update(tried(text) or {"(good)"})
        except Exception as fault:
            broken.append(f"{index} ({way}): {type(fault).__name__}: {str(fault)[:200]!a}")
            print(broken[-1], flush=True)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        slowest = sorted([*slowest, (time.process_time() - began, index)], reverse=True)[:5]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    made = ", ".join(f"{number:,} {way}" for way, number in ways.items())
    page = [
        "# Random texts",
        "",
        f"`python benchmarks/fuzz.py {count} {start}`: {count:,} inputs ({made}).",
        f"{len(broken)} broke something or took longer than {SLOW:.0f} s; the slowest five took",
        f"{', '.join(f'{seconds:.2f} s' for seconds, _ in slowest)}. The process held {peak} MB at most.",
        f"{codes['(good)']:,} inputs were good; {len(codes) - ('(good)' in codes)} kinds of diagnostics were given.",
        "",
        *(f"- {line}" for line in broken),
    ]
    print("\n".join(page))
    if written:
        (RESULTS / "fuzz.md").write_text("\n".join(page).rstrip() + "\n", encoding="utf-8")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(int((sys.argv[1:] or ["2000"])[0]), int((sys.argv[2:] or ["0"])[0]), len(sys.argv) > 1))
