"""Lines of emitted PyTorch for every network of the zoo, beside public definitions: docs/emitted_lines.md.

    python benchmarks/emitted_lines.py [FOLDER]

FOLDER is where torchvision's sources lie (`pip install --no-deps --target FOLDER torchvision`): they are read, never
imported. Without it the figures of the public definitions stay as they stand on the page.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

from tables import table

import archdsl

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "emitted_lines.md"

PUBLIC = {
    "resnet": ("conv3x3", "conv1x1", "BasicBlock", "Bottleneck", "ResNet", "_resnet"),
    "densenet": ("_DenseLayer", "_DenseBlock", "_Transition", "DenseNet", "_densenet"),
    "googlenet": ("BasicConv2d", "Inception", "GoogLeNet"),
}
"""What of torchvision's files defines the networks; the rest is tables of weights and functions that load them."""

SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def code_lines(text: str) -> set[int]:
    """The lines that hold code: neither blank, nor a comment, nor a docstring.

    len(code_lines('def f():\\n    \"\"\"Nothing.\"\"\"\\n\\n    return 1  # one\\n'))      # 2
    """
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    lines = {line for t in tokens if t.type not in SILENT for line in range(t.start[0], t.end[0] + 1)}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def definitions(text: str, names: tuple[str, ...]) -> Iterator[range]:
    """The lines of some definitions of a file, decorators included."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in names:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield range(first, (node.end_lineno or node.lineno) + 1)


def public(folder: Path) -> dict[str, int]:
    """Lines of code of the public definitions, by family."""
    found = {}
    for family, names in PUBLIC.items():
        text = (folder / "torchvision" / "models" / f"{family}.py").read_text(encoding="utf-8")
        wanted = {line for lines in definitions(text, names) for line in lines}
        found[family] = len(code_lines(text) & wanted)
    return found


def known(page: str) -> dict[str, int]:
    """The figures of the public definitions that stand on the page."""
    return {family: int(lines) for family, lines in re.findall(r"^\| (\w+)\.py \| (\d+) \|", page, re.M)}


def zoo() -> Iterator[tuple[str, str, int, int]]:
    """Spec, network, lines of the emitted file, and lines of code among them."""
    with chdir(ROOT):
        for spec in sorted(Path("specs").glob("*.arch")):
            for net in archdsl.check(spec).networks:
                text = net.torch_source()
                yield spec.stem, net.name, len(text.splitlines()), len(code_lines(text))


def page(beside: dict[str, int]) -> str:
    rows = list(zoo())
    families = []
    for family, lines in beside.items():
        spec = (ROOT / "specs" / f"{family}.arch").read_text(encoding="utf-8")
        written = [line for line in spec.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        ours = {name: code for found, name, _, code in rows if found == family and not name.endswith("Taught")}
        files = ", ".join(f"{name} {code}" for name, code in ours.items())
        families.append((f"{family}.py", lines, files, len(written)))
    networks = "\n".join(table(("spec", "network", "lines", "lines of code"), rows))
    compared = "\n".join(table(("public definition", "lines of code", "emitted, lines of code", "spec"), families))
    return f"""# Lines of emitted PyTorch

<!-- Made by benchmarks/emitted_lines.py; edit what it is made from. -->

What `archdsl compile --backend torch` writes for each network of the zoo. Lines of code are those that are neither
blank, nor a comment, nor a docstring; imports count, and so does the check of the inputs.

{networks}

## Beside public definitions

Three families beside their definitions in torchvision, counted in the same way. There, the classes and functions that
define the networks are counted; imports, tables of weights and the functions that load them are left out. A public
definition covers a whole family, with options that an emitted file does not have: that is one network. What covers the
family here is the spec.

{compared}
"""


def main() -> None:
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    PAGE.write_text(page(public(Path(sys.argv[1])) if len(sys.argv) > 1 else known(before)), encoding="utf-8")
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
