"""What a leader has chosen as an example stands beside the answer, for those who may see the response at all."""

import re

import pytest
from sqlalchemy import select, update

from models.blobs import FolderBlobs
from models.database import Database
from models.records import MarkingTask, PaperRecord, TaskImage
from models.words import MarkingMode, PaperState
from tests.support.marking_app import Caller, log_in, make_app, post_form, staffed
from tests.support.marking_data import MarkingData, make_marking_data, one_part


@pytest.fixture
def data(sqlite_database: Database, blobs: FolderBlobs) -> MarkingData:
    plan = one_part(mode=MarkingMode.DOUBLE, tolerance="1")
    made = staffed(make_marking_data(sqlite_database, plan, candidates=6, blobs=blobs), markers=1)
    made.seat("of_school", school=0)
    with sqlite_database.write() as session:
        session.execute(update(PaperRecord).values(state=PaperState.TRIAL_MARKING))
    return made


@pytest.fixture
def app(data: MarkingData, blobs: FolderBlobs, tmp_path):
    return make_app(data.database, blobs, tmp_path)


def examples(data: MarkingData, caller: Caller) -> list[dict[str, object]]:
    return caller("GET", f"/groups/{data.group().id}/references").json["examples"]


def addresses(notes: list[dict[str, object]]) -> list[str]:
    return [image["url"] for note in notes for image in note["images"]]


def choose(data: MarkingData, leader: Caller, entry_id: int, use: str) -> None:
    address = f"/marking/{data.group().id}/scripts/{entry_id}/choose"
    post_form(leader, address, use=use, note="漏写单位", **{"part 13": "6"})


def drawn(data: MarkingData, leader: Caller) -> list[int]:
    address = f"/marking/{data.group().id}/scripts"
    page = post_form(leader, f"{address}/draw", count="6").text
    return [int(entry) for entry in dict.fromkeys(re.findall(r"/scripts/(\d+)/choose", page))]


def images_of(data: MarkingData, entry_id: int) -> list[str]:
    keys = select(TaskImage.key).join(MarkingTask, MarkingTask.id == TaskImage.task_id)
    with data.database.read() as session:
        found = session.scalars(keys.where(MarkingTask.entry_id == entry_id)).all()
    return [f"/api/v1/images/{key}" for key in found]


def test_an_example_is_shown_with_its_reference_mark_and_images_and_names_nobody(app, data) -> None:
    leader, marker = log_in(app, "l0"), log_in(app, "m0")
    first, *others = drawn(data, leader)
    before = images_of(data, first)
    assert before
    assert {marker.client.get(url).status_code for url in before} == {404}
    assert examples(data, marker) == []
    choose(data, leader, first, "error")
    (note,) = examples(data, marker)
    assert (note["title"], note["text"], note["points"]) == ("典型错误", "漏写单位", "6 分")
    assert [canary for canary in data.canaries if canary in str(note)] == []
    shown = addresses([note])
    assert shown
    for url in shown:
        assert marker.client.get(url).status_code == 200
        assert marker.client.get(f"{url}/marked").status_code == 404  # what its markers draw is not for others
    for entry_id in others:
        assert {marker.client.get(url).status_code for url in images_of(data, entry_id)} == {404}


def test_nobody_who_is_kept_from_a_school_sees_its_responses_as_examples(app, data) -> None:
    leader, marker, of_school = log_in(app, "l0"), log_in(app, "m0"), log_in(app, "of_school")
    for entry_id in drawn(data, leader):
        choose(data, leader, entry_id, "exemplar")
    everything, allowed = addresses(examples(data, marker)), addresses(examples(data, of_school))
    assert len(everything) == 2 * len(allowed) > 0
    found = {url: of_school.client.get(url).status_code for url in everything}
    assert found == {url: 200 if url in allowed else 404 for url in everything}


@pytest.mark.parametrize("use", ["seed", "qualification"])
def test_an_example_that_also_tests_people_is_no_longer_shown(app, data, use) -> None:
    leader, marker = log_in(app, "l0"), log_in(app, "m0")
    first = drawn(data, leader)[0]
    choose(data, leader, first, "exemplar")
    shown = addresses(examples(data, marker))
    assert {marker.client.get(url).status_code for url in shown} == {200}
    choose(data, leader, first, use)
    assert examples(data, marker) == []
    assert {marker.client.get(url).status_code for url in shown} == {404}
