"""Pages that are no side of a card: made the same from the same seed, and none of them read as one."""

import numpy as np
import pytest

from samples.compare import compare_page, rows_from_reading
from samples.layouts import layouts
from samples.prints import print_card
from samples.scan_plan import ScanProfile
from samples.strangers import Stranger, draw_stranger
from samples.trial import OtherProfile, Trial, judge, random_stranger, trial_named
from scanning.cards.builder import build_card
from scanning.cards.fonts import find_fonts
from scanning.read_page import ReadingOptions, read_bytes
from scanning.reading.result import PageReading

LAYOUT = "a4-20x4-8"


@pytest.fixture(scope="module")
def other_version():
    return print_card(build_card(layouts((LAYOUT,))[LAYOUT], version=2), find_fonts())


@pytest.mark.parametrize("kind", list(Stranger))
def test_no_stranger_is_read_as_a_side_of_the_card(kind, other_version) -> None:
    card = build_card(layouts((LAYOUT,))[LAYOUT]).template
    trial = Trial(LAYOUT, 1, ScanProfile.OFFICE, 7, kind)
    drawn = random_stranger(trial, other_version)
    found = judge(trial, drawn, read_bytes(drawn.data, card, ReadingOptions(crops=None)))
    assert drawn.truth.side is None
    assert (found.pages, found.strangers) == (1, 1)
    assert [*found.foreign, *found.lost, *found.refused] == []


def test_a_stranger_that_is_read_is_named_by_its_kind(other_version) -> None:
    trial = Trial(LAYOUT, 1, ScanProfile.CLEAN, 7, Stranger.LETTER)
    drawn = random_stranger(trial, other_version)
    (finding,) = compare_page(drawn.truth, rows_from_reading("", 1, PageReading(side=1, code=None))).foreign
    assert finding.true == "letter"


@pytest.mark.parametrize("kind", [Stranger.LETTER, Stranger.FORM])
def test_the_same_seed_gives_the_same_stranger_and_another_seed_another(kind) -> None:
    first, again, other = (
        draw_stranger(kind, ScanProfile.OFFICE, np.random.default_rng(seed)).data for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_a_stranger_is_found_again_by_its_name() -> None:
    for profile in (ScanProfile.PHONE, OtherProfile.OTHERS):
        trial = Trial("a4-40x7-9", 1, profile, 300_007, Stranger.OTHER_CARD)
        assert trial_named(trial.name) == trial
