"""The closed lists of the domain: every state, kind and reason that has a fixed set of values.

A word here is the same word in the tables, in files, in URLs and in conversation (docs/glossary.md).
"""

from enum import StrEnum


class Lang(StrEnum):
    """A language that Kaiyue speaks; Chinese is the default."""

    ZH = "zh"
    EN = "en"


class ExamKind(StrEnum):
    """What sort of sitting an exam is; the compliance profile depends on it."""

    MOCK = "mock"
    FINAL = "final"
    MIDTERM = "midterm"
    MONTHLY = "monthly"
    MONITORING = "monitoring"
    ENTRANCE = "entrance"
    REHEARSAL = "rehearsal"


class ExamState(StrEnum):
    """Where an exam as a whole stands; papers advance each on their own."""

    DRAFT = "draft"
    ROSTER_LOCKED = "roster_locked"
    RELEASED = "released"
    ARCHIVED = "archived"


class PaperState(StrEnum):
    """Where one paper stands, in the order in which the states follow each other."""

    DRAFT = "draft"
    CARD_APPROVED = "card_approved"
    SCANNING = "scanning"
    TRIAL_MARKING = "trial_marking"
    FORMAL_MARKING = "formal_marking"
    SUBJECT_SIGNED = "subject_signed"
    COMPOSED = "composed"


