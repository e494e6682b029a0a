"""Cards of several layouts for benchmarks and tests: number lengths, item counts, options, sheet sizes.

In:  nothing. Out: papers by name; each is a paper file of the contract, read by the same parser as everybody's.
"""

from collections.abc import Mapping

from marking.setup.exam_file import read_paper
from models.paper import Paper

_HEAD = """kaiyue: paper/1
id: {id}
title: {title}
full_mark: {full}
candidate_number: {{digits: {digits}}}
card: {{size: {size}, sides: {sides}, columns: {columns}, number: {number}}}
items:
"""


def _key(n_items: int, n_options: int) -> str:
    """A key in which every option comes up: A, C, E …, then the rest."""
    return "".join("ABCDEFG"[(3 * at + at // n_options) % n_options] for at in range(n_items))


def _singles(first: int, last: int, options: int, points: int = 1) -> str:
    key = _key(last - first + 1, options)
    return f'  - {{no: "{first}-{last}", kind: single, options: {options}, key: {key}, points: {points}}}\n'


_LAYOUTS: dict[str, str] = {
    "a4-20x4-8": _HEAD.format(
        id="a4s", title="测试一", full=40, digits=8, size="A4", sides=1, columns=1, number="bubbles+barcode"
    )
    + _singles(1, 20, 4)
    + '  - {no: "21", kind: written, points: 20, height_mm: 60}\n',
    "a4-60x4-10": _HEAD.format(
        id="a4m", title="测试二", full=78, digits=10, size="A4", sides=1, columns=1, number="bubbles"
    )
    + _singles(1, 50, 4)
    + '  - {no: "51-55", kind: multiple, options: 5, key: [AC, BDE, AE, BC, ACD], points: 4}\n'
    + '  - {no: "56-60", kind: judge, key: TFFTT, points: 1}\n'
    + '  - {no: "61", kind: written, points: 3, height_mm: 30}\n',
    "a4-100x5-12": _HEAD.format(
        id="a4l", title="测试三", full=100, digits=12, size="A4", sides=1, columns=1, number="bubbles"
    )
    + _singles(1, 100, 5),
    "a4-40x7-9": _HEAD.format(
        id="a4w", title="测试四", full=60, digits=9, size="A4", sides=1, columns=1, number="bubbles+barcode"
    )
    + _singles(1, 40, 7)
    + '  - {no: "41,42", kind: written, points: 20, height_mm: 30, choose: {group: 选做, take: 1}}\n',
    "a3-80x4-8": _HEAD.format(
        id="a3w", title="测试五", full=128, digits=8, size="A3", sides=2, columns=3, number="bubbles+barcode"
    )
    + _singles(1, 80, 4)
    + '  - {no: "81", kind: written, points: 18, height_mm: 120}\n'
    + '  - {no: "82", kind: written, points: 30, height_mm: 200}\n',
    "a4-speed": _HEAD.format(
        id="a4v", title="测速", full=100, digits=8, size="A4", sides=1, columns=1, number="bubbles"
    )
    + _singles(1, 40, 4)
    + '  - {no: "41-52", kind: written, points: 5, height_mm: 8.5}\n',
}
_FOR_SPEED = frozenset({"a4-speed"})


def layout_names() -> tuple[str, ...]:
    """The layouts that accuracy is measured on: sheet, items x options, digits of the number."""
    return tuple(name for name in _LAYOUTS if name not in _FOR_SPEED)


def layouts(names: tuple[str, ...] = ()) -> Mapping[str, Paper]:
    """The papers of the named layouts, all by default. Raises KeyError for an unknown name."""
    return {name: read_paper(_LAYOUTS[name].encode("utf-8")) for name in names or layout_names()}
