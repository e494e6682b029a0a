"""Bend a coarse map so that the template's bubbles lie on the printed ones, or say that they do not.

In:  a grey image, a card page, a coarse map from its mm to the image (from the paper's outline, markers
     or features), good to about a row of bubbles.
Out: a BubbleFit: the map with local corrections, how much every bubble looks like the page's bubbles
     (0..1), and the distances left between bubbles and map.

A grid looks the same one row further. What tells the rows apart is their ends: a fit that is one row or
column off has a whole row of bubbles where the page shows none, so every neighbouring lock is tried and
the one wins that misses fewest bubbles. Two locks that miss about as many are not told apart by guessing;
the caller refuses such a page.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Homography
from scanning.cards.template import CardPage
from scanning.page.bubble_blocks import Block, find_blocks
from scanning.page.bubble_print import (
    BubbleGrid,
    Floats,
    Plane,
    Raster,
    Stamp,
    draw_raster,
    drawn_outlines,
    filled_likeness,
    learnt,
    likeness,
    sampled,
)
from scanning.page.fit import FittedMap

REACH = 1.4  # pitches that the coarse map may be off: paper edges curl by up to half a row
NEIGHBOURS = 24  # bubbles that share one local affine correction
STEPS_PER_SIDE = 15
STIFFNESS = 0.02  # how much a bend of the whole page costs against the bubbles that ask for it
LEAST_AGREEMENT = 0.22  # mean likeness to a drawn bubble before any fit; print of other kinds stays below
HOPELESS = 0.35  # median support that no caller accepts; its neighbours are not worth trying
SHOWN = 0.75  # share of the median support that a bubble of this page has; nine in ten have 0.9
FADED = 0.3  # share of the page's print contrast below which a place is washed out by glare or a bad copy
MARK_WORTH = 0.6  # of a printed bubble, when locks are compared
BLOCK_GAIN = 0.5  # bubbles: a block of one column that is a row off misses just one, four letters lack one
COMPLETE = 0.04  # share of a block that may be missing where it is led to: a slip, not a row
DEPARTURE = 0.6  # rows or columns; templates measured by hand are off by a third of a row
NOTHING = 1e-6  # support of a page that lies beyond the image
LOOK = 0.12  # pitches around the fitted place within which a bubble must show itself


@dataclass(frozen=True, slots=True, eq=False)
class BubbleFit:
    """`support` float64 (n,) per bubble in template order, 0..1; `faded` bool (n,) where print
    nearly vanished or too much of a block is missing to tell its rows apart.

    `loss` is how many bubbles are missing, `margin` how many more the best other lock misses.
    `print` is what the page's bubbles have in common, a small picture for `agreement_with`.
    `left_mm` float64 (n,) is the distance between each bubble's print and the map, nan where the print
    was too weak to tell; `shift_pitches` is the mean correction of the coarse map as (x, y).
    """

    map: FittedMap
    support: Floats
    faded: NDArray[np.bool_]
    loss: float
    margin: float
    pitch_mm: float
    left_mm: Floats
    shift_pitches: tuple[float, float]
    print: Plane


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """What one fit looks at: the raster, its bubbles' predicted places (n, 2) in px, and filled marks on it."""

    grid: BubbleGrid
    raster: Raster
    stamp: Stamp
    places: Floats
    dark: Plane
    coarse: Homography
    image_size: tuple[int, int]

    def visible(self, shifts: Floats) -> NDArray[np.bool_]:
        """Which bubbles lie on the image, bool (n,)."""
        on_card = (self.places + shifts - self.raster.start_px) / self.raster.scale
        x, y = self.coarse.apply(on_card).T
        width, height = self.image_size
        return np.asarray((x >= 1) & (y >= 1) & (x <= width - 2) & (y <= height - 2), dtype=np.bool_)

    def own_print(self, shifts: Floats) -> Plane:
        """How much each pixel looks like the print found at the shifted places."""
        return likeness(self.raster.contrast, learnt(self.raster, self.stamp, self.places + shifts))

    def with_marks(self, printed: Plane) -> Plane:
        """Print, or a filled bubble in its place."""
        return np.maximum(printed, self.dark)


@dataclass(frozen=True, slots=True, eq=False)
class _Lock:
    """One way to lay the template on the print: shifts of all bubbles in raster px, and their support."""

    shifts: Floats
    support: Floats
    printed: Plane
    loss: float
    strict_loss: float


