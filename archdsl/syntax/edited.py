"""A text that is put right before it is parsed, and still knows where each of its characters stood."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate


class Edited:
    """A text with insertions; what is broken up in it is read as one broken statement.

    Edited("add { relu", [(10, "}")]).text      # "add { relu}\\n"
    """

    def __init__(self, text: str, insertions: list[tuple[int, str]]) -> None:
        pieces: list[str] = []
        starts: list[int] = []
        last = total = 0
        for offset, inserted in insertions:
            pieces += (text[last:offset], inserted)
            starts.append(offset + total)
            total += len(inserted)
            last = offset
        self.text = "".join([*pieces, text[last:], "\n"])
        self.lost: set[str] = set()
        self._starts = starts
        self._shifts = [0, *accumulate(len(inserted) for _, inserted in insertions)]
        self._offsets = [offset for offset, _ in insertions]
        self._length = len(text)

    def original(self, place: int) -> int:
        """The offset in the original text of a character of the edited one."""
        if not self._starts:
            return min(place, self._length)
        return min(place - self._shifts[bisect_right(self._starts, place)], self._length)

    def place(self, offset: int) -> int:
        """The offset in the edited text of a character of the original."""
        return offset + self._shifts[bisect_right(self._offsets, offset)]

    def break_up(self, start: int, end: int) -> None:
        """Make a stretch unreadable for good: the parser sees one broken statement in its place."""
        region = self.text[start:end]
        self.lost.update(re.findall(r"\b(?:block|network|fn|input|def|class)\s+([A-Za-z_]\w*+)", region))
        self.lost.update(re.findall(r"^\s*[A-Za-z_]\w*+\s+([A-Za-z_]\w*+)", region))
        self.lost.update(re.findall(r"[A-Za-z_]\w*+", _IMPORTED.sub("", region)) if _IMPORTED.match(region) else ())
        for names in re.findall(r"\bimport\s([^\n]*)|^\s*input\b([^\n]*)", region):
            self.lost.update(re.findall(r"[A-Za-z_]\w*+", "".join(names)))
        self.lost.update(re.findall(r"\b([A-Za-z_]\w*+)\s*+=(?!=)", region))
        self.text = f"{self.text[:start]}\x00{' ' * (end - start - 1)}{self.text[end:]}"


_IMPORTED = re.compile(r"\s*from\s+\"[^\"\n]*\"")
