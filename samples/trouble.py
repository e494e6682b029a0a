"""The deliberate trouble of the simulated exam: who gets which, and pages that are no sheet at all.

In:  the roster, paper ids, a seed.
Out: troubles by (candidate, paper), absences, and the bytes of pages that do not belong.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import cv2
import numpy as np

from samples.draw import SheetWish, plain_number
from samples.people import Entrant
from samples.scanner import encode_jpeg


class Trouble(StrEnum):
    """What is wrong with a sheet or page; each page's truth names it."""

    UPSIDE_DOWN = "upside_down"
    NO_STICKER = "no_sticker"
    NUMBER_GAP = "number_gap"
    NUMBER_TWICE_IN_COLUMN = "number_twice_in_column"
    NUMBER_OF_ANOTHER = "number_of_another"
    NUMBER_UNKNOWN = "number_unknown"
    NUMBER_CONFLICT = "number_conflict"
    ABSENT = "absent"
    ABSENT_WITH_ANSWERS = "absent_with_answers"
    BACK_MISSING = "back_missing"
    SHEET_MISSING = "sheet_missing"
    TRUNCATED = "truncated"
    WRONG_CARD = "wrong_card"
    BLANK_PAGE = "blank_page"
    NOT_A_SHEET = "not_a_sheet"


LATE = frozenset({Trouble.BACK_MISSING, Trouble.TRUNCATED})  # these break the order 1, 2, 1, 2 …, so they come last
_PER_SHEET = (
    Trouble.ABSENT,
    Trouble.UPSIDE_DOWN,
    Trouble.NO_STICKER,
    Trouble.NUMBER_GAP,
    Trouble.NUMBER_OF_ANOTHER,
    Trouble.BACK_MISSING,
    Trouble.ABSENT,
    Trouble.NUMBER_UNKNOWN,
    Trouble.NUMBER_CONFLICT,
    Trouble.UPSIDE_DOWN,
    Trouble.NUMBER_TWICE_IN_COLUMN,
    Trouble.TRUNCATED,
    Trouble.ABSENT_WITH_ANSWERS,
    Trouble.SHEET_MISSING,
    Trouble.NO_STICKER,
    Trouble.UPSIDE_DOWN,
)
_ONE_IN = 6  # no more than one sheet in so many has trouble


def plan_troubles(roster: Sequence[Entrant], papers: Sequence[str], seed: int) -> dict[tuple[str, str], Trouble]:
    """Who has which trouble in which paper; small rosters get the first few kinds only."""
    planned: dict[tuple[str, str], Trouble] = {}
    for order, paper in enumerate(papers):
        rng = np.random.default_rng([seed, 8, order])
        chosen = rng.permutation(len(roster))[: len(roster) // _ONE_IN]
        for which, trouble in zip(chosen, _PER_SHEET, strict=False):
            planned[roster[int(which)].candidate, paper] = trouble
    return planned


def wish_for(
    entrant: Entrant, trouble: Trouble | None, roster: Sequence[Entrant], rng: np.random.Generator
) -> SheetWish:
    """What the sheet of this candidate carries."""
    number = entrant.candidate
    columns, barcode = plain_number(number), number
    at = int(rng.integers(2, len(number)))
    if trouble is Trouble.NO_STICKER:
        barcode = ""
    elif trouble is Trouble.NUMBER_GAP:
        columns, barcode = (*columns[:at], "", *columns[at + 1 :]), ""
    elif trouble is Trouble.NUMBER_TWICE_IN_COLUMN:
        second = str((int(number[at]) + 3) % 10)
        columns, barcode = (*columns[:at], number[at] + second, *columns[at + 1 :]), ""
    elif trouble in (Trouble.NUMBER_OF_ANOTHER, Trouble.NUMBER_CONFLICT):
        others = [one.candidate for one in roster if one.candidate != number]
        columns = plain_number(others[int(rng.integers(len(others)))])
        barcode = number if trouble is Trouble.NUMBER_CONFLICT else ""
    elif trouble is Trouble.NUMBER_UNKNOWN:
        columns, barcode = plain_number("99" + number[2:]), ""
    return SheetWish(
        number_columns=columns,
        barcode=barcode,
        absent_flag=trouble in (Trouble.ABSENT, Trouble.ABSENT_WITH_ANSWERS),
        turned_deg=180 if trouble is Trouble.UPSIDE_DOWN else None,
        identity=number,
        troubles=(trouble.value,) if trouble else (),
    )


def absences(planned: Mapping[tuple[str, str], Trouble], paper: str) -> frozenset[str]:
    """The candidates who were really absent in a paper."""
    return frozenset(number for (number, name), what in planned.items() if name == paper and what is Trouble.ABSENT)


def blank_page(rng: np.random.Generator, dpi: int = 200) -> bytes:
    """A white A4 page with a scanner's grain, as JPEG."""
    shape = (round(297 * dpi / 25.4), round(210 * dpi / 25.4))
    page = np.clip(rng.normal(250, 2, shape), 0, 255).astype(np.uint8)
    return encode_jpeg(page, 85)


def picture(rng: np.random.Generator) -> bytes:
    """A photo of something that is no sheet: hills, a sun, trees, in colour, as JPEG."""
    height, width = 1200, 1600
    sky = np.linspace((235, 190, 140), (245, 225, 200), height)[:, None, :]
    image = np.repeat(sky, width, axis=1).astype(np.uint8)
    cv2.circle(image, (int(rng.integers(300, 1300)), 260), 90, (150, 220, 250), -1, cv2.LINE_AA)
    for layer in range(3):
        x = np.linspace(0, width, 40)
        y = 500 + 200 * layer + 80 * np.sin(x / rng.uniform(120, 300) + rng.uniform(0, 6))
        ridge = np.concatenate([np.stack([x, y], axis=1), [[width, height], [0, height]]]).astype(np.int32)
        cv2.fillPoly(image, [ridge], (90 - 20 * layer, 140 - 25 * layer, 80 - 20 * layer), cv2.LINE_AA)
    for _ in range(60):
        x_px, y_px = int(rng.integers(0, width)), int(rng.integers(700, height))
        cv2.ellipse(image, (x_px, y_px), (18, 42), 0, 0, 360, (40, int(rng.integers(70, 120)), 40), -1, cv2.LINE_AA)
    grain = rng.normal(0, 6, image.shape)
    return encode_jpeg(np.clip(image + grain, 0, 255).astype(np.uint8), 85)