def missing(support: Floats, visible: NDArray[np.bool_], full: float) -> float:
    """How many bubbles do not show themselves, half-shown ones in part, places beyond the image half."""
    enough = SHOWN * max(full, NOTHING)
    lack = np.clip((enough - support) / (enough / 3), 0, 1)
    return float(np.where(visible, lack, 0.5).sum())


def _lack(support: Floats, visible: NDArray[np.bool_], full: float) -> float:
    """How many bubbles' worth of likeness is missing; between locks only their end rows differ in it."""
    return float(np.where(visible, np.clip(1 - support / max(full, NOTHING), 0, 1), 0.5).sum())


def fit_bubbles(grey: NDArray[np.uint8], page: CardPage, coarse: Homography) -> BubbleFit | None:
    """Fit, or None when the coarse map shows nothing that could be this page."""
    grid = BubbleGrid.of(page)
    raster = draw_raster(grey, grid, coarse)
    if raster is None:
        return None
    stamp = Stamp.of(grid, raster)
    places, dark = raster.from_card(grid.centers), filled_likeness(raster, stamp)
    scene = _Scene(grid, raster, stamp, places, dark, coarse, (grey.shape[1], grey.shape[0]))
    drawn, start, agreement = _best_outline(scene)
    if agreement < LEAST_AGREEMENT:
        return None
    best = _lock(scene, np.maximum(drawn, scene.dark), np.tile(start, (scene.places.shape[0], 1)))
    for _ in range(3):
        # A block may be more than one row off: it is led back a row at a time.
        better = _with_blocks_in_place(scene, best)
        if better is best:
            break
        best = better
    margin = 0.0
    for _ in range(2 if float(np.median(best.support)) >= HOPELESS else 0):
        # A better neighbour becomes the centre, and its neighbours are looked at in turn.
        steps = np.array([[0, -1], [0, 1], [-1, 0], [1, 0]]) * [stamp.pitch_x, stamp.pitch_y]
        winner = min((_moved(scene, best, step) for step in steps), key=lambda lock: lock.strict_loss)
        margin = winner.strict_loss - best.strict_loss
        if margin >= 0:
            break
        best, margin = winner, -margin
    return _result(scene, best, coarse, margin)


def agreement_with(grey: NDArray[np.uint8], page: CardPage, coarse: Homography, look: Plane) -> float:
    """How well print of a known look stands at a page's bubbles through a coarse map, -1..1, before any bending.

    A tenth of the time of a fit: it tells which maps are not worth one.
    """
    grid = BubbleGrid.of(page)
    raster = draw_raster(grey, grid, coarse)
    if raster is None or min(np.array(raster.contrast.shape) - look.shape) < 1:
        return 0.0
    stamp = Stamp.of(grid, raster)
    window = _window(REACH * stamp.pitch_x, REACH * stamp.pitch_y, 29)
    around = np.ones((2 * int(0.25 * stamp.pitch_y) + 1, 2 * int(0.25 * stamp.pitch_x) + 1), np.uint8)
    match = np.maximum(likeness(raster.contrast, look), filled_likeness(raster, stamp))
    places = raster.from_card(grid.centers)[:, None, None, :] + window
    return float(sampled(cv2.dilate(match, around), places).mean(axis=0).max())


def _best_outline(scene: _Scene) -> tuple[Plane, Floats, float]:
    """The drawn bubble that fits all places at once best, as a map; the shift at which it does, and how well."""
    stamp = scene.stamp
    window = _window(REACH * stamp.pitch_x, REACH * stamp.pitch_y, 29)
    # A bubble may be some way off the common shift: let each place look around a little.
    around = np.ones((2 * int(0.15 * stamp.pitch_y) + 1, 2 * int(0.15 * stamp.pitch_x) + 1), np.uint8)
    # Of equals the smaller shift is the likelier; one row further costs as much as 5 % of the bubbles.
    doubt = 0.05 * ((window / [stamp.pitch_x, stamp.pitch_y]) ** 2).sum(axis=-1)
    best_score, best_map, best_shift = -np.inf, scene.raster.contrast, np.zeros(2)
    for shape in drawn_outlines(stamp):
        match = likeness(scene.raster.contrast, shape)
        scores = sampled(cv2.dilate(match, around), scene.places[:, None, None, :] + window).mean(axis=0) - doubt
        row, column = np.unravel_index(int(np.argmax(scores)), scores.shape)
        if scores[row, column] > best_score:
            best_score, best_map, best_shift = float(scores[row, column]), match, window[row, column]
    return best_map, np.asarray(best_shift, dtype=np.float64), best_score


