"""The formatter: one style, the same meaning, the same comments beside and above the same words."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.places import ROOT
from support.spec_strategies import SAMPLES, network

import archdsl
from archdsl.cli import main
from archdsl.graph.text import text as graph_text
from archdsl.source import Source
from archdsl.syntax.format import RULES, format
from archdsl.syntax.tables import TABLES

SPECS = sorted((ROOT / "specs").glob("*.arch"))
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md"), ROOT / "README.md"])
PAGES.remove(ROOT / "tests" / "errors" / "limits.md")  # what these specs mean takes seconds to refuse
ARCH = re.compile(r"^```arch[^\n]*\n(.*?)^```$", re.M | re.S)
WORD = re.compile(r'"(?:[^"\\\n]|\\.)*+"|#[^\n]*|->|\*\*|//|[=!<>]=|[A-Za-z_0-9.]+|[^\sA-Za-z0-9_.]|\.')
SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def formatted(text: str) -> str | None:
    return format(Source("t.arch", text))[0]


def attached(text: str) -> list[tuple[str, str, int]]:
    """Every comment with how it stands (beside a word or above one) and the number of that word; commas don't count.

    Written without the formatter's parser, so that it is a second opinion.
    """
    found: list[tuple[str, str, int]] = []
    words = 0
    for match in WORD.finditer(text):
        if match[0].startswith("#"):
            line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
            beside = bool(re.sub(r"[\s,]", "", line)) or "," in line
            found.append(
                (re.sub(r"^(#+)(?=[^\s#!])", r"\1 ", match[0].rstrip()), "beside" if beside else "above", words)
            )
        elif match[0] != ",":
            words += 1
    return found


def graphs(text: str) -> list[str]:
    """What the compiler makes of a text."""
    return [graph_text(net.graph) for net in archdsl.check(f"{text}\n").networks]


def holds(text: str) -> str:
    """The properties of any formatting; returns the formatted text."""
    after = formatted(text)
    assert after is not None
    assert formatted(after) == after, "it is not idempotent"
    assert attached(after) == attached(text)
    assert [word for word in WORD.findall(after) if word[0] not in "#,"] == [
        word for word in WORD.findall(text) if word[0] not in "#,"
    ]
    assert after.endswith("\n") or not after
    assert not re.search(r"[ \t]$|\n\n\n|\A\n|\n\n\Z|\{\n\n|\n\n *\}", after, re.M)
    return after


# what every text keeps


@pytest.mark.parametrize("path", [*SPECS, *(ROOT / "examples").glob("*.arch")], ids=lambda path: path.stem)
def test_our_own_specs_are_formatted(path):
    text = path.read_text(encoding="utf-8")
    assert holds(text) == text


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_zoo_squeezed_and_stretched_means_the_same(path, tmp_path):
    """Without spaces that can go, and with too many, a spec of the zoo has the same graphs, and the same comments."""
    text = path.read_text(encoding="utf-8")
    for other in SPECS:
        (tmp_path / other.name).write_text(other.read_text(encoding="utf-8"), encoding="utf-8")
    before = [graph_text(net.graph) for net in archdsl.check(path).networks]
    for broken in (squeezed(text), stretched(text)):
        after = holds(broken)
        (tmp_path / path.name).write_text(after, encoding="utf-8")
        assert [graph_text(net.graph) for net in archdsl.check(tmp_path / path.name).networks] == before


def squeezed(text: str) -> str:
    """No space around signs, no indent."""
    lines = []
    for line in text.splitlines():
        code, sign, comment = line.partition("#")
        code = re.sub(r" *(->|[=,:|+]) *", r"\1", code.strip())
        lines.append(code + sign + comment)
    return "\n".join(lines)


def stretched(text: str) -> str:
    """Two spaces for one, empty lines between all lines, an indent for all."""
    lines = []
    for line in text.splitlines():
        code, sign, comment = line.partition("#")
        lines.append("   " + re.sub(r" +", "  ", code.rstrip()) + "    " * bool(sign) + sign + comment)
    return "\n\n\n".join(lines) + "\n\n"


def blocks() -> list[tuple[str, str]]:
    """Every spec in a page of the documentation or of the tests that parses."""
    found = []
    for page in PAGES:
        for number, block in enumerate(ARCH.findall(page.read_text(encoding="utf-8"))):
            if formatted(block) is not None and block.strip():
                found.append((f"{page.relative_to(ROOT)}:{number}", block))
    return found


BLOCKS = blocks()


def test_there_are_enough_blocks():
    assert len(BLOCKS) > 100


@pytest.mark.parametrize("block", [block for _, block in BLOCKS], ids=[name for name, _ in BLOCKS])
def test_specs_of_all_pages_keep_their_meaning(block):
    after = holds(block)
    if "from " not in block:
        assert graphs(after) == graphs(block)
        codes = [problem.code for problem in archdsl.check(f"{block}\n").problems]
        assert [problem.code for problem in archdsl.check(after).problems] == codes


@settings(SLOW, max_examples=40)
@given(network())
def test_generated_specs_keep_their_meaning(text):
    assert graphs(holds(text)) == graphs(text)


@st.composite
def commented(draw: st.DrawFn) -> str:
    """A spec with comments, empty lines and spaces wherever they can stand."""
    text = draw(st.sampled_from([*SAMPLES, *(block for _, block in BLOCKS), *(path.read_text() for path in SPECS)]))
    pieces = re.split(r'("(?:[^"\\\n]|\\.)*"|#[^\n]*|\w+\{[^{}|\n]+\}\w*|\n)', text)
    out = []
    for piece in pieces:
        if piece == "\n":
            filling = ["\n"] * 12 + [
                "  # beside\n",
                "#beside\n",
                "\n\n\n",
                "\n# above\n",
                "\n  ## above\n\n# twice\n",
                " \n",
            ]
            out.append(draw(st.sampled_from(filling)))
        elif piece[:1] in ('"', "#") or re.fullmatch(r"\w+\{.*", piece):
            out.append(piece)
        else:
            space = draw(st.sampled_from([" ", " ", "  ", "   "]))
            comma = draw(st.sampled_from([", ", ", ", ",", " ,\n", ", # beside\n", ",\n\n# above\n"]))
            parts = re.split(r"([(\[][^()\[\]]*[)\]])", piece.replace(" ", space))
            out += [part.replace(",", comma) if part[:1] in ("(", "[") and part else part for part in parts]
    return "".join(out)


@settings(SLOW, max_examples=200)
@given(commented())
def test_comments_stay_where_they_are(text):
    if formatted(text) is not None:
        holds(text)


# the style


STYLE = {
    "spaces": ("fn f( x,y = 1 )=x+1*-y\n", "fn f(x, y=1) = x + 1 * -y\n"),
    "a body that was on one line stays there": (
        "network t {\n  input x:[N,4]\n  repeat 3{relu->tanh}\n}\n",
        "network t {\n    input x: [N, 4]\n    repeat 3 { relu -> tanh }\n}\n",
    ),
    "a body of several lines keeps them": (
        "block b {\n relu }\n",
        "block b {\n    relu\n}\n",
    ),
    "arms": (
        "block b { add { | conv(1)->relu|identity } }\nblock c { add {\n| conv(1)\n->relu\n| identity\n| } }\n",
        "block b { add { | conv(1) -> relu | identity } }\n\nblock c {\n    add {\n        | conv(1)\n"
        "          -> relu\n        | identity\n        |\n    }\n}\n",
    ),
    "both ways of a choice break, or neither": (
        "block b(n) { if n > 1 {relu} else { tanh } }\nblock c(n) {\n if n > 1 {\n relu } else { tanh } }\n",
        "block b(n) { if n > 1 { relu } else { tanh } }\n\nblock c(n) {\n    if n > 1 {\n        relu\n    } else {\n"
        "        tanh\n    }\n}\n",
    ),
    "names that hold expressions": ("block b(i) { x{i+1}_y{ i } = relu }\n", "block b(i) { x{i + 1}_y{i} = relu }\n"),
    "arrows that end a line start the next": (
        "block b {\n  relu ->\n  tanh\n}\n",
        "block b {\n    relu\n        -> tanh\n}\n",
    ),
    "contracts stand below each other": (
        "block b {\n conv(1,kernel=1):[N,1]\n relu\n conv(12,kernel=1) : [N, 12]\n}\n",
        "block b {\n    conv(1, kernel=1)   : [N, 1]\n    relu\n    conv(12, kernel=1)  : [N, 12]\n}\n",
    ),
    "a contract alone is close": ("block b {\n relu     : [N,1]\n}\n", "block b {\n    relu : [N, 1]\n}\n"),
    "arrows stand below each other where they did": (
        "block b {\n conv(1)    -> relu\n conv(100) -> relu\n\n conv(1) -> relu\n conv(100) -> relu\n}\n",
        "block b {\n    conv(1)   -> relu\n    conv(100) -> relu\n\n    conv(1) -> relu\n    conv(100) -> relu\n}\n",
    ),
    "families stand below each other": (
        "network A = N(1) { expect params == 1 }\nnetwork Long = N([1, 2]) { expect params == 2 }\n",
        "network A    = N(1)       { expect params == 1 }\nnetwork Long = N([1, 2])  { expect params == 2 }\n",
    ),
    "comments beside lines stand below each other": (
        "block b {\n relu # a\n conv(1) # b\n tanh\n elu #c\n}\n",
        "block b {\n    relu     # a\n    conv(1)  # b\n    tanh\n    elu  # c\n}\n",
    ),
    "blocks stand apart, short items as they were": (
        "fn f(x) = x\nfn g(x) = x\n\n\nfn h(x) = x\nblock b {\n relu\n}\n# of c\nblock c { relu }\n",
        "fn f(x) = x\nfn g(x) = x\n\nfn h(x) = x\n\nblock b {\n    relu\n}\n\n# of c\nblock c { relu }\n",
    ),
    "a doc comment stays on its block": (
        "fn f(x) = x\n## doc\nblock b {\n relu\n}\n",
        "fn f(x) = x\n\n## doc\nblock b {\n    relu\n}\n",
    ),
    "a comma behind the last keeps arguments apart": (
        "block b {\n conv(\n 1,\n kernel=1,\n )\n linear(1,\n 2)\n relu(1,)\n}\n",
        "block b {\n    conv(\n        1,\n        kernel=1,\n    )\n    linear(1, 2)\n    relu(1)\n}\n",
    ),
    "a tuple of one keeps its comma": ("fn f(x) = (x,)\n", "fn f(x) = (x,)\n"),
    "an import": ('from   "a.arch" import a ,b\n', 'from "a.arch" import a, b\n'),
    "a header": ("block b( c ):[N,C],[N,C]->[N,C]{ relu }\n", "block b(c) : [N, C], [N, C] -> [N, C] { relu }\n"),
    "an arrow stays behind a brace": (
        "block b {\nadd {| relu\n| tanh} -> relu -> { tanh\n} -> relu\n}\n",
        "block b {\n    add {\n        | relu\n        | tanh\n    } -> relu -> {\n        tanh\n    } -> relu\n}\n",
    ),
    "empty": ("\n\n", ""),
    "comments alone": ("\n#a\n\n\n#b", "# a\n\n# b\n"),
}


@pytest.mark.parametrize("name", STYLE)
def test_style(name):
    before, after = STYLE[name]
    if name not in ("empty", "comments alone"):
        assert holds(before) == after
    assert formatted(before) in (after, None)


def test_what_is_too_long_is_broken():
    long = "conv(64, kernel=3, padding=1, bias=false) -> batch_norm(momentum=0.01, eps=1e-5) -> relu -> "
    long += "max_pool(3, stride=2)"
    text = f"block b {{\n    {long}\n    add {{ | identity | {long} }}\n    repeat 3 {{ {long} }}\n}}\n"
    after = holds(text)
    assert max(map(len, after.splitlines())) <= 120
    assert "        | conv(64, kernel=3, padding=1, bias=false)\n          -> batch_norm(" in after
    stages = ", ".join(f"({n}, {n * 16}, {n + 1})" for n in range(12))
    after = holds(f"network t(width=1.0, stages=[{stages}]) {{\n    input x: [N, 4]\n}}\n")
    assert max(map(len, after.splitlines())) <= 120
    assert after.startswith("network t(\n    width=1.0,\n    stages=[\n        (0, 0, 1),\n")


def test_windows_line_ends_stay():
    text = "network t {\r\n  input x: [N,4]\r\n\r\n  relu # why\r\n}\r\n"
    assert formatted(text) == "network t {\r\n    input x: [N, 4]\r\n\r\n    relu  # why\r\n}\r\n"


def test_the_deepest_nesting_is_formatted():
    text = "network t {\n input x: [N, 4]\n" + "{" * 99 + "relu" + "}" * 99 + "\n}\n"
    assert formatted(holds(text)) == formatted(text)
    assert holds("fn f(x) = " + "(" * 99 + "x" + ")" * 99 + "\n").count("\n") > 99


def test_from_python():
    assert archdsl.format("network t{input x:[N,4]\n relu}") == "network t {\n    input x: [N, 4]\n    relu\n}\n"
    with pytest.raises(archdsl.ArchError, match="unclosed-bracket"):
        archdsl.format("network t {")


def test_every_rule_of_the_grammar_is_formatted():
    names = {name for _, size, name, is_thin, _ in TABLES.rules if name and (size > 1 or not is_thin)}
    inside = {"start", "arm", "broken"}  # set by the rules around them, or never in a text that parses
    assert names - inside == set(RULES)


# the command


GOOD = "network t {\n    input x: [N, 4]\n    relu\n}\n"
UGLY = "network t{input x:[N,4]\nrelu}"
BAD = "network t { input x: [N 4]\n relu }\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in {"good": GOOD, "ugly": UGLY, "bad": BAD}.items():
        Path(f"{name}.arch").write_text(text)
    return tmp_path


def run(*words, stdin=None):
    return CliRunner().invoke(main, ["fmt", *map(str, words)], input=stdin)


def test_the_zoo_passes_the_check():
    result = run("--check", ROOT / "specs")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_files_are_formatted_in_place(folder):
    result = run("good.arch", "ugly.arch")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "formatted ugly.arch\n")
    assert Path("ugly.arch").read_text() == Path("good.arch").read_text() == GOOD
    assert run("good.arch", "ugly.arch").stderr == ""


def test_a_file_that_does_not_parse_is_left_alone(folder):
    result = run(".")
    assert result.exit_code == 1
    assert "--> bad.arch:1:" in result.stderr
    assert Path("bad.arch").read_text() == BAD
    assert Path("ugly.arch").read_text() == GOOD


def test_check_writes_nothing(folder):
    result = run("--check", "good.arch", "ugly.arch")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "would format ugly.arch\n")
    assert Path("ugly.arch").read_text() == UGLY
    assert run("--check", "good.arch").exit_code == 0
    assert run("--check", "bad.arch").exit_code == 1


def test_diff_shows_a_patch(folder):
    result = run("--diff", "good.arch", "ugly.arch")
    assert (result.exit_code, result.stderr) == (0, "")
    assert Path("ugly.arch").read_text() == UGLY
    assert run("--diff", "--check", "ugly.arch").exit_code == 1
    subprocess.run(["patch", "-p0", "-s"], input=result.stdout, text=True, check=True)
    assert Path("ugly.arch").read_text() == GOOD


def test_standard_input_goes_to_standard_output(folder):
    result = run("-", stdin=UGLY)
    assert (result.exit_code, result.stdout) == (0, GOOD)
    assert run("-", stdin=GOOD).stdout == GOOD
    assert run("-", "--check", stdin=UGLY).exit_code == 1
    assert run("-", stdin=BAD).stdout == ""


def test_a_byte_order_mark_stays(folder):
    Path("ugly.arch").write_bytes(b"\xef\xbb\xbf" + UGLY.encode())
    run("ugly.arch")
    assert Path("ugly.arch").read_bytes() == b"\xef\xbb\xbf" + GOOD.encode()


def test_wrong_use_exits_with_2(folder):
    assert run().exit_code == 2
    assert run("none.arch").exit_code == 2
    empty = folder / "empty"
    empty.mkdir()
    assert run(empty).exit_code == 2
