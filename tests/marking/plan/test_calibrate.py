"""What the trial says about a tolerance, worked out by hand."""

from decimal import Decimal

import pytest

from marking.plan.calibrate import predict, suggested
from marking.rounds.policy import SettleRules
from models.paper import GroupPart
from models.words import Boundary, Compare, MarkingMode

TWELVE = SettleRules(MarkingMode.DOUBLE_THIRD, (GroupPart("13", "13", Decimal(12), Decimal(1)),), Decimal(12))


def marks(*points: str) -> list[dict[str, Decimal]]:
    return [{"13": Decimal(one)} for one in points]


def test_the_rate_is_the_mean_share_of_pairs_that_lie_apart() -> None:
    # differences 0 1 1 | 2 4 2 | 0; at 0: 2/3, 1, 0; at 1: 0, 1, 0; at 2 and 3: 0, 1/3, 0; at 4 nothing
    found = predict([marks("6", "6", "7"), marks("2", "4", "6"), marks("9", "9")], TWELVE)
    assert [one.tolerance for one in found] == [0, 1, 2, 3, 4]
    assert [one.rate for one in found] == pytest.approx([5 / 9, 1 / 3, 1 / 9, 1 / 9, 0])
    assert found[1].error == pytest.approx(1 / 3)  # shares 0, 1, 0: variance 1/3, over 3 scripts 1/9
    assert (found[0].scripts, found[0].pairs) == (3, 7)
    best = suggested(found)
    assert best is not None
    assert best.tolerance == 2


def test_the_boundary_the_comparison_and_the_step_of_the_group_decide() -> None:
    strict = SettleRules(TWELVE.mode, TWELVE.parts, TWELVE.full_mark, boundary=Boundary.STRICT)
    assert [one.rate for one in predict([marks("6", "8")], strict)] == [1, 1, 1, 0]
    halves = (GroupPart("(1)", "16", Decimal(2), Decimal("0.5")), GroupPart("(2)", "16", Decimal(4), Decimal(1)))
    swapped = [{"(1)": Decimal(2), "(2)": Decimal(1)}, {"(1)": Decimal(1), "(2)": Decimal(2)}]
    total = SettleRules(MarkingMode.DOUBLE, halves, Decimal(6))
    assert [one.rate for one in predict([swapped], total)] == [0]
    each = SettleRules(MarkingMode.DOUBLE, halves, Decimal(6), compare=Compare.EACH)
    assert [(str(one.tolerance), one.rate) for one in predict([swapped], each)] == [("0", 1), ("0.5", 1), ("1.0", 0)]


def test_a_script_that_one_person_marked_says_nothing() -> None:
    assert predict([marks("6"), []], TWELVE) == []
    assert suggested([]) is None
    (only,) = predict([marks("6"), marks("5", "5")], TWELVE)
    assert (only.scripts, only.rate, only.error) == (1, 0, None)