def _lock(scene: _Scene, evidence: Plane, shifts: Floats) -> _Lock:
    """Follow the drawn outline smoothly, learn the page's own print there, then follow that locally."""
    for reach in (0.45, 0.4, 0.35, 0.3):
        shifts = _followed(scene, evidence, shifts, reach)
    for reach in (0.4, 0.3):
        shifts = _followed_locally(scene, evidence, shifts, reach)
    printed = scene.own_print(shifts)
    for reach in (0.3, 0.25, 0.2):
        shifts = _followed_locally(scene, scene.with_marks(printed), shifts, reach)
    return _judged(scene, printed, shifts)


def _moved(scene: _Scene, lock: _Lock, by: Floats) -> _Lock:
    """The lock one row or column further, as well as it can be made to fit there."""
    evidence = scene.with_marks(lock.printed)
    shifts = _followed(scene, evidence, lock.shifts + by, 0.35)
    for reach in (0.35, 0.25):
        shifts = _followed_locally(scene, evidence, shifts, reach)
    printed = scene.own_print(shifts)
    shifts = _followed_locally(scene, scene.with_marks(printed), shifts, 0.2)
    return _judged(scene, printed, shifts)


def _with_blocks_in_place(scene: _Scene, lock: _Lock) -> _Lock:
    """The lock after every block that misses fewer bubbles one row or column further was moved there.

    The smooth fit may carry one block of a bent or cut page a row off while the others are right.
    """
    full = float(np.median(lock.support))
    shifts, moved = lock.shifts.copy(), False
    for block in find_blocks(scene.grid.centers, scene.grid.choice):
        if block.members.size == scene.places.shape[0]:
            break
        now, least = _block_choices(scene, lock, block, shifts, full)
        # A block that is not complete there either stays where its neighbours put it.
        if least.loss <= now.loss - BLOCK_GAIN and least.missing <= COMPLETE * block.members.size:
            shifts, moved = least.shifts, True
    if not moved:
        return lock
    printed = scene.own_print(shifts)
    for reach in (0.25, 0.2):
        shifts = _followed_locally(scene, scene.with_marks(printed), shifts, reach)
    better = _judged(scene, printed, shifts)
    return better if better.strict_loss < lock.strict_loss else lock


