"""Turn an OMRChecker template into one of our cards.

In:  the bytes of a template.json, a way to read the images that it names, and the width that the page is
     taken to have; OMRChecker knows pixels only, so the scale is a choice (its page is a paper's width).
Out: a CardTemplate with one page in mm and its Anchoring, and remarks about what did not come along.

A template's coordinates refer to the image after its pre-processors: with `CropPage` the page is the
sheet of paper, with `CropOnMarkers` it is the rectangle between the centres of the four markers, with
`FeatureBasedAlignment` it is the reference image, otherwise the image itself. `origin` is the top-left
corner of a block's first bubble; bubbles follow each other along `direction` by `bubblesGap`, labels
across it by `labelsGap`. Ids stay those of the template: a custom label joins columns into one field.
"""

import base64
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NoReturn

import cv2
import numpy as np

from models.errors import mark_text
from models.geometry import RectMm, SizeMm
from models.words import FieldKind
from scanning.cards.importers.refusals import (
    TemplateImageRefused,
    TemplateRefused,
    TemplateTooLarge,
    TemplateUnreadable,
)
from scanning.cards.template import Anchoring, Bubble, CardPage, CardTemplate, Field

Step = Literal["outline", "markers", "features"]
ReadImage = Callable[[str, str], bytes]  # (relative path, place in the template) -> file bytes

MOST_BYTES = 2_000_000  # the largest public template is 60 kB
MOST_BUBBLES = 6_000  # an A3 side filled edge to edge with the smallest printable bubbles
MOST_LABELS = 1_000
MOST_PIXELS = 30_000  # page side; 600 dpi A2
MARKER_SIDE_PX = 160  # markers are matched at 10 to 120 px; more detail is never used
REFERENCE_SIDE_PX = 1_800  # features are found at about 200 dpi of an A4 page

_INT = tuple("0123456789")
_INT_FROM_1 = tuple("1234567890")
_FIELD_TYPES: dict[str, tuple[tuple[str, ...], str]] = {
    "QTYPE_INT": (_INT, "vertical"),
    "QTYPE_INT_FROM_1": (_INT_FROM_1, "vertical"),
    "QTYPE_MCQ4": (tuple("ABCD"), "horizontal"),
    "QTYPE_MCQ5": (tuple("ABCDE"), "horizontal"),
    "QTYPE_MCQ4_RTL": (tuple("DCBA"), "horizontal"),
    "QTYPE_MCQ5_RTL": (tuple("EDCBA"), "horizontal"),
}
_RANGE = re.compile(r"([^.\d]+)(\d{1,9})\.{2,3}(\d{1,9})")
_KNOWN_KEYS = frozenset(
    {
        *("pageDimensions", "templateDimensions", "bubbleDimensions", "customLabels"),
        *("fieldBlocks", "preProcessors", "outputColumns", "emptyValue"),
    }
)
_KNOWN_BLOCK_KEYS = frozenset(
    {
        *("origin", "bubblesGap", "labelsGap", "fieldLabels", "fieldType", "bubbleFieldType", "bubbleValues"),
        *("direction", "bubbleDimensions", "emptyValue", "fieldDetectionType"),
    }
)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that did not come along as it was. `needs_person` when the card may read worse for it."""

    place: str
    text: str
    needs_person: bool


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`width_mm` is what the template's page width is taken to be: A4 upright unless told."""

    paper: str = "imported"
    width_mm: float = 210.0


@dataclass(frozen=True, slots=True)
class ImportedCard:
    """The card (its hash is empty until it is written) and what a person should know about it."""

    card: CardTemplate
    remarks: tuple[Remark, ...]


