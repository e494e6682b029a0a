"""Two screens of one person: the newer one marks, the older one hands in what it has; late scores become notes."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models.columns import now
from models.records import AuditEvent, Mark, MarkingTask
from models.words import AuditVerb, TaskState
from tests.support.marking_app import log_in, make_app, staffed
from tests.support.marking_data import make_marking_data
from web.screens import ALIVE_S, Screens

FULL = {"(1)": "2", "(2)": "4"}


@pytest.fixture
def data(database, blobs):
    return staffed(make_marking_data(database, candidates=12, blobs=blobs), markers=2)


@pytest.fixture
def app(data, blobs, tmp_path):
    return make_app(data.database, blobs, tmp_path)


def claim(caller, data, screen=None, want=4, holding=()):
    body = {"want": want, "holding": list(holding), **({} if screen is None else {"screen": screen})}
    return caller("POST", f"/groups/{data.group().id}/claim", body)


def put(caller, item, key, **more):
    body = {"key": key, "version": item["version"], "parts": FULL, **more}
    return caller("PUT", f"/tasks/{item['task']}/score", body)


def test_numbers_of_screens_only_grow(monkeypatch) -> None:
    screens = Screens()
    numbers = [screens.new_number() for _ in range(3)]
    monkeypatch.setattr("web.screens.time.time_ns", lambda: 0)  # the clock is set back
    numbers += [screens.new_number() for _ in range(3)]
    assert numbers == sorted(set(numbers))


def test_an_open_screen_is_known_until_it_is_silent_or_closed(monkeypatch) -> None:
    screens, now = Screens(), [1000.0]
    monkeypatch.setattr("web.screens.time.monotonic", lambda: now[0])
    assert screens.elsewhere(1, 1) is None
    assert screens.hear(1, 1, 7)
    assert (screens.elsewhere(1, 1), screens.elsewhere(1, 2), screens.elsewhere(2, 1)) == (7, None, None)
    now[0] += ALIVE_S + 1
    assert screens.elsewhere(1, 1) is None
    assert screens.hear(1, 1, 8)
    assert not screens.close(1, 1, 7)
    assert screens.elsewhere(1, 1) == 8
    assert screens.close(1, 1, 8)
    assert screens.elsewhere(1, 1) is None


def test_a_newer_screen_gets_what_the_older_holds_and_the_older_only_hands_in(app, data) -> None:
    marker = log_in(app, "m0")
    first = claim(marker, data, screen=1).json["items"]
    second = claim(marker, data, screen=2).json["items"]
    assert {item["task"] for item in first} == {item["task"] for item in second}
    refused = claim(marker, data, screen=1)
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "marking.taken_over")
    beat = marker("POST", f"/tasks/{first[0]['task']}/heartbeat", {"holding": [], "screen": 1})
    assert beat.json["error"]["code"] == "marking.taken_over"
    handed_in = put(marker, first[0], "from-the-older", screen=1, holding=[])
    assert handed_in.status_code == 200
    assert handed_in.json["taken_over"] is True
    assert handed_in.json["refill"] == []
    again = put(marker, second[0], "from-the-newer", screen=2, holding=[])
    assert again.json["error"]["code"] == "marking.changed"
    with data.database.read() as session:
        assert session.scalars(select(Mark.key)).all() == ["from-the-older"]


def test_an_older_screen_that_closes_gives_nothing_back(app, data) -> None:
    marker = log_in(app, "m0")
    first = claim(marker, data, screen=1).json["items"]
    claim(marker, data, screen=2)
    body = {"holding": [item["task"] for item in first[1:]], "screen": 1}
    assert marker("POST", f"/tasks/{first[0]['task']}/release", body).json["state"] == "kept"
    assert put(marker, first[0], "still-held-1", screen=2).status_code == 200
    body["screen"] = 2
    assert marker("POST", f"/tasks/{first[1]['task']}/release", body).json["state"] == "released"
    with data.database.read() as session:
        assert session.scalars(select(MarkingTask.id).where(MarkingTask.state == TaskState.LEASED)).all() != []


def test_programs_without_a_number_are_not_counted(app, data) -> None:
    marker = log_in(app, "m0")
    claim(marker, data, screen=2)
    assert claim(marker, data).status_code == 200
    assert claim(marker, data, screen="2").status_code == 400


def test_a_late_score_is_kept_once_and_reaches_the_leader_only_when_offered(app, data) -> None:
    marker, other, leader = log_in(app, "m0"), log_in(app, "m1"), log_in(app, "l0")
    (item,) = claim(marker, data, want=1).json["items"]
    with data.database.write() as session:
        session.execute(
            update(MarkingTask).where(MarkingTask.code == item["task"]).values(lease_until=now() - timedelta(hours=1))
        )
    others = claim(other, data, want=12).json["items"]
    assert item["task"] in {one["task"] for one in others}
    for _ in range(2):
        assert put(marker, item, "too-late-1").json["error"]["code"] == "marking.lease_lost"
    path = f"/groups/{data.group().id}/late"
    assert leader("GET", path).json == {"late": []}
    samples = f"/marking/{data.group().id}/samples"
    assert item["task"][:12] not in leader.client.get(samples).text
    for _ in range(2):
        body = {"key": "told-late-1", "version": item["version"], "parts": FULL}
        assert marker("POST", f"/tasks/{item['task']}/late", body).status_code == 200
    (note,) = leader("GET", path).json["late"]
    assert (note["task"], note["points"], note["parts"]) == (item["task"], "6", {"16(1)": "2", "16(2)": "4"})
    assert re.search(
        rf"<td>老师m0</td><td><code>{item['task'][:12]}</code></td><td class=\"n\">6<", leader.client.get(samples).text
    )
    assert marker("GET", path).status_code == 403
    with data.database.read() as session:
        kept = session.scalars(select(AuditEvent.detail).where(AuditEvent.verb == AuditVerb.MARK_LATE)).all()
        assert [(one["key"], one["told"]) for one in kept] == [("too-late-1", False), ("told-late-1", True)]
        assert session.scalars(select(Mark.id)).all() == []


def test_nobody_offers_a_score_for_a_response_that_was_never_theirs(app, data) -> None:
    marker, other = log_in(app, "m0"), log_in(app, "m1")
    (item,) = claim(marker, data, want=1).json["items"]
    body = {"key": "not-mine-1", "version": item["version"], "parts": FULL}
    assert other("POST", f"/tasks/{item['task']}/late", body).status_code == 404
    assert other("POST", f"/tasks/{item['task']}/exemplar", {}).status_code == 404


def test_references_carry_scheme_and_answer_of_the_items_of_the_group(app, data) -> None:
    marker = log_in(app, "m0")
    found = marker("GET", f"/groups/{data.group().id}/references").json
    assert found["rubric"][0]["text"].splitlines() == ["(1)：2 分，给分步长 1", "(2)：4 分，给分步长 1"]
    assert found["reference"] == []
