"""Cut the response regions: what a marker will see, and nothing that says whose it is.

In:  page image uint8, its registration, the CropPlan of its side, CropOptions.
Out: one Crop per region: grey JPEG without metadata, its share of ink, and ink that runs on across its border.
Identity zones are painted out on the copied pixels before anything is turned or encoded. Up to one degree of skew
the upright box around the region is cut: turning it straight would cost three times as much and blur the writing.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import RectMm
from scanning.page.fit import FittedMap, Registration
from scanning.page.probes import sample_bytes
from scanning.reading.crop_plan import PIECE_STEPS, Borders, CropOptions, CropPlan, RegionPlan
from scanning.reading.result import Crop

Quad = NDArray[np.float64]  # (4, 2), px
_PLACES = np.arange(PIECE_STEPS, dtype=np.float32) / np.float32(PIECE_STEPS)
_AND_BESIDE = np.arange(-1, PIECE_STEPS + 1, dtype=np.float32) / np.float32(PIECE_STEPS)


def cut_regions(
    grey: NDArray[np.uint8], registration: Registration, plan: CropPlan, options: CropOptions
) -> tuple[Crop, ...]:
    """Cut every region of the side, in card order."""
    if not plan.regions:
        return ()
    quads = registration.map.apply(plan.quads_mm.reshape(-1, 2)).reshape(-1, 4, 2)
    rectify = needs_rectifying(quads[0], registration.skew_deg, options)
    boxes = _upright_boxes(quads[[one.own for one in plan.regions]], grey.shape)
    papers = [_paper(grey[top:bottom, left:right]) for left, top, right, bottom in boxes]
    crossing = crossing_mm2(grey, registration.map, plan.borders, [options.ink_level * one for one in papers], options)
    crops = []
    for at, one in enumerate(plan.regions):
        left, top, right, bottom = boxes[at]
        shift = np.array([left, top])
        pixels = grey[top:bottom, left:right]
        if one.zones:
            pixels = _masked(pixels, quads[list(one.zones)] - shift, papers[at])
        ink = _written_share(pixels, one, quads, shift, options.ink_level * papers[at])
        if rectify:
            pixels = _rectified(pixels, quads[one.own] - shift, one.region.rect, registration.px_per_mm, papers[at])
        elif registration.turned_deg:
            pixels = np.ascontiguousarray(np.rot90(pixels, registration.turned_deg // 90))
        crops.append(
            Crop(
                region=one.region.id,
                part=one.region.part,
                jpeg=_encoded(pixels, options.jpeg_quality),
                width_px=pixels.shape[1],
                height_px=pixels.shape[0],
                ink=round(ink, 5),
                overflow_mm2=crossing[at],
            )
        )
    return tuple(crops)


def needs_rectifying(page_px: Quad, skew_deg: float, options: CropOptions) -> bool:
    """Whether the page lies so askew, or in such perspective, that upright boxes would not do."""
    if abs(skew_deg) > options.upright_skew_deg:
        return True
    across, back = page_px[1] - page_px[0], page_px[2] - page_px[3]
    down, up = page_px[3] - page_px[0], page_px[2] - page_px[1]
    spread = max(float(np.abs(across - back).max()), float(np.abs(down - up).max()))
    return spread > options.upright_shear * float(np.linalg.norm(down))


def _upright_boxes(quads: NDArray[np.float64], shape: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Left, top, right and bottom in px, half-open, of the box around each quadrilateral; never empty."""
    height, width = shape
    first = np.clip(np.floor(quads.min(axis=1)).astype(int), 0, [width - 1, height - 1])
    last = np.clip(np.ceil(quads.max(axis=1)).astype(int) + 1, first + 1, [width, height])
    return [
        (left, top, right, bottom) for (left, top), (right, bottom) in zip(first.tolist(), last.tolist(), strict=True)
    ]


