"""The marking calls, from outside: every status, one shape of errors, and no byte that names a candidate."""

import base64
import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models.blobs import FolderBlobs
from models.columns import now
from models.database import Database
from models.records import GroupRecord, ImageView, Mark, MarkingTask
from models.words import MarkingMode, Role, TaskState
from tests.support.marking_app import Caller, log_in, make_app, staffed
from tests.support.marking_data import GroupPlan, MarkingData, add_user, make_marking_data, one_part


@pytest.fixture
def data(sqlite_database: Database, blobs: FolderBlobs) -> MarkingData:
    return staffed(make_marking_data(sqlite_database, GroupPlan(), candidates=14, blobs=blobs, blank=frozenset({3})))


@pytest.fixture
def app(data: MarkingData, blobs: FolderBlobs, tmp_path):
    return make_app(data.database, blobs, tmp_path)


def claim(caller: Caller, data: MarkingData, **body):
    response = caller("POST", f"/groups/{data.group().id}/claim", body)
    assert response.status_code == 200, response.data
    return response.json["items"]


def put(caller: Caller, item, parts=None, key: str = "", **more):
    body = {"key": key or "key-" + item["task"], "version": item["version"], **more}
    if parts is not None:
        body["parts"] = parts
    return caller("PUT", f"/tasks/{item['task']}/score", body)


FULL = {"(1)": "2", "(2)": "4"}


def assert_refused(response, status: int, code: str) -> None:
    assert response.status_code == status, response.data
    error = response.json["error"]
    assert set(error) == {"code", "message", "remedy"}
    assert error["code"] == code
    assert error["message"]
    assert error["remedy"]


def test_a_marker_sees_the_own_groups_with_parts_steps_and_counts(app, data) -> None:
    (group,) = log_in(app, "m0")("GET", "/groups").json["groups"]
    assert (group["id"], group["title"], group["full_mark"]) == (data.group().id, "第16题", "6")
    assert group["parts"] == [
        {"id": "16(1)", "name": "(1)", "points": "2", "step": "1"},
        {"id": "16(2)", "name": "(2)", "points": "4", "step": "1"},
    ]
    assert group["steps"] == ["1", "1"]
    assert group["counts"]["group"] | {"mean": 0} == {
        "open": 14, "leased": 0, "done": 0, "problem": 0, "left": 14, "total": 14, "mean": 0,
    }  # fmt: skip


def test_claim_score_and_refill_in_one_round_trip(app, data) -> None:
    marker = log_in(app, "m0")
    items = claim(marker, data, want=5)
    assert len(items) == 5
    assert {item["version"] for item in items} == {1}
    answer = put(marker, items[0], FULL, dwell_ms=1800, image=items[0]["images"][0]["url"])
    assert answer.status_code == 200
    assert answer.json["stored"] == {
        "task": items[0]["task"], "key": "key-" + items[0]["task"], "points": "6",
        "parts": {"16(1)": "2", "16(2)": "4"}, "revision": 1, "version": 2,
    }  # fmt: skip
    assert len(answer.json["refill"]) == 4  # four were left, so the screen is filled up to eight
    assert answer.json["progress"]["mine"] == {"done": 1, "held": 8, "mean": 6.0}
    assert put(marker, items[1], FULL).json["refill"] == []
    again = put(marker, items[0], FULL, dwell_ms=1800, image=items[0]["images"][0]["url"])
    assert (again.status_code, again.json["stored"]) == (200, answer.json["stored"])


def test_blank_and_reopened_are_flags(app, data) -> None:
    marker = log_in(app, "m0")
    items = claim(marker, data, want=16)
    assert [item["flags"] for item in items].count(["blank"]) == 1
    put(marker, items[0], FULL)
    reopened = marker("POST", f"/tasks/{items[0]['task']}/reopen", {}).json["item"]
    assert "reopened" in reopened["flags"]
    assert reopened["own"] == {"points": "6", "parts": {"16(1)": "2", "16(2)": "4"}}
    changed = put(marker, reopened, {"(1)": "0", "(2)": "0"}, key="another-key")
    assert (changed.status_code, changed.json["stored"]["revision"]) == (200, 2)


def test_401_without_a_session_and_403_without_the_token_or_the_right(app, data) -> None:
    group = f"/groups/{data.group().id}"
    assert_refused(Caller(app.test_client())("GET", "/groups"), 401, "login.needed")
    marker = log_in(app, "m0")
    assert_refused(marker("GET", f"{group}/board"), 403, "forbidden")
    marker.csrf_token = "wrong"
    assert_refused(marker("POST", f"{group}/claim", {}), 403, "request.forged")
    add_user(data.database, "scan", Role.SCANNER_OPERATOR, exam_id=data.exam_id)
    assert_refused(log_in(app, "scan")("POST", f"{group}/claim", {}), 403, "forbidden")


