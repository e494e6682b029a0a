"""A paper with scanned answers, put straight into the tables: marking tests need no card and no scanner.

The names, numbers and schools are canaries: none of them may ever reach a marker.
"""

import io
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from PIL import Image, ImageDraw
from sqlalchemy import insert

from marking.tasks.create import create_tasks
from marking.tasks.groups import MarkingGroup, Seat, find_group
from models.blobs import BlobStore
from models.database import Database
from models.records import (
    Batch,
    Candidate,
    CropRecord,
    ExamRecord,
    Grant,
    GroupRecord,
    ItemRecord,
    PageImage,
    PaperEntry,
    PaperRecord,
    Placement,
    Response,
    ScanFile,
    School,
    SchoolClass,
    Sheet,
    User,
)
from models.words import (
    Boundary,
    EntryStatus,
    ExamKind,
    ItemKind,
    MarkingMode,
    PageState,
    PaperState,
    ResponseStatus,
    Role,
)


@dataclass
class GroupPlan:
    """One marking group to be: `parts` as (id, item, points, step)."""

    key: str = "16"
    parts: tuple[tuple[str, str, str, str], ...] = (("16(1)", "16", "2", "1"), ("16(2)", "16", "4", "1"))
    mode: MarkingMode = MarkingMode.SINGLE
    tolerance: str = "0"
    boundary: Boundary = Boundary.INCLUSIVE
    full: str = ""
    choose: str = ""
    own_school_excluded: bool = True

    @property
    def items(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part[1] for part in self.parts))


def one_part(no: str = "13", points: str = "12", step: str = "1", **more: object) -> GroupPlan:
    """A group of one item without parts."""
    return GroupPlan(key=no, parts=((no, no, points, step),), **more)  # type: ignore[arg-type]


@dataclass
class MarkingData:
    """What was put in."""

    database: Database
    exam_id: int = 0
    paper_id: int = 0
    groups: dict[str, int] = field(default_factory=dict)
    schools: list[int] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    users: dict[str, int] = field(default_factory=dict)
    canaries: list[str] = field(default_factory=list)

    def group(self, key: str = "") -> MarkingGroup:
        with self.database.read() as session:
            return find_group(session, self.groups[key or next(iter(self.groups))])

    def seat(self, username: str, *, school: int | None = None, marks: bool = True, leads: bool = False) -> Seat:
        """A person of that name, made when there is none; `school` counts from 0."""
        school_id = None if school is None else self.schools[school]
        if username not in self.users:
            role = Role.LEADER if leads else Role.MARKER
            self.users[username] = add_user(self.database, username, role, exam_id=self.exam_id, school_id=school_id)
        return Seat(self.users[username], school_id, marks=marks and not leads, leads=leads)


def add_user(
    database: Database,
    username: str,
    role: Role,
    *,
    exam_id: int | None = None,
    school_id: int | None = None,
    password_hash: str = "",
) -> int:
    with database.write() as session:
        user = User(username=username, name=f"老师{username}", school_id=school_id, password_hash=password_hash)
        session.add(user)
        session.flush()
        session.add(Grant(user_id=user.id, role=role, exam_id=exam_id))
        return user.id


def tiny_jpeg(seed: int, width: int = 640, height: int = 200) -> bytes:
    """A strip with some strokes on it; no text, no metadata."""
    image = Image.new("L", (width, height), 250)
    draw = ImageDraw.Draw(image)
    draw.rectangle((2, 2, width - 3, height - 3), outline=120)
    for line in range(4):
        y = 30 + line * 42
        for stroke in range(12 + seed % 7):
            x = 20 + stroke * 30 + (seed * 13 + line * 7 + stroke * 11) % 17
            draw.arc((x, y - 12, x + 20, y + 14), (seed * 31 + stroke * 47) % 360, 300, fill=40, width=3)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=70)
    return data.getvalue()


