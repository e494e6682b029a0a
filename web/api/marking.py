"""The marking calls (contracts.md 7): what a marking screen, or any other program, needs to mark."""

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from marking.rounds.errors import LeaseLost
from marking.rounds.late import keep_late
from marking.rounds.pass_up import pass_up
from marking.rounds.reopen import reopen
from marking.rounds.submit import ScoreForm, find_task, submit
from marking.tasks.claim import claim, refill
from marking.tasks.lease import heartbeat, release
from marking.tasks.progress import group_counts, own_counts, shown_counts
from models.columns import now
from models.errors import KaiyueError, mark_text
from models.task import MarkingTask
from models.words import TaskState
from web.access.guard import needs
from web.access.permissions import Permission
from web.access.services import services
from web.api import marking_answers as answers
from web.api import marking_forms as forms
from web.api.board_answers import BOARD, board_answer
from web.api.body import BodyRefused
from web.api.describe import BOOLEAN, INTEGER, MOMENT, TEXT, described, listed, mapped, of
from web.marking_desk import Place, desk, is_current, need_current, place, place_of_task, places, show

blueprint = Blueprint("api_marking", __name__, url_prefix="/api/v1/marking")

MOST_AT_ONCE = 100


@blueprint.get("/groups")
@needs(Permission.MARK_RESPONSE)
@described("My marking groups.", gives=of(groups=listed(answers.GROUP)))
def groups() -> ResponseReturnValue:
    """Every group that the person may mark or lead, with its counts."""
    with services().database.read() as session:
        found = places(session)
        entries = [
            answers.group_entry(
                each.group,
                each.seat,
                shown_counts(session, each.group),
                own_counts(session, each.group.id, each.seat.user_id),
            )
            for each in found
        ]
    return jsonify({"groups": entries})


@blueprint.post("/groups/<int:group_id>/claim")
@needs(Permission.MARK_RESPONSE)
@described(
    "Claim responses under a lease; what you hold without naming it in `holding` comes first.",
    takes=of(("want", "holding", "screen"), want=INTEGER, holding=listed(TEXT), screen=INTEGER),
    gives=answers.ITEMS,
)
def take(group_id: int) -> ResponseReturnValue:
    """Hand out tasks."""
    value = forms.object_body()
    want, holding = forms.wanted(value, desk().policy.hold), forms.held(value) or []
    kept = services()
    with kept.database.read() as session:
        found = place(session, group_id)
    need_current(found, forms.screen_of(value))
    with kept.database.write() as session:
        tasks = claim(session, found.group, found.seat, want=want, holding=holding, policy=desk().policy, at=now())
    dealt, counts, own = show(found, tasks)
    return jsonify({"items": answers.items(found.group, dealt), "progress": answers.progress(counts, own)})


@blueprint.put("/tasks/<task>/score")
@needs(Permission.MARK_RESPONSE)
@described(
    "Store a score, idempotent by its key; the answer refills the screen.", takes=answers.SCORE, gives=answers.SAVED
)
def score(task: str) -> ResponseReturnValue:
    """Store one score."""
    value = forms.object_body()
    found = place_of_task(task)
    stored = _store(found, forms.score_form(task, value))
    return jsonify({"stored": stored, **_refilled(found, value)})


@blueprint.post("/sync")
@needs(Permission.MARK_RESPONSE)
@described(
    "Store a list of scores, each with its `task`; the answers keep the order.",
    takes=listed(answers.SCORE),
    gives=listed(of(("stored", "error"), status=INTEGER, stored=answers.STORED, error=mapped(TEXT))),
)
def sync() -> ResponseReturnValue:
    """Store what was marked while the network was away; one refused entry does not stop the others."""
    entries = forms.body()
    if not isinstance(entries, list) or len(entries) > MOST_AT_ONCE:
        raise BodyRefused(why=mark_text("it is not a list of at most 100 scores"))
    results: list[dict[str, Any]] = []
    for entry in entries:
        task = entry.get("task") if isinstance(entry, dict) else None
        try:
            form = forms.score_form(task, entry)
            results.append({"status": 200, "stored": _store(place_of_task(form.task), form)})
        except KaiyueError as err:
            if err.http_status >= 500:
                raise
            results.append(answers.refused(err))
    return jsonify(results)


def _store(found: Place, form: ScoreForm) -> dict[str, Any]:
    user_id = found.seat.user_id
    try:
        with services().database.write() as session:
            return answers.stored(submit(session, found.group, form, user_id, now()))
    except LeaseLost:
        with services().database.write() as session:  # what was decided is kept as evidence; it never counts
            keep_late(session, found.group, form, user_id, told=False)
        raise


