"""What the board says in words: why somebody is named and what to do; a table for files, small charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from markupsafe import Markup

from marking.quality.alerts import Alert, Reason
from marking.quality.board import Board, MarkerFigures
from marking.quality.drift import moments
from marking.reports.figures import Bar, Block, block_chart, share_chart
from models.errors import Sentence, mark_text
from models.points import show_points
from models.table import Table
from web.i18n import _
from web.layout import number, percent

BLOCKS = 10  # of own marks, for the chart of how severity moved
_WIDTH, _MIDDLE = 160, 80


@dataclass(frozen=True, slots=True)
class Advice:
    """How a reason is said: its name, a sentence with figures, and what to do about it."""

    title: str
    sentence: str
    remedy: str
    grave: bool = True


ADVICE: dict[Reason, Advice] = {
    Reason.SEVERE: Advice(
        mark_text("too severe"),
        mark_text("Gives {value} points less than the others on the same responses (± {error}, {marks} marks)."),
        mark_text("Go through some of the marks with the marker and agree on the scheme; return them if need be."),
    ),
    Reason.LENIENT: Advice(
        mark_text("too lenient"),
        mark_text("Gives {value} points more than the others on the same responses (± {error}, {marks} marks)."),
        mark_text("Go through some of the marks with the marker and agree on the scheme; return them if need be."),
    ),
    Reason.INCONSISTENT: Advice(
        mark_text("inconsistent"),
        mark_text("The marks scatter by {value} points around what the others give; {usual} is usual ({marks} marks)."),
        mark_text("Pause the marker, read a sample, train again; void the marks if they are like this throughout."),
    ),
    Reason.HARSHER: Advice(
        mark_text("growing harsher"),
        mark_text("Has grown harsher by {value} points (± {error}) since about {begins} of the own marks."),
        mark_text("Speak with the marker now: a break, the standard scripts once more. Sample the latest marks."),
    ),
    Reason.MILDER: Advice(
        mark_text("growing milder"),
        mark_text("Has grown milder by {value} points (± {error}) since about {begins} of the own marks."),
        mark_text("Speak with the marker now: a break, the standard scripts once more. Sample the latest marks."),
    ),
    Reason.APART: Advice(
        mark_text("two markers differ"),
        mark_text("Lies {value} points (± {error}) from the middle of the two; which of them is right is not known."),
        mark_text("Mark some responses yourself, or choose seed scripts: only then is it known whom to speak with."),
    ),
    Reason.SEEDS: Advice(
        mark_text("fails seed scripts"),
        mark_text("{value} of {marks} seed scripts lie beyond the tolerance; {usual} would be usual."),
        mark_text("Pause the marker and train again on the standard scripts."),
    ),
    Reason.SELF: Advice(
        mark_text("contradicts the own marks"),
        mark_text("{value} of {marks} own responses got another mark the second time; {usual} would be usual."),
        mark_text("Ask for breaks and a slower pace; read a sample of the marks."),
    ),
    Reason.SAFE: Advice(
        mark_text("plays safe"),
        mark_text("The marks spread by {value} points only, everybody's by {usual}: high and low ones are missing."),
        mark_text("Show examples of full marks and of none; sample what the marker gave the middle marks."),
        grave=False,
    ),
    Reason.STRAIGHT: Advice(
        mark_text("the same mark again and again"),
        mark_text("{value} times {usual} points one after another; chance does not explain that."),
        mark_text("Sample these responses at once; pause the marker if they were not read."),
    ),
    Reason.HASTY: Advice(
        mark_text("too fast"),
        mark_text("{value} seconds for a response; {usual} are usual ({marks} marks)."),
        mark_text("Sample the marks; speak with the marker if they were not read."),
        grave=False,
    ),
    Reason.GROUP_BIAS: Advice(
        mark_text("the whole group beside the standard"),
        mark_text("The group gives {signed} points (± {error}) against the reference marks of {marks} seed marks."),
        mark_text("Look at the seed scripts together: either the scheme is read differently, or a reference is wrong."),
    ),
    Reason.UNCONNECTED: Advice(
        mark_text("cannot be compared"),
        mark_text("Shares no response with the others so far ({marks} marks): severity cannot be told."),
        mark_text("Choose seed scripts, or have a share of the responses marked twice."),
        grave=False,
    ),
}


def advice_of(alert: Alert) -> Advice:
    """How an alert is said."""
    return ADVICE[alert.reason]


def alert_sentence(alert: Alert) -> Sentence:
    """An alert with its figures."""
    counts = alert.reason in (Reason.SEEDS, Reason.SELF, Reason.STRAIGHT)
    usual = show_points(Decimal(str(alert.usual))) if alert.reason is Reason.STRAIGHT else f"{alert.usual:.1f}"
    if alert.reason in (Reason.INCONSISTENT, Reason.SAFE):
        usual = f"{alert.usual:.2f}"
    return Sentence(
        ADVICE[alert.reason].sentence,
        {
            "value": f"{alert.value:.0f}" if counts else _plain(alert),
            "signed": f"{alert.value:+.2f}",
            "usual": usual,
            "error": "–" if alert.error is None else f"{alert.error:.2f}",
            "marks": alert.marks,
            "begins": "–" if alert.begins is None else f"{alert.begins * 100:.0f} %",
        },
    )


def _plain(alert: Alert) -> str:
    return f"{abs(alert.value):.0f}" if alert.reason is Reason.HASTY else f"{abs(alert.value):.2f}"


@dataclass(frozen=True, slots=True)
class Whisker:
    """A severity with twice its standard error as a small drawing; px from the left of 160, the middle is 80."""

    left: int
    right: int
    dot: int
    band_left: int
    band_width: int
    named: bool


def whiskers(board: Board) -> dict[int, Whisker]:
    """The severity of every marker on one common scale, by account; the band is what does not matter yet."""
    worth = 0.05 * board.scale.full
    known = [line for line in board.markers if line.severity is not None and line.severity_se is not None]
    reach = max([2 * worth, *(abs(line.severity or 0) + (line.severity_se or 0) for line in known)], default=2 * worth)
    per_point = (_MIDDLE - 4) / reach
    found = {}
    for line in known:
        value, error = line.severity or 0.0, line.severity_se or 0.0
        left, right = max(-reach, value - 2 * error), min(reach, value + 2 * error)
        found[line.user_id] = Whisker(
            _MIDDLE + round(left * per_point),
            _MIDDLE + round(right * per_point),
            _MIDDLE + round(value * per_point),
            _MIDDLE - round(worth * per_point),
            2 * round(worth * per_point),
            bool(line.alerts),
        )
    return found


def duration(seconds: float | None) -> str:
    """A length of time as one says it; a dash where it is not known."""
    if seconds is None:
        return "–"
    minutes = round(seconds / 60)
    if minutes < 1:
        return _("now") if seconds <= 0 else _("less than a minute")
    if minutes < 60:
        return _("{minutes} min", minutes=minutes)
    return _("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)


def round_name(round_: int) -> str:
    """A marking round; 0 are the leader's marks."""
    return _("Leader's marks") if round_ == 0 else _("Mark {round}", round=round_)


