"""A comparison finds what is wrong, and only that."""

from dataclasses import replace

import pytest

from models.words import FieldKind, PageCode, ReadingStatus
from samples.compare import ReadRow, compare, compare_page, rows_from_csv, rows_from_reading
from samples.truth import PageTruth, read_truth, write_truth
from samples.visible import SeenField
from scanning.reading.result import CandidateReading, FieldReading, PageReading

OK, DOUBTFUL = ReadingStatus.OK, ReadingStatus.DOUBTFUL
TRUTH = PageTruth(
    file="math/01-a/math-01-0001.jpg",
    page=1,
    paper="math",
    side=1,
    identity="0123",
    number="0123",
    barcode="0123",
    n_bubbles=60,
    fields=(
        SeenField("candidate", FieldKind.DIGITS, "0123", ambiguous=False),
        SeenField("item:1", FieldKind.SINGLE, "A", ambiguous=False),
        SeenField("item:2", FieldKind.SINGLE, "AC", ambiguous=False, irregular=True),
        SeenField("item:3", FieldKind.SINGLE, "B", ambiguous=True),
    ),
)
RIGHT = {"candidate": "0123", "item:1": "A", "item:2": "AC", "item:3": "B"}


def rows(values=None, statuses=None, side=1):
    values, statuses = {**RIGHT, **(values or {})}, statuses or {}
    file = "scans/math-01-0001.jpg"
    page = ReadRow(file, 1, side, "_page", "", OK)
    return [page, *(ReadRow(file, 1, side, name, value, statuses.get(name, OK)) for name, value in values.items())]


def test_a_right_reading_has_no_findings():
    found = compare([TRUTH], rows())
    assert (found.pages, found.fields, found.bubbles, found.ambiguous) == (1, 4, 60, 1)
    assert [*found.silent, *found.silent_numbers, *found.needless, *found.refused, *found.lost] == []


def test_a_planted_silent_error_is_caught():
    found = compare([TRUTH], rows({"item:1": "B"}))
    assert [(one.field, one.read, one.true) for one in found.silent] == [("item:1", "B", "A")]
    assert found.silent_ppm == pytest.approx(1e6 / 60)


def test_a_planted_wrong_digit_is_caught_among_the_numbers():
    found = compare([TRUTH], rows({"candidate": "0128"}))
    assert [one.read for one in found.silent_numbers] == ["0128"]
    assert not found.silent


def test_a_field_that_vanished_is_a_silent_error():
    kept = [row for row in rows() if row.field != "item:1"]
    assert [one.field for one in compare([TRUTH], kept).silent] == ["item:1"]


def test_a_wrong_value_that_is_doubtful_is_no_silent_error_but_a_flag():
    found = compare([TRUTH], rows({"item:1": "B"}, {"item:1": DOUBTFUL}))
    assert not found.silent
    assert [one.field for one in found.needless] == ["item:1"]
    assert found.needless_rate == pytest.approx(1 / 3)


def test_ambiguous_and_irregular_fields_may_be_flagged_and_ambiguous_ones_read_either_way():
    found = compare([TRUTH], rows({"item:3": ""}, {"item:2": DOUBTFUL}))
    assert [*found.silent, *found.needless] == []
    assert found.doubtful == 1


def test_a_conflict_of_bubbles_and_barcode_must_be_doubted():
    conflict = replace(TRUTH, barcode="0999")
    assert [one.field for one in compare([conflict], rows()).silent_numbers] == ["candidate"]
    assert not compare([conflict], rows(statuses={"candidate": DOUBTFUL})).needless


def test_a_number_filled_twice_in_a_column_must_be_doubted_unless_the_barcode_speaks():
    twice = SeenField("candidate", FieldKind.DIGITS, "01?3", ambiguous=False, irregular=True, must_doubt=True)
    truth = replace(TRUTH, barcode="", fields=(twice,))
    assert compare([truth], rows({"candidate": "0113"})).silent_numbers
    assert compare([truth], rows({"candidate": "01?3"})).silent_numbers
    spoken = replace(truth, barcode="0123")
    assert not compare([spoken], rows({"candidate": "0123"})).silent_numbers


