"""The board in the browser: who may see it, what stands there, in both languages, and how cheap it stays."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest

from marking.quality.alerts import Reason
from models.blobs import FolderBlobs
from models.columns import now
from models.database import Database
from models.words import Lang, Role
from samples.panel import PanelPlan
from tests.support.marking_app import log_in, make_app
from tests.support.marking_data import add_user, make_marking_data
from tests.support.panel_data import PanelData, put_panel
from web.access.cookies import LANGUAGE
from web.board_view import ADVICE, duration
from web.i18n import set_language

PLAN = PanelPlan(markers=6, responses=160, seed_scripts=8, severe=1, severity=-2.0, lenient=0, careless=0, drifting=0)


@pytest.fixture
def made(sqlite_database: Database, blobs: FolderBlobs) -> PanelData:
    began = now() - timedelta(seconds=3.0 * 320)
    found = put_panel(sqlite_database, PLAN, share=0.9, blobs=blobs, began=began)
    found.data.seat("l0", leads=True)
    add_user(sqlite_database, "office", Role.EXAM_MANAGER, exam_id=found.data.exam_id)
    other = make_marking_data(sqlite_database, candidates=1, tasks=False)
    add_user(sqlite_database, "elsewhere", Role.LEADER, exam_id=other.exam_id)
    return found


@pytest.fixture
def app(made: PanelData, blobs: FolderBlobs, tmp_path):
    return make_app(made.data.database, blobs, tmp_path)


def address_of(made: PanelData, more: str = "") -> str:
    return f"/marking/{made.data.group().id}/board{more}"


def test_leaders_and_the_office_see_the_board_and_nobody_else(app, made) -> None:
    for more in ("", ".csv", f"/{made.users[0]}"):
        assert log_in(app, "l0").client.get(address_of(made, more)).status_code == 200
        assert log_in(app, "office").client.get(address_of(made, more)).status_code == 200
        assert log_in(app, "m1").client.get(address_of(made, more)).status_code == 403
        assert log_in(app, "elsewhere").client.get(address_of(made, more)).status_code == 404


@pytest.mark.parametrize(("language", "says"), [("zh", "偏严"), ("en", "too severe")])
def test_the_board_names_the_severe_marker_says_why_and_what_to_do(app, made, language, says) -> None:
    caller = log_in(app, "l0")
    caller.client.set_cookie(LANGUAGE, language)
    page = caller.client.get(address_of(made)).text
    [alert] = re.findall(r"<li><a href=\"[^\"]*/board/(\d+)\"><strong>(.*?)</strong></a>(.*?)</li>", page, re.S)
    assert int(alert[0]) == made.users[0]
    assert says in alert[2]
    assert re.search(r"[12]\.\d\d (分|points)", alert[2])
    assert 'class="todo"' in alert[2]
    assert page.count("<svg") == 6 + 1  # a whisker for every marker, and the distribution


def test_no_candidate_is_named_and_no_single_mark_shown(app, made) -> None:
    schools = {name for name in made.data.canaries if name.startswith("金丝雀中学")}  # the markers' own ones may be
    for more in ("", ".csv", f"/{made.users[0]}"):
        page = log_in(app, "l0").client.get(address_of(made, more)).text
        assert not [canary for canary in made.data.canaries if canary in page and canary not in schools]


def test_the_table_as_a_file_has_every_marker_with_numbers(app, made) -> None:
    answer = log_in(app, "l0").client.get(address_of(made, ".csv"))
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert len(rows) == 6
    first = rows[0]
    assert first["用户名"] == "m0"
    assert float(first["宽严"]) == pytest.approx(-2.0, abs=0.4)
    assert first["提醒"].startswith("偏严")
    assert log_in(app, "l0").client.get(address_of(made, ".xlsx")).status_code == 200
    assert log_in(app, "l0").client.get(address_of(made, ".pdf")).status_code == 404


def test_the_call_says_what_the_page_says(app, made) -> None:
    board = log_in(app, "l0")("GET", f"/groups/{made.data.group().id}/board").json
    named = {alert["marker"]: alert["reason"] for alert in board["alerts"]}
    assert list(named.values()) == ["severe"]
    line = next(line for line in board["markers"] if line["marker"] in named)
    assert line["severity"] == pytest.approx(-2.0, abs=0.4)
    assert line["alerts"] == ["severe"]
    assert sum(seeds["n"] for seeds in board["seeds"]) > 0
    assert {each["round"] for each in board["rounds"]} >= {1, 2}
    assert board["rates"]["discrepancy"] > 0
    json.dumps(board, allow_nan=False)


def test_a_marker_has_a_page_with_charts_and_what_can_be_done(app, made) -> None:
    page = log_in(app, "office").client.get(address_of(made, f"/{made.users[0]}")).text
    assert page.count('role="img"') == 2
    assert f'/people/{made.users[0]}"' in page
    assert log_in(app, "office").client.get(address_of(made, "/987654")).status_code == 404


def test_every_reason_is_said_in_both_languages() -> None:
    assert set(ADVICE) == set(Reason)


def test_lengths_of_time_are_said_as_people_say_them() -> None:
    assert [duration(seconds) for seconds in (None, 0, 20, 59 * 60, 61 * 60)] == [
        "–", "已完成", "不到 1 分钟", "59 分钟", "1 小时 1 分钟",
    ]  # fmt: skip
    set_language(Lang.EN)
    assert duration(3720) == "1 h 2 min"
