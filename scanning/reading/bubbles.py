"""Decide for each bubble whether it is filled, empty or doubtful.

In:  BubbleInk of a page, the group (field and column) of each bubble, BubbleOptions.
Out: BubbleDecisions: state, margin and reasons per bubble in card order.
A mark is judged against this candidate's own marks near by, never against a fixed darkness; an absolute floor keeps
a page without any mark empty. Darkness alone cannot tell a tick from a stray stroke or a cancelled mark: how
the ink is spread, and whether it runs out of the bubble, decides with it. Knows nothing of values or candidates.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.words import BubbleState
from scanning.reading.ink import BubbleInk


@dataclass(frozen=True, slots=True)
class BubbleOptions:
    """Where the borders lie. "Usual" is the ink of this candidate's own marks near by; ink is in 0..1 of page black."""

    floor_mark: float = 0.075  # the palest pencil that a person still calls a mark
    floor_empty: float = 0.03  # paper grain, bleed-through and letters that stand a little off stay below
    noise_factor: float = 6.0  # floors rise with this page's own spread of empty bubbles
    mark_share: float = 0.50  # from here on a mark is like the candidate's others
    beside_share: float = 0.30  # beside a clear mark, up to this share of it is dirt, a slip, or well erased
    beside_most: float = 0.15  # but darker than this it is looked at, however dark the mark beside it
    alone_share: float = 0.25  # a dark stroke that stands alone is a mark from here on
    alone_rival: float = 0.33  # alone means that nothing else in the choice has more than this share of its ink
    stroke_peak: float = 0.55  # a stroke as dark as the candidate's marks is a tick, not what an eraser left
    stroke_cover: float = 0.08  # and this much of the bubble: a dot is not a tick
    hint_peak: float = 0.40  # with this much of both it may be a stroke
    hint_cover: float = 0.05
    full_cover: float = 0.35  # more than a stroke that passes through can cover
    like_others: float = 0.35  # a stroke with this share of the usual ink is how this candidate marks
    lines_usual: float = 0.3  # a candidate with so many lines among the marks marks with lines
    floor_stroke: float = 0.045  # a fine tick of a candidate who ticks everywhere
    second_share: float = 0.70  # where one mark is expected, a second one weaker than this share may be half erased
    several_share: float = 0.40  # where several are allowed, marks may differ more
    several_least: float = 0.04  # and what has the shape of a stroke is one of them or nothing, but no dirt
    soft_share: float = 0.40  # beside a clear mark, a stain as dark as this is still a stain
    soft_most: float = 0.20
    print_most: float = 0.13  # a fill leaves more ink than the hollows of a letter hold
    print_share: float = 0.75
    crossed_cover: float = 0.70  # a cancelled bubble is full and has strokes running out on all sides
    crossed_strokes: int = 4
    crossed_corners: int = 4  # a ragged fill has as many ends, but on one side
    crossed_looser: int = 3  # where one mark is expected and two are there, one of them is likely to be cancelled
    prior_mark: float = 0.45  # the usual mark, for as long as the page shows too few of them
    prior_count: int = 2
    few_marks: int = 6  # so few on a side say nothing of how this candidate marks: perhaps nobody marked anything
    few_least: float = 0.20  # there a mark must speak for itself: neither dust, nor shadow, nor a touch of the pen
    neighbours: int = 9  # marks near by that show whether the pencil changed


@dataclass(frozen=True, slots=True, eq=False)
class BubbleDecisions:
    """State, margin 0..1 and reasons of n bubbles; `usual` (n,) is the darkness of this candidate's marks there."""

    state: tuple[BubbleState, ...]
    margin: NDArray[np.float64]
    reasons: tuple[tuple[str, ...], ...]
    usual: NDArray[np.float64]


EMPTY, DOUBTFUL, FILLED = 0, 1, 2
_STATES = (BubbleState.EMPTY, BubbleState.DOUBTFUL, BubbleState.FILLED)


@dataclass(frozen=True, slots=True, eq=False)
class _Evidence:
    """What is known of the bubbles, (n,) each: ink, ink as a share of the usual, dark strokes, several allowed.

    `hint` are strokes and what may be one.
    `least` is the ink without which nothing is a mark on this page.
    `line` are thin lines that pass through, unlike what this candidate does elsewhere: slips of the pen, dust.
    """

    ink: BubbleInk
    share: NDArray[np.float64]
    stroke: NDArray[np.bool_]
    hint: NDArray[np.bool_]
    several: NDArray[np.bool_]
    line: NDArray[np.bool_]
    least: float


