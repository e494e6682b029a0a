"""The simulated scanner really puts things where its known map says."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from models.geometry import SizeMm
from samples.scan_map import upright
from samples.scan_plan import ScanPlan, ScanProfile, plan_scan
from samples.scanner import scan_side

DPI = 200
K = DPI / 25.4
A4 = SizeMm(210.0, 297.0)
PLACES_MM = np.array([[x, y] for y in (30.0, 97.3, 180.4, 266.1) for x in (25.0, 104.7, 184.2)])


def dotted_page() -> np.ndarray:
    page = np.full((round(A4.height_mm * K), round(A4.width_mm * K)), 255, dtype=np.uint8)
    for x_mm, y_mm in PLACES_MM:
        center = (round((x_mm * K - 0.5) * 16), round((y_mm * K - 0.5) * 16))
        cv2.circle(page, center, round(1.5 * K * 16), (0,), -1, cv2.LINE_AA, 4)
    return page


def still(plan: ScanPlan) -> ScanPlan:
    """The same geometry under even light."""
    return replace(
        plan, noise=0.0, shades=(), covers=(), streaks=(), one_bit=False, colour=False, jpeg_quality=95, tone=(1, 1, 0)
    )


@pytest.mark.parametrize("profile", list(ScanProfile))
@pytest.mark.parametrize("turned_deg", [0, 90, 180, 270])
def test_the_known_map_finds_every_dot_within_half_a_pixel(profile, turned_deg):
    page = dotted_page()
    for seed in range(3):
        plan = still(plan_scan(profile, A4, np.random.default_rng([seed, turned_deg]), turned_deg=turned_deg))
        scan = scan_side(page, np.zeros_like(page), DPI, plan)
        for x_px, y_px in scan.map.apply(PLACES_MM):
            reach = round(2.5 * plan.px_per_mm)
            left, top = round(x_px) - reach, round(y_px) - reach
            window = scan.seen[top : top + 2 * reach, left : left + 2 * reach].astype(np.float64)
            assert window.shape == (2 * reach, 2 * reach)
            ink = np.clip(255 - window - 60, 0, None)
            rows, columns = np.mgrid[0 : 2 * reach, 0 : 2 * reach] + 0.5
            found = np.array([(ink * columns).sum(), (ink * rows).sum()]) / ink.sum() + (left, top)
            assert np.hypot(*(found - (x_px, y_px))) < 0.5


def test_the_inverse_undoes_feed_crease_and_lens():
    rng = np.random.default_rng(5)
    plans = [plan_scan(ScanProfile.PHONE, A4, rng) for _ in range(5)]
    plans += [plan_scan(ScanProfile.HARSH, A4, rng) for _ in range(25)]
    assert any(plan.map.feed and plan.map.feed.crease_at_mm >= 0 for plan in plans)
    for plan in plans:
        back = plan.map.card_from_image(plan.map.apply(PLACES_MM))
        assert np.abs(back - PLACES_MM).max() < 0.01


def test_an_ideal_scan_is_the_page_itself():
    page = dotted_page()
    ideal = ScanPlan(ScanProfile.CLEAN, upright(A4.width_mm, A4.height_mm, DPI), K, DPI, jpeg_quality=95)
    scan = scan_side(page, np.zeros_like(page), DPI, ideal)
    assert np.array_equal(scan.seen, page)
    assert np.array_equal(scan.bare, page)


def test_print_and_ink_of_different_size_are_refused():
    page = dotted_page()
    plan = plan_scan(ScanProfile.CLEAN, A4, np.random.default_rng(0))
    with pytest.raises(ValueError, match="different rasters"):
        scan_side(page, np.zeros((10, 10), dtype=np.uint8), DPI, plan)
