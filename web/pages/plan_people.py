"""The people of a marking group on the day: quotas, pauses, moves, replacements, and who marked how much."""

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from marking.plan import people
from marking.plan.workload import Load, workload
from marking.tasks.groups import MarkingGroup, find_group, find_groups
from models.columns import now
from models.errors import NotFound, mark_text
from models.people import School
from models.words import Gate, MemberState
from web.access.guard import may, needs, require
from web.access.objects import whole_exam
from web.access.permissions import Permission
from web.access.services import services
from web.downloads import workbook_file
from web.i18n import _
from web.leading import act, back, find, tabs_of, text, whole
from web.marking_desk import scope_of
from web.plan_view import GATES, STATES, reason_said, workload_tables

blueprint = Blueprint("plan_people", __name__, url_prefix="/marking")

NEED = Permission.PLAN_MARKING


@blueprint.get("/<int:group_id>/people")
@needs(NEED)
def show(group_id: int) -> ResponseReturnValue:
    """Everybody of the group."""
    with services().database.read() as session:
        group = find(session, group_id, NEED)
        persons = people.group_people(session, group)
        others = [
            each
            for each in find_groups(session)
            if each.exam_id == group.exam_id and each.id != group.id and may(NEED, scope_of(each))
        ]
        schools = session.execute(
            select(School.id, School.name)
            .where(School.id.in_({one.school_id for one in persons}))
            .order_by(School.name)
        ).all()
    return render_template(
        "leading/people.html",
        group=group,
        tabs=tabs_of(group),
        persons=persons,
        others=others,
        schools=[(school.id, school.name, group.school_quotas.get(school.id)) for school in schools],
        states=STATES,
        gates=GATES,
        reason_said=reason_said,
        may_lead=may(Permission.LEAD_GROUP, scope_of(group)),
        MemberState=MemberState,
        Gate=Gate,
    )


@blueprint.post("/<int:group_id>/people/add")
@needs(NEED)
def add(group_id: int) -> ResponseReturnValue:
    """Let somebody of the exam mark here, or set a school's quota."""

    def do(session: Session, group: MarkingGroup, actor: int) -> str:
        school = whole("school")
        if school is not None:
            people.set_school_quota(session, group, school, whole("quota"), actor_id=actor)
            return _("The quota is set.")
        people.add_person(session, group, text("username", 100), actor_id=actor, at=now())
        return _("{name} takes part now.", name=text("username", 100))

    act(group_id, NEED, do)
    return back("plan_people.show", group_id=group_id)


@blueprint.post("/<int:group_id>/people/<int:user_id>")
@needs(NEED)
def change(group_id: int, user_id: int) -> ResponseReturnValue:
    """One step about one person; `action` names it."""
    action = request.form.get("action", "")
    if action not in _ACTIONS:
        raise NotFound(what=mark_text("action"), name=action[:40])
    act(group_id, NEED, lambda session, group, actor: _ACTIONS[action](session, group, user_id, actor))
    return back("plan_people.show", group_id=group_id)


def _quota(session: Session, group: MarkingGroup, user_id: int, actor: int) -> str:
    people.set_quota(session, group, user_id, whole("quota"), actor_id=actor, at=now())
    return _("The quota is set.")


def _pause(session: Session, group: MarkingGroup, user_id: int, actor: int) -> str:
    freed = people.set_state(
        session, group, user_id, MemberState.PAUSED, reason=text("reason", 200),
        release=bool(request.form.get("release")), actor_id=actor, at=now(),
    )  # fmt: skip
    return _("Paused; {count} responses went back to the queue.", count=freed)


def _resume(session: Session, group: MarkingGroup, user_id: int, actor: int) -> str:
    people.set_state(session, group, user_id, MemberState.ACTIVE, actor_id=actor, at=now())
    return _("The person takes part again.")


def _leave(session: Session, group: MarkingGroup, user_id: int, actor: int) -> str:
    freed = people.set_state(session, group, user_id, MemberState.LEFT, actor_id=actor, at=now())
    return _("The person has left the group; {count} responses went back to the queue.", count=freed)


def _release(session: Session, group: MarkingGroup, user_id: int, actor: int) -> str:
    freed = people.release_held(session, group, user_id, actor_id=actor, at=now())
    return _("{count} responses went back to the queue.", count=freed)


def _move(session: Session, group: MarkingGroup, user_id: int, actor: int) -> str:
    target = find_group(session, whole("to") or 0)
    require(NEED, scope_of(target), what=mark_text("marking group"), name=str(target.id))
    freed = people.move_person(session, group, user_id, target, actor_id=actor, at=now())
    return _("Moved to {group}; {count} responses went back to the queue.", group=target.title, count=freed)


def _replace(session: Session, group: MarkingGroup, user_id: int, actor: int) -> str:
    people.replace_person(session, group, user_id, text("username", 100), actor_id=actor, at=now())
    return _("{name} has taken the place.", name=text("username", 100))


def _qualify(session: Session, group: MarkingGroup, user_id: int, actor: int) -> str:
    people.grant_gate(session, group, [user_id], Gate.QUALIFIED, actor_id=actor, at=now())
    return _("The person may mark live responses.")


def _train(session: Session, group: MarkingGroup, user_id: int, actor: int) -> str:
    people.grant_gate(session, group, [user_id], None, actor_id=actor, at=now())
    return _("The person begins the training again.")


_ACTIONS = {
    "quota": _quota, "pause": _pause, "resume": _resume, "leave": _leave, "release": _release, "move": _move,
    "replace": _replace, "qualify": _qualify, "train": _train,
}  # fmt: skip


@blueprint.get("/<int:group_id>/workload.xlsx")
@needs(NEED)
def group_workload(group_id: int) -> ResponseReturnValue:
    """Who marked how much of this group."""
    with services().database.read() as session:
        group = find(session, group_id, NEED)
        loads = workload(session, group.exam_id, [group.id])
    return _workbook(loads, f"{group.paper_title}-{group.title}")


@blueprint.get("/workload/<exam_key>.xlsx")
@needs(NEED)
def exam_workload(exam_key: str) -> ResponseReturnValue:
    """Who marked how much of a whole exam."""
    with services().database.read() as session:
        exam = whole_exam(session, exam_key, NEED)
        loads = workload(session, exam.id)
    return _workbook(loads, exam.title)


def _workbook(loads: list[Load], name: str) -> Response:
    return workbook_file(workload_tables(loads), f"{_('Workload')}-{name}")
