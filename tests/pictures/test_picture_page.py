"""The page of a network in a real browser: blocks open on a click, facts, search, and lines that light up with layers.

Needs Chromium. Without it these tests are skipped, unless ARCHDSL_BROWSER=required says that there must be one.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.places import SPECS

import archdsl

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
REQUIRED = os.environ.get("ARCHDSL_BROWSER") == "required"

if not PROGRAM and not REQUIRED:
    pytest.skip("there is no Chromium (apt-get install chromium)", allow_module_level=True)
playwright = (
    pytest.importorskip("playwright.sync_api", reason="playwright drives the browser") if not REQUIRED else None
)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    assert PROGRAM, "ARCHDSL_BROWSER=required, and there is no Chromium"
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=PROGRAM, args=list(FLAGS))
        yield opened
        opened.close()


class Tab:
    """A page of a network, with what the browser complained about and what it asked for."""

    def __init__(self, browser, folder: Path, target: str, **options: object) -> None:
        net = archdsl.load(SPECS / target)
        self.file = folder / "page.html"
        self.file.write_text(net.picture("html", **options), encoding="utf-8")
        self.context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme="light")
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(self.file.as_uri())
        self.page.wait_for_selector("#picture svg")

    def box(self, id: str):
        return self.page.locator(f'#picture [data-id="{id}"] > :is(.shape, .head):not(.behind)')

    def ids(self) -> set[str]:
        return set(self.page.eval_on_selector_all("#picture .box", "boxes => boxes.map(box => box.dataset.id)"))

    def facts(self) -> str:
        return self.page.inner_text("#facts")

    def lit(self) -> list[str]:
        return self.page.eval_on_selector_all(".l.lit", "rows => rows.map(row => row.dataset.line)")


@pytest.fixture
def tab(browser, tmp_path):
    tabs: list[Tab] = []

    def opened(target: str, **options: object) -> Tab:
        tabs.append(Tab(browser, tmp_path, target, **options))
        return tabs[-1]

    yield opened
    for one in tabs:
        assert one.complaints == [], "the browser's console is empty"
        assert one.asked == [one.file.as_uri()], "nothing but the page itself is asked for"
        one.context.close()


def line_of(spec: str, words: str) -> int:
    lines = (SPECS / spec).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if words in line)


def test_blocks_open_on_a_click_and_fold_on_their_heading(tab):
    shown = tab("resnet.arch:ResNet18", depth=0)
    assert "4" in shown.ids() and not any(id.startswith("4.") for id in shown.ids())
    shown.box("4").click()
    assert "4.0" in shown.ids()
    shown.box("4.0").click()
    assert {"4.0.0", "4.0.6"} <= shown.ids()
    shown.box("4").click()
    assert not any(id.startswith("4.") for id in shown.ids())
    shown.box("4").click()
    assert "4.0.0" in shown.ids(), "what was open in a block is open again"


def test_a_block_stays_under_the_pointer_when_it_opens(tab):
    shown = tab("resnet.arch:ResNet50", depth=0)
    shown.box("6").scroll_into_view_if_needed()
    before = shown.box("6").bounding_box()
    shown.box("6").click()
    assert shown.box("6").bounding_box()["y"] == pytest.approx(before["y"], abs=2)


def test_a_layer_shows_its_facts(tab):
    shown = tab("resnet.arch:ResNet50", depth=0)
    assert "25,557,032" in shown.facts(), "before a click, those of the network"
    shown.box("0").click()
    facts = shown.facts()
    assert facts.startswith("conv(64, kernel=7, stride=2, padding=3, bias=false)")
    for fact in (
        *("conv1", "[N, 3, H, W]", "[N, 64, ceil(H / 2), ceil(W / 2)]", "9,408", "7 × 7", "stride=[2, 2]"),
        *("weight [64, 3, 7, 7]", "Slide a learned kernel over each image"),
    ):
        assert fact in facts
    assert "9408 * ceil(H / 2) * ceil(W / 2)" in facts


def test_a_block_shows_the_words_of_its_spec(tab):
    shown = tab("resnet.arch:ResNet50", depth=1)
    shown.box("5.1").click()
    assert "3 × 280,064 = 840,192" in shown.facts()
    assert "1×1 reduces, 3×3 works, 1×1 expands by four." in shown.facts()


def test_search_finds_a_layer_in_a_folded_block(tab):
    shown = tab("resnet.arch:ResNet50", depth=0)
    shown.page.fill("#search", "layer3.4 conv2")
    shown.page.keyboard.press("Enter")
    assert shown.page.locator(".box.chosen").get_attribute("data-id") == "6.1.3"
    assert shown.page.inner_text("#facts h2").startswith("conv(256, kernel=3")
    assert shown.page.locator(".box.chosen").bounding_box()["y"] < 900, "and shows it"
    shown.page.fill("#search", "no such thing")
    assert "nothing found" in shown.page.inner_text("#found")


def test_search_goes_by_the_arrow_keys(tab):
    shown = tab("lenet.arch:LeNet")
    shown.page.fill("#search", "linear")
    shown.page.keyboard.press("ArrowDown")
    shown.page.keyboard.press("Enter")
    assert "linear(84)" in shown.page.inner_text("#facts h2")


def test_the_line_lights_up_with_the_layer(tab):
    shown = tab("resnet.arch:ResNet18", depth=2)
    shown.box("4.0.3").hover()
    assert shown.lit() == [f"0:{line_of('resnet.arch', 'conv2 = conv(channels, kernel=3, padding=1')}"]
    shown.box("4.0.3").click()
    assert shown.page.inner_text("#text mark").startswith("conv(channels, kernel=3, padding=1")


def test_the_layer_lights_up_with_the_line(tab):
    shown = tab("resnet.arch:ResNet18", depth=2)
    number = line_of("resnet.arch", "conv2 = conv(channels, kernel=3, padding=1")
    shown.page.hover(f'[data-line="0:{number}"]')
    lit = shown.page.eval_on_selector_all(".box.lit", "boxes => boxes.map(box => box.dataset.id)")
    assert "4.0.3" in lit and len(lit) == 7, "in every block that stems from it"


def test_a_line_lights_up_the_folded_block_that_hides_its_layers(tab):
    shown = tab("resnet.arch:ResNet18", depth=0)
    number = line_of("resnet.arch", "conv2 = conv(channels, kernel=3, padding=1")
    shown.page.click(f'[data-line="0:{number}"]')
    assert shown.page.locator(".box.chosen").get_attribute("data-id") == "4"
    shown.page.hover(f'[data-line="0:{number}"]')
    lit = shown.page.eval_on_selector_all(".box.lit", "boxes => boxes.map(box => box.dataset.id)")
    assert lit == ["4", "5", "6", "7"]


def test_layers_of_an_imported_block_light_up_their_own_file(tab):
    shown = tab("squeeze_excite.arch:SEResNet18", depth=0)
    assert shown.page.locator("#text h2").all_inner_texts() == ["resnet.arch", "squeeze_excite.arch"]
    shown.page.fill("#search", "se global_avg_pool")
    shown.page.keyboard.press("Enter")
    assert shown.lit() == [f"1:{line_of('squeeze_excite.arch', '| global_avg_pool')}"]


def test_buttons(tab):
    shown = tab("unet.arch:UNet", depth=0)
    folded = shown.ids()
    shown.page.click("#open")
    assert len(shown.ids()) > len(folded)
    shown.page.click("#fold")
    assert shown.ids() == folded
    size = shown.page.locator("#picture svg").bounding_box()["width"]
    shown.page.click("#larger")
    assert shown.page.locator("#picture svg").bounding_box()["width"] == pytest.approx(1.25 * size, rel=0.01)
    shown.page.click("#smaller")
    assert shown.page.get_attribute("body", "class") == "light"
    shown.page.click("#theme")
    assert shown.page.get_attribute("body", "class") == "dark"


def test_the_keyboard_opens_blocks(tab):
    shown = tab("resnet.arch:ResNet18", depth=0)
    shown.page.focus('[data-id="4"]')
    shown.page.keyboard.press("Enter")
    assert "4.0" in shown.ids()
    assert shown.page.get_attribute('[data-id="4"]', "aria-expanded") == "true"
    shown.page.keyboard.press("/")
    assert shown.page.evaluate("document.activeElement.id") == "search"


def test_the_page_follows_the_system_unless_told(browser, tab):
    assert tab("lenet.arch:LeNet").page.get_attribute("body", "class") == "light"
    assert tab("lenet.arch:LeNet", theme="dark").page.get_attribute("body", "class") == "dark"


def test_the_page_draws_what_svg_shows(tab):
    """One layout for both: every element of the picture is the same."""
    shown = tab("googlenet.arch:GoogLeNet", depth=1)
    drawn = archdsl.load(SPECS / "googlenet.arch:GoogLeNet").picture(depth=1)
    expected = re.findall(r'<rect class="shape[^>]*>|<path class="line"[^>]*>', drawn)
    found = re.findall(r'<rect class="shape[^>]*>|<path class="line"[^>]*>', shown.page.inner_html("#picture"))
    assert [element.replace("/>", ">") for element in expected] == found


@pytest.mark.parametrize("target", ["resnet.arch:ResNet18", "vit.arch:ViTBase16", "googlenet.arch:GoogLeNetTaught"])
def test_texts_fit_as_the_browser_sees_them(tab, target):
    """The browser's own measure of every text, against its box; and no font makes letters much narrower or wider."""
    shown = tab(target, depth=99)
    wrong = shown.page.evaluate("""() => {
        const wrong = [];
        for (const text of document.querySelectorAll("#picture .box > text:not(.told)")) {
            const inner = text.getBoundingClientRect();
            const outer = text.parentNode.querySelector(".shape, .frame").getBoundingClientRect();
            const across = inner.left >= outer.left && inner.right <= outer.right;
            if (!across || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1) wrong.push(text.textContent);
            const told = +text.getAttribute("textLength");
            text.removeAttribute("textLength");
            const natural = text.getComputedTextLength();
            if (Math.abs(natural / told - 1) > 0.2) wrong.push(`${text.textContent}: ${natural} is drawn as ${told}`);
        }
        return wrong;
    }""")
    assert wrong == []
