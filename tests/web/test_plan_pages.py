"""The morning in the browser: plan, people, exclusion, rule sheet; who may do it, and what is written down."""

import io
import re

import openpyxl
import pytest
from sqlalchemy import select, update

from models.blobs import FolderBlobs
from models.database import Database
from models.records import AuditEvent, GroupMember, MarkingTask, PaperRecord, RuleSignature
from models.words import AuditVerb, MarkingMode, MemberState, PaperState, Role, TaskState
from tests.support.marking_app import log_in, make_app, post_form, staffed
from tests.support.marking_data import MarkingData, add_user, make_marking_data, one_part
from tests.support.marking_work import give, mark_next, take


@pytest.fixture
def data(sqlite_database: Database, blobs: FolderBlobs) -> MarkingData:
    plan = one_part(mode=MarkingMode.DOUBLE, tolerance="1")
    made = staffed(make_marking_data(sqlite_database, plan, one_part("14"), candidates=6, blobs=blobs), markers=3)
    add_user(sqlite_database, "office", Role.EXAM_MANAGER, exam_id=made.exam_id)
    return made


@pytest.fixture
def app(data: MarkingData, blobs: FolderBlobs, tmp_path):
    return make_app(data.database, blobs, tmp_path)


def before_formal(data: MarkingData) -> None:
    with data.database.write() as session:
        session.execute(update(PaperRecord).values(state=PaperState.TRIAL_MARKING))


def test_a_leader_changes_the_plan_before_opening_and_not_after(app, data) -> None:
    before_formal(data)
    leader, address = log_in(app, "l0"), f"/marking/{data.group().id}/plan"
    form = {"mode": "2+1+adjudication", "tolerance": "1.5", "boundary": "strict", "compare": "total", "step 13": "0.5",
            "double_percent": "0", "seed_every": "10", "repeat_every": "0", "pause_after_seeds": "3",
            "qualify_percent": "75"}  # fmt: skip
    page = post_form(leader, f"{address}/change", **form).text
    assert "方案已生效" in page
    group = data.group()
    assert (group.mode, str(group.tolerance), group.boundary.value) == (MarkingMode.DOUBLE_THIRD, "1.5", "strict")
    assert (str(group.parts[0].step), group.quality.seed_every, group.quality.pause_after_seeds) == ("0.5", 10, 3)
    assert "note wrong" in post_form(leader, f"{address}/change", **{**form, "tolerance": "many"}).text
    assert str(data.group().tolerance) == "1.5"
    with data.database.write() as session:
        session.execute(update(PaperRecord).values(state=PaperState.FORMAL_MARKING))
    page = post_form(leader, f"{address}/change", **{**form, "tolerance": "3", "seed_every": "5"}).text
    assert (str(data.group().tolerance), data.group().quality.seed_every) == ("1.5", 5)
    assert "<fieldset disabled>" in page


def test_the_office_may_plan_and_watch_and_a_marker_neither(app, data) -> None:
    office, marker = log_in(app, "office"), log_in(app, "m0")
    group_id = data.group().id
    for path in ("plan", "people", "rules", "board"):
        assert office.client.get(f"/marking/{group_id}/{path}").status_code == 200
        assert marker.client.get(f"/marking/{group_id}/{path}").status_code == 403


def test_nothing_on_these_pages_names_a_candidate(app, data) -> None:
    leader = log_in(app, "l0")
    schools = {name for name in data.canaries if name.startswith("金丝雀中学")}
    for path in ("plan", "people", "rules", "plan?tolerance=0"):
        page = leader.client.get(f"/marking/{data.group().id}/{path}").text
        assert [canary for canary in data.canaries if canary in page and canary not in schools] == []


def test_a_tolerance_after_the_lock_is_shown_and_then_changed_with_a_reason(app, data) -> None:
    mark_next(data, data.seat("m0"), "5")
    (first,) = [task for task in _tasks(data) if task.state is TaskState.DONE]
    with data.database.write() as session:
        session.execute(update(MarkingTask).where(MarkingTask.entry_id != first.entry_id).values(priority=2**31 - 1))
    mark_next(data, data.seat("m1"), "8")
    leader, address = log_in(app, "l0"), f"/marking/{data.group().id}/plan"
    page = leader.client.get(f"{address}?tolerance=3").text
    assert f"#{min(task.code for task in _tasks(data) if task.entry_id == first.entry_id and task.points)[:5]}" in page
    assert "会变化" in page
    assert "note wrong" in post_form(leader, f"{address}/tolerance", tolerance="3", reason="").text
    assert str(data.group().tolerance) == "1"
    assert "误差阈值现为 3；1 份" in post_form(leader, f"{address}/tolerance", tolerance="3", reason="试评抽样").text
    assert str(data.group().tolerance) == "3"


