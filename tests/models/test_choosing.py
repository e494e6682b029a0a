"""Every row of the decision table for choose-groups (domain.md 4.5), for the default policy and for the others."""

import pytest

from models.choosing import Choice, choose_items
from models.words import ChoosePolicy

DEFAULT = ChoosePolicy.FIRST_IN_PAPER_ORDER
MEMBERS = ("20", "21", "22")


def decide(
    filled: str, inked: str | None, *, take: int = 1, policy: ChoosePolicy = DEFAULT, shared: bool = False
) -> Choice:
    return choose_items(
        MEMBERS,
        take,
        policy,
        filled.split(),
        None if inked is None else inked.split(),
        shared_ink=shared,
    )


def test_one_filled_and_its_frame_written_marks_it() -> None:
    assert decide("21", "21") == Choice(("21",), settled=True)


def test_one_filled_with_a_shared_frame_marks_it() -> None:
    assert decide("21", None, shared=True) == Choice(("21",), settled=True)


def test_one_filled_and_two_frames_written_marks_the_filled_one_and_keeps_a_note() -> None:
    assert decide("21", "20 21") == Choice(("21",), settled=True, note="also_answered")


def test_one_filled_but_only_another_frame_written_goes_to_a_person() -> None:
    assert decide("21", "20") == Choice(("20",), settled=False, note="other_answered")


def test_none_filled_and_one_frame_written_goes_to_a_person() -> None:
    assert decide("", "22") == Choice(("22",), settled=False, note="number_missing")


def test_none_filled_and_several_frames_written_goes_to_a_person_with_the_first() -> None:
    assert decide("", "22 21") == Choice(("21",), settled=False, note="number_missing")


def test_none_filled_and_a_shared_frame_written_goes_to_a_person_with_the_first() -> None:
    assert decide("", None, shared=True) == Choice(("20",), settled=False, note="number_missing")


@pytest.mark.parametrize(
    ("filled", "inked", "counts"),
    [("20 21", "21", "21"), ("22 21", "21 22", "21"), ("20 21 22", "22 20", "20"), ("20 21", "21 22", "21")],
)
def test_two_filled_count_the_first_in_paper_order_among_those_with_writing(
    filled: str, inked: str, counts: str
) -> None:
    assert decide(filled, inked) == Choice((counts,), settled=True, note="too_many")


def test_two_filled_with_a_shared_frame_count_the_first_filled() -> None:
    assert decide("22 21", None, shared=True) == Choice(("21",), settled=True, note="too_many")


def test_two_filled_but_only_a_third_written_goes_to_a_person() -> None:
    assert decide("20 21", "22") == Choice(("22",), settled=False, note="other_answered")


@pytest.mark.parametrize("filled", ["", "21", "20 21"])
@pytest.mark.parametrize("inked", ["", None])
@pytest.mark.parametrize("policy", list(ChoosePolicy))
def test_no_writing_is_a_zero_without_a_task_whatever_is_filled(
    filled: str, inked: str | None, policy: ChoosePolicy
) -> None:
    assert decide(filled, inked, policy=policy) == Choice((), settled=True, note="nothing")


def test_bubbles_in_doubt_go_to_a_person_unless_nothing_is_written() -> None:
    assert choose_items(MEMBERS, 1, DEFAULT, ["21"], ["21"], doubtful=True) == Choice(("21",), False, "undecided")
    assert choose_items(MEMBERS, 1, DEFAULT, ["21"], [], doubtful=True) == Choice((), True, "nothing")


@pytest.mark.parametrize(
    ("filled", "inked", "expected"),
    [
        ("20 22", "20 22", Choice(("20", "22"), True)),
        ("20 22", "20 21 22", Choice(("20", "22"), True, "also_answered")),
        ("20 22", "20", Choice(("20", "22"), True)),
        ("20 22", "20 21", Choice(("20", "21"), False, "other_answered")),
        ("22", "22", Choice(("22",), True)),
        ("22", "20 22", Choice(("20", "22"), False, "number_missing")),
        ("22", "20 21 22", Choice(("20", "22"), False, "number_missing")),
        ("20 21 22", "21 22", Choice(("21", "22"), True, "too_many")),
    ],
)
def test_two_of_three_follow_the_same_rules(filled: str, inked: str, expected: Choice) -> None:
    assert decide(filled, inked, take=2) == expected


@pytest.mark.parametrize(
    ("policy", "filled", "inked", "expected"),
    [
        (ChoosePolicy.MARKED_ONLY, "", "21", Choice((), True, "unmarked_zero")),
        (ChoosePolicy.MARKED_ONLY, "21", "20", Choice(("21",), True)),
        (ChoosePolicy.MARKED_ONLY, "21 22", "22", Choice(("22",), True, "too_many")),
        (ChoosePolicy.ZERO_IF_MULTI, "21 22", "22", Choice((), True, "too_many_zero")),
        (ChoosePolicy.ZERO_IF_MULTI, "22", "22", Choice(("22",), True)),
        (ChoosePolicy.ZERO_IF_MULTI, "", "22", Choice(("22",), False, "number_missing")),
        (ChoosePolicy.BEST_OF, "21", "20 21", Choice(("20", "21"), True, "also_answered")),
        (ChoosePolicy.BEST_OF, "", "22", Choice(("22",), True)),
        (ChoosePolicy.MANUAL, "21", "21", Choice(("21",), False, "by_hand")),
        (ChoosePolicy.MANUAL, "21", "20", Choice(("20",), False, "by_hand")),
    ],
)
def test_the_other_policies(policy: ChoosePolicy, filled: str, inked: str, expected: Choice) -> None:
    assert decide(filled, inked, policy=policy) == expected
