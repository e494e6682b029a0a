"""Find a card's side on a page image: which side it is, and which way round.

In:  uint8 page image (any turn, any margins), the sides of one card with their probes; FitOptions.
Out: Found, fitted by print_fit.py, or a Refusal with its PageCode.
Order of evidence: the marks propose where the page can lie, the machine code says which side it is and which
way up, the printed edges (bubbles, bars, frames) confirm and correct. Rather no reading than one through a bad fit.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.errors import mark_text
from models.geometry import Homography
from models.words import PageCode
from scanning.cards.machine_code import parse_payload
from scanning.cards.template import CardPage
from scanning.page.code import CodePlace, find_codes, is_another, read_code, shows_code, which_code
from scanning.page.corners import find_at_corners
from scanning.page.fiducials import Blobs, PatternMatch, find_blobs
from scanning.page.fit import FittedMap
from scanning.page.image import Refusal
from scanning.page.poses import (
    MARK_AREA,
    Pose,
    find_poses,
    map_through,
    middle_of,
    refine_pose,
    scale_and_angle,
    see_mark,
)
from scanning.page.print_fit import FitOptions, Found, Side, SideReading, fit_print
from scanning.page.probes import Probes, measure, own_share
from scanning.page.quality import is_blank, make_thumbnail
from scanning.page.walk import walk_tracks

PRESENT_CLEARLY = 0.9  # share of printed edges in their places with which four marks and the code need no more proof
SHEAR = (
    0.007  # half a pitch of bubbles over a page's length; feeds stretch and turn paper, they do not shear it by this
)
SHEAR_OF_TILT = 6.0  # a camera twice as far away as the page is long shears by this times both its tilts
MARK_LIKE = 0.2
OWN_PRINT = (0.25, 0.7)  # of a side's own frames or bubbles: fewer are found by chance, more are really there
MOVED_MM = (4.0, 25.0)  # a missing mark that stands a row or more beside its place went there with a piece of the page


def register(grey: NDArray[np.uint8], sides: Sequence[Side], options: FitOptions | None = None) -> Found | Refusal:
    """Find out which of the sides the image shows, and fit the map. Never raises for a foreign page."""
    options = options or FitOptions()
    quick = _at_corners(grey, sides)
    if quick is not None:
        return fit_print(grey, quick, options)
    size = sides[0].page.size
    thumbnail = make_thumbnail(grey, max(size.width_mm, size.height_mm))
    if is_blank(thumbnail):
        return Refusal(PageCode.BLANK_PAGE, mark_text("nothing is printed or written on this page"))
    blobs = find_blobs(thumbnail)
    readings: list[SideReading] = []
    for group in _by_layout(sides):
        poses = find_poses(grey, group[0].page, blobs)
        answer = _by_code(grey, group, sides, poses)
        if isinstance(answer, Refusal):
            return answer
        if answer is not None:
            readings = [answer]
            break
        readings.extend(
            SideReading(side, pose, measure(grey, FittedMap.plain(pose.map), side.probes), coded=False)
            for pose in poses
            for side in group
        )
    chosen = _choose(grey, readings, sides, options, blobs)
    if isinstance(chosen, Refusal):
        return chosen
    if _has_moved_mark(chosen, blobs):
        return Refusal(
            PageCode.POOR_FIT, mark_text("the page is torn or folded: a corner mark stands beside its place")
        )
    if is_sheared(chosen.pose.map, chosen.side.page):
        return Refusal(PageCode.POOR_FIT, mark_text("the page is torn or folded: its corner marks form no rectangle"))
    return fit_print(grey, chosen, options)


def _at_corners(grey: NDArray[np.uint8], sides: Sequence[Side]) -> SideReading | None:
    """The page as a scanner should deliver it: every mark in its corner, the code read, the print in its place.

    Where these agree nothing else can be true, and nobody need search the page. None where any of them is missing.
    """
    for group in _by_layout(sides):
        page = group[0].page
        if page.code is None or page.code.is_empty:
            continue
        for match in find_at_corners(grey, page.fiducials, page.size):
            pose = refine_pose(grey, page, match)
            if pose is None or len(pose.marks) < len(page.fiducials) or is_sheared(pose.map, page):
                continue
            fitted = FittedMap.plain(pose.map)
            side = _side_by_code(grey, fitted, group)
            if side is None:
                continue
            edges = measure(grey, fitted, side.probes)
            if edges.present >= PRESENT_CLEARLY:
                return SideReading(side, pose, edges, coded=True)
    return None


def _side_by_code(grey: NDArray[np.uint8], fitted: FittedMap, group: list[Side]) -> Side | None:
    """Which of some sides with their code at the same place shows it there."""
    for side in group:
        if side.code is not None and shows_code(grey, fitted, side.code):
            return side
    place = group[0].page.code
    text = read_code(grey, fitted, place) if place is not None else ""
    return next((one for one in group if text and one.page.code_payload == text), None)


def _has_moved_mark(reading: SideReading, blobs: Blobs) -> bool:
    """Whether a mark that the map does not use was seen near by, but not at its place."""
    page, pose = reading.side.page, reading.pose
    missing = [one.rect for at, one in enumerate(page.fiducials) if at not in pose.marks]
    if not missing or not blobs.area_px.size:
        return False
    scale, _ = scale_and_angle(pose.map, page)
    card_mm = pose.map.inverse().apply(blobs.center_px)
    for rect in missing:
        away = np.hypot(card_mm[:, 0] - rect.center.x_mm, card_mm[:, 1] - rect.center.y_mm)
        longer, shorter = max(rect.width_mm, rect.height_mm) * scale, min(rect.width_mm, rect.height_mm) * scale
        alike = (np.abs(blobs.long_px / longer - 1) < MARK_LIKE) & (np.abs(blobs.short_px / shorter - 1) < MARK_LIKE)
        alike &= (away > MOVED_MM[0]) & (away < MOVED_MM[1])
        for x, y in card_mm[alike]:
            own = min(
                (np.hypot(x - o.rect.center.x_mm, y - o.rect.center.y_mm) for o in page.fiducials), default=np.inf
            )
            if own > MOVED_MM[0]:  # not another mark at its own place
                return True
    return False


def _by_layout(sides: Sequence[Side]) -> list[list[Side]]:
    """Sides whose marks and code stand at the same places are searched together."""
    groups: dict[object, list[Side]] = {}
    for side in sides:
        groups.setdefault((side.page.fiducials, side.page.code), []).append(side)
    return list(groups.values())


def is_sheared(homography: Homography, page: CardPage) -> bool:
    """Whether the marks lie as no whole sheet can show them: pushed past each other, without a camera's tilt.

    A tear that moves half a page by one bubble moves its marks along; a map through them would find every bubble's
    outline, the neighbour's. Rows and columns must stay square to each other in the middle of the page, up to
    what perspective allows: the cosine between them is the product of both tilts times (distance / size)².
    """
    along, down, tilts = middle_of(homography, page)
    # A feed that stretches paper which lies askew keeps the lines of the image square instead of those of the card.
    right, below = np.array([along[0], down[0]]), np.array([along[1], down[1]])
    cosine = min(
        abs(float(one @ other)) / float(np.linalg.norm(one) * np.linalg.norm(other))
        for one, other in ((along, down), (right, below))
    )
    return cosine > SHEAR + SHEAR_OF_TILT * tilts[0] * tilts[1]


def _by_code(
    grey: NDArray[np.uint8], group: list[Side], sides: Sequence[Side], poses: list[Pose]
) -> SideReading | Refusal | None:
    """Let the machine code say which side this is and which pose is the right one; None when none can be read."""
    place = group[0].page.code
    if place is None or place.is_empty or not any(side.page.code_payload for side in group):
        return None
    for pose in poses:
        fitted = FittedMap.plain(pose.map)
        text = read_code(grey, fitted, place)
        if not text:
            continue
        for side in group:
            if side.page.code_payload == text:
                readings = [
                    SideReading(side, other, measure(grey, FittedMap.plain(other.map), side.probes), coded=True)
                    for other in poses
                    if _agrees(other.map, pose.map, side.page)
                ]
                return max(readings, key=lambda one: (one.edges.present > PRESENT_CLEARLY, one.pose.score))
        refusal = foreign_code([text], sides)
        if refusal is not None:
            return refusal
    return None


def _agrees(one: Homography, other: Homography, page: CardPage) -> bool:
    """Whether two poses are the same way round: the page's middle and top lie about at the same place."""
    width, height = page.size.width_mm, page.size.height_mm
    points = np.array([[width / 2, height / 2], [width / 2, 0.0]])
    scale = float(np.linalg.norm(other.apply(points)[1] - other.apply(points)[0])) / (height / 2)
    return float(np.abs(one.apply(points) - other.apply(points)).max()) < 15 * scale


