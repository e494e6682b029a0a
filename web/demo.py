"""The demonstration: a simulated county exam through the real pipeline, from printed cards to statistics.

Every step is the one that an office uses: the exam file is checked and stored, cards are printed, sheets are
filled and scanned by the simulator, read, cut and scored, and a share of the marking is done by simulated
markers through the HTTP interface. What was read is then held against the simulator's truth. Started again in
the same data folder, it goes on where it stopped.
"""

import csv
import io
import json
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from marking.scores.balance import CandidateBalance, candidate_balance
from marking.setup.roster import import_roster, read_roster
from marking.setup.staffing import import_staff, keep_hashes, read_staff
from marking.setup.states import advance_exam, advance_paper
from marking.setup.structure import StoredPaper, find_exam, find_papers
from models.exam import ExamRecord
from models.people import Candidate, PaperEntry
from models.sheet import PageImage, PageReadingRecord, ScanFile
from models.table import as_csv
from models.task import Mark, MarkingTask
from models.words import ExamState, MarkingMode, PaperState, ReadingStatus, Role
from samples.answers import Sitting
from samples.compare import Comparison, ReadRow, compare, rows_from_reading
from samples.drive import drive
from samples.exam import DemoExam, demo_exam
from samples.make import MakePlan, make_exam
from samples.markers import give_mark, marker_habit
from samples.prints import print_card
from samples.truth import read_truth
from scanning.balance import Balance, balance_of
from scanning.cards.builder import build_card
from scanning.cards.fonts import find_fonts
from scanning.reading.evidence import reading_from_json
from web.access.passwords import hash_passwords
from web.background import refresh_statistics
from web.cards import create_exam
from web.i18n import _
from web.scanning import page_executor, take_in
from web.server import Server
from web.wiring import Services, configured_font

SHARE_OF_YOURS = 0.5  # of what is left when a simulated marker begins in a group that is also yours
MARKERS_AT_ONCE = 4  # enough to meet each other in the queue
LEFT_FOR_YOU = "01"  # the first marker of each paper is not simulated: that account is yours

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """How large the demonstration is."""

    candidates: int = 120
    markers: int = 6
    seed: int = 1


