"""What the marking calls answer: JSON made from dealt tasks, stored marks and counts."""

from collections.abc import Sequence
from typing import Any

from flask import url_for

from marking.rounds.submit import Stored
from marking.tasks.deal import Dealt, GivenMark
from marking.tasks.groups import MarkingGroup, Seat
from marking.tasks.progress import GroupCounts, OwnCounts
from models.errors import KaiyueError
from models.paper import GroupPart
from models.points import show_points
from web.api.describe import BOOLEAN, INTEGER, MOMENT, NUMBER, POINTS, TEXT, listed, mapped, maybe, of
from web.i18n import error_texts

PART = of(id=TEXT, name=TEXT, points=POINTS, step=POINTS)
COUNTS = of(
    open=INTEGER, leased=INTEGER, done=INTEGER, problem=INTEGER, left=INTEGER, total=INTEGER, mean=maybe(NUMBER)
)
OWN = of(done=INTEGER, held=INTEGER, mean=maybe(NUMBER))
PROGRESS = of(mine=OWN, group=COUNTS)
GROUP = of(
    id=INTEGER, key=TEXT, title=TEXT, exam=TEXT, paper=TEXT, full_mark=POINTS, parts=listed(PART), steps=listed(POINTS),
    roles=listed(TEXT), open=BOOLEAN, counts=PROGRESS,
)  # fmt: skip
_GIVEN = of(("annotations",), points=POINTS, parts=mapped(POINTS), annotations=listed({}))
ITEM = of(
    task=TEXT, version=INTEGER, lease_until=MOMENT, images=listed(of(url=TEXT, w=INTEGER, h=INTEGER)),
    parts=listed(PART), flags=listed(TEXT), problem=maybe(of(reason=TEXT, note=TEXT)), own=maybe(_GIVEN),
    earlier=listed(_GIVEN),
)  # fmt: skip
ITEMS = of(items=listed(ITEM), progress=PROGRESS)
STORED = of(task=TEXT, key=TEXT, points=POINTS, parts=mapped(POINTS), revision=INTEGER, version=INTEGER)
SAVED = of(("taken_over",), stored=STORED, refill=listed(ITEM), progress=PROGRESS, taken_over=BOOLEAN)
SCORE = of(
    ("parts", "total", "annotations", "dwell_ms", "image", "want", "holding", "screen"),
    key=TEXT, version=INTEGER, parts=mapped(POINTS), total=POINTS, annotations=listed({}), dwell_ms=INTEGER, image=TEXT,
    want=INTEGER, holding=listed(TEXT), screen=INTEGER,
)  # fmt: skip


def part(group: MarkingGroup, one: GroupPart) -> dict[str, str]:
    """A score field: scores may be sent under its id or its name."""
    return {
        "id": one.id,
        "name": group.short_name(one),
        "points": show_points(one.points),
        "step": show_points(one.step),
    }


def group_entry(group: MarkingGroup, seat: Seat, counts: GroupCounts, own: OwnCounts) -> dict[str, Any]:
    """A marking group in the list of a person's groups."""
    return {
        "id": group.id,
        "key": group.key,
        "title": group.title,
        "exam": group.exam_title,
        "paper": group.paper_title,
        "full_mark": show_points(group.full_mark),
        "parts": [part(group, one) for one in group.parts],
        "steps": [show_points(one.step) for one in group.parts],
        "roles": [role.value for role in seat.roles],
        "open": group.is_open,
        "counts": progress(counts, own),
    }


def item(group: MarkingGroup, dealt: Dealt) -> dict[str, Any]:
    """A task for the screen."""
    flags = (
        ("blank", dealt.blank),
        ("returned", dealt.returned),
        ("leader", dealt.for_leader),
        ("problem", dealt.problem is not None),
        ("reopened", dealt.own is not None),
    )
    return {
        "task": dealt.task,
        "version": dealt.version,
        "lease_until": dealt.lease_until.isoformat() if dealt.lease_until else None,
        "images": [
            {"url": url_for("api_images.show", key=image.key), "w": image.width_px, "h": image.height_px}
            for image in dealt.images
        ],
        "parts": [part(group, one) for one in dealt.parts],
        "flags": [name for name, raised in flags if raised],
        "problem": {"reason": dealt.problem.value, "note": dealt.note} if dealt.problem else None,
        "own": _given(dealt.own) if dealt.own else None,
        "earlier": [_given(mark) for mark in dealt.earlier],
    }


def items(group: MarkingGroup, dealt: Sequence[Dealt]) -> list[dict[str, Any]]:
    """Several tasks."""
    return [item(group, one) for one in dealt]


def _given(mark: GivenMark) -> dict[str, Any]:
    said: dict[str, Any] = {
        "points": show_points(mark.points),
        "parts": {part_id: show_points(points) for part_id, points in mark.parts.items()},
    }
    return {**said, "annotations": list(mark.annotations)} if mark.annotations else said


def progress(counts: GroupCounts, own: OwnCounts) -> dict[str, Any]:
    """The person's own counts and the whole group's."""
    return {
        "mine": {"done": own.done, "held": own.held, "mean": _rounded(own.mean)},
        "group": group_counts(counts),
    }


def group_counts(counts: GroupCounts) -> dict[str, Any]:
    """The counts of a group."""
    return {
        "open": counts.open,
        "leased": counts.leased,
        "done": counts.done,
        "problem": counts.problem,
        "left": counts.left,
        "total": counts.total,
        "mean": _rounded(counts.mean),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def stored(saved: Stored) -> dict[str, Any]:
    """A stored mark; the same for every repetition of its request."""
    return {
        "task": saved.task,
        "key": saved.key,
        "points": show_points(saved.points),
        "parts": {part_id: show_points(points) for part_id, points in saved.parts.items()},
        "revision": saved.revision,
        "version": saved.version,
    }


def refused(error: KaiyueError) -> dict[str, Any]:
    """One refused entry of a list, in the shape of every error."""
    message, remedy = error_texts(error)
    return {"status": error.http_status, "error": {"code": error.code, "message": message, "remedy": remedy}}
