"""Bend the map of a page onto its printed edges, and say whether a page that fits like this may be read.

In:  uint8 page image, a SideReading (a pose read as one side, and the edges measured through it); FitOptions.
Out: Found: the map with its residual and what was seen of each patch; or a Refusal with PageCode.POOR_FIT.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import mark_text
from models.geometry import Homography
from models.words import PageCode
from scanning.cards.template import CardPage
from scanning.page.code import CodePattern
from scanning.page.correction import Corrected, correct
from scanning.page.fit import FittedMap, Registration
from scanning.page.image import Refusal
from scanning.page.poses import Pose, middle_of, printed_marks, scale_and_angle
from scanning.page.probes import PRESENT_RESPONSE, Choices, EdgeOffsets, Probes, measure

LOOK_AGAIN_MM = 0.3  # corrections beyond this are verified through the corrected map
TILTED = 0.01  # what a camera does to the scale across a page and a scanner never
UNEVEN = (0.02, 0.15)  # two rows folded away shorten a page by 3 % and leave it uneven; a feed that stretches does one
BEND_MM = (1.2, 1.8)  # print further than this from where the marks have it is a neighbour's (on scans, on photos)
STRETCH = 0.011  # print that is this much longer or shorter than the marks say is not as it was printed (on scans)
HOLDS_MM = 70.0  # evidence holds the map around it as far as paper bends as one
BESIDE_MM = 40.0  # a row or column of evidence this far off its own line still says what lies there
HELD_MM = 0.3  # when the map agrees with it so well
HELD_BY = 2  # and one alone may be mistaken
PATCH_SEEN = 0.4  # a patch with fewer of its outlines found is looked at through its surroundings
STRAY_MM = 0.3  # paper bends over decimetres: a piece of line that differs so much from those around it is another
FEWEST_PATCHES = 3  # one patch of two bubbles, one of them filled over its outline, says nothing about the page


@dataclass(frozen=True, slots=True)
class FitOptions:
    """When a fit is good enough to read through."""

    max_residual_mm: float = 0.5  # beyond it a bubble 2.5 mm high may be read in its neighbour's place
    present_enough: float = 0.6  # share of printed edges found that confirms a side without its machine code
    present_clear: float = 0.15  # how much better than the next a way of lying must fit, without a code


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One printed side, its probes and its code as it should look, prepared once per card and worker."""

    page: CardPage
    probes: Probes
    code: CodePattern | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SideReading:
    """A pose read as one side: what the printed edges say about it, and whether its machine code was read there."""

    side: Side
    pose: Pose
    edges: EdgeOffsets
    coded: bool


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A registration and what goes with it: this page's `black` (grey of its marks) and warnings.

    `patches_seen` (k,) is the share of each patch's outlines that were found; `patches_held`, bool (k,), says of those
    with few whether evidence on all sides of them agrees with the map. `outlines_show` says whether this scan shows the
    outlines of bubbles at all.
    """

    registration: Registration
    black: float
    patches_seen: NDArray[np.float64]
    patches_held: NDArray[np.bool_]
    outlines_show: bool
    warnings: tuple[str, ...] = ()


def fit_print(grey: NDArray[np.uint8], reading: SideReading, options: FitOptions) -> Found | Refusal:
    """Correct the map by the printed edges, and hold the residual to its limit everywhere."""
    page, pose, edges = reading.side.page, reading.pose, reading.edges
    marks_mm = printed_marks(page.fiducials, pose.marks, page.size).middle_mm
    fitted, remaining, seen = FittedMap.plain(pose.map), np.empty((0, 2)), edges.seen
    homography = pose.map
    strays = np.zeros(0, dtype=np.bool_)
    looked_through = FittedMap.plain(homography)
    for _ in range(3):
        offset, weight = _with_marks(homography, edges, reading.side.probes, marks_mm, pose.points_px)
        place = np.vstack([reading.side.probes.patch_mm.reshape(-1, 2), marks_mm])
        corrected, strays = _without_strays(
            homography, page, place, offset=offset, weight=weight, probes=reading.side.probes
        )
        fitted, remaining = corrected.map, corrected.residual_mm
        if not fitted.shift_px.size or float(np.nanmax(np.abs(offset))) < 0.5:
            break  # small shifts are measured well at once; large ones once more from the better map
        better = _refit(fitted, page)
        looked_through = FittedMap.plain(better)
        edges = measure(grey, looked_through, reading.side.probes)
        homography, seen = better, edges.seen
    if fitted.shift_px.size and float(np.nanmax(np.abs(offset))) > LOOK_AGAIN_MM:
        # The map was bent noticeably: look through the bent map whether the print really is there now.
        edges = measure(grey, fitted, reading.side.probes)
        beside = np.abs(np.nan_to_num(edges.offset_mm)).max(axis=1, initial=0.0) > options.max_residual_mm
        seen = np.where(beside & reading.side.probes.paired, 0.0, edges.seen)
        looked_through = fitted
    seen = np.where(strays, 0.0, seen)
    if len(pose.marks) >= 4 and _contradicts_marks(fitted, pose.map, page, reading.side.probes.choices):
        return Refusal(
            PageCode.POOR_FIT, mark_text("the page is torn or folded: its print does not lie between its marks")
        )
    residual = float(np.nanmax(np.abs(remaining))) if np.isfinite(remaining).any() else 0.0
    if residual > options.max_residual_mm:
        return Refusal(PageCode.POOR_FIT, f"the page is bent or torn: {residual:.2f} mm off")
    refusal = _confirm(edges, seen, reading, options)
    if refusal is not None:
        return refusal
    own = slice(0, reading.side.probes.bubble_patches)
    enclosed = np.zeros(seen.size, dtype=np.bool_)
    if (seen[own] < PATCH_SEEN).any():
        if fitted.shift_px.size and looked_through is not fitted:
            edges = measure(grey, fitted, reading.side.probes)
        held = _held(place, remaining, reading.side.probes.paired.size)
        seen = np.where(held & ~strays, np.maximum(seen, edges.near), seen)
        enclosed = _enclosed(place, remaining, seen.size)
    scale, angle = scale_and_angle(fitted.image_from_card, page)
    turned = round(angle / 90) * 90
    registration = Registration(
        page=page,
        map=fitted,
        residual_mm=residual,
        evidence=int(np.count_nonzero(np.isfinite(remaining).any(axis=1))),
        px_per_mm=scale,
        skew_deg=angle - turned,
        turned_deg=turned % 360,
    )
    warnings = [] if reading.coded or not page.code_payload else ["code_unread"]
    if len(pose.marks) < len(page.fiducials):
        warnings.append("mark_missing")
    if scale < 5.5:  # 140 dpi: pencil strokes are then thinner than a px
        warnings.append("low_resolution")
    return Found(registration, pose.black, seen, enclosed, outlines_show(edges), tuple(warnings))


def _held(place_mm: NDArray[np.float64], remaining_mm: NDArray[np.float64], patches: int) -> NDArray[np.bool_]:
    """Which of the first `patches` places lie among other evidence, in both directions, that the map agrees with, (k,).

    The print of a small group by itself may leave open where it is; what stands around it says so as well.
    """
    good = np.nan_to_num(np.abs(remaining_mm), nan=np.inf) <= HELD_MM
    near = np.hypot(*(place_mm[:patches, None, :] - place_mm[None, :, :]).transpose(2, 0, 1)) <= HOLDS_MM
    near[np.arange(patches), np.arange(patches)] = False
    return np.asarray((near.astype(np.float64) @ good >= HELD_BY).all(axis=1), dtype=np.bool_)


def _enclosed(place_mm: NDArray[np.float64], remaining_mm: NDArray[np.float64], patches: int) -> NDArray[np.bool_]:
    """Which of the first `patches` places have evidence that agrees with the map on all four sides of them, (k,).

    A piece of the page cannot lie elsewhere than what surrounds it.
    """
    good = (np.nan_to_num(np.abs(remaining_mm), nan=np.inf) <= HELD_MM).any(axis=1)
    dx, dy = (place_mm[None, good, :] - place_mm[:patches, None, :]).transpose(2, 0, 1)
    apart = 5.0  # beside each other in a row are two that differ by more
    beside, along = np.abs(dy) <= BESIDE_MM, np.abs(dx) <= BESIDE_MM
    near = np.hypot(dx, dy) <= HOLDS_MM
    sides = [beside & (dx > apart), beside & (dx < -apart), along & (dy > apart), along & (dy < -apart)]
    return np.asarray(np.logical_and.reduce([(side & near).any(axis=1) for side in sides]), dtype=np.bool_)


def _confirm(
    edges: EdgeOffsets, seen: NDArray[np.float64], reading: SideReading, options: FitOptions
) -> Refusal | None:
    """Whether enough of the print was found where the map says; what is left unseen becomes doubtful field by field.

    Bubble outlines that the scan shows must be in their places. A scan that shows none (1 bit, dropped colour) is
    trusted on bars and frames, or on four corner marks.
    """
    probes = reading.side.probes
    if not probes.elements:
        return None
    own = slice(0, probes.bubble_patches)
    if probes.bubble_patches >= FEWEST_PATCHES and outlines_show(edges):
        share = float((seen[own] >= PATCH_SEEN).mean())
        if share < options.present_enough:
            return Refusal(PageCode.POOR_FIT, f"only {share:.0%} of the bubbles are where they should be")
        return None
    page = reading.side.page
    printed = printed_marks(page.fiducials, reading.pose.marks, page.size)
    if edges.solid >= options.present_enough or printed.quadrilateral:
        return None
    return Refusal(PageCode.POOR_FIT, f"only {edges.solid:.0%} of bars and frames are where they should be")


def outlines_show(edges: EdgeOffsets) -> bool:
    """Whether this scan shows the outlines of bubbles at all, in both directions."""
    return bool((edges.usual > 1.5 * PRESENT_RESPONSE).all())


def _without_strays(
    homography: Homography,
    page: CardPage,
    place_mm: NDArray[np.float64],
    *,
    offset: NDArray[np.float64],
    weight: NDArray[np.float64],
    probes: Probes,
) -> tuple[Corrected, NDArray[np.bool_]]:
    """Correct the map, leaving out what contradicts its surroundings, and say which patches were left out, (k,).

    A piece of a frame may have locked onto another line; a patch of bubbles that answers weakly onto ink. A strong
    patch of bubbles is never left out: where it does not fit, the page does not.
    """
    patches = probes.paired.size
    stray = np.zeros(patches, dtype=np.bool_)
    corrected = correct(homography, page.size, place_mm, offset, weight)
    for _ in range(3):
        miss = np.nan_to_num(np.abs(corrected.residual_mm[:patches]))
        weak = ~probes.paired[:, None] | (weight[:patches] < 0.5)
        out = weak & (miss > STRAY_MM)
        worst = float(miss[out].max(initial=0.0))
        out &= miss > 0.6 * worst  # the worst first: they pull their neighbours away with them
        if not out.any():
            break
        offset[:patches][out] = np.nan
        stray |= out.any(axis=1) & probes.paired
        corrected = correct(homography, page.size, place_mm, offset, weight)
    return corrected, stray


def _with_marks(
    homography: Homography,
    edges: EdgeOffsets,
    probes: Probes,
    marks_mm: NDArray[np.float64],
    marks_px: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offsets and weights of the patches, followed by those of the marks themselves."""
    card_from_image = homography.inverse()
    marks_offset = card_from_image.apply(marks_px) - marks_mm
    offset = np.vstack([edges.offset_mm.reshape(-1, 2), marks_offset])
    patch_weight = np.minimum(edges.strength.reshape(-1, 2) / 0.15, 1.0) * (0.2 + 0.8 * edges.seen[:, None])
    patch_weight[~probes.paired] *= 0.5
    weight = np.vstack([np.where(np.isnan(edges.offset_mm), 0.0, patch_weight), np.ones_like(marks_offset)])
    # A patch most of whose outlines did not answer says nothing; what it seems to say is ink.
    weak = np.concatenate([edges.seen < PATCH_SEEN, np.zeros(len(marks_mm), dtype=bool)])
    offset[weak] = np.nan
    return offset, weight