@dataclass(frozen=True, slots=True)
class PaperResult:
    """How one paper came out."""

    paper: str
    title: str
    pages: Balance
    candidates: CandidateBalance
    marks: int


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What was built, and what the comparison with the truth found."""

    exam: str
    papers: tuple[PaperResult, ...]
    comparison: Comparison
    accounts: tuple[tuple[str, str, str], ...]

    @property
    def holds(self) -> bool:
        """Whether every balance holds and nothing was read wrongly without a word."""
        return (
            all(paper.pages.holds and paper.candidates.holds and not paper.pages.unfinished for paper in self.papers)
            and not self.comparison.silent
            and not self.comparison.silent_numbers
            and not self.comparison.lost
            and not self.comparison.misplaced
            and not self.comparison.foreign
        )


def build_demo(services: Services, plan: DemoPlan, say: Say) -> DemoResult:
    """Build what is not there yet and hold it against the truth."""
    folder = services.settings.data / "demo"
    sample = demo_exam(plan.candidates, plan.markers, plan.seed)
    _store(services, sample, folder, say)
    batches = _sheets(services, sample, folder, plan, say)
    with services.database.read() as session:
        papers = find_papers(session, sample.exam.id)
    _scan(services, papers, batches, say)
    sittings = {(one.candidate, one.paper): one for one in read_truth(folder / "sheets" / "truth.json")[1]}
    accounts = _accounts(folder)
    _mark(services, sample, papers, sittings, accounts, plan, say)
    say(_("Computing statistics …"))
    for stored in papers:
        refresh_statistics(services, stored.id)
    return _result(services, sample, papers, folder, accounts)


def _store(services: Services, sample: DemoExam, folder: Path, say: Say) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with services.database.read() as session:
        there = session.scalar(select(ExamRecord.id).where(ExamRecord.key == sample.exam.id))
    if there is None:
        say(_("Storing the exam and laying out its cards …"))
        create_exam(services, sample.exam, actor="demo")
    with services.database.read() as session:
        exam = find_exam(session, sample.exam.id)
    if exam.state is ExamState.DRAFT:
        with services.database.write() as session:
            exam = find_exam(session, sample.exam.id)
            import_roster(session, exam, read_roster(sample.roster_csv, "roster.csv", exam.number_digits), actor="demo")
            advance_exam(session, exam, ExamState.ROSTER_LOCKED, actor="demo")
            for stored in find_papers(session, sample.exam.id):
                advance_paper(session, stored.record, PaperState.CARD_APPROVED, actor="demo")
    people = read_staff(sample.staff_csv, "staff.csv")
    say(_("Making accounts …"))
    with services.database.write() as session:
        exam = find_exam(session, sample.exam.id)
        made = import_staff(session, exam, people, actor="demo")
    if made.credentials:
        hashes = hash_passwords([each.password for each in made.credentials])
        with services.database.write() as session:
            keep_hashes(session, made.credentials, hashes)
        known = {username: (name, password) for username, name, password in _accounts(folder)}
        known |= {each.username: (each.name, each.password) for each in made.credentials}
        table = as_csv(("username", "name", "password"), [(user, *rest) for user, rest in known.items()])
        descriptor = os.open(folder / "accounts.csv", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            out.write(table)


def _accounts(folder: Path) -> tuple[tuple[str, str, str], ...]:
    path = folder / "accounts.csv"
    if not path.exists():
        return ()
    rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
    return tuple((row["username"], row["name"], row["password"]) for row in rows)


def _sheets(services: Services, sample: DemoExam, folder: Path, plan: DemoPlan, say: Say) -> list[tuple[str, Path]]:
    """Fill and scan the sheets, once; answers the batches by paper."""
    sheets, listing = folder / "sheets", folder / "batches.json"
    if not listing.exists():
        say(_("Filling and scanning {count} sheets …", count=len(sample.roster) * len(sample.exam.papers)))
        shutil.rmtree(sheets, ignore_errors=True)
        fonts = find_fonts(configured_font(services.settings))
        cards = {
            paper.id: print_card(build_card(paper, exam_title=sample.exam.title), fonts) for paper in sample.exam.papers
        }
        jobs = services.settings.jobs or os.cpu_count() or 1
        made = make_exam(sample.exam, cards, sample.roster, sheets, seed=plan.seed, plan=MakePlan(jobs=jobs))
        listed = [(batch.paper, batch.path.relative_to(folder).as_posix()) for batch in made.batches]
        listing.write_text(json.dumps(listed, ensure_ascii=False), encoding="utf-8")
    return [(paper, folder / path) for paper, path in json.loads(listing.read_text(encoding="utf-8"))]


def _scan(services: Services, papers: list[StoredPaper], batches: list[tuple[str, Path]], say: Say) -> None:
    for stored in papers:
        paths = [path for paper, path in batches if paper == stored.record.key]
        say(_("Reading {count} deliveries of {paper} …", count=len(paths), paper=stored.paper.title))
        with page_executor(services.settings.jobs) as executor:
            for path in paths:
                take_in(services, stored, [path], operator="scanner1", progress=_silent, executor=executor)


def _silent(_what: str, _done: int, _total: int) -> None:
    return


def _mark(
    services: Services,
    sample: DemoExam,
    papers: list[StoredPaper],
    sittings: dict[tuple[str, str], Sitting],
    accounts: tuple[tuple[str, str, str], ...],
    plan: DemoPlan,
    say: Say,
) -> None:
    """Let simulated markers mark their share through the HTTP interface, each task once."""
    with services.database.read() as session:
        if session.scalar(select(func.count()).select_from(Mark)):
            return
        tasks = session.scalar(select(func.count()).select_from(MarkingTask)) or 0
    passwords = {username: password for username, _name, password in accounts}
    markers = sorted(
        {
            line.username
            for line in sample.staff
            if line.role is Role.MARKER and not line.username.endswith(LEFT_FOR_YOU) and line.username in passwords
        }
    )
    say(_("{markers} simulated markers mark a share of {count} tasks …", markers=len(markers), count=tasks))
    single = {group.id for paper in sample.exam.papers for group in paper.groups if group.mode is MarkingMode.SINGLE}
    left: dict[str, str] = {}  # the first group of each account that is left for you
    for line in sample.staff:
        if line.username.endswith(LEFT_FOR_YOU) and line.group in single:
            left.setdefault(line.username, line.group)
    yours = frozenset(left.values())
    truth = _TrueMarks(services, papers, sittings, plan.seed)
    settings = replace(services.settings, host="127.0.0.1", port=0, profile="lan", trusted_proxy="")
    server = Server(replace(services, settings=settings))
    thread = threading.Thread(target=server.run, name="demo server")
    thread.start()

    def work(username: str) -> None:
        judge = partial(truth.judge, username)
        mine = frozenset(line.group for line in sample.staff if line.username == username)
        for groups, share in ((mine - yours, 1.0), (mine & yours, SHARE_OF_YOURS)):
            address = f"http://127.0.0.1:{server.port}"
            drive(address, username, passwords[username], judge, share=share, groups=groups, look=False)

    try:
        with ThreadPoolExecutor(MARKERS_AT_ONCE) as pool:
            list(pool.map(work, markers))
    finally:
        server.stop()
        thread.join()


class _TrueMarks:
    """What a simulated marker gives for a task: the true worth of the answer, seen through the marker's habit."""

    def __init__(
        self, services: Services, papers: list[StoredPaper], sittings: dict[tuple[str, str], Sitting], seed: int
    ) -> None:
        self._services = services
        self._papers = {stored.id: stored for stored in papers}
        self._sittings = sittings
        self._seed = seed

    def judge(self, username: str, _group: Mapping[str, Any], dealt: Mapping[str, Any]) -> dict[str, Decimal]:
        """Points by score field for a dealt task."""
        task = dealt["task"]
        with self._services.database.read() as session:
            number, paper_id = session.execute(
                select(Candidate.number, PaperEntry.paper_id)
                .join(PaperEntry, PaperEntry.candidate_id == Candidate.id)
                .join(MarkingTask, MarkingTask.entry_id == PaperEntry.id)
                .where(MarkingTask.code == task)
            ).one()
        sitting = self._sittings[number, self._papers[paper_id].record.key]
        habit = marker_habit(self._seed, username)
        return {
            part["id"]: give_mark(
                sitting.true_points.get(part["id"], Decimal(0)),
                Decimal(part["points"]),
                Decimal(part["step"]),
                habit,
                f"{username}/{task}/{part['id']}",
            )
            for part in dealt["parts"]
        }


