"""Settle the marks that several people gave one response (domain.md 3): exact, order-free, replayable.

In:  the marks in the order first, second, third, final, each as points by part; the rules of the group.
Out: an Outcome: settled with points and source, or whose mark is needed next.

The leader's mark is the second in `1+1` and `1+1+1` and the third in `2+1+1`. Two marks are *within* when
they differ by at most the tolerance (below it where the boundary is strict). An average is taken part by
part, so that the parts always add up to the points. Equal marks are always within.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from models.errors import InputRefused, Sentence, mark_text
from models.paper import Group, GroupPart
from models.points import ZERO, is_multiple, is_whole_hundredths, mean_of_two, plain, show_points
from models.words import Boundary, Compare, MarkingMode, NextMark, ScoreSource

MarkPoints = Mapping[str, Decimal]  # points by part id; a group of one part has one entry


class IllegalMark(InputRefused):
    """Points that nobody may give: beyond the full mark, between two steps, for a part that is not there."""

    code = "marking.illegal_mark"
    sentence = mark_text("This mark is not allowed: {why}.")
    remedy = mark_text("Give points from 0 to the full mark in whole mark steps.")


class TooManyMarks(InputRefused):
    """A mark that the mode does not ask for any more."""

    code = "marking.too_many_marks"
    sentence = mark_text("{given} marks were given, but the response is settled after {needed}.")
    remedy = mark_text("Give the marks in the order first, second, third, final, and none after the deciding one.")


@dataclass(frozen=True, slots=True)
class SettleRules:
    """What decides how marks settle: the score fields of a group and how many people mark it."""

    mode: MarkingMode
    parts: tuple[GroupPart, ...]
    full_mark: Decimal
    tolerance: Decimal = ZERO
    boundary: Boundary = Boundary.INCLUSIVE
    compare: Compare = Compare.TOTAL


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the marks so far amount to.

    Settled: `points`, `parts` (which add up to it) and `source`; otherwise these are None and empty and
    `next` says whose mark is needed. `parts_disagree` is set when an average was taken of marks whose
    totals agree but whose parts differ by more than the tolerance (分项不一致).
    """

    points: Decimal | None
    parts: MarkPoints
    source: ScoreSource | None
    next: NextMark | None
    parts_disagree: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether the response needs no further mark."""
        return self.points is not None


def rules_of(group: Group) -> SettleRules:
    """The settling rules of a marking group."""
    return SettleRules(group.mode, group.parts, group.full_mark, group.tolerance, group.boundary, group.compare)


def check_mark(mark: MarkPoints, rules: SettleRules) -> None:
    """Raise IllegalMark unless every part is one of the group's and its points are legal.

    Every part must be given; only in a group that takes some of several items may the others be left out.
    """
    known = {part.id: part for part in rules.parts}
    for part_id, points in mark.items():
        part = known.get(part_id)
        if part is None:
            raise IllegalMark(why=Sentence(mark_text("there is no part {part}"), {"part": part_id}))
        if points < 0:
            raise IllegalMark(why=Sentence(mark_text("{points} is below 0"), {"points": show_points(points)}))
        if points > part.points:
            raise IllegalMark(
                why=Sentence(
                    mark_text("{points} is above the full mark of {full}"),
                    {"points": show_points(points), "full": show_points(part.points)},
                )
            )
        if not is_multiple(points, part.step):
            raise IllegalMark(
                why=Sentence(
                    mark_text("{points} is not a multiple of {step}"),
                    {"points": show_points(points), "step": show_points(part.step)},
                )
            )
    everything = sum((part.points for part in rules.parts), ZERO)
    missing = [part.id for part in rules.parts if part.id not in mark]
    if not mark or (missing and everything == rules.full_mark):
        raise IllegalMark(why=Sentence(mark_text("{parts} has no points"), {"parts": ", ".join(missing)}))
    total = sum(mark.values(), ZERO)
    if total > rules.full_mark:
        raise IllegalMark(
            why=Sentence(
                mark_text("{points} is above the full mark of {full}"),
                {"points": show_points(total), "full": show_points(rules.full_mark)},
            )
        )


def check_step(step: Decimal) -> None:
    """Raise IllegalMark for a mark step whose half is not whole hundredths: two marks would have no exact mean."""
    if step <= 0 or not is_whole_hundredths(step / 2):
        raise IllegalMark(
            why=Sentence(mark_text("the step {step} is not a multiple of 0.02"), {"step": show_points(step)})
        )


def settle(marks: Sequence[MarkPoints], rules: SettleRules) -> Outcome:
    """Settle marks given in the order first, second, third, final.

    Raises IllegalMark, TooManyMarks, and ValueError when there is no mark at all.
    """
    outcome, used = settle_with_spare(marks, rules)
    if used < len(marks):
        raise TooManyMarks(given=len(marks), needed=used)
    return outcome


def settle_with_spare(marks: Sequence[MarkPoints], rules: SettleRules) -> tuple[Outcome, int]:
    """As `settle`, and how many of the marks it took: the others were asked for by a mark that has changed since."""
    if not marks:
        raise ValueError("there is nothing to settle without a mark")
    for mark in marks:
        check_mark(mark, rules)
    return _walk(marks, rules)


def _walk(marks: Sequence[MarkPoints], rules: SettleRules) -> tuple[Outcome, int]:
    """The outcome, and how many of the marks it took to get there."""
    first = marks[0]
    match rules.mode:
        case MarkingMode.SINGLE:
            return _given(first, ScoreSource.SINGLE), 1
        case MarkingMode.LEADER | MarkingMode.LEADER_CHECK:
            if len(marks) == 1:
                return _waiting(NextMark.LEADER), 1
            leader = marks[1]
            if rules.mode is MarkingMode.LEADER or is_within(first, leader, rules):
                return _given(leader, ScoreSource.LEADER), 2
            return _adjudicated(marks, 2)
        case MarkingMode.DOUBLE | MarkingMode.DOUBLE_THIRD | MarkingMode.DOUBLE_LEADER:
            return _double(marks, rules)


def _double(marks: Sequence[MarkPoints], rules: SettleRules) -> tuple[Outcome, int]:
    if len(marks) == 1:
        return _waiting(NextMark.SECOND), 1
    first, second = marks[0], marks[1]
    if is_within(first, second, rules):
        return _averaged(first, second, ScoreSource.DOUBLE, rules), 2
    if rules.mode is MarkingMode.DOUBLE:
        return _adjudicated(marks, 2)
    if len(marks) == 2:
        return _waiting(NextMark.LEADER if rules.mode is MarkingMode.DOUBLE_LEADER else NextMark.THIRD), 2
    third = marks[2]
    near = [mark for mark in (first, second) if is_within(mark, third, rules)]
    if not near:
        return _adjudicated(marks, 3)
    if len(near) == 1:
        return _averaged(near[0], third, ScoreSource.THIRD, rules), 3
    to_first, to_second = _distance(first, third, rules), _distance(second, third, rules)
    assert to_first is not None
    assert to_second is not None
    if to_first == to_second:
        # Of three marks with the third halfway, the two highest are the third and the higher of the others. The
        # pair that disagreed is never used again, and who marked first makes no difference.
        higher = max(first, second, key=lambda mark: (_total(mark), sorted(mark.items())))
        return _averaged(higher, third, ScoreSource.THIRD_TIE, rules), 3
    return _averaged(first if to_first < to_second else second, third, ScoreSource.THIRD, rules), 3


def _waiting(for_whom: NextMark) -> Outcome:
    return Outcome(None, {}, None, for_whom)


def _given(mark: MarkPoints, source: ScoreSource) -> Outcome:
    return Outcome(_total(mark), dict(mark), source, None)


def _adjudicated(marks: Sequence[MarkPoints], before: int) -> tuple[Outcome, int]:
    """The mark that ends the disagreement of the `before` marks, or the wait for it."""
    if len(marks) > before:
        return _given(marks[before], ScoreSource.ADJUDICATED), before + 1
    return _waiting(NextMark.ADJUDICATION), before


def _averaged(one: MarkPoints, other: MarkPoints, source: ScoreSource, rules: SettleRules) -> Outcome:
    parts = {part: mean_of_two(points, other[part]) for part, points in one.items()}
    apart = max((abs(points - other[part]) for part, points in one.items()), default=ZERO)
    return Outcome(_total(parts), parts, source, None, parts_disagree=not _small(apart, rules))


def _total(mark: MarkPoints) -> Decimal:
    return plain(sum(mark.values(), ZERO))


def is_within(one: MarkPoints, other: MarkPoints, rules: SettleRules) -> bool:
    """Whether two marks agree under the group's tolerance, boundary and way of comparing."""
    distance = _distance(one, other, rules)
    return distance is not None and _small(distance, rules)


def _small(distance: Decimal, rules: SettleRules) -> bool:
    if distance == 0:
        return True  # equal marks agree under every boundary, a strict one with no tolerance at all included
    return distance < rules.tolerance if rules.boundary is Boundary.STRICT else distance <= rules.tolerance


def _distance(one: MarkPoints, other: MarkPoints, rules: SettleRules) -> Decimal | None:
    """How far two marks are apart; None when they mark different items of a choose-group."""
    if one.keys() != other.keys():
        return None
    total = abs(_total(one) - _total(other))
    widest = max((abs(points - other[part]) for part, points in one.items()), default=ZERO)
    match rules.compare:
        case Compare.TOTAL:
            return total
        case Compare.EACH:
            return widest
        case Compare.BOTH:
            return max(total, widest)
