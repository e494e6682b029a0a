"""A batch of simulated sheets that `kaiyue scan add` reads while markers are at work: the other half of an exam day.

In:  the open services of a data folder, how many pages. Out: pages read, seconds, and how the workers were scheduled.
The sheets are those of the demonstration's mathematics paper, two sides each, in the same database as the marking:
what they compete for is the processor, the disk and the one writer of SQLite.
"""

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from marking.setup.roster import import_roster, read_roster
from marking.setup.structure import find_exam
from samples.exam import demo_exam
from samples.make import MakePlan, make_exam
from samples.prints import print_card
from scanning.cards.builder import build_card
from scanning.cards.fonts import find_fonts
from tests.support.server_process import ROOT
from web.cards import create_exam
from web.wiring import Services

_SIDES = 2


class ReadingBeside:
    """Sheets that are made at once, and read between `start` and `end`."""

    def __init__(self, services: Services, folder: Path, pages: int) -> None:
        sample = demo_exam(max(6, pages // _SIDES), 1)
        exam = replace(sample.exam, papers=sample.exam.papers[:1], totals=())
        paper = exam.papers[0]
        create_exam(services, exam)
        with services.database.write() as session:
            stored = find_exam(session, exam.id)
            import_roster(session, stored, read_roster(sample.roster_csv, "roster.csv", stored.number_digits))
        cards = {paper.id: print_card(build_card(paper, exam_title=exam.title), find_fonts())}
        plan = MakePlan(pdf_school=None, trouble=False, jobs=os.cpu_count() or 1)
        made = make_exam(exam, cards, sample.roster, folder / "sheets", seed=1, plan=plan)
        self._given = [str(batch.path) for batch in made.batches]
        self._pages = sum(batch.n_pages for batch in made.batches)
        self._exam, self._paper, self._data = exam.id, paper.id, folder
        self._process: subprocess.Popen[str] | None = None
        self._nice: set[int] = set()
        self._seconds = 0.0
        self._finished = False
        self._said = ""
        self._thread: threading.Thread | None = None

    def start(self, *, after_s: float) -> None:
        """Begin to read in a process of its own, once the crowd has warmed up."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(after_s,))
        self._thread.start()

    def _read(self, after_s: float) -> None:
        if self._stop.wait(after_s):
            return
        begun = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "web", "scan", "add", self._exam, self._paper, *self._given, "--operator", "load"],
            cwd=ROOT, env={**os.environ, "KAIYUE_DATA": str(self._data)}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        while self._process.poll() is None and not self._stop.is_set():
            self._nice |= set(niceness_below(self._process.pid))
            self._stop.wait(0.5)
        self._seconds = time.monotonic() - begun
        self._finished = self._process.poll() is not None
        if not self._finished:
            self._process.kill()
        self._said = self._process.communicate()[0]

    def end(self) -> None:
        """Stop reading, wherever it is: `scan add` may be killed at any moment."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def figures(self) -> dict[str, Any]:
        """How far it came, and the niceness of every process that it started."""
        return {
            "pages_given": self._pages,
            "finished": self._finished,
            "seconds": round(self._seconds, 1),
            "worker_niceness": sorted(self._nice),
            "exit_code": self._process.returncode if self._process and self._finished else None,
        }


def niceness_below(pid: int) -> list[int]:
    """The niceness of each child of a process; empty where the system has no `ps`."""
    try:
        listed = subprocess.run(["ps", "-A", "-o", "ppid=,ni="], capture_output=True, text=True, check=False).stdout
    except OSError:
        return []
    rows = [line.split() for line in listed.splitlines()]
    return [int(row[1]) for row in rows if len(row) == 2 and row[0] == str(pid) and row[1].lstrip("-").isdigit()]
