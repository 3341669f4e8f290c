"""Which sizes a network accepts: every value in it must have at least one element along each axis."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from archdsl.diagnostics import Diagnostic, Problem, listing
from archdsl.graph.needs import needs_of
from archdsl.graph.nodes import Graph
from archdsl.sizes.dim import symbol
from archdsl.sizes.fact import Fact
from archdsl.source import Span


class NothingFits(Problem):
    """What an input states of its sizes and what the network needs must leave some size.

    input image: [N, 3, H, W] where H <= 16      # error[nothing-fits]: the pooling needs 32 rows
    input image: [N, 3, H, W] where H <= 64      # good
    repeat 5 { max_pool(2) }
    """

    code = "nothing-fits"
    message = "no {sizes} allowed: {needed}its input states {stated}"
    names: tuple[str, ...]
    needed: str
    stated: str

    def facts(self) -> Mapping[str, object]:
        sizes = f"{listing(self.names, 'and')} {'is' if len(self.names) == 1 else 'are'}"
        needed = f"the network needs {self.needed}, and " if self.needed else ""
        return {"sizes": sizes, "needed": needed, "stated": self.stated}

    @property
    def apart(self) -> Hashable:
        return self.names

    def help(self) -> str:
        return "relax the where clause" + (", or use fewer or smaller windows" if self.needed else "")


def accepted(graph: Graph) -> list[str]:
    """The conditions on the free sizes, as text.

    accepted(resnet18)      # ["N >= 1", "H >= 1", "W >= 1"]
    """
    return list(map(str, conditions(graph)))


def conditions(graph: Graph) -> list[Fact]:
    """The least size of every free symbol, one condition each, then what ties symbols together or is stated of them."""
    needs = needs_of(graph)
    lowest, beyond = needs.lowest, needs.beyond
    stated = [fact for fact in graph.facts if not _implied(fact, lowest)]
    bounded = {str(fact.left) for fact in stated if fact.relation in (">", ">=") and isinstance(fact.right, int)}
    needed = [Fact(symbol(name), ">=", size) for name, size in lowest.items() if name not in bounded]
    return [*_telling([*needed, *beyond], [fact for fact in stated if not _is_remainder(fact)]), *stated]


def demands(graph: Graph) -> list[Fact]:
    """What must be asked of inputs when a network runs: the conditions, but that there is one of a size.

    demands(unet)      # [Fact(h % 16, "==", 0), …]; an empty batch is the backend's to refuse
    """
    return [fact for fact in conditions(graph) if not _is_least(fact)]


def _is_least(fact: Fact) -> bool:
    """Whether a fact says of a size only that there is one."""
    return fact.relation == ">=" and fact.right == 1 and str(fact.left) in fact.symbols


def impossible(graph: Graph) -> list[Diagnostic]:
    """Symbols for which no size is both stated and large enough, those together that facts tie together."""
    if not graph.facts:  # what is needed alone can always be had
        return []
    from archdsl.sizes.decide import contradictory, linked

    needs = needs_of(graph)
    lowest, beyond = needs.lowest, needs.beyond
    needed = [Fact(symbol(name), ">=", size) for name, size in lowest.items()]
    found: list[NothingFits] = []
    for name, bound in zip(lowest, needed, strict=True):
        alone = [fact for fact in graph.facts if fact.symbols == {name}]
        if contradictory([bound, *alone]):
            found.append(_nothing_fits((name,), _least_of([bound], alone), alone))
    for name in lowest if not found else ():
        known = linked([name], [*graph.facts, *beyond])
        names = tuple(other for other in lowest if other == name or any(other in fact.symbols for fact in known))
        here = [fact for fact in (*needed, *beyond) if fact.symbols & set(names)]
        stated = tuple(fact for fact in known if fact in graph.facts)
        if names not in [other.names for other in found] and contradictory([*here, *stated]):
            found.append(_nothing_fits(names, _least_of(here, stated), stated))
    return [Diagnostic(problem, _where(graph, problem.names[0])) for problem in found]


def _nothing_fits(names: tuple[str, ...], needed: Sequence[Fact], stated: Sequence[Fact]) -> NothingFits:
    return NothingFits(names, *(listing(map(str, facts), "and") for facts in (needed, stated)))


def _where(graph: Graph, name: str) -> Span | None:
    """The input that has a size of this name."""
    return next((entry.span for entry in graph.inputs if name in entry.shape.symbols), graph.span)


def _least_of(needed: Sequence[Fact], stated: Sequence[Fact]) -> list[Fact]:
    """As few needs as contradict what is stated."""
    from archdsl.sizes.decide import contradictory

    told = list(needed)
    for fact in needed:
        others = [other for other in told if other is not fact]
        told = others if contradictory([*others, *stated]) else told
    return told


def _telling(needed: Sequence[Fact], stated: Sequence[Fact]) -> list[Fact]:
    """What is needed, without what follows from the rest of it and from what is stated."""
    if not stated and all(isinstance(fact.right, int) and str(fact.left).isidentifier() for fact in needed):
        return list(needed)
    from archdsl.sizes.decide import contradictory

    told = list(needed)
    for fact in reversed(needed):
        others = [other for other in told if other is not fact]
        if fact.right != 1 or not str(fact.left).isidentifier():
            opposite = Fact(fact.left, "<", fact.right)
            told = others if contradictory([*others, *stated, opposite]) else told
    return told


def _is_remainder(fact: Fact) -> bool:
    """Whether a fact is no bound, of one size alone: that `H % 8 == 0` means `H >= 8` is worth telling."""
    return len(fact.symbols) == 1 and fact.relation in ("==", "!=")


def _implied(fact: Fact, lowest: Mapping[str, int]) -> bool:
    """Whether a stated lower bound says less than what the network needs anyway."""
    name = str(fact.left)
    return fact.relation == ">=" and name in lowest and isinstance(fact.right, int) and fact.right <= lowest[name]
