"""Pictures: nothing overlaps and nothing is cut off, in any network of the zoo, folded or open; and the text forms."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from functools import cache
from itertools import pairwise

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from support.picture_geometry import HEAD, Drawn, Seen, collisions, seen
from support.places import ROOT
from support.spec_strategies import network

import archdsl
from archdsl import Network
from archdsl.cli import main
from archdsl.ops import OPS
from archdsl.pictures.captions import caption
from archdsl.pictures.kinds import DARK, LIGHT, WORDS, Colours
from archdsl.pictures.model import picture
from archdsl.pictures.opened import ENOUGH, opened
from archdsl.pictures.opened import seen as count

RESIDUAL = """
block residual(channels) {
    add {
        | conv1 = conv(channels, kernel=3, padding=1) -> relu -> conv2 = conv(channels, kernel=3, padding=1)
        | identity
    }
    relu
}
network Small { input image: [N, 8, 16, 16]
    repeat 2 { residual(8) }
    global_avg_pool -> flatten -> linear(10)
}
"""


@cache
def zoo() -> dict[str, Network]:
    return {net.name: net for path in sorted((ROOT / "specs").glob("*.arch")) for net in archdsl.check(path).networks}


def block(shown: Seen, title: str) -> Drawn:
    return next(box for box in shown.boxes.values() if box.title == title)


@pytest.mark.parametrize("depth", [None, 0, 1, 99], ids=["as fits", "folded", "one level", "open"])
@pytest.mark.parametrize("name", sorted(zoo()))
def test_nothing_overlaps_and_nothing_is_cut_off(name, depth):
    shown = seen(zoo()[name].picture(depth=depth))
    assert collisions(shown) == []
    if depth == 99:
        assert not any("closed" in box.classes for box in shown.boxes.values())


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=40)
@given(network())
def test_nothing_overlaps_in_generated_networks(text):
    net = archdsl.loads(text)
    for depth in (0, 99):
        assert collisions(seen(net.picture(depth=depth))) == []


def test_wires_begin_and_end_at_boxes():
    shown = seen(zoo()["ResNet18"].picture(depth=1))
    starts = [wire.points[0] for wire in shown.wires]
    heads = {box.area.top + HEAD for box in shown.boxes.values() if box.is_open}
    for x, y in starts:
        assert y in heads or any(box.area.touches(x, y) for box in shown.boxes.values()), f"a wire begins at {x}, {y}"


@pytest.mark.parametrize(
    ("element", "moved"),
    [
        ('data-id="1"><title>.*?</title><rect class="shape" x="', "a box"),
        ('class="told" x="', "a shape"),
        ('class="line" d="M', "a wire"),
    ],
)
def test_what_is_moved_is_noticed(element, moved):
    """The check of the pictures finds something where a picture is spoilt."""
    drawn = zoo()["ResNet18"].picture(depth=2)
    spoilt = re.sub(
        rf"({element})([\d.]+)", lambda found: f"{found[1]}{float(found[2]) + 40}", drawn, count=1, flags=re.S
    )
    assert spoilt != drawn and collisions(seen(spoilt)), f"{moved} was moved"


def test_a_residual_looks_like_a_residual():
    shown = seen(archdsl.loads(RESIDUAL).picture(depth=99))
    body = shown.inner(block(shown, "2 × residual(8)"))
    chain = sorted((box for box in body if box.title), key=lambda box: box.area.top)
    (join,) = (box for box in body if not box.title)
    assert [box.title for box in chain] == ["conv", "relu", "conv", "relu"]
    assert {round(box.area.middle) for box in [*chain, join]} == {round(join.area.middle)}, (
        "the chain stands on one axis"
    )
    (shortcut,) = (wire for wire in shown.wires if len(wire.points) > 2)
    assert shortcut.points[0][1] < chain[0].area.top, "the shortcut leaves above the first convolution"
    assert shortcut.points[0][0] == pytest.approx(join.area.middle, abs=1), "and from the axis"
    assert max(x for x, _ in shortcut.points) > max(box.area.right for box in chain), "runs beside the chain"
    assert shortcut.arrow == pytest.approx((join.area.right, (join.area.top + join.area.bottom) / 2), abs=1)


def test_a_projection_stands_beside_the_chain():
    shown = seen(zoo()["ResNet50"].picture(open=["layer1.0"]))
    body = shown.inner(block(shown, "bottleneck(64)"))
    shortcut = block(shown, "downsample")
    chain = [box for box in body if box is not shortcut]
    assert len({round(box.area.middle) for box in chain}) == 1
    assert shortcut.area.left > max(box.area.right for box in chain)


def test_a_chain_beside_an_open_block_stays_close():
    """An open projection is as high as three layers; the chain beside it does not wait for it."""
    shown = seen(zoo()["ResNet18"].picture(depth=99))
    body = shown.inner(block(shown, "basic(512, stride=2)"))
    chain = sorted((box for box in body if box.title and not box.is_open), key=lambda box: box.area.top)
    assert [box.title for box in chain] == ["conv", "batch_norm", "relu", "conv", "batch_norm", "relu"]
    gaps = [lower.area.top - upper.area.bottom for upper, lower in pairwise(chain[:5])]
    assert max(gaps) <= 26 + 19, "an arrow, and the shape below a box"


def test_learned_values_come_in_from_the_side():
    """The tokens of a transformer go straight on; the class token and the positions hang on nothing."""
    shown = seen(zoo()["ViTBase16"].picture(depth=99))
    token, positions = (box for box in shown.boxes.values() if box.title == "parameter")
    sum_ = min((box for box in shown.boxes.values() if not box.title), key=lambda box: box.area.top)
    for box, join in ((token, block(shown, "concat")), (positions, sum_)):
        (wire,) = (wire for wire in shown.wires if box.area.touches(*wire.points[0]))
        assert wire.arrow == pytest.approx((join.area.right, (join.area.top + join.area.bottom) / 2), abs=1)
        assert not [wire for wire in shown.wires if wire.arrow and box.area.touches(*wire.arrow)]
        assert box.area.left > join.area.middle


@pytest.mark.parametrize(
    "body",
    [
        "parameter([4, 8])",
        "add { | parameter([4, 8]) | parameter([4, 8]) }",
        "add { | parameter([4, 8]) | identity | linear(8) }",
        "concat(axis=1) { | parameter([1, 8]) -> linear(8) | identity }",
        "q = parameter([4, 8])\nx -> y = relu\nadd { | y | q } -> z = relu -> linear(8)\nadd { | identity | z | q }",
        "repeat 3 { alone }",
        "repeat 3 { beside }",
    ],
)
def test_nothing_overlaps_where_values_are_learned(body):
    net = archdsl.loads(f"""
    block alone {{ parameter([4, 8]) }}
    block beside {{ add {{ | identity | parameter([4, 8]) }} }}
    network t {{ input x: [N, 4, 8]
        {body}
        relu }}""")
    for depth in (0, 99):
        shown = seen(net.picture(depth=depth))
        assert collisions(shown) == []
        on_wires = {
            box.id
            for box in shown.boxes.values()
            for wire in shown.wires
            for end in (wire.points[0], wire.arrow or wire.points[-1])
            if box.area.touches(*end)
        }
        assert on_wires >= {box.id for box in shown.boxes.values() if not box.is_open}


def test_an_inception_module_stands_on_the_axis_of_the_network():
    """Its arms begin at one height, and what it joins leaves it where what it takes came in."""
    shown = seen(zoo()["GoogLeNet"].picture(depth=1))
    modules = [box for box in shown.boxes.values() if box.is_open and box.title.startswith("inception_bn")]
    assert len(modules) == 9
    for module in modules:
        *arms, join = sorted(shown.inner(module), key=lambda box: box.area.top)
        assert len({box.area.top for box in arms}) == 1 and len(arms) == 4
        (entry,) = {wire.points[0][0] for wire in shown.wires if wire.points[0][1] == module.area.top + HEAD}
        assert entry == pytest.approx(join.area.middle, abs=0.2)


def test_an_inception_module_looks_like_the_figure():
    """Four arms side by side in the order of the spec, from one value above into one concat below."""
    shown = seen(zoo()["GoogLeNetTaught"].picture(open=["module3.0"]))
    body = shown.inner(next(box for box in shown.boxes.values() if box.title.startswith("inception(64")))
    concat = next(box for box in body if box.title == "concat")
    columns: dict[int, list[Drawn]] = {}
    for box in sorted(body, key=lambda box: box.area.top):
        if box is not concat:
            columns.setdefault(round(box.area.middle), []).append(box)
    arms = [[box.title for box in columns[middle]] for middle in sorted(columns)]
    assert arms == [
        ["conv", "relu"],
        ["conv", "relu", "conv", "relu"],
        ["conv", "relu", "conv", "relu"],
        ["max_pool", "conv", "relu"],
    ]
    assert all(box.area.bottom < concat.area.top for box in body if box is not concat)
    assert min(columns) < concat.area.middle < max(columns)
    entering = [wire for wire in shown.wires if wire.arrow and abs(wire.arrow[1] - concat.area.top) < 1]
    assert len(entering) == 4 and {wire.arrow for wire in entering} == {entering[0].arrow}


TANGLE = """
network Tangle {
    input left: [N, 3, 32, 32]
    input right: [N, 3, 32, 32]

    l = { left -> conv(16, kernel=3, padding=1) -> relu }
    r = { right -> conv(16, kernel=3, padding=1) -> relu }
    c1 = concat { | l | r }
    c2 = conv(32, kernel=3, padding=1)
    c3 = conv(32, kernel=3, padding=1)
    c4 = concat { | c1 | c2 | c3 }
    c5 = conv(32, kernel=1)
    s = add { | c5 | c3 | c2 }
    deep = { conv(32, kernel=3, stride=2, padding=1) -> relu -> upsample(2) }
    mix = concat { | deep | s | c5 }
    output mask = { mix -> conv(2, kernel=1) }
    output logits = { s -> global_avg_pool -> flatten -> linear(7) }
}
"""


@pytest.mark.parametrize("depth", [0, 9])
def test_values_that_are_used_again_by_name(depth):
    """Several inputs and outputs, and no structure of arms: nothing collides, and each shortcut has its own way in."""
    shown = seen(archdsl.loads(TANGLE).picture(depth=depth))
    assert collisions(shown) == []
    assert [box.title for box in shown.boxes.values() if box.title in ("left", "right", "mask", "logits")]
    tips = [wire.arrow for wire in shown.wires if wire.arrow]
    joins = [box for box in shown.boxes.values() if box.title in ("concat", "")]
    at_side = [tip for tip in tips for box in joins if abs(tip[0] - box.area.right) < 1 and box.area.touches(*tip)]
    assert len(at_side) == len(set(at_side)) == 6


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("conv(8, kernel=3, padding=1)", "3×3, 8"),
        ("conv(8, kernel=[3, 5], stride=[2, 1], padding=[1, 2], bias=false)", "3×5, 8, /2×1"),
        ("conv(8, kernel=3, groups=4)", "3×3, 8, groups=4"),
        ("max_pool(2)", "2×2, /2"),
        ("max_pool(3, stride=1)", "3×3, /1"),
        ("upsample(2)", "2×2"),
        ("batch_norm(eps=0.001)", ""),
        ("dropout(0.3)", "0.3"),
    ],
)
def test_a_box_says_what_a_figure_would(stage, words):
    (layer,) = archdsl.loads(f"network t {{ input x: [N, 4, 16, 16]\n {stage} }}").graph.nodes
    assert caption(layer) == words


def test_repeated_blocks_are_folded_and_drawn_once():
    shown = seen(zoo()["ViTBase16"].picture(depth=99))
    heads = [box.title for box in shown.boxes.values() if box.is_open]
    assert "12 × encoder_block(12, mlp_width=3072, dropout_rate=0.0)" in heads
    assert sum(box.title == "attention" for box in shown.boxes.values()) == 1


def test_blocks_that_differ_inside_are_drawn_each():
    net = zoo()["DenseNet121"]
    folded = seen(net.picture(depth=2))
    assert any(box.title == "6 × (dense_layer(32), concat)" for box in folded.boxes.values())
    unfolded = seen(net.picture(depth=3))
    assert sum(box.title == "dense_layer(32)" for box in unfolded.boxes.values()) == 6 + 12 + 24 + 16


def test_shapes_stand_where_they_change():
    shown = seen(zoo()["LeNet"].picture())
    told = [text.words for box in shown.boxes.values() for text in box.texts if text.kind == "told"]
    assert told[:4] == ["[N, 1, 28, 28]", "[N, 6, 28, 28]", "[N, 6, 14, 14]", "[N, 16, 10, 10]"]
    tips = re.findall(r'<g class="wire"><title>([^<]*)', zoo()["LeNet"].picture())
    assert len(tips) == 13 and all(tips), "every wire tells its shape to who points at it"


def test_every_network_is_drawn_with_as_many_boxes_as_a_reader_takes_in():
    for net in zoo().values():
        shown = picture(net.graph)
        folded = count(shown.body, frozenset())
        assert count(shown.body, frozenset(opened(shown))) <= max(ENOUGH, folded)


def test_the_same_network_is_the_same_bytes():
    here = zoo()["ResNet18"].picture(depth=2)
    made: list[str] = []
    thread = threading.Thread(target=lambda: made.append(zoo()["ResNet18"].picture(depth=2)))
    thread.start()
    thread.join()
    script = "import archdsl; print(archdsl.load('specs/resnet.arch:ResNet18').picture(depth=2), end='')"
    other = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env={"PYTHONHASHSEED": "7"}, capture_output=True, check=True
    )
    assert made == [here] and other.stdout.decode() == here


@pytest.mark.parametrize("form", ["html", "dot", "mermaid"])
def test_the_other_forms_are_the_same_bytes_too(form):
    assert zoo()["UNet"].picture(form) == archdsl.load(ROOT / "specs" / "unet.arch").picture(form)


def test_themes():
    net = archdsl.loads(RESIDUAL)
    auto, light, dark = (net.picture(theme=theme) for theme in ("auto", "light", "dark"))
    assert "prefers-color-scheme: dark" in auto and LIGHT.paper in auto and DARK.paper in auto
    assert LIGHT.paper in light and DARK.paper not in light
    assert DARK.paper in dark and f"fill: {LIGHT.kinds['convolution'].fill}" not in dark


def test_every_kind_of_op_has_its_colours():
    kinds = {op.chapter.kind for op in OPS.values()}
    for theme in (LIGHT, DARK):
        assert set(theme.kinds) == {*kinds, "block", "end"}
    assert set(WORDS) == {*kinds, "block"}


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_can_be_read(theme):
    """WCAG 2.2 asks for 4.5 for text, and 3 for what is drawn."""
    texts = [(colours.text, colours.fill) for colours in theme.kinds.values()]
    texts += [(theme.ink, theme.paper), (theme.faint, theme.paper), (theme.faint, theme.frame)]
    assert min(contrast(*pair) for pair in texts) >= 4.5
    assert contrast(theme.wire, theme.paper) >= 3


def test_texts_of_a_hostile_spec_stay_text():
    text = """
    block act(word) { relu }
    network t { input x: [N, 3, 8, 8]
        act("<script>alert(1)</script>&") -> conv(4, kernel=1)
    }"""
    net = archdsl.loads(text)
    drawn = net.picture()
    assert seen(drawn).boxes["0"].title == 'act("<script>alert(1)</script>&")'
    assert "<script>" not in drawn
    assert "alert(1)</script>" not in net.picture("html")


def test_a_spec_cannot_end_the_page():
    net = archdsl.loads("# </script><script>alert(1)</script>\nnetwork t { input x: [N, 4]\n linear(3) }")
    assert "alert(1)</script>" not in net.picture("html")


def test_numbers_in_boxes_are_as_long_as_in_figures():
    net = archdsl.loads("""
    block b(drop) { add { | identity | tanh -> stochastic_depth(drop) } }
    network t { input x: [N, 4]
        b(0.1 / 17) -> dropout(0.123456) -> dropout(0.25) }""")
    shown = {text.words for box in seen(net.picture(depth=99)).boxes.values() for text in box.texts}
    assert {"b(0.005882)", "0.005882", "0.1235", "0.25"} <= shown
    assert "stochastic_depth(0.0058823529411764705)" in net.picture("html")


def test_dot():
    assert archdsl.loads(RESIDUAL).picture("dot", depth=1) == (ROOT / "tests" / "pictures" / "small.dot").read_text(
        encoding="utf-8"
    )


def test_mermaid():
    assert archdsl.loads(RESIDUAL).picture("mermaid", depth=1) == (ROOT / "tests" / "pictures" / "small.mmd").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("name", sorted(zoo()))
@pytest.mark.parametrize("depth", [0, 99])
def test_dot_and_mermaid_name_each_box_once_and_wire_only_these(name, depth):
    dot = zoo()[name].picture("dot", depth=depth)
    boxes = re.findall(r'^ *"([\w.]+)" \[', dot, re.M)
    wires = re.findall(r'^ *"([\w.]+)" -> "([\w.]+)"', dot, re.M)
    assert len(boxes) == len(set(boxes)) and dot.count("{") == dot.count("}")
    assert {end for wire in wires for end in wire} == set(boxes), "every box is on a wire"
    flowchart = zoo()[name].picture("mermaid", depth=depth)
    assert len(re.findall(r" -->\|", flowchart)) == len(wires)
    assert flowchart.count("subgraph ") == len(re.findall(r"^ *end$", flowchart, re.M))


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("name", ["GoogLeNet", "UNet", "ViTBase16"])
@pytest.mark.parametrize("depth", [0, 99])
def test_graphviz_draws_it(name, depth):
    text = zoo()[name].picture("dot", depth=depth)
    made = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (made.returncode, made.stderr) == (0, "")
    drawn = ElementTree.fromstring(made.stdout)
    assert len(drawn.findall(".//*[@class='edge']")) == text.count(" -> ")
    assert len(drawn.findall(".//*[@class='cluster']")) == text.count("subgraph ")


MERMAID_LABEL = r'[^#&"<>%\\\n]|#\d+;|<br>'
"""What a quoted label may hold for Mermaid to show it as it is: entities, line breaks, and plain signs."""


@pytest.mark.parametrize(
    "word", ['a"b', "#35;", "#quot;", "<b>x</b>", "%%{init: {}}%%", r"a\\n", "&lt;", "[x]", "-->|y|"]
)
@pytest.mark.parametrize("depth", [0, 1])
def test_texts_stay_texts_in_mermaid(word, depth):
    quoted = word.replace('"', '\\"')
    net = archdsl.loads(f'block act(word) {{ relu }}\nnetwork t {{ input x: [N, 4]\n act("{quoted}") }}')
    title = next(box.title for box in picture(net.graph).boxes() if box.form == "block")
    lines = net.picture("mermaid", depth=depth).splitlines()
    (label,) = (line.partition('"')[2].rpartition('"')[0] for line in lines if "act(" in line)
    assert re.fullmatch(f"(?:{MERMAID_LABEL})*", label)
    read = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), label.partition("<br>")[0])
    assert read == title


def test_more_than_mermaid_draws_is_told():
    net = str(ROOT / "specs" / "densenet.arch") + ":DenseNet201"
    told = run(net, "--format", "mermaid", "--depth", "99")
    wires = told.stdout.count(" -->|")
    assert told.exit_code == 0 and wires > 499
    assert told.stderr.startswith(f"note: Mermaid draws at most 499 wires, and here are {wires}; open fewer")
    assert not run(net, "--format", "mermaid").stderr


def run(*words: str, stdin: str | None = None):
    return CliRunner().invoke(main, ["graph", *words], input=stdin)


@pytest.mark.parametrize(
    ("ending", "begin"),
    [(".svg", "<svg "), (".html", "<!DOCTYPE html>"), (".dot", "digraph"), (".mmd", "flowchart TD")],
)
def test_command_writes_what_the_name_of_the_file_says(tmp_path, ending, begin):
    out = tmp_path / f"net{ending}"
    result = run(str(ROOT / "specs" / "lenet.arch") + ":LeNet", "-o", str(out))
    assert (result.exit_code, result.output) == (0, "")
    assert out.read_text(encoding="utf-8").startswith(begin)


def test_command_writes_to_standard_output():
    result = run("-", "--format", "dot", stdin=RESIDUAL)
    assert result.exit_code == 0 and result.stdout.startswith('digraph "Small"')


def test_command_refuses_what_it_does_not_know(tmp_path):
    target = str(ROOT / "specs" / "resnet.arch") + ":ResNet50"
    png = run(target, "-o", str(tmp_path / "net.png"))
    assert png.exit_code == 2 and "pictures are .svg, .html, .dot or .mmd" in png.stderr
    block = run(target, "--open", "bottlneck", "-o", str(tmp_path / "net.svg"))
    assert block.exit_code == 2 and "did you mean bottleneck?" in block.stderr
    assert not list(tmp_path.iterdir())


def test_command_never_writes_over_the_spec(tmp_path):
    spec = tmp_path / "net.dot"
    spec.write_text(RESIDUAL, encoding="utf-8")
    result = run(str(spec), "-o", str(spec))
    assert result.exit_code == 2 and spec.read_text(encoding="utf-8") == RESIDUAL


def test_a_spec_with_errors_is_not_drawn():
    result = run("-", "--format", "dot", stdin="network t { input x: [N, 4]\n conv(3, kernel=1) }")
    assert result.exit_code == 1 and "error[wrong-rank]" in result.stderr and not result.stdout


def test_without_the_engine_svg_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "quickjs", None)
    monkeypatch.setattr("archdsl.pictures.svg._here.engine", None)
    result = run("-", stdin=RESIDUAL)
    assert result.exit_code == 2 and "pip install 'archdsl[graph]'" in result.stderr and not result.stdout
    net = archdsl.loads(RESIDUAL)
    with pytest.raises(ImportError, match=r"archdsl\[graph\]"):
        net.picture()
    assert net._repr_svg_() is None and "<table>" in net._repr_html_()
    assert net.picture("html").startswith("<!DOCTYPE html>")


def test_notebooks_show_the_picture_and_the_table():
    net = archdsl.loads(RESIDUAL)
    ElementTree.fromstring(net._repr_svg_() or "")
    shown = net._repr_html_()
    assert shown.index("<svg ") < shown.index("<table>")


def test_python_refuses_what_it_does_not_know():
    net = archdsl.loads(RESIDUAL)
    for wrong in ({"form": "png"}, {"theme": "pink"}, {"open": ["relu"]}):
        with pytest.raises(ValueError, match=str(next(iter(wrong.values()))[0])):
            net.picture(**wrong)


def test_elk_is_the_published_one():
    """lib/elk-worker.min.js of elkjs 0.12.1, byte for byte."""
    from hashlib import sha256

    text = (ROOT / "archdsl" / "pictures" / "browser" / "elk-worker.min.js").read_bytes()
    assert sha256(text).hexdigest() == "dca3a19d9ec37f5634bf5876b4ebd2455c3f43f0d32570136c13c13edaba9bfb"


def test_colours_are_written_as_colours():
    for theme in (LIGHT, DARK):
        for colours in theme.kinds.values():
            assert isinstance(colours, Colours) and all(re.fullmatch(r"#[0-9a-f]{6}", colour) for colour in colours)
