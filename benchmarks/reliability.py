"""Tables and the diagram of docs/reading.md from what benchmarks/accuracy.py measured.

    python -m benchmarks.reliability accuracy-*.json --figure docs/pictures/reliability.png

In: one or more of its JSON files (slices with different seeds add up). Out: Markdown on stdout: errors and doubts per
field and per page, A3 by itself, how often values of each margin are wrong, what an exam of 30,000 candidates in six
papers has to expect, and how long people look at it.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import exp, lgamma, log
from pathlib import Path
from typing import Any

from samples.compare import MARGIN_BINS

CANDIDATES, PAPERS = 30_000, 6
FIELD_S = 4.0  # a doubtful answer on the wall: its picture and a key; an assumption, to be replaced by your own
PAGE_S = 40.0  # a refused page: looked at, assigned or scanned again
CONFIDENCE = 0.95


@dataclass(slots=True)
class Sum:
    """What some rows come to. `margins` are as in samples/compare.py."""

    pages: int = 0
    bubbles: int = 0
    fields: int = 0
    ambiguous: int = 0
    doubtful: int = 0
    digits: int = 0
    strangers: int = 0
    silent: int = 0
    silent_pages: int = 0
    silent_numbers: int = 0
    needless: int = 0
    refused: int = 0
    foreign: int = 0
    misplaced: int = 0
    lost: int = 0
    margins: list[list[int]] = field(default_factory=lambda: [[0, 0, 0, 0] for _ in range(1 + MARGIN_BINS)])

    def add(self, found: dict[str, Any]) -> None:
        """Take in one row's findings."""
        for name in ("bubbles", "fields", "ambiguous", "doubtful", "digits", "strangers"):
            setattr(self, name, getattr(self, name) + found[name])
        self.pages += found["pages"] - found["strangers"]
        for name in ("silent", "silent_numbers", "needless", "refused", "foreign", "misplaced", "lost"):
            setattr(self, name, getattr(self, name) + len(found[name]))
        self.silent_pages += len({one["file"] for one in (*found["silent"], *found["silent_numbers"])})
        for mine, theirs in zip(self.margins, found["margins"], strict=True):
            mine[:] = [a + b for a, b in zip(mine, theirs, strict=True)]

    @property
    def clear(self) -> int:
        """Fields that a person would not have doubted."""
        return max(self.fields - self.ambiguous, 1)


def most_expected(events: int) -> float:
    """The upper 95 % limit of how many events were to be expected when so many were seen (Poisson, one-sided)."""
    low, high = float(events), events + 10.0 + 4.0 * events**0.5
    while high - low > 1e-6:
        middle = (low + high) / 2
        chance = sum(exp(at * log(middle) - middle - lgamma(at + 1)) for at in range(events + 1))
        low, high = (middle, high) if chance > 1 - CONFIDENCE else (low, middle)
    return high


def read_rows(files: Iterable[Path]) -> list[dict[str, Any]]:
    """All rows of several result files."""
    return [row for file in files for row in json.loads(file.read_text("utf-8"))]


