"""Long errands: rows of the table `job`, carried by one thread when embedded.

The table is the truth. A job is claimed in one statement under a lease, reports its progress as it goes, may run
twice without harm, and is given up after three attempts. Its `detail` names whose it is and where it belongs.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from models.columns import now
from models.errors import KaiyueError, mark_text
from models.job import Job
from models.words import JobState
from web.i18n import error_texts
from web.wiring import Services

LEASE_S = 120  # renewed with every sign of progress
MOST_ATTEMPTS = 3
POLL_S = 1.0
_SHOWN_EVERY_S = 1.0

_log = logging.getLogger(__name__)


class Stopping(Exception):
    """Raised inside a handler by its progress call when the server stops; the job is taken up at the next start."""


@dataclass(slots=True)
class Progress:
    """What a handler tells about its work; also asks it to leave when the server stops."""

    _kept: Services
    _job_id: int
    _stop: threading.Event
    _shown_at: float = field(default=0.0)
    _done: int = 0
    _total: int = 0

    def alive(self) -> None:
        """Say that the work goes on, where nothing can be counted. Raises Stopping."""
        self(self._done, max(self._total, self._done + 1))

    def __call__(self, done: int, total: int) -> None:
        """Say how far the work is. Raises Stopping."""
        if self._stop.is_set():
            raise Stopping
        self._done, self._total = done, total
        moment = now()
        if done < total and moment.timestamp() - self._shown_at < _SHOWN_EVERY_S:
            return
        self._shown_at = moment.timestamp()
        with self._kept.database.write() as session:
            session.execute(
                update(Job)
                .where(Job.id == self._job_id)
                .values(done=done, total=total, updated_at=moment, lease_until=moment + timedelta(seconds=LEASE_S))
            )


Handler = Callable[[Services, Mapping[str, Any], Progress], Mapping[str, Any]]


def enqueue_again(session: Session, kind: str, key: str, detail: Mapping[str, Any]) -> Job:
    """Ask for an errand that is needed after every change: one that waits is enough, one that runs began too early."""
    job = session.scalar(select(Job).where(Job.key == key))
    if job is not None and job.state is JobState.RUNNING:
        # one thread carries the errands, so the second slot never runs at the same time as the first
        key = f"{key}:next"
        job = session.scalar(select(Job).where(Job.key == key))
    if job is None:
        return enqueue(session, kind, key, detail)
    if job.state in (JobState.DONE, JobState.FAILED):
        job.state, job.attempts, job.error, job.lease_until = JobState.QUEUED, 0, "", None
        job.done, job.total, job.updated_at = 0, 0, now()
        session.flush()
    return job


def enqueue(session: Session, kind: str, key: str, detail: Mapping[str, Any]) -> Job:
    """Ask for an errand; the same key again answers the job that is there, and revives it when it had failed."""
    job = session.scalar(select(Job).where(Job.key == key))
    if job is None:
        job = Job(kind=kind, key=key, detail=dict(detail))
        session.add(job)
    elif job.state is JobState.FAILED:
        job.state, job.attempts, job.error, job.lease_until = JobState.QUEUED, 0, "", None
        job.updated_at = now()
    session.flush()
    return job


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that this worker holds."""

    id: int
    kind: str
    attempts: int
    detail: Mapping[str, Any]


def claim(session: Session, kinds: tuple[str, ...]) -> ClaimedJob | None:
    """Take the oldest job that waits or whose worker died, in one statement."""
    moment = now()
    free = or_(Job.state == JobState.QUEUED, (Job.state == JobState.RUNNING) & (Job.lease_until < moment))
    oldest = (
        select(Job.id)
        .where(free, Job.kind.in_(kinds))
        .order_by(Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    row = session.execute(
        update(Job)
        .where(Job.id == oldest, free)
        .values(
            state=JobState.RUNNING,
            attempts=Job.attempts + 1,
            lease_until=moment + timedelta(seconds=LEASE_S),
            updated_at=moment,
        )
        .returning(Job.id, Job.kind, Job.attempts, Job.detail)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if row is None else ClaimedJob(row.id, row.kind, row.attempts, row.detail)


def run_one(kept: Services, handlers: Mapping[str, Handler], stop: threading.Event | None = None) -> bool:
    """Claim and carry one job; False when none waits."""
    with kept.database.write() as session:
        job = claim(session, tuple(handlers))
    if job is None:
        return False
    progress = Progress(kept, job.id, stop or threading.Event())
    try:
        if job.attempts > MOST_ATTEMPTS:
            _end(kept, job, JobState.FAILED, error=mark_text("given up: its worker stopped three times"))
            return True
        result = handlers[job.kind](kept, job.detail, progress)
    except Stopping:
        _end(kept, job, JobState.QUEUED, attempts=job.attempts - 1)
    except KaiyueError as error:
        _end(kept, job, JobState.FAILED, error=" ".join(error_texts(error)), code=error.code)
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the job must say so and the worker go on
        _log.exception("job %s of kind %s failed", job.id, job.kind)
        last = job.attempts >= MOST_ATTEMPTS
        _end(kept, job, JobState.FAILED if last else JobState.QUEUED, error=type(error).__name__)
    else:
        _end(kept, job, JobState.DONE, result=dict(result))
    return True


def _end(kept: Services, job: ClaimedJob, state: JobState, *, error: str = "", **more: Any) -> None:
    attempts = more.pop("attempts", job.attempts)
    with kept.database.write() as session:
        session.execute(
            update(Job)
            .where(Job.id == job.id)
            .values(
                state=state,
                attempts=attempts,
                error=error[:2000],
                lease_until=None,
                updated_at=now(),
                detail={**job.detail, **more},
            )
        )


class JobRunner:
    """The thread that carries errands while the server runs."""

    def __init__(self, kept: Services, handlers: Mapping[str, Handler] | None = None) -> None:
        self._kept = kept
        self._handlers = handlers
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kaiyue-jobs", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """Ask the running errand to leave, and wait for it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(within_s)

    def _run(self) -> None:
        if self._handlers is None:
            from web.errands import HANDLERS

            self._handlers = HANDLERS
        while not self._stop.is_set():
            try:
                if run_one(self._kept, self._handlers, self._stop):
                    continue
            except Exception:  # noqa: BLE001 - a database that is away for a moment must not end the worker
                _log.exception("the worker could not reach its table; it tries again")
            self._stop.wait(POLL_S)