def test_an_ambiguous_column_excuses_only_itself():
    partly = SeenField("candidate", FieldKind.DIGITS, "0123", ambiguous=True, columns=(3,))
    truth = replace(TRUTH, barcode="", fields=(partly,))
    assert not compare([truth], rows({"candidate": "0128"})).silent_numbers
    assert compare([truth], rows({"candidate": "9123"})).silent_numbers


def test_refused_lost_foreign_and_misplaced_pages():
    refused = [ReadRow("math-01-0001.jpg", 1, None, "_page", "poor_fit", DOUBTFUL)]
    assert [one.read for one in compare([TRUTH], refused).refused] == ["poor_fit"]
    assert len(compare([TRUTH], []).lost) == 1
    stranger = replace(TRUTH, side=None, fields=())
    assert len(compare([stranger], rows()).foreign) == 1
    assert not compare([stranger], refused).foreign
    assert len(compare([TRUTH], rows(side=2)).misplaced) == 1


def test_rows_from_the_csv_and_from_the_values_are_the_same():
    text = (
        "\ufefffile,page,side,field,value,status,margin\n"
        "p.jpg,1,1,_page,,ok,1.00\n"
        "p.jpg,1,1,item:1,A,ok,0.50\n"
        "p.jpg,1,1,candidate,'-123,doubtful,0.00\n"
    )
    reading = PageReading(
        side=1,
        code=None,
        fields=(
            FieldReading("item:1", FieldKind.SINGLE, "A", OK, 0.5),
            FieldReading("candidate", FieldKind.DIGITS, "-1?3", DOUBTFUL, 0.0),
        ),
        candidate=CandidateReading(present=True, value="-123"),
    )
    from_values = [(row.field, row.value, row.status) for row in rows_from_reading("p.jpg", 1, reading)]
    assert [(row.field, row.value, row.status) for row in rows_from_csv(text)] == from_values
    refused = rows_from_reading("p.jpg", 1, PageReading(side=None, code=PageCode.BLANK_PAGE))
    assert [(row.field, row.value, row.side) for row in refused] == [("_page", "blank_page", None)]


def test_the_truth_file_comes_back_as_it_was_written(tmp_path):
    file = tmp_path / "真相 1.json"
    write_truth(file, 7, [TRUTH])
    pages, sittings = read_truth(file)
    assert (pages, sittings) == ([TRUTH], [])
    assert compare_page(pages[0], rows()).fields == 4
    file.write_text('{"kaiyue": "card/1"}', "utf-8")
    with pytest.raises(ValueError, match="truth/1"):
        read_truth(file)


def test_margins_are_counted_by_tenths_with_what_was_wrong_and_doubtful_ones_apart():
    read = [replace(row, margin={"item:1": 0.17, "item:2": 1.0, "item:3": 0.05}.get(row.field, 0.6)) for row in rows()]
    read = [replace(row, value="C") if row.field == "item:1" else row for row in read]
    found = compare([TRUTH], read).margins
    assert found[1 + 1] == [1, 1, 1, 1]  # item 1, wrong
    assert found[1 + 6] == [1, 0, 1, 0]  # the number
    assert found[1 + 9] == [1, 0, 1, 0]  # item 2: a margin of 1 belongs to the last tenth
    assert found[1 + 0] == [0, 0, 1, 0]  # item 3 is ambiguous
    doubted = compare([TRUTH], rows({"item:1": "B"}, {"item:1": DOUBTFUL})).margins
    assert doubted[0] == [1, 1, 1, 1]


def test_margins_add_up_over_comparisons():
    both = compare([TRUTH], rows())
    both.add(compare([TRUTH], rows()))
    assert sum(clear for clear, *_ in both.margins) == 6
