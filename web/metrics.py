"""What /metrics says: counts of pages, exceptions, tasks, marks, errands and sessions; nothing about people."""

import time
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models import __version__
from models.columns import now
from models.job import Job
from models.sheet import PageImage, SheetException
from models.staff import LoginSession
from models.task import Mark, MarkingTask
from models.words import ExceptionState


def measure(session: Session) -> str:
    """All counts in the text format of Prometheus."""
    lines = [*_gauge("kaiyue_info", "Version that runs here.", [({"version": __version__}, 1)])]
    lines += _gauge(
        "kaiyue_page_images",
        "Scanned sides by state.",
        [({"state": state}, count) for state, count in session.execute(_by(PageImage.state))],
    )
    lines += _gauge(
        "kaiyue_open_exceptions",
        "Exceptions that wait for a person, by code.",
        [
            ({"code": code}, count)
            for code, count in session.execute(
                _by(SheetException.code).where(SheetException.state == ExceptionState.OPEN)
            )
        ],
    )
    lines += _gauge(
        "kaiyue_marking_tasks",
        "Marking tasks by state.",
        [({"state": state}, count) for state, count in session.execute(_by(MarkingTask.state))],
    )
    lines += _gauge(
        "kaiyue_marks", "Marks given, revisions included.", [({}, session.scalar(select(func.count(Mark.id))) or 0)]
    )
    lines += _gauge(
        "kaiyue_jobs",
        "Long errands by state.",
        [({"state": state}, count) for state, count in session.execute(_by(Job.state))],
    )
    open_sessions = select(func.count()).where(LoginSession.ended_at.is_(None), LoginSession.expires_at > now())
    lines += _gauge("kaiyue_sessions", "People who are logged in.", [({}, session.scalar(open_sessions) or 0)])
    lines += [
        "# HELP process_cpu_seconds_total CPU time of the server process, in seconds.",
        "# TYPE process_cpu_seconds_total counter",
        f"process_cpu_seconds_total {time.process_time():.3f}",
    ]
    return "\n".join(lines) + "\n"


def _by(column: InstrumentedAttribute[Any]) -> Select[Any]:
    return select(column, func.count()).group_by(column).order_by(column)


def _gauge(name: str, help_text: str, samples: Iterable[tuple[dict[str, str], int]]) -> list[str]:
    lines = [f"# HELP {name} {help_text}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        inside = ",".join(f'{label}="{text}"' for label, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value}" if inside else f"{name} {value}")
    return lines