def test_404_for_what_is_unknown_or_not_visible(app, data) -> None:
    from models.records import Grant

    marker, other = log_in(app, "m0"), log_in(app, "m1")
    (item,) = claim(marker, data, want=1)
    assert_refused(marker("POST", "/groups/999999/claim", {}), 404, "not_found")
    assert_refused(put(marker, {"task": "f" * 32, "version": 1}, FULL), 404, "not_found")
    assert_refused(put(other, item, FULL), 404, "not_found")
    for verb in ("problem", "release", "reopen", "heartbeat"):
        assert_refused(other("POST", f"/tasks/{item['task']}/{verb}", {"reason": "other"}), 404, "not_found")
    assert_refused(other("GET", item["images"][0]["url"]), 404, "not_found")
    assert_refused(other("GET", "/api/v1/images/" + "0" * 40), 404, "not_found")
    with data.database.write() as session:  # the grant now names another group
        session.execute(update(Grant).where(Grant.user_id == data.users["m1"]).values(school_id=data.schools[0]))
    assert_refused(other("POST", f"/groups/{data.group().id}/claim", {}), 404, "not_found")


def test_409_for_a_stale_version_a_reused_key_and_a_lost_lease(app, data) -> None:
    marker = log_in(app, "m0")
    first, second, third = claim(marker, data, want=3)
    assert_refused(put(marker, {**first, "version": 7}, FULL, key="stale-key-1"), 409, "marking.changed")
    assert put(marker, first, FULL, key="used-key-1").status_code == 200
    assert_refused(put(marker, first, {"(1)": "0", "(2)": "0"}, key="used-key-1"), 409, "marking.key_reused")
    assert_refused(put(marker, second, FULL, key="used-key-1"), 409, "marking.key_reused")
    assert_refused(put(marker, second, FULL, image=third["images"][0]["url"]), 409, "marking.changed")
    with data.database.write() as session:
        session.execute(
            update(MarkingTask)
            .where(MarkingTask.code == third["task"])
            .values(lease_until=now() - timedelta(minutes=1))
        )
    claim(log_in(app, "m1"), data, want=1)
    assert_refused(put(marker, third, FULL), 409, "marking.lease_lost")
    assert_refused(marker("POST", f"/tasks/{third['task']}/heartbeat", {}), 409, "marking.lease_lost")


def test_410_for_a_withdrawn_response(app, data) -> None:
    marker = log_in(app, "m0")
    (item,) = claim(marker, data, want=1)
    with data.database.write() as session:
        session.execute(update(MarkingTask).where(MarkingTask.code == item["task"]).values(state=TaskState.WITHDRAWN))
    assert_refused(put(marker, item, FULL), 410, "marking.withdrawn")
    assert_refused(marker("GET", item["images"][0]["url"]), 410, "marking.withdrawn")


@pytest.mark.parametrize(
    "body",
    [
        {"parts": {"(1)": "2"}},
        {"parts": {"(1)": "2", "(2)": "4.5"}},
        {"parts": {"(1)": "3", "(2)": "4"}},
        {"total": "6"},
        {},
        {"parts": FULL, "key": ""},
        {"parts": FULL, "key": "k" * 81},
        {"parts": FULL, "version": "1"},
        {"parts": FULL, "annotations": [{"kind": "raster"}]},
        {"parts": [1, 2]},
    ],
)
def test_422_for_what_is_no_legal_score(app, data, body) -> None:
    marker = log_in(app, "m0")
    (item,) = claim(marker, data, want=1)
    response = marker("PUT", f"/tasks/{item['task']}/score", {"key": "key-12345", "version": 1, **body})
    assert response.status_code == 422, response.data
    assert set(response.json["error"]) == {"code", "message", "remedy"}
    with data.database.read() as session:
        assert session.scalars(select(Mark)).all() == []


def test_a_list_is_answered_entry_by_entry_in_order(app, data) -> None:
    marker = log_in(app, "m0")
    first, second = claim(marker, data, want=2)
    entries = [
        {"task": first["task"], "key": "sync-key-1", "version": 1, "parts": FULL},
        {"task": second["task"], "key": "sync-key-2", "version": 1, "parts": {"(1)": "9", "(2)": "4"}},
        {"task": "0" * 32, "key": "sync-key-3", "version": 1, "parts": FULL},
        {"task": second["task"], "key": "sync-key-4", "version": 1, "parts": {"(1)": 1, "(2)": 0}},
        {"task": first["task"], "key": "sync-key-1", "version": 1, "parts": FULL},
        "rubbish",
    ]
    answer = marker("POST", "/sync", entries)
    assert [one["status"] for one in answer.json] == [200, 422, 404, 200, 200, 422]
    assert answer.json[0] == answer.json[4]
    assert answer.json[3]["stored"]["points"] == "1"
    assert set(answer.json[1]["error"]) == {"code", "message", "remedy"}
    assert marker("POST", "/sync", {"not": "a list"}).status_code == 400


