"""Charts as SVG elements that stand inside a page: no styles, no scripts, text as text, a title on every mark.

In:  plain numbers and labels that are already in the reader's language.
Out: one `<svg>` element as text. Lengths inside are px of the drawing; the page scales it.

matplotlib draws. Its `style` attributes become presentation attributes, because a strict content security policy
refuses inline styles; labels are drawn as stand-ins of the same width and replaced afterwards, so that no font with
Chinese letters is needed on the server.
"""

import io
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

BLUE, PALE, RED, GREY = "#1f4e79", "#9db4c9", "#9b1c1c", "#52606d"
WIDTH_PX, HEIGHT_PX = 720, 320
TICK_PX, AXIS_PX, NAME_PX = 12, 13, 11  # a chart stands at about 0.8 of its size in half a page
_FEW_BARS = 8
_LETTER_EM, _LINE_EM = 0.64, 1.1  # a digit of the widest common screen font, and the height of a line
_NAME_PLACES = ((6, 5), (-6, 5), (6, -12), (-6, -12))  # of a name beside its point, in px, the best first
_DOT_PX = 6.5
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_SIZE = re.compile(r"([\d.]+)px")
_drawing = threading.Lock()  # matplotlib's settings and caches belong to the process

ElementTree.register_namespace("", _SVG)
ElementTree.register_namespace("xlink", _XLINK)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what stands below it, its height, and what the pointer shows."""

    label: str
    value: float
    title: str


@dataclass(frozen=True, slots=True)
class Point:
    """One point: where it lies, its name, and what the pointer shows."""

    x: float
    y: float
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Block:
    """A value with its standard error: what stands below it, and what the pointer shows."""

    label: str
    value: float
    error: float
    title: str


@dataclass(slots=True)
class _Sheet:
    """A figure under construction, with the texts and titles that its elements get; `name` is said in its place."""

    figure: Figure
    axes: Any
    name: str
    texts: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)

    def say(self, artist: Text, text: str) -> None:
        """Let an artist show this text."""
        name = f"say{len(self.texts)}"
        self.texts[name] = text
        artist.set_gid(name)
        artist.set_text(stand_in(text))

    def explain(self, artist: Any, title: str) -> None:
        """Let the pointer over an artist show this title."""
        name = f"mark{len(self.titles)}"
        self.titles[name] = title
        artist.set_gid(name)


def bar_chart(
    name: str,
    bars: Sequence[Bar],
    *,
    x_label: str,
    y_label: str,
    line: float | None = None,
    line_title: str = "",
    width_px: int = WIDTH_PX,
    whole_numbers: bool = False,
) -> str:
    """Bars side by side, with a level line where `line` is given; `name` keeps the ids of several charts apart."""
    with _drawing:
        sheet = _sheet(x_label, y_label, width_px)
        if whole_numbers:
            sheet.axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        places = range(len(bars))
        drawn = sheet.axes.bar(places, [bar.value for bar in bars], width=0.72, color=BLUE)
        for patch, bar in zip(drawn, bars, strict=True):
            sheet.explain(patch, bar.title)
        slanted = len(bars) > 8 and max(len(bar.label) for bar in bars) > 3
        sheet.axes.set_xticks(list(places), [stand_in(bar.label) for bar in bars])
        for tick, bar in zip(sheet.axes.get_xticklabels(), bars, strict=True):
            sheet.say(tick, bar.label)
            if slanted:
                tick.set(rotation=35, ha="right", rotation_mode="anchor")
        if line is not None:
            drawn_line = sheet.axes.axhline(line, color=RED, linewidth=1.4, linestyle=(0, (5, 3)))
            sheet.explain(drawn_line, line_title)
        spare = max(0, _FEW_BARS - len(bars)) / 2  # a few bars do not grow into walls
        sheet.axes.set_xlim(-0.6 - spare, len(bars) - 0.4 + spare)
        return _finish(sheet, name)


def point_chart(
    name: str,
    points: Sequence[Point],
    *,
    x_label: str,
    y_label: str,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    x_guides: Sequence[float] = (),
    y_guides: Sequence[float] = (),
) -> str:
    """Named points on a plane, with thin guide lines where a rule draws a boundary.

    A name that would cover another name or point is left out: the lowest points get theirs first, and the
    pointer tells every one.
    """
    with _drawing:
        sheet = _sheet(x_label, y_label)
        sheet.axes.set(xlim=x_range, ylim=y_range)
        sheet.figure.draw_without_rendering()  # only now is known how large the plane is
        for x in x_guides:
            sheet.axes.axvline(x, color=PALE, linewidth=1, linestyle=(0, (4, 3)))
        for y in y_guides:
            sheet.axes.axhline(y, color=PALE, linewidth=1, linestyle=(0, (4, 3)))
        for point in points:
            (drawn,) = sheet.axes.plot([point.x], [point.y], "o", markersize=6.5, color=BLUE, clip_on=False)
            sheet.explain(drawn, point.title)
        for point, place in _names(sheet, points):
            text = sheet.axes.annotate(
                "n", (point.x, point.y), place, textcoords="offset points", fontsize=NAME_PX, color=GREY,
                ha="left" if place[0] > 0 else "right",
            )  # fmt: skip
            sheet.say(text, point.label)
        return _finish(sheet, name)


def share_chart(
    name: str, bars: Sequence[Bar], own: Sequence[float], own_titles: Sequence[str], *, x_label: str, y_label: str
) -> str:
    """Pale bars for everybody, with the shares of one person as a blue line of points over them."""
    with _drawing:
        sheet = _sheet(x_label, y_label)
        places = range(len(bars))
        drawn = sheet.axes.bar(places, [bar.value for bar in bars], width=0.8, color=PALE)
        for patch, bar in zip(drawn, bars, strict=True):
            sheet.explain(patch, bar.title)
        every = max(1, -(-len(bars) // 26))  # so many labels stand side by side
        sheet.axes.set_xticks(list(places)[::every], [stand_in(bar.label) for bar in bars][::every])
        for tick, bar in zip(sheet.axes.get_xticklabels(), list(bars)[::every], strict=True):
            sheet.say(tick, bar.label)
        if own:
            sheet.axes.plot(places, own, color=BLUE, linewidth=1.6)
            for place, value, title in zip(places, own, own_titles, strict=True):
                (dot,) = sheet.axes.plot([place], [value], "o", markersize=5.5, color=BLUE)
                sheet.explain(dot, title)
        return _finish(sheet, name)


def block_chart(name: str, blocks: Sequence[Block], *, x_label: str, y_label: str) -> str:
    """Values one after another with twice their standard errors, beside a line at zero."""
    with _drawing:
        sheet = _sheet(x_label, y_label)
        sheet.axes.axhline(0.0, color=GREY, linewidth=1.1)
        for place, block in enumerate(blocks):
            low, high = block.value - 2 * block.error, block.value + 2 * block.error
            sheet.axes.plot([place, place], [low, high], color=PALE, linewidth=3)
        sheet.axes.plot(range(len(blocks)), [block.value for block in blocks], color=BLUE, linewidth=1.6)
        for place, block in enumerate(blocks):
            (dot,) = sheet.axes.plot([place], [block.value], "o", markersize=6, color=BLUE)
            sheet.explain(dot, block.title)
        sheet.axes.set_xticks(range(len(blocks)), [stand_in(block.label) for block in blocks])
        for tick, block in zip(sheet.axes.get_xticklabels(), blocks, strict=True):
            sheet.say(tick, block.label)
        return _finish(sheet, name)


def _names(sheet: _Sheet, points: Sequence[Point]) -> Iterator[tuple[Point, tuple[int, int]]]:
    """Which points can be named, and where the name stands beside the point."""
    at = [tuple(map(float, sheet.axes.transData.transform((point.x, point.y)))) for point in points]
    dots = [(x - _DOT_PX / 2, y - _DOT_PX / 2, x + _DOT_PX / 2, y + _DOT_PX / 2) for x, y in at]
    written: list[tuple[float, float, float, float]] = []
    for index in sorted(range(len(points)), key=lambda one: (points[one].y, points[one].x)):
        (x, y), width = at[index], (len(points[index].label) + 0.5) * NAME_PX * _LETTER_EM
        for right, up in _NAME_PLACES:
            left = x + right - (0 if right > 0 else width)
            box = (left, y + up, left + width, y + up + NAME_PX * _LINE_EM)
            others = dots[:index] + dots[index + 1 :] + written
            if not any(_overlap(box, other) for other in others):
                written.append(box)
                yield points[index], (right, up)
                break


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def stand_in(text: str) -> str:
    """Latin letters about as wide as the text, for the layout."""
    return "".join("mn" if ord(letter) > 0x2E7F else "n" for letter in text) or "n"


def _sheet(x_label: str, y_label: str, width_px: int = WIDTH_PX) -> _Sheet:
    figure = Figure(figsize=(width_px / 72, HEIGHT_PX / 72), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1))
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(PALE)
    axes.tick_params(color=PALE, labelcolor=GREY, labelsize=TICK_PX)
    axes.grid(axis="y", color="#e3e9ee", linewidth=0.8)
    axes.set_axisbelow(True)
    sheet = _Sheet(figure, axes, f"{y_label} / {x_label}")
    sheet.say(axes.set_xlabel("n", color=GREY, fontsize=AXIS_PX, labelpad=4), x_label)
    sheet.say(axes.set_ylabel("n", color=GREY, fontsize=AXIS_PX, labelpad=6), y_label)
    return sheet


def _finish(sheet: _Sheet, name: str) -> str:
    out = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.family": "DejaVu Sans"}):
        sheet.figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ElementTree.fromstring(out.getvalue())  # noqa: S314 - drawn here a moment ago, by no stranger
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    _drop_empty_definitions(root)
    for element in root.iter():
        _plain(element)
        given = element.get("id", "")
        if given in sheet.texts:
            _say(element, sheet.texts[given])
        if given in sheet.titles:
            title = ElementTree.Element(f"{{{_SVG}}}title")
            title.text = sheet.titles[given]
            element.insert(0, title)
            element.set("class", "mark")
    for element in root.iter():
        if "id" in element.attrib and not _is_target(element):
            del element.attrib["id"]
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    root.set("stroke-linejoin", "round")
    root.set("stroke-linecap", "butt")
    root.set("role", "img")
    root.set("aria-label", sheet.name)
    return ElementTree.tostring(root, encoding="unicode")


def _drop_empty_definitions(root: ElementTree.Element) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == f"{{{_SVG}}}defs" and len(child) == 0:
                parent.remove(child)


def _is_target(element: ElementTree.Element) -> bool:
    """Whether other elements point at this one: clip paths and marker shapes have hashed ids."""
    return element.tag in (f"{{{_SVG}}}clipPath", f"{{{_SVG}}}path") and not element.get("id", "").startswith("patch")


def _plain(element: ElementTree.Element) -> None:
    """Turn the style of an element into presentation attributes."""
    style = element.attrib.pop("style", "")
    for declaration in style.split(";"):
        key, colon, value = declaration.partition(":")
        key, value = key.strip(), value.strip()
        if not colon:
            continue
        if key in ("font", "font-size"):
            size = _SIZE.search(value)
            element.set("font-size", size.group(1) if size else "10")
        elif not key.startswith("font"):
            element.set(key, value)


def _say(group: ElementTree.Element, text: str) -> None:
    for element in group.iter(f"{{{_SVG}}}text"):
        element.text = text
        for line in list(element):
            element.remove(line)


def band_label(low: Decimal, high: Decimal) -> str:
    """How a score band is written below its bar."""
    return f"{low.normalize():f}–{high.normalize():f}"
