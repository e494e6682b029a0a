"""Where printed edges are looked for: short lines across the outlines of bubbles, timing bars and frames.

In:  a CardPage in mm; an image, uint8, and a map from card to image.
Out: EdgeOffsets: for every patch of the page how far, in card mm, its printed edges lie from where the map says.
One probe crosses one edge along its outward normal. A printed line or a filled edge is dark with lighter paper
further out, whether the bubble is empty or filled; opposite edges are searched together, so that a neighbour's
outline cannot be taken for the own one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import RectMm
from scanning.cards.template import CardPage
from scanning.page.fit import FittedMap

SPREAD_MM = 30.0  # bubbles nearer together than this, in either direction, do not show how the page is stretched
STEP_MM = 0.125  # one px at 200 dpi
OUT_STEPS = 3  # paper is looked for 0.375 mm outside an edge: bubbles stand at least 1 mm apart
SEARCH_STEPS = 10  # edges are found up to 1.25 mm from where the first fit expects them
PATCH_MM = 30.0  # paper that is bent or stretched moves a patch of this size as one
BUBBLES_PER_PATCH = 10  # more tell nothing new about a patch's place
FRAME_STEP_MM = 5.0
RIVAL_STEPS = 4  # a second peak further away than this is another line
CLEARLY = 1.25  # and the stronger one must be stronger by this, or nobody knows which is ours
NEAR_STEPS = 4  # where the surroundings say how the map lies, print is expected no further than 0.5 mm from it
WEAKEST = 0.45  # of the usual answer of outlines on this page; fills and ticks in a patch take a quarter of it
# An edge as pale as grey 0.6 print at 0.2 mm still answers with 0.08 after a scanner's blur.
PRESENT_RESPONSE = 0.035
_STRONG_RESPONSE = 0.3  # heavy ink at a sloppy fill's edge must not outvote the print

_STEPS = 2 * SEARCH_STEPS + OUT_STEPS + 1
_BLOCK = 4096  # probes mapped at once: BLAS starts threads for larger products, and they cost more than they bring
_BETWEEN = np.column_stack([1 - np.linspace(0, 1, _STEPS), np.linspace(0, 1, _STEPS)]).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """Where the choices of a side stand, each by its first bubble: `place_mm` (f, 2).

    `basis` (f, 3) is x, y and 1; `to_plane` (3, f) takes values there to the plane through them. `spread` says
    whether they lie far enough apart for that plane to mean anything.
    """

    place_mm: NDArray[np.float64]
    basis: NDArray[np.float64]
    to_plane: NDArray[np.float64]
    spread: bool


@dataclass(frozen=True, slots=True, eq=False)
class Probes:
    """Prepared once per side for n probes on e elements in k patches.

    Probes stand sorted by patch and axis; all run along +x or +y. `ends_mm` (2n, 2) are their first places, then
    their last ones; `sign`, float32 (n,), is +1 where the outside of the edge lies ahead, -1 where it lies behind.
    `cell` (n,) is twice the patch plus the axis; `cells`, `cell_starts` and `cell_share` are the cells that have
    probes, where they begin, and one over how many they have. `edge` (n,) is twice the element plus the axis;
    `edge_share` (2e,) is one over its probes, and `edge_free` (2e,) is inf where it has none, else 0. `owner` (e,) is
    the patch of each element; `patch_mm` (k, 2) are the middles of the patches. `paired` (k,) says where opposite
    edges vouch for each other: patches of bubbles and bars, not pieces of frames. The first `bubble_patches` are those
    of bubbles; `bubble_patch` says for every bubble, in card order, to which of them it belongs, probed or not.
    """

    ends_mm: NDArray[np.float64]
    sign: NDArray[np.float32]
    cell: NDArray[np.intp]
    cells: NDArray[np.intp]
    cell_starts: NDArray[np.intp]
    cell_share: NDArray[np.float32]
    edge: NDArray[np.intp]
    edge_share: NDArray[np.float64]
    edge_free: NDArray[np.float64]
    owner: NDArray[np.intp]
    patch_mm: NDArray[np.float64]
    paired: NDArray[np.bool_]
    elements: int
    bubble_patches: int
    bubble_patch: NDArray[np.intp]
    choices: Choices


@dataclass(frozen=True, slots=True, eq=False)
class EdgeOffsets:
    """What the probes found: `offset_mm` (k, 2) per patch and axis, NaN where no edge answered; `strength` (k, 2).

    `present` is the share of elements (bubbles, bars, frame pieces) whose edges were found, `seen` (k,) the same
    for each patch, `solid` the same for bars and frames alone: a 1-bit scan keeps them when it loses pale outlines.
    `explained` is found minus missing elements: of two sides that both fit, the one that explains more is there.
    `usual` (2,) is how strongly the outlines of bubbles answer on this page, along x and y.
    `near` (k,) is like `seen` for a patch whose own place is ambiguous (a second line, a half filled bubble), when
    its edges answer where the map says: worth something only where other evidence holds the map. `clear` bool
    (elements,) says of each element whether it was found.
    """

    offset_mm: NDArray[np.float64]
    strength: NDArray[np.float64]
    seen: NDArray[np.float64]
    present: float
    solid: float
    explained: float
    near: NDArray[np.float64]
    usual: NDArray[np.float64]
    clear: NDArray[np.bool_]


def make_probes(page: CardPage) -> Probes:
    """The probes of one side. Patches of bubbles, then of bars, then pieces of frames."""
    groups: list[list[RectMm]] = [*_bubble_patches(page)]
    bubble_patches = len(groups)
    for track in page.tracks:
        groups.extend([list(track.bars[at : at + 4]) for at in range(0, len(track.bars), 4)])
    rows: list[tuple[float, float, int, int, int, int]] = []  # x, y, axis, sign, patch, element
    middles: list[tuple[float, float]] = []
    element = 0
    for patch, rects in enumerate(groups):
        for rect in rects:
            rows.extend((x, y, axis, sign, patch, element) for x, y, axis, sign in _edges(rect))
            element += 1
        middles.append(_middle([(r.center.x_mm, r.center.y_mm) for r in rects]))
    for frame in page.frames:
        for axis, sign, points in _frame_edges(frame):
            for at in range(0, len(points), 8):
                piece = points[at : at + 8]
                rows.extend((x, y, axis, sign, len(middles), element) for x, y in piece)
                middles.append(_middle(piece))
                element += 1
    return _prepared(
        np.array(sorted(rows, key=lambda row: (row[4], row[2])), dtype=np.float64).reshape(-1, 6),
        patch_mm=np.array(middles, dtype=np.float64).reshape(-1, 2),
        paired=np.arange(len(middles)) < len(groups),
        elements=element,
        bubble_patches=bubble_patches,
        bubble_patch=_bubble_patch(page),
        choices=_choices(page),
    )


def _prepared(
    table: NDArray[np.float64],
    *,
    patch_mm: NDArray[np.float64],
    paired: NDArray[np.bool_],
    elements: int,
    bubble_patches: int,
    bubble_patch: NDArray[np.intp],
    choices: Choices,
) -> Probes:
    """Probes from rows of x, y, axis, sign, patch and element, sorted by patch and axis."""
    axis, sign, patch, element = table[:, 2:].astype(np.intp).T
    first_mm, last_mm = table[:, :2].copy(), table[:, :2].copy()
    rows = np.arange(len(table))
    # An outside that lies behind is looked for before the edge, so the same steps begin further back there.
    first_mm[rows, axis] -= STEP_MM * np.where(sign > 0, SEARCH_STEPS, SEARCH_STEPS + OUT_STEPS)
    last_mm[rows, axis] = first_mm[rows, axis] + STEP_MM * (_STEPS - 1)
    cell, edge = 2 * patch + axis, 2 * element + axis
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    per_edge = np.bincount(edge, minlength=2 * elements)
    owner = np.zeros(elements, dtype=np.intp)
    owner[element] = patch
    return Probes(
        ends_mm=np.concatenate([first_mm, last_mm]),
        sign=sign.astype(np.float32),
        cell=cell,
        cells=cell[starts],
        cell_starts=starts,
        cell_share=(1.0 / np.bincount(cell)[cell[starts]]).astype(np.float32),
        edge=edge,
        edge_share=1.0 / np.maximum(per_edge, 1),
        edge_free=np.where(per_edge > 0, 0.0, np.inf),
        owner=owner,
        patch_mm=patch_mm,
        paired=paired,
        elements=elements,
        bubble_patches=bubble_patches,
        bubble_patch=bubble_patch,
        choices=choices,
    )


def measure(grey: NDArray[np.uint8], fitted: FittedMap, probes: Probes) -> EdgeOffsets:
    """Look along every probe and find for each patch the shift that brings print and map together."""
    patches = probes.patch_mm.shape[0]
    if not probes.elements:
        none = np.empty((0, 2))
        return EdgeOffsets(
            none, none, np.empty(0), 0.0, 0.0, 0.0, np.empty(0), np.zeros(2), np.empty(0, dtype=np.bool_)
        )
    answer = _answers(grey, fitted, probes)
    steps = answer.shape[0]
    mean = np.zeros((2 * patches, steps))
    mean[probes.cells] = (np.add.reduceat(answer, probes.cell_starts, axis=1) * probes.cell_share).T
    smooth = mean.copy()  # three steps wide: a printed line is two px wide and blurred
    smooth[:, 1:-1] = (mean[:, :-2] + 2 * mean[:, 1:-1] + mean[:, 2:]) / 4
    best = np.argmax(smooth, axis=1)
    strength = smooth[np.arange(2 * patches), best]
    offset = (best - SEARCH_STEPS + _vertex(smooth, best)) * STEP_MM
    away = np.abs(np.arange(steps)[None, :] - best[:, None]) > RIVAL_STEPS
    rival = np.where(away, smooth, -np.inf).max(axis=1)
    found = (strength > PRESENT_RESPONSE) & (strength > CLEARLY * rival)
    found &= (best > 0) & (best < steps - 1)  # at the end of the search it is the flank of something further out
    # One page was printed in one go: outlines that answer much more weakly than the others are something else.
    weakest = np.full(2 * patches, PRESENT_RESPONSE)
    usual = np.zeros(2)
    if probes.bubble_patches:
        usual = middle_rows(strength[: 2 * probes.bubble_patches].reshape(-1, 2))
        least = np.tile(WEAKEST * usual, probes.bubble_patches)
        weakest[: 2 * probes.bubble_patches] = np.maximum(PRESENT_RESPONSE, least)
        found &= strength > weakest
    offset = np.where(found, offset, np.nan).reshape(-1, 2)
    nearest, is_near = _near_peak(smooth, weakest)
    clear = _clear_elements(answer, np.where(found | ~is_near, best, nearest), probes)
    members = np.bincount(probes.owner, minlength=patches)
    seen = np.bincount(probes.owner, weights=clear, minlength=patches) / np.maximum(members, 1)
    lost = np.isnan(offset).any(axis=1)  # nobody knows where this patch is in one direction
    far = np.abs(offset) > NEAR_STEPS * STEP_MM  # NaN is not far: there the near peak decides
    near_by = np.where(is_near.reshape(-1, 2).all(axis=1) & ~far.any(axis=1), seen, 0.0)
    solid = clear[probes.owner >= probes.bubble_patches]
    return EdgeOffsets(
        offset,
        strength.reshape(-1, 2),
        np.where(probes.paired & lost, 0.0, seen),
        present=float(clear.mean()),
        solid=float(solid.mean()) if solid.size else 0.0,
        explained=float(2.0 * np.count_nonzero(clear) - clear.size),
        near=near_by,
        usual=usual,
        clear=clear,
    )


def own_share(probes: Probes, edges: EdgeOffsets, others: Sequence[Probes]) -> float | None:
    """How much was found of what only this side has, its bubbles or its frames, whichever shows better, 0..1.

    None when it has nothing that the others lack.
    """
    middles = _element_middles(probes)
    common = set().union(*(set(map(tuple, _element_middles(other).tolist())) for other in others))
    own = np.array([tuple(middle) not in common for middle in middles.tolist()], dtype=np.bool_)
    is_bubble = probes.owner < probes.bubble_patches
    shares = [
        float(edges.clear[part].mean()) for part in (own & is_bubble, own & ~is_bubble) if np.count_nonzero(part) > 3
    ]
    return max(shares, default=None)


def _element_middles(probes: Probes) -> NDArray[np.float64]:
    """About the middle of each element's probes in tenths of a mm, whole numbers (elements, 2)."""
    element = probes.edge // 2
    count = np.maximum(np.bincount(element, minlength=probes.elements), 1)
    middle_mm = (probes.ends_mm[: element.size] + probes.ends_mm[element.size :]) / 2
    return np.column_stack(
        [np.round(10 * np.bincount(element, middle_mm[:, axis], probes.elements) / count) for axis in (0, 1)]
    )