def decide(
    ink: BubbleInk,
    group: NDArray[np.intp],
    options: BubbleOptions | None = None,
    several: NDArray[np.bool_] | None = None,
) -> BubbleDecisions:
    """Three-way decision for every bubble.

    `group` (n,) numbers the choices to be made; `several` (n,) says where a choice may have several marks.
    """
    options = options or BubbleOptions()
    n = ink.ink.size
    if n == 0:
        return BubbleDecisions((), np.empty(0), (), np.empty(0))
    floor_empty = max(options.floor_empty, options.noise_factor * ink.noise)
    floor_mark = max(options.floor_mark, 1.5 * floor_empty)
    usual, usual_peak = usual_mark(ink, group, floor_mark, options)
    share = ink.ink / usual
    state = np.full(n, EMPTY, dtype=np.int8)
    state[ink.ink > floor_empty] = DOUBTFUL
    # On a page full of grain the floor is high; what has the shape and blackness of a stroke is seen all the same.
    hint = (ink.peak >= options.hint_peak * usual_peak) & (ink.cover >= options.hint_cover)
    # A letter that was not learnt is as dark as a hint; there it takes more.
    least_hint = np.where(ink.unsure > 0, 1.0, 0.5) * options.floor_empty
    state[hint & (ink.ink > least_hint)] = DOUBTFUL
    stroke = (ink.peak >= options.stroke_peak * usual_peak) & (ink.cover >= options.stroke_cover)
    floors = np.where(stroke, max(options.floor_stroke, floor_empty), floor_mark)
    state[(ink.ink >= floors) & (share >= options.mark_share)] = FILLED
    line = ink.through & (share < options.like_others)
    if not _marks_with_lines(ink, group, floor_mark, options):
        line |= ink.dust
        state[(state == FILLED) & ink.dust] = DOUBTFUL
    marked = np.count_nonzero(np.bincount(group, ink.ink >= floor_mark))
    least = options.few_least if marked < options.few_marks else 0.0
    state[(state == FILLED) & (ink.ink < least)] = DOUBTFUL
    # What darkens the paper around as much has no edge; what lies within the letter may be the letter, printed bolder.
    bold = ink.print_only & (ink.ink < options.print_most) & (share < options.print_share)
    bold |= ink.ink < ink.unsure
    state[(state == FILLED) & (ink.soft | bold)] = DOUBTFUL
    # A large tick has most of its ink beside the bubble: strokes that come out of a bubble come from inside it.
    leaving = (ink.crossing >= 2) & (ink.peak >= options.hint_peak * usual_peak) | (ink.corners >= 3)
    leaving &= ink.ink > 0.4 * options.floor_empty
    state[leaving & (state == EMPTY)] = DOUBTFUL
    several = np.zeros(n, dtype=np.bool_) if several is None else several
    evidence = _Evidence(ink, share, stroke, hint, several, line, least)
    reasons: list[list[str]] = [[] for _ in range(n)]
    # Drawn around and left empty: some mark what they mean like that, and some what they do not mean.
    state[(ink.ringed | ink.drawn_over) & (state == EMPTY)] = DOUBTFUL
    # One clear mark, or nothing at all, needs no second thought.
    weak, full = np.bincount(group, state == DOUBTFUL), np.bincount(group, state == FILLED)
    for one in np.flatnonzero((weak > 0) | (full > 1)).tolist():
        _within_group(np.flatnonzero(group == one), state, reasons, evidence, options)
    margin = _margins(ink, state, share, floors=(floor_empty, floor_mark), options=options)
    return BubbleDecisions(
        tuple(_STATES[value] for value in state.tolist()), margin, tuple(tuple(r) for r in reasons), usual
    )