def _block_move(scene: _Scene, lock: _Lock, block: Block, shifts: Floats, by: Floats) -> Floats:
    """The move by about so much at which the block's print fits best."""
    window = _window(0.3 * scene.stamp.pitch_x, 0.3 * scene.stamp.pitch_y, 9).reshape(-1, 2)
    at = scene.places[block.members] + shifts[block.members] + by
    fits = sampled(scene.with_marks(lock.printed), at[:, None, :] + window).mean(axis=0)
    return np.asarray(by + window[int(np.argmax(fits))], dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _BlockChoice:
    """One place of a block: likeness that it lacks and bubbles that it misses there, and all shifts."""

    loss: float
    missing: float
    shifts: Floats


def _block_choices(
    scene: _Scene, lock: _Lock, block: Block, shifts: Floats, full: float
) -> tuple[_BlockChoice, _BlockChoice]:
    """The block where it is, and the best of its places one row or column away (itself when it has none)."""
    others = np.delete(scene.places + shifts, block.members, axis=0)
    choices = [_block_choice(scene, lock, block, shifts, others, full)]
    for x, y in ((0, 0), (0, -1), (0, 1), (-1, 0), (1, 0)):
        by = np.array([x * block.step_x_mm, y * block.step_y_mm]) * scene.raster.scale
        if (x, y) != (0, 0) and not by.any():
            continue
        there = shifts.copy()
        there[block.members] += _block_move(scene, lock, block, shifts, by)
        choices.append(_block_choice(scene, lock, block, there, others, full))
    # All places are judged after the same search, and the present one also as it is.
    now = min(choices[:2], key=lambda choice: choice.loss)
    return now, min(choices[2:], key=lambda choice: choice.loss, default=now)


def _block_choice(
    scene: _Scene, lock: _Lock, block: Block, shifts: Floats, others: Floats, full: float
) -> _BlockChoice:
    """Judge one place. Print under another block's bubbles is not free: it serves one only."""
    at = (scene.places + shifts)[block.members]
    away = np.abs(at[:, None, :] - others[None, :, :]) / [scene.stamp.pitch_x, scene.stamp.pitch_y]
    free = ~(away.max(axis=-1) < 0.5).any(axis=1)
    visible = scene.visible(shifts)[block.members]
    strict = _support(scene, _strict(scene, lock.printed), shifts)[block.members] * free
    shown = _support(scene, scene.with_marks(lock.printed), shifts)[block.members] * free
    return _BlockChoice(_lack(strict, visible, full), missing(shown, visible, full), shifts)


def _judged(scene: _Scene, printed: Plane, shifts: Floats) -> _Lock:
    """A lock with its support; places beyond the image have none.

    Between locks a filled bubble counts for less than a printed one: the marks are as many in every lock,
    but bold headings above a block look like marks, and only a lock that is off calls on them.
    """
    visible = scene.visible(shifts)
    support = np.where(visible, _support(scene, scene.with_marks(printed), shifts), 0.0)
    strict = np.where(visible, _support(scene, _strict(scene, printed), shifts), 0.0)
    full = float(np.median(support[visible])) if visible.any() else 1.0
    return _Lock(shifts, support, printed, missing(support, visible, full), _lack(strict, visible, full))


def _strict(scene: _Scene, printed: Plane) -> Plane:
    return np.asarray(np.maximum(printed, MARK_WORTH * scene.dark), dtype=np.float32)


def _window(reach_x: float, reach_y: float, steps: int) -> Floats:
    """Offsets on a square lattice, float64 (steps, steps, 2)."""
    x, y = np.meshgrid(np.linspace(-reach_x, reach_x, steps), np.linspace(-reach_y, reach_y, steps))
    return np.stack([x, y], axis=-1)


def _support(scene: _Scene, evidence: Plane, shifts: Floats) -> Floats:
    window = _window(LOOK * scene.stamp.pitch_x, LOOK * scene.stamp.pitch_y, 7)
    at = (scene.places + shifts)[:, None, None, :] + window
    values = sampled(evidence, at).reshape(shifts.shape[0], -1).max(axis=1)
    return np.asarray(np.clip(values, 0, 1), dtype=np.float64)


def _seen(
    scene: _Scene, evidence: Plane, shifts: Floats, reach: float, *, leash: float, steps: int = STEPS_PER_SIDE
) -> tuple[Floats, Floats]:
    """Where each bubble shows itself near its place: offsets (n, 2) and weights (n,)."""
    size = np.array([reach * scene.stamp.pitch_x, reach * scene.stamp.pitch_y])
    window = _window(float(size[0]), float(size[1]), steps)
    values = sampled(evidence, (scene.places + shifts)[:, None, None, :] + window)
    far = ((window / size) ** 2).sum(axis=-1)
    index = (values - leash * far).reshape(shifts.shape[0], -1).argmax(axis=1)
    strength = values.reshape(shifts.shape[0], -1)[np.arange(index.size), index]
    return window.reshape(-1, 2)[index], np.asarray(np.clip(strength, 0.02, 1) ** 2, dtype=np.float64)


def _followed(scene: _Scene, evidence: Plane, shifts: Floats, reach: float) -> Floats:
    """One step of a smooth correction: a quadratic surface over the page, outliers ignored."""
    offsets, weights = _seen(scene, evidence, shifts, reach, leash=0.12)
    wanted = shifts + offsets
    places, stamp = scene.places, scene.stamp
    half = np.maximum(np.ptp(places, axis=0) / 2, 1.0)
    x, y = ((places - places.mean(axis=0)) / half).T
    basis = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=1)
    stiff = np.diag([0.0, 1, 1, 4, 4, 4]) * STIFFNESS * places.shape[0] + 1e-6 * np.eye(6)
    tolerance = reach * min(stamp.pitch_x, stamp.pitch_y)
    used = weights.copy()
    surface = shifts
    for _ in range(6):
        weighted = basis * used[:, None]
        surface = basis @ np.linalg.solve(basis.T @ weighted + stiff, weighted.T @ wanted)
        used = weights * _trust(wanted - surface, tolerance)
    return np.asarray(surface, dtype=np.float64)


