"""Several worker processes that survive their pages.

In:  work and inputs as in executor.py; PoolOptions. Out: outcomes in order.
Each worker has its own pipe and announces every page it starts, so a worker that dies or hangs names its page:
a new worker takes its place, the page is tried once more alone, and then it is `crashed` or `timed_out`.
Processes are spawned, never forked: the same on every system, and no half-copied locks.
"""

import os
import pickle
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import connection, get_context
from multiprocessing.context import SpawnProcess
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any

from models.words import PageCode
from scanning.dispatch.executor import Given, Outcome, Result, attempt

_CONTEXT = get_context("spawn")
_NICENESS = 10  # about a tenth of a contested core, and all of an idle one
_BELOW_NORMAL = 0x4000  # the same wish in the words of Windows


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """How many workers, and how long a page may take."""

    workers: int = 2
    page_timeout_s: float = 20.0  # a hundred times what the slowest honest page takes
    start_timeout_s: float = 120.0  # importing OpenCV on a busy machine with a cold disk
    chunk: int = 4  # pages sent ahead to a worker: it never waits for the next one, and little is lost with it
    tries: int = 2
    polite: bool = False  # workers let everybody else go first: a page may wait, a marker at the screen may not


@dataclass(slots=True)
class _Worker:
    """A worker process and what it was given; the first page of `pages` is the one it is working on."""

    process: SpawnProcess
    pipe: "connection.Connection[Any, Any]"
    pages: deque[int] = field(default_factory=deque)
    since: float = 0.0
    started: bool = False


