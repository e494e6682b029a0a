"""From files to placed sheets, with real pages: again, renamed, in halves, at once, damaged, and killed."""

import io
import random
import shutil
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models.blobs import FolderBlobs
from models.database import Database, sqlite_url
from models.people import Candidate, PaperEntry
from models.records import AuditEvent
from models.sheet import Batch, PageImage, Placement, ScanFile, Sheet, SheetException
from models.words import AuditVerb, PageCode, PageState
from samples.bind import bind_pdf, bind_tiff
from scanning.balance import balance_of, batch_balances
from scanning.context import ScanContext
from scanning.dispatch.executor import SerialExecutor
from scanning.intake.receive import NothingToScan, PathMissing
from scanning.newcomers import place_newcomers
from scanning.run import BatchResult, NoCard, add, read_chunk
from tests.scanning.canonical import check_blobs, dump
from tests.scanning.scans import Scans, make_scans, store

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Scans:
    return make_scans(tmp_path_factory.mktemp("scans"))


def take(database: Database, blobs: FolderBlobs, context: ScanContext, *paths: Path) -> BatchResult:
    return add(database, blobs, context, list(paths), operator="lin", executor=SerialExecutor())


def owners(database: Database) -> dict[str, tuple[str, int]]:
    """File name -> whose sheet and which side it was placed as."""
    with database.read() as session:
        rows = session.execute(
            select(ScanFile.name, Candidate.number, Placement.side)
            .join(PageImage, PageImage.file_id == ScanFile.id)
            .join(Placement, (Placement.page_image_id == PageImage.id) & Placement.active)
            .join(Sheet, (Sheet.id == Placement.sheet_id) & Sheet.active)
            .join(PaperEntry, PaperEntry.id == Sheet.entry_id)
            .join(Candidate, Candidate.id == PaperEntry.candidate_id)
        )
        return {name.rsplit("/", 1)[-1]: (number, side) for name, number, side in rows}


def counts(database: Database) -> tuple[int, int, int]:
    with database.read() as session:
        return tuple(  # type: ignore[return-value]
            session.scalar(select(func.count()).select_from(table)) for table in (Batch, ScanFile, PageImage)
        )


