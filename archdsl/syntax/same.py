"""Whether two trees say the same, wherever it stands."""

from __future__ import annotations

from archdsl.syntax import tree


def same(a: object, b: object) -> bool:
    """Whether two files, or what is in them, differ in places alone.

    same(parse(Source("a", "fn f(x) = x"))[0], parse(Source("b", "fn f( x )=x"))[0])      # True
    """
    if isinstance(a, tree.Tree | tree.File):
        if type(a) is not type(b):
            return False
        assert isinstance(b, tree.Tree | tree.File)
        mine, other = a.values(), b.values()
        return all(same(mine[name], other[name]) for name in mine if name not in ("span", "source"))
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b
