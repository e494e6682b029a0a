"""The words of the closed lists as people read them; the English text is the id of the translation."""

from enum import StrEnum

from models.errors import mark_text
from models.words import (
    EntryStatus,
    ExamKind,
    ExamState,
    ItemKind,
    JobState,
    MarkingMode,
    NextMark,
    PageCode,
    PageState,
    PaperState,
    ScoreSource,
)

NAMES: tuple[tuple[StrEnum, str], ...] = (
    (ExamKind.MOCK, mark_text("mock exam")),
    (ExamKind.FINAL, mark_text("end-of-term exam")),
    (ExamKind.MIDTERM, mark_text("mid-term exam")),
    (ExamKind.MONTHLY, mark_text("monthly exam")),
    (ExamKind.MONITORING, mark_text("quality monitoring")),
    (ExamKind.ENTRANCE, mark_text("entrance exam")),
    (ExamKind.REHEARSAL, mark_text("rehearsal")),
    (ExamState.DRAFT, mark_text("being set up")),
    (ExamState.ROSTER_LOCKED, mark_text("roster locked")),
    (ExamState.RELEASED, mark_text("scores released")),
    (ExamState.ARCHIVED, mark_text("archived")),
    (PaperState.DRAFT, mark_text("being set up")),
    (PaperState.CARD_APPROVED, mark_text("card approved")),
    (PaperState.SCANNING, mark_text("scanning")),
    (PaperState.TRIAL_MARKING, mark_text("trial marking")),
    (PaperState.FORMAL_MARKING, mark_text("formal marking")),
    (PaperState.SUBJECT_SIGNED, mark_text("subject signed")),
    (PaperState.COMPOSED, mark_text("scores composed")),
    (EntryStatus.PRESENT, mark_text("present")),
    (EntryStatus.ABSENT, mark_text("absent")),
    (EntryStatus.LOST, mark_text("sheet lost")),
    (EntryStatus.VIOLATION, mark_text("violation")),
    (EntryStatus.BLANK, mark_text("blank sheet")),
    (EntryStatus.NOT_ENTERED, mark_text("not entered")),
    (ItemKind.SINGLE, mark_text("single choice")),
    (ItemKind.MULTIPLE, mark_text("multiple choice")),
    (ItemKind.JUDGE, mark_text("true or false")),
    (ItemKind.WRITTEN, mark_text("written")),
    (ItemKind.ESSAY, mark_text("essay")),
    (MarkingMode.SINGLE, mark_text("one marker")),
    (MarkingMode.LEADER, mark_text("one marker, then the leader")),
    (MarkingMode.LEADER_CHECK, mark_text("one marker, the leader, then adjudication")),
    (MarkingMode.DOUBLE, mark_text("two markers, then adjudication")),
    (MarkingMode.DOUBLE_THIRD, mark_text("two markers, a third, then adjudication")),
    (MarkingMode.DOUBLE_LEADER, mark_text("two markers, the leader, then adjudication")),
    (ScoreSource.SINGLE, mark_text("the only mark")),
    (ScoreSource.DOUBLE, mark_text("the mean of two marks")),
    (ScoreSource.THIRD, mark_text("the third mark and the nearer of the first two")),
    (ScoreSource.THIRD_TIE, mark_text("the two highest of three marks")),
    (ScoreSource.LEADER, mark_text("the leader's mark")),
    (ScoreSource.ADJUDICATED, mark_text("adjudication")),
    (ScoreSource.SEED, mark_text("the reference mark")),
    (ScoreSource.BLANK, mark_text("blank answer")),
    (ScoreSource.OBJECTIVE, mark_text("the key")),
    (ScoreSource.CORRECTED, mark_text("a correction")),
    (NextMark.SECOND, mark_text("second mark")),
    (NextMark.THIRD, mark_text("third mark")),
    (NextMark.LEADER, mark_text("the leader's mark")),
    (NextMark.ADJUDICATION, mark_text("adjudication")),
    (PageState.RECEIVED, mark_text("received")),
    (PageState.READ, mark_text("read")),
    (PageState.PLACED, mark_text("placed")),
    (PageState.WAITING, mark_text("waiting")),
    (PageState.DISCARDED, mark_text("discarded")),
    (PageCode.UNREADABLE_FILE, mark_text("the file cannot be opened")),
    (PageCode.TRUNCATED_IMAGE, mark_text("the image ends too early")),
    (PageCode.NOT_AN_IMAGE, mark_text("this is not an image")),
    (PageCode.ENCRYPTED_FILE, mark_text("the file is protected by a password")),
    (PageCode.TOO_LARGE, mark_text("the image is too large")),
    (PageCode.BLANK_PAGE, mark_text("the page is blank")),
    (PageCode.UNREGISTERED, mark_text("this card was not recognised on the page")),
    (PageCode.WRONG_CARD, mark_text("this is the card of another paper")),
    (PageCode.WRONG_VERSION, mark_text("this is another version of the card")),
    (PageCode.POOR_FIT, mark_text("the page is too bent or torn to be measured")),
    (PageCode.SEVERAL_SHEETS, mark_text("there are several sheets in one picture")),
    (PageCode.CRASHED, mark_text("reading this page failed")),
    (PageCode.TIMED_OUT, mark_text("reading this page took too long")),
    (JobState.QUEUED, mark_text("waiting for its turn")),
    (JobState.RUNNING, mark_text("running")),
    (JobState.DONE, mark_text("done")),
    (JobState.FAILED, mark_text("failed")),
)

# words of different lists may share their text and would be equal as keys, so the list is part of the key
_BY_LIST = {(type(word).__name__, word.value): text for word, text in NAMES}


def name_of(word: StrEnum | None) -> str:
    """The English name of a word, for the catalogue; empty where there is no word."""
    return "" if word is None else _BY_LIST[type(word).__name__, word.value]


def has_name(word: StrEnum) -> bool:
    """Whether people know this word by a name; others stand as they are written in files."""
    return (type(word).__name__, word.value) in _BY_LIST