def import_omrchecker(data: bytes, read_image: ReadImage, options: ImportOptions | None = None) -> ImportedCard:
    """Read a template. Raises TemplateUnreadable, TemplateRefused, TemplateTooLarge, TemplateImageRefused."""
    chosen = options or ImportOptions()
    root = _parse(data)
    remarks: list[Remark] = [
        Remark(key, mark_text("This entry is unknown here and was left out."), needs_person=True)
        for key in root
        if key not in _KNOWN_KEYS
    ]
    size_key = (
        "pageDimensions" if "pageDimensions" in root or "templateDimensions" not in root else "templateDimensions"
    )
    width_px, height_px = _pair(root.get(size_key), size_key, 1, MOST_PIXELS)
    mm_per_px = chosen.width_mm / width_px
    columns = _columns(root, mm_per_px, (width_px, height_px), remarks)
    fields = _order(_fields(columns, _object(root.get("customLabels", {}), "customLabels")), root, remarks)
    if "emptyValue" in root:
        remarks.append(Remark("emptyValue", mark_text("A blank stays empty in our readings."), needs_person=False))
    anchoring = _anchoring(_array(root.get("preProcessors", []), "preProcessors"), read_image, chosen.width_mm, remarks)
    page = CardPage(
        page=1,
        size=SizeMm(round(chosen.width_mm, 3), round(height_px * mm_per_px, 3)),
        fiducials=(),
        fields=fields,
        anchoring=anchoring,
    )
    return ImportedCard(CardTemplate(chosen.paper, 1, "", (page,)), tuple(remarks))


@dataclass(frozen=True, slots=True)
class _Column:
    """One label of the template: its bubbles, and whether it is a digit or a choice."""

    bubbles: tuple[tuple[str, RectMm], ...]
    digits: bool


