"""What an exam or paper may advance to, and what stands in the way (design.md 4)."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marking.plan.feasible import Why, check_group
from marking.plan.rule_sheet import rule_sheet, sign
from marking.tasks.groups import find_groups
from models.audit import record
from models.card import Card
from models.errors import Complaint, Complaints, InputRefused, Sentence, mark_text
from models.exam import ExamRecord, GroupRecord, PaperRecord
from models.people import Candidate, PaperEntry
from models.score import PaperScore
from models.sheet import SheetException
from models.staff import Grant
from models.task import GroupScore, MarkingTask
from models.words import (
    AuditVerb,
    EntryStatus,
    ExamState,
    ExceptionCode,
    ExceptionState,
    MarkingMode,
    PaperState,
    Role,
    TaskKind,
    TaskState,
)

# how many different people one response needs before its first marks can settle
_MARKERS_NEEDED = {
    MarkingMode.DOUBLE: 2,
    MarkingMode.DOUBLE_THIRD: 2,
    MarkingMode.DOUBLE_LEADER: 2,
}
# nobody marks a response twice: who may have to give the third mark, or to decide after another leader's mark
_MARKERS_TO_END = _MARKERS_NEEDED | {MarkingMode.DOUBLE_THIRD: 3}
_LEADERS_TO_END = {MarkingMode.LEADER_CHECK: 2, MarkingMode.DOUBLE_LEADER: 2}


class AdvanceBlocked(InputRefused):
    """Something has to be done first."""

    code = "state.blocked"
    sentence = mark_text("{what} cannot become {state} yet: {complaints}")
    remedy = mark_text("Do what is named, then try again.")
    http_status = 409


def paper_blockers(
    session: Session, paper: PaperRecord, target: PaperState, *, signature_needed: bool = True
) -> Complaints:
    """Everything that stands between a paper and a state; empty when nothing does.

    Without `signature_needed` an unsigned rule sheet is none of it: where a signature cannot be given, at the server.
    """
    order = list(PaperState)
    found: list[Complaint] = []

    def block(template: str, **values: object) -> None:
        found.append(Complaint("", Sentence(template, values)))

    if order.index(target) <= order.index(paper.state):
        block(mark_text("the paper is already {state}."), state=paper.state)
        return Complaints(found)
    reached = order.index(target)
    if reached >= order.index(PaperState.CARD_APPROVED) and not session.scalar(
        select(func.count()).select_from(Card).where(Card.paper_id == paper.id)
    ):
        block(mark_text("it has no answer card."))
    if reached >= order.index(PaperState.SCANNING) and not session.scalar(
        select(func.count()).select_from(PaperEntry).where(PaperEntry.paper_id == paper.id)
    ):
        block(mark_text("no candidate is on its roster."))
    if reached >= order.index(PaperState.TRIAL_MARKING):
        for _group, title, missing in _missing(session, paper.id, Role.MARKER, _MARKERS_NEEDED):
            block(mark_text("{group} needs {count} more markers."), group=title, count=missing)
    if reached >= order.index(PaperState.FORMAL_MARKING):
        begins = order.index(paper.state) < order.index(PaperState.FORMAL_MARKING)  # later it may be opened again
        if begins and session.get_one(ExamRecord, paper.exam_id).state is ExamState.DRAFT:
            block(mark_text("the roster of the exam is not locked."))
        for group in rule_sheet(session, paper.id).unsigned if signature_needed else ():
            block(mark_text("the rule sheet is not signed for {group}."), group=group.title)
    if reached >= order.index(PaperState.SUBJECT_SIGNED):
        _block_unfinished(session, paper.id, block)
    if reached >= order.index(PaperState.COMPOSED):
        unscored = session.scalar(
            select(func.count())
            .select_from(PaperEntry)
            .outerjoin(PaperScore, PaperScore.entry_id == PaperEntry.id)
            .where(PaperEntry.paper_id == paper.id, PaperScore.total.is_(None))
            .where(PaperEntry.status.in_((EntryStatus.PRESENT, EntryStatus.BLANK)) | PaperEntry.status.is_(None))
        )
        if unscored:
            block(mark_text("{count} candidates have neither a total nor a status that explains it."), count=unscored)
    return Complaints(found)


def _missing(
    session: Session, paper_id: int, role: Role, needed: Mapping[MarkingMode, int]
) -> list[tuple[int, str, int]]:
    """Marking groups with fewer people in a role than their mode needs: row id, title, how many are missing."""
    exam_id = session.scalar(select(PaperRecord.exam_id).where(PaperRecord.id == paper_id))
    people = (
        select(GroupRecord.id, func.count(func.distinct(Grant.user_id)).label("count"))
        .join(
            Grant,
            (Grant.role == role)
            & (Grant.exam_id == exam_id)
            & (Grant.paper_id.is_(None) | (Grant.paper_id == GroupRecord.paper_id))
            & (Grant.group_id.is_(None) | (Grant.group_id == GroupRecord.id)),
        )
        .where(GroupRecord.paper_id == paper_id)
        .group_by(GroupRecord.id)
        .subquery()
    )
    rows = session.execute(
        select(GroupRecord.id, GroupRecord.title, GroupRecord.mode, func.coalesce(people.c.count, 0))
        .outerjoin(people, people.c.id == GroupRecord.id)
        .where(GroupRecord.paper_id == paper_id)
        .order_by(GroupRecord.position)
    )
    return [
        (group_id, title, needed.get(mode, 1) - count)
        for group_id, title, mode, count in rows
        if count < needed.get(mode, 1)
    ]


def paper_warnings(session: Session, paper: PaperRecord, target: PaperState) -> Complaints:
    """What stops no step but should be known before marking opens: responses that nobody may mark."""
    if target not in (PaperState.TRIAL_MARKING, PaperState.FORMAL_MARKING):
        return Complaints()
    return Complaints(
        Complaint(
            "",
            Sentence(
                mark_text("nobody may give mark {round} of {group} to the {count} responses of {school}."),
                {"round": gap.round, "group": group.title, "count": gap.responses, "school": gap.school},
            ),
        )
        for group in find_groups(session, paper_id=paper.id)
        for gap in check_group(session, group).blocking
        if gap.why is not Why.NOBODY  # too few markers altogether block the step
    )


def sign_at_the_desk(session: Session, paper: PaperRecord, *, name: str, actor: str) -> str:
    """Write down that somebody has signed the printed rule sheet, for every group that waits for a signature.

    `name` is the signer, `actor` whoever runs the command and says so. Answers the SHA-256 of the sheet, or an empty
    text where no group waits for a signature.
    """
    sheet = rule_sheet(session, paper.id)
    if not sheet.unsigned:
        return ""
    sign(session, sheet, [group.id for group in sheet.unsigned], name=name, actor=actor)
    return sheet.sha


def _too_few_people(session: Session, paper_id: int, block: Callable[..., None]) -> None:
    """Say where tasks are left that nobody may ever take."""
    left: set[tuple[int, str]] = {
        (group_id, role)
        for group_id, role in session.execute(
            select(MarkingTask.group_id, MarkingTask.role)
            .join(GroupRecord, GroupRecord.id == MarkingTask.group_id)
            .where(GroupRecord.paper_id == paper_id, MarkingTask.kind == TaskKind.LIVE)
            .where(MarkingTask.state == TaskState.OPEN)
            .where((MarkingTask.role == Role.LEADER.value) | (MarkingTask.round > 2))
            .distinct()
        )
    }
    for group_id, title, missing in _missing(session, paper_id, Role.MARKER, _MARKERS_TO_END):
        if (group_id, Role.MARKER.value) in left:
            block(mark_text("{group} needs {count} more markers: nobody marks a response twice."),
                  group=title, count=missing)  # fmt: skip
    for group_id, title, missing in _missing(session, paper_id, Role.LEADER, _LEADERS_TO_END):
        if (group_id, Role.LEADER.value) in left:
            block(mark_text("{group} needs {count} more leaders: nobody decides a response that they have marked."),
                  group=title, count=missing)  # fmt: skip


def _block_unfinished(session: Session, paper_id: int, block: Callable[..., None]) -> None:
    unknown = session.scalar(
        select(func.count()).select_from(PaperEntry).where(PaperEntry.paper_id == paper_id, PaperEntry.status.is_(None))
    )
    if unknown:
        block(mark_text("of {count} candidates nobody knows yet what became of their sheets."), count=unknown)
    groups = select(GroupRecord.id).where(GroupRecord.paper_id == paper_id)
    unmarked = session.scalar(
        select(func.count())
        .select_from(MarkingTask)
        .where(MarkingTask.group_id.in_(groups), MarkingTask.kind == TaskKind.LIVE)
        .where(MarkingTask.state.in_((TaskState.OPEN, TaskState.LEASED)))
    )
    if unmarked:
        block(mark_text("{count} marking tasks are not done."), count=unmarked)
        _too_few_people(session, paper_id, block)
    problems = session.scalar(
        select(func.count())
        .select_from(MarkingTask)
        .where(MarkingTask.group_id.in_(groups), MarkingTask.state == TaskState.PROBLEM)
    )
    if problems:
        block(mark_text("{count} problem responses wait for their leader."), count=problems)
    settled = select(GroupScore.entry_id, GroupScore.group_id).where(GroupScore.group_id.in_(groups)).subquery()
    unsettled = session.scalar(
        select(func.count(func.distinct(MarkingTask.entry_id)))
        .outerjoin(settled, (settled.c.entry_id == MarkingTask.entry_id) & (settled.c.group_id == MarkingTask.group_id))
        .where(MarkingTask.group_id.in_(groups), MarkingTask.kind == TaskKind.LIVE)
        .where(MarkingTask.state == TaskState.DONE, settled.c.entry_id.is_(None))
    )
    if unsettled:
        block(mark_text("{count} candidates have marks that have not settled."), count=unsettled)
    waiting = session.scalar(
        select(func.count())
        .select_from(SheetException)
        .where(SheetException.paper_id == paper_id, SheetException.state == ExceptionState.OPEN)
        .where(SheetException.code.not_in((ExceptionCode.OUTSIDE_FRAME, ExceptionCode.POOR_IMAGE)))  # notes, no work
    )
    if waiting:
        block(mark_text("{count} exceptions wait for a person."), count=waiting)


def advance_paper(
    session: Session, paper: PaperRecord, target: PaperState, *, actor: str = "", signature_needed: bool = True
) -> tuple[str, ...]:
    """Take a paper to a later state; answers the titles of the groups whose rule sheet nobody has signed.

    Raises AdvanceBlocked listing everything in the way. Without `signature_needed` the step is taken unsigned, and the
    log says so.
    """
    blockers = paper_blockers(session, paper, target, signature_needed=signature_needed)
    if blockers:
        raise AdvanceBlocked(what=paper.title, state=target, complaints=blockers)
    unsigned: tuple[str, ...] = ()
    if list(PaperState).index(target) >= list(PaperState).index(PaperState.FORMAL_MARKING):
        unsigned = tuple(group.title for group in rule_sheet(session, paper.id).unsigned)
    before, paper.state = paper.state, target
    detail: dict[str, Any] = {"before": before.value, "after": target.value} | (
        {"unsigned": list(unsigned)} if unsigned else {}
    )
    record(session, AuditVerb.PAPER_ADVANCED, f"paper:{paper.id}", actor=actor, **detail)
    return unsigned


def exam_blockers(session: Session, exam: ExamRecord, target: ExamState) -> Complaints:
    """Everything that stands between an exam and a state."""
    found: list[Complaint] = []

    def block(template: str, **values: object) -> None:
        found.append(Complaint("", Sentence(template, values)))

    if target is ExamState.DRAFT and exam.state is ExamState.ROSTER_LOCKED:
        return Complaints()  # a late candidate: the roster may be opened again until scores are released
    if target is ExamState.RELEASED:
        block(mark_text("scores are released in the browser, by two persons."))
    order = list(ExamState)
    if order.index(target) <= order.index(exam.state):
        block(mark_text("the exam is already {state}."), state=exam.state)
    if target is ExamState.ARCHIVED and exam.state is not ExamState.RELEASED:
        block(mark_text("its scores have not been released."))
    if not session.scalar(select(func.count()).select_from(Candidate).where(Candidate.exam_id == exam.id)):
        block(mark_text("no candidate is on its roster."))
    return Complaints(found)


def advance_exam(session: Session, exam: ExamRecord, target: ExamState, *, actor: str = "") -> None:
    """Take an exam to another state. Raises AdvanceBlocked listing everything in the way."""
    blockers = exam_blockers(session, exam, target)
    if blockers:
        raise AdvanceBlocked(what=exam.title, state=target, complaints=blockers)
    before, exam.state = exam.state, target
    record(session, AuditVerb.EXAM_ADVANCED, f"exam:{exam.key}", actor=actor, before=before.value, after=target.value)


def check_scanning(session: Session, paper: PaperRecord, *, approves: bool) -> None:
    """Whether a delivery of scans may be taken in: the card is approved, or whoever brings the delivery `approves` it.

    Raises AdvanceBlocked listing everything in the way.
    """
    order = list(PaperState)
    if order.index(paper.state) >= order.index(PaperState.SCANNING):
        return
    blockers = paper_blockers(session, paper, PaperState.SCANNING)
    if paper.state is PaperState.DRAFT and not approves:
        blockers = Complaints([Complaint("", Sentence(mark_text("its answer card is not approved."))), *blockers])
    if blockers:
        raise AdvanceBlocked(what=paper.title, state=PaperState.SCANNING, complaints=blockers)


def begin_scanning(session: Session, paper: PaperRecord, *, actor: str = "") -> bool:
    """The first batch takes a paper to scanning by itself; later states stay.

    A card that nobody has approved is approved by whoever brings the first batch, and the step is written down as
    such; answers whether that was so.
    """
    order = list(PaperState)
    if order.index(paper.state) >= order.index(PaperState.SCANNING):
        return False
    approved = paper.state is PaperState.DRAFT
    steps = [PaperState.CARD_APPROVED, PaperState.SCANNING] if approved else [PaperState.SCANNING]
    for target in steps:
        before, paper.state = paper.state, target
        record(
            session, AuditVerb.PAPER_ADVANCED, f"paper:{paper.id}", actor=actor, before=before.value,
            after=target.value, by="first batch",
        )  # fmt: skip
    return approved