class ItemKind(StrEnum):
    """How an item is answered on the card."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    JUDGE = "judge"
    WRITTEN = "written"
    ESSAY = "essay"

    @property
    def is_objective(self) -> bool:
        """Whether a rule, not a person, scores items of this kind."""
        return self in (ItemKind.SINGLE, ItemKind.MULTIPLE, ItemKind.JUDGE)


class NumberEntry(StrEnum):
    """How a sheet carries the candidate number."""

    BUBBLES = "bubbles"
    BARCODE = "barcode"
    BUBBLES_BARCODE = "bubbles+barcode"
    PREPRINTED = "preprinted"

    @property
    def has_bubbles(self) -> bool:
        """Whether candidates fill their number in as bubbles."""
        return self in (NumberEntry.BUBBLES, NumberEntry.BUBBLES_BARCODE)

    @property
    def has_barcode(self) -> bool:
        """Whether the card has a barcode (a sticker's place, or printed)."""
        return self is not NumberEntry.BUBBLES


class ChoosePolicy(StrEnum):
    """What counts when a candidate answers more of a choose-group than asked (domain.md 4.5)."""

    FIRST_IN_PAPER_ORDER = "first_in_paper_order"
    MARKED_ONLY = "marked_only"
    BEST_OF = "best_of"
    ZERO_IF_MULTI = "zero_if_multi"
    MANUAL = "manual"


class MarkingMode(StrEnum):
    """How many people mark one response, and how they settle (domain.md 3.1)."""

    SINGLE = "single"
    LEADER = "1+1"
    LEADER_CHECK = "1+1+1"
    DOUBLE = "2+adjudication"
    DOUBLE_THIRD = "2+1+adjudication"
    DOUBLE_LEADER = "2+1+1"


class Compare(StrEnum):
    """What two marks are compared by: the group total, each part, or both."""

    TOTAL = "total"
    EACH = "each"
    BOTH = "both"


class Boundary(StrEnum):
    """Whether a discrepancy equal to the tolerance still settles."""

    INCLUSIVE = "inclusive"
    STRICT = "strict"


class ScoreSource(StrEnum):
    """Where a settled score came from."""

    SINGLE = "single"
    DOUBLE = "double"
    THIRD = "third"
    THIRD_TIE = "third_tie"
    LEADER = "leader"
    ADJUDICATED = "adjudicated"
    SEED = "seed"
    BLANK = "blank"
    OBJECTIVE = "objective"
    CORRECTED = "corrected"


class NextMark(StrEnum):
    """Whose mark an unsettled response waits for."""

    SECOND = "second"
    THIRD = "third"
    LEADER = "leader"
    ADJUDICATION = "adjudication"


class Denominator(StrEnum):
    """Whom a rate divides by: those who sat, or all on the roster (domain.md 5.0)."""

    PRESENT = "present"
    ENROLLED = "enrolled"


class FieldKind(StrEnum):
    """What a field of bubbles on a card means."""

    DIGITS = "digits"
    FLAG = "flag"
    SINGLE = "single"
    MULTIPLE = "multiple"
    JUDGE = "judge"
    CHOOSE = "choose"
    VARIANT = "variant"
    JOINED = "joined"


class ReadingStatus(StrEnum):
    """Whether a value was read with certainty; a doubtful one goes to a person."""

    OK = "ok"
    DOUBTFUL = "doubtful"


class BubbleState(StrEnum):
    """The three-way decision about one bubble."""

    FILLED = "filled"
    EMPTY = "empty"
    DOUBTFUL = "doubtful"


class PageCode(StrEnum):
    """Why a page image could not be read; the code of its `_page` row."""

    UNREADABLE_FILE = "unreadable_file"
    TRUNCATED_IMAGE = "truncated_image"
    NOT_AN_IMAGE = "not_an_image"
    ENCRYPTED_FILE = "encrypted_file"
    TOO_LARGE = "too_large"
    BLANK_PAGE = "blank_page"
    UNREGISTERED = "unregistered"
    WRONG_CARD = "wrong_card"
    WRONG_VERSION = "wrong_version"
    POOR_FIT = "poor_fit"
    SEVERAL_SHEETS = "several_sheets"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"


class PageState(StrEnum):
    """Where a page image stands; placed, waiting and discarded are the three ends that balance."""

    RECEIVED = "received"
    READ = "read"
    PLACED = "placed"
    WAITING = "waiting"
    DISCARDED = "discarded"


class ExceptionCode(StrEnum):
    """Why a sheet needs a person (domain.md 2.5); pages that could not be read carry their PageCode as well."""

    NUMBER_MISSING = "E01"
    NUMBER_MULTIPLE = "E02"
    NUMBER_UNKNOWN = "E03"
    NUMBER_TWICE = "E04"
    NUMBER_CONFLICT = "E05"
    SIDES_INCOMPLETE = "E06"
    WRONG_CARD = "E07"
    UNREGISTERED = "E08"
    BLANK_SHEET = "E09"
    ABSENT_CONFLICT = "E10"
    NOT_SCANNED = "E11"
    OBJECTIVE_DOUBTFUL = "E12"
    CHOICE_DOUBTFUL = "E13"
    OUTSIDE_FRAME = "E14"
    POOR_IMAGE = "E15"

    @property
    def blocks_placement(self) -> bool:
        """Whether the page waits: nobody knows yet whose it is, or it cannot be read."""
        return self in _BLOCKS_PLACEMENT


_BLOCKS_PLACEMENT = frozenset(
    {
        ExceptionCode.NUMBER_MISSING,
        ExceptionCode.NUMBER_MULTIPLE,
        ExceptionCode.NUMBER_UNKNOWN,
        ExceptionCode.NUMBER_TWICE,
        ExceptionCode.NUMBER_CONFLICT,
        ExceptionCode.SIDES_INCOMPLETE,
        ExceptionCode.WRONG_CARD,
        ExceptionCode.UNREGISTERED,
    }
)


class ExceptionState(StrEnum):
    """Whether a person has dealt with an exception."""

    OPEN = "open"
    RESOLVED = "resolved"


class EntryStatus(StrEnum):
    """What became of one candidate in one paper; the values are disjoint and never merged."""

    PRESENT = "present"
    ABSENT = "absent"
    LOST = "lost"
    VIOLATION = "violation"
    BLANK = "blank"
    NOT_ENTERED = "not_entered"

    @property
    def has_score(self) -> bool:
        """Whether the candidate's work counts towards a score in this paper."""
        return self in (EntryStatus.PRESENT, EntryStatus.BLANK)


class ResponseStatus(StrEnum):
    """Where one candidate's answer to one item stands."""

    READ = "read"
    DOUBTFUL = "doubtful"
    CONFIRMED = "confirmed"


class TaskKind(StrEnum):
    """Why a marking task exists; only live tasks can reach a candidate's score."""

    LIVE = "live"
    SEED = "seed"
    REPEAT = "repeat"
    TRAINING = "training"


class TaskState(StrEnum):
    """Where a marking task stands."""

    OPEN = "open"
    LEASED = "leased"
    DONE = "done"
    PROBLEM = "problem"
    WITHDRAWN = "withdrawn"  # its image was replaced, or a leader has decided the response
    VOIDED = "voided"  # a leader took the mark away; whoever gave it never gets this response again


class TaskStage(StrEnum):
    """What a training task is for; every other task has none."""

    TRIAL = "trial"
    PRACTICE = "practice"
    QUALIFICATION = "qualification"


class MemberState(StrEnum):
    """Whether a person takes part in a marking group at this moment."""

    ACTIVE = "active"
    PAUSED = "paused"
    LEFT = "left"


class Gate(StrEnum):
    """How far a person has come towards live marking in a group that asks for qualification."""

    PRACTICE = "practice"
    QUALIFICATION = "qualification"
    QUALIFIED = "qualified"
    REFUSED = "refused"


class ScriptUse(StrEnum):
    """What a response that a leader has chosen is used for."""

    TRIAL = "trial"
    EXEMPLAR = "exemplar"
    ERROR = "error"
    PRACTICE = "practice"
    QUALIFICATION = "qualification"
    SEED = "seed"


class CheckResult(StrEnum):
    """What a leader found in back-reading."""

    WAITING = "waiting"
    AGREED = "agreed"
    CORRECTED = "corrected"


class ProblemReason(StrEnum):
    """Why a marker passes a response up instead of marking it (domain.md 2.7)."""

    BLURRED = "blurred"
    WRONG_PLACE = "wrong_place"
    OTHER_PAGE = "other_page"
    SUSPECTED = "suspected"
    IDENTITY = "identity"
    OTHER = "other"


class RevisitReason(StrEnum):
    """Why an own mark was changed (回评)."""

    SLIP = "slip"
    OVERLOOKED = "overlooked"
    SCHEME = "scheme"
    OTHER = "other"
    RETURNED = "returned"  # the leader had sent it back


class Role(StrEnum):
    """What a person may do; a grant joins a role to a scope."""

    ADMIN = "admin"
    EXAM_MANAGER = "exam_manager"
    SCANNER_OPERATOR = "scanner_operator"
    MARKER = "marker"
    LEADER = "leader"
    SCHOOL = "school"
    STUDENT = "student"


class JobState(StrEnum):
    """Where a long errand stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class AuditVerb(StrEnum):
    """What the audit log can say that somebody did."""

    EXAM_CREATED = "exam.created"
    EXAM_ADVANCED = "exam.advanced"
    PAPER_ADVANCED = "paper.advanced"
    ROSTER_IMPORTED = "roster.imported"
    STAFF_IMPORTED = "staff.imported"
    BATCH_RECEIVED = "batch.received"
    PAGE_DISCARDED = "page.discarded"
    EXCEPTION_RESOLVED = "exception.resolved"
    STATUS_SET = "status.set"
    MARK_ADDED = "mark.added"
    MARK_LATE = "mark.late"
    EXEMPLAR_NAMED = "exemplar.named"
    PROBLEM_RAISED = "problem.raised"
    PROBLEM_RESOLVED = "problem.resolved"
    PLAN_CHANGED = "plan.changed"
    MEMBER_CHANGED = "member.changed"
    EXCLUSION_RELAXED = "exclusion.relaxed"
    LEASES_RELEASED = "leases.released"
    RULES_SIGNED = "rules.signed"
    TRIAL_CHANGED = "trial.changed"
    SCRIPT_CHOSEN = "script.chosen"
    MARKS_RETURNED = "marks.returned"
    MARKS_VOIDED = "marks.voided"
    MARK_CORRECTED = "mark.corrected"
    SAMPLE_DRAWN = "sample.drawn"
    SAMPLE_CHECKED = "sample.checked"
    SEED_FAILED = "seed.failed"
    SCORES_COMPOSED = "scores.composed"
    STATISTICS_COMPUTED = "statistics.computed"
    EXPORTED = "exported"
    LOGIN = "login"
    LOGIN_FAILED = "login.failed"
    LOGOUT = "logout"
    PASSWORD_RESET = "account.reset"  # noqa: S105 - a word of the log, no password
    ACCOUNT_SHUT = "account.shut"
    ACCOUNT_OPENED = "account.opened"
    DENIED = "denied"