def _refilled(found: Place, value: dict[str, Any]) -> dict[str, Any]:
    """The second half of an answer to a mark: more to mark, unless another screen of the person has taken over."""
    is_mine = is_current(found, forms.screen_of(value))
    dealt, counts, own = show(found, top_up(found, value) if is_mine else [])
    said = {"refill": answers.items(found.group, dealt), "progress": answers.progress(counts, own)}
    return said if is_mine else {**said, "taken_over": True}


def top_up(found: Place, value: dict[str, Any]) -> list[MarkingTask]:
    """Refill the person's screen unless it wants nothing, in a transaction of its own: the mark is safe already."""
    holding = forms.held(value)
    enough = holding is not None and len(holding) > desk().policy.refill_below
    if enough or forms.wanted(value, desk().policy.hold) == 0:
        return []
    with services().database.write() as session:
        return refill(session, found.group, found.seat, holding=holding, policy=desk().policy, at=now())


@blueprint.post("/tasks/<task>/problem")
@needs(Permission.MARK_RESPONSE)
@described(
    "Pass a response up to the leader with a reason.",
    takes=of(
        ("note", "version", "holding", "screen"),
        reason=TEXT,
        note=TEXT,
        version=INTEGER,
        holding=listed(TEXT),
        screen=INTEGER,
    ),
    gives=of(
        ("taken_over",),
        task=TEXT,
        state=TEXT,
        refill=listed(answers.ITEM),
        progress=answers.PROGRESS,
        taken_over=BOOLEAN,
    ),
)
def problem(task: str) -> ResponseReturnValue:
    """Pass a response up."""
    value = forms.object_body()
    reason, note, version = forms.problem_form(value)
    found = place_of_task(task)
    with services().database.write() as session:
        user_id = found.seat.user_id
        pass_up(session, found.group, task, user_id, reason=reason, note=note, version=version, at=now())
    return jsonify({"task": task, "state": TaskState.PROBLEM.value, **_refilled(found, value)})


@blueprint.post("/tasks/<task>/release")
@needs(Permission.MARK_RESPONSE)
@described(
    "Give a response back unmarked, and those in `holding`; a screen that a newer one took over from gives nothing.",
    takes=of(("holding", "screen"), holding=listed(TEXT), screen=INTEGER),
    gives=of(task=TEXT, state=TEXT),
)
def give_back(task: str) -> ResponseReturnValue:
    """Give tasks back; giving them back twice is no error."""
    value = forms.object_body()
    codes = [task, *(forms.held(value) or [])]
    found = place_of_task(task)
    if not desk().screens.close(found.seat.user_id, found.group.id, forms.screen_of(value)):
        return jsonify({"task": task, "state": "kept"})
    with services().database.write() as session:
        find_task(session, task, found.seat.user_id)
        for code in codes:
            release(session, code, found.seat, now())
    return jsonify({"task": task, "state": "released"})


@blueprint.post("/tasks/<task>/reopen")
@needs(Permission.MARK_RESPONSE)
@described("Open one of your last ten marks again.", gives=of(item=answers.ITEM))
def open_again(task: str) -> ResponseReturnValue:
    """Give an own task once more, with the stored mark."""
    found = place_of_task(task)
    with services().database.write() as session:
        opened = reopen(session, found.group, task, found.seat.user_id, policy=desk().policy, at=now())
    dealt, counts, own = show(found, [opened])
    return jsonify({"item": answers.item(found.group, dealt[0]), "progress": answers.progress(counts, own)})


@blueprint.post("/tasks/<task>/heartbeat")
@needs(Permission.MARK_RESPONSE)
@described(
    "Renew the lease of a response, and of those in `holding`.",
    takes=of(("holding", "screen"), holding=listed(TEXT), screen=INTEGER),
    gives=of(lease_until=MOMENT, leases=mapped(MOMENT)),
)
def stay(task: str) -> ResponseReturnValue:
    """Renew leases."""
    value = forms.object_body()
    codes = [task, *(forms.held(value) or [])]
    found = place_of_task(task)
    need_current(found, forms.screen_of(value))
    with services().database.write() as session:
        find_task(session, task, found.seat.user_id)
        leases = heartbeat(session, codes, found.seat, policy=desk().policy, at=now())
    if task not in leases:
        raise LeaseLost
    until = {code: moment.isoformat() for code, moment in leases.items()}
    return jsonify({"lease_until": until[task], "leases": until})


@blueprint.get("/groups/<int:group_id>/board")
@needs(Permission.WATCH_MARKING)
@described("The board of a group, for its leaders and the exam's manager.", gives=BOARD)
def show_board(group_id: int) -> ResponseReturnValue:
    """Counts, rates, a line for each marker, seeds, and whom to look at for which reason."""
    with services().database.read() as session:
        group = place(session, group_id, Permission.WATCH_MARKING).group
        counts = group_counts(session, [group.id])[group.id]
        return jsonify(board_answer(counts, desk().boards.of(session, group, now())))
