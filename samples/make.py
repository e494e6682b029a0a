"""Make the scans of a whole simulated exam: folders of pages per paper and school, the truth beside them.

In:  an Exam, printed cards, a roster, a seed, a folder, how many processes.
Out: `<folder>/<paper>/<nn-school>/` with JPEG pages in natural order (1, 2, 1, 2 …), one school as a single PDF, a last
batch with what breaks the order, and `<folder>/truth.json`. The same seed makes the same bytes, with any number of
processes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np

from models.paper import Exam, Paper
from samples.answers import Sitting, sit_exam
from samples.bind import bind_pdf
from samples.draw import DrawnSide, draw_sheet
from samples.hand import HandMix
from samples.people import SCHOOLS, Entrant
from samples.prints import CardPrint
from samples.scan_plan import ScanProfile
from samples.trouble import LATE, Trouble, absences, blank_page, picture, plan_troubles, wish_for
from samples.truth import PageTruth, write_truth

_LATE_BATCH = "补扫"


@dataclass(frozen=True, slots=True)
class MakePlan:
    """How the sheets are filled and scanned. `pdf_school` is the index of the school whose batch is one PDF file."""

    mix: HandMix = HandMix.ORDINARY
    profile: ScanProfile = ScanProfile.CLEAN
    dpi: int = 200
    pdf_school: int | None = 2
    trouble: bool = True
    jobs: int = 2


@dataclass(frozen=True, slots=True)
class Batch:
    """One delivery: a folder or a file, in the order in which it was scanned."""

    paper: str
    name: str
    path: Path
    n_pages: int


@dataclass(frozen=True, slots=True)
class MadeExam:
    """What was made: the batches to scan in, the truth of every page, and what everybody answered."""

    batches: tuple[Batch, ...]
    pages: tuple[PageTruth, ...]
    sittings: Mapping[tuple[str, str], Sitting]
    truth_file: Path
    troubles: Mapping[tuple[str, str], Trouble] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One errand for a worker: draw one candidate's sheet of one paper."""

    entrant: Entrant
    paper: str
    sitting: Sitting
    trouble: Trouble | None


_cards: dict[str, CardPrint] = {}
_papers: dict[str, Paper] = {}
_roster: tuple[Entrant, ...] = ()
_plan = MakePlan()


def _begin(cards: dict[str, CardPrint], papers: dict[str, Paper], roster: tuple[Entrant, ...], plan: MakePlan) -> None:
    """What every worker holds; sent once, not with every errand."""
    global _roster, _plan
    cv2.setNumThreads(1)
    _cards.update(cards)
    _papers.update(papers)
    _roster, _plan = roster, plan


def _draw(errand: tuple[_Sheet, int]) -> list[DrawnSide]:
    sheet, seed = errand
    key = (seed, 7, crc32(sheet.paper.encode()), crc32(sheet.entrant.candidate.encode()))
    wish = wish_for(sheet.entrant, sheet.trouble, _roster, np.random.default_rng([*key, 99]))
    wish = replace(wish, dpi=_plan.dpi)
    card, paper = _cards[sheet.paper], _papers[sheet.paper]
    return draw_sheet(card, paper, sheet.sitting, wish, mix=_plan.mix, profile=_plan.profile, seed=key)


