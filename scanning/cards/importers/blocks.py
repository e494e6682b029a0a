"""Blocks of bubbles of an OMRChecker template become columns of bubbles in mm.

In:  the template's object, mm per px, the page in px. Out: every label with its bubbles, and remarks.
`origin` is the top-left corner of a block's first bubble (moved by `fieldBlocksOffset`); bubbles follow each other
along `direction` by `bubblesGap`, labels across it by `labelsGap`, which is one number or one for each step.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from models.errors import mark_text
from models.geometry import RectMm
from scanning.cards.importers.json_values import as_array, as_number, as_object, as_pair, as_text, shortened
from scanning.cards.importers.refusals import TemplateRefused, TemplateTooLarge
from scanning.cards.importers.remarks import Remark

MOST_BUBBLES = 6_000  # an A3 side filled edge to edge with the smallest printable bubbles
MOST_LABELS = 1_000
MOST_PIXELS = 30_000  # page side; 600 dpi A2

_INT = tuple("0123456789")
FIELD_TYPES: dict[str, tuple[tuple[str, ...], str]] = {
    "QTYPE_INT": (_INT, "vertical"),
    "QTYPE_INT_FROM_1": (tuple("1234567890"), "vertical"),
    "QTYPE_MCQ4": (tuple("ABCD"), "horizontal"),
    "QTYPE_MCQ5": (tuple("ABCDE"), "horizontal"),
    "QTYPE_MCQ4_RTL": (tuple("DCBA"), "horizontal"),
    "QTYPE_MCQ5_RTL": (tuple("EDCBA"), "horizontal"),
}
_RANGE = re.compile(r"([^.\d]+)(\d{1,9})\.{2,3}(\d{1,9})")
_KNOWN_BLOCK_KEYS = frozenset(
    {
        *("origin", "bubblesGap", "labelsGap", "fieldLabels", "fieldType", "bubbleFieldType", "bubbleValues"),
        *("direction", "bubbleDimensions", "emptyValue", "fieldDetectionType"),
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """One label of the template: its bubbles, and whether it is a digit or a choice."""

    bubbles: tuple[tuple[str, RectMm], ...]
    digits: bool


FieldTypes = Mapping[str, tuple[tuple[str, ...], str]]


def columns_of(
    root: dict[str, Any], mm_per_px: float, page_px: tuple[float, float], remarks: list[Remark]
) -> dict[str, Column]:
    """Every label of every block with its bubbles in mm, in the template's order."""
    common = root.get("bubbleDimensions")
    types = FIELD_TYPES | _own_types(root)
    offset = as_pair(root.get("fieldBlocksOffset", [0, 0]), "fieldBlocksOffset", -MOST_PIXELS, MOST_PIXELS)
    blocks = as_object(root.get("fieldBlocks"), "fieldBlocks")
    if not blocks:
        raise TemplateRefused(place="fieldBlocks", why=mark_text("there is no block of bubbles"), found="{}")
    columns: dict[str, Column] = {}
    total = 0
    for name, raw in blocks.items():
        place = f"fieldBlocks.{name}"
        block = as_object(raw, place)
        detection = block.get("fieldDetectionType", "BUBBLES_THRESHOLD")
        if detection != "BUBBLES_THRESHOLD":
            text = mark_text("This block is not made of bubbles and was left out.")
            remarks.append(Remark(f"{place}.fieldDetectionType", text, needs_person=True))
            continue
        _remark_block(block, place, remarks)
        values, direction = _values(block, place, types)
        labels = list(expand(block.get("fieldLabels"), f"{place}.fieldLabels"))
        total += len(labels) * len(values)
        if total > MOST_BUBBLES:
            raise TemplateTooLarge(place=place, found=f"{total} bubbles", most=f"{MOST_BUBBLES} bubbles")
        dims = block.get("bubbleDimensions", common)
        dims_place = f"{place}.bubbleDimensions" if "bubbleDimensions" in block else "bubbleDimensions"
        bubble = as_pair(dims, dims_place, 1, MOST_PIXELS)
        starts = _label_starts(block, place, len(labels))
        corner = as_pair(block.get("origin"), f"{place}.origin", -MOST_PIXELS, MOST_PIXELS)
        origin = (corner[0] + offset[0], corner[1] + offset[1])
        gap = as_number(block.get("bubblesGap"), f"{place}.bubblesGap", 0, MOST_PIXELS)
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
                right, bottom = left + bubble[0], top + bubble[1]
                if min(left, top) < -0.5 or right > page_px[0] + 0.5 or bottom > page_px[1] + 0.5:
                    raise TemplateRefused(
                        place=place, why=mark_text("the block runs over the edge of the page"), found=f"{label} {value}"
                    )
                left, top = left + (bubble[0] - box[0]) / 2, top + (bubble[1] - box[1]) / 2
                lengths = (max(left, 0.0), max(top, 0.0), box[0], box[1])
                # As fine as the card file keeps lengths, so that an imported card survives the file unchanged.
                bubbles.append((value, RectMm(*(round(length * mm_per_px, 3) for length in lengths))))
            columns[label] = Column(tuple(bubbles), digits)
    if not columns:
        raise TemplateRefused(place="fieldBlocks", why=mark_text("there is no block of bubbles"), found="{}")
    return columns


