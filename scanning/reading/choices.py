"""From decided bubbles to what a field says, written as contracts.md 5 wants it.

In:  the fields of a side and the BubbleDecisions over all its bubbles in card order.
Out: one FieldReading per field. `-` is a column that is surely blank, `?` one that is undecided.
"""

from collections.abc import Sequence

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


def read_fields(
    page: CardPage, ink: BubbleInk, decisions: BubbleDecisions, unverified: NDArray[np.bool_]
) -> tuple[FieldReading, ...]:
    """Every field of a side. `unverified` (n,) marks bubbles whose print was not found where the map says."""
    readings = []
    at = 0
    for field in page.fields:
        part = slice(at, at + len(field.bubbles))
        readings.append(_read_field(field, part, ink, decisions, bool(unverified[part].any())))
        at = part.stop
    return tuple(readings)


def _read_field(
    field: Field, part: slice, ink: BubbleInk, decisions: BubbleDecisions, unverified: bool
) -> FieldReading:
    states = decisions.state[part]
    inks, usual, margins = ink.ink[part], decisions.usual[part], decisions.margin[part]
    bubbles = tuple(
        BubbleReading(bubble.label, bubble.column, round(own_ink, 4), state, round(margin, 4))
        for bubble, own_ink, state, margin in zip(field.bubbles, inks.tolist(), states, margins.tolist(), strict=True)
    )
    reasons = sorted({reason for own in decisions.reasons[part] for reason in own})
    doubtful = BubbleState.DOUBTFUL in states
    if unverified:
        doubtful = True
        reasons.append("unverified")
    guesses = inks >= GUESS_SHARE * usual
    columns: dict[int, list[int]] = {}
    for i, bubble in enumerate(field.bubbles):
        columns.setdefault(bubble.column, []).append(i)
    if field.kind is FieldKind.DIGITS:
        value, undecided = _digits(field, columns, states, inks > GAP_RESIDUE + GAP_NOISE * ink.noise)
        if undecided and not doubtful:
            reasons.append("multiple" if has_two(columns, states) else "faint")
        doubtful = doubtful or undecided
    else:
        chosen = [_chosen(columns[key], states, guesses) for key in sorted(columns)]
        labels = [field.bubbles[i].label for column in chosen for i in column]
        if field.kind is FieldKind.FLAG:
            value = "1" if labels else ""
        elif field.kind is FieldKind.CHOOSE:
            value = "+".join(labels)
        else:
            value = "".join(labels)
        if field.kind is FieldKind.JOINED and len(columns) > 1 and any(len(column) > 1 for column in chosen):
            doubtful = True  # one character more than there are columns would shift all that follow
            reasons.append("multiple")
    return FieldReading(
        id=field.id,
        kind=field.kind,
        value=value,
        status=ReadingStatus.DOUBTFUL if doubtful else ReadingStatus.OK,
        margin=0.0 if doubtful else float(margins.min()) if bubbles else 0.0,
        bubbles=bubbles,
        reasons=tuple(dict.fromkeys(reasons)),
    )


def has_two(columns: dict[int, list[int]], states: Sequence[BubbleState]) -> bool:
    """Whether any column has more than one certain mark."""
    return any(sum(states[i] is BubbleState.FILLED for i in column) > 1 for column in columns.values())


def _chosen(column: Sequence[int], states: Sequence[BubbleState], guesses: NDArray[np.bool_]) -> list[int]:
    """The filled bubbles; where none is, the doubtful ones that look more like marks than not."""
    filled = [i for i in column if states[i] is BubbleState.FILLED]
    return filled or [i for i in column if states[i] is BubbleState.DOUBTFUL and guesses[i]]


def _digits(
    field: Field, columns: dict[int, list[int]], states: Sequence[BubbleState], residue: NDArray[np.bool_]
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