def _trust(left: Floats, tolerance: float) -> Floats:
    """Tukey's weights: 1 for no distance, 0 from the tolerance on, never quite nothing."""
    share = np.hypot(left[:, 0], left[:, 1]) / tolerance
    return np.clip(1 - share**2, 0, 1) ** 2 + 1e-6


def _followed_locally(scene: _Scene, evidence: Plane, shifts: Floats, reach: float) -> Floats:
    """One step of a local correction: around each bubble an affine map fitted to its neighbours."""
    offsets, weights = _seen(scene, evidence, shifts, reach, leash=0.08)
    wanted = shifts + offsets
    places, stamp = scene.places, scene.stamp
    count = places.shape[0]
    many = min(NEIGHBOURS, count)
    tolerance = 1.5 * reach * min(stamp.pitch_x, stamp.pitch_y)
    smooth = np.empty_like(shifts)
    for begin in range(0, count, 400):
        rows = slice(begin, min(begin + 400, count))
        away = places[rows, None, :] - places[None, :, :]
        distance = np.hypot(away[..., 0] / stamp.pitch_x, away[..., 1] / stamp.pitch_y)
        near = np.argpartition(distance, many - 1, axis=1)[:, :many]
        gone = np.take_along_axis(distance, near, axis=1)
        radius = gone.max(axis=1, keepdims=True) + 1e-9
        closeness = (1 - (gone / (1.15 * radius)) ** 3) ** 3
        where = -np.take_along_axis(away, near[..., None], axis=1) / (
            radius[..., None] * min(stamp.pitch_x, stamp.pitch_y)
        )
        basis = np.concatenate([np.ones((*where.shape[:2], 1)), where], axis=2)
        targets = wanted[near]
        middle = np.median(targets, axis=1)
        base = closeness * weights[near]
        stiff = np.diag([1e-9, 1.0, 1.0]) * 0.3
        guess = np.repeat(middle[:, None, :], many, axis=1)
        coefficients = np.zeros((guess.shape[0], 3, 2))
        for _ in range(3):
            apart = np.hypot(*np.moveaxis(targets - guess, -1, 0)) / tolerance
            used = base * (np.clip(1 - apart**2, 0, 1) ** 2 + 1e-4)
            weighted = basis * used[..., None]
            normal = np.einsum("nki,nkj->nij", basis, weighted) + stiff
            coefficients = np.linalg.solve(normal, np.einsum("nki,nkd->nid", weighted, targets))
            guess = np.einsum("nki,nid->nkd", basis, coefficients)
        smooth[rows] = coefficients[:, 0, :]
    return smooth


def _result(scene: _Scene, lock: _Lock, coarse: Homography, margin: float) -> BubbleFit:
    """Measure what is left between the print and the map, a fiftieth of a pitch fine."""
    offsets, strength = _seen(scene, scene.with_marks(lock.printed), lock.shifts, 0.3, leash=0.05, steps=31)
    left = np.hypot(offsets[:, 0], offsets[:, 1]) / scene.raster.scale
    left[strength < 0.25 * float(np.median(strength))] = np.nan
    mean = lock.shifts.mean(axis=0) / [scene.stamp.pitch_x, scene.stamp.pitch_y]
    return BubbleFit(
        map=_as_map(scene.grid, lock.shifts / scene.raster.scale, coarse),
        support=lock.support,
        faded=_faded(scene, lock.shifts) | _loose(scene, lock),
        loss=lock.loss,
        margin=margin,
        pitch_mm=min(scene.grid.pitch_x_mm, scene.grid.pitch_y_mm),
        left_mm=left,
        shift_pitches=(float(mean[0]), float(mean[1])),
        print=learnt(scene.raster, scene.stamp, scene.places + lock.shifts),
    )