def _own_types(root: dict[str, Any]) -> dict[str, tuple[tuple[str, ...], str]]:
    """Types of fields that the template defines itself, under `customBubbleFieldTypes`."""
    own: dict[str, tuple[tuple[str, ...], str]] = {}
    given = as_object(root.get("customBubbleFieldTypes", {}), "customBubbleFieldTypes")
    for name, raw in given.items():
        place = f"customBubbleFieldTypes.{name}"
        kind = as_object(raw, place)
        at = f"{place}.bubbleValues"
        values = tuple(as_text(value, at) for value in as_array(kind.get("bubbleValues"), at))
        own[name] = (values, as_text(kind.get("direction"), f"{place}.direction"))
    return own


def _remark_block(block: dict[str, Any], place: str, remarks: list[Remark]) -> None:
    if "emptyValue" in block:
        text = mark_text("A blank stays empty in our readings.")
        remarks.append(Remark(f"{place}.emptyValue", text, needs_person=False))
    remarks.extend(
        Remark(f"{place}.{key}", mark_text("This entry is unknown here and was left out."), needs_person=True)
        for key in block
        if key not in _KNOWN_BLOCK_KEYS
    )


def _values(block: dict[str, Any], place: str, types: FieldTypes) -> tuple[tuple[str, ...], str]:
    """Labels along a field and the direction in which they run."""
    type_key = "bubbleFieldType" if "bubbleFieldType" in block else "fieldType"
    kind = block.get(type_key)
    if kind is None:
        values: tuple[str, ...] = ()
        direction: object = None
    elif isinstance(kind, str) and kind in types:
        values, direction = types[kind]
    else:
        raise TemplateRefused(
            place=f"{place}.{type_key}", why=mark_text("this type of field is unknown"), found=shortened(kind)
        )
    if "bubbleValues" in block:
        at = f"{place}.bubbleValues"
        values = tuple(as_text(value, at) for value in as_array(block["bubbleValues"], at))
    direction = block.get("direction", direction)
    if not values:
        raise TemplateRefused(
            place=f"{place}.bubbleValues", why=mark_text("neither fieldType nor bubbleValues is given"), found="-"
        )
    if len(set(values)) != len(values):
        raise TemplateRefused(
            place=f"{place}.bubbleValues", why=mark_text("a value stands twice"), found=shortened(values)
        )
    if direction not in ("horizontal", "vertical"):
        raise TemplateRefused(
            place=f"{place}.direction",
            why=mark_text("it is neither horizontal nor vertical"),
            found=shortened(direction),
        )
    return values, str(direction)


def _label_starts(block: dict[str, Any], place: str, count: int) -> list[float]:
    """Where each label begins across the direction; gaps are one number or one per step."""
    at = f"{place}.labelsGap"
    gap = block.get("labelsGap")
    if not isinstance(gap, list):
        step = as_number(gap if gap is not None or count > 1 else 0, at, 0, MOST_PIXELS)
        if step == 0 and count > 1:
            raise TemplateRefused(place=at, why=mark_text("the bubbles lie on one another"), found=step)
        return [step * index for index in range(count)]
    steps = [as_number(value, at, 0, MOST_PIXELS) for value in gap]
    if len(steps) != count - 1 or 0 in steps:
        raise TemplateRefused(
            place=at, why=mark_text("it must give one positive gap between each two labels"), found=len(steps)
        )
    return [math.fsum(steps[:index]) for index in range(count)]


def expand(raw: object, place: str) -> Iterator[str]:
    """Labels with their ranges (`q1..10`) written out. A dot is part of a range or of nothing."""
    given = as_array(raw, place)
    if not given:
        raise TemplateRefused(place=place, why=mark_text("the list is empty"), found="[]")
    count = 0
    for entry in given:
        text = as_text(entry, place)
        match = _RANGE.fullmatch(text)
        if match is None:
            if ".." in text:
                raise TemplateRefused(
                    place=place, why=mark_text("the range is not written as in q1..10"), found=shortened(text)
                )
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
