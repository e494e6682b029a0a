"""Sides become sheets only where the scan leaves no doubt; nothing is ever attached to the wrong front."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanning.assemble import Claim, FilePlace, SideSeen, Spot, Verdict, follow, judge, spots


def seen(*sides: int | None, sequence: str = "pdf", start: int = 1) -> list[SideSeen]:
    """Pages 1, 2, 3 … of one scan; only fronts carry a number."""
    return [
        SideSeen(page_id=at, sequence=sequence, position=at, side=side, has_number=side == 1, card_id=7)
        for at, side in enumerate(sides, start=start)
    ]


def stack(sheets: int) -> list[tuple[int, int]]:
    return [(sheet, side) for sheet in range(sheets) for side in (1, 2)]


def as_scanned(pages: list[tuple[int, int] | None]) -> tuple[list[SideSeen], dict[int, int]]:
    """Pages of known owners in the order scanned, and whose each page is."""
    owner = {at: page[0] for at, page in enumerate(pages, start=1) if page is not None}
    return seen(*(page[1] if page else None for page in pages)), owner


def wrong(pages: list[tuple[int, int] | None]) -> int:
    sides, owner = as_scanned(pages)
    return sum(owner[back] != owner[front] for back, front in follow(sides, duplex=True).items())


def test_a_duplex_stack_pairs_every_back_with_the_front_before_it() -> None:
    assert follow(seen(1, 2, 1, 2, 1, 2), duplex=True) == {2: 1, 4: 3, 6: 5}


def test_sides_scanned_one_by_one_inherit_nothing() -> None:
    assert follow(seen(1, 2, 1, 2), duplex=False) == {}


def test_after_a_missing_back_nothing_is_inherited_any_more() -> None:
    assert follow(seen(1, 2, 1, 2, 1, 1, 2, 1, 2), duplex=True) == {2: 1, 4: 3}


def test_a_missing_front_at_the_beginning_leaves_nothing() -> None:
    assert follow(seen(2, 1, 2, 1, 2), duplex=True) == {}


def test_a_page_that_cannot_be_read_holds_its_place_and_costs_only_its_own_sheet() -> None:
    assert follow(seen(1, 2, None, 2, 1, None, 1, 2), duplex=True) == {2: 1, 8: 7}


def test_a_page_too_many_is_a_break_even_if_it_cannot_be_read() -> None:
    assert follow(seen(1, 2, None, 1, 2, 1, 2), duplex=True) == {2: 1}


def test_a_turned_over_sheet_is_a_break() -> None:
    assert follow(seen(*[1, 2] * 2, 2, 1, *[1, 2] * 14), duplex=True) == {2: 1, 4: 3}


def test_two_breaks_in_a_short_stack_leave_nothing_to_trust() -> None:
    assert follow(seen(1, 2, 1, 2, 2, 1, 1, 2), duplex=True) == {}


def test_sides_of_different_versions_are_not_one_sheet() -> None:
    pages = seen(1, 2, 1, 2)
    pages[3] = SideSeen(4, "pdf", 4, 2, has_number=False, card_id=8)
    assert follow(pages, duplex=True) == {2: 1}


def test_each_scan_is_judged_by_itself() -> None:
    broken = seen(1, 1, 2)
    whole = seen(1, 2, sequence="other", start=11)
    assert follow([*broken, *whole], duplex=True) == {12: 11}


def test_sides_that_all_carry_a_number_need_no_neighbour() -> None:
    pages = [SideSeen(at, "pdf", at, side, True, 7) for at, side in enumerate((2, 2, 1, 1), start=1)]
    assert follow(pages, duplex=True) == {}


@given(st.permutations(range(6)), st.sets(st.integers(0, 11), max_size=1), st.sets(st.integers(0, 11), max_size=4))
@settings(deadline=None, derandomize=True, max_examples=300)
def test_whole_sheets_in_any_order_with_a_page_lost_and_others_unreadable_never_mix(
    order: list[int], lost: set[int], unreadable: set[int]
) -> None:
    pages: list[tuple[int, int] | None] = [(sheet, side) for sheet in order for side in (1, 2)]
    pages = [None if at in unreadable else page for at, page in enumerate(pages)]
    pages = [page for at, page in enumerate(pages) if at not in lost]
    assert wrong(pages) == 0


@pytest.mark.parametrize("sheets", [20, 200])
def test_single_sides_in_random_order_are_never_taken_for_a_duplex_stack(sheets: int) -> None:
    rng = random.Random(20)
    for _ in range(300 if sheets == 20 else 50):
        pages: list[tuple[int, int] | None] = list(stack(sheets))
        rng.shuffle(pages)
        assert follow(as_scanned(pages)[0], duplex=True) == {}


def test_one_lost_page_in_a_long_stack_costs_what_comes_after_it_and_nothing_before() -> None:
    pages: list[tuple[int, int] | None] = [page for page in stack(40) if page != (30, 2)]
    sides, owner = as_scanned(pages)
    found = follow(sides, duplex=True)
    assert len(found) == 30
    assert all(owner[back] == owner[front] for back, front in found.items())


def test_files_of_one_page_are_one_scan_by_their_numbers_and_a_missing_file_leaves_a_gap() -> None:
    names = ["room 1/scan0001.jpg", "room 1/scan0002.jpg", "room 1/scan0004.jpg", "room 1/scan0005.jpg"]
    found = spots(FilePlace(at, at, name, 1) for at, name in enumerate(names))
    assert {spot.sequence for spot in found.values()} == {"room 1/scan#"}
    assert [found[at].position for at in range(4)] == [1, 2, 4, 5]


def test_names_that_are_times_of_day_follow_the_order_of_files() -> None:
    names = ["IMG_083015.jpg", "IMG_083121.jpg", "IMG_090000.jpg"]
    found = spots(FilePlace(at, at, name, 1) for at, name in enumerate(names))
    assert [found[at].position for at in range(3)] == [0, 1, 2]


def test_a_file_of_several_pages_is_a_scan_of_its_own() -> None:
    found = spots([FilePlace(5, 0, "a.pdf", 40), FilePlace(6, 1, "b.pdf", 2)])
    assert found == {5: Spot("file:5", 1), 6: Spot("file:6", 1)}


def claim(page_id: int, side: int, card_id: int = 7) -> Claim:
    return Claim(page_id, side, card_id)


@pytest.mark.parametrize(
    ("claims", "verdict"),
    [
        ([], Verdict.NOTHING),
        ([claim(1, 1), claim(2, 2)], Verdict.ONE_SHEET),
        ([claim(1, 1)], Verdict.INCOMPLETE),
        ([claim(2, 2)], Verdict.INCOMPLETE),
        ([claim(1, 1), claim(2, 2), claim(3, 1)], Verdict.TWICE),
        ([claim(1, 1), claim(3, 1)], Verdict.TWICE),
        ([claim(1, 1), claim(2, 2, 8)], Verdict.MIXED_CARDS),
        ([claim(1, 1, 9)], Verdict.ONE_SHEET),
        ([claim(1, 1, 9), claim(2, 2, 9)], Verdict.INCOMPLETE),
    ],
)
def test_what_claims_one_candidate_is_a_whole_sheet_or_waits(claims: list[Claim], verdict: Verdict) -> None:
    assert judge(claims, {7: 2, 8: 2, 9: 1}) is verdict


@given(st.lists(st.tuples(st.integers(1, 2), st.sampled_from([7, 8])), max_size=5), st.randoms())
@settings(deadline=None, derandomize=True)
def test_the_order_in_which_pages_came_plays_no_part(sides: list[tuple[int, int]], rng: random.Random) -> None:
    claims = [claim(at, side, card) for at, (side, card) in enumerate(sides)]
    shuffled = list(claims)
    rng.shuffle(shuffled)
    assert judge(shuffled, {7: 2, 8: 2}) is judge(claims, {7: 2, 8: 2})
