"""The quick look at the corners: what it finds, what it leaves to the search of the whole page, and what it spares."""

import cv2
import numpy as np
import pytest

from models.geometry import RectMm
from models.words import PageCode
from scanning.page import print_fit, registration
from scanning.page.code import make_pattern, shows_code
from scanning.page.corners import find_at_corners
from scanning.page.image import Refusal
from scanning.page.print_fit import Found, Side
from scanning.page.probes import make_probes
from scanning.page.registration import register
from tests.scanning.drawn_cards import PX, answer, drawn_card, print_page, scan, usual_answers

CODED = drawn_card()
SIDES = [Side(page, make_probes(page), make_pattern(page)) for page in CODED.pages]
FRONT = CODED.page(1)


def filled(page=1):
    own = CODED.page(page)
    return answer(print_page(own), own, usual_answers())


def at_corners(grey):
    return list(find_at_corners(grey, FRONT.fiducials, FRONT.size))


def painted(grey, rect: RectMm, value: int):
    changed = grey.copy()
    changed[
        max(0, round(rect.y_mm * PX)) : round(rect.bottom_mm * PX),
        max(0, round(rect.x_mm * PX)) : round(rect.right_mm * PX),
    ] = value
    return changed


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize("page", [1, 2])
def test_a_clean_page_costs_one_look_at_its_print_and_no_search(turn, page, monkeypatch) -> None:
    looks = []
    real = registration.measure

    def counted(*given):
        looks.append(given)
        return real(*given)

    def never(*_given):
        raise AssertionError("a clean page was searched")

    monkeypatch.setattr(registration, "measure", counted)
    monkeypatch.setattr(print_fit, "measure", counted)
    monkeypatch.setattr(registration, "find_blobs", never)
    monkeypatch.setattr(registration, "make_thumbnail", never)
    found = register(scan(filled(page), turn=turn, angle_deg=0.5), SIDES)
    assert isinstance(found, Found), found
    assert (found.registration.page.page, found.registration.turned_deg) == (page, (360 - 90 * turn) % 360)
    assert len(looks) == 1


@pytest.mark.parametrize(
    "how",
    [
        {"turn": 2},
        {"angle_deg": 1.5, "pad_px": 20},
        {"scale": (1.01, 0.985)},
        {"scale": (0.75, 0.75)},
        {"scale": (1.5, 1.5)},
        {"white": 200, "black": 110},
    ],
)
def test_the_quick_look_and_the_search_find_the_same_place(how, monkeypatch) -> None:
    grey = scan(filled(), **how)
    assert at_corners(grey)
    quick = register(grey, SIDES)
    monkeypatch.setattr(registration, "_at_corners", lambda *_given: None)
    searched = register(grey, SIDES)
    assert isinstance(quick, Found)
    assert isinstance(searched, Found)
    points = np.array([[x, y] for x in (20.0, 105.0, 190.0) for y in (20.0, 150.0, 280.0)])
    apart = np.abs(quick.registration.map.apply(points) - searched.registration.map.apply(points)).max()
    assert apart < 0.02 * quick.registration.px_per_mm
    assert quick.registration.residual_mm == pytest.approx(searched.registration.residual_mm, abs=0.01)
    assert quick.warnings == searched.warnings


def test_a_missing_mark_or_a_shape_too_many_is_left_to_the_search() -> None:
    grey = scan(filled())
    assert at_corners(grey)
    assert not at_corners(painted(grey, RectMm(195, 284, 8, 6), 245))
    assert not at_corners(painted(grey, RectMm(196, 279.5, 6, 4), 20))


def test_four_marks_without_the_print_between_them_prove_nothing() -> None:
    grey = scan(filled())
    for rect in (RectMm(14, 36, 182, 115), RectMm(14, 158, 182, 120)):
        grey = painted(grey, rect, 245)
    assert at_corners(grey)
    assert registration._at_corners(grey, SIDES) is None


def test_the_marks_of_another_papers_card_are_not_enough() -> None:
    other = drawn_card(paper="english").page(1)
    grey = scan(answer(print_page(other), other, usual_answers()))
    assert at_corners(grey)
    assert registration._at_corners(grey, SIDES) is None
    refused = register(grey, SIDES)
    assert isinstance(refused, Refusal)
    assert refused.code is PageCode.WRONG_CARD


def test_an_image_of_other_proportions_is_not_the_sheet_alone() -> None:
    grey = scan(filled())
    beside = cv2.copyMakeBorder(grey, 0, 0, 0, 300, cv2.BORDER_CONSTANT, value=245)
    assert not at_corners(beside)
    assert isinstance(register(beside, SIDES), Found)


def test_the_code_is_compared_module_by_module_and_nothing_but_this_one_passes() -> None:
    found = register(scan(filled()), SIDES)
    assert isinstance(found, Found)
    grey = scan(filled())
    own, back = (make_pattern(page) for page in CODED.pages)
    newer = make_pattern(drawn_card(version=2).page(1))
    assert own is not None
    assert back is not None
    assert newer is not None
    assert shows_code(grey, found.registration.map, own)
    assert not shows_code(grey, found.registration.map, back)
    assert not shows_code(grey, found.registration.map, newer)
    for pattern in (back, newer):  # no code is taken for its neighbour, however many modules are spoilt
        assert np.count_nonzero(own.dark != pattern.dark) >= 11
    code = FRONT.code
    assert code is not None
    assert not shows_code(painted(grey, code, 245), found.registration.map, own)
    hidden = painted(grey, RectMm(code.x_mm, code.y_mm, code.width_mm, 3.0), 20)
    assert not shows_code(hidden, found.registration.map, own)


def test_a_code_that_is_spoilt_here_and_there_is_still_read(monkeypatch) -> None:
    code = FRONT.code
    assert code is not None
    pattern = make_pattern(FRONT)
    side = Side(FRONT, SIDES[0].probes, pattern)
    grey = painted(scan(filled()), RectMm(code.x_mm + 5.5, code.y_mm + 5.5, 2.4, 2.4), 20)
    asked = []
    real = registration.read_code
    monkeypatch.setattr(registration, "read_code", lambda *given: asked.append(given) or real(*given))
    found = register(grey, [side])
    assert isinstance(found, Found)
    assert found.warnings == ()
    assert asked
