"""What stands beside an answer while it is marked: mark scheme and model answer of the exam file, a leader's examples.

Out: JSON notes by panel, each with a title and a text; nothing in them comes from a candidate's identity.
"""

from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from marking.plan.examples import Example, examples_for
from marking.setup.exam_json import exam_from_json
from marking.tasks.groups import MarkingGroup
from models.exam import ExamRecord, PaperRecord
from models.paper import Item
from models.points import show_points
from web.i18n import _
from web.plan_view import USES


def references_of(session: Session, group: MarkingGroup, school_id: int | None) -> dict[str, list[dict[str, Any]]]:
    """The notes of a group for somebody of this school: `rubric`, `reference` and `examples`."""
    items = _items(session, group)
    rubric = [{"title": _("How the points are divided"), "text": "\n".join(_points(group))}]
    rubric += [{"title": _title(item), "text": item.scheme} for item in items if item.scheme]
    return {
        "rubric": rubric,
        "reference": [{"title": _title(item), "text": item.answer} for item in items if item.answer],
        "examples": [_example(each) for each in examples_for(session, group, school_id)],
    }


def _example(example: Example) -> dict[str, Any]:
    images = [{"url": url_for("api_images.show", key=key), "w": w, "h": h} for key, w, h in example.images]
    points = "" if example.points is None else _("{points} points", points=show_points(example.points))
    return {"title": _(USES[example.use]), "text": example.note, "points": points, "images": images}


def _items(session: Session, group: MarkingGroup) -> list[Item]:
    exam, paper = session.get_one(ExamRecord, group.exam_id), session.get_one(PaperRecord, group.paper_id)
    if not exam.definition:
        return []
    definition = exam_from_json(exam.definition)
    wanted = {part.item for part in group.parts}
    return [item for found in definition.papers if found.id == paper.key for item in found.items if item.no in wanted]


def _points(group: MarkingGroup) -> list[str]:
    return [
        _("{part}: {points} points, in steps of {step}", part=group.short_name(part), points=show_points(part.points),
          step=show_points(part.step))
        for part in group.parts
    ]  # fmt: skip


def _title(item: Item) -> str:
    return _("Item {no}", no=item.no)
