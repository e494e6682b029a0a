"""Outlines that stand in rows and columns become blocks of bubbles.

In:  outlines in mm on an upright page; its grey picture, to see whether a missing place shows any print.
Out: Block after Block: a lattice of rows and columns with one rectangle for each place; and what stands alone.
Bubbles of one kind have one size; inside a block their distances are the same. A box of a table touches its
neighbours and a bubble does not: that tells them apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.geometry import RectMm
from scanning.cards.importers.blank.look import Look
from scanning.cards.importers.blank.outlines import Mask, Outline

Floats = NDArray[np.float64]

_SAME_SIZE = 0.16  # of width and height: a pixel of a small bubble is 6 %
_LEAST_MEMBERS = 4  # of one size; fewer are chance
_TOUCH_MM = 0.35  # cells of a table share their lines
_SAME_LINE = 0.35  # of a bubble's height or width, within which centres stand in one row or column
_SAME_PITCH = 1.25
_MOST_PITCH = 3.6  # widths or heights between the middles of neighbours
_LINE_SHOWS = 0.7  # of a row or column beyond a block
_EXACT_MM = 0.35
_LEAST_SEEN = 0.6  # of a block's places that were found by themselves


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """`rects[row][column]`, None where the block has no bubble; `filled_in` are places that the lattice gave."""

    rects: tuple[tuple[RectMm | None, ...], ...]
    filled_in: frozenset[tuple[int, int]]

    @property
    def rows(self) -> int:
        return len(self.rects)

    @property
    def columns(self) -> int:
        return len(self.rects[0])

    def places(self) -> list[tuple[int, int, RectMm]]:
        """Row, column and rectangle of every bubble."""
        return [(r, c, one) for r, row in enumerate(self.rects) for c, one in enumerate(row) if one is not None]

    def box(self) -> RectMm:
        """The rectangle around all of it."""
        rects = [one for _, _, one in self.places()]
        left, top = min(one.x_mm for one in rects), min(one.y_mm for one in rects)
        right, bottom = max(one.right_mm for one in rects), max(one.bottom_mm for one in rects)
        return RectMm(left, top, right - left, bottom - top)

    def split(self, at: Sequence[int]) -> list["Block"]:
        """The block cut before these columns."""
        parts = []
        edges = [0, *at, self.columns]
        for first, last in pairwise(edges):
            filled = frozenset((r, c - first) for r, c in self.filled_in if first <= c < last)
            parts.append(Block(tuple(row[first:last] for row in self.rects), filled))
        return parts


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """What was made of the outlines; `cells` are boxes of tables, `left_over` outlines of a bubble's size elsewhere."""

    blocks: tuple[Block, ...]
    alone: tuple[RectMm, ...]
    cells: tuple[RectMm, ...]
    left_over: int


def find_blocks(outlines: Sequence[Outline], mask: Mask) -> Blocks:
    """Group the outlines, the most frequent size first; `mask` is the page's print as 255.

    Letters that touch their bubble cut it into smaller outlines: what lies inside a block is no bubble of its own.
    """
    blocks: list[Block] = []
    alone: list[RectMm] = []
    cells: list[RectMm] = []
    left_over = 0
    for whole in _size_classes([one.rect for one in outlines]):
        around = [block.box().grown(0.3) for block in blocks]
        rects = [one for one in whole if not any(box.contains(one, 0.0) for box in around)]
        if len(rects) < _LEAST_MEMBERS:
            left_over += len(rects)
            continue
        touching = _touching(rects)
        cells += [one for one, touches in zip(rects, touching, strict=True) if touches]
        free = [one for one, touches in zip(rects, touching, strict=True) if not touches]
        if len(free) < _LEAST_MEMBERS:
            left_over += len(free)
            continue
        found, single = _blocks_of(free, mask)
        inside = [block.box().grown(0.3) for block in found]
        blocks += found
        alone += [one for one in single if not any(box.contains(one, 0.0) for box in inside)]
    return Blocks(tuple(blocks), tuple(alone), tuple(cells), left_over)


