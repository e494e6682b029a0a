"""Why a change of a marking plan is not made."""

from models.errors import Conflict, InputRefused, mark_text


class PlanLocked(Conflict):
    """Formal marking has begun, and what decides how marks settle is fixed."""

    code = "plan.locked"
    sentence = mark_text("Formal marking of {group} has begun: {what} can no longer be changed here.")
    remedy = mark_text("Use “Change the tolerance” on the plan page; it shows first what a change would do.")


class PlanRefused(InputRefused):
    """A value of the plan is not possible."""

    code = "plan.refused"
    sentence = mark_text("The plan was not changed: {why}.")
    remedy = mark_text("Correct the value and save again.")


class ReasonMissing(InputRefused):
    """A step that needs a reason came without one."""

    code = "plan.reason_missing"
    sentence = mark_text("This step is written down with its reason, and none was given.")
    remedy = mark_text("Say in a few words why, and do it again.")


class PersonUnknown(InputRefused):
    """Somebody is named who cannot take part here."""

    code = "plan.person_unknown"
    sentence = mark_text("{name} has no account in this exam that could mark.")
    remedy = mark_text("Import the person with the staff table first.")