@pytest.fixture(scope="session")
def undisturbed(scans: Scans, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The canonical state after one run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    database, blobs, context = fresh(scans, sqlite_template, folder)
    take(database, blobs, context, scans.folder)
    state = dump(database)
    database.dispose()
    return state


def fresh(scans: Scans, template: Path, folder: Path) -> tuple[Database, FolderBlobs, ScanContext]:
    (folder / "kaiyue.sqlite").write_bytes(template.read_bytes())
    database = Database(sqlite_url(folder / "kaiyue.sqlite"))
    blobs = FolderBlobs(folder / "blobs")
    return database, blobs, store(scans, database, blobs)


def test_every_page_is_placed_on_its_own_candidate_and_again_changes_nothing(
    scans: Scans, database: Database, blobs: FolderBlobs, undisturbed: str
) -> None:
    context = store(scans, database, blobs)
    told: list[tuple[str, int, int]] = []
    result = add(
        database,
        blobs,
        context,
        [scans.folder],
        operator="lin",
        executor=SerialExecutor(),
        progress=lambda what, done, total: told.append((what, done, total)),
    )
    assert owners(database) == dict(scans.pages)
    assert result.balance.holds
    assert (result.balance.files, result.balance.pages_in, result.balance.placed) == (12, 12, 12)
    assert {what for what, done, total in told if done == total} == {"files", "pages", "sheets"}
    before = dump(database)
    assert before == undisturbed
    again = take(database, blobs, context, scans.folder)
    assert (again.batch_id, again.files, again.files_known) == (None, 12, 12)
    assert again.batches == result.batches
    assert again.balance == result.balance
    assert dump(database) == before
    with database.read() as session:
        received = select(func.count()).select_from(AuditEvent).where(AuditEvent.verb == AuditVerb.BATCH_RECEIVED)
        assert session.scalar(received) == 1


def test_renamed_reordered_and_bound_copies_are_known(
    scans: Scans, sqlite_database: Database, blobs: FolderBlobs, tmp_path: Path
) -> None:
    context = store(scans, sqlite_database, blobs)
    take(sqlite_database, blobs, context, scans.folder)
    other = tmp_path / "again"
    other.mkdir()
    for at, file in enumerate(reversed(scans.files)):
        shutil.copy(file, other / f"z{at}.jpg")
    assert take(sqlite_database, blobs, context, other).batch_id is None
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in scans.files:
            archive.write(file, file.name)
    bound = tmp_path / "all.pdf"
    bound.write_bytes(bind_pdf([file.read_bytes() for file in scans.files]))
    for path in (packed, bound):
        result = take(sqlite_database, blobs, context, path)
        assert result.batch_id is not None
        assert (result.balance.pages_in, result.balance.known) == (0, 12)
    assert counts(sqlite_database) == (3, 14, 12)


def test_an_odd_half_first_and_then_everything_places_everything(
    scans: Scans, sqlite_database: Database, blobs: FolderBlobs, tmp_path: Path
) -> None:
    context = store(scans, sqlite_database, blobs)
    half = tmp_path / scans.folder.name
    half.mkdir()
    for file in scans.files[:5]:
        shutil.copy(file, half / file.name)
    first = take(sqlite_database, blobs, context, half)
    assert (first.balance.placed, first.balance.waiting, first.balance.by_code["E06"]) == (4, 1, 1)
    everything = take(sqlite_database, blobs, context, scans.folder)
    assert (everything.files, everything.files_known) == (12, 5)
    assert owners(sqlite_database) == dict(scans.pages)
    assert everything.balance.waiting == 0
    assert "E06" not in everything.balance.by_code
    assert counts(sqlite_database) == (2, 12, 12)


def test_sheets_of_candidates_who_come_onto_the_roster_later_find_them_and_nobody_elses_do(
    scans: Scans, sqlite_database: Database, blobs: FolderBlobs
) -> None:
    context = store(scans, sqlite_database, blobs)
    late, never = sorted({number for number, _side in scans.pages.values()})[:2]
    with sqlite_database.write() as session:
        for row in session.scalars(select(Candidate).where(Candidate.number.in_([late, never]))):
            row.number = f"x{row.number}"
    batch = take(sqlite_database, blobs, context, scans.folder)
    assert batch.balance.waiting > 0
    assert place_newcomers(sqlite_database, context) == 0
    with sqlite_database.write() as session:
        session.scalars(select(Candidate).where(Candidate.number == f"x{late}")).one().number = late
    waited = [name for name, (number, _side) in scans.pages.items() if number == late]
    assert place_newcomers(sqlite_database, context) == len(waited)
    others = {name: place for name, place in scans.pages.items() if place[0] != never}
    assert owners(sqlite_database) == others
    assert place_newcomers(sqlite_database, context) == 0
    with sqlite_database.read() as session:
        balance = balance_of(session, context.paper_id, batch.batches)
    assert (balance.placed, balance.waiting) == (len(others), len(scans.pages) - len(others))


@pytest.mark.parametrize("bind", [bind_pdf, bind_tiff], ids=["pdf", "tiff"])
def test_one_file_of_many_pages_places_them_all(
    scans: Scans, sqlite_database: Database, blobs: FolderBlobs, tmp_path: Path, bind: object
) -> None:
    context = store(scans, sqlite_database, blobs)
    path = tmp_path / "stack"
    path.write_bytes(bind([file.read_bytes() for file in scans.files[:6]]))  # type: ignore[operator]
    result = take(sqlite_database, blobs, context, path)
    assert (result.balance.files, result.balance.pages_in, result.balance.placed) == (1, 6, 6)


def test_many_at_once_take_everything_in_exactly_once(
    scans: Scans, database: Database, blobs: FolderBlobs, undisturbed: str
) -> None:
    context = store(scans, database, blobs)
    results: list[BatchResult] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            results.append(take(database, blobs, context, scans.folder))
        except BaseException as err:  # noqa: BLE001 - the test wants to see whatever happened in the thread
            failures.append(err)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sum(result.batch_id is not None for result in results) == 1
    assert counts(database) == (1, 12, 12)
    assert dump(database) == undisturbed


def test_damaged_files_are_listed_with_their_code_and_the_rest_goes_on(
    scans: Scans, sqlite_database: Database, blobs: FolderBlobs, tmp_path: Path
) -> None:
    context = store(scans, sqlite_database, blobs)
    folder = tmp_path / "mixed"
    folder.mkdir()
    good = [file.read_bytes() for file in scans.files[:4]]
    (folder / "a01.jpg").write_bytes(good[0])
    (folder / "a02.jpg").write_bytes(good[1])
    (folder / "b-cut.jpg").write_bytes(good[2][: len(good[2]) * 6 // 10])
    (folder / "c-empty.png").write_bytes(b"")
    (folder / "d-text.jpg").write_bytes(b"this is no picture, whatever its name says")
    (folder / "e-locked.pdf").write_bytes(_locked_pdf(good[2]))
    (folder / "f01.jpg").write_bytes(good[2])
    (folder / "f02.jpg").write_bytes(good[3])
    (folder / "notes.txt").write_text("not a scan")
    result = take(sqlite_database, blobs, context, folder)
    assert (result.balance.files, result.balance.pages_in) == (8, 8)
    assert (result.balance.placed, result.balance.waiting) == (4, 4)
    assert result.needs_person
    with sqlite_database.read() as session:
        rows = session.execute(
            select(ScanFile.name, PageImage.code, PageImage.state, SheetException.page_code)
            .join(PageImage, PageImage.file_id == ScanFile.id)
            .outerjoin(SheetException, SheetException.subject == "page:" + func.cast(PageImage.id, _text()))
            .where(PageImage.code.is_not(None))
        )
        listed = {name.rsplit("/", 1)[-1]: (code, state, page_code) for name, code, state, page_code in rows}
    assert {name: code for name, (code, _, _) in listed.items()} == {
        "b-cut.jpg": PageCode.TRUNCATED_IMAGE,
        "c-empty.png": PageCode.UNREADABLE_FILE,
        "d-text.jpg": PageCode.NOT_AN_IMAGE,
        "e-locked.pdf": PageCode.ENCRYPTED_FILE,
    }
    assert all(state is PageState.WAITING and code == page_code for code, state, page_code in listed.values())


def _text() -> object:
    from sqlalchemy import String

    return String()


def _locked_pdf(jpeg: bytes) -> bytes:
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(bind_pdf([jpeg]))) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="owner", user="secret"))
    return out.getvalue()


