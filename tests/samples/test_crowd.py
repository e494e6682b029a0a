"""The crowd sends what a screen sends, keeps a true ledger, and tells its own troubles apart from the server's."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from models.words import MarkingMode
from samples.crowd import CrowdPlan, plan_from_json, result_from_json, run_crowd
from tests.support.browser import served
from tests.support.crowd_data import CrowdData, add_history, make_crowd_data
from tests.support.ledger import faults_between, stored_marks
from web.app import create_app


def plan_for(made: CrowdData, port: int, **more: object) -> CrowdPlan:
    plan = CrowdPlan(host="127.0.0.1", port=port, group_id=made.group_id, members=made.members, seconds=1.5)
    return replace(plan, **more)  # type: ignore[arg-type]


def test_every_mark_in_the_ledger_is_stored_as_it_was_sent(tmp_path: Path) -> None:
    made = make_crowd_data(tmp_path, markers=4, responses=12, mode=MarkingMode.SINGLE, schools=2)
    with served(create_app(made.services)) as server:
        result = run_crowd(plan_for(made, server.port, seconds=3.0))
    assert len(result.ledger) == 12
    assert {sent.status for sent in result.ledger} == {200}
    assert not result.failures()
    assert result.answers["image 200"] == 12  # each image once, as the screen keeps them
    stored = stored_marks(made.services.database)
    assert len(stored) == 12
    assert not faults_between(result.ledger, stored)
    assert result.server_cpu_s > 0


def test_history_is_not_dealt_out_again(tmp_path: Path) -> None:
    made = make_crowd_data(tmp_path, markers=2, responses=8, mode=MarkingMode.SINGLE, schools=2)
    add_history(made, 3)
    with served(create_app(made.services)) as server:
        result = run_crowd(plan_for(made, server.port))
    assert 1 <= len(result.ledger) <= 2  # two are left, each for the marker of the other school


def test_without_patience_a_lost_connection_is_a_failure(tmp_path: Path) -> None:
    made = make_crowd_data(tmp_path, markers=1, responses=2)
    with served(create_app(made.services)) as server:
        port = server.port
    result = run_crowd(plan_for(made, port, seconds=0.8))
    assert result.failures()


def test_plan_and_result_go_through_json(tmp_path: Path) -> None:
    made = make_crowd_data(tmp_path, markers=2, responses=2)
    plan = plan_for(made, 1)
    assert plan_from_json(json.dumps(asdict(plan))) == plan
    with served(create_app(made.services)) as server:
        result = run_crowd(replace(plan, port=server.port))
    assert result_from_json(json.dumps(asdict(result))) == result
