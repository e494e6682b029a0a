"""A small stored exam and hand-made readings of its card, for tests that need no pixels."""

from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import select

from marking.setup.exam_file import read_exam
from marking.setup.structure import find_paper, store_exam
from models.blobs import FolderBlobs
from models.database import Database
from models.people import Candidate, PaperEntry, School, SchoolClass
from models.records import Base
from models.sheet import PageImage, SheetException
from models.words import ExceptionState, FieldKind, PageCode, ReadingStatus
from scanning.cards.builder import build_card
from scanning.cards.files import dump_card
from scanning.cards.store import store_card
from scanning.context import ScanContext
from scanning.intake.ledger import enter_batch, open_file, unopened_files, unread_pages
from scanning.intake.receive import KeptFile
from scanning.page_work import StoredReading
from scanning.reading.result import CandidateReading, Crop, FieldReading, PageReading, Voice
from scanning.run import assemble_batch
from scanning.save import save_readings

assert Base.metadata  # every table is known before the first row is written

EXAM = """
kaiyue: exam/1
id: small
title: 小考试
kind: mock
grade: 9
candidate_number: {{digits: 4}}
papers:
  - id: math
    title: 数学
    full_mark: 28
    card: {{size: A4, sides: {sides}, columns: 1, number: {number}}}
    items:
      - {{no: "1-2", kind: single, options: 4, key: BC, points: 3}}
      - {{no: "3", kind: multiple, options: 4, key: AC, points: 6}}
      - {{no: "4", kind: written, points: 6, height_mm: {height}}}
      - {{no: "5,6", kind: written, points: 10, height_mm: 30, choose: {{group: 选做, take: 1}}}}
    variants: {variants}
"""

NUMBERS = tuple(f"{number:04d}" for number in range(1, 13))


@dataclass(slots=True)
class Desk:
    """A stored exam with its card, and the hands of a scanner operator."""

    database: Database
    blobs: FolderBlobs
    context: ScanContext
    card_id: int
    taken: int = 0

    @property
    def sides(self) -> int:
        return self.context.sides_of_card[self.card_id]

    def scan(self, pages: "list[PageReading]", *, name: str = "batch", duplex: bool = True) -> list[int]:
        """One delivery of these readings as numbered one-page files; answers the page ids in their order."""
        files = []
        for at, _ in enumerate(pages, start=1):
            self.taken += 1
            # a valid picture is not needed: these pages are "read" below; but every page is another image
            blob = self.blobs.put(picture(self.taken))
            files.append(KeptFile(f"{name}/scan{at:04d}.png", blob, 1))
        with self.database.write() as session:
            delivery = enter_batch(session, self.context.paper_id, files, name=name, operator="lin", duplex=duplex)
        assert delivery.batch_id is not None
        with self.database.read() as session:
            waiting = unopened_files(session, self.context.paper_id)
        for file_id in waiting:
            open_file(self.database, self.blobs, file_id)
        with self.database.read() as session:
            ids = unread_pages(session, self.context.paper_id)
        readings = [
            StoredReading(page_id, self.card_id if reading.code is None else None, reading, None)
            for page_id, reading in zip(ids, pages, strict=True)
        ]
        save_readings(self.database, self.blobs, readings)
        assert assemble_batch(self.database, self.context, delivery.batch_id)
        return ids

    def page(self, page_id: int) -> PageImage:
        with self.database.read() as session:
            return session.get_one(PageImage, page_id)

    def entry(self, number: str) -> PaperEntry:
        with self.database.read() as session:
            return session.scalars(
                select(PaperEntry)
                .join(Candidate)
                .where(Candidate.number == number, PaperEntry.paper_id == self.context.paper_id)
            ).one()

    def open_codes(self) -> list[tuple[str, str]]:
        """Subject and code of every open exception."""
        with self.database.read() as session:
            rows = session.scalars(select(SheetException).where(SheetException.state == ExceptionState.OPEN))
            return sorted((row.subject, row.code.value) for row in rows)


