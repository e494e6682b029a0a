"""Score an objective answer by rule (domain.md 4): keys, policies and what they can give.

In:  the item's kind, number of options, key and points, a policy text of the exam file, and the options filled.
Out: exact points. Nothing here knows readings, candidates or tables: a new key is scored by calling again.

Policies of multiple items, with k the size of the key and V the full points; an answer with a wrong option
earns 0 except under `per_option`, a blank answer earns 0:

    all_or_none            V for exactly the key, otherwise 0
    half                   V/2 for a part of the key
    by_count               V x n/k for n options of the key
    flat:2                 2 points for a part of the key
    table:1=2,2=4          points by the number of right options
    table:3/1=2,3/2=4      the same, by size of the key / number of right options
    per_option:0.5,-0.5    each right option and each wrong option, never below the floor

Single and judge items earn V for the right option alone, whatever the policy, and nothing otherwise; under `per_option`
a wrong answer costs the second number, down to the floor: negative marking (domain.md 4.1, 4.4, 4.6).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from models.errors import InputRefused, Sentence, mark_text
from models.paper import JUDGE_LABELS, OPTION_LETTERS, Item
from models.points import ZERO, is_whole_hundredths, parse_points, plain, show_points
from models.words import ItemKind


class PolicyRefused(InputRefused):
    """A policy text that cannot be read, or one that cannot serve this item."""

    code = "policy.invalid"
    sentence = mark_text("The policy {policy} cannot be used: {why}.")
    remedy = mark_text(
        "Use all_or_none, half, by_count, flat:2, table:1=2,2=4, table:3/1=2,3/2=4 or per_option:0.5,-0.5."
    )


class KeyRefused(InputRefused):
    """An answer key that does not fit its item."""

    code = "key.invalid"
    sentence = mark_text("The key {key} cannot be used: {why}.")
    remedy = mark_text(
        "Write option letters such as ACD, T or F for judge items, and A|C where either earns full points."
    )


class AnswerRefused(InputRefused):
    """An answer that names something which the item does not offer."""

    code = "answer.invalid"
    sentence = mark_text("The answer {answer} cannot be scored: {why}.")
    remedy = mark_text("Write option letters such as AC, T or F for judge items, and nothing for a blank answer.")


class PolicyName(StrEnum):
    """The families of policies."""

    ALL_OR_NONE = "all_or_none"
    HALF = "half"
    BY_COUNT = "by_count"
    FLAT = "flat"
    TABLE = "table"
    PER_OPTION = "per_option"


@dataclass(frozen=True, slots=True)
class TableEntry:
    """Points for `right` options of a key of `size` options; any size where `size` is None."""

    size: int | None
    right: int
    points: Decimal


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy text, read. `partial` is flat's number; `right` and `wrong` (not above 0) are per_option's."""

    name: PolicyName
    partial: Decimal = ZERO
    table: tuple[TableEntry, ...] = ()
    right: Decimal = ZERO
    wrong: Decimal = ZERO

    def entry(self, size: int, right: int) -> Decimal | None:
        """What the table gives for `right` of `size`; an entry for this size beats one for any size."""
        found = {
            entry.size: entry.points for entry in self.table if entry.right == right and entry.size in (size, None)
        }
        return found.get(size, found.get(None))


HALF = Policy(PolicyName.HALF)
_ENTRY = re.compile(r"(?:(\d{1,2})\s*/\s*)?(\d{1,2})\s*=\s*(\S+)")


@lru_cache(maxsize=512)
def parse_policy(text: str) -> Policy:
    """Read the policy text of an exam file. Raises PolicyRefused."""
    head, colon, tail = text.strip().partition(":")
    try:
        name = PolicyName(head.strip())
    except ValueError:
        raise PolicyRefused(policy=text, why=Sentence(mark_text("there is no policy of this name"))) from None
    needs_numbers = name in (PolicyName.FLAT, PolicyName.TABLE, PolicyName.PER_OPTION)
    if needs_numbers and not tail.strip():
        raise PolicyRefused(policy=text, why=Sentence(mark_text("its numbers are missing after the colon")))
    if not needs_numbers:
        if colon:
            raise PolicyRefused(policy=text, why=Sentence(mark_text("this policy takes no numbers")))
        return Policy(name)
    if name is PolicyName.FLAT:
        return Policy(name, partial=_policy_number(tail, text, minimum=ZERO))
    if name is PolicyName.TABLE:
        return Policy(name, table=_table(tail, text))
    numbers = tail.split(",")
    if len(numbers) != 2:
        raise PolicyRefused(
            policy=text, why=Sentence(mark_text("it needs two numbers, for each right and each wrong option"))
        )
    right = _policy_number(numbers[0], text, minimum=ZERO)
    wrong = _policy_number(numbers[1], text)
    if wrong > 0:
        raise PolicyRefused(
            policy=text, why=Sentence(mark_text("the second number, for each wrong option, is 0 or has a minus sign"))
        )
    return Policy(name, right=right, wrong=wrong)


