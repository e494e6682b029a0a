"""Look at a dithered or very grainy page as the eye does: a little out of focus.

In:  uint8 (height, width) page image, the long side of the page it may show, in mm.
Out: an image of the same size without its dots, or the very same image where it has none.
A dithering scanner draws grey as black dots on white: through one px at a time every place is either ink or paper.
Averaged over a fifth of a millimetre the dots are grey again. Looking for them costs a tenth of a millisecond.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

GRAINY = 14.0  # mean difference of neighbours in grey levels: print and writing alone make 3 to 8, sharpened noise more
DOTTED = 30.0  # dots as large as a px in black and white
GRAINY_MM, DOTTED_MM = 0.10, 0.20  # standard deviation of the blur: a printed outline of 0.2 mm still shows
_ROWS = 97


def without_dots(grey: NDArray[np.uint8], page_long_mm: float) -> NDArray[np.uint8]:
    """The page smoothed as far as its grain asks for it."""
    grain = graininess(grey)
    if grain < GRAINY:
        return grey
    sigma_px = (DOTTED_MM if grain >= DOTTED else GRAINY_MM) * max(grey.shape) / page_long_mm
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma_px), dtype=np.uint8)


def graininess(grey: NDArray[np.uint8]) -> float:
    """The mean difference between neighbours along some rows of the page, in grey levels."""
    height = grey.shape[0]
    rows = grey[height // 8 : height * 7 // 8 : max(1, height // _ROWS)]
    return float(cv2.mean(cv2.absdiff(rows[:, 1:], rows[:, :-1]))[0])
