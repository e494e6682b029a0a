"""A small real exam whose sheets are already read and placed: twelve candidates, one group that waits to be marked.

The exam file, its card, the roster and the staff go the way that an office takes; only the scanner is left out, and
what it would have read is put into the tables. Everybody answered the two objective items rightly.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from marking.setup.exam_file import read_exam
from marking.setup.roster import import_roster, read_roster
from marking.setup.structure import find_exam, find_paper
from marking.tasks.create import create_tasks
from models.blobs import BlobStore
from models.people import Candidate, PaperEntry
from models.response import Response
from models.sheet import Batch, CropRecord, PageImage, Placement, ScanFile, Sheet
from models.staff import Grant, User
from models.words import EntryStatus, PageState, ResponseStatus, Role
from tests.support.marking_data import tiny_jpeg
from web.access.passwords import hash_passwords
from web.cards import create_exam
from web.settings import load_settings
from web.wiring import Services, open_services

PASSWORD = "a long enough password"
CANDIDATES = 12
EXAM = """
kaiyue: exam/1
id: small
title: 九年级第一次模拟考试
kind: mock
grade: 9
candidate_number: {digits: 8}
papers:
  - id: math
    title: 数学
    full_mark: 12
    card: {size: A4, sides: 1, columns: 1, number: bubbles+barcode}
    items:
      - {no: "1,2", kind: single, options: 4, key: AB, points: 3}
      - {no: "3", kind: written, points: 6, step: 1, height_mm: 40}
    groups:
      - {id: g3, title: 第3题, items: ["3"]}
"""
ANSWERS = {"1": "A", "2": "B", "3": ""}


@dataclass(frozen=True, slots=True)
class SmallExam:
    """Where it lies, and the marking group."""

    services: Services
    group_id: int


def build_small_exam(folder: Path) -> SmallExam:
    """Store the exam with its people and what was read; open its marking."""
    kept = open_services(load_settings({"KAIYUE_DATA": str(folder)}))
    create_exam(kept, read_exam(EXAM.encode()))
    roster = "candidate,name,school,class\n" + "".join(
        f"2026{number:04d},考生{number},{'东西'[number % 2]}关中学,九1班\n" for number in range(CANDIDATES)
    )
    with kept.database.write() as session:
        exam = find_exam(session, "small")
        import_roster(session, exam, read_roster(roster.encode("utf-8-sig"), "名册.csv", exam.number_digits))
    [hashed] = hash_passwords([PASSWORD])
    with kept.database.write() as session:
        found = find_paper(session, "small", "math")
        for username, role in (("manager", Role.EXAM_MANAGER), ("m1", Role.MARKER), ("m2", Role.MARKER)):
            user = User(username=username, name=f"{username} 老师", password_hash=hashed)
            session.add(user)
            session.flush()
            session.add(Grant(user_id=user.id, role=role, exam_id=found.exam.id))
        batch = Batch(paper_id=found.id, name="第1考场")
        session.add(batch)
        session.flush()
        file = ScanFile(paper_id=found.id, batch_id=batch.id, position=0, name="f", blob="0" * 64, size=1)
        session.add(file)
        session.flush()
        entries = session.scalars(
            select(PaperEntry)
            .join(Candidate, Candidate.id == PaperEntry.candidate_id)
            .where(PaperEntry.paper_id == found.id)
            .order_by(Candidate.number)
        ).all()
        for number, entry in enumerate(entries):
            entry.status = EntryStatus.PRESENT
            page = PageImage(
                paper_id=found.id, batch_id=batch.id, file_id=file.id, number=number + 1, state=PageState.PLACED,
                side=1, blob=f"{number:064d}", entry_id=entry.id,
            )  # fmt: skip
            sheet = Sheet(paper_id=found.id, entry_id=entry.id, batch_id=batch.id, complete=True)
            session.add_all([page, sheet])
            session.flush()
            session.add(Placement(sheet_id=sheet.id, side=1, page_image_id=page.id, how="number"))
            for no, value in ANSWERS.items():
                session.add(
                    Response(
                        entry_id=entry.id, item_id=found.item_ids[no], page_image_id=page.id, value=value,
                        source="read", status=ResponseStatus.READ,
                    )
                )  # fmt: skip
            session.add(_crop(kept.blobs, page.id, number))
        group_id = found.group_ids["g3"]
        paper_id = found.id
    create_tasks(kept.database, paper_id)
    return SmallExam(kept, group_id)


def _crop(blobs: BlobStore, page_id: int, number: int) -> CropRecord:
    return CropRecord(
        page_image_id=page_id, region="3", part=1, width_px=640, height_px=200, ink=0.1, overflow_mm2=0.0,
        blob=blobs.put(tiny_jpeg(number)),
    )  # fmt: skip
