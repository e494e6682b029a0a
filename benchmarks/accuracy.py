"""How often does the reader err silently? Profiles x layouts on simulated pages whose truth is known.

    python -m benchmarks.accuracy --pages 40 --seed 1 --profiles clean,office --json accuracy.json

A silent error is a wrong value with status ``ok`` on a field that a person would not have doubted (samples/visible.py
holds the rule); a needless flag is ``doubtful`` on such a field. `--pages` counts page images per profile and layout;
one more in eight is a stranger (another card, another version, a letter, somebody else's form, a picture, a blank page)
that must be refused by name. `--keep DIR` writes the image of every page with a finding, under the name that makes it
again. benchmarks/reliability.py makes the tables and the diagram of docs/reading.md from the JSON.
"""

import argparse
import json
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path

import cv2

from samples.compare import Comparison, Finding
from samples.layouts import layout_names, layouts
from samples.prints import CardPrint, print_card
from samples.strangers import Stranger
from samples.trial import Profile, Trial, judge, profile_named, profile_names, random_side, random_stranger
from scanning.cards.builder import build_card
from scanning.cards.fonts import find_fonts
from scanning.read_page import ReadingOptions, read_bytes

_cards: dict[str, CardPrint] = {}
_keep: list[Path] = []


@dataclass(slots=True)
class Row:
    """What one profile and layout came to."""

    profile: str
    layout: str
    found: Comparison = field(default_factory=Comparison)
    read_s: float = 0.0
    make_s: float = 0.0


STRANGE = 8  # one page more in so many is no side of the card


def _begin(names: tuple[str, ...], keep: Path | None) -> None:
    cv2.setNumThreads(1)
    fonts = find_fonts()
    for name, paper in layouts(names).items():
        _cards[name] = print_card(build_card(paper), fonts)
    if keep is not None:
        _keep.append(keep)


def _try(trial: Trial) -> tuple[Trial, Comparison, float, float]:
    card = _cards[trial.layout]
    start = time.perf_counter()
    drawn = random_side(card, trial) if trial.stranger is None else random_stranger(trial, _stranger_card(trial))
    made = time.perf_counter()
    reading = read_bytes(drawn.data, card.template, ReadingOptions(crops=None))
    read = time.perf_counter()
    found = judge(trial, drawn, reading)
    if _keep and (
        found.silent or found.silent_numbers or found.refused or found.lost or found.misplaced or found.foreign
    ):
        (_keep[0] / f"{trial.name}{drawn.suffix}").write_bytes(drawn.data)
    return trial, found, made - start, read - made


def _stranger_card(trial: Trial) -> CardPrint:
    """What a stranger's page is drawn from: the card of another layout, or another version of this one."""
    at = layout_names().index(trial.layout)
    other = layout_names()[(at + 1) % len(layout_names())]
    name, version = (trial.layout, 2) if trial.stranger is Stranger.OTHER_VERSION else (other, 1)
    key = f"{name}/{version}"
    if key not in _cards:
        paper = layouts((name,))[name]
        if version > 1:
            # Another version of a card has another design: here one item fewer to write in.
            paper = replace(paper, items=paper.items[:-1])
        _cards[key] = print_card(build_card(paper, version=version), find_fonts())
    return _cards[key]


def _strangers(name: str, profile: Profile, seed: int, pages: int) -> list[Trial]:
    kinds = list(Stranger)
    return [Trial(name, 1, profile, seed * 100_000 + at, kinds[at % len(kinds)]) for at in range(-(-pages // STRANGE))]


def main() -> int:
    """Run, print the table, write the JSON; exit 1 when a page was lost, or read as what it is not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profiles", default=",".join(profile_names()))
    parser.add_argument("--layouts", default=",".join(layout_names()))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
    names = tuple(args.layouts.split(","))
    profiles = [profile_named(name) for name in args.profiles.split(",")]
    trials = [
        # The back of a two-sided card comes up once in five pages: it must be recognised, but has few bubbles.
        Trial(name, 2 if paper.card.sides == 2 and at % 5 == 4 else 1, profile, args.seed * 100_000 + at)
        for profile in profiles
        for name, paper in layouts(names).items()
        for at in range(args.pages)
    ]
    for profile in profiles:
        for name in names:
            trials += _strangers(name, profile, args.seed, args.pages)
    rows = {(profile, name): Row(profile.value, name) for profile in profiles for name in names}
    with ProcessPoolExecutor(args.jobs, get_context("spawn"), _begin, (names, args.keep)) as pool:
        for done, (trial, found, make_s, read_s) in enumerate(pool.map(_try, trials, chunksize=2), start=1):
            row = rows[trial.profile, trial.layout]
            row.found.add(found)
            row.make_s += make_s
            row.read_s += read_s
            if sys.stderr.isatty() or done % 200 == 0:
                print(f"\r{done}/{len(trials)} pages", end="" if sys.stderr.isatty() else "\n", file=sys.stderr)
    _print(list(rows.values()), profiles)
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows.values()], ensure_ascii=False, indent=1), "utf-8")
    return 1 if any(row.found.foreign or row.found.lost or row.found.misplaced for row in rows.values()) else 0


_HEADS = (
    *("profile", "layout", "pages", "bubbles", "silent", "ppm", "numbers", "needless"),
    *("doubt.", "ambig.", "refused", "misplaced", "lost", "strange", "taken", "ms"),
)


def _print(rows: list[Row], profiles: list[Profile]) -> None:
    totals = []
    for profile in profiles:
        total = Row(profile.value, "all")
        for row in rows:
            if row.profile == profile:
                total.found.add(row.found)
                total.read_s += row.read_s
        totals.append(total)
    print(("{:8} {:13}" + " {:>9}" * (len(_HEADS) - 2)).format(*_HEADS))
    for row in [*rows, *totals]:
        found = row.found
        cells = (
            row.profile,
            row.layout,
            found.pages,
            found.bubbles,
            len(found.silent),
            f"{found.silent_ppm:.0f}",
            len(found.silent_numbers),
            f"{100 * found.needless_rate:.2f}%",
            f"{100 * found.doubtful / max(found.fields, 1):.2f}%",
            f"{100 * found.ambiguous / max(found.fields, 1):.2f}%",
            f"{100 * len(found.refused) / max(found.pages - found.strangers, 1):.1f}%",
            len(found.misplaced),
            len(found.lost),
            found.strangers,
            len(found.foreign),
            f"{1000 * row.read_s / max(found.pages, 1):.0f}",
        )
        print(("{:8} {:13}" + " {:>9}" * (len(cells) - 2)).format(*cells))
    for kind in ("silent", "silent_numbers", "foreign", "misplaced", "needless"):
        _print_manners(kind, [one for total in totals for one in getattr(total.found, kind)])


def _print_manners(kind: str, findings: list[Finding]) -> None:
    """How the marks behind the findings were made, most frequent first."""
    manners = Counter(one.note.partition("; ")[2] for one in findings)
    if manners:
        print(f"{kind}: " + ", ".join(f"{manner} {n}" for manner, n in manners.most_common(8)))


if __name__ == "__main__":
    sys.exit(main())