def make_exam(
    exam: Exam, cards: Mapping[str, CardPrint], roster: Sequence[Entrant], folder: Path, *, seed: int, plan: MakePlan
) -> MadeExam:
    """Fill and scan every sheet of the exam into `folder`, which must be empty or absent (FileExistsError)."""
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(folder)
    folder.mkdir(parents=True, exist_ok=True)
    papers = [paper.id for paper in exam.papers]
    troubles = plan_troubles(roster, papers, seed) if plan.trouble else {}
    sittings = sit_exam(exam, roster, seed, {paper: absences(troubles, paper) for paper in papers})
    batches: list[Batch] = []
    truths: list[PageTruth] = []
    start = (dict(cards), {paper.id: paper for paper in exam.papers}, tuple(roster), plan)
    with _drawer(start, plan.jobs) as draw:
        for order, paper in enumerate(papers):
            sheets = [
                _Sheet(entrant, paper, sittings[entrant.candidate, paper], troubles.get((entrant.candidate, paper)))
                for entrant in roster
            ]
            foreign = cards[papers[(order + 1) % len(papers)]] if len(papers) > 1 else None
            for index, (name, group) in enumerate(_by_batch(sheets)):
                drawn = draw([(sheet, seed) for sheet in group])
                sides = [side for sheet, both in zip(group, drawn, strict=True) for side in _kept(sheet, both)]
                if name == _LATE_BATCH:
                    sides += _strangers(paper, foreign, np.random.default_rng([seed, 9, order]))
                title = f"{index + 1:02d}-{name}"
                as_pdf = index == plan.pdf_school and name != _LATE_BATCH
                path, told = _write_batch(folder / paper, title, f"{paper}-{index + 1:02d}", sides, as_pdf)
                batches.append(Batch(paper, title, path, len(sides)))
                truths += [replace(one, file=Path(one.file).relative_to(folder).as_posix()) for one in told]
    truth_file = folder / "truth.json"
    write_truth(truth_file, seed, truths, sittings.values())
    return MadeExam(tuple(batches), tuple(truths), sittings, truth_file, troubles)


_Start = tuple[dict[str, CardPrint], dict[str, Paper], tuple[Entrant, ...], MakePlan]
_Draw = Callable[[list[tuple[_Sheet, int]]], list[list[DrawnSide]]]


@contextmanager
def _drawer(start: _Start, jobs: int) -> Iterator[_Draw]:
    """Draws sheets in order, in this process or in several."""
    if jobs <= 1:
        _begin(*start)
        yield lambda errands: [_draw(errand) for errand in errands]
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), _begin, start) as pool:
        yield lambda errands: list(pool.map(_draw, errands, chunksize=2))


def _by_batch(sheets: Sequence[_Sheet]) -> Iterator[tuple[str, list[_Sheet]]]:
    """The sheets as they are delivered: school by school, and at the end what breaks the order."""
    for school in SCHOOLS:
        yield (
            school,
            [
                one
                for one in sheets
                if one.entrant.school == school and one.trouble not in LATE and one.trouble is not Trouble.SHEET_MISSING
            ],
        )
    late = [one for one in sheets if one.trouble in LATE]
    if late:
        yield _LATE_BATCH, late


def _kept(sheet: _Sheet, sides: Sequence[DrawnSide]) -> list[DrawnSide]:
    """The sides that were really scanned, and as which bytes."""
    if sheet.trouble is Trouble.BACK_MISSING:
        return list(sides[:1])
    if sheet.trouble is Trouble.TRUNCATED:
        front = sides[0]
        cut = front.data[: len(front.data) * 6 // 10]
        return [DrawnSide(cut, front.suffix, replace(front.truth, side=None, fields=(), bubbles=())), *sides[1:]]
    return list(sides)


def _strangers(paper: str, foreign: CardPrint | None, rng: np.random.Generator) -> list[DrawnSide]:
    """Pages that got into the stack: an unused card of another paper, a blank page, a photo."""
    pages = [(Trouble.BLANK_PAGE, blank_page(rng)), (Trouble.NOT_A_SHEET, picture(rng))]
    if foreign is not None:
        _, png = cv2.imencode(".jpg", foreign.sides[0], [cv2.IMWRITE_JPEG_QUALITY, 85])
        pages.insert(0, (Trouble.WRONG_CARD, png.tobytes()))
    return [
        DrawnSide(data, ".jpg", PageTruth(file="", page=1, paper=paper, side=None, troubles=(what.value,)))
        for what, data in pages
    ]


def _write_batch(
    folder: Path, title: str, stem: str, sides: Sequence[DrawnSide], as_pdf: bool
) -> tuple[Path, list[PageTruth]]:
    folder.mkdir(parents=True, exist_ok=True)
    if as_pdf and all(side.suffix == ".jpg" for side in sides):
        path = folder / f"{title}.pdf"
        path.write_bytes(bind_pdf([side.data for side in sides]))
        return path, [replace(side.truth, file=str(path), page=at + 1) for at, side in enumerate(sides)]
    path = folder / title
    path.mkdir()
    told: list[PageTruth] = []
    for at, side in enumerate(sides):
        file = path / f"{stem}-{at + 1:04d}{side.suffix}"
        file.write_bytes(side.data)
        told.append(replace(side.truth, file=str(file)))
    return path, told
