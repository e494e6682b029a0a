"""Read an exam file or a paper file (contracts.md 3) into models.paper values, or refuse it with every fault at once.

In:  the bytes of a YAML or JSON text, or of an xlsx workbook (exam_xlsx.py), `kaiyue: exam/1` or `kaiyue: paper/1`.
Out: Exam or Paper. Nothing is guessed: a key that is not known is refused with the nearest one that is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from marking.setup.card_spec import read_card, read_digits, read_variants
from marking.setup.document import Value, read_document
from marking.setup.exam_json import exam_from_json, exam_to_json
from marking.setup.groups import read_groups
from marking.setup.items import MAX_POINTS, paper_sum, read_items
from marking.setup.rulesheet import read_item_rules, read_rules, read_totals
from marking.setup.sections import Desk, Section, show
from models.errors import Complaint, Complaints, InputRefused, Sentence, mark_text
from models.paper import Exam, Paper, Rules
from models.points import ZERO, show_points
from models.words import ExamKind

__all__ = [
    "ExamFileRefused",
    "NotAnExamFile",
    "PointsDoNotSum",
    "exam_from_json",
    "exam_to_json",
    "open_source",
    "read_exam",
    "read_paper",
]

EXAM_FORMAT, PAPER_FORMAT = "exam/1", "paper/1"
MAX_PAPERS = 40
# columns of the tables that show one column per paper and total
_RESERVED_IDS = frozenset({"candidate", "school", "class", "status"})

PlaceName = Callable[[str], str]


class ExamFileRefused(InputRefused):
    """The file has faults; `complaints` holds every one with its place."""

    code = "exam_file.invalid"
    sentence = mark_text("The exam file has {count} fault(s). {complaints}")
    remedy = mark_text("Correct these places and try again.")

    def __init__(self, complaints: Complaints) -> None:
        self.complaints = complaints
        super().__init__(count=len(complaints), complaints=complaints)


class PointsDoNotSum(ExamFileRefused):
    """Only the sums are wrong: the items of a paper do not add up to its full mark."""

    code = "exam_file.points_do_not_sum"
    sentence = mark_text("The points of the items do not add up to the full mark. {complaints}")
    remedy = mark_text("Correct the points of an item or the full mark; a choose-group counts once.")


class NotAnExamFile(InputRefused):
    """The file does not say that it is an exam file or paper file of this version."""

    code = "exam_file.wrong_format"
    sentence = mark_text("The file does not say that it is {wanted}: in its line “kaiyue” stands {found}.")
    remedy = mark_text("Begin the file with the line “kaiyue: exam/1” or “kaiyue: paper/1”, or choose another file.")


@dataclass(frozen=True, slots=True)
class Source:
    """A document to be read and how its places are called (`papers[0].items[3].key`, or a cell of a workbook)."""

    document: Value
    place_name: PlaceName


def read_exam(data: bytes) -> Exam:
    """The exam of an exam file.

    Raises ExamFileRefused (or PointsDoNotSum), NotAnExamFile, DocumentUnreadable, DocumentTooLarge.
    """
    source = open_source(data)
    top = _top(source, (EXAM_FORMAT,))
    desk = top.desk
    exam = _exam(top, desk)
    _refuse(desk, source.place_name)
    return exam


def read_paper(data: bytes) -> Paper:
    """The paper of a paper file, or of an exam file that has just one.

    Raises as read_exam does.
    """
    source = open_source(data)
    top = _top(source, (PAPER_FORMAT, EXAM_FORMAT))
    desk = top.desk
    if top.text("kaiyue") == EXAM_FORMAT:
        exam = _exam(top, desk)
        if len(exam.papers) > 1:
            desk.complain(
                "papers",
                mark_text("has {count} papers where one is needed: write a paper file (kaiyue: paper/1) for it."),
                count=len(exam.papers),
            )
        _refuse(desk, source.place_name)
        return exam.papers[0]
    paper = _paper(top, Rules(), read_digits(top), desk)
    _refuse(desk, source.place_name)
    return paper


def open_source(data: bytes) -> Source:
    """The document inside the bytes: a workbook is recognised by its first bytes, everything else is text."""
    if data[:4] == b"PK\x03\x04":
        from marking.setup.exam_xlsx import read_workbook

        return Source(*read_workbook(data))
    return Source(read_document(data), lambda place: place)


def _top(source: Source, wanted: tuple[str, ...]) -> Section:
    top = Section(source.document if isinstance(source.document, dict) else {}, "", Desk())
    found = top.get("kaiyue")
    if found not in wanted:
        raise NotAnExamFile(found=show(found) if found is not None else "–", wanted=wanted[0])
    return top


def _refuse(desk: Desk, place_name: PlaceName) -> None:
    """Raise what was complained about, if anything was."""
    named = Complaints(Complaint(place_name(complaint.place), complaint.sentence) for complaint in desk.all)
    if desk.complaints:
        raise ExamFileRefused(named)
    if desk.sums:
        raise PointsDoNotSum(named)


def _exam(top: Section, desk: Desk) -> Exam:
    exam_id = top.id("id")
    title = top.text("title") or exam_id
    kind = top.word("kind", ExamKind) or ExamKind.MOCK
    grade = top.whole("grade", None, 1, 12)
    digits = read_digits(top)
    shared = top.section("rules")
    rules = read_rules(shared, Rules())
    sections = top.sections("papers", required=True)
    if len(sections) > MAX_PAPERS:
        desk.complain("papers", mark_text("has more than {most} papers."), most=MAX_PAPERS)
        sections = sections[:MAX_PAPERS]
    papers: list[Paper] = []
    for section in sections:
        paper = _paper(section, rules, digits, desk, shared if len(sections) == 1 else None)
        # ids become names of folders and files, where capitals do not make a difference everywhere
        if paper.id and paper.id.lower() in [other.id.lower() for other in papers]:
            section.complain("id", mark_text("{value} is the id of another paper as well."), value=paper.id)
        papers.append(paper)
    for name in ("void", "floors"):
        if len(sections) > 1 and shared.values.get(name):
            shared.complain(name, mark_text("names items, so it belongs in the rules of their paper."))
    totals = read_totals(top.sections("totals"), tuple(papers), desk)
    top.finish()
    return Exam(exam_id, title, kind, grade, digits, tuple(papers), totals)


def _paper(section: Section, base: Rules, digits: int, desk: Desk, shared: Section | None = None) -> Paper:
    """One paper. `shared` is the rule section of an exam that has this paper alone: it may name items too."""
    section.known["kaiyue"] = None
    paper_id = section.id("id")
    if paper_id.lower() in _RESERVED_IDS:
        section.complain("id", mark_text("{value} is the name of a column in every table."), value=paper_id)
    title = section.text("title") or paper_id
    subject = section.text("subject")
    full_mark = section.points("full_mark", above=ZERO, most=MAX_POINTS, required=True)
    card = read_card(section.section("card"), digits)
    read = read_items(section.sections("items", required=True), desk)
    sheet = section.section("rules")
    rules = read_rules(sheet, base)
    if shared is not None:
        rules = read_item_rules(shared, read, rules)
    if shared is None or sheet.has("void") or sheet.has("floors"):
        rules = read_item_rules(sheet, read, rules)
    groups = read_groups(section.sections("groups"), read, rules.boundary, desk)
    variants = read_variants(section.section("variants"), read)
    section.finish()
    found = paper_sum(read.items)
    if full_mark is not None and read.complete and found != full_mark:
        desk.sums.append(
            Complaint(
                section.at("full_mark"),
                Sentence(
                    mark_text("the items add up to {sum} points, but the full mark is {full_mark}."),
                    {"sum": show_points(found), "full_mark": show_points(full_mark)},
                ),
            )
        )
    return Paper(
        paper_id,
        title,
        full_mark or Decimal(0),
        tuple(read.items),
        groups,
        card,
        rules=rules,
        subject=subject,
        variants=variants,
    )
