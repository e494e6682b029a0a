"""A data folder with two exams and a person in every role: what the tests of the web room share.

Exam ``a`` has schools 东关中学 and 西关中学, one paper with a scanned page that waits and one that is placed, composed
scores; exam ``b`` belongs to another manager. Built once, copied for each test.
"""

import shutil
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageDraw
from sqlalchemy import select, update

from marking.setup.exam_file import read_exam
from models.columns import now
from models.exam import ExamRecord, GroupRecord, ItemRecord, PaperRecord
from models.people import Candidate, PaperEntry, School, SchoolClass
from models.response import Response
from models.score import ItemScore, PaperScore
from models.sheet import Batch, PageImage, PageReadingRecord, Placement, ScanFile, Sheet, SheetException
from models.staff import Grant, User
from models.task import GroupScore
from models.words import (
    BubbleState,
    EntryStatus,
    ExceptionCode,
    FieldKind,
    PageState,
    PaperState,
    ReadingStatus,
    ResponseStatus,
    Role,
    ScoreSource,
)
from scanning.cards.store import load_cards
from scanning.reading.evidence import reading_to_json
from scanning.reading.result import BubbleReading, CandidateReading, FieldReading, PageReading, Voice
from web.access import cookies
from web.access.passwords import hash_passwords
from web.access.sessions import open_session
from web.app import create_app
from web.cards import create_exam
from web.deliveries import open_delivery
from web.errands import SCAN
from web.jobs import enqueue
from web.settings import load_settings
from web.wiring import Services, open_services

PASSWORD = "a long enough password"

EXAM = """
kaiyue: exam/1
id: {key}
title: {title}
kind: mock
grade: 9
candidate_number: {{digits: 8}}
papers:
  - id: math
    title: 数学
    full_mark: 22
    card: {{size: A4, sides: 1, columns: 1, number: bubbles+barcode}}
    items:
      - {{no: "1-4", kind: single, options: 4, key: ABCD, points: 3}}
      - {{no: "5", kind: written, points: 10, step: 1, height_mm: 40}}
"""

PEOPLE: dict[str, tuple[Role, str]] = {
    # name: (role, scope): "" everywhere, "a"/"b" an exam, "a/1" a school of it, "a/c1" a candidate of it
    "admin": (Role.ADMIN, ""),
    "manager": (Role.EXAM_MANAGER, "a"),
    "manager_b": (Role.EXAM_MANAGER, "b"),
    "scanner": (Role.SCANNER_OPERATOR, "a"),
    "marker": (Role.MARKER, "a"),
    "marker_b": (Role.MARKER, "b"),
    "leader": (Role.LEADER, "a"),
    "school_1": (Role.SCHOOL, "a/1"),
    "school_2": (Role.SCHOOL, "a/2"),
    "student_1": (Role.STUDENT, "a/c1"),
    "student_2": (Role.STUDENT, "a/c2"),
    "disabled": (Role.EXAM_MANAGER, "a"),
}


@dataclass
class Office:
    """An application over the data folder, and the ids of what is in it."""

    kept: Services
    app: Flask
    ids: dict[str, int] = field(default_factory=dict)
    delivery: str = ""

    def client(self) -> FlaskClient:
        """A browser where nobody is logged in."""
        return self.app.test_client()

    def as_person(self, name: str) -> "Visitor":
        """A browser where this person is logged in, without the cost of a password."""
        client = self.client()
        with self.kept.database.write() as session:
            user_id = session.execute(select(User.id).where(User.username == name)).scalar_one()
            opened = open_session(session, user_id, self.kept.settings.session_absolute_s)
        client.set_cookie(cookies.session_name(self.kept.settings), opened.token)
        return Visitor(client, opened.csrf_token, opened.token)


@dataclass
class Visitor:
    """A logged-in browser with the token that its pages carry."""

    client: FlaskClient
    csrf_token: str
    token: str

    def get(self, address: str, **more):
        return self.client.get(address, **more)

    def send(self, method: str, address: str, **more):
        """A write with the session's token."""
        headers = {"X-CSRF-Token": self.csrf_token, **more.pop("headers", {})}
        return self.client.open(address, method=method, headers=headers, **more)


