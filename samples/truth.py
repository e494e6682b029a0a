"""The truth of simulated scans as plain values, and the JSON file that lies beside the images.

`truth.json` is `{"kaiyue": "truth/1", "seed": …, "pages": […], "sittings": […]}`: per page image whose it is, which
side, what every field says to a careful person, how each bubble was inked and how much of that is visible; per
candidate and paper what was answered and what it is truly worth. Nothing in Kaiyue reads it except comparisons.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from models.points import show_points
from models.words import FieldKind
from samples.answers import Sitting
from samples.hand import Mark
from samples.visible import BubbleKey, SeenField

FORMAT = "truth/1"
_WORTH_TELLING = 0.02  # bubbles with less visible ink and no mark are left out of the file


@dataclass(frozen=True, slots=True)
class InkedBubble:
    """One bubble that carries ink: what it was meant as (empty: nothing was meant) and the ink a person sees.

    `visible` is None where the bubble is covered or not on the image.
    """

    field: str
    column: int
    label: str
    kind: str
    manner: str
    visible: float | None


@dataclass(frozen=True, slots=True)
class PageTruth:
    """The truth about one page image.

    `side` is None for what is no readable side of `paper`'s card: such a page must be refused by name. `number` is what
    the bubbles say and `barcode` what the sticker says, each empty where there is none; `identity` is whose it is.
    """

    file: str
    page: int
    paper: str
    side: int | None
    identity: str = ""
    number: str = ""
    barcode: str = ""
    turned_deg: int = 0
    troubles: tuple[str, ...] = ()
    fields: tuple[SeenField, ...] = ()
    bubbles: tuple[InkedBubble, ...] = ()
    written: tuple[tuple[str, int], ...] = ()
    n_bubbles: int = 0


def inked_bubbles(marks: Sequence[Mark], visible: Mapping[BubbleKey, float | None]) -> tuple[InkedBubble, ...]:
    """The bubbles worth telling about: marked on purpose or by mistake, hidden, or visibly inked."""
    meant = {(mark.field, mark.column, mark.label): mark for mark in marks}
    told: list[InkedBubble] = []
    for key, ink in visible.items():
        mark = meant.get(key)
        if mark is not None or ink is None or ink >= _WORTH_TELLING:
            kind, manner = (mark.kind.value, mark.manner) if mark else ("", "")
            told.append(InkedBubble(*key, kind, manner, None if ink is None else round(ink, 4)))
    return tuple(told)


def write_truth(path: Path, seed: int, pages: Iterable[PageTruth], sittings: Iterable[Sitting] = ()) -> None:
    """Write the truth file; the same truth gives the same bytes."""
    document = {
        "kaiyue": FORMAT,
        "seed": seed,
        "pages": [_page_json(page) for page in pages],
        "sittings": [_sitting_json(sitting) for sitting in sittings],
    }
    path.write_text(json.dumps(document, ensure_ascii=False, indent=None, separators=(",", ":")) + "\n", "utf-8")


def read_truth(path: Path) -> tuple[list[PageTruth], list[Sitting]]:
    """Pages and sittings of a truth file. Raises ValueError when it is not one."""
    document = json.loads(path.read_text("utf-8"))
    if not isinstance(document, dict) or document.get("kaiyue") != FORMAT:
        raise ValueError(f"{path} is not a {FORMAT} file")
    return [_page(page) for page in document["pages"]], [_sitting(one) for one in document["sittings"]]


def _page_json(page: PageTruth) -> dict[str, Any]:
    return {
        "file": page.file,
        "page": page.page,
        "paper": page.paper,
        "side": page.side,
        "identity": page.identity,
        "number": page.number,
        "barcode": page.barcode,
        "turned_deg": page.turned_deg,
        "troubles": list(page.troubles),
        "fields": [
            {
                "id": seen.id,
                "kind": seen.kind.value,
                "value": seen.value,
                "ambiguous": seen.ambiguous,
                "irregular": seen.irregular,
                "must_doubt": seen.must_doubt,
                "columns": list(seen.columns),
            }
            for seen in page.fields
        ],
        "bubbles": [[b.field, b.column, b.label, b.kind, b.manner, b.visible] for b in page.bubbles],
        "written": [list(one) for one in page.written],
        "n_bubbles": page.n_bubbles,
    }


def _page(data: Mapping[str, Any]) -> PageTruth:
    fields = tuple(
        SeenField(**{**seen, "kind": FieldKind(seen["kind"]), "columns": tuple(seen["columns"])})
        for seen in data["fields"]
    )
    return PageTruth(
        **{
            **data,
            "fields": fields,
            "troubles": tuple(data["troubles"]),
            "bubbles": tuple(InkedBubble(*bubble) for bubble in data["bubbles"]),
            "written": tuple((region, part) for region, part in data["written"]),
        }
    )


def _sitting_json(sitting: Sitting) -> dict[str, Any]:
    return {
        "candidate": sitting.candidate,
        "paper": sitting.paper,
        "absent": sitting.absent,
        "labels": dict(sitting.labels),
        "taken": {group: list(items) for group, items in sitting.taken.items()},
        "true_points": {unit: show_points(points) for unit, points in sitting.true_points.items()},
        "blank": sorted(sitting.blank),
    }


def _sitting(data: Mapping[str, Any]) -> Sitting:
    return Sitting(
        candidate=data["candidate"],
        paper=data["paper"],
        absent=data["absent"],
        labels=dict(data["labels"]),
        taken={group: tuple(items) for group, items in data["taken"].items()},
        true_points={unit: Decimal(points) for unit, points in data["true_points"].items()},
        blank=frozenset(data["blank"]),
    )