def _tasks(data: MarkingData) -> list[MarkingTask]:
    with data.database.read() as session:
        return list(session.scalars(select(MarkingTask).where(MarkingTask.group_id == data.group().id)))


def test_people_are_paused_moved_and_released_from_their_page(app, data) -> None:
    leader = log_in(app, "l0")
    base = f"/marking/{data.group().id}/people"
    marker = data.seat("m0")
    take(data, marker, want=3)
    address = f"{base}/{marker.user_id}"
    assert "note wrong" in post_form(leader, address, action="pause", reason="").text
    page = post_form(leader, address, action="pause", reason="去开会", release="1").text
    assert "3 份作答回到队列" in page
    assert "去开会" in page
    with data.database.read() as session:
        assert session.scalars(select(GroupMember.state)).all() == [MemberState.PAUSED]
    post_form(leader, address, action="resume")
    post_form(leader, address, action="quota", quota="2")
    assert len(take(data, marker, want=5)) == 2
    assert "2 份作答回到队列" in post_form(leader, address, action="release").text
    post_form(leader, address, action="move", to=str(data.groups["14"]))
    assert take(data, marker, want=5) == []
    assert post_form(leader, address, action="dance").status_code == 404
    assert "note wrong" in post_form(leader, f"{base}/add", username="nobody").text


def test_a_person_cannot_be_moved_into_a_group_that_the_leader_has_no_say_in(app, data) -> None:
    other = make_marking_data(data.database, one_part("99"), candidates=1)
    marker = data.seat("m0")
    answer = post_form(
        log_in(app, "l0"), f"/marking/{data.group().id}/people/{marker.user_id}", action="move", to=other.groups["99"]
    )
    assert answer.status_code == 404


def test_own_schools_are_relaxed_with_a_reason_and_the_page_then_says_so(app, data) -> None:
    leader, address = log_in(app, "l0"), f"/marking/{data.group().id}/plan"
    assert "note wrong" in post_form(leader, f"{address}/exclusion", school=data.schools[0], reason="").text
    page = post_form(leader, f"{address}/exclusion", school=data.schools[0], reason="只有一校有物理教师").text
    assert "以下学校的教师可以评本校作答" in page
    assert data.group().waived_schools == {data.schools[0]}
    with data.database.read() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.verb == AuditVerb.EXCLUSION_RELAXED)).all()
        assert [event.detail["reason"] for event in events] == ["只有一校有物理教师"]
    post_form(leader, f"{address}/exclusion", restore="1")
    assert data.group().waived_schools == set()


def test_the_workload_is_a_workbook_by_teacher_and_by_school(app, data) -> None:
    for _ in range(2):
        mark_next(data, data.seat("m0"), "5")
    mark_next(data, data.seat("m1"), "6")
    office = log_in(app, "office")
    for path in (f"/marking/{data.group().id}/workload.xlsx", f"/marking/workload/{_exam_key(data)}.xlsx"):
        answer = office.client.get(path)
        assert answer.status_code == 200
        book = openpyxl.load_workbook(io.BytesIO(answer.data))
        people = list(book["按教师"].iter_rows(values_only=True))
        heading = people[0]
        rows = [dict(zip(heading, row, strict=True)) for row in people[1:]]
        assert {(row["用户名"], row["份数"], row["评次"]) for row in rows} == {("m0", 2, 2), ("m1", 1, 1)}
        assert all(row["工时"] == 0 for row in rows)
        assert book.sheetnames == ["按教师", "按学校"]


def _exam_key(data: MarkingData) -> str:
    from models.records import ExamRecord

    with data.database.read() as session:
        return session.get_one(ExamRecord, data.exam_id).key


def test_the_rule_sheet_is_signed_under_its_hash_and_a_changed_plan_needs_a_new_signature(app, data) -> None:
    before_formal(data)
    leader, office = log_in(app, "l0"), log_in(app, "office")
    address = f"/marking/{data.group().id}/rules"
    page = leader.client.get(address).text
    sha = re.search(r"<code>([0-9a-f]{64})</code>", page)[1]
    assert "正评还缺以下题组的签字：第13题" in page
    assert "note wrong" in post_form(office, f"{address}/sign").text  # the office leads no group
    page = post_form(leader, f"{address}/sign").text
    assert "正评还缺" not in page
    assert sha[:12] in page
    post_form(leader, f"{address}/sign")  # once more adds nothing
    with data.database.read() as session:
        (signature,) = session.scalars(select(RuleSignature))
        assert (signature.sha, signature.name, signature.user_id) == (sha, "老师l0", data.users["l0"])
        assert signature.sheet["groups"][0]["tolerance"] == "1"
    plan = {"mode": "2+adjudication", "tolerance": "2", "boundary": "inclusive", "compare": "total", "step 13": "1"}
    post_form(leader, f"/marking/{data.group().id}/plan/change", **plan)
    page = leader.client.get(address).text
    assert sha not in page
    assert "正评还缺以下题组的签字：第13题" in page
    assert "另有 1 个较早的签字" in page


