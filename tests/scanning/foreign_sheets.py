"""Invented foreign answer sheets: an OMRChecker template, its printed sheet, marks by hand, and a phone's photo.

Everything comes from one seed. Nothing here shares code with the reader; the truth is known by construction.
"""

import json
from dataclasses import dataclass, field

import cv2
import numpy as np

Image = np.ndarray


@dataclass
class Sheet:
    """A template, its clean print (grey, `per_unit` px per template unit), and what was marked."""

    template: dict
    print: Image
    per_unit: float
    images: dict[str, bytes] = field(default_factory=dict)
    truth: dict[str, str] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    blank: Image | None = None  # the print before anybody wrote on it


@dataclass(frozen=True)
class Style:
    """How the bubbles are printed: `shape` ring, box or letter; `grey` of the outline, 0 = black."""

    shape: str = "ring"
    letters: bool = True
    grey: int = 110
    anchor: str = "outline"  # outline | markers | features | none


WIDTH, HEIGHT = 1000, 1400  # template units
FINE = 2.0  # print px per unit


def make_sheet(seed: int, style: Style, items: int = 40) -> Sheet:
    """Question blocks of ten rows and a number grid, with the small errors that hand-made templates have."""
    rng = np.random.default_rng(seed)
    paper = np.full((int(HEIGHT * FINE), int(WIDTH * FINE)), 250, np.uint8)
    blocks, joins, values = {}, {}, []
    size = float(rng.uniform(15, 19))
    row, option = size * float(rng.uniform(1.45, 1.7)), size * float(rng.uniform(1.9, 2.4))

    def block(name, labels, options, origin, gaps, vertical):
        shown = {"origin": [int(origin[0] + rng.integers(-2, 3)), int(origin[1] + rng.integers(-2, 3))]}
        shown |= {"bubblesGap": round(gaps[0] * rng.uniform(0.998, 1.002), 2)}
        shown |= {"labelsGap": round(gaps[1] * rng.uniform(0.998, 1.002), 2), "fieldLabels": labels[1]}
        if vertical:
            shown["fieldType"] = "QTYPE_INT"
        else:
            shown |= {"bubbleValues": list(options), "direction": "horizontal"}
        blocks[name] = shown
        for line, label in enumerate(labels[0]):
            for at, text in enumerate(options):
                along, across = at * gaps[0], line * gaps[1]
                x, y = (across, along) if vertical else (along, across)
                values.append((label, text, origin[0] + x + size / 2, origin[1] + y + size / 2))

    digits = int(rng.integers(4, 9))
    names = [f"n{i}" for i in range(1, digits + 1)]
    block("number", (names, [f"n1..{digits}"]), "0123456789", (560, 170), (row, 1.7 * size), vertical=True)
    joins["Number"] = [f"n1..{digits}"]
    options = "ABCD" if rng.random() < 0.7 else "ABCDE"
    for start in range(0, items, 10):
        column, line = divmod(start // 10, 2)
        origin = (120 + column * 300, 570 + line * 12.2 * row)
        labels = [f"q{start + i + 1}" for i in range(10)]
        block(f"b{start}", (labels, [f"q{start + 1}..{start + 10}"]), options, origin, (option, row), vertical=False)
        for at, text in enumerate(options):  # a heading over each block, as most sheets have
            _text(paper, text, origin[0] + size / 2 + at * option, origin[1] - 0.8 * row, 0.9 * size, 40)
        for i in range(10):
            _text(paper, str(start + i + 1), origin[0] - 1.4 * size, origin[1] + size / 2 + i * row, 0.8 * size, 60)
    for _label, text, x, y in values:
        _bubble(paper, style, size, x, y, text)
    _text(paper, "ANSWER SHEET", 380, 90, 40, 30)
    cv2.rectangle(paper, *(tuple(int(v * FINE) for v in at) for at in ((80, 520), (930, 1330))), 90, 2)
    template = {
        "pageDimensions": [WIDTH, HEIGHT],
        "bubbleDimensions": [round(size), round(size)],
        "fieldBlocks": blocks,
        "customLabels": joins,
        "preProcessors": [],
    }
    sheet = Sheet(template, paper, FINE)
    _anchor(sheet, style)
    sheet.blank = sheet.print.copy()
    _fill(sheet, values, (size, size), rng)
    return sheet


def _text(paper, text, x, y, height, grey):
    scale = height * FINE / 22
    (width, tall), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 2)
    at = (int(x * FINE - width / 2), int(y * FINE + tall / 2))
    cv2.putText(paper, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, int(grey), max(1, round(2 * scale)), cv2.LINE_AA)


