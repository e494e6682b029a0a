"""From decided bubbles to what a field says, written as contracts.md 5 wants it.

In:  the fields of a side and the BubbleDecisions over all its bubbles in card order.
Out: one FieldReading per field. `-` is a column that is surely blank, `?` one that is undecided.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.words import BubbleState, FieldKind, ReadingStatus
from scanning.cards.template import CardPage, Field
from scanning.reading.bubbles import BubbleDecisions
from scanning.reading.ink import BubbleInk
from scanning.reading.result import BubbleReading, FieldReading

GAP_RESIDUE = 0.015  # half of what makes a bubble elsewhere doubtful
GAP_NOISE = 3.0
GUESS_SHARE = 0.35  # a doubtful bubble with this much of a usual mark is the better guess than "blank"


def group_numbers(page: CardPage) -> NDArray[np.intp]:
    """For every bubble in card order the choice it takes part in: each column of each field is one, (n,)."""
    numbers: dict[tuple[int, int], int] = {}
    keys = [(at, bubble.column) for at, field in enumerate(page.fields) for bubble in field.bubbles]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class FieldPlan:
    """The fields of one side as reading them needs them, prepared once.

    `labels` and `columns` name every bubble of the side in card order; `parts` are the bubbles of each field among
    them, and `groups` say for each field which of its own bubbles stand in which of its columns, in order.
    """

    fields: tuple[Field, ...]
    labels: tuple[str, ...]
    columns: tuple[int, ...]
    parts: tuple[slice, ...]
    groups: tuple[dict[int, list[int]], ...]


def plan_fields(page: CardPage) -> FieldPlan:
    """The plan of one side."""
    parts: list[slice] = []
    groups: list[dict[int, list[int]]] = []
    at = 0
    for field in page.fields:
        columns: dict[int, list[int]] = {}
        for i, bubble in enumerate(field.bubbles):
            columns.setdefault(bubble.column, []).append(i)
        groups.append({key: columns[key] for key in sorted(columns)})
        parts.append(slice(at, at + len(field.bubbles)))
        at += len(field.bubbles)
    bubbles = [bubble for field in page.fields for bubble in field.bubbles]
    return FieldPlan(
        page.fields,
        tuple(bubble.label for bubble in bubbles),
        tuple(bubble.column for bubble in bubbles),
        tuple(parts),
        tuple(groups),
    )


def read_fields(
    plan: FieldPlan, ink: BubbleInk, decisions: BubbleDecisions, unverified: NDArray[np.bool_]
) -> tuple[FieldReading, ...]:
    """Every field of a side. `unverified` (n,) marks bubbles whose print was not found where the map says."""
    rounded = np.round(ink.ink, 4).tolist(), np.round(decisions.margin, 4).tolist()
    bubbles = tuple(map(BubbleReading, plan.labels, plan.columns, rounded[0], decisions.state, rounded[1]))
    # A ring around one bubble of a blank choice is most likely meant as its mark.
    guesses = ((ink.ink >= GUESS_SHARE * decisions.usual) | ink.ringed | ink.drawn_over).tolist()
    residue = (ink.ink > GAP_RESIDUE + GAP_NOISE * ink.noise).tolist()
    margins, unseen = decisions.margin.tolist(), unverified.tolist()
    readings = []
    for field, part, columns in zip(plan.fields, plan.parts, plan.groups, strict=True):
        states, labels = decisions.state[part], plan.labels[part]
        doubtful = BubbleState.DOUBTFUL in states
        reasons = sorted(set().union(*decisions.reasons[part])) if any(decisions.reasons[part]) else []
        if True in unseen[part]:
            doubtful = True
            reasons.append("unverified")
        if field.kind is FieldKind.DIGITS:
            value, undecided = _digits(field, columns, states, residue[part])
            if undecided and not doubtful:
                reasons.append("multiple" if has_two(columns, states) else "faint")
            doubtful = doubtful or undecided
        else:
            chosen = [_chosen(column, states, guesses[part]) for column in columns.values()]
            value = _value(field.kind, [labels[i] for column in chosen for i in column])
            if field.kind is FieldKind.JOINED and len(columns) > 1 and any(len(column) > 1 for column in chosen):
                doubtful = True  # one character more than there are columns would shift all that follow
                reasons.append("multiple")
        readings.append(
            FieldReading(
                field.id,
                field.kind,
                value,
                ReadingStatus.DOUBTFUL if doubtful else ReadingStatus.OK,
                margin=0.0 if doubtful or not states else min(margins[part]),
                bubbles=bubbles[part],
                reasons=tuple(dict.fromkeys(reasons)) if reasons else (),
            )
        )
    return tuple(readings)


def _value(kind: FieldKind, labels: Sequence[str]) -> str:
    """Chosen labels as the contract writes them."""
    if kind is FieldKind.FLAG:
        return "1" if labels else ""
    return ("+" if kind is FieldKind.CHOOSE else "").join(labels)


def has_two(columns: dict[int, list[int]], states: Sequence[BubbleState]) -> bool:
    """Whether any column has more than one certain mark."""
    return any(sum(states[i] is BubbleState.FILLED for i in column) > 1 for column in columns.values())


def _chosen(column: Sequence[int], states: Sequence[BubbleState], guesses: Sequence[bool]) -> list[int]:
    """The filled bubbles; where none is, the doubtful ones that look more like marks than not."""
    filled = [i for i in column if states[i] is BubbleState.FILLED]
    return filled or [i for i in column if states[i] is BubbleState.DOUBTFUL and guesses[i]]


def _digits(
    field: Field, columns: dict[int, list[int]], states: Sequence[BubbleState], residue: Sequence[bool]
) -> tuple[str, bool]:
    """One character per column, and whether any is undecided; empty when every column is surely blank.

    Nobody leaves a column out on purpose: in a gap between digits the least rest of ink counts as undecided.
    """
    characters = []
    begun = any(state is BubbleState.FILLED for state in states)
    for key in range(max(field.columns, len(columns))):
        column = columns.get(key, [])
        filled = [i for i in column if states[i] is BubbleState.FILLED]
        doubtful = any(states[i] is BubbleState.DOUBTFUL for i in column)
        if len(filled) == 1:
            characters.append(field.bubbles[filled[0]].label)
        elif filled or doubtful or (begun and any(residue[i] for i in column)):
            characters.append("?")
        else:
            characters.append("-")
    if all(character == "-" for character in characters):
        return "", False
    return "".join(characters), "?" in characters