def _policy_number(number: str, text: str, minimum: Decimal | None = None) -> Decimal:
    try:
        value = parse_points(number)
    except ValueError:
        raise PolicyRefused(
            policy=text, why=Sentence(mark_text("{number} is not a number"), {"number": number.strip() or "''"})
        ) from None
    if minimum is not None and value < minimum:
        raise PolicyRefused(policy=text, why=Sentence(mark_text("{number} is negative"), {"number": number.strip()}))
    return value


def _table(tail: str, text: str) -> tuple[TableEntry, ...]:
    entries: dict[tuple[int | None, int], TableEntry] = {}
    for written in tail.split(","):
        found = _ENTRY.fullmatch(written.strip())
        if not found:
            raise PolicyRefused(
                policy=text,
                why=Sentence(
                    mark_text("{entry} is not an entry such as 1=2 or 3/1=2"), {"entry": written.strip() or "''"}
                ),
            )
        size = int(found[1]) if found[1] else None
        right = int(found[2])
        if right == 0 or (size is not None and right >= size):
            raise PolicyRefused(
                policy=text,
                why=Sentence(
                    mark_text("{entry} is not about a part of the key: nothing earns 0 and the whole key earns all"),
                    {"entry": written.strip()},
                ),
            )
        if (size, right) in entries:
            raise PolicyRefused(
                policy=text, why=Sentence(mark_text("{entry} is given twice"), {"entry": written.strip()})
            )
        entries[size, right] = TableEntry(size, right, _policy_number(found[3], text, minimum=ZERO))
    return tuple(entries.values())


def labels_of(kind: ItemKind, options: int) -> tuple[str, ...]:
    """The option letters of an objective item."""
    return JUDGE_LABELS if kind is ItemKind.JUDGE else tuple(OPTION_LETTERS[:options])


def parse_key(kind: ItemKind, options: int, text: str) -> tuple[str, ...]:
    """Read a key: alternatives separated by `|`, each as sorted option letters. Raises KeyRefused."""
    labels = labels_of(kind, options)
    alternatives: list[str] = []
    for written in text.upper().split("|"):
        letters = written.strip()
        if not letters:
            raise KeyRefused(key=text or "''", why=Sentence(mark_text("it is empty, or empty beside a |")))
        for letter in letters:
            if letter not in labels:
                raise KeyRefused(
                    key=text,
                    why=Sentence(
                        mark_text("{letter} is not one of {labels}"), {"letter": letter, "labels": " ".join(labels)}
                    ),
                )
        if len(set(letters)) != len(letters):
            raise KeyRefused(key=text, why=Sentence(mark_text("it names an option twice")))
        if kind is not ItemKind.MULTIPLE and len(letters) > 1:
            raise KeyRefused(
                key=text,
                why=Sentence(
                    mark_text("an item of kind {kind} has one right option; where either is right, write A|C"),
                    {"kind": kind.value},
                ),
            )
        alternatives.append("".join(sorted(letters, key=labels.index)))
    return tuple(dict.fromkeys(alternatives))


def parse_answer(kind: ItemKind, options: int, text: str) -> frozenset[str]:
    """Read an answer as a reading writes it: option letters, empty for blank. Raises AnswerRefused."""
    labels = labels_of(kind, options)
    letters = text.strip().upper()
    for letter in letters:
        if letter not in labels:
            raise AnswerRefused(
                answer=text,
                why=Sentence(
                    mark_text("{letter} is not one of {labels}"), {"letter": letter, "labels": " ".join(labels)}
                ),
            )
    return frozenset(letters)


@dataclass(frozen=True, slots=True)
class ScoringRule:
    """All that decides the points of an answer to one objective item.

    `key` as in models.paper.Item; `floor` is the least that a policy with deductions may give.
    """

    kind: ItemKind
    options: int
    key: tuple[str, ...]
    points: Decimal
    policy: Policy = HALF
    floor: Decimal = ZERO


def rule_of(item: Item, floor: Decimal = ZERO) -> ScoringRule:
    """The rule of an objective item. Raises PolicyRefused for a policy text that cannot be read."""
    return ScoringRule(item.kind, item.options, item.key, item.points, parse_policy(item.policy), floor)


def score_answer(rule: ScoringRule, chosen: frozenset[str]) -> Decimal:
    """The points of one answer. `chosen` are the options filled, already beyond doubt.

    With several alternatives in the key the one that gives most counts. Raises PolicyRefused where the
    result is not whole hundredths.
    """
    best = _best(rule, chosen)
    value = plain(Decimal(best.numerator) / Decimal(best.denominator))
    if Fraction(value) != best or not is_whole_hundredths(value):
        raise PolicyRefused(policy=rule.policy.name.value, why=_not_hundredths(best))
    return value