class ProcessPool:
    """An Executor over spawned processes. Workers start with the first run of a work and end with `close`."""

    def __init__(self, options: PoolOptions | None = None) -> None:
        self._options = options or PoolOptions()
        self._workers: list[_Worker] = []
        self._work: bytes = b""

    def __enter__(self) -> "ProcessPool":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every worker."""
        for worker in self._workers:
            _end(worker)
        self._workers.clear()

    def run(self, work: Callable[[Given], Result], given: Iterable[Given]) -> Iterator[Outcome[Given, Result]]:
        """See Executor. Holds at most a few pages per worker at a time.

        Workers stay for the next run of the same work: starting one costs more than reading ten pages.
        """
        packed = pickle.dumps(work)
        if packed != self._work:
            self.close()
            self._work = packed
        whole = False
        stream = enumerate(given)
        waiting: dict[int, Given] = {}  # taken from the stream, not yet answered
        again: deque[int] = deque()  # to be tried alone
        tries: dict[int, int] = {}
        done: dict[int, Outcome[Given, Result]] = {}
        next_out = 0
        exhausted = False
        ahead = self._options.workers * self._options.chunk
        try:
            while True:
                while next_out in done:
                    yield done.pop(next_out)
                    next_out += 1
                while not exhausted and len(waiting) + len(done) < 2 * ahead:
                    # One slow page must not let the finished ones behind it pile up without end.
                    taken = next(stream, None)
                    if taken is None:
                        exhausted = True
                        break
                    waiting[taken[0]] = taken[1]
                    again.append(taken[0])
                if exhausted and not waiting:
                    break
                self._deal(again, waiting, tries)
                answers: Iterator[tuple[int, Outcome[Given, Result]]] = self._listen(waiting, again, tries)
                for answered, outcome in answers:
                    done[answered] = outcome
                    del waiting[answered]
            while next_out in done:
                yield done.pop(next_out)
                next_out += 1
            whole = True
        finally:
            if not whole:  # somebody stopped listening: what the workers still hold is nobody's any more
                self.close()

    def _deal(self, queue: deque[int], waiting: dict[int, Given], tries: dict[int, int]) -> None:
        """Give pages to the workers with the shortest queues; a page under suspicion gets a worker to itself."""
        while queue and len(self._workers) < self._options.workers:
            self._workers.append(self._start())
        for _ in range(len(queue)):
            index = queue[0]
            suspect = tries.get(index, 0) > 0
            room = 0 if suspect else self._options.chunk - 1
            free = [w for w in self._workers if len(w.pages) <= room and not any(tries.get(p, 0) for p in w.pages)]
            if not free:
                return
            worker = min(free, key=lambda one: len(one.pages))
            queue.popleft()
            if not worker.pages:
                worker.since = time.monotonic()
            worker.pages.append(index)
            try:
                worker.pipe.send((index, waiting[index]))
            except OSError:
                return  # it died; `_listen` hears of it and deals its pages again

    def _listen(
        self, waiting: dict[int, Given], queue: deque[int], tries: dict[int, int]
    ) -> Iterator[tuple[int, Outcome[Given, Result]]]:
        """Wait for answers, deaths and time-outs; pages of a lost worker go back into the queue or are given up."""
        busy = [worker for worker in self._workers if worker.pages]
        if not busy:
            return
        connection.wait([one.pipe for one in busy] + [one.process.sentinel for one in busy], timeout=0.25)
        for worker in busy:
            lost: PageCode | None = None
            try:
                while worker.pipe.poll():
                    index, result, code, detail = worker.pipe.recv()
                    worker.started = True
                    worker.since = time.monotonic()
                    if index is None:
                        continue  # the worker has imported everything and begins
                    worker.pages.remove(index)
                    yield index, Outcome(waiting[index], result, code, detail)
            except (EOFError, OSError):
                lost = PageCode.CRASHED
            limit = self._options.page_timeout_s if worker.started else self._options.start_timeout_s
            if lost is None and worker.pages and not worker.process.is_alive() and not worker.pipe.poll():
                lost = PageCode.CRASHED
            if lost is None and worker.pages and time.monotonic() - worker.since > limit:
                lost = PageCode.TIMED_OUT
            if lost is not None:
                yield from self._lose(worker, lost, waiting, queue, tries)

    def _lose(
        self,
        worker: _Worker,
        code: PageCode,
        waiting: dict[int, Given],
        queue: deque[int],
        tries: dict[int, int],
    ) -> Iterator[tuple[int, Outcome[Given, Result]]]:
        """A worker is gone: suspect the page it was on, deal the others again."""
        exit_code = worker.process.exitcode
        _end(worker)
        self._workers.remove(worker)
        pages = list(worker.pages)
        guilty, innocent = pages[:1], pages[1:]
        queue.extendleft(reversed(innocent))
        for index in guilty:
            tries[index] = tries.get(index, 0) + 1
            if tries[index] >= self._options.tries:
                why = "no answer in time" if code is PageCode.TIMED_OUT else f"the worker ended with {exit_code}"
                yield index, Outcome(waiting[index], None, code, why)
            else:
                queue.append(index)

    def _start(self) -> _Worker:
        here, there = _CONTEXT.Pipe()
        process = _CONTEXT.Process(target=_serve, args=(there, self._work, self._options.polite), daemon=True)
        process.start()
        there.close()
        return _Worker(process, here, since=time.monotonic())


def _end(worker: _Worker) -> None:
    """Stop a worker whatever it is doing: it holds nothing that is not on our side as well."""
    worker.pipe.close()
    if worker.process.is_alive():
        worker.process.kill()
    worker.process.join()
    worker.process.close()


def _serve(pipe: "connection.Connection[Any, Any]", work: bytes, polite: bool) -> None:
    """A worker's life: one page after the other until the pipe closes."""
    if polite:
        give_way()
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(120_000_000))  # read once, when cv2 is imported
    for library in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(library, "1")  # numpy's small products gain nothing from threads that fight for a core
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # Tesseract would start a thread per core in every worker
    import cv2

    from scanning.dispatch.memory import keep_freed_memory

    cv2.setNumThreads(1)  # the pool is the parallelism
    keep_freed_memory()
    function = pickle.loads(work)  # noqa: S301 - bytes that our own parent process has just made
    inbox: SimpleQueue[Any] = SimpleQueue()
    Thread(target=_fetch, args=(pipe, inbox), daemon=True).start()
    try:
        pipe.send((None, None, None, ""))
        while (message := inbox.get()) is not None:
            index, given = message
            outcome = attempt(function, given)
            pipe.send((index, outcome.result, outcome.code, outcome.detail))
    except (OSError, KeyboardInterrupt):
        return  # the parent has closed the pipe, or is gone


def give_way() -> None:
    """Let the processes of other people go first, from now on."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), _BELOW_NORMAL)
    else:
        os.nice(_NICENESS)


def _fetch(pipe: "connection.Connection[Any, Any]", inbox: "SimpleQueue[Any]") -> None:
    """Take pages in at once: if both sides waited for the other to read, neither would ever go on."""
    try:
        while True:
            inbox.put(pipe.recv())
    except (EOFError, OSError):
        inbox.put(None)
