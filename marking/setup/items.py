"""Read the items of a paper: ranges, keys, policies, parts, choose-groups, grids.

In:  the sections of `items` (contracts.md 3).
Out: models.paper.Item in paper order; every fault as a complaint on the desk. An item that could not be
read is left out, and `complete` says that sums over the items mean nothing then.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby

from marking.objective.rules import KeyRefused, PolicyRefused, ScoringRule, parse_key, parse_policy, policy_faults
from marking.setup.document import Number, Value
from marking.setup.sections import Desk, Section, clean_id, id_fault, show
from models.errors import mark_text
from models.paper import Choose, EssayGrid, Item, Part
from models.points import ZERO, is_multiple, show_points
from models.words import ChoosePolicy, ItemKind

MAX_ITEMS = 400
MAX_POINTS = Decimal(1000)
MAX_HEIGHT_MM = Decimal(2000)
FIFTIETH = Decimal("0.02")  # half of a step is then whole hundredths, so that two marks have an exact mean

# columns of `export scores` that no item may be called
RESERVED = frozenset({"candidate", "school", "class", "status", "objective", "subjective", "total", "paper", "item"})

_RANGE = re.compile(r"(\d{1,4})-(\d{1,4})")
_PART = re.compile(r"(?:\([^\W_]{1,6}\)){1,3}")
_FOR_KINDS = {
    "options": (ItemKind.SINGLE, ItemKind.MULTIPLE, ItemKind.JUDGE),
    "key": (ItemKind.SINGLE, ItemKind.MULTIPLE, ItemKind.JUDGE),
    "policy": (ItemKind.SINGLE, ItemKind.MULTIPLE, ItemKind.JUDGE),
    "step": (ItemKind.WRITTEN, ItemKind.ESSAY),
    "height_mm": (ItemKind.WRITTEN, ItemKind.ESSAY),
    "scheme": (ItemKind.WRITTEN, ItemKind.ESSAY),
    "answer": (ItemKind.WRITTEN, ItemKind.ESSAY),
    "parts": (ItemKind.WRITTEN, ItemKind.ESSAY),
    "choose": (ItemKind.WRITTEN, ItemKind.ESSAY),
    "grid": (ItemKind.ESSAY,),
}


@dataclass(slots=True)
class ItemsRead:
    """The items that could be read, where each stands in the file, and whether none was left out.

    `named` has the nos of those that could not be read as well, so that they are not complained about again
    wherever they are referred to.
    """

    items: list[Item] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    complete: bool = True


def read_items(sections: list[Section], desk: Desk) -> ItemsRead:
    """Read every entry of `items`."""
    read = ItemsRead()
    for section in sections:
        before = len(desk.complaints)
        numbers = _numbers(section)
        read.named.update(numbers)
        for item in _entry(section, numbers):
            if item.no in read.places:
                section.complain(
                    "no", mark_text("{no} is already used by {place}."), no=item.no, place=read.places[item.no]
                )
            else:
                read.items.append(item)
                read.places[item.no] = section.place
        read.complete = read.complete and len(desk.complaints) == before
    if len(read.items) > MAX_ITEMS:
        desk.complain("items", mark_text("has more than {most} items."), most=MAX_ITEMS)
        read.complete = False
    _check_choose_groups(read, desk)
    return read


def expand_numbers(text: str) -> tuple[list[str], str]:
    """The nos that ``"1-10"``, ``"20,21"`` or ``"16"`` name, and what is wrong with it (empty when nothing is).

    Raises nothing: the second value is a catalogue text with `{value}` for the offending piece.
    """
    found: list[str] = []
    for piece in re.split("[,，、]", text):
        name = clean_id(piece).replace("–", "-").replace("—", "-")
        span = _RANGE.fullmatch(name)
        if span:
            first, last = int(span[1]), int(span[2])
            if first > last or last - first >= MAX_ITEMS:
                return [], mark_text("{value} is not a range from a lower to a higher number.")
            found += [str(number) for number in range(first, last + 1)]
        else:
            found.append(name)
    return found, ""


def _entry(section: Section, numbers: list[str]) -> list[Item]:
    """The items of one entry; fewer than it names after complaints."""
    kind = section.word("kind", ItemKind)
    knowledge = tuple(section.texts("knowledge"))
    subject = section.text("subject")
    if kind is None:
        _touch_all(section)
        section.finish()
        return []
    for name, kinds in _FOR_KINDS.items():
        if section.has(name) and kind not in kinds:
            section.complain(name, mark_text("does not apply to items of kind {kind}."), kind=kind.value)
    section.known["points"] = None
    items = (
        _objective(section, kind, numbers, knowledge, subject)
        if kind.is_objective
        else _subjective(section, kind, numbers, knowledge, subject)
    )
    section.finish()
    return items


def _touch_all(section: Section) -> None:
    for name in (*_FOR_KINDS, "points"):
        section.known[name] = None


def _numbers(section: Section) -> list[str]:
    value = section.get("no")
    if isinstance(value, list):
        pieces: list[str] = [
            one.text if isinstance(one, Number) else one for one in value if isinstance(one, Number | str)
        ]
        text = ",".join(pieces)
    else:
        text = section.text("no", required=True)
    if not text:
        return []
    numbers, fault = expand_numbers(text)
    if fault:
        section.complain("no", fault, value=text)
    good: list[str] = []
    for number in numbers:
        wrong = id_fault(number, longest=16)
        if wrong:
            section.complain("no", mark_text("{fault}."), fault=wrong)
        elif number.lower() in RESERVED:
            section.complain("no", mark_text("{value} is the name of a column in every table."), value=number)
        else:
            good.append(number)
    return good


def _objective(
    section: Section, kind: ItemKind, numbers: list[str], knowledge: tuple[str, ...], subject: str
) -> list[Item]:
    points = section.points("points", above=ZERO, most=MAX_POINTS, required=True)
    if kind is ItemKind.JUDGE:
        options = section.whole("options", 2, 2, 2) or 2
    else:
        options = section.whole("options", 4, 2, 26) or 4
    keys = _keys(section, kind, options, numbers)
    policy_text = section.text("policy", "half") or "half"
    try:
        policy = parse_policy(policy_text)
    except PolicyRefused as err:
        section.complain(
            "policy", mark_text("{value} cannot be used: {why}."), value=policy_text, why=err.details["why"]
        )
        return []
    if points is None:
        return []
    told: set[str] = set()
    items: list[Item] = []
    for number in numbers:
        key = keys.get(number)
        if not key:
            continue
        for fault in policy_faults(ScoringRule(kind, options, key, points, policy)):
            if str(fault) not in told:
                told.add(str(fault))
                section.complain(
                    "policy",
                    mark_text("{value} cannot serve item {no}: {why}."),
                    value=policy_text,
                    no=number,
                    why=fault,
                )
        items.append(
            Item(
                number, kind, points, options=options, key=key, policy=policy_text, knowledge=knowledge, subject=subject
            )
        )
    return items


def _keys(section: Section, kind: ItemKind, options: int, numbers: list[str]) -> dict[str, tuple[str, ...]]:
    """The key of each no; a missing entry was complained about."""
    value = section.get("key")
    if value is None:
        section.complain("key", mark_text("is missing."))
        return {}
    if isinstance(value, bool):
        section.complain("key", mark_text("{value} is not a key: write T or F, in quotes."), value=show(value))
        return {}
    written: list[Value]
    if isinstance(value, list):
        written = value
    elif isinstance(value, str):
        compact = "".join(value.split())
        written = list(compact) if len(numbers) > 1 and "|" not in compact else [compact]
    else:
        section.complain("key", mark_text("{value} is not a key."), value=show(value))
        return {}
    if len(written) != len(numbers):
        if numbers:
            section.complain(
                "key",
                mark_text(
                    "has {found} entries for {wanted} items: write one letter each, or a list with one entry each."
                ),
                found=len(written),
                wanted=len(numbers),
            )
        return {}
    keys: dict[str, tuple[str, ...]] = {}
    for index, (number, entry) in enumerate(zip(numbers, written, strict=True)):
        place = f"key[{index}]" if isinstance(value, list) else "key"
        if not isinstance(entry, str):
            section.complain(place, mark_text("{value} is not a key."), value=show(entry))
            continue
        try:
            keys[number] = parse_key(kind, options, entry)
        except KeyRefused as err:
            section.complain(
                place,
                mark_text("{value} cannot be the key of item {no}: {why}."),
                value=entry or "''",
                no=number,
                why=err.details["why"],
            )
    return keys


def _subjective(
    section: Section, kind: ItemKind, numbers: list[str], knowledge: tuple[str, ...], subject: str
) -> list[Item]:
    step = section.points("step", Decimal(1), above=ZERO, most=MAX_POINTS) or Decimal(1)
    if not is_multiple(step, FIFTIETH):
        section.complain("step", mark_text("{value} is not a multiple of 0.02."), value=step)
        step = Decimal(1)
    height = section.number("height_mm", above=ZERO, most=MAX_HEIGHT_MM)
    parts = _parts(section, step)
    stated = section.points("points", above=ZERO, most=MAX_POINTS, required=not parts)
    of_parts = sum((part.points for part in parts), ZERO)
    if parts and stated is not None and of_parts != stated:
        section.complain(
            "parts",
            mark_text("add up to {sum} points where the item has {points}."),
            sum=show_points(of_parts),
            points=show_points(stated),
        )
    points = stated if stated is not None else (of_parts if parts else None)
    choose = _choose(section)
    grid = _grid(section)
    scheme, answer = section.prose("scheme"), section.prose("answer")
    if points is None:
        return []
    if not parts and not is_multiple(points, step):
        section.complain(
            "step",
            mark_text("full marks of {points} cannot be given in steps of {step}."),
            points=show_points(points),
            step=show_points(step),
        )
    return [
        Item(
            number,
            kind,
            points,
            step=step,
            height_mm=None if height is None else float(height),
            parts=parts,
            choose=choose,
            grid=grid,
            knowledge=knowledge,
            subject=subject,
            scheme=scheme,
            answer=answer,
        )
        for number in numbers
    ]


def _parts(section: Section, step: Decimal) -> tuple[Part, ...]:
    parts: list[Part] = []
    for inner in section.sections("parts") if section.has("parts") else []:
        no = clean_part(inner.text("no", required=True))
        points = inner.points("points", above=ZERO, most=MAX_POINTS, required=True)
        inner.finish()
        if not no:
            continue
        if not _PART.fullmatch(no):
            inner.complain("no", mark_text("{value} is not a part's number such as (1) or (a)."), value=no)
        elif any(part.no == no for part in parts):
            inner.complain("no", mark_text("{value} is given twice."), value=no)
        elif points is not None:
            if not is_multiple(points, step):
                inner.complain(
                    "points",
                    mark_text("full marks of {points} cannot be given in steps of {step}."),
                    points=show_points(points),
                    step=show_points(step),
                )
            parts.append(Part(no, points))
    return tuple(parts)


def clean_part(text: str) -> str:
    """A part's number in its one spelling: ``1``, ``（1）`` and ``(1)`` are all ``(1)``."""
    text = clean_id(text).replace(" ", "")
    return text if not text or text.startswith("(") else f"({text})"


