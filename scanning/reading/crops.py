"""Cut the response regions: what a marker will see, and nothing that says whose it is.

In:  page image uint8, its registration, CropOptions.
Out: one Crop per region: grey JPEG without metadata, its share of ink, and ink that runs on across its border.
Identity zones are painted out on the copied pixels before anything is turned or encoded. Up to one degree of skew
the upright box around the region is cut: turning it straight would cost three times as much and blur the writing.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import RectMm
from scanning.cards.template import CardPage, Region
from scanning.page.fit import FittedMap, Registration
from scanning.page.probes import sample
from scanning.reading.result import Crop


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


def cut_regions(
    grey: NDArray[np.uint8], registration: Registration, options: CropOptions | None = None
) -> tuple[Crop, ...]:
    """Cut every region of the side, in card order."""
    options = options or CropOptions()
    rectify = needs_rectifying(registration, options)
    return tuple(
        _cut(grey, registration, region, rectify, options)
        for region in registration.page.regions
        if not region.rect.is_empty
    )


def needs_rectifying(registration: Registration, options: CropOptions) -> bool:
    """Whether the page lies so askew, or in such perspective, that upright boxes would not do."""
    if abs(registration.skew_deg) > options.upright_skew_deg:
        return True
    page = registration.page
    corners = registration.map.apply(RectMm(0, 0, page.size.width_mm, page.size.height_mm).corners())
    across, back = corners[1] - corners[0], corners[2] - corners[3]
    down, up = corners[3] - corners[0], corners[2] - corners[1]
    spread = max(float(np.abs(across - back).max()), float(np.abs(down - up).max()))
    return spread > options.upright_shear * float(np.linalg.norm(down))


def _cut(
    grey: NDArray[np.uint8], registration: Registration, region: Region, rectify: bool, options: CropOptions
) -> Crop:
    page, fitted = registration.page, registration.map
    corners = fitted.apply(region.rect.corners())
    height, width = grey.shape
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, [width - 1, height - 1])
    right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, [left + 1, top + 1], [width, height])
    pixels = grey[top:bottom, left:right].copy()
    coarse = pixels[::4, ::4].ravel()
    paper = float(np.partition(coarse, coarse.size * 3 // 4)[coarse.size * 3 // 4])
    _mask(pixels, page, fitted, (int(left), int(top)), cut=region.rect, paper=paper, options=options)
    ink = written_share(pixels, registration, (int(left), int(top)), rect=region.rect, paper=paper, options=options)
    if rectify:
        pixels = _rectified(pixels, corners - [left, top], region.rect, registration.px_per_mm, paper)
    elif registration.turned_deg:
        pixels = np.ascontiguousarray(np.rot90(pixels, registration.turned_deg // 90))
    ok, encoded = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, options.jpeg_quality))
    if not ok:
        raise ValueError(f"region {region.id} of {pixels.shape} px cannot be encoded")
    return Crop(
        region=region.id,
        part=region.part,
        jpeg=encoded.tobytes(),
        width_px=pixels.shape[1],
        height_px=pixels.shape[0],
        ink=round(ink, 5),
        overflow_mm2=crossing_mm2(grey, fitted, region.rect, paper, options),
    )


def written_share(
    pixels: NDArray[np.uint8],
    registration: Registration,
    corner_px: tuple[int, int],
    *,
    rect: RectMm,
    paper: float,
    options: CropOptions,
) -> float:
    """The share of a region that is darker than ink has to be, 0..1, its frame and printed words left out.

    `pixels` is the upright box cut around the region, its top-left px at `corner_px` of the page; every other px
    of every other row is looked at. The share is of the whole region, so that times its area it is the ink in mm².
    """
    half = pixels[::2, ::2]
    inside = np.zeros(half.shape, dtype=np.uint8)
    fitted = registration.map

    def outline(of: RectMm) -> NDArray[np.int32]:
        return np.asarray(np.round((fitted.apply(of.corners()) - np.array(corner_px)) / 2), dtype=np.int32)

    cv2.fillConvexPoly(inside, outline(rect), 1)
    whole = int(np.count_nonzero(inside))
    inside[:] = 0
    inner = rect.grown(-options.inset_mm)
    if inner.is_empty or not whole:
        return 0.0
    cv2.fillConvexPoly(inside, outline(inner), 1)
    for words in registration.page.prints:
        if words.overlaps(rect):
            cv2.fillConvexPoly(inside, outline(words.grown(options.words_mm)), 0)
    dark = (half < options.ink_level * paper) & inside.view(np.bool_)
    return float(np.count_nonzero(dark)) / whole


def _mask(
    pixels: NDArray[np.uint8],
    page: CardPage,
    fitted: FittedMap,
    corner_px: tuple[int, int],
    *,
    cut: RectMm,
    paper: float,
    options: CropOptions,
) -> None:
    """Paint the identity zones with paper, in place. An upright box can reach a zone beside its region."""
    for zone in page.identity_zones:
        grown = zone.grown(options.mask_margin_mm)
        if not grown.overlaps(cut.grown(12.0)):  # an upright box at 1° reaches 3 mm out on A4; askew boxes more
            continue
        outline = fitted.apply(grown.corners()) - np.array(corner_px)
        cv2.fillConvexPoly(pixels, np.round(outline).astype(np.int32), int(paper))


def _rectified(
    pixels: NDArray[np.uint8],
    corners_px: NDArray[np.float64],
    rect: RectMm,
    px_per_mm: float,
    paper: float,
) -> NDArray[np.uint8]:
    """Turn the region's quadrilateral upright at the page's own scale."""
    width, height = max(8, round(rect.width_mm * px_per_mm)), max(8, round(rect.height_mm * px_per_mm))
    target = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(corners_px.astype(np.float32), target)
    return np.asarray(
        cv2.warpPerspective(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=int(paper)),
        dtype=np.uint8,
    )


def crossing_mm2(grey: NDArray[np.uint8], fitted: FittedMap, rect: RectMm, paper: float, options: CropOptions) -> float:
    """Ink that crosses the border of a rectangle, as length along the border times the depth that was looked at.

    The printed frame stands on the border itself: ink counts where it is dark just inside and just outside.
    """
    step = 0.3
    depth = options.cross_mm
    inner, outer = rect.grown(-depth), rect.grown(depth)
    if inner.is_empty:
        return 0.0
    xs = np.arange(rect.x_mm + depth, rect.right_mm - depth, step)
    ys = np.arange(rect.y_mm + depth, rect.bottom_mm - depth, step)
    lines = [
        (xs, inner.y_mm, outer.y_mm, 0),
        (xs, inner.bottom_mm, outer.bottom_mm, 0),
        (ys, inner.x_mm, outer.x_mm, 1),
        (ys, inner.right_mm, outer.right_mm, 1),
    ]
    total = 0
    for along, near, far, axis in lines:
        places = np.empty((2, along.size, 2))
        places[:, :, axis] = along
        places[0, :, 1 - axis], places[1, :, 1 - axis] = near, far
        at = fitted.apply(places.reshape(-1, 2)).astype(np.float32).reshape(2, -1, 2)
        dark = sample(grey, at[..., 0], at[..., 1]) < options.ink_level * paper
        # A slanting stroke meets the two lines a little apart.
        outside = dark[1].copy()
        outside[1:] |= dark[1][:-1]
        outside[:-1] |= dark[1][1:]
        total += int(np.count_nonzero(dark[0] & outside))
    return round(total * step * 2 * depth, 2)
