"""Spread work over pages: one Protocol, here in this process, in pool.py over several.

In:  a picklable callable and a stream of inputs. Out: one Outcome per input, in order.
A page is the unit of failure: work that raises, dies or takes too long costs its own page and no other.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from models.words import PageCode

Given = TypeVar("Given")
Result = TypeVar("Result")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Given, Result]):
    """What became of one input: a `result`, or a `code` (crashed, timed_out) with a detail."""

    given: Given
    result: Result | None
    code: PageCode | None = None
    detail: str = ""


class Executor(Protocol):
    """Runs the same work over many inputs; close it, or use it in a `with`."""

    def run(self, work: Callable[[Given], Result], given: Iterable[Given]) -> Iterator[Outcome[Given, Result]]:
        """One outcome per input, in the order of the inputs; inputs are taken as they are needed."""
        ...


class SerialExecutor:
    """Everything here and now: for one page, for tests, for a machine with one core."""

    def run(self, work: Callable[[Given], Result], given: Iterable[Given]) -> Iterator[Outcome[Given, Result]]:
        """See Executor."""
        for one in given:
            yield attempt(work, one)


def attempt(work: Callable[[Given], Result], one: Given) -> Outcome[Given, Result]:
    """Do the work on one input; what it raises becomes a crashed outcome, with the traceback in the log."""
    try:
        return Outcome(one, work(one))
    except Exception as error:  # noqa: BLE001 - a page is a unit of failure, whatever its bug
        _log.exception("reading a page failed")
        return Outcome(one, None, PageCode.CRASHED, f"{type(error).__name__}: {error}")
