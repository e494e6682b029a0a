"""Read a rule sheet (评分口径) and the totals of an exam: what the paper says goes before what the exam says."""

from dataclasses import replace
from decimal import Decimal
from typing import Literal

from marking.setup.items import MAX_POINTS, ItemsRead
from marking.setup.sections import Desk, Section, nearest_name
from models.errors import mark_text
from models.paper import Paper, Rounding, Rules, Total, TotalPart
from models.points import ZERO, show_points
from models.words import Boundary, Denominator

_ONE = Decimal(1)
_VOID_POLICIES = ("all_present", "answered_only", "drop_and_rescale")


def read_rules(section: Section, base: Rules) -> Rules:
    """The rules of one section over `base`. `void` and `floors` are read where the items are known."""
    thresholds = {
        name: section.number(name, getattr(base, "pass_" if name == "pass" else name), above=ZERO, most=_ONE)
        for name in ("excellent", "good", "pass", "low")
    }
    rules = replace(
        base,
        boundary=section.word("boundary", Boundary, base.boundary) or base.boundary,
        round=_rounding(section, base.round),
        excellent=thresholds["excellent"] or base.excellent,
        good=thresholds["good"] or base.good,
        pass_=thresholds["pass"] or base.pass_,
        low=thresholds["low"] or base.low,
        denominator=section.word("denominator", Denominator, base.denominator) or base.denominator,
        rank=_rank(section, base),
        group=section.number("group", base.group, above=ZERO, most=Decimal("0.5")) or base.group,
    )
    section.known.update({"void": None, "floors": None})
    section.finish()
    if not rules.low <= rules.pass_ <= rules.good <= rules.excellent:
        section.complain(
            "excellent",
            mark_text("the thresholds must not fall: low {low}, pass {pass_}, good {good}, excellent {excellent}."),
            low=rules.low,
            pass_=rules.pass_,
            good=rules.good,
            excellent=rules.excellent,
        )
    return rules


def _rounding(section: Section, base: Rounding) -> Rounding:
    if not section.has("round"):
        return base
    inner = section.section("round")
    at = inner.text("at", base.at)
    to = inner.points("to", base.to, above=ZERO, most=Decimal(10)) or base.to
    inner.finish()
    match at:
        case "total" | "item" | "none":
            return Rounding(at, to)
    inner.complain("at", mark_text("{value} is not one of: {words}."), value=at, words="total, item, none")
    return base


def _rank(section: Section, base: Rules) -> Literal["competition", "dense"]:
    rank = section.text("rank", base.rank)
    match rank:
        case "competition" | "dense":
            return rank
    section.complain("rank", mark_text("{value} is not one of: {words}."), value=rank, words="competition, dense")
    return base.rank


def read_item_rules(section: Section, read: ItemsRead, rules: Rules) -> Rules:
    """Add `void` and `floors`, which name items of the paper."""
    items = {item.no: item for item in read.items}
    void: list[tuple[str, str]] = []
    floors: list[tuple[str, Decimal]] = []
    inner = section.section("void")
    for no in inner.values:
        policy = inner.text(no)
        if not _known_item(inner, no, read):
            continue
        if policy not in _VOID_POLICIES:
            inner.complain(
                no, mark_text("{value} is not one of: {words}."), value=policy, words=", ".join(_VOID_POLICIES)
            )
        else:
            void.append((no, policy))
    inner = section.section("floors")
    for no in inner.values:
        floor = inner.points(no, least=-MAX_POINTS, most=MAX_POINTS)
        if not _known_item(inner, no, read) or floor is None:
            continue
        if floor > items[no].points or floor < -items[no].points:
            inner.complain(
                no,
                mark_text("{value} is beyond the {points} points of the item."),
                value=show_points(floor),
                points=show_points(items[no].points),
            )
        elif not items[no].policy.startswith("per_option"):
            inner.complain(no, mark_text("item {no} has no policy with deductions, so it needs no floor."), no=no)
        else:
            floors.append((no, floor))
    return replace(rules, void=tuple(void), floors=tuple(floors))


def _known_item(section: Section, no: str, read: ItemsRead) -> bool:
    if no in read.places:
        return True
    if no not in read.named:
        nearest = nearest_name(no, read.places)
        if nearest:
            section.complain(no, mark_text("there is no item {no}; did you mean {nearest}?"), no=no, nearest=nearest)
        else:
            section.complain(no, mark_text("there is no item {no}."), no=no)
    return False


def read_totals(sections: list[Section], papers: tuple[Paper, ...], desk: Desk) -> tuple[Total, ...]:
    """The totals that the exam reports; without any, the plain sum of all papers."""
    known = [paper.id for paper in papers]
    if not sections:
        if "total" in known:
            desk.complain("papers", mark_text("a paper may not be called total: the sum of all papers has that name."))
        return (Total("total", "总分", tuple(TotalPart(paper) for paper in known)),)
    totals: list[Total] = []
    for section in sections:
        total_id = section.id("id")
        title = section.text("title") or total_id
        absent = section.text("absent", "none")
        parts = _total_parts(section.sections("parts", required=True), known)
        section.finish()
        if total_id in known or total_id in [total.id for total in totals]:
            section.complain("id", mark_text("{value} is the id of a paper or another total as well."), value=total_id)
        match absent:
            case "none" | "zero" | "sum_of_present":
                totals.append(Total(total_id, title, parts, absent))
            case _:
                section.complain(
                    "absent",
                    mark_text("{value} is not one of: {words}."),
                    value=absent,
                    words="none, zero, sum_of_present",
                )
    return tuple(totals)


def _total_parts(sections: list[Section], known: list[str]) -> tuple[TotalPart, ...]:
    parts: list[TotalPart] = []
    for section in sections:
        paper = section.id("paper")
        weight = section.number("weight", _ONE, above=ZERO, most=Decimal(100)) or _ONE
        section.finish()
        if not paper:
            continue
        if paper not in known:
            section.complain(
                "paper", mark_text("there is no paper {no}; there are: {known}."), no=paper, known=", ".join(known)
            )
        elif any(part.paper == paper for part in parts):
            section.complain("paper", mark_text("{value} is given twice."), value=paper)
        else:
            parts.append(TotalPart(paper, weight))
    return tuple(parts)