def build_office(folder: Path) -> dict[str, int]:
    """Fill a data folder; answers the ids of what is in it."""
    kept = open_services(load_settings({"KAIYUE_DATA": str(folder)}))
    ids: dict[str, int] = {}
    for key, title in (("a", "九年级模拟"), ("b", "八年级监测")):
        create_exam(kept, read_exam(EXAM.format(key=key, title=title).encode()))
    [hashed] = hash_passwords([PASSWORD])
    with kept.database.write() as session:
        exams = {key: session.execute(select(ExamRecord).where(ExamRecord.key == key)).scalar_one() for key in "ab"}
        paper = session.execute(select(PaperRecord).where(PaperRecord.exam_id == exams["a"].id)).scalar_one()
        ids |= {"exam": exams["a"].id, "paper": paper.id}
        ids["group"] = session.execute(select(GroupRecord.id).where(GroupRecord.paper_id == paper.id)).scalar_one()
        schools = [School(name="东关中学"), School(name="西关中学")]
        session.add_all(schools)
        session.flush()
        ids |= {"school_1": schools[0].id, "school_2": schools[1].id}
        candidates = []
        for number in range(6):
            school = schools[number % 2]
            class_ = session.scalar(select(SchoolClass).where(SchoolClass.school_id == school.id))
            if class_ is None:
                class_ = SchoolClass(exam_id=exams["a"].id, school_id=school.id, name="九1班")
                session.add(class_)
                session.flush()
            candidate = Candidate(
                exam_id=exams["a"].id, number=f"2026000{number}", name=f"考生{number}", school_id=school.id,
                class_id=class_.id,
            )  # fmt: skip
            session.add(candidate)
            session.flush()
            entry = PaperEntry(paper_id=paper.id, candidate_id=candidate.id, status=EntryStatus.PRESENT)
            session.add(entry)
            session.flush()
            candidates.append((candidate, entry))
        ids |= {"candidate_1": candidates[0][0].id, "candidate_2": candidates[1][0].id, "entry_1": candidates[0][1].id}
        for name, (role, scope) in PEOPLE.items():
            user = User(username=name, name=f"{name} 老师", password_hash=hashed, active=name != "disabled")
            session.add(user)
            session.flush()
            ids[f"user {name}"] = user.id
            exam_key, _slash, part = scope.partition("/")
            grant = Grant(user_id=user.id, role=role, exam_id=exams[exam_key].id if exam_key else None)
            if part.startswith("c"):
                grant.candidate_id = candidates[int(part[1:]) - 1][0].id
            elif part:
                grant.school_id = schools[int(part) - 1].id
            session.add(grant)
        paper.state = PaperState.COMPOSED
    _add_scans(kept, ids, [entry.id for _candidate, entry in candidates])
    with kept.database.write() as session:
        job = enqueue(session, SCAN, "scan:test", {"paper_id": ids["paper"], "user_id": ids["user manager"]})
        session.flush()
        ids["job"] = job.id
    kept.database.dispose()
    return ids