def make_marking_data(
    database: Database,
    *groups: GroupPlan,
    candidates: int = 6,
    schools: int = 2,
    blobs: BlobStore | None = None,
    blank: frozenset[int] = frozenset(),
    tasks: bool = True,
    pictures: Sequence[bytes] = (),
) -> MarkingData:
    """An exam in formal marking with one paper, its candidates' written answers placed and cut.

    `pictures` are the crops, dealt out in turn; by default a dozen small ones, where there are `blobs` to keep them.
    """
    plans = groups or (GroupPlan(),)
    data = MarkingData(database)
    keys = [blobs.put(one) for one in pictures or map(tiny_jpeg, range(12))] if blobs else []
    with database.write() as session:
        exam = ExamRecord(
            key="e" + secrets.token_hex(3), title="模拟", kind=ExamKind.MOCK, number_digits=8, definition={}
        )
        session.add(exam)
        session.flush()
        data.exam_id = exam.id
        paper = PaperRecord(
            exam_id=exam.id,
            key="math",
            title="数学",
            position=0,
            full_mark=Decimal(120),
            state=PaperState.FORMAL_MARKING,
        )
        session.add(paper)
        session.flush()
        data.paper_id = paper.id
        items: dict[str, int] = {}
        for plan in plans:
            for no in plan.items:
                item = ItemRecord(
                    paper_id=paper.id, no=no, position=len(items), kind=ItemKind.WRITTEN,
                    points=sum(Decimal(part[2]) for part in plan.parts if part[1] == no), choose_group=plan.choose,
                )  # fmt: skip
                session.add(item)
                session.flush()
                items[no] = item.id
            stored = GroupRecord(
                paper_id=paper.id,
                key=plan.key,
                title=f"第{plan.key}题",
                position=len(data.groups),
                mode=plan.mode,
                tolerance=Decimal(plan.tolerance),
                boundary=plan.boundary,
                full_mark=Decimal(plan.full) if plan.full else sum(Decimal(part[2]) for part in plan.parts),
                parts=[dict(zip(("id", "item", "points", "step"), part, strict=True)) for part in plan.parts],
                own_school_excluded=plan.own_school_excluded,
            )
            session.add(stored)
            session.flush()
            data.groups[plan.key] = stored.id
        for _ in range(schools):
            school = School(name=f"金丝雀中学{secrets.token_hex(4)}")
            session.add(school)
            session.flush()
            data.schools.append(school.id)
            data.canaries.append(school.name)
        batch = Batch(paper_id=paper.id, name="金丝雀批次")
        session.add(batch)
        session.flush()
        file = ScanFile(paper_id=paper.id, batch_id=batch.id, position=0, name="f", blob="0" * 64, size=1)
        session.add(file)
        session.flush()
        _add_candidates(session, data, candidates, (exam.id, paper.id, batch.id, file.id), items, blank, keys)
    if tasks:
        create_tasks(database, data.paper_id)
    return data


def _add_candidates(session, data, candidates, ids, items, blank, keys) -> None:
    exam_id, paper_id, batch_id, file_id = ids
    classes = []
    for school_id in data.schools:
        one = SchoolClass(exam_id=exam_id, school_id=school_id, name="九1班")
        session.add(one)
        session.flush()
        classes.append(one.id)
    people = [
        Candidate(
            exam_id=exam_id, number=f"7{number:07d}", name=f"鸟鸣{secrets.token_hex(3)}",
            school_id=data.schools[number % len(classes)], class_id=classes[number % len(classes)], room="金丝雀考场",
        )
        for number in range(candidates)
    ]  # fmt: skip
    session.add_all(people)
    session.flush()
    data.canaries += [text for one in people for text in (one.number, one.name)]
    entries = [PaperEntry(paper_id=paper_id, candidate_id=one.id, status=EntryStatus.PRESENT) for one in people]
    pages = [
        PageImage(
            paper_id=paper_id, batch_id=batch_id, file_id=file_id, number=number + 1, state=PageState.PLACED, side=1,
            blob=f"{number:064d}",
        )
        for number in range(candidates)
    ]  # fmt: skip
    session.add_all([*entries, *pages])
    session.flush()
    data.entries += [entry.id for entry in entries]
    sheets = [Sheet(paper_id=paper_id, entry_id=entry.id, batch_id=batch_id, complete=True) for entry in entries]
    session.add_all(sheets)
    session.flush()
    if not candidates:
        return
    session.execute(
        insert(Placement),
        [
            {"sheet_id": sheet.id, "side": 1, "page_image_id": page.id, "how": "number"}
            for sheet, page in zip(sheets, pages, strict=True)
        ],
    )
    session.execute(
        insert(Response),
        [
            {"entry_id": entry.id, "item_id": item_id, "page_image_id": page.id, "value": "", "source": "read",
             "status": ResponseStatus.READ, "blank": number in blank}
            for number, (entry, page) in enumerate(zip(entries, pages, strict=True))
            for item_id in items.values()
        ],
    )  # fmt: skip
    session.execute(
        insert(CropRecord),
        [
            {"page_image_id": page.id, "region": no, "part": 1, "width_px": 640, "height_px": 200, "ink": 0.1,
             "overflow_mm2": 0.0, "blob": keys[number % len(keys)] if keys else f"{number:063d}c"}
            for number, page in enumerate(pages)
            for no in items
        ],
    )  # fmt: skip
