"""A simulated panel (samples/panel.py) in the tables: as if its marks had been given through the screen."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
from sqlalchemy import insert, select

from marking.quality.panel import PanelMarks
from models.blobs import BlobStore
from models.database import Database
from models.quality import Script
from models.records import CropRecord, GroupScore, Mark, MarkingTask, PageImage, Placement, Sheet, TaskImage, User
from models.staff import Grant
from models.words import MarkingMode, Role, ScoreSource, ScriptUse, TaskKind, TaskState
from samples.panel import PanelPlan, SimulatedPanel, simulate_panel
from tests.support.marking_data import MarkingData, make_marking_data, one_part

BEGAN = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = ("建国", "秀英", "志强", "丽华", "文博", "晓燕", "海涛", "雨桐")


@dataclass(frozen=True, slots=True)
class PanelData:
    """What was put in. `users` are the markers' accounts by their number in the panel."""

    data: MarkingData
    panel: SimulatedPanel
    marks: PanelMarks
    users: tuple[int, ...]

    @property
    def now(self) -> datetime:
        """A moment after the last mark."""
        return BEGAN + timedelta(seconds=float(self.marks.at[-1]) + 5.0)


def put_panel(
    database: Database, plan: PanelPlan, seed: int = 1, *, share: float = 1.0, blobs: BlobStore | None = None,
    began: datetime = BEGAN, prefix: str = "",
) -> PanelData:  # fmt: skip
    """Simulate a panel and store what it has marked after this share of the marking; the rest waits in the queue."""
    panel = simulate_panel(plan, seed)
    marks = panel.until(share)
    group = one_part("13", str(int(plan.full)), str(plan.step), mode=MarkingMode.DOUBLE_THIRD,
                     tolerance=str(plan.tolerance))  # fmt: skip
    data = make_marking_data(
        database, group, candidates=plan.responses + plan.seed_scripts, blobs=blobs, tasks=False, schools=4
    )
    group_id = data.groups["13"]
    with database.write() as session:
        users = [
            User(username=f"{prefix}m{number}", name=_SURNAMES[number % len(_SURNAMES)] + _GIVEN[number % len(_GIVEN)],
                 school_id=data.schools[number % 4], password_hash="")
            for number in range(plan.markers)
        ]  # fmt: skip
        session.add_all(users)
        session.flush()
        session.add_all(Grant(user_id=one.id, role=Role.MARKER, exam_id=data.exam_id) for one in users)
        data.users |= {one.username: one.id for one in users}
        ids = tuple(one.id for one in users)
        scripts = _scripts(session, data, plan, panel, group_id)
        _marks(session, data, plan, panel, marks, group_id, ids, scripts, began)
    return PanelData(data, panel, marks, ids)


def _scripts(session, data, plan, panel, group_id) -> dict[int, int]:
    seeds = panel.marks.seed
    references = dict(zip(panel.marks.response[seeds].tolist(), panel.marks.reference[seeds].tolist(), strict=True))
    found = {
        response: Script(group_id=group_id, entry_id=data.entries[response], use=ScriptUse.SEED,
                         points=Decimal(str(reference)), parts={"13": str(reference)})
        for response, reference in references.items()
    }  # fmt: skip
    session.add_all(found.values())
    session.flush()
    return {response: script.id for response, script in found.items()}


def _marks(session, data, plan, panel, marks, group_id, users, scripts, began) -> None:
    rounds: dict[int, int] = {}
    given: dict[int, list[float]] = {}
    tasks = []
    for at in range(panel.marks.n):
        response = int(panel.marks.response[at])
        is_seed, is_done = response in scripts, at < marks.n
        if is_seed and not is_done:
            continue
        rounds[response] = 1 if is_seed else rounds.get(response, 0) + 1
        when = began + timedelta(seconds=float(panel.marks.at[at]))
        task = _task(data, group_id, response, at)
        task["round"] = rounds[response]
        if is_seed:
            task |= {"kind": TaskKind.SEED, "script_id": scripts[response]}
        if is_done:
            points = Decimal(str(panel.marks.points[at]))
            task |= {"state": TaskState.DONE, "marker_id": users[int(panel.marks.marker[at])], "points": points,
                     "done_at": when, "version": 2}  # fmt: skip
            if not is_seed:
                given.setdefault(response, []).append(float(points))
        tasks.append(task)
    settled = []
    for response, both in given.items():
        if len(both) == 2 and abs(both[0] - both[1]) <= plan.tolerance:
            settled.append(
                {"entry_id": data.entries[response], "group_id": group_id, "points": Decimal(str(sum(both) / 2)),
                 "parts": {"13": str(sum(both) / 2)}, "source": ScoreSource.DOUBLE, "settled_at": began}
            )  # fmt: skip
        elif len(both) == 2:
            tasks.append(_task(data, group_id, response, len(tasks)) | {"round": 3})
    session.execute(insert(MarkingTask), [{key: task[key] for key in task if key != "_at"} for task in tasks])
    if settled:
        session.execute(insert(GroupScore), settled)
    ids = {row.code: row.id for row in session.execute(select(MarkingTask.code, MarkingTask.id))}
    session.execute(
        insert(Mark),
        [
            {"task_id": ids[task["code"]], "revision": 1, "version": 2, "marker_id": task["marker_id"],
             "points": task["points"], "parts": {"13": str(task["points"])}, "annotations": [],
             "dwell_ms": int(1000 * panel.marks.seconds[task["_at"]]), "key": f"panel-{task['code']}",
             "request_sha": "0" * 64, "marked_at": task["done_at"]}
            for task in tasks if task["done_at"] is not None
        ],
    )  # fmt: skip
    crops = dict(
        session.execute(
            select(Sheet.entry_id, CropRecord.id)
            .join(Placement, Placement.sheet_id == Sheet.id)
            .join(PageImage, PageImage.id == Placement.page_image_id)
            .join(CropRecord, CropRecord.page_image_id == PageImage.id)
        ).all()
    )
    session.execute(
        insert(TaskImage),
        [
            {"task_id": ids[task["code"]], "position": 0, "key": secrets.token_hex(20),
             "crop_id": crops[task["entry_id"]]}
            for task in tasks
        ],
    )  # fmt: skip


def _task(data, group_id, response, at) -> dict[str, object]:
    return {
        "code": secrets.token_hex(16), "group_id": group_id, "entry_id": data.entries[response],
        "school_id": data.schools[response % len(data.schools)], "role": "marker", "kind": TaskKind.LIVE,
        "state": TaskState.OPEN, "priority": int(np.random.default_rng(at).integers(0, 1 << 30)), "version": 0,
        "blank": False, "note": "", "part_ids": [], "marker_id": None, "points": None, "done_at": None,
        "script_id": None, "created_at": BEGAN, "_at": at,
    }  # fmt: skip