def _choose(section: Section) -> Choose | None:
    if not section.has("choose"):
        return None
    inner = section.section("choose")
    group = inner.id("group")
    take = inner.whole("take", 1, 1, MAX_ITEMS) or 1
    policy = inner.word("policy", ChoosePolicy, ChoosePolicy.FIRST_IN_PAPER_ORDER)
    inner.finish()
    return Choose(group, take, policy or ChoosePolicy.FIRST_IN_PAPER_ORDER) if group else None


def _grid(section: Section) -> EssayGrid | None:
    if not section.has("grid"):
        return None
    inner = section.section("grid")
    columns = inner.whole("columns", None, 2, 60, required=True)
    rows = inner.whole("rows", None, 1, 300, required=True)
    cell_mm = inner.number("cell_mm", Decimal(8), least=Decimal(4), most=Decimal(25))
    inner.finish()
    if columns is None or rows is None or cell_mm is None:
        return None
    return EssayGrid(columns, rows, float(cell_mm))


def _check_choose_groups(read: ItemsRead, desk: Desk) -> None:
    chosen = sorted(
        (item for item in read.items if item.choose), key=lambda item: item.choose.group if item.choose else ""
    )
    for name, grouped in groupby(chosen, key=lambda item: item.choose.group if item.choose else ""):
        members = list(grouped)
        first = members[0]
        assert first.choose is not None
        for member in members[1:]:
            place = f"{read.places[member.no]}"
            if member.choose != first.choose:
                desk.complain(
                    place + ".choose",
                    mark_text("{group} must take the same number by the same policy everywhere."),
                    group=name,
                )
            if member.points != first.points:
                desk.complain(
                    place + ".points",
                    mark_text(
                        "all items of the choose-group {group} have equal points, but {a} has {x} and {b} has {y}."
                    ),
                    group=name,
                    a=first.no,
                    x=show_points(first.points),
                    b=member.no,
                    y=show_points(member.points),
                )
        if first.choose.take >= len(members):
            desk.complain(
                read.places[first.no] + ".choose.take",
                mark_text("{group} takes {take} of {members} items: there is nothing to choose."),
                group=name,
                take=first.choose.take,
                members=len(members),
            )


def paper_sum(items: list[Item]) -> Decimal:
    """What the items add up to: a choose-group counts once, as take x points."""
    total = ZERO
    counted: set[str] = set()
    for item in items:
        if item.choose is None:
            total += item.points
        elif item.choose.group not in counted:
            counted.add(item.choose.group)
            total += item.points * item.choose.take
    return total
