"""Where scanning gets what it works with: a paper's context, the executor of this machine, the names of exceptions."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from marking.setup.states import begin_scanning, check_scanning
from marking.setup.structure import StoredPaper
from models.errors import mark_text
from models.exam import PaperRecord
from models.words import ExceptionCode
from scanning.cards.store import load_cards
from scanning.context import ScanContext
from web.background import after_scanning
from web.i18n import _
from web.wiring import Services

if TYPE_CHECKING:
    from scanning.dispatch.executor import Executor
    from scanning.run import BatchResult, Progress

_TITLES = {
    ExceptionCode.NUMBER_MISSING: mark_text("candidate number not complete"),
    ExceptionCode.NUMBER_MULTIPLE: mark_text("candidate number undecided"),
    ExceptionCode.NUMBER_UNKNOWN: mark_text("candidate number not on the roster"),
    ExceptionCode.NUMBER_TWICE: mark_text("two sheets for one candidate"),
    ExceptionCode.NUMBER_CONFLICT: mark_text("barcode and bubbles differ"),
    ExceptionCode.SIDES_INCOMPLETE: mark_text("a side is missing or nobody knows its front"),
    ExceptionCode.WRONG_CARD: mark_text("another card or version"),
    ExceptionCode.UNREGISTERED: mark_text("page cannot be read"),
    ExceptionCode.BLANK_SHEET: mark_text("blank sheet"),
    ExceptionCode.ABSENT_CONFLICT: mark_text("absent, and yet there is a sheet or writing"),
    ExceptionCode.NOT_SCANNED: mark_text("expected but not scanned"),
    ExceptionCode.OBJECTIVE_DOUBTFUL: mark_text("doubtful objective answer"),
    ExceptionCode.CHOICE_DOUBTFUL: mark_text("undecided choice of items"),
    ExceptionCode.OUTSIDE_FRAME: mark_text("writing beyond its frame"),
    ExceptionCode.POOR_IMAGE: mark_text("poor image"),
}


def exception_title(code: ExceptionCode | str) -> str:
    """What an exception code means, in the current language."""
    return _(_TITLES[ExceptionCode(code)])


def scan_context(services: Services, stored: StoredPaper) -> ScanContext:
    """A paper as scanning sees it, with every stored version of its card."""
    with services.database.read() as session:
        cards = load_cards(session, services.blobs, stored.id)
    return ScanContext(stored.id, stored.exam.id, stored.paper, cards, stored.item_ids)


def match_roster(services: Services, stored: StoredPaper) -> int:
    """Place what waited for its number to come onto the roster and open marking for it; answers how many pages."""
    from scanning.newcomers import place_newcomers

    placed = place_newcomers(services.database, scan_context(services, stored))
    if placed:
        after_scanning(services, stored.id)
    return placed


def take_in(
    services: Services,
    stored: StoredPaper,
    paths: Sequence[Path],
    *,
    operator: str,
    progress: "Progress",
    duplex: bool = True,
    executor: "Executor | None" = None,
) -> "BatchResult":
    """Take a delivery in, read and place it, then open marking for it: the one way in for commands and uploads.

    Pages are read by `executor`, or by processes of this delivery's own. The first delivery of a paper whose card
    nobody has approved approves it in the operator's name: whoever may not do so is refused at the door of the upload.
    """
    from scanning.run import add

    with services.database.read() as session:
        check_scanning(session, session.get_one(PaperRecord, stored.id), approves=True)
    context = scan_context(services, stored)
    with nullcontext(executor) if executor else page_executor(services.settings.jobs) as reader:
        result = add(
            services.database,
            services.blobs,
            context,
            paths,
            operator=operator,
            executor=reader,
            progress=progress,
            duplex=duplex,
        )
    with services.database.write() as session:
        begin_scanning(session, session.get_one(PaperRecord, stored.id), actor=operator)
    after_scanning(services, stored.id)
    return result


@contextmanager
def page_executor(jobs: int = 0) -> Iterator["Executor"]:
    """Where pages are read on this machine: as many processes as `jobs` says, 0 for one on each core.

    They go behind whatever serves people. Only `jobs` 1 reads inside this process.
    """
    from scanning.dispatch.executor import SerialExecutor
    from scanning.dispatch.pool import PoolOptions, ProcessPool

    if jobs == 1:
        yield SerialExecutor()
        return
    with ProcessPool(PoolOptions(workers=jobs or os.cpu_count() or 1, polite=True)) as pool:
        yield pool
