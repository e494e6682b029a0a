"""A tiny exam whose scans were really drawn, printed and scanned by the simulator, and its truth."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from marking.setup.roster import import_roster, read_roster
from marking.setup.structure import find_paper, store_exam
from models.blobs import FolderBlobs
from models.database import Database
from models.paper import Exam
from samples.exam import DemoExam, demo_exam
from samples.make import MakePlan, make_exam
from samples.prints import print_card
from scanning.cards.builder import build_card
from scanning.cards.files import dump_card
from scanning.cards.fonts import find_fonts
from scanning.cards.store import store_card
from scanning.cards.template import CardTemplate
from scanning.context import ScanContext


@dataclass(frozen=True, slots=True)
class Scans:
    """The made scans of one paper: `pages` maps each file to whose it is and which side."""

    demo: DemoExam
    exam: Exam
    template: CardTemplate
    folder: Path
    files: tuple[Path, ...]
    pages: Mapping[str, tuple[str, int]]


def make_scans(folder: Path, n_candidates: int = 6) -> Scans:
    """Two sides for each of a few candidates, one JPEG each, in one folder and in order."""
    demo = demo_exam(n_candidates, 1, 4)
    exam = replace(demo.exam, papers=demo.exam.papers[:1], totals=())
    paper = exam.papers[0]
    design = build_card(paper, exam_title=exam.title)
    cards = {paper.id: print_card(design, find_fonts(None))}
    plan = MakePlan(jobs=1, trouble=False, pdf_school=None)
    made = make_exam(exam, cards, demo.roster, folder / "made", seed=4, plan=plan)
    delivered = folder / "扫描 room 1"
    delivered.mkdir()
    files, owners = [], {}
    for at, page in enumerate(made.pages, start=1):
        file = delivered / f"page{at:03d}.jpg"
        file.write_bytes((folder / "made" / page.file).read_bytes())
        files.append(file)
        owners[file.name] = (page.identity, page.side or 0)
    return Scans(demo, exam, design.template, delivered, tuple(files), owners)


def store(scans: Scans, database: Database, blobs: FolderBlobs) -> ScanContext:
    """Store the exam, its roster and its card in a fresh database."""
    card_blob = blobs.put(dump_card(scans.template))
    roster = read_roster(scans.demo.roster_csv, "roster.csv", scans.exam.number_digits)
    with database.write() as session:
        stored_exam = store_exam(session, scans.exam)
        import_roster(session, stored_exam, roster, actor="lin")
        stored = find_paper(session, scans.exam.id, scans.exam.papers[0].id)
        card = store_card(session, stored.id, scans.template, card_blob, None)
        return ScanContext(stored.id, stored_exam.id, stored.paper, {card.id: scans.template}, dict(stored.item_ids))
