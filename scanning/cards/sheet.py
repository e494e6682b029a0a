"""What every side carries whatever the paper: corner marks, the orientation mark, timing tracks, the place of the
machine code, titles and notices, and the columns left for the contents.

Four filled corners tie the side to its image; a longer bar beside the top-left corner tells which way up it is;
small bars along all four edges hold the map where paper is bent and stand in for a covered corner.
"""

from dataclasses import dataclass

from models.geometry import RectMm, SizeMm
from scanning.cards import wording
from scanning.cards.drawing import Box, Mark, Text
from scanning.cards.errors import ColumnTooNarrow, SheetRefused
from scanning.cards.machine_code import code_size_mm
from scanning.cards.measures import (
    BAR_LONG_MM,
    BAR_PITCH_MM,
    BAR_SHORT_MM,
    CODE_QUIET_MM,
    CONTENT_BOTTOM_MM,
    CONTENT_LEFT_MM,
    CONTENT_TOP_MM,
    CORNER_HEIGHT_MM,
    CORNER_WIDTH_MM,
    GUTTER_MM,
    INSET_MM,
    NARROWEST_COLUMN_MM,
    ORIENT_GAP_MM,
    ORIENT_WIDTH_MM,
    SMALLEST_PAGE_MM,
)
from scanning.cards.template import Fiducial, TimingTrack

LARGEST_SHEET_MM = 600.0


@dataclass(frozen=True, slots=True)
class Furniture:
    """The marks of one side that do not depend on its contents; `code` is the machine code without quiet zone."""

    fiducials: tuple[Fiducial, ...]
    tracks: tuple[TimingTrack, ...]
    code: RectMm
    marks: tuple[Mark, ...]


def furniture(
    size: SizeMm, columns: tuple[RectMm, ...], *, page: int, pages: int, title: str, exam_title: str
) -> Furniture:
    """Everything a side carries besides its contents."""
    fiducials = _fiducials(size)
    side_mm = code_size_mm()
    code = RectMm(size.width_mm - INSET_MM - CORNER_WIDTH_MM - CODE_QUIET_MM - side_mm, INSET_MM, side_mm, side_mm)
    tracks = _tracks(size, code)
    filled = [mark.rect for mark in fiducials] + [bar for track in tracks for bar in track.bars]
    marks: list[Mark] = [Box(rect, fill=0.0) for rect in filled]
    marks += [
        Text(rect.center.x_mm, size.height_mm - 13.2, wording.STAY_INSIDE, 7.5, "center", max_width_mm=rect.width_mm)
        for rect in columns
    ]
    marks += _titles(size, code, page=page, pages=pages, title=title, exam_title=exam_title)
    return Furniture(fiducials, tracks, code, tuple(marks))


def column_rects(size: SizeMm, columns: int) -> tuple[RectMm, ...]:
    """The columns of one side, left to right.

    Raises SheetRefused for a sheet that cannot carry a card, ColumnTooNarrow for too many columns.
    """
    if not all(SMALLEST_PAGE_MM <= length <= LARGEST_SHEET_MM for length in (size.width_mm, size.height_mm)):
        raise SheetRefused(width_mm=f"{size.width_mm:g}", height_mm=f"{size.height_mm:g}")
    width_mm = (size.width_mm - 2 * CONTENT_LEFT_MM - (columns - 1) * GUTTER_MM) / columns
    if width_mm < NARROWEST_COLUMN_MM:
        raise ColumnTooNarrow(
            columns=columns,
            page_mm=f"{size.width_mm:g}",
            column_mm=f"{max(width_mm, 0.0):.1f}",
            least_mm=f"{NARROWEST_COLUMN_MM:g}",
        )
    height_mm = size.height_mm - CONTENT_TOP_MM - CONTENT_BOTTOM_MM
    return tuple(
        RectMm(CONTENT_LEFT_MM + place * (width_mm + GUTTER_MM), CONTENT_TOP_MM, width_mm, height_mm)
        for place in range(columns)
    )


def _fiducials(size: SizeMm) -> tuple[Fiducial, ...]:
    right_mm = size.width_mm - INSET_MM - CORNER_WIDTH_MM
    lower_mm = size.height_mm - INSET_MM - CORNER_HEIGHT_MM
    corners = {
        "tl": (INSET_MM, INSET_MM),
        "tr": (right_mm, INSET_MM),
        "bl": (INSET_MM, lower_mm),
        "br": (right_mm, lower_mm),
    }
    marks = [
        Fiducial(name, RectMm(x_mm, y_mm, CORNER_WIDTH_MM, CORNER_HEIGHT_MM)) for name, (x_mm, y_mm) in corners.items()
    ]
    beside_mm = INSET_MM + CORNER_WIDTH_MM + ORIENT_GAP_MM
    return (*marks, Fiducial("orient", RectMm(beside_mm, INSET_MM, ORIENT_WIDTH_MM, CORNER_HEIGHT_MM)))


def _tracks(size: SizeMm, code: RectMm) -> tuple[TimingTrack, ...]:
    down = _steps(INSET_MM + 12.0, size.height_mm - INSET_MM - 12.0)
    across = _steps(INSET_MM + 12.0, size.width_mm - INSET_MM - 12.0)
    # The upper bars begin beyond the orientation mark and end before the quiet zone of the machine code.
    above = _steps(INSET_MM + 28.0, code.x_mm - CODE_QUIET_MM - 1.0)
    far_x_mm = size.width_mm - INSET_MM - BAR_LONG_MM
    far_y_mm = size.height_mm - INSET_MM - BAR_LONG_MM
    bars = {
        "left": [RectMm(INSET_MM, y_mm, BAR_LONG_MM, BAR_SHORT_MM) for y_mm in down],
        "right": [RectMm(far_x_mm, y_mm, BAR_LONG_MM, BAR_SHORT_MM) for y_mm in down],
        "top": [RectMm(x_mm, INSET_MM, BAR_SHORT_MM, BAR_LONG_MM) for x_mm in above],
        "bottom": [RectMm(x_mm, far_y_mm, BAR_SHORT_MM, BAR_LONG_MM) for x_mm in across],
    }
    return tuple(TimingTrack(name, tuple(track)) for name, track in bars.items())


def _steps(first_mm: float, end_mm: float) -> list[float]:
    count = int((end_mm - BAR_SHORT_MM - first_mm) / BAR_PITCH_MM) + 1
    return [first_mm + place * BAR_PITCH_MM for place in range(max(count, 0))]


def _titles(size: SizeMm, code: RectMm, *, page: int, pages: int, title: str, exam_title: str) -> list[Mark]:
    middle_mm = size.width_mm / 2
    room_mm = 2 * (code.x_mm - CODE_QUIET_MM - middle_mm) - 4.0
    card = wording.card_title(title)
    texts: list[Mark] = [
        Text(middle_mm, size.height_mm - 4.6, f"{card}　{wording.side_line(page, pages)}", 7, "center", grey=0.3),
    ]
    if page == 1 and exam_title:
        texts.append(Text(middle_mm, 15.6, exam_title, 11, "center", max_width_mm=room_mm))
        texts.append(Text(middle_mm, 21.6, card, 14.5, "center", bold=True, max_width_mm=room_mm))
    elif page == 1:
        texts.append(Text(middle_mm, 20.2, card, 17, "center", bold=True, max_width_mm=room_mm))
    else:
        texts.append(Text(middle_mm, 16.6, card, 12, "center", bold=True, max_width_mm=room_mm))
        texts.append(Text(middle_mm, 21.6, wording.STAY_INSIDE, 7.5, "center", max_width_mm=room_mm))
    return texts
