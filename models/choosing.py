"""Which items of a choose-group count for one candidate (domain.md 4.5, 选做题).

In:  the members in paper order, how many are asked for, the policy, which numbers were filled in, and where there
     is writing. Out: the members that count, or that a person has to say so, with the best proposal.
Nothing is guessed: where the filled number and the writing do not agree, a person decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.words import ChoosePolicy


@dataclass(frozen=True, slots=True)
class Choice:
    """What counts of a choose-group: `items` in paper order; empty means that nothing was answered, a zero.

    `settled` is False where a person has to decide; `items` is then only a proposal. `note` is a fixed word for
    the person: ``also_answered``, ``other_answered``, ``number_missing``, ``too_many``, ``too_many_zero``,
    ``unmarked_zero``, ``nothing``, ``undecided``, ``by_hand``, or empty for the plain case.
    """

    items: tuple[str, ...]
    settled: bool
    note: str = ""


def choose_items(
    members: Sequence[str],
    take: int,
    policy: ChoosePolicy,
    filled: Sequence[str],
    inked: Sequence[str] | None,
    *,
    doubtful: bool = False,
    shared_ink: bool = False,
) -> Choice:
    """Apply the decision table to one candidate.

    `members` are item nos in paper order, `filled` the numbers whose bubbles are filled, `inked` the members
    whose own frame carries writing. For members that share one frame `inked` is None and `shared_ink` says
    whether there is writing in it. `doubtful` means that the number bubbles were not read with certainty.
    """
    marked = tuple(no for no in members if no in filled)
    written = None if inked is None else tuple(no for no in members if no in inked)
    if not (shared_ink if written is None else written):
        return Choice((), settled=True, note="nothing")  # whatever is filled in: no answer, no task, a zero
    if doubtful:
        return Choice(_propose(members, take, marked, written), settled=False, note="undecided")
    if policy is ChoosePolicy.MANUAL:
        return Choice(_propose(members, take, marked, written), settled=False, note="by_hand")
    if policy is ChoosePolicy.BEST_OF and written is not None:
        # every answered member is marked; which of them count is decided by their scores
        return Choice(written, settled=True, note="also_answered" if len(written) > take else "")
    if len(marked) > take:
        return _too_many(members, take, policy, marked, written)
    if len(marked) < take:
        return _too_few(members, take, policy, marked, written)
    return _as_many_as_asked(members, take, policy, marked, written)


def _as_many_as_asked(
    members: Sequence[str], take: int, policy: ChoosePolicy, marked: tuple[str, ...], written: tuple[str, ...] | None
) -> Choice:
    """The numbers are filled in as asked; the writing agrees, goes beyond them, or stands elsewhere."""
    if written is None or policy is ChoosePolicy.MARKED_ONLY:
        return Choice(marked, settled=True)
    elsewhere = [no for no in written if no not in marked]
    if not elsewhere:
        return Choice(marked, settled=True)
    if all(no in written for no in marked):
        return Choice(marked, settled=True, note="also_answered")  # the filled number decides
    return Choice(_propose(members, take, (), written), settled=False, note="other_answered")


def _too_many(
    members: Sequence[str], take: int, policy: ChoosePolicy, marked: tuple[str, ...], written: tuple[str, ...] | None
) -> Choice:
    """More numbers are filled in than asked for: the first in paper order among those with writing count."""
    if policy is ChoosePolicy.ZERO_IF_MULTI:
        return Choice((), settled=True, note="too_many_zero")
    answered = marked if written is None else tuple(no for no in marked if no in written)
    if not answered:
        return Choice(_propose(members, take, (), written), settled=False, note="other_answered")
    return Choice(answered[:take], settled=True, note="too_many")


def _too_few(
    members: Sequence[str], take: int, policy: ChoosePolicy, marked: tuple[str, ...], written: tuple[str, ...] | None
) -> Choice:
    """Fewer numbers are filled in than asked for; with one to choose that means none."""
    if policy is ChoosePolicy.MARKED_ONLY:
        return Choice(marked, settled=True, note="unmarked_zero")
    if marked and written is not None and all(no in marked for no in written):
        return Choice(marked, settled=True)  # answered fewer than allowed, and said so
    return Choice(_propose(members, take, marked, written), settled=False, note="number_missing")


def _propose(
    members: Sequence[str], take: int, marked: tuple[str, ...], written: tuple[str, ...] | None
) -> tuple[str, ...]:
    """What the person is shown first: filled numbers with writing, then other writing, in paper order."""
    if written is None:
        return (marked or tuple(members))[:take]
    first = [no for no in marked if no in written]
    first += [no for no in written if no not in first]
    return tuple(no for no in members if no in first[:take])
