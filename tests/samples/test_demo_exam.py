"""The invented exam is one that Kaiyue accepts, and its sheets are made the same way every time."""

from collections import Counter
from decimal import Decimal

import pytest

from marking.setup.roster import read_roster
from models.points import is_multiple
from models.words import ItemKind, Role
from samples.answers import sit_exam, worth
from samples.exam import demo_exam
from samples.make import MakePlan, make_exam
from samples.markers import MarkerHabit, give_mark, marker_habit
from samples.people import SCHOOLS
from samples.prints import decode_grey, print_card
from samples.trouble import Trouble, plan_troubles
from samples.truth import read_truth
from scanning.cards.builder import build_card
from scanning.cards.fonts import find_fonts


@pytest.fixture(scope="module")
def demo():
    return demo_exam(120, 3, seed=1)


def test_the_exam_has_every_kind_of_item_and_fits_its_cards(demo):
    math, chinese = demo.exam.papers
    assert (math.full_mark, chinese.full_mark) == (120, 150)
    kinds = {item.kind for paper in demo.exam.papers for item in paper.items}
    assert kinds == set(ItemKind)
    assert math.choose_groups == ("选做",)
    cards = {paper.id: build_card(paper, exam_title=demo.exam.title).template for paper in demo.exam.papers}
    assert (cards["chinese"].page(1).size.width_mm, len(cards["chinese"].pages)) == (420, 2)
    assert len(cards["chinese"].page(1).fields) + len(cards["chinese"].page(2).fields) >= 60
    assert {page.page for page in cards["chinese"].pages if page.regions} == {1, 2}


def test_the_roster_is_accepted_and_spread_evenly(demo):
    roster = read_roster(demo.roster_csv, "roster.csv", 8)
    assert len(roster.lines) == 120
    assert all(line.number.startswith("09") for line in roster.lines)
    classes = Counter((line.school, line.class_name) for line in roster.lines)
    assert len(classes) == 6
    assert set(classes.values()) == {20}
    assert {line.school for line in roster.lines} == set(SCHOOLS)
    names = Counter(line.name for line in roster.lines)
    assert names["张子涵"] >= 2
    assert any("䶮" in name for name in names)


def test_every_group_has_markers_from_two_schools(demo):
    for paper in demo.exam.papers:
        for group in paper.groups:
            markers = [
                one for one in demo.staff if (one.role, one.paper, one.group) == (Role.MARKER, paper.id, group.id)
            ]
            assert len({one.school for one in markers}) >= 2, group.id


def test_answers_are_legal_and_show_ability(demo):
    sittings = sit_exam(demo.exam, demo.roster, 1)
    math = demo.exam.paper("math")
    totals = {}
    for entrant in demo.roster:
        sitting = sittings[entrant.candidate, "math"]
        for item in math.objective_items:
            assert set(sitting.labels[item.no]) <= set(item.labels)
            assert item.kind is ItemKind.MULTIPLE or len(sitting.labels[item.no]) <= 1
        for item in math.subjective_items:
            for unit in [item.part_id(part) for part in item.parts] or [item.no]:
                if unit in sitting.true_points:
                    assert is_multiple(sitting.true_points[unit], item.step)
            assert 0 <= worth(sitting, item) <= item.points
        right = sum(item.points for item in math.objective_items if sitting.labels[item.no] in item.key)
        totals[entrant.candidate] = right + sum(worth(sitting, item) for item in math.subjective_items)
    strong = sorted(demo.roster, key=lambda one: one.ability)[-30:]
    weak = sorted(demo.roster, key=lambda one: one.ability)[:30]
    mean = [sum(totals[one.candidate] for one in group) / 30 for group in (strong, weak)]
    assert mean[0] - mean[1] > 20
    assert 45 < sum(totals.values()) / 120 < 100


def test_marks_are_legal_repeatable_and_follow_severity():
    harsh, fair = MarkerHabit(0.1, 0.02, 5), MarkerHabit(0.0, 0.02, 5)
    full, step = Decimal(12), Decimal(1)
    true = Decimal(7)
    given = {habit: [give_mark(true, full, step, habit, f"m/{n}") for n in range(200)] for habit in (harsh, fair)}
    assert all(is_multiple(mark, step) and 0 <= mark <= full for marks in given.values() for mark in marks)
    assert sum(given[harsh]) < sum(given[fair]) - 100  # a tenth of twelve points, two hundred times, is 240
    assert abs(sum(given[fair]) - 200 * true) < 20
    assert given[fair] == [give_mark(true, full, step, fair, f"m/{n}") for n in range(200)]
    assert give_mark(Decimal(0), full, step, fair, "k") == 0
    assert marker_habit(1, "math01") == marker_habit(1, "math01") != marker_habit(1, "math02")


def test_a_whole_small_exam_is_made_twice_alike_and_its_trouble_is_named(demo, tmp_path):
    small = demo_exam(18, 2, seed=5)
    cards = {paper.id: print_card(build_card(paper), find_fonts()) for paper in small.exam.papers}
    plans = [MakePlan(jobs=1, pdf_school=None), MakePlan(jobs=2, pdf_school=None)]
    made = [
        make_exam(small.exam, cards, small.roster, tmp_path / f"第 {at} 次", seed=5, plan=plan)
        for at, plan in enumerate(plans)
    ]
    first, again = made
    assert first.pages == again.pages
    for page in first.pages:
        data = (tmp_path / "第 0 次" / page.file).read_bytes()
        assert data == (tmp_path / "第 1 次" / page.file).read_bytes()
        if Trouble.TRUNCATED.value not in page.troubles:
            assert decode_grey(data).ndim == 2
    assert read_truth(first.truth_file)[0] == list(first.pages)
    planned = plan_troubles(small.roster, ["math", "chinese"], 5)
    assert Counter(planned.values())[Trouble.ABSENT] == 2
    absent = [page for page in first.pages if page.troubles == ("absent",) and page.side == 1]
    assert [next(f.value for f in page.fields if f.id == "absent") for page in absent] == ["1", "1"]
    assert all(not page.written for page in absent)
    per_sheet = Counter((page.paper, page.identity) for page in first.pages if page.side is not None)
    assert all(n == 2 for n in per_sheet.values())
    with pytest.raises(FileExistsError):
        make_exam(small.exam, cards, small.roster, tmp_path / "第 0 次", seed=5, plan=plans[0])
