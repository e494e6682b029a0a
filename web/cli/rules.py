"""`kaiyue rules`: score an answer and settle marks by hand, exactly as an exam would."""

from __future__ import annotations

import json
from decimal import Decimal

import click

from models.points import parse_points, show_points
from models.words import Boundary, ItemKind, MarkingMode


class Points(click.ParamType[Decimal]):
    """An exact number of points on the command line."""

    name = "points"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """The points, or a usage error."""
        if isinstance(value, Decimal):
            return value
        try:
            return parse_points(str(value))
        except ValueError:
            from web.i18n import _

            self.fail(_("{value} is not a number of points", value=value), param, ctx)


POINTS = Points()


@click.group()
def rules() -> None:
    """Score an answer or settle marks by hand."""


@rules.command()
@click.option("--kind", required=True, type=click.Choice(["single", "multiple", "judge"]))
@click.option("--options", type=click.IntRange(2, 26), default=4, show_default=True, help="How many options there are.")
@click.option("--key", required=True, help="Option letters such as ACD; A|C where either earns full points; T or F.")
@click.option("--points", required=True, type=POINTS, help="Full points of the item.")
@click.option(
    "--policy",
    default="half",
    show_default=True,
    help="all_or_none, half, by_count, flat:2, table:1=2,2=4, table:3/1=2,3/2=4 or per_option:0.5,-0.5.",
)
@click.option("--answer", required=True, help="The options filled, such as AC; empty for a blank answer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def score(*, kind: str, options: int, key: str, points: Decimal, policy: str, answer: str, as_json: bool) -> None:
    """Score one answer to an objective item."""
    from marking.objective.rules import (
        PolicyRefused,
        ScoringRule,
        parse_answer,
        parse_key,
        parse_policy,
        policy_faults,
        score_answer,
    )
    from web.i18n import _

    if points <= 0:
        raise click.BadParameter(_("an item has more than 0 points"), param_hint="--points")
    item_kind = ItemKind(kind)
    rule = ScoringRule(item_kind, options, parse_key(item_kind, options, key), points, parse_policy(policy))
    for fault in policy_faults(rule):
        raise PolicyRefused(policy=policy, why=fault)
    result = show_points(score_answer(rule, parse_answer(item_kind, options, answer)))
    click.echo(json.dumps({"points": result}) if as_json else result)


@rules.command(context_settings={"ignore_unknown_options": True})  # so that a mark of -1 is refused as a mark
@click.option("--full", required=True, type=POINTS, help="The full mark.")
@click.option("--step", default="1", show_default=True, type=POINTS, help="The mark step, a multiple of 0.02.")
@click.option("--tolerance", default="0", show_default=True, type=POINTS, help="The largest difference that settles.")
@click.option("--strict", is_flag=True, help="A difference equal to the tolerance does not settle.")
@click.option("--mode", required=True, type=click.Choice([mode.value for mode in MarkingMode]))
@click.argument("marks", nargs=-1, required=True, type=POINTS, metavar="MARK...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def settle(
    *,
    full: Decimal,
    step: Decimal,
    tolerance: Decimal,
    strict: bool,
    mode: str,
    marks: tuple[Decimal, ...],
    as_json: bool,
) -> None:
    """Settle the marks of one response, given in the order first, second, third, final."""
    from marking.rounds.policy import SettleRules, check_step
    from marking.rounds.policy import settle as settle_marks
    from models.paper import GroupPart
    from web.i18n import _, language_from_environment, set_language
    from web.words import name_of

    if full <= 0:
        raise click.BadParameter(_("a full mark is more than 0"), param_hint="--full")
    if tolerance < 0:
        raise click.BadParameter(_("a tolerance is not below 0"), param_hint="--tolerance")
    check_step(step)
    part = GroupPart("mark", "mark", full, step)
    boundary = Boundary.STRICT if strict else Boundary.INCLUSIVE
    outcome = settle_marks(
        [{"mark": mark} for mark in marks], SettleRules(MarkingMode(mode), (part,), full, tolerance, boundary)
    )
    points = None if outcome.points is None else show_points(outcome.points)
    if as_json:
        source = None if outcome.source is None else outcome.source.value
        following = None if outcome.next is None else outcome.next.value
        click.echo(json.dumps({"points": points, "source": source, "next": following}))
        return
    set_language(language_from_environment())
    if points is not None:
        click.echo(_("{points} points, settled by: {source}", points=points, source=_(name_of(outcome.source))))
    else:
        click.echo(_("Not settled; needed next: {next}", next=_(name_of(outcome.next))))