def foreign_code(texts: Sequence[str], sides: Sequence[Side]) -> Refusal | None:
    """Whether a machine code of ours belongs to another card or another version of this one."""
    said = [code for code in (parse_payload(text) for text in texts) if code is not None]
    mine = [code for code in (parse_payload(side.page.code_payload) for side in sides) if code is not None]
    if not said or any(code in mine for code in said):
        return None
    if any(code.paper_tag == own.paper_tag for code in said for own in mine):
        return Refusal(PageCode.WRONG_VERSION, f"version {said[0].version}")
    return Refusal(PageCode.WRONG_CARD, f"side {said[0].side} of another card")


def _choose(
    grey: NDArray[np.uint8], readings: list[SideReading], sides: Sequence[Side], options: FitOptions, blobs: Blobs
) -> SideReading | Refusal:
    """The reading to trust. Without a code the printed edges must confirm one side and one way round."""
    if readings and readings[0].coded:
        return _repaired(grey, readings[0])
    coded_card = any(side.page.code_payload for side in sides)
    codes: list[CodePlace] = []
    if coded_card or not readings:
        codes = find_codes(grey)
        refusal = foreign_code([code.text for code in codes], sides)
        if refusal is not None:
            return refusal
        walked = _walked(grey, codes, sides, blobs)
        if walked is not None:
            return walked
    if not readings:
        return Refusal(PageCode.UNREGISTERED, mark_text("the card's marks were not found"))
    best_first = sorted(readings, key=lambda one: (-one.edges.explained, -one.pose.score))
    best_first = _by_own_print(grey, best_first)
    if not best_first:
        return Refusal(PageCode.UNREGISTERED, mark_text("which side this is cannot be told"))
    best = _repaired(grey, best_first[0])
    if best.side.code is not None and is_another(grey, FittedMap.plain(best.pose.map), best.side.code):
        return Refusal(PageCode.UNREGISTERED, mark_text("its machine code cannot be read and is not like this card's"))
    if _stands_elsewhere(codes, best):
        why = mark_text("its machine code stands elsewhere than its marks say: perhaps the page is a mirror image")
        return Refusal(PageCode.POOR_FIT, why)
    others = [one for one in best_first[1:] if not _agrees(one.pose.map, best.pose.map, best.side.page)]
    if max(best.edges.present, best.edges.solid) >= options.present_enough:
        least = options.present_clear * best.side.probes.elements
        if others and best.edges.explained - others[0].edges.explained < least:
            return Refusal(PageCode.UNREGISTERED, mark_text("the page fits in more than one way"))
        return best
    if not coded_card and not others and len(best.pose.marks) >= 4:
        return best  # print in a colour that the scanner drops: the marks alone, and only in one way
    return Refusal(PageCode.UNREGISTERED, mark_text("the printed bubbles and frames are not where the marks say"))


