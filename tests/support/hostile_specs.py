"""Hostile specs and the diagnostics that stop them: texts, and projects of several files."""

from __future__ import annotations


def net(body: str, before: str = "") -> str:
    return f"{before}\nnetwork t {{\n    input x: [N, 4]\n    {body}\n}}\n"


def image(body: str, result: str) -> str:
    """A network on images, and a function of a size that calls itself."""
    return f"fn p(x, n) = x if n == 0 else {result}\nnetwork t {{\n    input x: [N, 2, H, W]\n    {body}\n}}\n"


DOUBLED = "fn g(s, n) = s if n == 0 else g([s, s], n - 1)\n"
DOUBLING = "\n".join([*(f"block b{i} {{ b{i + 1} -> b{i + 1} }}" for i in range(60)), "block b60 { relu }", ""])
WIDENING = "\n".join(
    [*(f"block b{i} {{ add {{ | b{i + 1} | b{i + 1} }} }}" for i in range(60)), "block b60 { relu }", ""]
)
LONG = "9" * 5000

TEXTS: dict[str, tuple[str, str]] = {
    # repetition
    "a billion stages": (net("repeat 1000000000 { relu }"), "too-many-stages"),
    "stages in a power of ten": (net("repeat 10 ** 18 { relu }"), "too-many-stages"),
    "nested repetition": (net("repeat 100000 { repeat 100000 { relu } }"), "too-many-stages"),
    "nested thrice": (net("repeat 9999 { repeat 9999 { repeat 9999 { relu } } }"), "too-many-stages"),
    "empty bodies repeated": (net("repeat 10 ** 9 { }"), "too-many-stages"),
    "empty bodies nested": (net("repeat 10 ** 5 { repeat 10 ** 5 { } }"), "too-many-stages"),
    "a loop over a long range": (net("for i in range(10 ** 9) { relu }"), "list-too-long"),
    "a loop over lists of lists": (
        net("for i in range(50000) { for j in range(50000) { relu } }"),
        "too-many-stages",
    ),
    "a negative repetition": (net("repeat 0 - 10 ** 18 { relu }"), "wrong-type"),
    "an endless fraction of stages": (net("repeat 1 / 3 { relu }"), "uneven-division"),
    "repetition by a float": (net("repeat 1e300 { relu }"), "wrong-type"),
    # work that is counted as the tree that it is
    "doubled lists compared": (net("if g(1, 60) == g(1, 60) { relu }", DOUBLED), "list-too-long"),
    "a doubled list as an argument": (net("b(g(1, 60))", DOUBLED + "block b(q) { linear(4) }"), "list-too-long"),
    "long lists summed on many lines": (
        net("\n".join(["linear(sum(range(100000)) % 5 + 1)"] * 800)),
        "too-much-to-evaluate",
    ),
    "calls with other arguments each": (
        net("a(20, 1)", "block a(n, k) { if n > 0 { a(n - 1, 2 * k) -> a(n - 1, 2 * k + 1) } else { linear(4) } }"),
        "too-many-bodies",
    ),
    "divisions inside divisions": (
        image("relu\n    expect p(x.height, 12) > 0", "p((x + 1) // 2 + (x + 2) // 3, n - 1)"),
        "size-too-long",
    ),
    "extremes inside extremes": (
        image("relu\n    expect p(x.height, 40) > 0", "p(min(x, 3 * x + n) + max(2 * x, 9), n - 1)"),
        "size-too-long",
    ),
    "sizes that grow in stages": (
        "block b(n) { concat(axis=2) { | max_pool(2) | max_pool(3) } -> if n > 0 { b(n - 1) } }\n"
        "network u {\n    input x: [N, 2, H]\n    b(20)\n}\n",
        "size-too-long",
    ),
    "empty lines": ("\n" * 3_000_000, "too-many-lines"),
    # blocks
    "blocks that double at 60 levels": (net("b0", DOUBLING), "too-many-layers"),
    "arms that double at 60 levels": (net("b0", WIDENING), "too-many-layers"),
    "a block that calls itself": (net("again", "block again { again }"), "endless-recursion"),
    "a block that grows": (net("again(0)", "block again(n) { again(n + 1) }"), "calls-too-deep"),
    "a block that calls itself twice": (
        net("again(0)", "block again(n) { again(n + 1) -> again(n + 1) }"),
        "calls-too-deep",
    ),
    "two blocks in a circle": (net("a", "block a { b }\nblock b { a }"), "endless-recursion"),
    "a block that inlines itself": (net("inline again", "block again { inline again }"), "calls-too-deep"),
    "a block given to itself": (net("self_(self_)", "block self_(b) { b(b) }"), "endless-recursion"),
    "recursion in groups": (net("again", "block again { { { again } } }"), "endless-recursion"),
    "recursion in arms": (net("again", "block again { add { | again | identity } }"), "endless-recursion"),
    "a family of itself": ("network t = t\n", "made-from-itself"),
    "families in a circle": ("network t = u\nnetwork u = t\n", "made-from-itself"),
    # functions and numbers
    "a function without an end": (net("linear(f(0))", "fn f(n) = f(n + 1)"), "calls-too-deep"),
    "a function that branches": (
        net("linear(f(60))", "fn f(n) = n if n < 2 else f(n - 1) + f(n - 2)"),
        "too-much-to-evaluate",
    ),
    "a doubling tree of calls": (
        net("linear(f(100))", "fn f(n) = 1 if n == 0 else f(n - 1) + f(n - 1)"),
        "too-much-to-evaluate",
    ),
    "Ackermann": (
        net("linear(a(4, 4))", "fn a(m, n) = n + 1 if m == 0 else a(m - 1, 1) if n == 0 else a(m - 1, a(m, n - 1))"),
        "calls-too-deep",
    ),
    "a tower of powers": (net("linear(9 ** 9 ** 9 ** 9)"), "number-too-large"),
    "a huge power": (net("linear(2 ** 1000000000)"), "number-too-large"),
    "a power of a negative": (net("linear((0 - 3) ** 999999999)"), "number-too-large"),
    "a power that shrinks": (net("linear(2 ** (0 - 10 ** 9))"), "number-too-large"),
    "squaring again and again": (
        net("linear(s(s(s(s(s(s(s(s(s(s(s(s(99)))))))))))))", "fn s(n) = n * n"),
        "number-too-large",
    ),
    "5,000 digits": (net(f"linear({LONG})"), "too-many-digits"),
    "a million digits": (net(f"linear({'9' * 1_000_000})"), "too-many-digits"),
    "digits with underscores": (net(f"linear({'9_' * 2000}9)"), "too-many-digits"),
    "a float beyond all": (net("dropout(1e999)"), "out-of-range"),
    "infinity rounded": (net("linear(round(1e999))"), "wrong-type"),
    "not a number": (net("dropout(1e999 - 1e999)"), "out-of-range"),
    "a long exponent": (net(f"dropout(1e{'9' * 900})"), "out-of-range"),
    "division by nothing": (net("linear(1 // (2 - 2))"), "division-by-zero"),
    "a remainder by nothing": (net("linear(1 % 0)"), "division-by-zero"),
    # lists
    "a list of millions": (net("linear(len(range(10 ** 7)))"), "list-too-long"),
    "lists that double": (
        net("linear(len(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d([1]))))))))))))))))))))", "fn d(l) = l + l"),
        "list-too-long",
    ),
    "strings that double": (
        net('linear(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d("x")))))))))))))))))))', "fn d(l) = l + l"),
        "list-too-long",
    ),
    "a written list of 300,000": (net(f"linear(len([{'1, ' * 300_000}]))"), "too-many-words"),
    # nesting and length
    "100,000 round brackets": (net(f"linear({'(' * 100_000}1{')' * 100_000})"), "nested-too-deep"),
    "100,000 square brackets": (net(f"linear({'[' * 100_000}1{']' * 100_000})"), "nested-too-deep"),
    "100,000 braces": (net("{" * 100_000 + "relu" + "}" * 100_000), "nested-too-deep"),
    "100,000 brackets that never close": (net("(" * 100_000), "nested-too-deep"),
    "a chain of 20,000 nots": (net(f"if {'not ' * 20_000}true {{ relu }}"), "nested-too-deep"),
    "a chain of 20,000 minuses": (net(f"linear({'-' * 20_000}1)"), "nested-too-deep"),
    "a chain of 5,000 choices": (net(f"linear({'1 if false else ' * 5_000}1)"), "nested-too-deep"),
    "a chain of 50,000 else ifs": (
        net("if false { relu } " + "else if false { relu } " * 50_000 + "\n    rellu"),
        "too-many-words",
    ),
    "a chain of 5,000 else ifs": (
        net("if false { relu } " + "else if false { relu } " * 5_000 + "\n    rellu"),
        "unknown-name",
    ),
    "a sum of 20,000 terms": (net(f"linear({'1 + ' * 20_000}x)"), "wrong-type"),
    "a tower of 10,000 powers": (net(f"linear({'1 ** ' * 10_000}1.5)"), "nested-too-deep"),
    "a line of 5 MB": ("# " + "x" * 5_000_000 + "\n" + net("rellu"), "file-too-large"),
    "a name of a million letters": (net("x" * 1_000_000), "unknown-name"),
    "a million unknown brackets": (net("x{" * 100_000), "nested-too-deep"),
    "comments without an end": (net("relu\n" + "# \n" * 200_000 + "    rellu"), "too-many-lines"),
    "a string without an end": (net('linear("' + "x" * 100_000), "unclosed-string"),
    "10,000 syntax errors": (net("relu)\n" * 10_000), "too-many-mistakes"),
    "windows wider than memory": (net("reshape_(3) -> linear(10 ** 300)"), "unknown-name"),
    "a thousand unknown names": (net("\n".join(f"n{i}" for i in range(1000))), "unknown-name"),
}