def test_marks_are_returned_or_voided_from_the_page_of_their_marker(app, data) -> None:
    for name, points in (("m0", "5"), ("m1", "5")):
        mark_next(data, data.seat(name), points)
    leader, office = log_in(app, "l0"), log_in(app, "office")
    base = f"/marking/{data.group().id}/people/{data.users['m0']}/marks"
    assert office.client.get(base).status_code == 403  # who manages takes no mark away
    assert "退回或作废评分" not in office.client.get(f"/marking/{data.group().id}/people").text
    assert "退回或作废评分" in leader.client.get(f"/marking/{data.group().id}/people").text
    assert "1 个评分" in leader.client.get(base).text
    assert "0 个评分" in leader.client.get(f"{base}?since=2027-01-01T00:00").text
    assert "note wrong" in leader.client.get(f"{base}?since=yesterday").text
    assert leader.client.get(f"/marking/{data.group().id}/people/4711/marks").status_code == 404
    assert "note wrong" in post_form(leader, f"{base}/recall", how="void", reason=" ").text
    assert "note wrong" in post_form(leader, f"{base}/recall", how="void", reason="x", until="soon").text
    assert "0 个评分已退回" in post_form(leader, f"{base}/recall", reason="x", since="2027-01-01T00:00").text
    assert {task.state for task in _tasks(data) if task.marker_id == data.users["m0"]} == {TaskState.DONE}
    assert "1 个评分已作废" in post_form(leader, f"{base}/recall", how="void", reason="过严").text
    assert {task.state for task in _tasks(data) if task.marker_id == data.users["m0"]} == {TaskState.VOIDED}
    base = f"/marking/{data.group().id}/people/{data.users['m1']}/marks"
    assert "1 个评分已退回" in post_form(leader, f"{base}/recall", how="return", reason="细则有改").text
    (task,) = [task for task in _tasks(data) if task.marker_id == data.users["m1"]]
    assert (task.state, task.reserved_for) == (TaskState.OPEN, data.users["m1"])
    flags = log_in(app, "m1")("POST", f"/groups/{data.group().id}/claim", {"want": 1, "holding": []}).json["items"][0]
    assert (flags["task"], flags["flags"], flags["own"]) == (task.code, ["returned"], None)


def test_a_leader_runs_the_trial_and_chooses_a_seed_from_it(app, data) -> None:
    before_formal(data)
    leader, office = log_in(app, "l0"), log_in(app, "office")
    address = f"/marking/{data.group().id}/scripts"
    assert office.client.get(address).status_code == 403
    assert "note wrong" in post_form(leader, f"{address}/draw", count="0").text
    assert "3 份作答" in post_form(leader, f"{address}/draw", count="3").text
    assert "试评已开始" in post_form(leader, f"{address}/trial", open="1").text
    for name, points in (("m0", "4"), ("m1", "7")):
        for task in take(data, data.seat(name), want=9):
            give(data, data.seat(name), task, points)
    page = leader.client.get(address).text
    assert "依据至少两人评过的 3 份试评卷、3 对评分" in page
    assert "100.0" in page  # a difference of 3 everywhere: at 0, 1 and 2 every response needs a third mark
    assert "最小阈值是 3" in page
    assert [canary for canary in data.canaries if canary in page] == []
    entry = re.search(r"/scripts/(\d+)/choose", page)[1]
    assert "note wrong" in post_form(leader, f"{address}/{entry}/choose", use="seed", **{"part 13": "99"}).text
    page = post_form(leader, f"{address}/{entry}/choose", use="seed", note="层次", **{"part 13": "6"}).text
    assert "种子卷" in page
    assert "层次" in page
    script = re.search(r'name="script" value="(\d+)">停用：种子卷', page)[1]
    assert "停用：种子卷" not in post_form(leader, f"{address}/{entry}/retire", script=script).text
    assert "试评已结束" in post_form(leader, f"{address}/trial").text
