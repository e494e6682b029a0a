"""Who may do what, from one table: every route, every role, objects of one's own and of strangers."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from ruamel.yaml import YAML

from tests.support.office import Office, disable
from web.access.guard import access_of
from web.access.permissions import PERMISSIONS_OF, Permission

TABLE: dict[str, Any] = YAML(typ="safe").load(Path(__file__).with_name("role_matrix.yaml"))
ROWS = [(row[0].split(" ", 1), dict(zip(TABLE["columns"], row[1:], strict=True))) for row in TABLE["routes"]]
JSON_BODIES: dict[str, Any] = {"default": {}}


def rules_of(app: Flask) -> set[tuple[str, str]]:
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_has_a_row_and_every_row_a_route(office: Office) -> None:
    listed = {(method, rule) for (method, rule), _statuses in ROWS}
    assert listed == rules_of(office.app)


def test_every_route_says_what_it_needs(office: Office) -> None:
    for rule in office.app.url_map.iter_rules():
        if rule.endpoint != "static":
            assert access_of(office.app.view_functions[rule.endpoint]) is not None, rule.endpoint


def test_every_permission_guards_a_route_and_belongs_to_a_role(office: Office) -> None:
    guarded = {
        permission
        for view in office.app.view_functions.values()
        if (access := access_of(view)) is not None
        for permission in access.permissions
    }
    # the two below are asked for inside a public route and inside a shared one
    assert guarded | {Permission.SEE_METRICS, Permission.LEAD_GROUP} == set(Permission)
    assert set().union(*PERMISSIONS_OF.values()) == set(Permission)


def test_a_route_that_says_nothing_stays_shut(office: Office) -> None:
    office.app._got_first_request = False
    office.app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    assert office.as_person("manager").get("/forgotten").status_code == 403


def address_of(office: Office, rule: str) -> str:
    values = {
        "exam_key": "a", "paper_key": "math", "kind": "json", "table": "candidates", "filename": "kaiyue.css",
        "batch_id": office.ids["batch"], "job_id": office.ids["job"], "token": office.delivery, "action": "status",
        "exception_id": office.ids["exception"], "page_id": office.ids["page"], "field_id": "item:2",
        "school_id": office.ids["school_1"], "side": 1, "group_id": office.ids["group"],
        "user_id": office.ids["user marker"],
        "task": "unknown", "which": "roster", "key": "unknown", "entry_id": office.ids["entry_1"],
        "sample_id": 987654, "check_id": 987654,
    }  # fmt: skip
    if "<table>" in rule or "board." in rule or "missing." in rule or "exceptions." in rule:
        values["kind"] = "csv"
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), rule)


@pytest.mark.parametrize("person", TABLE["columns"])
def test_every_route_answers_each_role_as_the_table_says(office: Office, person: str) -> None:
    wrong = []
    for (method, rule), statuses in ROWS:
        if person == "nobody":
            client, headers = office.client(), {}
        else:
            visitor = office.as_person(person)
            client, headers = visitor.client, {"X-CSRF-Token": visitor.csrf_token}
        address = address_of(office, rule)
        more: dict[str, Any] = {"headers": headers}
        if rule.startswith("/api/") and method != "GET" and not rule.endswith("/files"):
            more["json"] = {"username": "nobody", "password": "x" * 8} if rule.endswith("/session") else body_of(rule)
        if rule.endswith("/exams/<exam_key>/advance"):
            more["data"] = {"state": "roster_locked"}
        if rule.endswith("/papers/<paper_key>/advance"):
            more["data"] = {"state": "draft"}
        if rule == "/login" and method == "POST":
            more["data"] = {"username": "nobody", "password": "x" * 8}
        if rule == "/metrics":
            more["environ_base"] = {"REMOTE_ADDR": "192.168.1.7"}
        else:
            more["environ_base"] = {"REMOTE_ADDR": f"10.0.0.{len(wrong) % 200 + 1}"}
        with client.open(address, method=method, **more) as response:
            status = response.status_code
        if status != statuses[person]:
            wrong.append(f"{method} {rule}: {status}, not {statuses[person]}")
        with office.kept.database.write() as session:
            session.connection().exec_driver_sql("DELETE FROM login_attempt")
            session.connection().exec_driver_sql("UPDATE exam SET state = 'draft'")
    assert wrong == []


def body_of(rule: str) -> Any:
    if rule.endswith("/sync"):
        return []
    if rule.endswith("/claim"):
        return {"want": 1, "holding": []}
    return {}


def test_hidden_and_unknown_objects_look_the_same(office: Office) -> None:
    stranger = office.as_person("manager_b")
    for address in ("/exams/a", "/batches/{batch}", "/pages/{page}/image", "/exceptions/{exception}"):
        hidden = stranger.get(address.format(**office.ids))
        unknown = stranger.get(re.sub(r"\{\w+\}", "987654", address).replace("/exams/a", "/exams/zzz"))
        assert hidden.status_code == unknown.status_code == 404
        assert len(hidden.data) - len(unknown.data) in range(-40, 40)


def test_a_role_that_is_taken_away_is_gone_with_the_next_request(office: Office) -> None:
    visitor = office.as_person("scanner")
    assert visitor.get("/exams/a").status_code == 200
    with office.kept.database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM access_grant WHERE role = 'scanner_operator'")
    assert visitor.get("/exams/a").status_code == 403


def test_a_disabled_account_is_out_with_the_next_request(office: Office) -> None:
    visitor = office.as_person("manager")
    assert visitor.get("/exams").status_code == 200
    disable(office, "manager")
    assert visitor.get("/api/v1/session").status_code == 401