def _paper(pixels: NDArray[np.uint8]) -> float:
    """The grey of the paper in a region: what a quarter of it is lighter than."""
    coarse = pixels[::7, ::7].ravel()  # no ruling of a page repeats every seven px
    return float(np.partition(coarse, coarse.size * 3 // 4)[coarse.size * 3 // 4])


def _masked(pixels: NDArray[np.uint8], zones: NDArray[np.float64], paper: float) -> NDArray[np.uint8]:
    """A copy with the identity zones painted over with paper. An upright box can reach a zone beside its region."""
    copied = pixels.copy()
    for outline in np.round(zones).astype(np.int32):
        cv2.fillConvexPoly(copied, outline, int(paper))
    return copied


def _written_share(
    pixels: NDArray[np.uint8], one: RegionPlan, quads: NDArray[np.float64], shift: NDArray[np.intp], limit: float
) -> float:
    """The share of a region that is darker than `limit`, 0..1, its frame and printed words left out.

    `pixels` is the upright box cut around the region, `shift` where it begins; every other px of every other row is
    looked at. The share is of the whole region, so that times its area it is the ink in mm².
    """
    if one.inner is None:
        return 0.0
    half = pixels[::2, ::2]
    outlines = np.round((quads[[one.inner, *one.words]] - shift) / 2).astype(np.int32)
    inside = np.zeros(half.shape, dtype=np.uint8)
    cv2.fillConvexPoly(inside, outlines[0], 1)
    for words in outlines[1:]:
        cv2.fillConvexPoly(inside, words, 0)
    inside &= half < _whole(limit)
    return cv2.countNonZero(inside) / max(cv2.contourArea(quads[one.own].astype(np.float32)) / 4, 1.0)


def _whole(limit: float) -> np.uint8:
    """The whole grey that a px must be darker than to be darker than `limit`."""
    return np.uint8(np.ceil(limit))


def _rectified(
    pixels: NDArray[np.uint8], corners_px: Quad, rect: RectMm, px_per_mm: float, paper: float
) -> NDArray[np.uint8]:
    """Turn the region's quadrilateral upright at the page's own scale."""
    width, height = max(8, round(rect.width_mm * px_per_mm)), max(8, round(rect.height_mm * px_per_mm))
    target = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(corners_px.astype(np.float32), target)
    return np.asarray(
        cv2.warpPerspective(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=int(paper)),
        dtype=np.uint8,
    )


def _encoded(pixels: NDArray[np.uint8], quality: int) -> bytes:
    done, encoded = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, quality))
    if not done:
        raise ValueError(f"a crop of {pixels.shape} px cannot be encoded")
    return encoded.tobytes()


def crossing_mm2(
    grey: NDArray[np.uint8], fitted: FittedMap, borders: Borders, limits: Sequence[float], options: CropOptions
) -> list[float]:
    """Ink that crosses the border of each region: length along the border times the depth that was looked at.

    The printed frame stands on the border itself: ink counts where it is darker than the region's limit both just
    inside and just outside.
    """
    if not borders.region.size:
        return [0.0] * len(limits)
    limit = np.array([_whole(one) for one in limits])[borders.region]
    ends = fitted.apply(borders.ends_mm).astype(np.float32).reshape(2, 2, -1, 2)
    inside = _along(grey, ends[0], _PLACES) < limit[:, None]
    some = np.flatnonzero(inside.any(axis=1))
    if not some.size:
        return [0.0] * len(limits)
    outside = _along(grey, ends[1][:, some], _AND_BESIDE) < limit[some, None]
    # A slanting stroke meets the two lines a little apart.
    wide = outside[:, :-2] | outside[:, 1:-1] | outside[:, 2:]
    crossed = (inside[some] & wide).sum(axis=1) * borders.step_mm[some]
    found = np.bincount(borders.region[some], weights=crossed, minlength=len(limits))
    return [round(length * 2 * options.cross_mm, 2) for length in found.tolist()]


def _along(grey: NDArray[np.uint8], ends: NDArray[np.float32], places: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Grey values between the `ends` (2, p, 2) of p straight pieces, (p, k); `places` (k,) are shares of the way."""
    begin, way = ends[0], ends[1] - ends[0]
    return sample_bytes(grey, begin[:, :1] + way[:, :1] * places, begin[:, 1:] + way[:, 1:] * places)
