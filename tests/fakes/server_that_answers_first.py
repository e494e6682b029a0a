"""A server that says "stored" before anything is: the negative control of the tests that kill servers.

    python -m tests.fakes.server_that_answers_first

It differs from `kaiyue serve` in one point: a mark is checked as usual inside a transaction that is taken back, the
marker is told so, and half a second later the same mark is really stored.
"""

import threading
import time
from typing import Any

import web.api.marking as marking
from marking.rounds.submit import ScoreForm, submit
from models.columns import now
from web.access.services import services
from web.api import marking_answers as answers
from web.marking_desk import Place
from web.server import Server
from web.settings import load_settings
from web.wiring import Services, open_services

LATE_S = 0.5


class _TakenBack(Exception):
    pass


def _answer_first(found: Place, form: ScoreForm) -> dict[str, Any]:
    kept: Services = services()
    try:
        with kept.database.write() as session:
            said = answers.stored(submit(session, found.group, form, found.seat.user_id, now()))
            raise _TakenBack
    except _TakenBack:
        threading.Thread(target=_store_late, args=(kept, found, form), daemon=True).start()
    return said


def _store_late(kept: Services, found: Place, form: ScoreForm) -> None:
    time.sleep(LATE_S)
    with kept.database.write() as session:
        submit(session, found.group, form, found.seat.user_id, now())


if __name__ == "__main__":
    marking._store = _answer_first  # type: ignore[assignment]
    Server(open_services(load_settings())).run()