def usual_mark(
    ink: BubbleInk, group: NDArray[np.intp], floor_mark: float, options: BubbleOptions
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each bubble what a mark of this candidate looks like there: mean ink and peak, float64 (n,) each.

    The darkest bubble of each group is a mark or nothing. The median over the page says what is usual; the
    nearest marks say whether the pencil changed on the way.
    """
    count = int(group.max()) + 1
    top = np.full(count, -np.inf)
    np.maximum.at(top, group, ink.ink)
    peak = np.full(count, -np.inf)
    np.maximum.at(peak, group, ink.peak)
    marked = np.flatnonzero(top >= floor_mark)
    prior = [options.prior_mark] * options.prior_count
    page_ink = float(np.median(np.concatenate([top[marked], prior])))
    page_peak = float(np.median(np.concatenate([peak[marked], [0.7] * options.prior_count])))
    usual = np.full(count, page_ink)
    usual_peak = np.full(count, page_peak)
    reach = options.neighbours
    if marked.size > reach:
        # The window of `reach` marked groups around each group, by their order on the card.
        position = np.searchsorted(marked, np.arange(count))
        first = np.clip(position - reach // 2, 0, marked.size - reach)
        windows = marked[first[:, None] + np.arange(reach)[None, :]]
        usual = np.maximum(_middle(top[windows]), 0.25 * page_ink)
        usual_peak = np.maximum(_middle(peak[windows]), 0.25 * page_peak)
    usual = np.maximum(usual, floor_mark)
    return usual[group], usual_peak[group]


def _middle(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of each row, (n, k) -> (n,)."""
    k = rows.shape[1]
    ordered = np.partition(rows, ((k - 1) // 2, k // 2), axis=1)
    return np.asarray((ordered[:, (k - 1) // 2] + ordered[:, k // 2]) / 2, dtype=np.float64)


def _marks_with_lines(ink: BubbleInk, group: NDArray[np.intp], floor_mark: float, options: BubbleOptions) -> bool:
    """Whether this candidate's own marks look like lines of dust: long dashes, upright strokes."""
    if not ink.dust.any():
        return False
    darkest = np.lexsort((ink.ink, group))[np.append(np.diff(np.sort(group)) > 0, True)]
    marked = darkest[ink.ink[darkest] >= floor_mark]
    return bool(marked.size) and float(ink.dust[marked].mean()) >= options.lines_usual


def _within_group(
    members: NDArray[np.intp],
    state: NDArray[np.int8],
    reasons: list[list[str]],
    evidence: _Evidence,
    options: BubbleOptions,
) -> None:
    """What the other bubbles of the same choice say about each one; changes `state` and `reasons` in place."""
    ink = evidence.ink.ink
    full = members[state[members] == FILLED]
    weak = members[state[members] == DOUBTFUL]
    if full.size:
        best = float(ink[full].max())
        for at in weak.tolist():
            if evidence.ink.ringed[at]:
                reasons[at].append("ringed")
            elif _is_dirt(at, best, evidence, options):
                state[at] = EMPTY
            else:
                reasons[at].append("stray" if evidence.stroke[at] else "erased")
        if full.size > 1:
            _among_marks(full, best, state, reasons, evidence, options)
        return
    if weak.size and _stands_alone(int(weak[np.argmax(ink[weak])]), members, evidence, options):
        strongest = int(weak[np.argmax(ink[weak])])
        state[weak] = EMPTY
        state[strongest] = FILLED
        return
    for at in weak.tolist():
        reasons[at].append("ringed" if evidence.ink.ringed[at] else "stray" if evidence.stroke[at] else "faint")


def _is_dirt(place: int, best: float, evidence: _Evidence, options: BubbleOptions) -> bool:
    """Whether a weak mark beside a clear one is nothing that anybody would ask about."""
    ink = float(evidence.ink.ink[place])
    if evidence.ink.soft[place] and ink <= options.soft_share * best and ink <= options.soft_most:
        return True
    least = options.several_least + evidence.ink.unsure[place]
    if evidence.several[place] and evidence.hint[place] and ink >= least:
        return False
    return ink <= options.beside_share * best and ink <= options.beside_most


def _stands_alone(place: int, members: NDArray[np.intp], evidence: _Evidence, options: BubbleOptions) -> bool:
    """Whether a weak mark is a tick, a cross or a dash that nothing in its choice competes with."""
    ink = evidence.ink
    others = ink.ink[members[members != place]]
    if not evidence.stroke[place] or ink.ink[place] < max(options.floor_stroke, evidence.least):
        return False
    if ink.soft[place] or ink.print_only[place] or ink.ink[place] < ink.unsure[place]:
        return False
    if others.size and float(others.max()) > options.alone_rival * float(ink.ink[place]):
        return False
    if ink.cover[place] >= options.full_cover and evidence.share[place] >= options.alone_share:
        return True
    # A thin line that comes in on one side and leaves on the other is nobody's tick, but dust or a slip.
    return not evidence.line[place]


def _among_marks(
    full: NDArray[np.intp],
    best: float,
    state: NDArray[np.int8],
    reasons: list[list[str]],
    evidence: _Evidence,
    options: BubbleOptions,
) -> None:
    """Of several marks in one choice one may be cancelled or half erased."""
    ink = evidence.ink
    for at in full.tolist():
        least = options.several_share if evidence.several[at] else options.second_share
        strokes, corners = options.crossed_strokes, options.crossed_corners
        if not evidence.several[at]:
            strokes = corners = options.crossed_looser
        if ink.crossing[at] >= strokes and ink.corners[at] >= corners and ink.cover[at] >= options.crossed_cover:
            state[at] = DOUBTFUL
            reasons[at].append("crossed")
        elif ink.ink[at] < least * best:
            state[at] = DOUBTFUL
            reasons[at].append("uneven")


def _margins(
    ink: BubbleInk,
    state: NDArray[np.int8],
    share: NDArray[np.float64],
    *,
    floors: tuple[float, float],
    options: BubbleOptions,
) -> NDArray[np.float64]:
    """How far each bubble is from being decided otherwise, 0..1; at least 0.05 where others of its choice decided."""
    floor_empty, floor_mark = floors
    as_mark = np.minimum((share - options.mark_share) / (1 - options.mark_share), (ink.ink - floor_mark) / floor_mark)
    as_empty = 1 - np.maximum(ink.ink, 0.0) / floor_empty
    chosen = np.where(state == FILLED, np.maximum(as_mark, 0.05), np.maximum(as_empty, 0.05))
    return np.asarray(np.clip(np.where(state == DOUBTFUL, 0.0, chosen), 0.0, 1.0), dtype=np.float64)
