"""Find the page from its machine code alone, when too few corner marks are on the image.

In:  the whole page image, uint8; Blobs of its thumbnail; the sides that the code may name.
Out: where the bars of the timing tracks and the marks lie, and the map through all of them.
The code says which side this is and roughly how it lies; from there the tracks are followed bar by bar, each looked
for where its neighbours say. Costs tens of milliseconds, and is asked only for pages that would be refused.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Homography
from scanning.cards.template import CardPage
from scanning.page.fiducials import Blobs

FEWEST = 16  # bars and marks; a code beside a printed table may find a few things like bars
NEAREST = 8  # neighbours that say where the next bar is
STEP_MM = 45.0  # a gap in a track: beyond it a bend of the paper may lead to the bar beside
SLACK_MM = 1.2  # at a neighbour's distance, and more the further away: less than half a pitch of bars
SLACK_SHARE = 0.06
SIZE = (0.6, 1.6)  # of a bar's area and length on a thumbnail
TRUE_MM = 1.0  # from the map through all of them: paper bends by less, a wrong bar is a pitch away
SPREAD = 0.2  # of the page's area that they span


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """What was found along the tracks: `fiducials` (their numbers) at `marks_px` (k, 2), and the map through all.

    `bars_px` (n, 2) are the middles of all that was found, where this page's black is.
    """

    fiducials: tuple[int, ...]
    marks_px: NDArray[np.float64]
    map: Homography
    bars_px: NDArray[np.float64]


def walk_tracks(page: CardPage, code_px: NDArray[np.float64], blobs: Blobs) -> Walk | None:
    """Follow the tracks from the code's corners, (4, 2) px; None when too little lies where it should."""
    if page.code is None or not blobs.area_px.size:
        return None
    rects = [mark.rect for mark in page.fiducials] + [bar for track in page.tracks for bar in track.bars]
    place = np.array([[rect.center.x_mm, rect.center.y_mm] for rect in rects])
    sides = np.array([[rect.width_mm, rect.height_mm] for rect in rects])
    # The code's corners are known to a module: they say where to begin, and soon nothing any more.
    known_mm = page.code.corners()
    known_px = code_px.copy()
    found = np.full(place.shape[0], -1, dtype=np.intp)
    open_ = np.ones(place.shape[0], dtype=np.bool_)
    taken = np.zeros(blobs.area_px.size, dtype=np.bool_)
    while open_.any():
        gap = np.hypot(*(place[:, None, :] - known_mm[None, :, :]).transpose(2, 0, 1)).min(axis=1)
        gap[~open_] = np.inf
        at = int(np.argmin(gap))
        if gap[at] > STEP_MM:
            break
        open_[at] = False
        blob = _look(place[at], sides[at], float(gap[at]), known=(known_mm, known_px), blobs=blobs, taken=taken)
        if blob is not None:
            found[at] = blob
            taken[blob] = True
            known_mm = np.vstack([known_mm, place[at]])
            known_px = np.vstack([known_px, blobs.center_px[blob]])
    return _through(page, place, found, blobs)


def _look(
    place_mm: NDArray[np.float64],
    side_mm: NDArray[np.float64],
    gap_mm: float,
    *,
    known: tuple[NDArray[np.float64], NDArray[np.float64]],
    blobs: Blobs,
    taken: NDArray[np.bool_],
) -> int | None:
    """The shape that is the bar at this place, by the similarity of its nearest known neighbours."""
    mm, px = known
    near = np.argsort(np.hypot(*(mm - place_mm).T))[:NEAREST]
    z, w = mm[near] @ [1, 1j], px[near] @ [1, 1j]
    centred = z - z.mean()
    turn = complex(np.vdot(centred, w - w.mean()) / max(float(np.vdot(centred, centred).real), 1e-9))
    scale = abs(turn)
    if scale < 1e-6:
        return None
    expected = turn * (complex(*place_mm) - z.mean()) + w.mean()
    away = np.abs(blobs.center_px @ [1, 1j] - expected) / scale
    longer, shorter = float(side_mm.max()) * scale, float(side_mm.min()) * scale
    alike = (blobs.long_px > SIZE[0] * longer) & (blobs.long_px < SIZE[1] * longer)
    alike &= (blobs.short_px > SIZE[0] * shorter) & (blobs.short_px < SIZE[1] * shorter)
    alike &= ~taken & (away < SLACK_MM + SLACK_SHARE * gap_mm)
    if not alike.any():
        return None
    return int(np.argmin(np.where(alike, away, np.inf)))


def _through(page: CardPage, place_mm: NDArray[np.float64], found: NDArray[np.intp], blobs: Blobs) -> Walk | None:
    """The map through what was found, without what contradicts it."""
    have = np.flatnonzero(found >= 0)
    if have.size < FEWEST:
        return None
    mm, px = place_mm[have], blobs.center_px[found[have]]
    scale = float(np.ptp(px, axis=0).max() / max(float(np.ptp(mm, axis=0).max()), 1e-9))
    cv2.setRNGSeed(1)  # the same page gives the same fit, whatever was read before
    matrix, inliers = cv2.findHomography(mm, px, cv2.RANSAC, TRUE_MM * scale, maxIters=2_000)
    if matrix is None:
        return None
    kept = inliers.ravel().astype(np.bool_)
    hull = cv2.contourArea(cv2.convexHull(mm[kept].astype(np.float32))) if kept.any() else 0.0
    if np.count_nonzero(kept) < FEWEST or hull < SPREAD * page.size.width_mm * page.size.height_mm:
        return None
    marks = [at for at in np.flatnonzero(kept).tolist() if have[at] < len(page.fiducials)]
    return Walk(
        tuple(int(have[at]) for at in marks),
        px[marks].reshape(-1, 2),
        Homography(np.asarray(matrix, dtype=np.float64)),
        px[kept],
    )
