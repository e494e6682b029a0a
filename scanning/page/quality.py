"""What the page as a whole looks like: a small copy of it, its paper, its blackest print, whether it is empty.

In:  uint8 (height, width) page image.
Out: Thumbnail: about two px per mm, with the local paper white, so that shadows and dark borders do not count.
Linear sampling at a whole-numbered reduction costs 0.4 ms on A4 at 200 dpi; area means cost six times that.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

THUMB_PX_PER_MM = 2.0  # a 4 mm mark is 8 px high: enough to tell its shape, small enough to be quick


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """The reduced page: `grey` and `paper` uint8 (h, w); a thumbnail px covers `factor` px of the page.

    `paper` is the local white, `black_ratio` how dark the darkest print is relative to it (0 black .. 1 white).
    """

    grey: NDArray[np.uint8]
    paper: NDArray[np.uint8]
    factor: int
    black_ratio: float

    def dark(self) -> NDArray[np.bool_]:
        """Where there is print or ink: darker than midway between the local paper and this page's black."""
        return self.darker_than(0.5 + 0.5 * min(self.black_ratio, 0.8))

    def darker_than(self, level: float) -> NDArray[np.bool_]:
        """Where the page is darker than this share of its local paper."""
        # By a table of whole greys: grey < paper * level means grey < the next whole number.
        limit = np.ceil(np.arange(256) * np.float32(level)).astype(np.uint8)
        return np.asarray(self.grey < cv2.LUT(self.paper, limit), dtype=np.bool_)


def reduction(px_per_mm: float) -> int:
    """The whole number by which an image of this scale is reduced."""
    return max(1, round(px_per_mm / THUMB_PX_PER_MM))


def make_thumbnail(grey: NDArray[np.uint8], page_long_mm: float) -> Thumbnail:
    """Reduce a page whose long side measures `page_long_mm` by a whole number."""
    factor = reduction(max(grey.shape) / page_long_mm)
    height, width = (grey.shape[0] // factor) * factor, (grey.shape[1] // factor) * factor
    small = grey
    if factor > 1:
        small = np.asarray(
            cv2.resize(grey[:height, :width], (width // factor, height // factor), interpolation=cv2.INTER_LINEAR)
        )
    # The brightest px within 12 mm is paper even beside a dark border; blurred, so that one glare px does not rule.
    reach = np.ones((25, 25), dtype=np.uint8)
    paper = cv2.blur(cv2.dilate(small, reach), (15, 15))
    sample = small[::3, ::3].astype(np.float32) / np.maximum(paper[::3, ::3], 1)
    black_ratio = float(np.partition(sample.ravel(), sample.size // 300)[sample.size // 300])
    return Thumbnail(small, np.asarray(paper, dtype=np.uint8), factor, black_ratio)


def is_blank(thumbnail: Thumbnail) -> bool:
    """Whether nothing is printed or written on the page: a blank side in the feeder, or a lid without paper.

    A border of 6 % is left out: shadows of the paper's edge are not print.
    """
    height, width = thumbnail.grey.shape
    inner = (slice(height * 6 // 100, height - height * 6 // 100), slice(width * 6 // 100, width - width * 6 // 100))
    dark = thumbnail.darker_than(0.85)[inner]
    # 0.02 % of a page is less than one printed line, and more than dust.
    return float(np.count_nonzero(dark)) / dark.size < 0.0002