def _add_scans(kept: Services, ids: dict[str, int], entries: list[int]) -> None:
    paper_id = ids["paper"]
    blob = kept.blobs.put(_page_jpeg())
    with kept.database.write() as session:
        cards = load_cards(session, kept.blobs, paper_id)
        card_id = next(iter(cards))
        batch = Batch(paper_id=paper_id, name="第1考场", operator="王", finished_at=now())
        session.add(batch)
        session.flush()
        file = ScanFile(
            paper_id=paper_id, batch_id=batch.id, position=0, name="扫描 1.jpg", blob=blob, size=1, done=True
        )
        session.add(file)
        session.flush()
        reading = _reading()
        placed = PageImage(
            paper_id=paper_id, batch_id=batch.id, file_id=file.id, number=1, blob=blob, state=PageState.PLACED,
            card_id=card_id, side=1, entry_id=entries[0], claimed_by="number", number_read="20260000",
        )  # fmt: skip
        session.add(placed)
        session.flush()
        session.add(
            PageReadingRecord(page_image_id=placed.id, card_id=card_id, reader="test", reading=reading_to_json(reading))
        )
        sheet = Sheet(paper_id=paper_id, entry_id=entries[0], batch_id=batch.id, complete=True)
        session.add(sheet)
        session.flush()
        session.add(Placement(sheet_id=sheet.id, side=1, page_image_id=placed.id, how="number"))
        exception = SheetException(
            paper_id=paper_id, batch_id=batch.id, page_image_id=placed.id, entry_id=entries[0],
            subject=f"page:{placed.id}/item:2", field="item:2", code=ExceptionCode.OBJECTIVE_DOUBTFUL,
            detail={"value": "B", "reasons": ["faint"]}, resolution={},
        )  # fmt: skip
        session.add(exception)
        session.flush()
        ids |= {"batch": batch.id, "page": placed.id, "exception": exception.id}
        items = session.scalars(select(ItemRecord).where(ItemRecord.paper_id == paper_id).order_by(ItemRecord.position))
        for item in items.all():
            for at, entry_id in enumerate(entries):
                points = {"1": Decimal(3), "5": Decimal(5 * (2 - at % 3))}.get(item.no, Decimal(0))
                session.add(ItemScore(entry_id=entry_id, item_id=item.id, points=points, source=ScoreSource.OBJECTIVE))
                session.add(
                    Response(entry_id=entry_id, item_id=item.id, value="A", status=ResponseStatus.READ,
                             page_image_id=placed.id)
                )  # fmt: skip
        for at, entry_id in enumerate(entries):
            # everybody answered A four times, which is right once; the written answer earned 10, 5 or nothing
            points = Decimal(5 * (2 - at % 3))
            session.add(
                GroupScore(entry_id=entry_id, group_id=ids["group"], points=points, parts={"5": str(points)},
                           source=ScoreSource.SINGLE)
            )  # fmt: skip
            session.add(PaperScore(entry_id=entry_id, objective=Decimal(3), subjective=points, total=3 + points))


def _reading() -> PageReading:
    def field(no: str, value: str, status: ReadingStatus) -> FieldReading:
        bubbles = tuple(
            BubbleReading(label, 0, 0.6 if label in value else 0.0,
                          BubbleState.FILLED if label in value else BubbleState.EMPTY, 0.4)
            for label in "ABCD"
        )  # fmt: skip
        return FieldReading(f"item:{no}", FieldKind.SINGLE, value, status, 0.4, bubbles)

    return PageReading(
        side=1, code=None, residual_mm=0.1, px_per_mm=8.0,
        fields=(field("1", "A", ReadingStatus.OK), field("2", "B", ReadingStatus.DOUBTFUL),
                field("3", "C", ReadingStatus.OK), field("4", "D", ReadingStatus.OK)),
        candidate=CandidateReading(True, "20260000", ReadingStatus.OK, 0.9, (Voice("bubbles", "20260000", True),)),
        corners_px=((0, 0), (1680, 0), (1680, 2376), (0, 2376)),
    )  # fmt: skip


def _page_jpeg() -> bytes:
    import io

    image = Image.new("L", (1680, 2376), 245)
    draw = ImageDraw.Draw(image)
    for line in range(30):
        draw.line((100, 120 + line * 70, 1500, 120 + line * 70), fill=60, width=3)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=60)
    return out.getvalue()


def open_office(template: Path, folder: Path, ids: dict[str, int], **settings: str) -> Office:
    """A fresh copy of the built folder with an application over it; `settings` as environment variables."""
    shutil.copytree(template, folder)
    kept = open_services(load_settings({"KAIYUE_DATA": str(folder), **settings}))
    delivery = open_delivery(
        kept.settings, paper_id=ids["paper"], user_id=ids["user manager"], name="批次", duplex=True
    )
    return Office(kept, create_app(kept), dict(ids), delivery)


def disable(office: Office, name: str) -> None:
    """Close an account."""
    with office.kept.database.write() as session:
        session.execute(update(User).where(User.username == name).values(active=False))


__all__ = ["PASSWORD", "PEOPLE", "Office", "Visitor", "build_office", "disable", "open_office"]
