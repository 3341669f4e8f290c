"""The documentation site: `sphinx-build -W docs build/site` (see docs/index.md for its pages).

Every page is Markdown that reads well by itself; Sphinx adds the frame, the search and the colours.
"""

from __future__ import annotations

import ast
from itertools import groupby
from textwrap import dedent, indent

from pygments.lexers import PythonLexer
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

from archdsl import __version__
from archdsl.highlighting import ArchLexer

project = "archdsl"
copyright = "the authors of archdsl"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["make.py", "conf.py"]
default_role = "literal"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True

myst_heading_anchors = 4
myst_links_external_new_tab = False

html_theme = "furo"
html_title = f"archdsl {release}"
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

# What the blocks of the pages are written in; tests/docs/test_docs.py says what each of them shows.
PLAIN = ("ebnf", "errors", "graph", "state", "tree")
BLOCKS = {"arch": ArchLexer, "torch": PythonLexer, **dict.fromkeys(PLAIN, TextLexer)}


def examples_as_code(_: Sphinx, kind: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Show the examples of a docstring as code: paragraphs of Python, indented or not."""
    paragraphs = [list(part) for blank, part in groupby(lines, lambda line: not line.strip()) if not blank]
    lines[:] = [line for paragraph in paragraphs for line in (*_as_code(paragraph), "")]


def _as_code(paragraph: list[str]) -> list[str]:
    text = dedent("\n".join(paragraph))
    try:
        is_code = not paragraph[0].startswith("..") and bool(ast.parse(text).body)
    except SyntaxError:
        is_code = False
    return [".. code-block:: python", "", *indent(text, "    ").splitlines()] if is_code else paragraph


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-docstring", examples_as_code)
    for name, lexer in BLOCKS.items():
        app.add_lexer(name, lexer)