def middle_rows(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of each column of (k, 2); numpy's own takes ten times as long over so few."""
    ordered = np.sort(values, axis=0)
    return np.asarray((ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]) / 2, dtype=np.float64)


def _answers(grey: NDArray[np.uint8], fitted: FittedMap, probes: Probes) -> NDArray[np.float32]:
    """How much darker each place of each probe is than the paper a little further out, float32 (steps, n).

    All probes run along +x or +y, whichever way their own outside lies; step SEARCH_STEPS is on the expected edge.
    """
    ends = fitted.apply(probes.ends_mm).astype(np.float32).reshape(2, -1, 2)
    n = ends.shape[1]
    x, y = np.empty((_STEPS, n), dtype=np.float32), np.empty((_STEPS, n), dtype=np.float32)
    for at in range(0, n, _BLOCK):  # how much each step has of both ends, times the ends
        block = slice(at, at + _BLOCK)
        np.matmul(_BETWEEN, ends[:, block, 0], out=x[:, block])
        np.matmul(_BETWEEN, ends[:, block, 1], out=y[:, block])
    profile = sample_bytes(grey, x, y)
    white = np.maximum(profile.max(axis=0), np.uint8(32))
    # Dark is 1 - grey / white, so that the difference of two is the negated difference of what this holds.
    reflected = profile.astype(np.float32)
    reflected *= probes.sign / white
    answer = reflected[OUT_STEPS:] - reflected[:-OUT_STEPS]
    return np.asarray(np.clip(answer, -_STRONG_RESPONSE, _STRONG_RESPONSE, out=answer), dtype=np.float32)


