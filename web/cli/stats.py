"""`kaiyue stats`: statistics from tables without a database (`compute`), or of a stored exam (`kaiyue stats EXAM`)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    from marking.statistics.compute import PaperStatistics

# the command that answers `kaiyue stats EXAM [PAPER]` from the database; imported only when it is meant
STORED = "web.cli.stats_exam"


class StatsGroup(click.Group):
    """A group whose first argument, where it names no command, is the id of a stored exam."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The named command, or the one for stored exams with all arguments as they are."""
        if args and args[0] not in self.commands:
            stored = _stored_command()
            if stored is not None:
                return stored.name, stored, args
        return super().resolve_command(ctx, args)


def _stored_command() -> click.Command | None:
    try:
        module = importlib.import_module(STORED)
    except ModuleNotFoundError as err:
        if err.name != STORED:
            raise
        return None
    from web.cli import _with_data_option  # the command line gives --data to the commands that it lists itself

    return _with_data_option(cast("click.Command", module.stats_exam))


@click.group(cls=StatsGroup, context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def stats() -> None:
    """Statistics: `kaiyue stats compute …` from tables, `kaiyue stats EXAM [PAPER]` of a stored exam."""


@stats.command()
@click.option(
    "--paper", "paper_file", required=True, metavar="PAPER.yaml", help="The paper file, or an exam file with one paper."
)
@click.option(
    "--scores", "scores_file", required=True, metavar="SCORES.csv", help="A table as `export scores` writes it."
)
@click.option("--responses", "responses_file", metavar="RESPONSES.csv", help="A table as `export responses` writes it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def compute(*, paper_file: str, scores_file: str, responses_file: str | None, as_json: bool) -> None:
    """Compute everything about a paper from tables, without a database."""
    from marking.setup.exam_file import read_paper
    from marking.statistics.compute import as_document
    from marking.statistics.compute import compute as compute_statistics
    from marking.statistics.responses_csv import read_responses
    from marking.statistics.scores_csv import read_scores
    from web.cli.shared import read_input, say_json

    paper = read_paper(read_input(paper_file))
    matrix = read_scores(read_input(scores_file), paper)
    responses = None if responses_file is None else read_responses(read_input(responses_file), paper)
    statistics = compute_statistics(paper, matrix, responses)
    if as_json:
        say_json(as_document(statistics))
    else:
        print_statistics(statistics)


def print_statistics(statistics: PaperStatistics) -> None:
    """The statistics of a paper as tables for people."""
    from web.i18n import _, language_from_environment, set_language

    set_language(language_from_environment())
    summary = statistics.summary
    click.echo(
        _(
            "{enrolled} enrolled, {present} present, {absent} absent, {scored} with a total",
            enrolled=statistics.n_enrolled,
            present=statistics.n_present,
            absent=statistics.n_absent,
            scored=summary.n,
        )
    )
    for name, value in (
        (_("mean"), points(summary.mean)),
        (_("highest"), points(summary.max)),
        (_("lowest"), points(summary.min)),
        (_("median"), points(summary.median)),
        (_("standard deviation (population)"), points(summary.sd)),
        (_("score rate"), percent(summary.score_rate)),
        (_("excellent rate"), percent(summary.excellent_rate)),
        (_("good rate"), percent(summary.good_rate)),
        (_("pass rate"), percent(summary.pass_rate)),
        (_("low rate"), percent(summary.low_rate)),
        (_("reliability (alpha)"), figure(statistics.alpha)),
        (_("standard error of measurement"), points(statistics.sem)),
    ):
        click.echo(f"  {name}: {value}")
    _print_table(
        (_("item"), _("facility"), _("discrimination"), _("r with total"), _("r with rest")),
        [
            (
                row.no,
                figure(row.figures.facility),
                figure(row.figures.discrimination),
                figure(row.figures.r_total),
                figure(row.figures.r_rest),
            )
            for row in statistics.items
        ],
    )
    _print_table(
        (_("school"), _("class"), _("n"), _("mean"), _("pass rate"), _("excellent rate"), _("ratio to all")),
        [
            (
                unit.school,
                unit.class_,
                str(unit.summary.n),
                points(unit.summary.mean),
                percent(unit.summary.pass_rate),
                percent(unit.summary.excellent_rate),
                figure(unit.ratio),
            )
            for unit in (*statistics.schools, *statistics.classes)
        ],
    )
    balance = statistics.balance
    click.echo(
        _(
            "between schools: variation {cv}, share of variance {eta2}, ICC {icc}",
            cv=figure(balance.cv),
            eta2=figure(balance.eta2),
            icc=figure(balance.icc),
        )
    )


def points(value: float | None) -> str:
    """A number of points for people, two decimals; a dash where there is none."""
    return "—" if value is None else f"{_half_up(value, 2)}"


def percent(value: float | None) -> str:
    """A rate for people."""
    from web.i18n import _

    return "—" if value is None else _("{value} %", value=_half_up(value * 100, 2))


def figure(value: float | None) -> str:
    """A coefficient for people, four decimals."""
    return "—" if value is None else f"{_half_up(value, 4)}"


def _half_up(value: float, places: int) -> str:
    from decimal import ROUND_HALF_UP, Decimal

    return str(Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))


def _print_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    if not rows:
        return
    lines: list[tuple[Any, ...]] = [head, *rows]
    widths = [max(_width(line[index]) for line in lines) for index in range(len(head))]
    click.echo("")
    for line in lines:
        click.echo(
            "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        )


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
