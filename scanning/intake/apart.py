"""Documents opened in a process of their own, so that a file that breaks or stalls a library costs its page alone.

In:  a TIFF or PDF as a path or as bytes. Out: its pages as document.open_document gives them, plus Refusals with
     `crashed` or `timed_out` where the process died or gave no page in time.
The process starts with the first document and stays for the next; it sends a page only when the one before was taken.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import connection, get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from models.errors import mark_text
from models.words import PageCode
from scanning.intake.document import DocumentPage, DocumentStart, UnpackLimits, open_document
from scanning.page.image import Refusal

OpenDocument = Callable[[Path | bytes, UnpackLimits, int], Iterator[DocumentStart | DocumentPage]]

_CONTEXT = get_context("spawn")


class Opener(Protocol):
    """Opens documents: here, or in a process of their own."""

    def pages(self, source: Path | bytes, limits: UnpackLimits) -> Iterator[DocumentPage]:
        """Every page of a TIFF or PDF, in order. Never raises for bad input."""
        ...


class OpenHere:
    """Opens documents in this process: for tests, and for workers that have nothing else to lose."""

    def pages(self, source: Path | bytes, limits: UnpackLimits) -> Iterator[DocumentPage]:
        """See Opener."""
        for page in open_document(source, limits):
            if not isinstance(page, DocumentStart):
                yield page


@dataclass(frozen=True, slots=True)
class ApartOptions:
    """How long a document's next page may take, and how often one document may break its process."""

    page_timeout_s: float = 20.0
    start_timeout_s: float = 120.0  # importing the libraries on a busy machine with a cold disk
    deaths: int = 3
    memory_bytes: int = 3 * 1024**3  # of address space, where the system can limit it; libraries alone map one


class OpenApart:
    """An Opener over a spawned process. Use it in a `with`, or call `close`."""

    def __init__(self, options: ApartOptions | None = None, open_with: OpenDocument = open_document) -> None:
        self._options = options or ApartOptions()
        self._open_with = open_with
        self._process: SpawnProcess | None = None
        self._pipe: connection.Connection[Any, Any] | None = None

    def __enter__(self) -> "OpenApart":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, whatever it is doing: it holds nothing that matters."""
        if self._process is not None and self._pipe is not None:
            self._pipe.close()
            self._process.kill()
            self._process.join()
            self._process.close()
        self._process = self._pipe = None

    def pages(self, source: Path | bytes, limits: UnpackLimits) -> Iterator[DocumentPage]:
        """See Opener. A page that breaks the process is named, and the next one is tried in a new process."""
        number, total, deaths = 1, 0, 0
        whole = False
        try:
            while True:
                lost: PageCode | None = None
                for answer in self._answers(source, limits, number):
                    if isinstance(answer, PageCode):
                        lost = answer
                    elif isinstance(answer, DocumentStart):
                        total = answer.pages
                    else:
                        yield answer
                        number += 1
                if lost is None:
                    break
                self.close()
                deaths += 1
                yield Refusal(lost, f"page {number}")
                number += 1
                if number > total:
                    break
                if deaths >= self._options.deaths:
                    for left in range(number, total + 1):
                        yield Refusal(lost, mark_text("an earlier page of its file could not be opened"))
                        number = left + 1
                    break
            whole = True
        finally:
            if not whole:  # somebody stopped listening in the middle of a document
                self.close()

    def _answers(
        self, source: Path | bytes, limits: UnpackLimits, first: int
    ) -> Iterator[DocumentStart | DocumentPage | PageCode]:
        """What the process says about a document, until its end; last a PageCode where it was lost."""
        try:
            pipe = self._started()
            pipe.send((source if isinstance(source, Path) else None, limits, first))
            if isinstance(source, bytes):
                pipe.send_bytes(source)
            while pipe.poll(self._options.page_timeout_s):
                answer = pipe.recv()
                if answer is None:
                    return
                yield answer
            yield PageCode.TIMED_OUT
        except (EOFError, OSError):
            yield PageCode.CRASHED

    def _started(self) -> "connection.Connection[Any, Any]":
        """The pipe to a living process; started when there is none. Raises OSError or EOFError when it will not."""
        if self._pipe is not None and self._process is not None and self._process.is_alive():
            return self._pipe
        self.close()
        here, there = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=_serve, args=(there, self._open_with, self._options.memory_bytes), daemon=True
        )
        self._pipe = here
        self._process.start()
        there.close()
        if not here.poll(self._options.start_timeout_s):
            raise OSError("the process that opens documents does not start")
        here.recv()
        return here


def _serve(pipe: "connection.Connection[Any, Any]", open_with: OpenDocument, memory_bytes: int) -> None:
    """The process's life: one document after the other until the pipe closes."""
    if os.name == "posix":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        pipe.send(True)
        while True:
            path, limits, first = pipe.recv()
            source = path if path is not None else pipe.recv_bytes()
            for answer in open_with(source, limits, first):
                pipe.send(answer)
            pipe.send(None)
    except (EOFError, OSError, KeyboardInterrupt):
        return  # the parent has closed the pipe, or is gone
