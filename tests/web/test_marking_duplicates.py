"""Every marking call sent eight times at once: one effect, eight equal answers. And an abandoned response.

Double clicks, retries of a browser and replays of a proxy all look like this (reliability.md, CO-2 and CO-3).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

import web.api.marking
from models.blobs import FolderBlobs
from models.columns import now
from models.database import Database
from models.records import AuditEvent, GroupScore, LeaseEnd, Mark, MarkingTask
from models.words import AuditVerb, TaskState
from tests.support.marking_app import Caller, log_in, make_app, staffed
from tests.support.marking_data import MarkingData, make_marking_data, one_part

COPIES = 8


@pytest.fixture
def data(database: Database, blobs: FolderBlobs) -> MarkingData:
    return staffed(make_marking_data(database, one_part(), candidates=12, blobs=blobs))


@pytest.fixture
def app(data: MarkingData, blobs: FolderBlobs, tmp_path) -> Flask:
    return make_app(data.database, blobs, tmp_path)


def all_at_once(app: Flask, call: Callable[[Caller], Any], person: str = "m0") -> list[Any]:
    """The answers to as many copies of one call, each sent by a session of the same person."""
    callers = [log_in(app, person) for _ in range(COPIES)]
    together = Barrier(COPIES)

    def send(caller: Caller) -> Any:
        together.wait()
        return call(caller)

    with ThreadPoolExecutor(COPIES) as pool:
        return list(pool.map(send, callers))


def claimed(app: Flask, data: MarkingData, want: int = 1, person: str = "m0") -> list[dict[str, Any]]:
    answer = log_in(app, person)("POST", f"/groups/{data.group().id}/claim", {"want": want, "holding": []})
    return answer.json["items"]


def score(item: dict[str, Any], points: str = "7", key: str = "pressed-once") -> dict[str, Any]:
    return {"key": key, "version": item["version"], "total": points, "want": 0}


def one_task(data: MarkingData, code: str) -> MarkingTask:
    with data.database.read() as session:
        return session.scalars(select(MarkingTask).where(MarkingTask.code == code)).one()


def count(data: MarkingData, record: Any, *conditions: Any) -> int:
    with data.database.read() as session:
        return session.scalar(select(func.count()).select_from(record).where(*conditions)) or 0


def test_a_score(app: Flask, data: MarkingData) -> None:
    (item,) = claimed(app, data)
    path = f"/tasks/{item['task']}/score"
    answers = all_at_once(app, lambda caller: caller("PUT", path, score(item)))
    assert [answer.status_code for answer in answers] == [200] * COPIES
    assert [answer.json["stored"] for answer in answers] == [answers[0].json["stored"]] * COPIES
    assert (count(data, Mark), count(data, GroupScore)) == (1, 1)
    others = all_at_once(app, lambda caller: caller("PUT", path, score(item, "8")))
    assert [(answer.status_code, answer.json["error"]["code"]) for answer in others] == [
        (409, "marking.key_reused")
    ] * COPIES
    assert (count(data, Mark), str(one_task(data, item["task"]).points)) == (1, "7")


def test_scores_with_different_keys_store_one(app: Flask, data: MarkingData) -> None:
    """Two windows that show the same response: one mark is stored, the others are refused."""
    (item,) = claimed(app, data)
    keys = iter([f"window-{number}" for number in range(COPIES)])
    bodies = [score(item, str(number), next(keys)) for number in range(COPIES)]
    given = iter(bodies)
    answers = all_at_once(app, lambda caller: caller("PUT", f"/tasks/{item['task']}/score", next(given)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200] + [409] * (COPIES - 1)
    (stored,) = [answer.json["stored"] for answer in answers if answer.status_code == 200]
    assert count(data, Mark) == 1
    assert str(one_task(data, item["task"]).points) == stored["points"]


def test_a_list_of_scores(app: Flask, data: MarkingData) -> None:
    items = claimed(app, data, want=4)
    body = [
        {"task": item["task"], **score(item, str(number), f"offline-{number}")} for number, item in enumerate(items)
    ]
    answers = all_at_once(app, lambda caller: caller("POST", "/sync", body))
    assert [answer.json for answer in answers] == [answers[0].json] * COPIES
    assert {entry["status"] for entry in answers[0].json} == {200}
    assert count(data, Mark) == 4


def test_a_problem(app: Flask, data: MarkingData) -> None:
    (item,) = claimed(app, data)
    body = {"reason": "blurred", "note": "", "version": item["version"], "holding": [], "want": 0}
    answers = all_at_once(app, lambda caller: caller("POST", f"/tasks/{item['task']}/problem", body))
    assert [(answer.status_code, answer.json["state"]) for answer in answers] == [(200, "problem")] * COPIES
    task = one_task(data, item["task"])
    assert (task.state, task.version) == (TaskState.PROBLEM, item["version"] + 1)
    assert count(data, AuditEvent, AuditEvent.verb == AuditVerb.PROBLEM_RAISED) == 1


def test_giving_back(app: Flask, data: MarkingData) -> None:
    (item,) = claimed(app, data)
    answers = all_at_once(app, lambda caller: caller("POST", f"/tasks/{item['task']}/release", {}))
    assert [answer.json for answer in answers] == [{"task": item["task"], "state": "released"}] * COPIES
    assert (count(data, LeaseEnd), one_task(data, item["task"]).state) == (1, TaskState.OPEN)


def test_reopening(app: Flask, data: MarkingData) -> None:
    (item,) = claimed(app, data)
    stored = log_in(app, "m0")("PUT", f"/tasks/{item['task']}/score", score(item)).json["stored"]
    answers = all_at_once(app, lambda caller: caller("POST", f"/tasks/{item['task']}/reopen", {}))
    assert [answer.status_code for answer in answers] == [200] * COPIES
    assert {answer.json["item"]["version"] for answer in answers} == {stored["version"] + 1}
    assert {answer.json["item"]["own"]["points"] for answer in answers} == {"7"}
    assert count(data, Mark) == 1


def test_a_sign_of_life(app: Flask, data: MarkingData) -> None:
    (item,) = claimed(app, data)
    answers = all_at_once(app, lambda caller: caller("POST", f"/tasks/{item['task']}/heartbeat", {}))
    assert [answer.status_code for answer in answers] == [200] * COPIES
    task = one_task(data, item["task"])
    assert (task.state, task.version) == (TaskState.LEASED, item["version"])


def test_a_claim(app: Flask, data: MarkingData) -> None:
    """A reply that was lost is asked for again: what was handed out before comes first, and nothing is hoarded."""
    body = {"want": 3, "holding": []}
    answers = all_at_once(app, lambda caller: caller("POST", f"/groups/{data.group().id}/claim", body))
    dealt = [[item["task"] for item in answer.json["items"]] for answer in answers]
    assert dealt == [dealt[0]] * COPIES
    assert count(data, MarkingTask, MarkingTask.state == TaskState.LEASED) == len(dealt[0]) == 3


def test_an_abandoned_response_goes_on_to_the_next_marker(
    app: Flask, data: MarkingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop is closed over it: by the server's clock it becomes another's, and the late mark changes nothing."""
    lease_s = 600
    (item,) = claimed(app, data)
    begun = now()
    for minutes_late, goes_on in ((-1, False), (1, True)):
        moment = begun + timedelta(seconds=lease_s, minutes=minutes_late)
        monkeypatch.setattr(web.api.marking, "now", lambda moment=moment: moment)
        theirs = claimed(app, data, want=12, person="m1")
        assert (item["task"] in {one["task"] for one in theirs}) is goes_on
    (again,) = [one for one in theirs if one["task"] == item["task"]]
    late = log_in(app, "m0")("PUT", f"/tasks/{item['task']}/score", score(item, "3", "late-key-1"))
    assert (late.status_code, late.json["error"]["code"]) == (409, "marking.lease_lost")
    assert count(data, Mark) == 0
    done = log_in(app, "m1")("PUT", f"/tasks/{item['task']}/score", score(again, "5", "in-time-1"))
    assert (done.status_code, done.json["stored"]["points"]) == (200, "5")
    late = log_in(app, "m0")("PUT", f"/tasks/{item['task']}/score", score(item, "3", "late-key-1"))
    assert late.status_code == 409
    with data.database.read() as session:
        (mark,) = session.scalars(select(Mark)).all()
        (ended,) = session.scalars(select(LeaseEnd)).all()
    assert (str(mark.points), mark.marker_id) == ("5", data.users["m1"])
    assert (ended.marker_id, ended.how) == (data.users["m0"], "expired")
