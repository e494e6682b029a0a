"""One small printed card for all tests of the simulator."""

import pytest

from marking.setup.exam_file import read_paper
from models.paper import Paper
from samples.prints import CardPrint, print_card
from scanning.cards.builder import build_card
from scanning.cards.fonts import find_fonts

PAPER = """
kaiyue: paper/1
id: small
title: 小卷
full_mark: 30
candidate_number: {digits: 6}
card: {size: A4, sides: 1, columns: 1, number: bubbles+barcode}
items:
  - {no: "1-8", kind: single, options: 4, key: ABCDABCD, points: 1}
  - {no: "9", kind: multiple, options: 5, key: ACE, points: 3}
  - {no: "10", kind: judge, key: T, points: 1}
  - {no: "11", kind: written, points: 18, height_mm: 60}
"""


@pytest.fixture(scope="session")
def small_paper() -> Paper:
    return read_paper(PAPER.encode("utf-8"))


@pytest.fixture(scope="session")
def small_card(small_paper) -> CardPrint:
    return print_card(build_card(small_paper), find_fonts())
