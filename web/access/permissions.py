"""The closed list of what a person may do, and which role brings which permission.

A permission names an action in one area of the house. Where it may be used is a matter of scope
(web/access/policy.py). Each permission guards at least one route; a test holds the list closed.
"""

from enum import StrEnum

from models.errors import mark_text
from models.words import Role


class Permission(StrEnum):
    """One thing that a route asks for."""

    SEE_EXAM = "exam.see"
    CREATE_EXAM = "exam.create"
    ADVANCE = "exam.advance"
    IMPORT_PEOPLE = "people.import"
    SEE_CARD = "card.see"
    SCAN = "scan.add"
    SEE_SCANS = "scan.see"
    RESOLVE_EXCEPTION = "exception.resolve"
    MARK_RESPONSE = "mark.give"
    LEAD_GROUP = "mark.lead"
    PLAN_MARKING = "mark.plan"
    WATCH_MARKING = "mark.watch"
    SEE_STATISTICS = "statistics.see"
    SEE_OWN_RESULT = "result.own"
    SEE_STATUS = "status.see"
    SEE_METRICS = "metrics.see"


# Whoever manages the system cannot mark, see the marks of a person or change a score; markers see crops only.
PERMISSIONS_OF: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset({Permission.SEE_STATUS, Permission.SEE_METRICS}),
    Role.EXAM_MANAGER: frozenset(
        {
            Permission.SEE_EXAM,
            Permission.CREATE_EXAM,
            Permission.ADVANCE,
            Permission.IMPORT_PEOPLE,
            Permission.SEE_CARD,
            Permission.SCAN,
            Permission.SEE_SCANS,
            Permission.RESOLVE_EXCEPTION,
            Permission.PLAN_MARKING,
            Permission.WATCH_MARKING,
            Permission.SEE_STATISTICS,
            Permission.SEE_STATUS,
        }
    ),
    Role.SCANNER_OPERATOR: frozenset(
        {Permission.SEE_EXAM, Permission.SEE_CARD, Permission.SCAN, Permission.SEE_SCANS, Permission.RESOLVE_EXCEPTION}
    ),
    Role.MARKER: frozenset({Permission.MARK_RESPONSE}),
    Role.LEADER: frozenset(
        {Permission.MARK_RESPONSE, Permission.LEAD_GROUP, Permission.PLAN_MARKING, Permission.WATCH_MARKING}
    ),
    Role.SCHOOL: frozenset({Permission.SEE_STATISTICS}),
    Role.STUDENT: frozenset({Permission.SEE_OWN_RESULT}),
}

ROLE_NAMES: dict[Role, str] = {
    Role.ADMIN: mark_text("System administrator"),
    Role.EXAM_MANAGER: mark_text("Exam manager"),
    Role.SCANNER_OPERATOR: mark_text("Scanner operator"),
    Role.MARKER: mark_text("Marker"),
    Role.LEADER: mark_text("Group leader"),
    Role.SCHOOL: mark_text("School"),
    Role.STUDENT: mark_text("Student"),
}
