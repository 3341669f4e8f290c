"""Docstrings and comments: any text can stand in them, and reads as it was meant."""

from __future__ import annotations

import ast
import io
import tokenize

from hypothesis import example, given
from hypothesis import strategies as st

from archdsl.backends.python.docstrings import comment, docstring, heading
from archdsl.backends.python.layout import WIDTH

ODD = st.text(st.sampled_from("\"'\\ab \n\t\r\x00\x0c\x1a\u2028\u202e\ud800#é{}%"), max_size=30)
"""Texts of what ends strings and lines, and of what files cannot hold."""

TEXTS = st.one_of(ODD, st.text(max_size=40))


@given(TEXTS, st.sampled_from([0, 4, 8]))
@example('Gives """x"""', 4)
@example('ends in "', 0)
@example('ends in \\"', 0)
@example("ends in \\", 0)
@example('"', 0)
@example('""""', 0)
def test_a_docstring_says_its_text(text: str, indent: int) -> None:
    body = "\n".join(docstring(text, indent))
    opening = "".join(f"{' ' * at}class A:\n" for at in range(0, indent, 4))
    code = f"{opening}{body}\n{' ' * indent}x = 1\n"
    tree: ast.AST = ast.parse(code.encode())
    for _ in range(indent // 4):
        tree = tree.body[0]  # type: ignore[attr-defined]
    found = ast.get_docstring(tree)  # type: ignore[arg-type]
    assert len(tree.body) == (1 if found is None else 2)  # type: ignore[attr-defined]
    assert (found or "").split() == text.split()


@given(st.lists(st.text("abc\"\\'é", min_size=1, max_size=60), min_size=30, max_size=60))
def test_long_docstrings_stay_in_the_width(words: list[str]) -> None:
    rows = list(docstring(" ".join(words), 8))
    assert max(map(len, rows)) <= WIDTH
    assert (ast.literal_eval("\n".join(rows).strip())).split() == " ".join(words).split()


@given(TEXTS)
def test_a_comment_holds_no_code(text: str) -> None:
    body = "\n".join(comment(f"x {text}\nimport os"))
    tokens = tokenize.generate_tokens(io.StringIO(body).readline)
    assert {token.type for token in tokens} <= {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER}
    assert all(line.startswith("#") for line in body.splitlines())
    body.encode()


@given(
    st.text("# \t\n-*vim:é", max_size=8),
    st.sampled_from(["coding: latin-1", "coding=utf-16", "coding:\tno-such-codec", "fileencoding=ascii"]),
    st.text(max_size=8),
)
@example("Imported: ", "coding: latin-1", "/net.arch")
def test_nothing_in_a_heading_changes_how_the_file_is_read(before: str, cookie: str, after: str) -> None:
    code = "\n".join([*heading(f"{before}{cookie}{after}"), 'x = "é"', ""])
    assert tokenize.detect_encoding(io.BytesIO(code.encode()).readline)[0] == "utf-8"
    found: dict[str, str] = {}
    exec(compile(code.encode(), "file.py", "exec"), found)
    assert found["x"] == "é"