def make_desk(
    database: Database, blobs: FolderBlobs, *, sides: int = 2, number: str = "bubbles", variants: str = "{}"
) -> Desk:
    """Store the exam, its card and twelve candidates 0001 … 0012."""
    text = EXAM.format(sides=sides, number=number, height=150 if sides == 2 else 40, variants=variants)
    exam = read_exam(text.encode("utf-8"))
    paper = exam.papers[0]
    template = build_card(paper, exam_title=exam.title).template
    blob = blobs.put(dump_card(template))
    with database.write() as session:
        stored_exam = store_exam(session, exam)
        stored = find_paper(session, exam.id, paper.id)
        card = store_card(session, stored.id, template, blob, None)
        school = School(name="一中")
        session.add(school)
        session.flush()
        group = SchoolClass(exam_id=stored_exam.id, school_id=school.id, name="1班")
        session.add(group)
        session.flush()
        for at, each in enumerate(NUMBERS):
            candidate = Candidate(
                exam_id=stored_exam.id,
                number=each,
                name=f"考生{each}",
                student_number=f"S{each}X",
                school_id=school.id,
                class_id=group.id,
                room="01",
                seat=f"{at + 1:02d}",
            )
            session.add(candidate)
            session.flush()
            session.add(PaperEntry(paper_id=stored.id, candidate_id=candidate.id))
        context = ScanContext(stored.id, stored_exam.id, stored.paper, {card.id: template}, dict(stored.item_ids))
        return Desk(database, blobs, context, card.id)


def picture(number: int) -> bytes:
    """A PNG whose header says 100 x 100 and whose bytes are different for every number; never decoded here."""
    import cv2
    import numpy as np

    grey = np.full((100, 100), 255, dtype=np.uint8)
    for bit in range(20):
        if number >> bit & 1:
            grey[2 * bit : 2 * bit + 2] = 0
    return bytes(cv2.imencode(".png", grey)[1].tobytes())


def front(desk: Desk, number: str | None, **answers: str) -> PageReading:
    """Side 1 with this number ("" nothing filled, "00?1" undecided); answers as ``item_1="B"``, ``absent="1"``."""
    candidate = CandidateReading(present=True, value="", status=ReadingStatus.OK)
    if number:
        certain = "?" not in number and "-" not in number
        status = ReadingStatus.DOUBTFUL if "?" in number else ReadingStatus.OK
        reasons = ("multiple",) if "?" in number else ()
        candidate = CandidateReading(
            True, number, status, 1.0 if certain else 0.0, (Voice("bubbles", number, certain),), reasons
        )
    return replace(side(desk, 1, **answers), candidate=candidate)


def back(desk: Desk, **answers: str) -> PageReading:
    """Side 2, which carries no number."""
    return side(desk, 2, **answers)


def side(desk: Desk, number: int, **answers: str) -> PageReading:
    """A side on which every field is certainly blank but for `answers`; a value ending in "?" is doubtful.

    ``ink_4="30"`` writes 30 mm² into region 4; without any a region is empty. `written="1"` writes into all.
    """
    page = desk.context.cards[desk.card_id].page(number)
    everywhere = answers.pop("written", "")
    fields = []
    for field in page.fields:
        if field.kind is FieldKind.DIGITS:
            continue
        said = answers.pop(field.id.replace(":", "_"), "")
        status = ReadingStatus.DOUBTFUL if said.endswith("?") else ReadingStatus.OK
        fields.append(FieldReading(field.id, field.kind, said.rstrip("?"), status, 0.9))
    crops = []
    for region in page.regions:
        ink_mm2 = Decimal(answers.pop(f"ink_{region.id}", "30" if everywhere else "0"))
        area = region.rect.width_mm * region.rect.height_mm
        crops.append(Crop(region.id, region.part, f"{region.id} {area}".encode(), 10, 10, float(ink_mm2) / area))
    assert not answers, f"side {number} has no {answers}"
    return PageReading(number, None, residual_mm=0.05, fields=tuple(fields), crops=tuple(crops))


def unreadable(code: PageCode = PageCode.UNREGISTERED) -> PageReading:
    """A page that was refused."""
    return PageReading(None, code, detail="nothing was found")