def _loose(scene: _Scene, lock: _Lock) -> NDArray[np.bool_]:
    """Bubbles of blocks whose rows cannot be told.

    Either the block is not complete where it is while another row would do about as well, or it lies half
    a row or more from where all the other blocks say: paper bends, but not by a row between two blocks.
    """
    full = float(np.median(lock.support))
    loose = np.zeros(lock.support.size, dtype=np.bool_)
    for block in find_blocks(scene.grid.centers, scene.grid.choice):
        now, least = _block_choices(scene, lock, block, lock.shifts, full)
        incomplete = now.missing > COMPLETE * block.members.size
        unsure = incomplete and least.loss < now.loss + BLOCK_GAIN
        loose[block.members] = unsure or _departs(scene, lock.shifts, block)
    return loose


def _departs(scene: _Scene, shifts: Floats, block: Block) -> bool:
    """Whether a block lies half a step from where an affine map through all other blocks puts it."""
    mine = np.zeros(shifts.shape[0], dtype=np.bool_)
    mine[block.members] = True
    if np.count_nonzero(~mine) < 8:
        return False
    where = (scene.places - scene.places[~mine].mean(axis=0)) / np.maximum(np.ptp(scene.places, axis=0), 1.0)
    basis = np.column_stack([np.ones(where.shape[0]), where])
    stiff = np.diag([0.0, 1, 1]) * STIFFNESS * np.count_nonzero(~mine) / 4
    others = basis[~mine]
    coefficients = np.linalg.solve(others.T @ others + stiff, others.T @ shifts[~mine])
    apart = np.abs((shifts[mine] - basis[mine] @ coefficients).mean(axis=0)) / scene.raster.scale
    steps = np.array([block.step_x_mm or scene.grid.pitch_x_mm, block.step_y_mm or scene.grid.pitch_y_mm])
    return bool((apart > DEPARTURE * steps).any())


def _faded(scene: _Scene, shifts: Floats) -> NDArray[np.bool_]:
    """Where print and pencil are too weak to trust an empty bubble: among eight neighbours, against the page."""
    x, y = np.meshgrid(
        np.arange(-scene.stamp.half_x, scene.stamp.half_x + 1), np.arange(-scene.stamp.half_y, scene.stamp.half_y + 1)
    )
    patches = sampled(scene.raster.darkness, (scene.places + shifts)[:, None, None, :] + np.stack([x, y], axis=-1))
    strength = patches.reshape(patches.shape[0], -1).std(axis=1)
    count = min(9, strength.size)
    faded = np.zeros(strength.size, dtype=np.bool_)
    typical = float(np.median(strength))
    for begin in range(0, strength.size, 400):
        rows = slice(begin, begin + 400)
        away = scene.places[rows, None, :] - scene.places[None, :, :]
        near = np.argpartition((away**2).sum(axis=-1), count - 1, axis=1)[:, :count]
        faded[rows] = np.median(strength[near], axis=1) < FADED * typical
    return faded


def _as_map(grid: BubbleGrid, shifts_mm: Floats, coarse: Homography) -> FittedMap:
    """Shifts of bubbles as a lattice of knots at the bubbles' own rows and columns."""
    knots_x = _knots(grid.centers[:, 0], 0.35 * grid.pitch_x_mm)
    knots_y = _knots(grid.centers[:, 1], 0.35 * grid.pitch_y_mm)
    x, y = np.meshgrid(knots_x, knots_y)
    nodes = np.stack([x.ravel(), y.ravel()], axis=1)
    shifts = np.empty_like(nodes)
    for begin in range(0, nodes.shape[0], 400):
        rows = slice(begin, begin + 400)
        away = nodes[rows, None, :] - grid.centers[None, :, :]
        distance = (away[..., 0] / grid.pitch_x_mm) ** 2 + (away[..., 1] / grid.pitch_y_mm) ** 2
        # Steep enough that a knot on a bubble takes that bubble's shift, wide enough to bridge gaps.
        weights = 1.0 / (distance + 0.05) ** 2
        shifts[rows] = (weights @ shifts_mm) / weights.sum(axis=1, keepdims=True)
    moved = coarse.apply(nodes + shifts) - coarse.apply(nodes)
    return FittedMap(coarse, knots_x, knots_y, moved.reshape(knots_y.size, knots_x.size, 2))


def _knots(values: Floats, apart: float) -> Floats:
    """Sorted positions, those closer than `apart` merged into their mean."""
    ordered = np.sort(values)
    groups = np.split(ordered, np.nonzero(np.diff(ordered) > apart)[0] + 1)
    return np.array([group.mean() for group in groups], dtype=np.float64)