FILES: dict[str, tuple[dict[str, str], str]] = {
    name: ({"main.arch": main, **others}, expected)
    for name, main, others, expected in [
        ("out by dots", 'from "../secret.arch" import secret\n', {}, "bad-import"),
        (
            "out by many dots",
            'from "a/../../secret.arch" import secret\n',
            {"a/b.arch": "block b { relu }"},
            "bad-import",
        ),
        ("an absolute path", 'from "{tmp}/secret.arch" import secret\n', {}, "bad-import"),
        ("a link that leads out", 'from "link.arch" import secret\n', {"link.arch": "-> ../secret.arch"}, "bad-import"),
        ("a linked folder", 'from "d/secret.arch" import secret\n', {"d": "-> .."}, "bad-import"),
        ("a link to itself", 'from "loop.arch" import b\n', {"loop.arch": "-> loop.arch"}, "bad-import"),
        ("a device", 'from "zero.arch" import b\n', {"zero.arch": "-> /dev/zero"}, "bad-import"),
        ("backslashes", 'from "..\\\\secret.arch" import secret\n', {}, "bad-import"),
        ("a file that is no spec", 'from "pyproject.toml" import b\n', {}, "bad-import"),
        ("a folder", 'from "d.arch" import b\n', {"d.arch/x.arch": "block b { relu }"}, "bad-import"),
        ("itself", 'from "main.arch" import b\nblock b { relu }\n', {}, "bad-import"),
        (
            "a circle of two",
            'from "a.arch" import b\nblock c { relu }\n',
            {"a.arch": 'from "main.arch" import c\nblock b { c }\n'},
            "bad-import",
        ),
        (
            "a chain of 300 files",
            'from "f0.arch" import b\nblock c { relu }\n',
            {f"f{i}.arch": f'from "f{i + 1}.arch" import b\n' if i < 299 else "block b { relu }\n" for i in range(300)},
            "calls-too-deep",
        ),
        ("an address", 'from "http://localhost/x.arch" import b\n', {}, "bad-import"),
        ("an endless name", f'from "{"a" * 5000}.arch" import b\n', {}, "bad-import"),
    ]
}
