"""Statistics of a paper: for the whole county, or for one school that sees only its own.

They are derived, so every page brings them up to date first: nobody has to remember a button. Whoever may see the whole
paper sees them grow; a school, like a student, sees nothing before the paper is composed.
"""

from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from marking.reports import exports
from marking.setup.structure import find_paper_by_id
from models.audit import record
from models.errors import Forbidden, NotFound, mark_text
from models.exam import ExamRecord, PaperRecord
from models.people import Candidate, School
from models.score import StatisticsRun
from models.words import AuditVerb, PaperState
from web.access.guard import current_user, may, needs
from web.access.objects import FoundPaper, paper_part
from web.access.permissions import PERMISSIONS_OF, Permission
from web.access.policy import Scope, allowed, reaches
from web.access.services import services
from web.background import refresh_statistics
from web.downloads import table_file
from web.group_progress import group_lines
from web.results import is_open
from web.statistics_view import (
    OTHER_CHOICES,
    UNIT_COLUMNS,
    candidate_table,
    distribution_chart,
    item_kinds,
    item_table,
    items_chart,
    schools_chart,
    totals,
    unit_table,
    view_of,
)

blueprint = Blueprint("statistics", __name__, url_prefix="/statistics")


class NotReady(Forbidden):
    """A table that a school asks for before the paper is composed."""

    code = "results.not_ready"
    sentence = mark_text("The results of this paper are not ready yet.")
    remedy = mark_text("Schools see them once the scores of the paper are composed.")


@dataclass(frozen=True, slots=True)
class Listed:
    """A paper in the list: which exam, whether it was computed, and the schools whose pages the person may open.

    `later` where these pages stay shut until the paper is composed.
    """

    exam: ExamRecord
    paper: PaperRecord
    computed: bool
    whole: bool
    schools: tuple[School, ...]
    later: bool


@blueprint.get("")
@needs(Permission.SEE_STATISTICS)
def index() -> ResponseReturnValue:
    """Every paper whose statistics the person may see, wholly or for a school."""
    grants = current_user().grants
    with services().database.read() as session:
        computed = set(session.scalars(select(StatisticsRun.paper_id).distinct()))
        rows = session.execute(
            select(ExamRecord, PaperRecord)
            .join(PaperRecord, PaperRecord.exam_id == ExamRecord.id)
            .order_by(ExamRecord.created_at.desc(), ExamRecord.id.desc(), PaperRecord.position)
        ).all()
        schools = {school.id: school for school in session.scalars(select(School))}
    listed = []
    for exam, paper in rows:
        scope = Scope(exam_id=exam.id, paper_id=paper.id)
        if not reaches(grants, Permission.SEE_STATISTICS, scope):
            continue
        own = [schools[each] for each in _own_schools(scope) if each in schools]
        listed.append(
            Listed(
                exam,
                paper,
                paper.id in computed,
                bool(allowed(grants, Permission.SEE_STATISTICS, scope)),
                tuple(own),
                _is_held_back(FoundPaper(exam, paper)),
            )
        )
    return render_template("statistics/index.html", listed=listed)


def _own_schools(scope: Scope) -> list[int]:
    """Schools that the person's grants name for this paper."""
    found = []
    for grant in current_user().grants:
        school_id = grant.scope.school_id
        if school_id is None or Permission.SEE_STATISTICS not in PERMISSIONS_OF[grant.role]:
            continue
        of_school = Scope(exam_id=scope.exam_id, paper_id=scope.paper_id, school_id=school_id)
        if allowed([grant], Permission.SEE_STATISTICS, of_school):
            found.append(school_id)
    return list(dict.fromkeys(found))


@blueprint.get("/<exam_key>/<paper_key>")
@needs(Permission.SEE_STATISTICS)
def paper(exam_key: str, paper_key: str) -> ResponseReturnValue:
    """The statistics of a whole paper."""
    return _page(exam_key, paper_key, None)


@blueprint.get("/<exam_key>/<paper_key>/schools/<int:school_id>")
@needs(Permission.SEE_STATISTICS)
def school(exam_key: str, paper_key: str, school_id: int) -> ResponseReturnValue:
    """The statistics of one school in a paper."""
    return _page(exam_key, paper_key, school_id)


@blueprint.get("/<exam_key>/<paper_key>/<table>.<kind>")
@needs(Permission.SEE_STATISTICS)
def download(exam_key: str, paper_key: str, table: str, kind: str) -> ResponseReturnValue:
    """A table of the whole paper as a file."""
    return _file(exam_key, paper_key, None, table, kind)


