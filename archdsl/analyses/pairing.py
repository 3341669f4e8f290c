"""Which layer of one body is which of another: by name, by what it reads, by its kind and its place.

Takes two sequences of nodes, returns pairs of indexes. No step takes what one before it has paired: first what is
called and reads the same, in order; then what is called the same; then what reads the same, between the same
neighbours and anywhere; then what is of one kind between the same neighbours; last, as many layers, or as many
blocks, as stand there on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TypeAlias

from archdsl.graph.nodes import Apply, Repeat, Step
from archdsl.graph.text import call

Word: TypeAlias = "Callable[[Step], Hashable]"
Pairs: TypeAlias = "list[tuple[int, int]]"


def paired(before: Sequence[Step], after: Sequence[Step]) -> Pairs:
    """The indexes of the nodes that are the same, in the order of the first sequence.

    paired(resnet18.nodes, resnet34.nodes)      # [(0, 0), (1, 1), …]
    """
    return _Pairing(before, after).run()


def longest_rising(pairs: Pairs) -> Pairs:
    """The most pairs that keep their order; the others have moved.

    longest_rising([(0, 1), (1, 0), (2, 2)])      # [(1, 0), (2, 2)]
    """
    best: list[Pairs] = []  # the best chain of each length ends as early as possible
    for pair in sorted(pairs):
        length = next((i for i, chain in enumerate(best) if chain[-1][1] > pair[1]), len(best))
        best[length : length + 1] = [[*(best[length - 1] if length else []), pair]]
    return best[-1] if best else []


def content(node: Step) -> Hashable:
    """What a node reads as: an op or a block with its arguments, or all that a group holds."""
    if isinstance(node, Repeat):
        return (node.count, *map(content, node.graph.steps))
    if isinstance(node, Apply) or node.graph.name:
        return (call(node), node.shares is not None)
    return tuple((label(inner), content(inner)) for inner in node.graph.steps)


def label(node: Step) -> str | None:
    """The name that the spec gives a node."""
    return None if isinstance(node, Repeat) else node.label


def kind(node: Step) -> str:
    """The name of a node's op or block."""
    if isinstance(node, Repeat):
        return "repeat"
    return node.op.name if isinstance(node, Apply) else node.graph.name or "group"


class _Pairing:
    """Two sequences, the pairs so far, and the indexes that are in none."""

    def __init__(self, before: Sequence[Step], after: Sequence[Step]) -> None:
        self.before, self.after = before, after
        self.pairs: Pairs = []
        self.left, self.right = list(range(len(before))), list(range(len(after)))

    def run(self) -> Pairs:
        self.in_order(self.left, self.right, lambda node: (label(node), content(node)))
        self.anywhere(label)
        self.in_gaps(content)
        self.anywhere(content)
        self.in_gaps(kind)
        for lefts, rights in self.gaps():
            replaced = list(zip(lefts, rights, strict=False))
            if len(lefts) == len(rights) and all(type(self.before[a]) is type(self.after[b]) for a, b in replaced):
                for a, b in replaced:
                    self.take(a, b)
        return sorted(self.pairs)

    def take(self, a: int, b: int) -> None:
        self.pairs.append((a, b))
        self.left.remove(a)
        self.right.remove(b)

    def in_order(self, lefts: Sequence[int], rights: Sequence[int], word: Word) -> None:
        """Pair what has equal words in equal order."""
        words = [word(self.before[a]) for a in lefts], [word(self.after[b]) for b in rights]
        blocks = SequenceMatcher(None, *words, autojunk=False).get_matching_blocks()
        for a, b in [(lefts[a + i], rights[b + i]) for a, b, size in blocks for i in range(size)]:
            self.take(a, b)

    def in_gaps(self, word: Word) -> None:
        """Pair what has equal words between the same neighbours."""
        for lefts, rights in self.gaps():
            self.in_order(lefts, rights, word)

    def anywhere(self, word: Word) -> None:
        """Pair what has equal words wherever it stands; what has none pairs with nothing."""
        for a in list(self.left):
            wanted = word(self.before[a])
            b = next((b for b in self.right if wanted is not None and word(self.after[b]) == wanted), None)
            if b is not None:
                self.take(a, b)

    def gaps(self) -> Iterator[tuple[list[int], list[int]]]:
        """What is left on both sides between pairs that keep their order."""
        borders = [(-1, -1), *longest_rising(self.pairs), (len(self.before), len(self.after))]
        for (a, b), (next_a, next_b) in pairwise(borders):
            lefts = [i for i in self.left if a < i < next_a]
            rights = [i for i in self.right if b < i < next_b]
            if lefts and rights:
                yield lefts, rights