def score_item(item: Item, value: str, floor: Decimal = ZERO) -> Decimal:
    """The points of a confirmed reading `value` (``AC``, ``T``, empty) of an objective item.

    Raises AnswerRefused for letters that the item does not have.
    """
    return score_answer(rule_of(item, floor), parse_answer(item.kind, item.options, value))


def _best(rule: ScoringRule, chosen: frozenset[str]) -> Fraction:
    if rule.kind is not ItemKind.MULTIPLE:
        return max(_of_one(rule, alternative, chosen) for alternative in rule.key)
    return max(
        _of_several(rule, len(alternative), len(chosen & frozenset(alternative)), len(chosen - frozenset(alternative)))
        for alternative in rule.key
    )


def _of_one(rule: ScoringRule, right_option: str, chosen: frozenset[str]) -> Fraction:
    deducts = rule.policy.name is PolicyName.PER_OPTION
    if not chosen:
        return Fraction(0)
    if chosen == {right_option}:
        return Fraction(rule.points)
    return max(Fraction(rule.floor), Fraction(rule.policy.wrong)) if deducts else Fraction(0)


def _of_several(rule: ScoringRule, size: int, right: int, wrong: int) -> Fraction:
    policy = rule.policy
    if policy.name is PolicyName.PER_OPTION:
        return max(Fraction(rule.floor), Fraction(policy.right) * right + Fraction(policy.wrong) * wrong)
    if wrong or not right:
        return Fraction(0)
    if right == size:
        return Fraction(rule.points)
    match policy.name:
        case PolicyName.ALL_OR_NONE:
            return Fraction(0)
        case PolicyName.HALF:
            return Fraction(rule.points) / 2
        case PolicyName.BY_COUNT:
            return Fraction(rule.points) * right / size
        case PolicyName.FLAT:
            return Fraction(policy.partial)
        case PolicyName.TABLE:
            return Fraction(policy.entry(size, right) or ZERO)


def possible_results(rule: ScoringRule) -> tuple[Fraction, ...]:
    """Every score that some answer can earn against one of the alternatives, ascending and exact."""
    if rule.kind is not ItemKind.MULTIPLE:
        labels = labels_of(rule.kind, rule.options)
        answers = [frozenset[str](), *(frozenset(label) for label in labels), frozenset(labels)]
        return tuple(sorted({_best(rule, answer) for answer in answers}))
    found = {
        _of_several(rule, len(alternative), right, wrong)
        for alternative in rule.key
        for right in range(len(alternative) + 1)
        for wrong in range(rule.options - len(alternative) + 1)
    }
    return tuple(sorted(found))


def policy_faults(rule: ScoringRule) -> tuple[Sentence, ...]:
    """Why this policy cannot serve this item; empty when it can.

    A result must be whole hundredths (the tables keep nothing finer) and not above the item's points, and a
    table must speak about every part of the key.
    """
    faults: list[Sentence] = []
    results = possible_results(rule)
    faults += [_not_hundredths(result) for result in results if (result * 100).denominator != 1][:1]
    if results[-1] > rule.points:
        faults.append(
            Sentence(
                mark_text("it can give {result} points where the item has {points}"),
                {"result": _show(results[-1]), "points": show_points(rule.points)},
            )
        )
    if rule.policy.name is PolicyName.TABLE and rule.kind is ItemKind.MULTIPLE:
        faults += [
            Sentence(
                mark_text("its table has no entry for {right} right of {size}"),
                {"right": str(right), "size": str(size)},
            )
            for size in sorted({len(alternative) for alternative in rule.key})
            for right in range(1, size)
            if rule.policy.entry(size, right) is None
        ]
    return tuple(faults)


def _not_hundredths(result: Fraction) -> Sentence:
    return Sentence(mark_text("it can give {result} points, which is not whole hundredths"), {"result": _show(result)})


def _show(result: Fraction) -> str:
    exact = (result * 100).denominator == 1
    return show_points(Decimal(result.numerator) / Decimal(result.denominator)) if exact else str(result)


def section_points(results: Iterable[Decimal], floor: Decimal = ZERO) -> Decimal:
    """Points of a section with deductions, never below its floor (domain.md 4.4)."""
    return plain(max(floor, sum(results, ZERO)))


def formula_score(right: int, wrong: int, options: int) -> Fraction:
    """Right answers less what guessing among `options` would have given: R - W/(m-1) (domain.md 4.6)."""
    if options < 2:
        raise ValueError("guessing needs at least two options")
    return right - Fraction(wrong, options - 1)


def total_without_item(total: Decimal, earned: Decimal, item_points: Decimal, full_mark: Decimal) -> Fraction:
    """A total rescaled to the full mark after one void item was dropped: (T-t) x M/(M-V) (domain.md 4.8)."""
    if not 0 < item_points < full_mark:
        raise ValueError("a void item is a part of the paper, not none or all of it")
    return Fraction(total - earned) * Fraction(full_mark) / Fraction(full_mark - item_points)
