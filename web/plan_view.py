"""What the plan pages say: gaps as sentences, choices by name, the workload as a table."""

from collections.abc import Iterable
from datetime import datetime

from marking.plan.feasible import Gap, Why
from marking.plan.workload import Load, by_school
from marking.tasks.groups import TaskRole
from models.errors import Sentence, mark_text
from models.table import Cell, Table
from models.words import Boundary, ChoosePolicy, Compare, Gate, MemberState, ScriptUse
from web.i18n import _

_WHY = {
    Why.NOBODY: mark_text("too few people have this role"),
    Why.OWN_SCHOOL: mark_text("the only ones left are of the candidates' own school"),
    Why.INVOLVED: mark_text("everybody left has marked these responses before"),
    Why.QUOTA: mark_text("everybody left has reached the quota"),
}
BOUNDARIES = {
    Boundary.INCLUSIVE: mark_text("a difference equal to the tolerance still settles"),
    Boundary.STRICT: mark_text("only a smaller difference settles"),
}
COMPARES = {
    Compare.TOTAL: mark_text("the totals are compared"),
    Compare.EACH: mark_text("each part is compared"),
    Compare.BOTH: mark_text("the total and each part are compared"),
}
POLICIES = {
    ChoosePolicy.FIRST_IN_PAPER_ORDER.value: mark_text("the first answered ones in the order of the paper count"),
    ChoosePolicy.MARKED_ONLY.value: mark_text("only those count whose numbers are filled in"),
    ChoosePolicy.BEST_OF.value: mark_text("the best ones count"),
    ChoosePolicy.ZERO_IF_MULTI.value: mark_text("nothing counts where too many are filled in"),
    ChoosePolicy.MANUAL.value: mark_text("a person decides which count"),
}
STATES = {
    MemberState.ACTIVE: mark_text("taking part"),
    MemberState.PAUSED: mark_text("paused"),
    MemberState.LEFT: mark_text("left the group"),
}
USES = {
    ScriptUse.TRIAL: mark_text("trial"),
    ScriptUse.PRACTICE: mark_text("practice"),
    ScriptUse.QUALIFICATION: mark_text("qualification"),
    ScriptUse.SEED: mark_text("seed"),
    ScriptUse.EXEMPLAR: mark_text("example"),
    ScriptUse.ERROR: mark_text("typical error"),
}
GATES = {
    Gate.PRACTICE: mark_text("practising"),
    Gate.QUALIFICATION: mark_text("qualifying"),
    Gate.QUALIFIED: mark_text("qualified"),
    Gate.REFUSED: mark_text("not qualified"),
}
_REASONS = {"seeds": mark_text("failed seed scripts")}


def reason_said(reason: str) -> str:
    """Why somebody is paused; the reasons of the system itself are said in the language of the page."""
    return _(_REASONS[reason]) if reason in _REASONS else reason


def gap_sentence(gap: Gap) -> Sentence:
    """One gap of a plan in words."""
    role = mark_text("leader") if gap.role is TaskRole.LEADER else mark_text("marker")
    return Sentence(
        mark_text("{school}: {responses} responses have nobody for mark {round} ({role}): {why}."),
        {
            "school": gap.school,
            "responses": gap.responses,
            "round": gap.round,
            "role": Sentence(role),
            "why": Sentence(_WHY[gap.why]),
        },
    )


def gap_sentences(gaps: Iterable[Gap]) -> list[Sentence]:
    """Several gaps."""
    return [gap_sentence(gap) for gap in gaps]


def workload_tables(loads: list[Load]) -> dict[str, Table]:
    """The workload by teacher and by school, under headings in the language of the page."""
    rounds = sorted({round_ for load in loads for round_ in load.rounds})
    names = [_("Leader's marks") if round_ == 0 else _("Mark {round}", round=round_) for round_ in rounds]
    counts = (_("Responses"), *names, _("Marks"), _("Changed marks"), _("Seeds and repeats"), _("Training"), _("Hours"))
    where = (_("Paper"), _("Marking group"))
    people = Table(
        (_("School"), _("Name"), _("User name"), *where, *counts, _("First mark"), _("Last mark")),
        tuple(
            (
                load.school, load.name, load.username, load.paper, load.group, *_numbers(load, rounds),
                _moment(load.first), _moment(load.last),
            )
            for load in loads
        ),
    )  # fmt: skip
    schools = Table(
        (_("School"), _("Teachers"), *where, *counts),
        tuple((load.school, load.people, load.paper, load.group, *_numbers(load, rounds)) for load in by_school(loads)),
    )
    return {_("By teacher"): people, _("By school"): schools}


def _numbers(load: Load, rounds: list[int]) -> tuple[Cell, ...]:
    by_round = [load.rounds.get(round_, 0) for round_ in rounds]
    return (load.scripts, *by_round, load.marks, load.changed, load.hidden, load.training, round(load.hours, 2))


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")