def _size_classes(rects: list[RectMm]) -> list[list[RectMm]]:
    """Rectangles of about one size together, the largest class first."""
    classes: list[list[RectMm]] = []
    size = np.log(np.array([[one.width_mm, one.height_mm] for one in rects], dtype=np.float64).reshape(-1, 2))
    left = np.ones(len(rects), dtype=np.bool_)
    while left.any():
        alike = (np.abs(size[:, None, :] - size[None, :, :]) < _SAME_SIZE).all(axis=-1) & left[None, :] & left[:, None]
        members = alike[int(np.argmax(alike.sum(axis=1)))]
        classes.append([rects[int(i)] for i in np.flatnonzero(members)])
        left &= ~members
    return classes


def _touching(rects: list[RectMm]) -> list[bool]:
    """Which have a neighbour of their kind whose edge lies on their own."""
    box = np.array([[one.x_mm, one.y_mm, one.right_mm, one.bottom_mm] for one in rects])
    gap_x = box[None, :, 0] - box[:, None, 2]
    gap_y = box[None, :, 1] - box[:, None, 3]
    overlap_x = np.minimum(box[:, None, 2], box[None, :, 2]) - np.maximum(box[:, None, 0], box[None, :, 0])
    overlap_y = np.minimum(box[:, None, 3], box[None, :, 3]) - np.maximum(box[:, None, 1], box[None, :, 1])
    height, width = box[:, 3] - box[:, 1], box[:, 2] - box[:, 0]
    beside = (np.abs(gap_x) < _TOUCH_MM) & (overlap_y > 0.8 * height[:, None])
    below = (np.abs(gap_y) < _TOUCH_MM) & (overlap_x > 0.8 * width[:, None])
    touches = beside | below
    return [bool(one) for one in (touches.any(axis=0) | touches.any(axis=1))]


def _blocks_of(rects: list[RectMm], mask: Mask) -> tuple[list[Block], list[RectMm]]:
    look = Look.learnt(rects, mask)
    centers = np.array([[one.center.x_mm, one.center.y_mm] for one in rects])
    runs = _runs(centers, look.width, look.height)
    groups = _stacked(runs, centers, look.width, look.height)
    blocks, alone = [], []
    for group in groups:
        block = _lattice(group, centers, look)
        if block is None or len(block.places()) == 1:
            alone += [rects[i] for run in group for i in run]
        else:
            blocks.append(block)
    return blocks, alone


def _runs(centers: Floats, width: float, height: float) -> list[list[int]]:
    """Rows of bubbles at even distances, as indices from left to right."""
    after = _next_in_line(centers, width, height)
    gap = np.where(after >= 0, centers[after, 0] - centers[:, 0], np.inf)
    before = np.full(len(centers), np.inf)
    for at, following in enumerate(after):
        if following >= 0:
            before[following] = gap[at]
    linked: dict[int, int] = {}
    for at, following in enumerate(after):
        if following < 0:
            continue
        nearby = min(before[at], gap[following])
        if gap[at] <= _MOST_PITCH * max(width, height) and gap[at] <= _SAME_PITCH * nearby:
            linked[at] = int(following)
    starts = set(range(len(centers))) - set(linked.values())
    runs = []
    for start in starts:
        run = [start]
        while run[-1] in linked:
            run.append(linked[run[-1]])
        runs.append(run)
    return runs


def _next_in_line(centers: Floats, width: float, height: float) -> NDArray[np.intp]:
    """For each bubble its next to the right in the same row, -1 for none."""
    away = centers[None, :, :] - centers[:, None, :]
    beside = (away[..., 0] > 0.5 * width) & (np.abs(away[..., 1]) < _SAME_LINE * height)
    distance = np.where(beside, away[..., 0], np.inf)
    nearest = np.argmin(distance, axis=1)
    return np.where(np.isfinite(distance.min(axis=1)), nearest, -1)


