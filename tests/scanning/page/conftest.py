"""Cards of the builder, printed: they have timing tracks, which the hand-drawn cards do not."""

import pytest

from marking.setup.exam_file import read_paper
from samples.prints import CardPrint, print_card
from scanning.cards.builder import build_card
from scanning.cards.fonts import find_fonts

_PAPER = """
kaiyue: paper/1
id: tracks
title: 轨道
full_mark: {full}
candidate_number: {{digits: 8}}
card: {{size: {size}, sides: {sides}, columns: {columns}, number: bubbles}}
items:
  - {{no: "1-20", kind: single, options: 4, key: ABCDABCDABCDABCDABCD, points: 1}}
"""


def _print(size: str, sides: int, columns: int) -> CardPrint:
    text = _PAPER.format(full=20, size=size, sides=sides, columns=columns)
    return print_card(build_card(read_paper(text.encode("utf-8"))), find_fonts())


@pytest.fixture(scope="session")
def printed() -> CardPrint:
    """One A4 side with 20 items."""
    return _print("A4", 1, 1)


@pytest.fixture(scope="session")
def two_sided() -> CardPrint:
    """A3, its back without anything but marks, tracks and code."""
    return _print("A3", 2, 3)