def _stands_elsewhere(codes: Sequence[CodePlace], reading: SideReading) -> bool:
    """Whether our machine codes are on the page, but none where a reading puts its side's.

    Programs that read such codes read them in a mirror as well.
    """
    code = reading.side.page.code
    ours = [one for one in codes if parse_payload(one.text) is not None]
    if not ours or code is None or code.is_empty:
        return False
    corners = reading.pose.map.apply(code.corners())
    middle, size = corners.mean(axis=0), float(np.ptp(corners, axis=0).max())
    return all(float(np.hypot(*(one.corners_px.mean(axis=0) - middle))) > size for one in ours)


def _by_own_print(grey: NDArray[np.uint8], best_first: list[SideReading]) -> list[SideReading]:
    """The same readings, the best of them of the side whose own print shows; none when that cannot be told.

    Tracks and marks are the same on every side: a back without bubbles explains all of itself on any front. A side is
    told by a code that looks like its own, or by what it alone has; one that has nothing of its own, by the absence
    of what the others have.
    """
    best = best_first[0]
    alike = [best, *(one for one in best_first[1:] if _agrees(one.pose.map, best.pose.map, best.side.page))]
    rivals = list({id(one.side): one for one in reversed(alike)}.values())  # of each side its best that lies this way
    if len(rivals) < 2:
        return best_first
    shares = [own_share(one.side.probes, one.edges, _probes_beside(one, rivals)) for one in rivals]
    least, most = OWN_PRINT
    patterns = [one.side.code for one in rivals if one.side.code is not None]
    named = which_code(grey, FittedMap.plain(best.pose.map), patterns) if len(patterns) == len(rivals) else None
    shown = [at for at, share in enumerate(shares) if share is not None and share >= most]
    if named is None:
        shown = shown or [at for at, share in enumerate(shares) if share is None]
        hidden = all(share is None or share <= least for at, share in enumerate(shares) if at not in shown)
        named = shown[0] if len(shown) == 1 and hidden else None
    elif any(at != named for at in shown):
        named = None  # the code says one side, the print another
    if named is None:
        return []
    true = rivals[named]
    return [true, *(one for one in best_first if one is not true)]


