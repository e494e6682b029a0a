"""Read the marking groups of a paper and add the groups that stand where nothing is said.

By default each written or essay item and each choose-group is a group of its own, marked once. Explicit
groups take their items (or parts of items) out of that; what they leave keeps its default group.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from marking.setup.items import ItemsRead, clean_part, expand_numbers
from marking.setup.sections import Desk, Section, nearest_name
from models.errors import mark_text
from models.paper import Group, GroupPart, Item
from models.points import ZERO
from models.words import Boundary, Compare, MarkingMode


@dataclass(slots=True)
class _Cut:
    """The score fields of a paper's subjective items, and which group has taken each."""

    fields: dict[str, GroupPart] = field(default_factory=dict)  # 13, 16(1), 16(2) in paper order
    of_item: dict[str, list[str]] = field(default_factory=dict)  # 16 -> [16(1), 16(2)]
    taken: dict[str, str] = field(default_factory=dict)  # 16(1) -> id of the group
    unread: set[str] = field(default_factory=set)  # items with faults of their own, told elsewhere


def read_groups(sections: list[Section], read: ItemsRead, boundary: Boundary, desk: Desk) -> tuple[Group, ...]:
    """Every marking group of the paper: the explicit ones in their order, then the default ones in paper order."""
    items = {item.no: item for item in read.items}
    cut = _cut(read.items)
    cut.unread = read.named - items.keys()
    groups: list[Group] = []
    for section in sections:
        group = _explicit(section, items, cut, boundary)
        if group is not None:
            if any(other.id == group.id for other in groups):
                section.complain("id", mark_text("{value} is the id of another group as well."), value=group.id)
            groups.append(group)
    _check_choose(items, cut, sections, desk)
    explicit = {group.id for group in groups}
    for group in _defaults(read.items, cut, boundary):
        if group.id in explicit:
            desk.complain(
                "groups",
                mark_text(
                    "{value} is also the default group of items {items}: give the group that lists others another id."
                ),
                value=group.id,
                items=", ".join(group.items),
            )
        groups.append(group)
    return tuple(groups)


def _cut(items: list[Item]) -> _Cut:
    cut = _Cut()
    for item in items:
        if item.kind.is_objective:
            continue
        fields = (
            [GroupPart(item.part_id(part), item.no, part.points, item.step) for part in item.parts]
            if item.parts
            else [GroupPart(item.no, item.no, item.points, item.step)]
        )
        cut.of_item[item.no] = [one.id for one in fields]
        cut.fields.update({one.id: one for one in fields})
    return cut


def _explicit(section: Section, items: dict[str, Item], cut: _Cut, boundary: Boundary) -> Group | None:
    group_id = section.id("id")
    title = section.text("title") or group_id
    mode = section.word("mode", MarkingMode, MarkingMode.SINGLE) or MarkingMode.SINGLE
    compare = section.word("compare", Compare, Compare.TOTAL) or Compare.TOTAL
    boundary = section.word("boundary", Boundary, boundary) or boundary
    tolerance = section.points("tolerance", ZERO, least=ZERO)
    names = section.texts("items")
    section.finish()
    if not names and section.is_mapping:
        section.complain("items", mark_text("is missing or empty: list at least one item."))
    found: list[str] = []
    for index, written in enumerate(names):
        for name in _names(section, index, written):
            for part in _fields_of(section, index, name, items, cut):
                if part in cut.taken:
                    section.complain(
                        f"items[{index}]",
                        mark_text("{value} is already in the group {group}."),
                        value=part,
                        group=cut.taken[part],
                    )
                else:
                    cut.taken[part] = group_id
                    found.append(part)
    if not group_id or not found:
        return None  # complained about, here or where its items stand
    parts = tuple(one for one in cut.fields.values() if one.id in found)
    full = _full_mark(parts, items)
    if tolerance is not None and tolerance > full:
        section.complain(
            "tolerance", mark_text("{value} is more than the {full} points of the group."), value=tolerance, full=full
        )
    return Group(group_id, title, parts, mode, tolerance or ZERO, boundary, compare, full)


def _names(section: Section, index: int, written: str) -> list[str]:
    if "(" in written or "（" in written:
        return [written]
    names, fault = expand_numbers(written)
    if fault:
        section.complain(f"items[{index}]", fault, value=written)
    return names


def _fields_of(section: Section, index: int, name: str, items: dict[str, Item], cut: _Cut) -> list[str]:
    """The score fields that an item's no or a part's id stands for."""
    if name in cut.of_item:
        return cut.of_item[name]
    opening = name.replace("（", "(").find("(")
    if opening > 0:
        part = name[:opening].strip() + clean_part(name[opening:])
        if part in cut.fields:
            return [part]
    place = f"items[{index}]"
    if name in cut.unread or (opening > 0 and name[:opening].strip() in cut.unread):
        return []
    if name in items:
        section.complain(place, mark_text("item {no} is scored by its key, not by markers."), no=name)
        return []
    nearest = nearest_name(name, [*cut.of_item, *cut.fields])
    if nearest:
        section.complain(
            place, mark_text("there is no item or part {no}; did you mean {nearest}?"), no=name, nearest=nearest
        )
    else:
        section.complain(place, mark_text("there is no item or part {no}."), no=name)
    return []


def _check_choose(items: dict[str, Item], cut: _Cut, sections: list[Section], desk: Desk) -> None:
    """The items of a choose-group are marked together, or none of them is in an explicit group."""
    homes: dict[str, set[str]] = {}
    for part, score_field in cut.fields.items():
        choose = items[score_field.item].choose
        if choose:
            homes.setdefault(choose.group, set()).add(cut.taken.get(part, ""))
    for name, groups in homes.items():
        if len(groups) > 1:
            place = sections[0].place.rpartition("[")[0] if sections else "groups"
            desk.complain(
                place, mark_text("all items of the choose-group {group} belong in one marking group."), group=name
            )


def _defaults(items: list[Item], cut: _Cut, boundary: Boundary) -> list[Group]:
    by_item = {item.no: item for item in items}
    gathered: dict[str, list[GroupPart]] = {}
    for part, score_field in cut.fields.items():
        if part not in cut.taken:
            choose = by_item[score_field.item].choose
            gathered.setdefault(choose.group if choose else score_field.item, []).append(score_field)
    return [
        Group(name, name, tuple(parts), boundary=boundary, full_mark=_full_mark(tuple(parts), by_item))
        for name, parts in gathered.items()
    ]


def _full_mark(parts: tuple[GroupPart, ...], items: dict[str, Item]) -> Decimal:
    """The most that a group can give: a choose-group counts as take x points."""
    total = ZERO
    counted: set[str] = set()
    for part in parts:
        item = items[part.item]
        if item.choose is None:
            total += part.points
        elif item.choose.group not in counted:
            counted.add(item.choose.group)
            total += item.points * item.choose.take
    return total