def _bubble(paper, style, size, x, y, text):
    center, half = (int(x * FINE), int(y * FINE)), int(size * FINE / 2)
    if style.shape == "ring":
        cv2.circle(paper, center, half, style.grey, 2, cv2.LINE_AA)
    elif style.shape == "box":
        cv2.rectangle(paper, (center[0] - half, center[1] - half), (center[0] + half, center[1] + half), style.grey, 2)
    if style.letters or style.shape == "letter":
        _text(paper, text, x, y, 0.5 * size, style.grey)


def _anchor(sheet: Sheet, style: Style) -> None:
    if style.anchor == "outline":
        sheet.template["preProcessors"] = [{"name": "CropPage", "options": {"morphKernel": [10, 10]}}]
    elif style.anchor == "markers":
        marker = np.full((120, 120), 255, np.uint8)
        for radius, grey in ((58, 20), (44, 255), (30, 20), (14, 255)):
            cv2.circle(marker, (60, 60), radius, grey, -1, cv2.LINE_AA)
        small = cv2.resize(marker, (int(55 * FINE), int(55 * FINE)), interpolation=cv2.INTER_AREA)
        corners = np.array([[50, 140], [950, 140], [950, 1360], [50, 1360]])
        for x, y in corners:
            left, top = int(x * FINE) - small.shape[1] // 2, int(y * FINE) - small.shape[0] // 2
            sheet.print[top : top + small.shape[0], left : left + small.shape[1]] = small
        options = {"relativePath": "marker.png", "sheetToMarkerWidthRatio": 18}
        sheet.template["preProcessors"] = [{"name": "CropOnMarkers", "options": options}]
        sheet.images["marker.png"] = cv2.imencode(".png", marker)[1].tobytes()
        # The template counts from the first marker's centre.
        for block in sheet.template["fieldBlocks"].values():
            block["origin"] = [block["origin"][0] - 50, block["origin"][1] - 140]
        sheet.template["pageDimensions"] = [900, 1220]
    elif style.anchor == "features":
        sheet.images["reference.png"] = cv2.imencode(".png", sheet.print)[1].tobytes()
        options = {"reference": "reference.png"}
        sheet.template["preProcessors"] = [{"name": "FeatureBasedAlignment", "options": options}]


def _fill(sheet: Sheet, values, size, rng) -> None:
    """Mark most groups, leave some blank, mark a few twice; one pen per sheet."""
    groups: dict[str, list] = {}
    for label, text, x, y in values:
        groups.setdefault(label, []).append((text, x, y))
    manner = rng.choice(["full", "full", "full", "pale", "tick", "cross", "half"])
    ink = int(rng.integers(120, 175) if manner == "pale" else rng.integers(25, 90))
    blank_sheet = rng.random() < 0.12
    answers: dict[str, str] = {}
    for label, bubbles in groups.items():
        roll = 0.0 if blank_sheet else rng.random()
        count = 0 if roll < 0.12 else 2 if roll > 0.97 and label.startswith("q") else 1
        picked = sorted(rng.choice(len(bubbles), count, replace=False).tolist())
        answers[label] = "".join(bubbles[i][0] for i in picked)
        for i in picked:
            _mark(sheet.print, bubbles[i][1:], size, ink, manner, rng)
    number = [label for label in groups if label.startswith("n")]
    sheet.truth = {label: value for label, value in answers.items() if label not in number}
    sheet.truth["Number"] = "".join(answers[label] for label in number)