@blueprint.get("/<exam_key>/<paper_key>/schools/<int:school_id>/<table>.<kind>")
@needs(Permission.SEE_STATISTICS)
def school_download(exam_key: str, paper_key: str, school_id: int, table: str, kind: str) -> ResponseReturnValue:
    """A table of one school as a file."""
    return _file(exam_key, paper_key, school_id, table, kind)


def _find(session: Session, exam_key: str, paper_key: str, school_id: int | None) -> tuple[FoundPaper, School | None]:
    """The paper and school, where the person may see exactly this part. Raises NotFound."""
    found = paper_part(session, exam_key, paper_key, Permission.SEE_STATISTICS)
    scope = Scope(exam_id=found.exam.id, paper_id=found.paper.id, school_id=school_id)
    if not may(Permission.SEE_STATISTICS, scope):
        raise NotFound(what=mark_text("paper"), name=f"{exam_key}/{paper_key}")
    if school_id is None:
        return found, None
    school = session.get(School, school_id)
    sits = session.scalar(
        select(Candidate.id).where(Candidate.exam_id == found.exam.id, Candidate.school_id == school_id).limit(1)
    )
    if school is None or sits is None:
        raise NotFound(what=mark_text("school"), name=school_id)
    return found, school


def _is_held_back(found: FoundPaper) -> bool:
    """Whether the person has to wait: the paper is not composed, and only a part of it is theirs to see."""
    return not is_open(found.paper) and not may(Permission.SEE_STATISTICS, found.scope)


def _page(exam_key: str, paper_key: str, school_id: int | None) -> str:
    with services().database.read() as session:
        found, school = _find(session, exam_key, paper_key, school_id)
    if _is_held_back(found):
        return render_template("statistics/later.html", exam=found.exam, paper=found.paper, school=school)
    view = view_of(refresh_statistics(services(), found.paper.id), school)
    with services().database.read() as session:
        groups = group_lines(session, [found.paper.id])[found.paper.id] if school is None else []
        if view is None:
            return render_template("statistics/none.html", exam=found.exam, paper=found.paper, groups=groups)
        values = totals(session, found.paper.id, school_id)
        kinds = item_kinds(session, found.paper.id)
        ids = {each.name: each.id for each in session.scalars(select(School))} if school is None else {}
        people = candidate_table(session, found.paper, school_id) if school is not None else None
    charts = {"distribution": distribution_chart(values, found.paper.full_mark) if len(values) else None}
    charts["items"] = items_chart(view.items) if view.items else None
    overall_mean = view.overall.get("mean")
    charts["schools"] = schools_chart(view.schools, overall_mean) if school is None and view.schools else None
    return render_template(
        "statistics/paper.html",
        exam=found.exam,
        paper=found.paper,
        view=view,
        charts=charts,
        kinds=kinds,
        columns=UNIT_COLUMNS,
        other_choices=OTHER_CHOICES,
        school_ids=ids,
        people=people,
        groups=groups,
        provisional=found.paper.state is not PaperState.COMPOSED,
    )


def _file(exam_key: str, paper_key: str, school_id: int | None, table: str, kind: str) -> ResponseReturnValue:
    with services().database.read() as session:
        found, school = _find(session, exam_key, paper_key, school_id)
    if _is_held_back(found):
        raise NotReady
    view = view_of(refresh_statistics(services(), found.paper.id), school)
    with services().database.read() as session:
        if table == "candidates":
            content = candidate_table(session, found.paper, school_id)
        elif table == "scores":
            content = exports.scores(session, find_paper_by_id(session, found.paper.id), exports.Scope(school_id))
        elif table == "responses" and school is None:
            content = exports.responses(session, found.exam, found.paper.key)
        elif view is None or table not in ("schools", "classes", "items"):
            raise NotFound(what=mark_text("table"), name=table[:60])
        elif table == "items":
            content = item_table(view.items)
        else:
            content = unit_table(view.classes if table == "classes" else view.schools, classes=table == "classes")
    if table in ("candidates", "scores", "responses"):  # these name persons
        user, place = current_user(), f"exam:{exam_key}"
        with services().database.write() as session:
            record(
                session, AuditVerb.EXPORTED, place, actor_id=user.id, actor=user.username, what=table, paper=paper_key
            )
    name = f"{exam_key}-{paper_key}-{table}" + (f"-{school.name}" if school is not None else "")
    return table_file(content, kind, name)