def _result(
    services: Services,
    sample: DemoExam,
    papers: list[StoredPaper],
    folder: Path,
    accounts: tuple[tuple[str, str, str], ...],
) -> DemoResult:
    results = []
    with services.database.read() as session:
        for stored in papers:
            marks = session.scalar(
                select(func.count())
                .select_from(Mark)
                .join(MarkingTask, MarkingTask.id == Mark.task_id)
                .where(MarkingTask.group_id.in_(stored.group_ids.values()))
            )
            results.append(
                PaperResult(
                    stored.record.key,
                    stored.paper.title,
                    balance_of(session, stored.id),
                    candidate_balance(session, stored.id),
                    marks or 0,
                )
            )
    truths, _sittings = read_truth(folder / "sheets" / "truth.json")
    comparison = Comparison()
    for stored in papers:
        # file names repeat from paper to paper
        of_paper = [truth for truth in truths if truth.file.startswith(f"{stored.record.key}/")]
        comparison.add(compare(of_paper, _rows(services, stored)))
    return DemoResult(sample.exam.id, tuple(results), comparison, accounts)


def _rows(services: Services, stored: StoredPaper) -> list[ReadRow]:
    """What was read, from the stored evidence; a file that could not be opened has only its page row."""
    rows: list[ReadRow] = []
    with services.database.read() as session:
        for file, number, code, reading in session.execute(
            select(ScanFile.name, PageImage.number, PageImage.code, PageReadingRecord.reading)
            .join(PageImage, PageImage.file_id == ScanFile.id)
            .outerjoin(PageReadingRecord, PageReadingRecord.page_image_id == PageImage.id)
            .where(PageImage.paper_id == stored.id)
        ):
            if reading is None:
                value = code.value if code else ""
                rows.append(ReadRow(file, number, None, "_page", value, ReadingStatus.DOUBTFUL))
            else:
                rows += rows_from_reading(file, number, reading_from_json(reading))
    return rows
