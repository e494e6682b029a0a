"""`kaiyue scan`: take in what the scanner wrote, and say what became of it."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from models.errors import mark_text
from web.i18n import _

if TYPE_CHECKING:
    from marking.setup.structure import StoredPaper
    from scanning.balance import Balance
    from web.wiring import Services

_LINE_EVERY_S = 5.0
_WORK = (mark_text("files"), mark_text("pages"), mark_text("sheets"))  # what scanning.run counts its progress in


@click.group()
def scan() -> None:
    """Take scans in and show their balance."""


@scan.command()
@click.argument("exam")
@click.argument("paper")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--operator", default="", metavar="NAME", help="Who scanned; by default who runs the command.")
@click.option(
    "--duplex/--no-duplex",
    default=True,
    help="Whether the sides lie in the order of a duplex scan: 1, 2, 1, 2 … (default: yes).",
)
@click.option("--json", "as_json", is_flag=True, help="Answer as one JSON document.")
def add(*, exam: str, paper: str, paths: tuple[str, ...], operator: str, duplex: bool, as_json: bool) -> int:
    """Take in images, TIFF, PDF, ZIP or folders of them; what was taken in before is known by its content.

    Exit code 4: something waits for a person. After an interruption the same command goes on where it stopped.
    """
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(120_000_000))  # before OpenCV is imported
    from marking.setup.structure import find_paper
    from models.words import PaperState
    from web.cli.shared import say_json, services, whoami
    from web.scanning import take_in

    opened = services()
    with opened.database.read() as session:
        stored = find_paper(session, exam, paper)
        unapproved = stored.record.state is PaperState.DRAFT
    who = operator or whoami()
    result = take_in(
        opened,
        stored,
        [Path(path) for path in paths],
        operator=who,
        progress=_progress(),
        duplex=duplex,
    )
    if unapproved:
        said = _(
            "Nobody had approved the answer card of {paper}: this first delivery approves it in the name of {name}.",
            paper=stored.paper.title,
            name=who,
        )
        click.echo(said, err=True)
    if as_json:
        say_json(
            {
                "batch": result.batch_id,
                "batches": list(result.batches),
                "files": result.files,
                "files_known": result.files_known,
                "needs_person": result.needs_person,
                **_counts(result.balance),
            }
        )
    else:
        if result.batch_id is None:
            click.echo(_("All {count} files were known already; nothing was taken in twice.", count=result.files))
        else:
            click.echo(
                _(
                    "Batch {batch}: {new} files taken in, {known} known already.",
                    batch=result.batch_id,
                    new=result.files - result.files_known,
                    known=result.files_known,
                )
            )
        _say_balance(result.balance)
    return 4 if result.needs_person else 0


@scan.command()
@click.argument("exam")
@click.argument("paper", required=False)
@click.option("--json", "as_json", is_flag=True, help="Answer as one JSON document.")
def status(exam: str, paper: str | None, as_json: bool) -> None:
    """Show what came in and what became of it, per paper and batch."""
    from marking.setup.structure import find_paper, find_papers
    from web.cli.shared import say_json, services

    opened = services()
    with opened.database.read() as session:
        stored = [find_paper(session, exam, paper)] if paper else find_papers(session, exam)
    reports = [_paper_report(opened, one) for one in stored]
    if as_json:
        say_json({"exam": exam, **_together(reports), "papers": reports})
        return
    for report in reports:
        _say_paper(report)


def _paper_report(opened: "Services", stored: "StoredPaper") -> dict[str, Any]:
    from scanning.balance import balance_of, batch_balances, candidates_of, not_scanned

    with opened.database.read() as session:
        balance = balance_of(session, stored.id)
        batches = batch_balances(session, stored.id)
        candidates = candidates_of(session, stored.id)
        missing = not_scanned(session, stored.id)
    return {
        "paper": stored.paper.id,
        **_counts(balance),
        "candidates": asdict(candidates),
        "not_scanned": [asdict(one) for one in missing],
        "batches": [
            {
                "batch": one.batch_id,
                "name": one.name,
                "operator": one.operator,
                "finished": one.finished,
                **_counts(one.balance),
            }
            for one in batches
        ],
    }


def _together(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """The counts of all papers that were asked for, and their batches in one list."""
    counts = ("files", "pages_in", "placed", "waiting", "discarded", "unfinished", "known")
    codes: Counter[str] = Counter()
    for report in reports:
        codes.update(report["by_code"])
    return {
        **{name: sum(report[name] for report in reports) for name in counts},
        "by_code": dict(sorted(codes.items())),
        "balanced": all(report["balanced"] for report in reports),
        "batches": [{"paper": report["paper"], **batch} for report in reports for batch in report["batches"]],
    }


def _counts(balance: "Balance") -> dict[str, Any]:
    return {**asdict(balance), "balanced": balance.holds}


def _say_paper(report: dict[str, Any]) -> None:
    candidates = report["candidates"]
    click.echo(
        _(
            "{paper}: {files} files, {pages} pages in = {placed} placed + {waiting} waiting + {discarded} discarded",
            paper=report["paper"],
            files=report["files"],
            pages=report["pages_in"],
            placed=report["placed"],
            waiting=report["waiting"],
            discarded=report["discarded"],
        )
    )
    if report["unfinished"]:
        click.echo(
            _(
                "  {count} of the waiting pages are not read yet: run the same `kaiyue scan add` again.",
                count=report["unfinished"],
            )
        )
    click.echo(
        _(
            "  {expected} candidates expected = {scanned} scanned + {waiting} waiting + "
            "{recorded} absent, lost, violation or not entered + {missing} not scanned",
            expected=candidates["expected"],
            scanned=candidates["scanned"],
            waiting=candidates["waiting"],
            recorded=candidates["recorded"],
            missing=candidates["not_scanned"],
        )
    )
    _say_codes(report["by_code"])
    for batch in report["batches"]:
        click.echo(
            _(
                "  batch {batch} {name}: {files} files, {pages} pages, {placed} placed, {waiting} waiting, "
                "{discarded} discarded, {known} known",
                batch=batch["batch"],
                name=batch["name"],
                files=batch["files"],
                pages=batch["pages_in"],
                placed=batch["placed"],
                waiting=batch["waiting"],
                discarded=batch["discarded"],
                known=batch["known"],
            )
        )


def _say_balance(balance: "Balance") -> None:
    click.echo(
        _(
            "{pages} pages in = {placed} placed + {waiting} waiting + {discarded} discarded; {known} repeats.",
            pages=balance.pages_in,
            placed=balance.placed,
            waiting=balance.waiting,
            discarded=balance.discarded,
            known=balance.known,
        )
    )
    _say_codes(balance.by_code)


def _say_codes(by_code: dict[str, int]) -> None:
    from web.scanning import exception_title

    for code, count in by_code.items():
        click.echo(f"  {code} {exception_title(code)}: {count}")


def _progress() -> Callable[[str, int, int], None]:
    """Progress on stderr: a bar on a terminal, a plain line now and then otherwise."""
    if sys.stderr.isatty():
        return _bars()
    said: dict[str, float] = {}

    def line(what: str, done: int, total: int) -> None:
        moment = time.monotonic()
        if done == total or moment - said.get(what, 0.0) >= _LINE_EVERY_S:
            said[what] = moment
            click.echo(f"{_(what)}: {done}/{total}", err=True)

    return line


def _bars() -> Callable[[str, int, int], None]:
    from tqdm import tqdm

    bars: dict[str, Any] = {}

    def show(what: str, done: int, total: int) -> None:
        bar = bars.get(what)
        if bar is None:
            bar = bars[what] = tqdm(total=total, desc=_(what), unit="", file=sys.stderr, leave=True)
        bar.total = total
        bar.update(done - bar.n)
        if done == total:
            bars.pop(what).close()

    return show
