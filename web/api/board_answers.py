"""What the call for a group's board answers: JSON made from a computed board and the counts of its tasks."""

from typing import Any

from marking.quality.alerts import Alert
from marking.quality.board import Board, MarkerFigures
from marking.tasks.progress import GroupCounts
from web.api.describe import INTEGER, MOMENT, NUMBER, TEXT, listed, mapped, maybe, of
from web.api.marking_answers import COUNTS, group_counts

_ALERT = of(marker=maybe(TEXT), reason=TEXT, value=NUMBER, usual=NUMBER, error=maybe(NUMBER), marks=INTEGER)
_LINE = of(
    marker=TEXT, n=INTEGER, held=INTEGER, per_hour=NUMBER, mean=maybe(NUMBER), sd=maybe(NUMBER), speed=maybe(NUMBER),
    agreement=maybe(NUMBER), third=maybe(NUMBER), overlap=maybe(NUMBER), severity=maybe(NUMBER),
    severity_se=maybe(NUMBER), spread=maybe(NUMBER), drift=maybe(NUMBER), drift_se=maybe(NUMBER), repeats=INTEGER,
    self_agreement=maybe(NUMBER), alerts=listed(TEXT),
)  # fmt: skip
_SEEDS = of(marker=TEXT, n=INTEGER, within=maybe(NUMBER), exact=maybe(NUMBER), mean=maybe(NUMBER))
_ROUND = of(round=INTEGER, total=INTEGER, done=INTEGER, per_hour=NUMBER, left_s=maybe(NUMBER))
BOARD = of(
    at=MOMENT, counts=COUNTS, settled=INTEGER, discrepancies=INTEGER, leader_waiting=INTEGER, left_s=maybe(NUMBER),
    rates=mapped(maybe(NUMBER)), rounds=listed(_ROUND), markers=listed(_LINE), seeds=listed(_SEEDS),
    alerts=listed(_ALERT),
)  # fmt: skip


def board_answer(counts: GroupCounts, board: Board) -> dict[str, Any]:
    """A board: shares are fractions, lengths of time seconds, everything else points; null where nothing is known."""
    by_user = {line.user_id: line.who.name for line in board.markers}
    names = {number: by_user[user_id] for number, user_id in enumerate(board.marks.user_ids)}
    return {
        "at": board.at.isoformat(),
        "counts": group_counts(counts),
        "settled": board.rates.settled,
        "discrepancies": board.rates.discrepancies,
        "leader_waiting": board.leader_waiting,
        "left_s": _rounded(board.left_s),
        "rates": {
            "discrepancy": _rounded(board.rates.discrepancy),
            "third": _rounded(board.rates.third),
            "adjudicated": _rounded(board.rates.adjudicated),
        },
        "rounds": [
            {
                "round": each.round,
                "total": each.total,
                "done": each.done,
                "per_hour": _rounded(each.per_hour),
                "left_s": _rounded(each.left_s),
            }
            for each in board.progress
        ],
        "markers": [_line(line) for line in board.markers],
        "seeds": [
            {
                "marker": line.who.name,
                "n": line.seeds,
                "within": _rounded(line.seeds_within),
                "exact": _rounded(line.seeds_exact),
                "mean": _rounded(line.seeds_mean),
            }
            for line in board.markers
            if line.seeds
        ],
        "alerts": [_alert(alert, None if alert.marker is None else names[alert.marker]) for alert in board.alerts],
    }


def _line(line: MarkerFigures) -> dict[str, Any]:
    return {
        "marker": line.who.name,
        "n": line.done,
        "held": line.held,
        "per_hour": _rounded(line.per_hour),
        "mean": _rounded(line.mean),
        "sd": _rounded(line.sd),
        "speed": _rounded(line.seconds),
        "agreement": _rounded(line.agreed),
        "third": _rounded(line.third),
        "overlap": _rounded(line.overlap),
        "severity": _rounded(line.severity),
        "severity_se": _rounded(line.severity_se),
        "spread": _rounded(line.spread),
        "drift": _rounded(line.drift),
        "drift_se": _rounded(line.drift_se),
        "repeats": line.repeats,
        "self_agreement": _rounded(line.repeats_within),
        "alerts": [alert.reason.value for alert in line.alerts],
    }


def _alert(alert: Alert, name: str | None) -> dict[str, Any]:
    return {
        "marker": name,
        "reason": alert.reason.value,
        "value": _rounded(alert.value),
        "usual": _rounded(alert.usual),
        "error": _rounded(alert.error),
        "marks": alert.marks,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
