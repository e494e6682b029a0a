"""Values that no screen sends are refused as what they are, never answered as a fault of this system."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.blobs import FolderBlobs
from models.database import Database
from models.records import Mark
from tests.support.marking_app import Caller, log_in, make_app, staffed
from tests.support.marking_data import MarkingData, make_marking_data, one_part
from tests.support.office import Office
from tests.web.test_role_matrix import ROWS, address_of

HALF_A_PAIR = "\ud800"
HUGE = 10**30
RULES = sorted({rule for (_method, rule), _statuses in ROWS})


@dataclass
class Marking:
    """A marker over a group of responses with one part of several points."""

    data: MarkingData
    caller: Caller

    def claim(self) -> Any:
        """One task."""
        return self.caller("POST", f"/groups/{self.data.group().id}/claim", {"want": 1}).json["items"][0]

    def send(self, method: str, path: str, body: object) -> int:
        """The status of a call whose body may hold what no JSON library of a browser writes."""
        return self.caller.client.open(
            f"/api/v1/marking{path}",
            method=method,
            data=json.dumps(body),
            content_type="application/json",
            headers={"X-CSRF-Token": self.caller.csrf_token},
        ).status_code


@pytest.fixture
def marking(database: Database, blobs: FolderBlobs, tmp_path: Path) -> Marking:
    data = staffed(make_marking_data(database, one_part(), candidates=2, blobs=blobs))
    return Marking(data, log_in(make_app(database, blobs, tmp_path), "m0"))


@pytest.mark.parametrize("rule", [rule for rule in RULES if "<int:" in rule])
def test_a_number_in_an_address_that_no_row_has_is_an_unknown_address(office: Office, rule: str) -> None:
    methods = sorted({method for (method, each), _statuses in ROWS if each == rule} - {"HEAD", "OPTIONS"})
    start, _, rest = rule.partition("<int:")
    address = address_of(office, start + str(HUGE) + rest.partition(">")[2])
    visitor = office.as_person("manager")
    assert {method: visitor.send(method, address).status_code for method in methods} == dict.fromkeys(methods, 404)


def test_a_place_far_beyond_a_list_shows_an_empty_list(office: Office) -> None:
    page = office.as_person("manager").get(f"/batches/{office.ids['batch']}?from={HUGE}")
    assert page.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"username": HALF_A_PAIR, "password": "x"},
        {"username": "a", "password": HALF_A_PAIR},
        {"username": "a\0", "password": "x"},
    ],
)
def test_half_a_character_logs_nobody_in(office: Office, body: dict[str, str]) -> None:
    answer = office.client().post("/api/v1/session", data=json.dumps(body), content_type="application/json")
    assert answer.status_code == 400
    assert answer.get_json()["error"]["code"] == "request.malformed"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"version": HUGE}, 422),
        ({"version": -HUGE}, 422),
        ({"total": HUGE}, 422),
        ({"total": "\uff12"}, 422),  # a full-width 2
        ({"parts": {HALF_A_PAIR: "1"}}, 400),
        ({"total": HALF_A_PAIR}, 400),
        ({"image": 5}, 422),
        ({"dwell_ms": HUGE}, 422),
    ],
)
def test_a_score_that_is_none_is_not_stored(marking: Marking, change: dict[str, object], status: int) -> None:
    item = marking.claim()
    body = {"key": "hostile-key-1", "version": item["version"], "total": "1", **change}
    assert marking.send("PUT", f"/tasks/{item['task']}/score", body) == status
    with marking.data.database.read() as session:
        assert session.scalars(select(Mark.id)).all() == []


@pytest.mark.parametrize(
    ("change", "status"), [({"note": HALF_A_PAIR}, 400), ({"note": "a\0b"}, 400), ({"version": HUGE}, 422)]
)
def test_a_problem_with_impossible_values_is_refused(marking: Marking, change: dict[str, object], status: int) -> None:
    item = marking.claim()
    assert marking.send("POST", f"/tasks/{item['task']}/problem", {"reason": "other", **change}) == status


def test_what_the_database_cannot_look_for_is_no_fault(marking: Marking) -> None:
    """PostgreSQL takes no NUL in a text; SQLite does, and finds nothing of that name."""
    assert marking.caller.client.get("/api/v1/images/a%00b").status_code in (400, 404)