def _probes_beside(one: SideReading, rivals: list[SideReading]) -> list[Probes]:
    return [other.side.probes for other in rivals if other.side is not one.side]


def _walked(
    grey: NDArray[np.uint8], codes: Sequence[CodePlace], sides: Sequence[Side], blobs: Blobs
) -> SideReading | None:
    """The side that a code names wherever it stands on the image, found along the tracks that begin beside it."""
    for code in codes:
        for side in sides:
            walk = walk_tracks(side.page, code.corners_px, blobs) if side.page.code_payload == code.text else None
            if walk is None:
                continue
            scale, angle = scale_and_angle(walk.map, side.page)
            around = PatternMatch(walk.fiducials, walk.marks_px, 0.0, scale, float(np.radians(angle)))
            low, high = MARK_AREA
            marks = {
                at: seen
                for at, near in zip(walk.fiducials, walk.marks_px.tolist(), strict=True)
                if (seen := see_mark(grey, side.page.fiducials[at].rect, near, around)) is not None
                and low < seen.area < high
            }
            columns, rows = np.round(walk.bars_px).astype(np.intp).T
            black = float(np.median(grey[rows, columns]))
            points = np.array([seen.at_px for seen in marks.values()]).reshape(-1, 2)
            pose = Pose(tuple(marks), points, walk.map, 0.0, black)
            return SideReading(side, pose, measure(grey, FittedMap.plain(walk.map), side.probes), coded=True)
    return None


def _repaired(grey: NDArray[np.uint8], reading: SideReading) -> SideReading:
    """Where four marks fit badly one of them may be folded away or false: try without each."""
    marks = reading.pose.marks
    page = reading.side.page
    sheared = is_sheared(reading.pose.map, page)
    if len(marks) < 4 or (reading.edges.present >= 0.85 and not sheared) or not reading.side.probes.elements:
        return reading
    best = reading
    for left_out in range(len(marks)):
        kept = [i for at, i in enumerate(marks) if at != left_out]
        points = np.delete(reading.pose.points_px, left_out, axis=0)
        fitted = map_through(page, kept, points)
        if fitted is None or is_sheared(fitted, page):
            continue
        edges = measure(grey, FittedMap.plain(fitted), reading.side.probes)
        if edges.present > best.edges.present + 0.1 or (best is reading and sheared):
            pose = replace(reading.pose, marks=tuple(kept), points_px=points, map=fitted)
            best = replace(reading, pose=pose, edges=edges)
    return best