def _contradicts_marks(fitted: FittedMap, marks_map: Homography, page: CardPage, choices: Choices) -> bool:
    """Whether the bubbles were found where no whole sheet has them between its four marks.

    Paper that is bent moves them a little to and fro. Where rows were folded away, or the paper jumped in the feed,
    the print keeps its own scale, and the marks say another: such a map slips from one row into the next.
    """
    mm, basis = choices.place_mm, choices.basis
    if not mm.size or not fitted.shift_px.size:
        return False
    moved = marks_map.inverse().apply(fitted.apply(mm)) - mm
    along, down, tilts = middle_of(marks_map, page)
    is_photo = max(tilts) >= TILTED
    if float(np.abs(moved).max()) > BEND_MM[is_photo]:
        return True
    if is_photo or not choices.spread:
        return False
    plane = choices.to_plane @ moved
    if max(abs(plane[0, 0]), abs(plane[1, 1])) > STRETCH:
        return True
    uneven = abs(float(np.linalg.norm(along) / np.linalg.norm(down)) - 1.0)
    return uneven > UNEVEN[0] and float(np.abs(moved - basis @ plane).max()) > UNEVEN[1]


def _refit(fitted: FittedMap, page: CardPage) -> Homography:
    """The homography nearest to a bent map over the whole page."""
    xs, ys = np.linspace(0, page.size.width_mm, 7), np.linspace(0, page.size.height_mm, 9)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    matrix, _ = cv2.findHomography(grid, fitted.apply(grid), 0)
    return Homography(np.asarray(matrix, dtype=np.float64))
