"""Back-reading in the browser: draw, read, agree, correct; who may do it and what it leaves behind."""

import re

import pytest
from sqlalchemy import select

from models.blobs import FolderBlobs
from models.database import Database
from models.records import GroupScore, SampleCheck
from models.words import CheckResult, Role, ScoreSource
from tests.support.marking_app import log_in, make_app, post_form, staffed
from tests.support.marking_data import MarkingData, add_user, make_marking_data, one_part
from tests.support.marking_work import mark_next


@pytest.fixture
def data(sqlite_database: Database, blobs: FolderBlobs) -> MarkingData:
    made = staffed(make_marking_data(sqlite_database, one_part(), candidates=4, schools=1, blobs=blobs))
    add_user(sqlite_database, "office", Role.EXAM_MANAGER, exam_id=made.exam_id)
    for username, points in (("m0", "0"), ("m0", "7"), ("m1", "12"), ("m1", "5")):
        mark_next(made, made.seat(username), points)
    return made


@pytest.fixture
def app(data: MarkingData, blobs: FolderBlobs, tmp_path):
    return make_app(data.database, blobs, tmp_path)


def test_a_leader_draws_reads_agrees_and_corrects(app, data) -> None:
    leader, address = log_in(app, "l0"), f"/marking/{data.group().id}/samples"
    assert "尚未抽取样本" in leader.client.get(address).text
    page = post_form(leader, f"{address}/draw", kind="extremes", count="10").text
    seen = []
    for _ in range(2):
        [score] = re.findall(r"<h1>得分 (\d+)", page)
        [where] = set(re.findall(rf'action="({address}/\d+/\d+)"', page))
        [image] = re.findall(r'src="(/api/v1/images/\w+)"', page)
        assert leader.client.get(image).status_code == 200
        assert ("老师m0" if score == "0" else "老师m1") in page
        assert not [canary for canary in data.canaries if canary in page]
        seen.append(score)
        form = {"decision": "correct", "part 13": "3", "reason": "看漏背面"} if score == "0" else {"decision": "agree"}
        page = post_form(leader, where, **form).text
    assert sorted(seen) == ["0", "12"]
    assert "已全部抽看" in page
    with data.database.read() as session:
        scores = {str(row.points): row.source for row in session.scalars(select(GroupScore))}
        results = sorted(session.scalars(select(SampleCheck.result)))
    assert scores["3"] is ScoreSource.CORRECTED
    assert "0" not in scores
    assert results == [CheckResult.AGREED, CheckResult.CORRECTED]
    listed = leader.client.get(address).text
    assert re.search(
        r"零分和满分</td><td>老师l0</td><td class=\"n\">2</td><td class=\"n\">1</td><td class=\"n\">1</td>", listed
    )


def test_what_cannot_be_done_is_said_and_changes_nothing(app, data) -> None:
    leader, address = log_in(app, "l0"), f"/marking/{data.group().id}/samples"
    assert "分数段需要填写下限和上限" in post_form(leader, f"{address}/draw", kind="band", count="5").text
    assert "没有选择评卷教师" in post_form(leader, f"{address}/draw", kind="marker", count="5").text
    page = post_form(leader, f"{address}/draw", kind="marker", count="5", marker=str(data.users["m0"])).text
    [where] = set(re.findall(rf'action="({address}/\d+/\d+)"', page))
    refused = post_form(leader, where, decision="correct", **{"part 13": "13", "reason": "x"}).text
    assert "满分" in refused
    refused = post_form(leader, where, decision="correct", **{"part 13": "3", "reason": " "}).text
    assert "原因" in refused or "理由" in refused
    with data.database.read() as session:
        assert not session.scalars(select(GroupScore).where(GroupScore.source == ScoreSource.CORRECTED)).all()
        assert set(session.scalars(select(SampleCheck.result))) == {CheckResult.WAITING}


def test_only_leaders_read_again(app, data) -> None:
    address = f"/marking/{data.group().id}/samples"
    for who in ("office", "m0"):
        assert log_in(app, who).client.get(address).status_code == 403
        assert post_form(log_in(app, who), f"{address}/draw", kind="random", count="2").status_code == 403
    page = log_in(app, "l0").client.get(f"{address}?marker={data.users['m1']}").text
    assert re.search(rf'<option value="{data.users["m1"]}" selected>', page)