def _mark(paper, at, size, ink, manner, rng):
    size = np.array(size, dtype=float)
    x, y = np.array(at) * FINE + rng.normal(0, 0.04 * size * FINE)
    reach = size * FINE / 2
    if manner in ("full", "pale", "half"):
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        radius = reach * (rng.uniform(0.85, 1.15) + rng.normal(0, 0.06, angle.size))[:, None]
        outline = np.stack([x + radius[:, 0] * np.cos(angle), y + radius[:, 1] * np.sin(angle)], axis=1)
        if manner == "half":
            outline[:, 1] = np.maximum(outline[:, 1], y - 0.1 * reach[1])
        mask = np.zeros_like(paper)
        cv2.fillPoly(mask, [outline.astype(np.int32)], 255, cv2.LINE_AA)
        grain = np.clip(rng.normal(ink, 12, (64, 64)), 0, 210).astype(np.uint8)
        texture = np.tile(grain, (paper.shape[0] // 64 + 1, paper.shape[1] // 64 + 1))[
            : paper.shape[0], : paper.shape[1]
        ]
        paper[mask > 127] = np.minimum(paper, texture)[mask > 127]
        return
    thick = max(2, round(0.16 * float(size.min()) * FINE))
    if manner == "tick":
        lines = [((-0.7, 0.0), (-0.15, 0.65)), ((-0.15, 0.65), (0.85, -0.8))]
    else:
        lines = [((-0.75, -0.75), (0.75, 0.75)), ((-0.75, 0.75), (0.75, -0.75))]
    for first, last in lines:
        ends = [tuple(int(v) for v in (x + reach[0] * p[0], y + reach[1] * p[1])) for p in (first, last)]
        cv2.line(paper, *ends, ink, thick, cv2.LINE_AA)


def photograph(sheet: Sheet, seed: int, bubble_px: float, turned: int = 0) -> bytes:
    """A phone's view: table, perspective, curled paper, uneven light, blur, grain, JPEG."""
    rng = np.random.default_rng(seed)
    size = sheet.template["bubbleDimensions"][0]
    scale = bubble_px / (size * sheet.per_unit)
    source = cv2.GaussianBlur(sheet.print, (0, 0), max(0.3, 0.4 / scale))
    height, width = (np.array(source.shape) * scale).astype(int)
    margin = int(0.12 * width)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float) + margin
    corners += rng.uniform(-0.05, 0.05, (4, 2)) * width
    middle = corners.mean(axis=0)
    angle = np.radians(rng.uniform(-6, 6))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = (corners - middle) @ turn.T + middle
    whole = np.array([[0, 0], [source.shape[1], 0], [source.shape[1], source.shape[0]], [0, source.shape[0]]], float)
    to_source = cv2.getPerspectiveTransform(corners.astype(np.float32), whole.astype(np.float32))
    rows, columns = height + 2 * margin, width + 2 * margin
    x, y = np.meshgrid(np.arange(columns, dtype=float), np.arange(rows, dtype=float))
    # A sheet that does not lie flat: a slow wave across the page.
    curl = rng.uniform(0, 0.004) * width
    wavy_y = y + curl * np.sin(2 * np.pi * (x / columns * rng.uniform(0.4, 1.2) + rng.random()))
    places = cv2.perspectiveTransform(np.stack([x, wavy_y], -1).reshape(1, -1, 2), to_source).reshape(rows, columns, 2)
    places = places.astype(np.float32)
    seen = cv2.remap(source, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderValue=0).astype(float)
    inside = (
        cv2.remap(np.full_like(source, 255), places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderValue=0) / 255.0
    )
    table = float(rng.uniform(15, 110)) + cv2.resize(
        rng.normal(0, 8, (12, 9)), (columns, rows), interpolation=cv2.INTER_CUBIC
    )
    picture = seen + (1 - inside) * table
    slope = rng.uniform(-0.25, 0.25, 2)
    light = rng.uniform(0.65, 1.0) * (1 + slope[0] * (x / columns - 0.5) + slope[1] * (y / rows - 0.5))
    shade = rng.uniform(0.7, 1.0)
    edge = 1 / (1 + np.exp(-((x * np.cos(angle * 9) + y * np.sin(angle * 9)) - 0.5 * columns) / (0.03 * columns)))
    picture *= light * (shade + (1 - shade) * edge)
    picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.05, 0.1)) * bubble_px)
    picture += rng.normal(0, rng.uniform(1, 4), picture.shape)
    final = np.rot90(np.clip(picture, 0, 255).astype(np.uint8), -turned)
    quality = int(rng.integers(45, 90))
    return cv2.imencode(".jpg", np.ascontiguousarray(final), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def scan(sheet: Sheet, seed: int, bubble_px: float) -> bytes:
    """A flatbed's view: the sheet edge to edge, a little skewed, even light."""
    rng = np.random.default_rng(seed)
    scale = bubble_px / (sheet.template["bubbleDimensions"][0] * sheet.per_unit)
    small = cv2.resize(sheet.print, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = small.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-0.8, 0.8)), 1.0)
    turn[:, 2] += rng.uniform(-0.006, 0.006, 2) * width
    image = cv2.warpAffine(small, turn, (width, height), borderValue=252).astype(float)
    image = cv2.GaussianBlur(image, (0, 0), 0.6) + rng.normal(0, 2, image.shape)
    jpeg = cv2.imencode(".jpg", np.clip(image, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 75])
    return jpeg[1].tobytes()


def template_bytes(sheet: Sheet) -> bytes:
    return json.dumps(sheet.template).encode()
