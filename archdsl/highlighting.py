"""Highlights `.arch` text with Pygments: in documentation, notebooks, terminals and web pages.

    pygmentize -l arch specs/lenet.arch

Pygments finds the lexer by its entry point, as `arch` and for files that end in `.arch`. Like the grammar, it knows no
op: what is applied, what is a key and what is a value shows by its place. `editors/vscode/` says the same for editors.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups, default, include
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text, Whitespace

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_TEMPLATED = rf"{_NAME}(?=\{{(?!\s*\}})[^{{}}|\n]+\}})"
_KEY = rf'(?:{_NAME}(?:\{{[^{{}}|\n]+\}}\w*)*|"[^"\n]*")'
# Words of the language that are neither values nor operators. What begins a stage with one of them is none.
_WORDS = (
    *("network", "block", "fn", "from", "import", "input", "output", "where", "expect", "shared", "inline"),
    *("repeat", "for", "in", "if", "else", "with", "and", "or", "not", "true", "false", "none"),
)


class ArchLexer(RegexLexer):
    """The tokens of archdsl, the language of neural-network architectures.

    tokens = ArchLexer().get_tokens("conv(64, kernel=3) -> relu")
    """

    name = "archdsl"
    aliases: ClassVar = ["arch", "archdsl"]
    filenames: ClassVar = ["*.arch"]
    url = "https://pypi.org/project/archdsl/"

    tokens: ClassVar[dict[str, list[Any]]] = {
        "root": [
            (r"fn\b", Keyword.Declaration, "function"),
            (rf"({_NAME})(?=(?:\s*,\s*{_NAME})+\s*=(?!=))", Name.Variable),
            include("common"),
            # A stage begins on a new line, after `->`, after a brace or a bar, and after the `=` of its key.
            (r"->|[{|]", Punctuation, "stage"),
            (r"=", Operator, "stage"),
            (r"\n", Whitespace, "stage"),
        ],
        "stage": [
            (r"\s+", Whitespace),
            (r"##[^\n]*", String.Doc),
            (r"#[^\n]*", Comment.Single),
            (r"(?:output|shared|inline)\b", Keyword),
            (rf"(?={_KEY}(?:\s*,\s*{_KEY})*\s*=(?!=))", Text, "#pop"),
            (rf"(?=(?:{'|'.join(_WORDS)})\b)", Text, "#pop"),
            (_TEMPLATED, Name.Function, ("#pop", "template")),
            (_NAME, Name.Function, "#pop"),
            default("#pop"),
        ],
        "function": [
            (r"\n", Whitespace, "#pop"),
            (rf"(?<=fn)(\s+)({_NAME})", bygroups(Whitespace, Name.Function)),
            include("common"),
            (r"=", Operator),
        ],
        "brackets": [
            (r"[)\]]", Punctuation, "#pop"),
            (r"\n|=", Operator),
            include("common"),
        ],
        "template": [
            (r"\{", String.Interpol, "expression"),
            (r"\w+", Name.Variable),
            default("#pop"),
        ],
        "expression": [
            (r"\}", String.Interpol, "#pop"),
            include("common"),
        ],
        "common": [
            (r"##[^\n]*", String.Doc),
            (r"#[^\n]*", Comment.Single),
            (r"[ \t\r]+", Whitespace),
            (r'"(?:[^"\\\n]|\\["\\nt])*"', String.Double),
            (r"[0-9][0-9_]*(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)(?![A-Za-z0-9_.])", Number.Float),
            (r"[0-9][0-9_]*(?:\.[0-9]+)?[KMGT](?![A-Za-z0-9_])", Number),
            (r"[0-9][0-9_]*", Number.Integer),
            (rf"(network|block)\b(\s+)({_NAME})", bygroups(Keyword.Declaration, Whitespace, Name.Class)),
            (r"(?:from|import)\b", Keyword.Namespace),
            (r"(:\s*)(int)(?=\s*\[)", bygroups(Punctuation, Keyword.Type)),
            (r"(?:true|false|none)\b", Keyword.Constant),
            (r"(?:and|or|not)\b", Operator.Word),
            (r"in(?=\s*\.)", Name.Builtin.Pseudo),
            (rf"(?:{'|'.join(_WORDS)})\b", Keyword),
            (rf"(\.)({_NAME})", bygroups(Punctuation, Name.Attribute)),
            (_TEMPLATED, Name.Variable, "template"),
            (rf"{_NAME}(?=\s*=(?!=))", Name.Variable),
            (rf"{_NAME}(?=\s*\()", Name.Function),
            (_NAME, Name),
            (r"[=!<>]=|\*\*|//|[*/%<>+]|-(?!>)", Operator),
            (r"[(\[]", Punctuation, "brackets"),
            (r"[)\]},:]", Punctuation),
        ],
    }