def test_problem_release_and_heartbeat(app, data) -> None:
    marker, leader = log_in(app, "m0"), log_in(app, "l0")
    bad, back, kept = claim(marker, data, want=3)
    raised = marker("POST", f"/tasks/{bad['task']}/problem", {"reason": "blurred", "note": "看不清", "version": 1})
    assert (raised.status_code, raised.json["state"]) == (200, "problem")
    assert marker("POST", f"/tasks/{kept['task']}/problem", {"reason": "boring"}).status_code == 422
    for _ in range(2):
        assert marker("POST", f"/tasks/{back['task']}/release", {}).status_code == 200
    alive = marker("POST", f"/tasks/{kept['task']}/heartbeat", {"holding": [kept["task"]]})
    assert set(alive.json["leases"]) == {kept["task"]}
    (item,) = claim(leader, data, want=4)
    assert set(item["flags"]) - {"blank"} == {"leader", "problem"}
    assert item["problem"] == {"reason": "blurred", "note": "看不清"}
    assert put(leader, item, {"(1)": "1", "(2)": "1"}).status_code == 200


def test_a_leader_who_ends_a_disagreement_sees_the_marks_but_not_their_markers(database, blobs, tmp_path) -> None:
    plan = one_part(mode=MarkingMode.DOUBLE, tolerance="1")
    data = staffed(make_marking_data(database, plan, candidates=1, blobs=blobs))
    app = make_app(database, blobs, tmp_path)
    for name, points in (("m0", "3"), ("m1", "9")):
        caller = log_in(app, name)
        (item,) = claim(caller, data, want=1)
        assert item["earlier"] == []
        assert put(caller, item, total=points).status_code == 200
    leader = log_in(app, "l0")
    (item,) = claim(leader, data, want=1)
    assert item["earlier"] == [{"points": "3", "parts": {"13": "3"}}, {"points": "9", "parts": {"13": "9"}}]
    assert not any(name.encode() in leader.heard[-1] for name in ("m0", "m1"))
    assert put(leader, item, total="7").status_code == 200
    board = leader("GET", f"/groups/{data.group().id}/board").json
    assert (board["settled"], board["discrepancies"], board["counts"]["done"]) == (1, 1, 3)
    lines = {line["marker"]: (line["n"], line["mean"], line["agreement"]) for line in board["markers"]}
    assert lines == {"老师m0": (1, 3.0, 0.0), "老师m1": (1, 9.0, 0.0)}  # a leader who saw both is no third opinion


def test_the_board_shows_mean_deviation_and_speed_of_each_marker(app, data) -> None:
    marker = log_in(app, "m0")
    scores = ({"(1)": "0", "(2)": "1"}, {"(1)": "1", "(2)": "2"}, {"(1)": "1", "(2)": "4"})  # 1, 3, 5
    for item, parts in zip(claim(marker, data, want=3), scores, strict=True):
        assert put(marker, item, parts, dwell_ms=2000).status_code == 200
    (line,) = log_in(app, "l0")("GET", f"/groups/{data.group().id}/board").json["markers"]
    assert (line["n"], line["mean"], line["sd"], line["speed"]) == (3, 3.0, 2.0, 2.0)


