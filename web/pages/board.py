"""The board of a marking group, for its leaders and the exam's manager; markers see nothing of it.

Markers are on it by name, candidates are not: no mark of one response stands here.
"""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from marking.quality.board import Board, MarkerFigures
from marking.tasks.groups import MarkingGroup
from marking.tasks.members import find_members
from models.columns import now
from models.errors import NotFound, mark_text
from models.points import show_points
from models.words import MemberState
from web import board_view
from web.access.guard import needs
from web.access.permissions import Permission
from web.access.services import services
from web.downloads import table_file
from web.i18n import _
from web.leading import find, tabs_of
from web.marking_desk import desk
from web.plan_view import STATES, reason_said

blueprint = Blueprint("board", __name__, url_prefix="/marking")

NEED = Permission.WATCH_MARKING


def board_of(session: Session, group: MarkingGroup) -> Board:
    """The board that everybody who looks shares."""
    return desk().boards.of(session, group, now())


@blueprint.get("/<int:group_id>/board")
@needs(NEED)
def show(group_id: int) -> ResponseReturnValue:
    """The whole group: progress, rates, whom to look at, every marker."""
    with services().database.read() as session:
        group = find(session, group_id, NEED)
        board = board_of(session, group)
        members = find_members(session, group_id)
    lines = dict(_numbered(board))
    alerts = [
        (alert, None if alert.marker is None else lines[alert.marker]) for alert in board_view.weightiest(board.alerts)
    ]
    return render_template(
        "leading/board.html",
        group=group,
        tabs=tabs_of(group),
        full_mark=show_points(group.full_mark),
        board=board,
        alerts=alerts,
        members=members,
        view=board_view,
        whiskers=board_view.whiskers(board),
        shares=board_view.share_picture(board) if board.scale_points else None,
        states=STATES,
        reason_said=reason_said,
        MemberState=MemberState,
    )


@blueprint.get("/<int:group_id>/board.<kind>")
@needs(NEED)
def file(group_id: int, kind: str) -> ResponseReturnValue:
    """Every figure of every marker as a table."""
    with services().database.read() as session:
        group = find(session, group_id, NEED)
        board = board_of(session, group)
    name = f"{group.paper_title}-{group.title}-{_('Board')}"
    return table_file(board_view.marker_table(board), kind, name)


@blueprint.get("/<int:group_id>/board/<int:user_id>")
@needs(NEED)
def marker(group_id: int, user_id: int) -> ResponseReturnValue:
    """One marker beside the group."""
    with services().database.read() as session:
        group = find(session, group_id, NEED)
        board = board_of(session, group)
        members = find_members(session, group_id)
    line = next((each for each in board.markers if each.user_id == user_id), None)
    if line is None:
        raise NotFound(what=mark_text("marker"), name=str(user_id))
    numbers = {each.user_id: number for number, each in _numbered(board)}
    return render_template(
        "leading/marker.html",
        group=group,
        tabs=tabs_of(group),
        board=board,
        line=line,
        member=members.get(user_id),
        view=board_view,
        whisker_mark=board_view.whiskers(board).get(user_id),
        shares=board_view.share_picture(board, line) if board.scale_points else None,
        drift=board_view.drift_picture(board, numbers[user_id]) if user_id in numbers else None,
        states=STATES,
        reason_said=reason_said,
        MemberState=MemberState,
    )


def _numbered(board: Board) -> list[tuple[int, MarkerFigures]]:
    by_user = {line.user_id: line for line in board.markers}
    return [(number, by_user[user_id]) for number, user_id in enumerate(board.marks.user_ids)]
