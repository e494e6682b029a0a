"""What the tables of the accuracy benchmark say about what was measured, and about what was not seen."""

import json

import pytest

from benchmarks.reliability import draw, errors, expectation, most_expected, read_rows, reliability, sum_up
from samples.compare import MARGIN_BINS


def row(profile="office", layout="a3-80x4-8", silent=0, pages=11, strangers=1):
    margins = [[0, 0, 0, 0] for _ in range(1 + MARGIN_BINS)]
    margins[0], margins[10] = [3, 1, 5, 2], [480, silent, 480, silent]
    found = {
        **{"pages": pages, "strangers": strangers, "bubbles": 2000, "fields": 500, "ambiguous": 20, "doubtful": 5},
        **{"digits": 80, "margins": margins, "silent": [{"file": "one"}] * silent, "silent_numbers": []},
        **{"needless": [{"file": "one"}] * 3, "refused": [], "foreign": [], "misplaced": [], "lost": []},
    }
    return {"profile": profile, "layout": layout, "found": found}


@pytest.mark.parametrize(("seen", "limit"), [(0, 2.996), (1, 4.744), (3, 7.754), (10, 16.962)])
def test_the_limit_of_what_was_to_be_expected_is_that_of_the_tables(seen, limit) -> None:
    assert most_expected(seen) == pytest.approx(limit, abs=0.002)


def test_slices_add_up_and_strangers_are_no_pages(tmp_path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_text(json.dumps([row(silent=1)]), "utf-8")
    total = sum_up(read_rows(sorted(tmp_path.glob("*.json"))))
    assert (total.pages, total.strangers, total.bubbles, total.silent, total.silent_pages) == (20, 2, 4000, 2, 2)
    assert total.margins[10] == [960, 2, 960, 2]
    text = errors([("office", total)])
    assert "| office | 20 | 4,000 | 1,000 | 2 | 500 | 1574 | 2000 | 10.00 % |" in text
    assert "| 0.62 % | 1.00 % | 0.00 % |" in text  # 6 of 960 clear fields, 10 of 1,000, no page


def test_an_exam_of_180_000_sheets_is_what_was_seen_per_page() -> None:
    text = expectation([("office", sum_up([row(silent=1)]))])
    # 1 silent error and 5 doubtful fields on 10 pages; 90,000 fields of 4 s are 100 hours.
    assert "| office | 18,000 | 85,390 | 90,000 | 0 | 100 |" in text


def test_the_diagram_is_drawn_and_its_table_names_what_was_wrong(tmp_path) -> None:
    named = [("office", sum_up([row(silent=2)])), ("clean", sum_up([row("clean")]))]
    assert "| 0.9-1.0 | 2 of 480 | 0 of 480 |" in reliability(named)
    draw(named, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