def _clear_elements(answer: NDArray[np.float32], at: NDArray[np.intp], probes: Probes) -> NDArray[np.bool_]:
    """Which elements show their edges where their patch was found, (elements,). `at` (2k,) are its steps."""
    wide = answer.copy()  # the best of three steps: each edge may lie a little off its patch
    np.maximum(wide[1:], answer[:-1], out=wide[1:])
    np.maximum(wide[:-1], answer[1:], out=wide[:-1])
    near = wide[at[probes.cell], np.arange(probes.cell.size)]
    found = np.bincount(probes.edge, weights=near, minlength=2 * probes.elements)
    per_axis = found * probes.edge_share + probes.edge_free
    # Both directions must answer: rows alone leave open in which column of a regular grid one is.
    return np.asarray(per_axis.reshape(-1, 2).min(axis=1) > PRESENT_RESPONSE, dtype=np.bool_)


def sample(grey: NDArray[np.uint8], x_px: NDArray[np.float32], y_px: NDArray[np.float32]) -> NDArray[np.float32]:
    """As `sample_bytes`, for those who go on to calculate."""
    return sample_bytes(grey, x_px, y_px).astype(np.float32)


def sample_bytes(grey: NDArray[np.uint8], x_px: NDArray[np.float32], y_px: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Grey values at places of any shape (n, m), linear between px; outside the image counts as white paper.

    OpenCV's remap takes at most 32767 rows and columns; n and m stay far below.
    """
    values = cv2.remap(
        grey,
        np.ascontiguousarray(x_px, dtype=np.float32),
        np.ascontiguousarray(y_px, dtype=np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=255,
    )
    return np.asarray(values, dtype=np.uint8)


def _near_peak(smooth: NDArray[np.float64], weakest: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The strongest answer around the expected place, and whether it is a peak there and strong enough, (2k,) each."""
    window = smooth[:, SEARCH_STEPS - NEAR_STEPS : SEARCH_STEPS + NEAR_STEPS + 1]
    best = np.argmax(window, axis=1)
    height = window[np.arange(window.shape[0]), best]
    return best + SEARCH_STEPS - NEAR_STEPS, (height > weakest) & (best > 0) & (best < 2 * NEAR_STEPS)


def _vertex(curve: NDArray[np.float64], best: NDArray[np.intp]) -> NDArray[np.float64]:
    """Where between the steps the maximum lies, by the parabola through three values; -0.5..0.5."""
    rows = np.arange(curve.shape[0])
    inner = np.clip(best, 1, curve.shape[1] - 2)
    left, middle, right = curve[rows, inner - 1], curve[rows, inner], curve[rows, inner + 1]
    bend = np.minimum(left - 2 * middle + right, -1e-9)  # a flat top has no vertex; the limits below hold it
    return np.where(inner == best, np.clip(0.5 * (left - right) / bend, -0.5, 0.5), 0.0)


def _choices(page: CardPage) -> Choices:
    first = [bubble.rect.center for field in page.fields for bubble in field.bubbles[:1]]
    mm = np.array([[place.x_mm, place.y_mm] for place in first]).reshape(-1, 2)
    basis = np.column_stack([mm, np.ones(len(mm))])
    spread = len(mm) >= 3 and float(np.ptp(mm, axis=0).min()) >= SPREAD_MM
    return Choices(mm, basis, np.linalg.pinv(basis), spread)


def _bubble_patches(page: CardPage) -> list[list[RectMm]]:
    cells: dict[tuple[int, int], list[RectMm]] = {}
    for field in page.fields:
        for bubble in field.bubbles:
            cells.setdefault(_cell(bubble.rect), []).append(bubble.rect)
    patches = []
    for key in sorted(cells):
        rects = cells[key]
        step = max(1, -(-len(rects) // BUBBLES_PER_PATCH))
        if step > 1 and len(rects) % step == 0:
            step += 1  # an even stride would take the same option of every item
        patches.append(rects[::step])
    return patches


def _bubble_patch(page: CardPage) -> NDArray[np.intp]:
    cells = [_cell(bubble.rect) for field in page.fields for bubble in field.bubbles]
    number = {cell: at for at, cell in enumerate(sorted(set(cells)))}
    return np.array([number[cell] for cell in cells], dtype=np.intp)


def _cell(rect: RectMm) -> tuple[int, int]:
    middle = rect.center
    return int(middle.y_mm // PATCH_MM), int(middle.x_mm // PATCH_MM)


def _edges(rect: RectMm) -> list[tuple[float, float, int, int]]:
    """Two crossing places in the middle part of each edge, where an oval touches its rectangle as well."""
    middle = rect.center
    dx, dy = 0.15 * rect.width_mm, 0.15 * rect.height_mm
    return [
        *((rect.right_mm, middle.y_mm + d, 0, 1) for d in (-dy, dy)),
        *((rect.x_mm, middle.y_mm + d, 0, -1) for d in (-dy, dy)),
        *((middle.x_mm + d, rect.bottom_mm, 1, 1) for d in (-dx, dx)),
        *((middle.x_mm + d, rect.y_mm, 1, -1) for d in (-dx, dx)),
    ]


def _frame_edges(frame: RectMm) -> list[tuple[int, int, list[tuple[float, float]]]]:
    inset = 2.0  # corners are rounded or joined to other frames
    if frame.width_mm < 4 * inset or frame.height_mm < 4 * inset:
        return []
    xs = np.arange(frame.x_mm + inset, frame.right_mm - inset, FRAME_STEP_MM)
    ys = np.arange(frame.y_mm + inset, frame.bottom_mm - inset, FRAME_STEP_MM)
    return [
        (0, -1, [(frame.x_mm, float(y)) for y in ys]),
        (0, 1, [(frame.right_mm, float(y)) for y in ys]),
        (1, -1, [(float(x), frame.y_mm) for x in xs]),
        (1, 1, [(float(x), frame.bottom_mm) for x in xs]),
    ]


def _middle(points: list[tuple[float, float]]) -> tuple[float, float]:
    return (sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points))
