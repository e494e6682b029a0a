"""`kaiyue read`: page images in, readings out as CSV. Needs a card file and no database."""

import csv
import io
import itertools
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from models.errors import InputRefused, NotFound, mark_text
from web.i18n import _

if TYPE_CHECKING:
    from scanning.dispatch.executor import Executor
    from scanning.intake.apart import Opener
    from scanning.intake.unpack import SourcePage
    from scanning.read_files import PageRow

HEADER = ("file", "page", "side", "field", "value", "status", "margin")
_FEW_PAGES = 8  # starting processes takes longer than reading these
_LINE_EVERY_S = 10.0


class CannotWriteReadings(InputRefused):
    """The table or the images cannot be written where they were asked for."""

    code = "read.cannot_write"
    sentence = mark_text("{path} cannot be written: {why}.")
    remedy = mark_text("Choose another place with --out, --crops or --overlay.")


@click.command()
@click.option(
    "--card", "card_file", required=True, metavar="CARD.json", help="The card that the pages were printed from."
)
@click.option("--out", metavar="OUT.csv", help="Where the readings go; without it they go to stdout.")
@click.option("--crops", metavar="DIR", help="Cut the answer regions and write them there.")
@click.option("--overlay", metavar="DIR", help="Write every page with what was read drawn onto it.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), metavar="N", help="How many processes read (default: one per core)."
)
@click.option("--json", "as_json", is_flag=True, help="Answer with a summary as one JSON document.")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
def read(
    *,
    card_file: str,
    out: str | None,
    crops: str | None,
    overlay: str | None,
    jobs: int | None,
    as_json: bool,
    paths: tuple[str, ...],
) -> int:
    """Read page images: folders, JPEG, PNG, TIFF, PDF and ZIP. Exit code 4: something waits for a person."""
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(120_000_000))  # before OpenCV is imported
    from scanning.cards.files import load_card
    from scanning.intake.apart import OpenApart
    from scanning.read_files import FileReader, NamedPage, StemNames
    from scanning.read_page import ReadingOptions
    from scanning.reading.crop_plan import CropOptions

    card = load_card(Path(card_file))
    if not any(_is_there(path) for path in paths):
        raise NotFound(what=mark_text("file or folder"), name=", ".join(paths))
    reader = FileReader(card, ReadingOptions(crops=CropOptions() if crops else None), _folder(crops), _folder(overlay))
    names = StemNames()
    summary = Summary()
    with _open_table(out, as_json) as table, OpenApart() as opener:
        pages = (NamedPage(source, names.name(source)) for source in _sources(paths, opener))
        first = list(itertools.islice(pages, _FEW_PAGES + 1))
        workers = jobs or os.cpu_count() or 1
        executor = _executor(1 if len(first) <= _FEW_PAGES and jobs is None else workers)
        rows = (_row_of(outcome) for outcome in executor.run(reader, itertools.chain(first, pages)))
        for row in _with_progress(rows):
            table.add(page_rows(row))
            summary.add(row)
    if as_json:
        from web.cli.shared import say_json

        say_json(summary.document() | ({"out": out} if out else {"rows": table.kept}))
    else:
        click.echo(summary.sentence(), err=True)
    return 4 if summary.waits else 0


class Summary:
    """Counts of what was read, for the last line and for --json."""

    def __init__(self) -> None:
        self.pages = 0
        self.fields = 0
        self.doubtful = 0
        self.codes: Counter[str] = Counter()

    def add(self, row: "PageRow") -> None:
        """Count one page."""
        values = page_rows(row)
        self.pages += 1
        self.fields += len(values) - 1
        self.doubtful += sum(value[5] != "ok" for value in values[1:])
        if row.reading.code is not None:
            self.codes[row.reading.code.value] += 1

    @property
    def waits(self) -> bool:
        """Whether anything needs a person."""
        return bool(self.codes or self.doubtful)

    def document(self) -> dict[str, Any]:
        """The summary as JSON."""
        return {
            "pages": self.pages,
            "read": self.pages - sum(self.codes.values()),
            "codes": dict(sorted(self.codes.items())),
            "fields": self.fields,
            "doubtful": self.doubtful,
        }

    def sentence(self) -> str:
        """The summary for a person."""
        refused = sum(self.codes.values())
        text = _(
            "{pages} page image(s): {read} read, {refused} refused; {fields} fields, {doubtful} doubtful.",
            pages=self.pages,
            read=self.pages - refused,
            refused=refused,
            fields=self.fields,
            doubtful=self.doubtful,
        )
        codes = ", ".join(f"{code} {count}" for code, count in sorted(self.codes.items()))
        return f"{text} ({codes})" if codes else text


