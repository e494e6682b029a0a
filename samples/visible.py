"""How much ink a person can see in each bubble of a finished scan, and where people would differ.

In:  the same scan with and without the ink, uint8; the known map; the page's bubbles; what each mark was meant as.
Out: visible ink per bubble, 0..1, and for each field what it says and whether a person would doubt it.

The rule, published so that anyone may argue with it. Visible ink is the mean, over the bubble's area that carries no
print, of (without - with) / (paper - black): 0 is bare paper, 1 is the card's own solid black. Of a field (of a
column, for numbers) a person has no doubt when

- every intended mark shows at least `SEEN` = 0.08, and every other bubble at most a third of the faintest intended
  mark and at most `UNSEEN_BESIDE` = 0.15; with no intended mark at all, every bubble at most `UNSEEN` = 0.04;
- no two intended marks of one field differ more than threefold (the fainter might be an erasure);
- nothing was crossed out to be replaced (whether a crossed-out bubble still counts is a rule, not a reading);
- no bubble of it is covered or outside the image.

Everything else is ambiguous.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.words import FieldKind
from samples.hand import Mark, MarkKind
from samples.scan_plan import Cover
from samples.scanner import Scan
from scanning.cards.template import CardPage, Field

SEEN = 0.08  # a lone fine tick shows about 0.12, the palest fill that a proof-reader still calls a fill about 0.09
UNSEEN = 0.04  # erasure that no reader of the proofs noticed without being told
UNSEEN_BESIDE = 0.15
CONTRAST = 3.0
_ACROSS, _DOWN = 12, 8  # sampled places per bubble: about two per pen line
_MARGIN = 0.06  # of the bubble's size: the outline itself is print

BubbleKey = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class SeenField:
    """What one field says. `value` as in the readings; `columns` are the doubtful columns of a number.

    `must_doubt`: the value itself is impossible, so a reading that is `ok` would be wrong whatever it says.
    `irregular`: plain ink, but unusual enough (two marks in a single choice) that a flag is no fault.
    """

    id: str
    kind: FieldKind
    value: str
    ambiguous: bool
    irregular: bool = False
    must_doubt: bool = False
    columns: tuple[int, ...] = ()


def bubble_points(page: CardPage) -> NDArray[np.float64]:
    """The sampled places of every bubble on a side, float64 (n_bubbles * places, 2) in mm, in card order."""
    rects = [bubble.rect for card_field in page.fields for bubble in card_field.bubbles]
    if not rects:
        return np.empty((0, 2))
    box = np.array([(rect.x_mm, rect.y_mm, rect.width_mm, rect.height_mm) for rect in rects])
    u = np.linspace(_MARGIN, 1 - _MARGIN, _ACROSS)
    v = np.linspace(_MARGIN, 1 - _MARGIN, _DOWN)
    x_mm = box[:, 0, None, None] + box[:, 2, None, None] * u[None, None, :] + np.zeros((1, _DOWN, 1))
    y_mm = box[:, 1, None, None] + box[:, 3, None, None] * v[None, :, None] + np.zeros((1, 1, _ACROSS))
    return np.stack([x_mm, y_mm], axis=-1).reshape(-1, 2)


def measure_bubbles(page: CardPage, scan: Scan, covers: Sequence[Cover] = ()) -> dict[BubbleKey, float | None]:
    """Visible ink per (field, column, label); None where the bubble is covered or not on the image."""
    keys = [(field.id, bubble.column, bubble.label) for field in page.fields for bubble in field.bubbles]
    if not keys:
        return {}
    places = scan.map.apply(bubble_points(page))
    shape = (len(keys), _DOWN * _ACROSS)
    bare, inked = _sample(scan.bare, places - scan.bare_at_px, shape), _sample(scan.seen, places, shape)
    paper = np.percentile(bare, 85, axis=1, keepdims=True)
    contrast = np.maximum(paper - _black(page, scan), 20.0)
    is_print = bare < paper - 0.3 * contrast
    is_print[is_print.all(axis=1)] = False
    darker = np.where(is_print, 0.0, np.clip((bare - inked) / contrast, 0.0, 1.0))
    ink = darker.sum(axis=1) / (~is_print).sum(axis=1)
    hidden = _hidden(places.reshape(*shape, 2), scan, covers)
    return {key: None if gone else float(value) for key, value, gone in zip(keys, ink, hidden, strict=True)}


def _sample(image: NDArray[np.uint8], places: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
    # cv2.remap holds at most 32,767 places a row, hence one row per bubble.
    at = (places - 0.5).astype(np.float32).reshape(*shape, 2)
    out = cv2.remap(image, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, dtype=np.float64)


def _black(page: CardPage, scan: Scan) -> float:
    """The card's own solid black as this scan shows it: the middle one of its marks."""
    if not page.fiducials:
        return float(scan.bare.min())
    centers = np.array([[mark.rect.center.x_mm, mark.rect.center.y_mm] for mark in page.fiducials])
    return float(np.median(_sample(scan.seen, scan.map.apply(centers), (len(centers), 1))))