def test_the_leader_sees_the_same_on_a_page_and_a_marker_does_not(app, data) -> None:
    marker, leader = log_in(app, "m0"), log_in(app, "l0")
    scores = ({"(1)": "0", "(2)": "1"}, {"(1)": "1", "(2)": "2"}, {"(1)": "1", "(2)": "4"})  # 1, 3, 5
    for item, parts in zip(claim(marker, data, want=3), scores, strict=True):
        assert put(marker, item, parts, dwell_ms=2000).status_code == 200
    address = f"/marking/{data.group().id}/board"
    page = leader.client.get(address).text
    work = page[page.index('id="board-work"') :]
    [line] = re.findall(r"<tr><th scope=\"row\"><a [^>]*>老师m0</a></th>(.*?)</tr>", work)
    cells = [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", line)]
    assert cells[2] == "3"  # marked
    assert cells[5:8] == ["2.0", "3.00", "2.00"]  # seconds, mean, standard deviation
    assert not [canary for canary in data.canaries if canary in page]
    assert address in leader.client.get("/marking").text
    assert marker.client.get(address).status_code == 403
    assert "/board" not in marker.client.get("/marking").text


def test_a_problem_response_calls_the_leader_on_the_board(app, data) -> None:
    marker, leader = log_in(app, "m0"), log_in(app, "l0")
    (item,) = claim(marker, data, want=1)
    passed = marker("POST", f"/tasks/{item['task']}/problem", {"reason": "blurred", "version": item["version"]})
    assert passed.status_code == 200, passed.text
    page = leader.client.get(f"/marking/{data.group().id}/board").text
    assert "有 1 份待您处理" in page or "1 responses wait for you" in page


def test_images_come_as_stored_private_and_every_view_is_logged(app, data, blobs) -> None:
    marker, leader = log_in(app, "m0"), log_in(app, "l0")
    (item,) = claim(marker, data, want=1)
    url = item["images"][0]["url"]
    response = marker("GET", url)
    assert response.status_code == 200
    assert response.mimetype == "image/jpeg"
    assert response.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert response.headers["ETag"] == f'"{url.rsplit("/", 1)[-1]}"'
    assert response.data in [blobs.get(path.name) for path in blobs.root.rglob("*") if path.is_file()]
    assert marker("GET", url, **{"If-None-Match": response.headers["ETag"]}).status_code == 304
    assert leader("GET", url).status_code == 200
    with data.database.read() as session:
        views = session.execute(select(ImageView.user_id, ImageView.purpose)).all()
    assert views == [(data.users["m0"], "marking")] * 2 + [(data.users["l0"], "marking")]


def test_views_at_the_same_moment_are_all_logged(app, data) -> None:
    urls = [item["images"][0]["url"] for item in claim(log_in(app, "m0"), data, want=8)]
    callers = [log_in(app, "m0") for _ in range(6)]
    threads = [threading.Thread(target=lambda c=caller: [c("GET", url) for url in urls]) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with data.database.read() as session:
        assert len(session.scalars(select(ImageView.id)).all()) == 48


def test_nothing_that_a_marker_or_leader_hears_names_a_candidate(app, data) -> None:
    marker, leader = log_in(app, "m0"), log_in(app, "l0")
    marker("GET", "/groups")
    items = claim(marker, data, want=8)
    for item in items:
        marker("GET", item["images"][0]["url"])
        put(marker, item, FULL)
    marker("POST", f"/tasks/{items[0]['task']}/reopen", {})
    marker("POST", f"/tasks/{items[0]['task']}/problem", {"reason": "other"})
    put(marker, items[1], {"(1)": "9", "(2)": "4"}, key="refused-key")
    marker("GET", "/api/v1/images/0")
    claim(leader, data, want=2)
    leader("GET", f"/groups/{data.group().id}/board")
    everything = b"\n".join(marker.heard + leader.heard)
    decoded = everything + everything.decode("utf-8", "replace").encode("ascii", "backslashreplace")
    for canary in data.canaries:
        for form in (
            canary.encode(), canary.encode("ascii", "backslashreplace"), base64.b64encode(canary.encode()).rstrip(b"="),
            canary.encode().hex().encode(), canary.encode("gbk"),
        ):  # fmt: skip
            assert form not in decoded
    with data.database.read() as session:
        for entry_id in session.scalars(select(MarkingTask.entry_id)):
            assert f'"entry":{entry_id}'.encode() not in everything
    assert len(data.canaries) == 30


def test_a_paused_group_hands_out_nothing_and_says_so(app, data) -> None:
    marker = log_in(app, "m0")
    (item,) = claim(marker, data, want=1)
    with data.database.write() as session:
        session.execute(update(GroupRecord).values(paused=True))
    assert claim(marker, data, holding=[item["task"]]) == []
    assert marker("GET", "/groups").json["groups"][0]["open"] is False
    assert_refused(put(marker, item, FULL), 409, "marking.closed")


def test_every_call_is_described(app) -> None:
    paths = app.test_client().get("/api/v1/openapi.json").json["paths"]
    assert {path.removeprefix("/api/v1") for path in paths if "marking" in path or "images" in path} == {
        "/images/{key}",
        "/images/{key}/marked",
        "/marking/groups",
        "/marking/groups/{group_id}/board",
        "/marking/groups/{group_id}/claim",
        "/marking/groups/{group_id}/late",
        "/marking/groups/{group_id}/references",
        "/marking/sync",
        *(
            f"/marking/tasks/{{task}}/{verb}"
            for verb in ("score", "problem", "release", "reopen", "heartbeat", "exemplar", "late")
        ),
    }