def _parse(data: bytes) -> dict[str, Any]:
    if len(data) > MOST_BYTES:
        raise TemplateTooLarge(place="template", found=f"{len(data)} bytes", most=f"{MOST_BYTES} bytes")
    try:
        root = json.loads(
            data.decode("utf-8-sig"), parse_constant=_no_constant, object_pairs_hook=_unique, parse_int=_short_int
        )
    except (UnicodeDecodeError, ValueError, RecursionError) as err:
        why = str(err) if isinstance(err, ValueError) else mark_text("it is nested too deeply")
        raise TemplateUnreadable(file="template.json", why=why) from err
    if not isinstance(root, dict):
        raise TemplateUnreadable(file="template.json", why=mark_text("it is not an object"))
    if "fieldBlocks" not in root and "qBlocks" in root:
        raise TemplateRefused(
            place="qBlocks", why=mark_text("this is the template format of before 2021"), found="qBlocks"
        )
    return root


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def _short_int(text: str) -> int:
    if len(text) > 12:
        raise ValueError(f"{text[:12]}… is not a length")
    return int(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def _columns(
    root: dict[str, Any], mm_per_px: float, page_px: tuple[float, float], remarks: list[Remark]
) -> dict[str, _Column]:
    """Every label of every block with its bubbles in mm, in the template's order."""
    common = root.get("bubbleDimensions")
    blocks = _object(root.get("fieldBlocks"), "fieldBlocks")
    if not blocks:
        raise TemplateRefused(place="fieldBlocks", why=mark_text("there is no block of bubbles"), found="{}")
    columns: dict[str, _Column] = {}
    total = 0
    for name, raw in blocks.items():
        place = f"fieldBlocks.{name}"
        block = _object(raw, place)
        detection = block.get("fieldDetectionType", "BUBBLES_THRESHOLD")
        if detection != "BUBBLES_THRESHOLD":
            text = mark_text("This block is not made of bubbles and was left out.")
            remarks.append(Remark(f"{place}.fieldDetectionType", text, needs_person=True))
            continue
        _remark_block(block, place, remarks)
        values, direction = _values(block, place)
        labels = list(_expand(block.get("fieldLabels"), f"{place}.fieldLabels"))
        total += len(labels) * len(values)
        if total > MOST_BUBBLES:
            raise TemplateTooLarge(place=place, found=f"{total} bubbles", most=f"{MOST_BUBBLES} bubbles")
        dims = block.get("bubbleDimensions", common)
        dims_place = f"{place}.bubbleDimensions" if "bubbleDimensions" in block else "bubbleDimensions"
        bubble = _pair(dims, dims_place, 1, MOST_PIXELS)
        starts = _label_starts(block, place, len(labels))
        origin = _pair(block.get("origin"), f"{place}.origin", 0, MOST_PIXELS)
        gap = _number(block.get("bubblesGap"), f"{place}.bubblesGap", 0, MOST_PIXELS)
        if gap == 0 and len(values) > 1:
            raise TemplateRefused(
                place=f"{place}.bubblesGap", why=mark_text("the bubbles lie on one another"), found=gap
            )
        label_gap = min((after - before for before, after in pairwise(starts)), default=math.inf)
        along_x, along_y = (gap, label_gap) if direction == "horizontal" else (label_gap, gap)
        box = (min(bubble[0], along_x or math.inf), min(bubble[1], along_y or math.inf))
        if box != bubble:
            text = mark_text("The bubbles overlapped and were made as small as their distance.")
            remarks.append(Remark(dims_place, text, needs_person=False))
        digits = set(values) <= set(_INT)
        for label, start in zip(labels, starts, strict=True):
            if label in columns:
                raise TemplateRefused(
                    place=f"{place}.fieldLabels",
                    why=mark_text("the label stands in another block already"),
                    found=label,
                )
            bubbles = []
            for index, value in enumerate(values):
                along = gap * index
                x, y = (along, start) if direction == "horizontal" else (start, along)
                left, top = origin[0] + x, origin[1] + y
                if left + bubble[0] > page_px[0] + 0.5 or top + bubble[1] > page_px[1] + 0.5:
                    raise TemplateRefused(
                        place=place, why=mark_text("the block runs over the edge of the page"), found=f"{label} {value}"
                    )
                left, top = left + (bubble[0] - box[0]) / 2, top + (bubble[1] - box[1]) / 2
                lengths = (left, top, box[0], box[1])
                # As fine as the card file keeps lengths, so that an imported card survives the file unchanged.
                bubbles.append((value, RectMm(*(round(length * mm_per_px, 3) for length in lengths))))
            columns[label] = _Column(tuple(bubbles), digits)
    if not columns:
        raise TemplateRefused(place="fieldBlocks", why=mark_text("there is no block of bubbles"), found="{}")
    return columns


def _remark_block(block: dict[str, Any], place: str, remarks: list[Remark]) -> None:
    if "emptyValue" in block:
        text = mark_text("A blank stays empty in our readings.")
        remarks.append(Remark(f"{place}.emptyValue", text, needs_person=False))
    remarks.extend(
        Remark(f"{place}.{key}", mark_text("This entry is unknown here and was left out."), needs_person=True)
        for key in block
        if key not in _KNOWN_BLOCK_KEYS
    )


def _values(block: dict[str, Any], place: str) -> tuple[tuple[str, ...], str]:
    """Labels along a field and the direction in which they run."""
    type_key = "bubbleFieldType" if "bubbleFieldType" in block else "fieldType"
    kind = block.get(type_key)
    if kind is None:
        values: tuple[str, ...] = ()
        direction: object = None
    elif isinstance(kind, str) and kind in _FIELD_TYPES:
        values, direction = _FIELD_TYPES[kind]
    else:
        raise TemplateRefused(
            place=f"{place}.{type_key}", why=mark_text("this type of field is unknown"), found=_short(kind)
        )
    if "bubbleValues" in block:
        at = f"{place}.bubbleValues"
        values = tuple(_text(value, at) for value in _array(block["bubbleValues"], at))
    direction = block.get("direction", direction)
    if not values:
        raise TemplateRefused(
            place=f"{place}.bubbleValues", why=mark_text("neither fieldType nor bubbleValues is given"), found="-"
        )
    if len(set(values)) != len(values):
        raise TemplateRefused(
            place=f"{place}.bubbleValues", why=mark_text("a value stands twice"), found=_short(values)
        )
    if direction not in ("horizontal", "vertical"):
        raise TemplateRefused(
            place=f"{place}.direction", why=mark_text("it is neither horizontal nor vertical"), found=_short(direction)
        )
    return values, str(direction)


def _label_starts(block: dict[str, Any], place: str, count: int) -> list[float]:
    """Where each label begins across the direction; gaps are one number or one per step."""
    at = f"{place}.labelsGap"
    gap = block.get("labelsGap")
    if not isinstance(gap, list):
        step = _number(gap if gap is not None or count > 1 else 0, at, 0, MOST_PIXELS)
        if step == 0 and count > 1:
            raise TemplateRefused(place=at, why=mark_text("the bubbles lie on one another"), found=step)
        return [step * index for index in range(count)]
    steps = [_number(value, at, 0, MOST_PIXELS) for value in gap]
    if len(steps) != count - 1 or 0 in steps:
        raise TemplateRefused(
            place=at, why=mark_text("it must give one positive gap between each two labels"), found=len(steps)
        )
    return [math.fsum(steps[:index]) for index in range(count)]


def _expand(raw: object, place: str) -> Iterator[str]:
    """Labels with their ranges (`q1..10`) written out."""
    given = _array(raw, place)
    if not given:
        raise TemplateRefused(place=place, why=mark_text("the list is empty"), found="[]")
    count = 0
    for entry in given:
        text = _text(entry, place)
        match = _RANGE.fullmatch(text)
        if match is None:
            count += 1
            yield text
        else:
            first, last = int(match[2]), int(match[3])
            if last <= first:
                raise TemplateRefused(place=place, why=mark_text("the range does not run upwards"), found=text)
            count += last - first + 1
            if count <= MOST_LABELS:
                yield from (f"{match[1]}{number}" for number in range(first, last + 1))
        if count > MOST_LABELS:
            raise TemplateTooLarge(place=place, found=f"{count} labels", most=f"{MOST_LABELS} labels")


def _fields(columns: dict[str, _Column], joins: dict[str, Any]) -> dict[str, Field]:
    """Joined labels first as the template lists them, then what stands alone, each under its own id."""
    fields: dict[str, Field] = {}
    taken: dict[str, str] = {}
    for name, raw in joins.items():
        place = f"customLabels.{name}"
        labels = list(_expand(raw, place))
        for label in labels:
            if label not in columns:
                raise TemplateRefused(place=place, why=mark_text("no block has this label"), found=label)
            if label in taken:
                raise TemplateRefused(place=place, why=mark_text("the label is joined twice"), found=label)
            taken[label] = name
        if name in columns and name not in labels:
            raise TemplateRefused(place=place, why=mark_text("a label has this name already"), found=name)
        bubbles = tuple(
            Bubble(value, rect, index) for index, label in enumerate(labels) for value, rect in columns[label].bubbles
        )
        fields[name] = Field(name, FieldKind.JOINED, bubbles, len(labels))
    for label, column in columns.items():
        if label in taken:
            continue
        kind = FieldKind.JOINED if column.digits else FieldKind.MULTIPLE
        fields[label] = Field(label, kind, tuple(Bubble(value, rect) for value, rect in column.bubbles))
    return fields


def _order(fields: dict[str, Field], root: dict[str, Any], remarks: list[Remark]) -> tuple[Field, ...]:
    """The fields as `outputColumns` lists them; unlisted ones follow and are remarked upon."""
    raw = _array(root.get("outputColumns", []), "outputColumns")
    if not raw:
        return tuple(fields.values())
    wanted = list(_expand(raw, "outputColumns"))
    for name in wanted:
        if name not in fields:
            raise TemplateRefused(place="outputColumns", why=mark_text("no field has this name"), found=name)
    rest = [name for name in fields if name not in wanted]
    if rest:
        text = mark_text("Fields that outputColumns leaves out are read all the same.")
        remarks.append(Remark("outputColumns", text, needs_person=False))
    return tuple(fields[name] for name in dict.fromkeys([*wanted, *rest]))


def _anchoring(raw: list[Any], read_image: ReadImage, width_mm: float, remarks: list[Remark]) -> Anchoring:
    """The pre-processors that find the page, in our terms; filters are left to our reader."""
    steps: list[Step] = []
    marker = reference = ""
    marker_mm = 0.0
    for index, entry in enumerate(raw):
        place = f"preProcessors[{index}]"
        step = _object(entry, place)
        name = _text(step.get("name"), f"{place}.name")
        given = _object(step.get("options", {}), f"{place}.options")
        if name == "CropPage":
            steps.append("outline")
        elif name == "CropOnMarkers" and given.get("type", "FOUR_MARKERS") == "FOUR_MARKERS":
            at = f"{place}.options.relativePath"
            path = _text(given.get("relativePath", given.get("referenceImage")), at)
            marker = _png(read_image(path, at), path, at, MARKER_SIDE_PX)
            ratio = _number(
                given.get("sheetToMarkerWidthRatio", 17), f"{place}.options.sheetToMarkerWidthRatio", 2, 200
            )
            marker_mm = round(width_mm / ratio, 3)
            steps.append("markers")
        elif name == "FeatureBasedAlignment":
            at = f"{place}.options.reference"
            path = _text(given.get("reference"), at)
            reference = _png(read_image(path, at), path, at, REFERENCE_SIDE_PX)
            steps.append("features")
        elif name in ("GaussianBlur", "MedianBlur", "Levels", "Contrast", "AutoRotate"):
            text = mark_text("This filter is left out: our reader adapts to each page by itself.")
            remarks.append(Remark(place, text, needs_person=False))
        else:
            text = mark_text("This way of finding the page is unknown here; the bubbles alone must carry the fit.")
            remarks.append(Remark(place, text, needs_person=True))
    return Anchoring(tuple(dict.fromkeys(steps)), marker, marker_mm, reference)


def _png(data: bytes, path: str, place: str, side_px: int) -> str:
    """The image in grey, made no larger than useful, as base64 PNG."""
    pixels = np.frombuffer(data, dtype=np.uint8)
    image = cv2.imdecode(pixels, cv2.IMREAD_GRAYSCALE) if pixels.size else None
    if image is None or min(image.shape) < 8:
        raise TemplateImageRefused(found=_short(path), place=place, why=mark_text("it is not a readable image"))
    scale = side_px / max(image.shape)
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return base64.b64encode(cv2.imencode(".png", image)[1].tobytes()).decode("ascii")


def _object(raw: object, place: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise TemplateRefused(place=place, why=mark_text("an object is needed here"), found=_short(raw))
    return raw


def _array(raw: object, place: str) -> list[Any]:
    if not isinstance(raw, list):
        raise TemplateRefused(place=place, why=mark_text("a list is needed here"), found=_short(raw))
    return raw


def _text(raw: object, place: str) -> str:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    if not isinstance(raw, str) or not raw.strip() or len(raw) > 200 or not raw.isprintable():
        raise TemplateRefused(place=place, why=mark_text("a short text is needed here"), found=_short(raw))
    return raw


def _number(raw: object, place: str, least: float, most: float) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
        raise TemplateRefused(place=place, why=mark_text("a number is needed here"), found=_short(raw))
    if not least <= raw <= most:
        raise TemplateRefused(place=place, why=mark_text("the number is out of range"), found=_short(raw))
    return float(raw)


def _pair(raw: object, place: str, least: float, most: float) -> tuple[float, float]:
    given = _array(raw, place)
    if len(given) != 2:
        raise TemplateRefused(place=place, why=mark_text("two numbers are needed here"), found=_short(raw))
    return _number(given[0], place, least, most), _number(given[1], place, least, most)


def _short(raw: object) -> str:
    """What was found, shortened for one line."""
    text = repr(raw)
    return text if len(text) <= 60 else f"{text[:57]}…"