def sum_up(rows: Iterable[dict[str, Any]]) -> Sum:
    """Their sum."""
    total = Sum()
    for row in rows:
        total.add(row["found"])
    return total


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " ---: |" * (len(heads) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def _percent(part: float, whole: float, digits: int = 2) -> str:
    return f"{100 * part / max(whole, 1):.{digits}f} %"


def _ppm(part: float, whole: float) -> str:
    return f"{1e6 * part / max(whole, 1):.0f}"


def errors(named: Sequence[tuple[str, Sum]]) -> str:
    """Errors and doubts, per bubble, field and page."""
    heads = (
        *("", "pages", "bubbles", "fields", "silent", "ppm of bubbles", "at most (95 %)", "ppm of fields"),
        *("pages with one", "wrong numbers", "needless", "doubtful", "refused", "strangers taken", "lost"),
    )
    return _table(
        heads,
        [
            (
                *(name, f"{one.pages:,}", f"{one.bubbles:,}", f"{one.fields:,}", str(one.silent)),
                *(_ppm(one.silent, one.bubbles), _ppm(most_expected(one.silent), one.bubbles)),
                *(_ppm(one.silent, one.fields), _percent(one.silent_pages, one.pages)),
                f"{one.silent_numbers} of {one.digits:,} digits",
                *(_percent(one.needless, one.clear), _percent(one.doubtful, one.fields)),
                _percent(one.refused, one.pages),
                *(f"{one.foreign + one.misplaced} of {one.strangers:,}", str(one.lost)),
            )
            for name, one in named
        ],
    )


def reliability(named: Sequence[tuple[str, Sum]]) -> str:
    """How many guesses of each margin were wrong, of the fields that a person would not have doubted."""
    names = ["doubtful", *(f"{at / MARGIN_BINS:.1f}-{(at + 1) / MARGIN_BINS:.1f}" for at in range(MARGIN_BINS))]
    return _table(
        ("margin", *(f"{name}: wrong of fields" for name, _ in named)),
        [
            (names[at], *(f"{one.margins[at][1]:,} of {one.margins[at][0]:,}" for _, one in named))
            for at in range(1 + MARGIN_BINS)
        ],
    )


def expectation(named: Sequence[tuple[str, Sum]]) -> str:
    """What an exam has to expect when all of its pages were like these, and the person-hours that it costs."""
    sheets = CANDIDATES * PAPERS
    rows = []
    for name, one in named:
        pages = max(one.pages, 1)
        hours = sheets * (one.doubtful * FIELD_S + one.refused * PAGE_S) / pages / 3600
        rows.append(
            (
                *(name, f"{sheets * one.silent / pages:,.0f}", f"{sheets * most_expected(one.silent) / pages:,.0f}"),
                *(f"{sheets * one.doubtful / pages:,.0f}", f"{sheets * one.refused / pages:,.0f}", f"{hours:,.0f}"),
            )
        )
    heads = ("", "silent errors expected", "at most (95 %)", "doubtful fields", "refused pages", "person-hours")
    return _table(heads, rows)


def draw(named: Sequence[tuple[str, Sum]], to: Path) -> None:
    """The reliability diagram: margin against the share of wrong guesses, with the limit of what was measured."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.2), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    places = [-1.0, *range(MARGIN_BINS)]
    for step, (name, one) in enumerate(named):
        some = [(at, *one.margins[row]) for row, at in enumerate(places) if one.margins[row][0]]
        x = [at + 0.12 * (step - len(named) / 2) for at, *_ in some]
        limits = [most_expected(wrong) / clear for _, clear, wrong, *_ in some]
        seen = [(at, wrong / clear) for at, (_, clear, wrong, *_) in zip(x, some, strict=True) if wrong]
        lines = axes.vlines(x, [1e-7] * len(x), limits, alpha=0.35, color=f"C{step}")
        lines.set_linewidth(4)
        axes.plot([at for at, _ in seen], [share for _, share in seen], "o", color=f"C{step}", label=name, ms=5)
        if not seen:
            axes.plot([], [], "o", color=f"C{step}", label=name, ms=5)
    axes.set_yscale("log")
    axes.set_ylim(1e-6, 1.2)
    axes.set_xticks(places, ["doubtful", *(f".{at}" for at in range(MARGIN_BINS))])
    axes.set_xlabel("margin of the field (from each tenth to the next)")
    axes.set_ylabel("share of wrong values")
    axes.set_title("dots: observed; bars: up to the 95 % limit (the fewer fields, the higher)", fontsize=9)
    axes.grid(visible=True, axis="y", alpha=0.3)
    axes.legend(fontsize=8)
    to.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(to)


def main() -> int:
    """Print the tables; draw the figure where one is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--figure", type=Path)
    args = parser.parse_args()
    rows = read_rows(args.files)
    profiles = list(dict.fromkeys(row["profile"] for row in rows))
    all_rows = [(name, sum_up(row for row in rows if row["profile"] == name)) for name in profiles]
    a3 = [
        (name, sum_up(row for row in rows if row["profile"] == name and row["layout"].startswith("a3")))
        for name in profiles
    ]
    layouts = list(dict.fromkeys(row["layout"] for row in rows))
    by_layout = [(name, sum_up(row for row in rows if row["layout"] == name)) for name in layouts]
    total = sum_up(rows)
    for title, text in (
        ("Per profile, all layouts", errors([*all_rows, ("all", total)])),
        ("A3 by itself", errors(a3)),
        ("Per layout, all profiles", errors(by_layout)),
        ("Margin against observed error", reliability([*all_rows, ("all", total)])),
        (f"{CANDIDATES:,} candidates x {PAPERS} papers, one side each", expectation(all_rows)),
    ):
        print(f"### {title}\n\n{text}")
    if args.figure:
        draw(all_rows, args.figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