def _hidden(places: NDArray[np.float64], scan: Scan, covers: Sequence[Cover]) -> NDArray[np.bool_]:
    height, width = scan.seen.shape
    x, y = places[..., 0], places[..., 1]
    gone = ((x < 0) | (y < 0) | (x > width) | (y > height)).any(axis=1)
    for cover in covers:
        polygon = np.array(cover.corners_px, dtype=np.float32)
        for index in np.nonzero(~gone)[0]:
            corners = places[index][[0, _ACROSS - 1, -_ACROSS, -1]]
            if any(cv2.pointPolygonTest(polygon, (float(px), float(py)), False) >= 0 for px, py in corners):
                gone[index] = True
    return np.asarray(gone)


def see_fields(page: CardPage, marks: Sequence[Mark], visible: Mapping[BubbleKey, float | None]) -> list[SeenField]:
    """What every field of the side says to a careful person, in card order."""
    meant = {(mark.field, mark.column, mark.label): mark.kind for mark in marks}
    return [_see(card_field, meant, visible) for card_field in page.fields]


def _see(
    card_field: Field, meant: Mapping[BubbleKey, MarkKind], visible: Mapping[BubbleKey, float | None]
) -> SeenField:
    columns: dict[int, list[BubbleKey]] = {}
    for bubble in card_field.bubbles:
        columns.setdefault(bubble.column, []).append((card_field.id, bubble.column, bubble.label))
    chosen = {column: [key for key in keys if meant.get(key) is MarkKind.CHOSEN] for column, keys in columns.items()}
    doubtful = tuple(column for column, keys in columns.items() if _doubted(keys, chosen[column], meant, visible))
    kind = card_field.kind
    value = _value(kind, chosen, max(card_field.columns, 1))
    one_only = kind in (FieldKind.SINGLE, FieldKind.JUDGE, FieldKind.VARIANT, FieldKind.DIGITS, FieldKind.JOINED)
    twice = one_only and any(len(keys) > 1 for keys in chosen.values())
    by_column = kind in (FieldKind.DIGITS, FieldKind.JOINED)
    gaps = by_column and bool(value) and any(not keys for keys in chosen.values())
    return SeenField(
        id=card_field.id,
        kind=kind,
        value=value,
        ambiguous=bool(doubtful),
        irregular=twice or gaps,
        must_doubt=twice and kind is FieldKind.DIGITS,
        columns=doubtful if by_column else (),
    )


def _doubted(
    keys: Sequence[BubbleKey],
    chosen: Sequence[BubbleKey],
    meant: Mapping[BubbleKey, MarkKind],
    visible: Mapping[BubbleKey, float | None],
) -> bool:
    if any(visible[key] is None for key in keys) or any(meant.get(key) is MarkKind.CANCELLED for key in keys):
        return True
    ink = {key: visible[key] or 0.0 for key in keys}
    other = max((ink[key] for key in keys if key not in chosen), default=0.0)
    if not chosen:
        return other > UNSEEN
    faintest, strongest = min(ink[key] for key in chosen), max(ink[key] for key in chosen)
    return (
        faintest < SEEN
        or other > min(faintest / CONTRAST, UNSEEN_BESIDE)
        or (len(chosen) > 1 and strongest > CONTRAST * faintest)
    )


def _value(kind: FieldKind, chosen: Mapping[int, Sequence[BubbleKey]], n_columns: int) -> str:
    labels = {column: [key[2] for key in keys] for column, keys in chosen.items()}
    if kind is FieldKind.DIGITS:
        text = "".join({0: "-", 1: "".join(found)}.get(len(found), "?") for _, found in sorted(labels.items()))
        return "" if set(text) <= {"-"} else text.ljust(n_columns, "-")
    if kind is FieldKind.JOINED:
        return "".join(label for _, found in sorted(labels.items()) for label in found)
    found = [label for _, each in sorted(labels.items()) for label in each]
    if kind is FieldKind.FLAG:
        return "1" if found else ""
    return ("+" if kind is FieldKind.CHOOSE else "").join(found)
