"""A placed sheet becomes responses: what one candidate gave for each item of the paper.

In:  the paper, the sides of one whole sheet, what people have decided about its fields. Out: one Answer per item and
     the choices that need a person. Pure: stored by save.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from models.choosing import Choice, choose_items
from models.paper import Item
from models.words import ExceptionCode, ReadingStatus, ResponseStatus
from scanning.context import ScanContext
from scanning.exception_rules import BLANK_MM2, Finding, PlacedSide, field_of

VARIANT_FIELD = "variant"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said a field means; it stands beside the reading, which stays as it was."""

    value: str
    by: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one candidate gave for one item, as the response row says it."""

    no: str
    page_id: int | None
    value: str = ""
    status: ResponseStatus = ResponseStatus.READ
    margin: float | None = None
    source: str = "read"
    blank: bool = False
    chosen: bool | None = None  # only for members of a choose-group
    by: int | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers of a sheet in paper order, and what of its choices a person has to say."""

    answers: tuple[Answer, ...]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Found:
    """What is known while a sheet is put together."""

    answers: dict[str, Answer]
    variant: str | None

    def answered(self, item: Item) -> bool:
        answer = self.answers[item.no]
        return bool(answer.value) if item.kind.is_objective else answer.page_id is not None and not answer.blank


def answers_of(context: ScanContext, sides: Sequence[PlacedSide], decided: Mapping[str, Decision]) -> Answers:
    """Every item's answer. `decided` maps field ids (``item:3``, ``choose:选做``, ``variant``) to decisions."""
    variant = _variant(sides, decided)
    printed = {context.item_no(item.no, variant or ""): item.no for item in context.paper.items}
    known = not context.paper.variants or variant is not None
    found = _Found({}, variant)
    for item in context.paper.items:
        label = printed.get(item.no, item.no)
        if item.kind.is_objective:
            found.answers[item.no] = _objective(item, label, sides, decided, variant_known=known)
        else:
            found.answers[item.no] = _written(item, label, sides)
    findings = [_choose(context, group, sides, decided, found) for group in context.paper.choose_groups]
    answers = tuple(found.answers[item.no] for item in context.paper.items)
    return Answers(answers, tuple(finding for finding in findings if finding is not None))


def _variant(sides: Sequence[PlacedSide], decided: Mapping[str, Decision]) -> str | None:
    if VARIANT_FIELD in decided:
        return decided[VARIANT_FIELD].value
    seen = field_of(sides, VARIANT_FIELD)
    if seen is None or seen[1].status is not ReadingStatus.OK or len(seen[1].value) != 1:
        return None
    return seen[1].value


def _objective(
    item: Item, label: str, sides: Sequence[PlacedSide], decided: Mapping[str, Decision], *, variant_known: bool
) -> Answer:
    field_id = f"item:{label}"
    seen = field_of(sides, field_id)
    page_id = seen[0].page_id if seen else None
    if field_id in decided and variant_known:
        said = decided[field_id]
        return Answer(
            item.no, page_id, said.value, ResponseStatus.CONFIRMED, None, "person", blank=not said.value, by=said.by
        )
    if seen is None:
        return Answer(item.no, None, status=ResponseStatus.DOUBTFUL, margin=0.0)
    reading = seen[1]
    certain = reading.status is ReadingStatus.OK and variant_known
    return Answer(
        item.no,
        page_id,
        reading.value,
        ResponseStatus.READ if certain else ResponseStatus.DOUBTFUL,
        reading.margin if certain else 0.0,
        blank=certain and not reading.value,
    )


def _written(item: Item, label: str, sides: Sequence[PlacedSide]) -> Answer:
    """Where it is written, and whether there is any writing at all: less ink than the smallest digit leaves."""
    own = [side for side in sides if any(region == label for region, _ in side.region_mm2)]
    writing_mm2 = sum(side.writing_mm2(label) for side in own)
    return Answer(item.no, own[0].page_id if own else None, blank=bool(own) and writing_mm2 <= BLANK_MM2)


def _choose(
    context: ScanContext, group: str, sides: Sequence[PlacedSide], decided: Mapping[str, Decision], found: _Found
) -> Finding | None:
    """Settle one choose-group in `found`: which of its members count, or that a person has to say so."""
    members = context.paper.choose_members(group)
    rule = members[0].choose
    if rule is None:
        return None
    field_id = f"choose:{group}"
    seen = field_of(sides, field_id)
    filled = [no for no in seen[1].value.split("+") if no] if seen else []
    if field_id in decided:
        said = [no for no in decided[field_id].value.split("+") if no]
        choice = Choice(tuple(said), settled=True, note="person")
    else:
        inked = _inked(members, found)
        choice = choose_items(
            [item.no for item in members],
            rule.take,
            rule.policy,
            [context.item_no(no, found.variant or "") for no in filled],
            inked,
            doubtful=seen is not None and seen[1].status is not ReadingStatus.OK,
            shared_ink=inked is None and any(found.answered(item) for item in members),
        )
    for item in members:
        chosen = item.no in choice.items if choice.settled else None
        found.answers[item.no] = replace(found.answers[item.no], chosen=chosen)
    if choice.settled:
        return None
    pages = [found.answers[item.no].page_id for item in members]
    page_id = seen[0].page_id if seen else next((page for page in pages if page is not None), sides[0].page_id)
    detail = {"proposal": list(choice.items), "note": choice.note, "filled": filled}
    return Finding(ExceptionCode.CHOICE_DOUBTFUL, f"page:{page_id}/{field_id}", page_id, field_id, detail=detail)


def _inked(members: Sequence[Item], found: _Found) -> tuple[str, ...] | None:
    """The members that were answered; None where they share one frame, which bears the no of the first of them."""
    if any(found.answers[item.no].page_id is None for item in members):
        return None
    return tuple(item.no for item in members if found.answered(item))