def _stacked(runs: list[list[int]], centers: Floats, width: float, height: float) -> list[list[list[int]]]:
    """Runs below one another at even distances and at the same columns, together; a row may be in several pieces."""
    groups: list[list[list[int]]] = []
    columns: list[Floats] = []
    last_y: list[float] = []
    pitches: list[float] = []
    for line in _lines(runs, centers, height):
        y = float(np.median([centers[run, 1].mean() for run in line]))
        left = list(line)
        for at in sorted(range(len(groups)), key=lambda one: y - last_y[one]):
            step = y - last_y[at]
            limit = _SAME_PITCH * pitches[at] if np.isfinite(pitches[at]) else _MOST_PITCH * max(width, height)
            if not 0.7 * height <= step <= limit:
                continue
            pieces = [run for run in left if _near_share(centers[run, 0], columns[at], _SAME_LINE * width) >= 0.6]
            if not pieces:
                continue
            own = np.concatenate([centers[run, 0] for run in pieces])
            if _near_share(columns[at], own, _SAME_LINE * width) < 0.5:
                continue
            groups[at] += pieces
            columns[at] = np.concatenate([columns[at], own])
            last_y[at], pitches[at] = y, min(pitches[at], step)
            left = [run for run in left if run not in pieces]
        for run in left:
            groups.append([run])
            columns.append(centers[run, 0])
            last_y.append(y)
            pitches.append(np.inf)
    return _joined(groups, centers, width, height)


def _lines(runs: list[list[int]], centers: Floats, height: float) -> list[list[list[int]]]:
    """Runs whose middles stand on one line of the page together, from top to bottom, each from left to right."""
    lines: list[list[list[int]]] = []
    at = -np.inf
    for run in sorted(runs, key=lambda one: float(centers[one, 1].mean())):
        y = float(centers[run, 1].mean())
        if y - at > _SAME_LINE * height:
            lines.append([])
            at = y
        lines[-1].append(run)
    return [sorted(line, key=lambda run: float(centers[run[0], 0])) for line in lines]


def _near_share(values: Floats, others: Floats, reach: float) -> float:
    """Which share of some values has one of the others within reach."""
    return float((np.abs(values[:, None] - others[None, :]).min(axis=1) < reach).mean())


def _joined(groups: list[list[list[int]]], centers: Floats, width: float, height: float) -> list[list[list[int]]]:
    """Groups with pieces of rows that stand at their own rows and columns taken in."""
    large = sorted(groups, key=lambda group: -sum(len(run) for run in group))
    kept: list[list[list[int]]] = []
    for group in large:
        home = None
        if len(group) == 1 or sum(len(run) for run in group) <= 3:
            home = next((one for one in kept if _belongs(group, one, centers, width, height)), None)
        if home is None:
            kept.append(list(group))
        else:
            home.extend(group)
    return kept


def _belongs(piece: list[list[int]], group: list[list[int]], centers: Floats, width: float, height: float) -> bool:
    """Whether all of a piece stands on the rows and columns of a group, or on the row before or after them."""
    members = [i for run in group for i in run]
    if len(group) < 2 or len(members) < 2 * sum(len(run) for run in piece):
        return False
    rows = _levels(np.array([float(centers[run, 1].mean()) for run in group]), _SAME_LINE * height)
    if len(rows) > 1:
        step = float(np.median(np.diff(rows)))
        rows = np.concatenate([[rows[0] - step], rows, [rows[-1] + step]])
    own = np.array([i for run in piece for i in run])
    on_row = _near_share(centers[own, 1], rows, _SAME_LINE * height)
    on_column = _near_share(centers[own, 0], centers[members, 0], _SAME_LINE * width)
    return on_row == 1.0 and on_column == 1.0


