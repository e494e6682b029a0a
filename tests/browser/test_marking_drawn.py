"""What a marker draws looks the same on the screen and on the server's image: within one px, words included."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFont
from playwright.sync_api import Browser, Page

from marking.reports.drawn import draw_annotations, shapes
from marking.rounds.annotations import check_annotations
from scanning.cards.fonts import font_file
from tests.support.browser import artefact, chromium

pytestmark = pytest.mark.browser

FIGURES = Path(__file__).resolve().parents[2] / "web" / "static" / "marking" / "figures.js"
SIZES = [(640, 200), (1500, 560), (900, 1200)]
ANNOTATIONS = check_annotations(
    [
        {"kind": "tick", "image": 0, "at": [0.1, 0.2]},
        {"kind": "half", "image": 0, "at": [0.2, 0.21]},
        {"kind": "cross", "image": 0, "at": [0.3007, 0.2]},
        {"kind": "underline", "image": 0, "line": [[0.05, 0.45], [0.42, 0.45]]},
        {"kind": "box", "image": 0, "box": [0.5, 0.1, 0.21, 0.3333]},
        {"kind": "pen", "image": 0, "line": [[0.75, 0.2], [0.8, 0.25], [0.78, 0.3], [0.85, 0.12], [0.9, 0.35]]},
        {"kind": "stamp", "image": 0, "at": [0.12, 0.62], "part": "16(2)", "value": "3.5"},
        {"kind": "stamp", "image": 0, "at": [0.99, 0.62], "part": "13", "value": "12"},
        {"kind": "text", "image": 0, "at": [0.3, 0.55], "text": "单位 cm 漏写, see 2nd line 到边换行再写"},
    ]
)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium("--force-device-scale-factor=1", "--font-render-hinting=none", "--disable-lcd-text") as browser:
        yield _page(browser)


def _page(browser: Browser) -> Page:
    page = browser.new_page(viewport={"width": 1520, "height": 1220})
    module = "data:text/javascript;base64," + base64.b64encode(FIGURES.read_bytes()).decode()
    page.set_content("<style>*{margin:0} svg{display:block}</style><body></body>")
    page.evaluate("async (module) => { window.figures = await import(module); }", module)
    font = font_file()
    assert font is not None, "a Chinese font is missing: install the system package `fonts-wqy-zenhei`"
    page.evaluate("(family) => { window.family = family; }", ImageFont.truetype(font).getname()[0])
    return page


def on_screen(page: Page, width: int, height: int, annotations: list[dict]) -> NDArray[np.uint8]:
    """A screenshot of the SVG that figures.js makes, as grey."""
    page.evaluate(
        """([annotations, width, height]) => {
          const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
          svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
          svg.setAttribute("width", width);
          svg.setAttribute("height", height);
          svg.setAttribute("font-family", window.family);
          svg.append(...annotations.map((one) => figures.picture(one, width, height)));
          document.body.replaceChildren(svg);
        }""",
        [annotations, width, height],
    )
    data = page.screenshot(clip={"x": 0, "y": 0, "width": width, "height": height})
    return np.asarray(Image.open(io.BytesIO(data)).convert("L"))


def from_server(width: int, height: int, annotations: list[dict]) -> NDArray[np.uint8]:
    white = Image.new("L", (width, height), 255)
    return np.asarray(draw_annotations(white, annotations, font=font_file()).convert("L"))


def farthest(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """How far the ink of one image lies, at most, from any ink of the other, in px."""
    ink, faint = one < 150, other < 215
    to_ink = cv2.distanceTransform((~faint).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float(to_ink[ink].max())


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("kind", ["tick", "half", "cross", "underline", "box", "pen", "stamp", "text"])
def test_screen_and_server_draw_the_same_within_one_px(page: Page, size: tuple[int, int], kind: str) -> None:
    chosen = [one for one in ANNOTATIONS if one["kind"] == kind]
    shown, drawn = on_screen(page, *size, chosen), from_server(*size, chosen)
    if kind == "text" and size == SIZES[1]:
        Image.fromarray(np.vstack([shown, drawn])).save(artefact("drawn-words.png"))
    assert (shown < 150).sum() > 20
    assert farthest(shown, drawn) <= 1.0
    assert farthest(drawn, shown) <= 1.0


def test_the_comparison_notices_a_shift_of_two_px(page: Page) -> None:
    shown = on_screen(page, *SIZES[0], ANNOTATIONS)
    drawn = from_server(*SIZES[0], ANNOTATIONS)
    assert farthest(np.roll(shown, 2, axis=1), drawn) > 1.0


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_both_compute_the_same_shapes(page: Page, size: tuple[int, int]) -> None:
    for annotation in ANNOTATIONS:
        script = page.evaluate("([one, width, height]) => figures.shapes(one, width, height)", [annotation, *size])
        ours = shapes(annotation, *size)
        assert [cell.character for cell in ours.cells] == [cell[0] for cell in script["cells"]], json.dumps(annotation)
        flat = [value for line in ours.strokes for point in line for value in point]
        flat += [value for cell in ours.cells for value in (cell.x_px, cell.baseline_px)]
        theirs = [value for line in script["strokes"] for point in line for value in point]
        theirs += [value for cell in script["cells"] for value in cell[1:]]
        assert flat == pytest.approx(theirs, abs=0.01)