def marker_table(board: Board) -> Table:
    """Every figure of every marker, for a file."""
    columns = (
        _("Marker"), _("User name"), _("School"), _("Marked"), _("In hand"), _("Marks an hour"), _("Seconds each"),
        _("Mean"), _("Standard deviation"), _("Severity"), _("± standard error"), _("Own spread"), _("Drift"),
        _("± standard error of the drift"), _("Within the tolerance"), _("Third-mark rate"), _("Seeds"),
        _("Seeds within the tolerance"), _("Seeds exact"), _("Own ones again"), _("Again within the tolerance"),
        _("Overlap with the group"), _("Safe marks"), _("Problem responses"), _("Alerts"),
    )  # fmt: skip
    rows = tuple(
        (
            line.who.name, line.who.username, line.who.school, line.done, line.held, _cell(line.per_hour, 1),
            _cell(line.seconds, 1), _cell(line.mean), _cell(line.sd), _cell(line.severity), _cell(line.severity_se),
            _cell(line.spread), _cell(line.drift), _cell(line.drift_se), _cell(line.agreed, 4), _cell(line.third, 4),
            line.seeds, _cell(line.seeds_within, 4), _cell(line.seeds_exact, 4), line.repeats,
            _cell(line.repeats_within, 4), _cell(line.overlap, 1), _cell(line.safe, 4), line.problems,
            "、".join(_(advice_of(alert).title) for alert in line.alerts),
        )
        for line in board.markers
    )  # fmt: skip
    return Table(columns, rows)


def _cell(value: float | None, places: int = 3) -> float | None:
    return None if value is None else round(value, places)


def share_picture(board: Board, line: MarkerFigures | None = None) -> Markup:
    """How often each mark was given, by everybody and, where there is one, by a marker."""
    labels = [show_points(Decimal(str(round(points, 2)))) for points in board.scale_points]
    bars = [
        Bar(label, 100 * share, _("{points} points: {share} of all marks", points=label, share=percent(share)))
        for label, share in zip(labels, board.share, strict=True)
    ]
    own = [] if line is None or not line.done else [100 * share for share in line.share]
    titles = [
        _("{points} points: {share} of {name}'s marks", points=label, share=percent(share / 100),
          name="" if line is None else line.who.name)
        for label, share in zip(labels, own, strict=False)
    ]  # fmt: skip
    return Markup(share_chart("shares", bars, own, titles, x_label=_("Points"), y_label=_("Share of the marks, %")))  # noqa: S704 - written by an XML library


def drift_picture(board: Board, number_: int) -> Markup | None:
    """How a marker's severity moved from one tenth of the own marks to the next; None where too little is known."""
    seen = moments(board.marks.panel, board.findings.fit)
    own = np.flatnonzero(seen.marker == number_)
    if len(own) < 2 * BLOCKS:
        return None
    blocks = []
    for part in np.array_split(np.arange(len(own)), BLOCKS):
        weight = 1.0 / seen.variance[own[part]]
        mean = float(weight @ seen.own[own[part]] / weight.sum())
        error = float(weight.sum() ** -0.5)
        first, last = int(part[0]) + 1, int(part[-1]) + 1
        title = _("Marks {first} to {last}: {mean} ± {error}", first=first, last=last, mean=f"{mean:+.2f}",
                  error=number(error))  # fmt: skip
        blocks.append(Block(f"{first}–{last}", mean, error, title))
    return Markup(  # noqa: S704 - as above
        block_chart("drift", blocks, x_label=_("Own marks that can be compared, in their order"),
                    y_label=_("Severity, points"))
    )  # fmt: skip


def weightiest(alerts: Sequence[Alert]) -> list[Alert]:
    """One alert for each marker and reason, the most urgent first."""
    return sorted(alerts, key=lambda alert: (not advice_of(alert).grave, -alert.weight))