def test_what_is_not_there_or_no_scan_is_refused_before_anything_changes(
    scans: Scans, sqlite_database: Database, blobs: FolderBlobs, tmp_path: Path
) -> None:
    context = store(scans, sqlite_database, blobs)
    (tmp_path / "empty").mkdir()
    with pytest.raises(PathMissing):
        take(sqlite_database, blobs, context, scans.folder, tmp_path / "nowhere")
    with pytest.raises(NothingToScan):
        take(sqlite_database, blobs, context, tmp_path / "empty")
    with pytest.raises(NoCard):
        take(sqlite_database, blobs, replace(context, cards={}), scans.folder)
    assert counts(sqlite_database) == (0, 0, 0)


def test_a_chunk_is_read_by_ids_once(scans: Scans, sqlite_database: Database, blobs: FolderBlobs) -> None:
    from scanning.intake.ledger import enter_batch, open_file, unopened_files, unread_pages
    from scanning.intake.receive import find_files, keep_files

    context = store(scans, sqlite_database, blobs)
    kept = keep_files(blobs, find_files([scans.files[0]]))
    with sqlite_database.write() as session:
        enter_batch(session, context.paper_id, kept, name="one", operator="lin")
        files = unopened_files(session, context.paper_id)
    assert [open_file(sqlite_database, blobs, file_id) for file_id in files] == [1]
    assert [open_file(sqlite_database, blobs, file_id) for file_id in files] == [0]
    with sqlite_database.read() as session:
        ids = unread_pages(session, context.paper_id)
    assert read_chunk(sqlite_database, blobs, context, ids, SerialExecutor()) == 1
    assert read_chunk(sqlite_database, blobs, context, ids, SerialExecutor()) == 0


def test_the_balance_holds_between_taking_in_and_placing(
    scans: Scans, sqlite_database: Database, blobs: FolderBlobs
) -> None:
    """Pages whose turn has not come wait: they are neither lost from the balance nor a person's work."""

    class Interrupted(SerialExecutor):
        def run(self, work, given):  # type: ignore[no-untyped-def]
            yield next(super().run(work, given))
            raise KeyboardInterrupt

    context = store(scans, sqlite_database, blobs)
    with pytest.raises(KeyboardInterrupt):
        add(sqlite_database, blobs, context, [scans.folder], operator="lin", executor=Interrupted())
    with sqlite_database.read() as session:
        (batch,) = batch_balances(session, context.paper_id)
        balance = balance_of(session, context.paper_id)
    assert batch.balance == balance
    assert not batch.finished
    assert (balance.pages_in, balance.placed, balance.waiting, balance.discarded) == (12, 0, 12, 0)
    assert (balance.unfinished, balance.holds, balance.needs_person) == (12, True, False)
    after = take(sqlite_database, blobs, context, scans.folder).balance
    assert (after.waiting, after.unfinished, after.holds) == (0, 0, True)


def test_a_run_that_is_killed_and_started_again_ends_like_one_that_nothing_disturbed(
    scans: Scans, sqlite_template: Path, tmp_path: Path, undisturbed: str
) -> None:
    assert _kill_and_resume(scans, sqlite_template, tmp_path, undisturbed, seed=7) >= 2


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(60))
def test_it_ends_the_same_wherever_it_is_killed(
    scans: Scans, sqlite_template: Path, tmp_path: Path, undisturbed: str, seed: int
) -> None:
    _kill_and_resume(scans, sqlite_template, tmp_path, undisturbed, seed=100 + seed, kills=8)


def _kill_and_resume(scans: Scans, template: Path, folder: Path, undisturbed: str, *, seed: int, kills: int = 4) -> int:
    """Kill the same command again and again, then let it end; answers how many kills hit it at work."""
    rng = random.Random(seed)
    database, blobs, _ = fresh(scans, template, folder)
    database.dispose()
    hit = sum(_run(folder, scans, kill_after_s=rng.uniform(0.02, 0.8)) for _ in range(kills))
    assert not _run(folder, scans, kill_after_s=None)
    database = Database(sqlite_url(folder / "kaiyue.sqlite"))
    assert dump(database) == undisturbed
    assert check_blobs(blobs) > 60  # pages, small pictures, crops
    database.dispose()
    return hit


def _run(folder: Path, scans: Scans, kill_after_s: float | None) -> bool:
    """Run the intake as a process; answers whether it was killed before it was done."""
    command = [sys.executable, "-m", "tests.scanning.ingest_process", sqlite_url(folder / "kaiyue.sqlite")]
    command += [str(folder / "blobs"), scans.exam.id, scans.exam.papers[0].id, str(scans.folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            process.wait(kill_after_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return True
        assert process.returncode == 0
        return False
