"""What cutting the regions of a side needs to know of the card, prepared once per side and options.

In:  a CardPage in mm and CropOptions. Out: a CropPlan: quadrilaterals to map, and places along the regions' borders.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from models.geometry import RectMm
from scanning.cards.template import CardPage, Region

BORDER_STEP_MM = 0.3  # a stroke is wider
PIECE_STEPS = 32  # places on each straight piece of a border: on 10 mm a map is straight
ZONE_REACH_MM = 12.0  # an upright box at 1° reaches 3 mm out on A4; askew boxes more


@dataclass(frozen=True, slots=True)
class CropOptions:
    """How regions are cut."""

    upright_skew_deg: float = 1.0  # design.md 3: an upright box up to here, rectified beyond
    upright_shear: float = 0.02  # a photographed page is rectified however straight it lies
    jpeg_quality: int = 80  # strokes stay legible at 200 % and a crop takes 16 kB
    mask_margin_mm: float = 0.5  # around an identity zone: the largest residual that is read through
    ink_level: float = 0.72  # of the paper; pencil is darker, paper grain and bleed-through lighter
    inset_mm: float = 1.0  # the printed frame is not the candidate's ink, nor what bends or blurs it inwards
    words_mm: float = 0.6  # printed words are blurred and may lie a little off
    cross_mm: float = 0.9  # a stroke that is seen this far on both sides of the border crosses it


@dataclass(frozen=True, slots=True)
class RegionPlan:
    """One region, and its quadrilaterals by their numbers in the plan.

    `own` is its outline, `inner` where writing counts as ink (None where the frame leaves no room), `words` what is
    printed inside, `zones` the identity zones that its upright box may reach.
    """

    region: Region
    own: int
    inner: int | None
    words: tuple[int, ...]
    zones: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Borders:
    """Straight pieces along the borders of the regions, p in all.

    `ends_mm` (4p, 2): where the pieces begin and end just inside their borders, then just outside. `region` (p,) says
    whose they are, `step_mm` (p,) how far apart their places are.
    """

    ends_mm: NDArray[np.float64]
    region: NDArray[np.intp]
    step_mm: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CropPlan:
    """`quads_mm` (q, 4, 2): the page itself first, then what the regions refer to."""

    quads_mm: NDArray[np.float64]
    regions: tuple[RegionPlan, ...]
    borders: Borders


def plan_crops(page: CardPage, options: CropOptions) -> CropPlan:
    """The plan of one side; regions without area are not cut."""
    rects = [RectMm(0, 0, page.size.width_mm, page.size.height_mm)]

    def number(rect: RectMm) -> int:
        rects.append(rect)
        return len(rects) - 1

    regions = []
    for region in page.regions:
        rect = region.rect
        if rect.is_empty:
            continue
        inner = rect.grown(-options.inset_mm)
        zones = [zone.grown(options.mask_margin_mm) for zone in page.identity_zones]
        regions.append(
            RegionPlan(
                region,
                own=number(rect),
                inner=None if inner.is_empty else number(inner),
                words=tuple(number(one.grown(options.words_mm)) for one in page.prints if one.overlaps(rect)),
                zones=tuple(number(zone) for zone in zones if zone.overlaps(rect.grown(ZONE_REACH_MM))),
            )
        )
    quads = np.array([rect.corners() for rect in rects])
    return CropPlan(quads, tuple(regions), _borders([one.region.rect for one in regions], options.cross_mm))


def _borders(rects: list[RectMm], depth_mm: float) -> Borders:
    ends: list[NDArray[np.float64]] = []
    owners: list[int] = []
    steps: list[float] = []
    for owner, rect in enumerate(rects):
        inner, outer = rect.grown(-depth_mm), rect.grown(depth_mm)
        if inner.is_empty:
            continue
        for near, far in zip(_lines(inner, inner), _lines(inner, outer), strict=True):
            length = float(np.abs(near[1] - near[0]).max())
            pieces = max(1, ceil(length / (BORDER_STEP_MM * PIECE_STEPS)))
            along = np.linspace(0, 1, pieces + 1)[:, None]
            inside, outside = near[0] + along * (near[1] - near[0]), far[0] + along * (far[1] - far[0])
            ends.append(np.stack([inside[:-1], inside[1:], outside[:-1], outside[1:]]))
            owners += [owner] * pieces
            steps += [length / (pieces * PIECE_STEPS)] * pieces
    joined = np.concatenate(ends, axis=1).reshape(-1, 2) if ends else np.empty((0, 2))
    return Borders(joined, np.array(owners, dtype=np.intp), np.array(steps))


def _lines(span: RectMm, at: RectMm) -> list[NDArray[np.float64]]:
    """Begin and end, (2, 2) each, of the four sides of `at`, as long as those of `span`."""
    left, top, right, bottom = span.x_mm, span.y_mm, span.right_mm, span.bottom_mm
    return [
        np.array([[left, at.y_mm], [right, at.y_mm]]),
        np.array([[left, at.bottom_mm], [right, at.bottom_mm]]),
        np.array([[at.x_mm, top], [at.x_mm, bottom]]),
        np.array([[at.right_mm, top], [at.right_mm, bottom]]),
    ]
