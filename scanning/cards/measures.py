"""The measures of a printed card in mm: one place for every distance, with the reason for each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BubbleSize:
    """One place to fill in and the distance from one to the next."""

    width_mm: float
    height_mm: float
    pitch_x_mm: float
    pitch_y_mm: float


# Gaps of 1.5 mm and more keep one sloppy fill out of the next bubble; the contract asks for at least 1 mm.
TYPICAL = BubbleSize(4.0, 2.5, 5.5, 4.2)
# For long numbers and many options in a narrow column; still above the smallest allowed (3 x 2 mm, 1 mm between).
COMPACT = BubbleSize(3.2, 2.2, 4.4, 4.0)

INSET_MM = 8.0  # nothing that registration needs stands nearer to the edge: print and scan shift by several mm
CORNER_WIDTH_MM = 6.0
CORNER_HEIGHT_MM = 4.0
ORIENT_WIDTH_MM = 9.0  # longer than a corner, so that its shape alone tells the top left
ORIENT_GAP_MM = 4.0
BAR_LONG_MM = 3.0
BAR_SHORT_MM = 1.5
BAR_PITCH_MM = 8.0

MODULE_MM = 0.6  # 4.7 px at 200 dpi, 3.5 px at 150 dpi
CODE_QUIET_MM = 2.4  # four modules of white around the code

CONTENT_LEFT_MM = 15.0
CONTENT_TOP_MM = 23.5  # below the strip with title and machine code
CONTENT_BOTTOM_MM = 16.5  # above the lower marks and the notice over them
GUTTER_MM = 6.0

FRAME_LINE_MM = 0.4
BUBBLE_LINE_MM = 0.2
# Light enough that an empty bubble and its letter never look filled, dark enough to be seen by the candidate.
BUBBLE_GREY = 0.6
LETTER_GREY = 0.5
GRID_GREY = 0.55

BARCODE_WIDTH_MM = 60.0  # holds Code 128 of 20 digits at 0.33 mm with its quiet zones
BARCODE_HEIGHT_MM = 20.0
BLOCK_GAP_MM = 1.5
GROUP_ITEMS = 5  # objective items stand in groups of five, as candidates are used to
NARROWEST_COLUMN_MM = 66.0  # the barcode place with its margin
SMALLEST_PAGE_MM = 100.0
