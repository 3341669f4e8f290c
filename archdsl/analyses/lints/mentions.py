"""The names that a piece of a spec speaks of."""

from __future__ import annotations

from archdsl.syntax import tree


def mentioned(root: tree.Tree | tuple[tree.Tree, ...]) -> set[str]:
    """Every name that is used, in expressions and as stages; names that are given are not among them.

    `c = conv(k, kernel=3) -> skip{i}` mentions conv, k, i and skip{}.
    """
    found: set[str] = set()
    queue: list[object] = [root]
    while queue:
        node = queue.pop()
        if isinstance(node, tree.Name):
            found.add(node.name)
        elif isinstance(node, tree.Link | tree.Shared):
            names = node.names if isinstance(node, tree.Link) else (node.name,)
            queue += [part for name in names for part in name.parts]
            queue += [node.step, node.contract] if isinstance(node, tree.Link) else [node.step]
        elif isinstance(node, tree.LayerName):
            found.add(pattern(node))
            queue += node.parts
        elif isinstance(node, tuple):
            queue += node
        elif isinstance(node, tree.Tree):
            queue += _values(node)
    return found


def pattern(name: tree.LayerName) -> str:
    """A name with its expressions left open: `skip{}` for `skip{i + 1}`."""
    return "".join(part if isinstance(part, str) else "{}" for part in name.parts)


def _values(node: tree.Tree) -> list[object]:
    """The parts of a node but for the names that it declares."""
    values = node.values()
    if isinstance(node, tree.Block | tree.Network | tree.Family | tree.Function | tree.InputDeclaration):
        del values["name"]
    if isinstance(node, tree.Repeat):
        del values["counter"]
    if isinstance(node, tree.For):
        del values["targets"]
    if isinstance(node, tree.Import):
        del values["names"]
    return list(values.values())