def _lattice(group: list[list[int]], centers: Floats, look: Look) -> Block | None:
    """Rows and columns of a group, every bubble in its place; missing ones where print shows that they are there."""
    members = np.array([i for run in group for i in run])
    at = centers[members]
    ys, xs = _levels(at[:, 1], _SAME_LINE * look.height), _levels(at[:, 0], _SAME_LINE * look.width)
    row = np.abs(at[:, 1][:, None] - ys[None, :]).argmin(axis=1)
    column = np.abs(at[:, 0][:, None] - xs[None, :]).argmin(axis=1)
    placed = {(int(r), int(c)): one for r, c, one in zip(row, column, at, strict=True)}
    if len(placed) < _LEAST_SEEN * len(ys) * len(xs) and len(ys) > 1:
        return None
    fitted = _Places(placed, row, column, at, xs, ys)
    rows, columns = _extended(fitted, centers, look)
    rects: list[list[RectMm | None]] = [[None] * len(columns) for _ in rows]
    filled: set[tuple[int, int]] = set()
    for r, own_row in enumerate(rows):
        for c, own_column in enumerate(columns):
            x, y = fitted.at(own_row, own_column)
            if (own_row, own_column) not in placed:
                if not look.is_at(x, y):
                    continue
                filled.add((r, c))
            rects[r][c] = RectMm(x - look.width / 2, y - look.height / 2, look.width, look.height)
    return Block(tuple(tuple(one) for one in rects), frozenset(filled))


def _extended(places: "_Places", centers: Floats, look: Look) -> tuple[range, range]:
    """Rows and columns of a block, with those beside it whose every bubble hid its outline behind the same letter."""
    rows, columns = range(places.rows), range(places.columns)
    if places.columns > 1:
        while _is_there([places.at(r, columns.start - 1) for r in rows], centers, look):
            columns = range(columns.start - 1, columns.stop)
        while _is_there([places.at(r, columns.stop) for r in rows], centers, look):
            columns = range(columns.start, columns.stop + 1)
    if places.rows > 1:
        while _is_there([places.at(rows.start - 1, c) for c in columns], centers, look):
            rows = range(rows.start - 1, rows.stop)
        while _is_there([places.at(rows.stop, c) for c in columns], centers, look):
            rows = range(rows.start, rows.stop + 1)
    return rows, columns


def _is_there(line: list[tuple[float, float]], centers: Floats, look: Look) -> bool:
    """Whether a row or column of bubbles is printed at these places, and belongs to nobody yet."""
    for x, y in line:
        away = np.abs(centers - (x, y))
        if ((away < [0.6 * look.width, 0.6 * look.height]).all(axis=1)).any():
            return False
    return float(np.mean([look.is_at(x, y) for x, y in line])) >= _LINE_SHOWS


def _levels(values: Floats, reach: float) -> Floats:
    """The middles of clusters of values, ascending."""
    ordered = np.sort(values)
    cuts = np.flatnonzero(np.diff(ordered) > reach) + 1
    return np.array([float(np.median(part)) for part in np.split(ordered, cuts)])


class _Places:
    """Places by a plane through the found ones where that is exact; otherwise each where it was found, or between."""

    def __init__(
        self,
        placed: dict[tuple[int, int], Floats],
        row: NDArray[np.intp],
        column: NDArray[np.intp],
        at: Floats,
        xs: Floats,
        ys: Floats,
    ) -> None:
        self.rows, self.columns = len(ys), len(xs)
        self._placed, self._xs, self._ys = placed, xs, ys
        self._plane: Floats | None = None
        basis = np.column_stack([np.ones(len(row)), column, row]).astype(np.float64)
        if len(placed) >= 6 and np.linalg.matrix_rank(basis) == 3:
            plane, *_ = np.linalg.lstsq(basis, at, rcond=None)
            if float(np.abs(basis @ plane - at).max()) < _EXACT_MM:
                self._plane = np.asarray(plane, dtype=np.float64)

    def at(self, row: int, column: int) -> tuple[float, float]:
        """The middle of a place; rows and columns may lie beyond the found ones."""
        if self._plane is not None:
            x, y = np.array([1.0, column, row]) @ self._plane
            return float(x), float(y)
        if (row, column) in self._placed:
            x, y = self._placed[row, column]
            return float(x), float(y)
        return _level(self._xs, column), _level(self._ys, row)


def _level(levels: Floats, index: int) -> float:
    """The place of a row or column by its number, going on at the usual distance beyond the ends."""
    if 0 <= index < len(levels):
        return float(levels[index])
    step = float(np.median(np.diff(levels))) if len(levels) > 1 else 0.0
    return float(levels[0] + index * step) if index < 0 else float(levels[-1] + (index - len(levels) + 1) * step)