class Table:
    """Where rows go: a file that appears when it is complete, stdout, or a list for --json."""

    def __init__(self, out: str | None, keep: bool) -> None:
        from web.cli.shared import is_written_in_place

        self.kept: list[dict[str, str]] = []
        self._out = Path(out) if out else None
        self._part: Path | None = None
        self._keep = keep and out is None
        self._stream: io.TextIOBase | None = None
        if self._out is not None:
            if self._out.is_dir():
                raise CannotWriteReadings(path=out, why=mark_text("it is a folder"))
            if not is_written_in_place(self._out):
                self._part = self._out.with_name(f".{self._out.name}.{os.getpid()}.part")
            try:
                self._out.parent.mkdir(parents=True, exist_ok=True)
                self._stream = (self._part or self._out).open("w", encoding="utf-8-sig", newline="")
            except OSError as error:
                raise CannotWriteReadings(path=out, why=error.strerror or str(error)) from error
        elif not self._keep:
            self._stream = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8-sig", newline="", write_through=True)
        self.add([HEADER])

    def __enter__(self) -> "Table":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if self._stream is None:
            return
        if self._out is None:
            if isinstance(self._stream, io.TextIOWrapper):
                self._stream.flush()
                self._stream.detach()  # stdout itself stays open
            return
        try:
            self._stream.close()
            if self._part is not None and kind is None:
                self._part.replace(self._out)
        except OSError as error:
            raise CannotWriteReadings(path=str(self._out), why=error.strerror or str(error)) from error
        finally:
            if self._part is not None:
                with suppress(OSError):
                    self._part.unlink(missing_ok=True)

    def add(self, rows: Iterable[tuple[str, ...]]) -> None:
        """Write rows as they come. Raises CannotWriteReadings, for instance when the disk is full."""
        if self._stream is not None:
            try:
                csv.writer(self._stream, lineterminator="\n").writerows(rows)
            except BrokenPipeError:
                raise
            except OSError as error:
                raise CannotWriteReadings(path=str(self._out or "stdout"), why=error.strerror or str(error)) from error
        else:
            self.kept.extend(dict(zip(HEADER, row, strict=True)) for row in rows if row != HEADER)


def page_rows(row: "PageRow") -> list[tuple[str, ...]]:
    """The CSV rows of one image: `_page`, then one per field; a refused page has the first only."""
    from scanning.read_page import CANDIDATE
    from scanning.reading.result import margin_text

    reading = row.reading
    side = "" if reading.side is None else str(reading.side)
    front = (row.file, str(row.page), side)
    if reading.code is not None:
        return [(*front, "_page", reading.code.value, "doubtful", margin_text(0.0))]
    rows: list[tuple[str, ...]] = [(*front, "_page", "", "ok", margin_text(1.0 - (reading.residual_mm or 0.0) / 0.5))]
    fields = {field.id: (field.value, field.status.value, field.margin) for field in reading.fields}
    if reading.candidate.present:
        # The vote of bubbles, barcode and print is the candidate number; a card may have no bubbles for it at all.
        vote = reading.candidate
        voted = {CANDIDATE: (vote.value, vote.status.value, vote.margin)}
        fields = fields | voted if CANDIDATE in fields else voted | fields
    rows.extend((*front, name, value, status, margin_text(margin)) for name, (value, status, margin) in fields.items())
    return rows


def _open_table(out: str | None, as_json: bool) -> Table:
    return Table(out, keep=as_json)


def _folder(name: str | None) -> Path | None:
    if name is None:
        return None
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWriteReadings(path=name, why=error.strerror or str(error)) from error
    return folder


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # a name that is too long for this system, a folder that may not be entered
        return False


def _sources(paths: Iterable[str], opener: "Opener") -> Iterator["SourcePage"]:
    """Every page of every path; a path that does not exist is one coded page, the others are read."""
    from models.words import PageCode
    from scanning.intake.names import encodable
    from scanning.intake.unpack import SourcePage, unpack

    for path in paths:
        if _is_there(path):
            for page in unpack(Path(path), path, opener=opener):
                yield replace(page, file=encodable(page.file))
        else:
            yield SourcePage(encodable(path), 1, code=PageCode.UNREADABLE_FILE, detail="no such file")


def _executor(workers: int) -> "Executor":
    from scanning.dispatch.executor import SerialExecutor
    from scanning.dispatch.pool import PoolOptions, ProcessPool

    if workers > 1:
        return ProcessPool(PoolOptions(workers=workers))
    import cv2

    from scanning.dispatch.memory import keep_freed_memory

    cv2.setNumThreads(1)
    keep_freed_memory()
    return SerialExecutor()


def _row_of(outcome: Any) -> "PageRow":
    """The row of an outcome; a page that broke its worker has a code like any other refused page."""
    from scanning.read_files import PageRow
    from scanning.reading.result import PageReading

    if outcome.result is not None:
        row: PageRow = outcome.result
        return row
    source = outcome.given.source
    return PageRow(source.file, source.page, PageReading(side=None, code=outcome.code, detail=outcome.detail))


def _with_progress(rows: Iterator["PageRow"]) -> Iterator["PageRow"]:
    """Progress on stderr: a bar on a terminal, plain lines otherwise."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(rows, unit="page", file=sys.stderr)
        return
    begin = last = time.monotonic()
    for count, row in enumerate(rows, start=1):
        yield row
        now = time.monotonic()
        if now - last > _LINE_EVERY_S:
            last = now
            rate = count / (now - begin)
            click.echo(_("{count} pages read, {rate} per second", count=count, rate=f"{rate:.1f}"), err=True)
