"""What `kaiyue exam show` says about an exam."""

from marking.setup.exam_file import read_exam
from marking.setup.overview import exam_overview
from marking.setup.structure import store_exam
from models.database import Database

EXAM = b"""
kaiyue: exam/1
id: t1
title: T
kind: mock
papers:
  - id: m
    full_mark: 9
    card: {size: A4, sides: 1}
    items:
      - {no: "16", kind: written, points: 6, parts: [{no: "(1)", points: 2}, {no: "(2)", points: 4}]}
      - {no: "17", kind: written, points: 3, parts: [{no: "(1)", points: 1}, {no: "(2)", points: 2}]}
    groups: [{id: first, items: ["16(1)", "17"]}]
"""


def test_a_group_names_the_parts_that_it_marks_where_it_does_not_mark_the_whole_item(database: Database) -> None:
    with database.write() as session:
        store_exam(session, read_exam(EXAM))
    with database.read() as session:
        (paper,) = exam_overview(session, "t1").papers
    assert {group.id: (group.items, group.full_mark) for group in paper.groups} == {
        "first": (("16(1)", "17"), "5"),
        "16": (("16(2)",), "4"),
    }
