"""From stored scores to statistics and back: load a paper's matrix, compute, keep the run with its rules and input."""

import hashlib
import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from marking.setup.structure import StoredPaper
from marking.statistics.compute import Responses, as_document, compute
from marking.statistics.matrix import ScoreMatrix
from models.database import Database
from models.exam import ItemRecord
from models.people import Candidate, PaperEntry, School, SchoolClass
from models.points import to_hundredths
from models.response import Response
from models.score import ItemScore, PaperScore, Statistic, StatisticsRun
from models.words import ResponseStatus

_CHUNK = 1000


def load_matrix(session: Session, stored: StoredPaper) -> ScoreMatrix:
    """The scores of a paper as stored, one row for everybody on its roster."""
    people = session.execute(
        select(PaperEntry.id, Candidate.number, School.name, SchoolClass.name, PaperEntry.status, PaperScore.total)
        .join(Candidate, Candidate.id == PaperEntry.candidate_id)
        .join(School, School.id == Candidate.school_id)
        .join(SchoolClass, SchoolClass.id == Candidate.class_id)
        .outerjoin(PaperScore, PaperScore.entry_id == PaperEntry.id)
        .where(PaperEntry.paper_id == stored.id)
        .order_by(Candidate.number)
    ).all()
    row_of = {row.id: index for index, row in enumerate(people)}
    items = tuple(item.no for item in stored.paper.items)
    column_of = {stored.item_ids[no]: index for index, no in enumerate(items)}
    scores = np.zeros((len(people), len(items)), dtype=np.int64)
    given = np.zeros((len(people), len(items)), dtype=np.bool_)
    for entry_id, item_id, points in session.execute(
        select(ItemScore.entry_id, ItemScore.item_id, ItemScore.points)
        .join(ItemRecord, ItemRecord.id == ItemScore.item_id)
        .where(ItemRecord.paper_id == stored.id, ItemScore.part == "")
    ):
        if entry_id in row_of:
            scores[row_of[entry_id], column_of[item_id]] = to_hundredths(points)
            given[row_of[entry_id], column_of[item_id]] = True
    totals: list[Decimal | None] = [row.total for row in people]
    return ScoreMatrix(
        candidates=tuple(row.number for row in people),
        schools=tuple(row[2] for row in people),
        classes=tuple(row[3] for row in people),
        statuses=tuple(row[4] for row in people),
        items=items,
        scores=scores,
        given=given,
        totals=np.array([to_hundredths(total) if total is not None else 0 for total in totals], dtype=np.int64),
        has_total=np.array([total is not None for total in totals], dtype=np.bool_),
    )


def load_responses(session: Session, stored: StoredPaper) -> Responses:
    """What everybody chose for the objective items: letters, empty for nothing, None where it is doubtful."""
    numbers = {stored.item_ids[item.no]: item.no for item in stored.paper.objective_items}
    chosen: dict[str, dict[str, str | None]] = defaultdict(dict)
    for number, item_id, value, status in session.execute(
        select(Candidate.number, Response.item_id, Response.value, Response.status)
        .join(PaperEntry, PaperEntry.id == Response.entry_id)
        .join(Candidate, Candidate.id == PaperEntry.candidate_id)
        .where(PaperEntry.paper_id == stored.id, Response.item_id.in_(numbers))
    ):
        chosen[numbers[item_id]][number] = None if status is ResponseStatus.DOUBTFUL else value
    return chosen


def refresh(database: Database, stored: StoredPaper) -> StatisticsRun:
    """The newest statistics of a paper: the kept run when nothing has changed, otherwise a new one."""
    with database.read() as session:
        matrix = load_matrix(session, stored)
        responses = load_responses(session, stored)
        sha = _input_sha(matrix, responses, stored)
        newest = newest_run(session, stored.id)
        if newest is not None and newest.input_sha == sha:
            return newest
    document = as_document(compute(stored.paper, matrix, responses))
    run = StatisticsRun(paper_id=stored.id, input_sha=sha, rules=document["rules"], result=document)
    with database.write() as session:
        session.add(run)
        session.flush()
        rows = list(_rows(run.id, document))
        for at in range(0, len(rows), _CHUNK):
            session.execute(insert(Statistic), rows[at : at + _CHUNK])
    return run


def newest_run(session: Session, paper_id: int) -> StatisticsRun | None:
    """The run of a paper that was computed last."""
    return session.scalars(
        select(StatisticsRun).where(StatisticsRun.paper_id == paper_id).order_by(StatisticsRun.id.desc()).limit(1)
    ).first()


def _input_sha(matrix: ScoreMatrix, responses: Responses, stored: StoredPaper) -> str:
    digest = hashlib.sha256()
    people = [
        matrix.candidates,
        matrix.schools,
        matrix.classes,
        [status.value if status else "" for status in matrix.statuses],
    ]
    digest.update(json.dumps(people, ensure_ascii=False).encode())
    for array in (matrix.scores, matrix.given, matrix.totals, matrix.has_total):
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update(json.dumps(responses, sort_keys=True, ensure_ascii=False).encode())
    digest.update(repr(stored.paper).encode())
    return digest.hexdigest()


def _rows(run_id: int, document: dict[str, Any]) -> list[dict[str, Any]]:
    """The numbers of a document as rows of the statistics table; texts and nested lists stay in the document."""
    units = [("paper", "", document["paper"]), ("balance", "", document["balance"])]
    units += [("item", item["no"], item) for item in document["items"]]
    units += [("school", school["school"], school) for school in document["schools"]]
    units += [("class", f"{each['school']}/{each['class']}", each) for each in document["classes"]]
    return [
        {"run_id": run_id, "level": level, "unit": unit, "indicator": name, "value": value}
        for level, unit, values in units
        for name, value in values.items()
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    ]
