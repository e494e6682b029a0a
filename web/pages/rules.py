"""The rule sheet of a group's paper: to read, to print, and to sign before formal marking."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from marking.plan.rule_sheet import needs_signature, rule_sheet, sign
from marking.tasks.groups import MarkingGroup
from models.errors import InputRefused, mark_text
from models.exam import ExamRecord
from web.access.guard import current_user, may, needs
from web.access.permissions import Permission
from web.access.services import services
from web.i18n import _
from web.leading import act, back, find, tabs_of
from web.marking_desk import scope_of
from web.plan_view import BOUNDARIES, COMPARES, POLICIES

blueprint = Blueprint("rules", __name__, url_prefix="/marking/<int:group_id>/rules")

NEED = Permission.PLAN_MARKING


class NothingToSign(InputRefused):
    """Somebody signs who leads none of the groups on the sheet."""

    code = "rules.nothing_to_sign"
    sentence = mark_text("You lead none of the groups on this sheet.")
    remedy = mark_text("Ask the leader of the marking group to sign.")
    http_status = 403


@blueprint.get("")
@needs(NEED)
def show(group_id: int) -> ResponseReturnValue:
    """The sheet of the whole paper."""
    with services().database.read() as session:
        group = find(session, group_id, NEED)
        sheet = rule_sheet(session, group.paper_id)
        exam = session.get_one(ExamRecord, group.exam_id)
    return render_template(
        "leading/rules.html",
        group=group,
        tabs=tabs_of(group),
        exam=exam,
        sheet=sheet,
        rules=sheet.document["rules"],
        own=_own(sheet.groups),
        signed={each for signature in sheet.current for each in signature.group_ids},
        needs_signature=needs_signature,
        boundaries=BOUNDARIES,
        compares=COMPARES,
        policies=POLICIES,
    )


@blueprint.post("/sign")
@needs(NEED)
def sign_sheet(group_id: int) -> ResponseReturnValue:
    """Sign for every group of the paper that the person leads."""

    def do(session: Session, group: MarkingGroup, actor: int) -> str:
        sheet = rule_sheet(session, group.paper_id)
        own = _own(sheet.groups)
        if not own:
            raise NothingToSign
        signed = sign(session, sheet, [each.id for each in own], name=current_user().name, user_id=actor)
        return _("Signed: sheet {sha}.", sha=signed.sha[:12])

    act(group_id, NEED, do)
    return back("rules.show", group_id=group_id)


def _own(groups: tuple[MarkingGroup, ...]) -> list[MarkingGroup]:
    return [group for group in groups if may(Permission.LEAD_GROUP, scope_of(group))]
