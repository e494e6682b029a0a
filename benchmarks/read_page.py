"""How fast is a page read? As a ratio to plain grey decoding, measured in the same run on the same pages.

    python -m benchmarks.read_page                               the A4 card of the target, a full A4 card, an A3 card
    python -m benchmarks.read_page --memory-reads 2000           and whether memory stays flat
    python -m benchmarks.read_page --layouts a4-speed --repeats 40 --json speed.json

Upright, clean 200-dpi grey JPEG pages. Of each page in turn: decode only (cv2.imdecode to grey); read from bytes
without crops; read as `kaiyue read --crops` does, crops encoded and written (no fsync). Ratios are those of CPU time,
medians over the repeats: on a machine that nobody else uses they are those of the clock; on a busy one the clock
measures the others as well. `2 procs` is the throughput of two worker processes over that of one: by the clock it says
what this machine gave, by CPU time what two readers take from each other. A worker is a fresh process that has loaded
nothing but the reader; its peak memory is what the system says of it.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from scanning.cards.files import dump_card, parse_card
from scanning.cards.template import CardTemplate
from scanning.dispatch.memory import keep_freed_memory
from scanning.intake.unpack import SourcePage
from scanning.read_files import FileReader, NamedPage
from scanning.read_page import ReadingOptions, read_bytes
from scanning.reading.crop_plan import CropOptions

READ_RATIO, CROPS_RATIO, TWO_PROCESSES, PEAK_MB = 2.0, 3.0, 1.85, 300.0
FLAT_MB = 8.0  # two pages; what a reader forgot on every page would be a hundred times that
_WARM = 50  # reads after which a worker has everything that it keeps
_PLAIN = ReadingOptions(crops=None, ocr="never")
_CROPS = ReadingOptions(crops=CropOptions(), ocr="never")
_card: list[CardTemplate] = []


@dataclass(frozen=True, slots=True)
class Speed:
    """One layout: times in ms of one page on one core, ratios to decoding, memory in MB (None where unknown)."""

    layout: str
    bubbles: int
    regions: int
    refused: int
    decode_ms: float
    read_ms: float
    crops_ms: float
    read_ratio: float
    crops_ratio: float
    read_ratio_clock: float
    crops_ratio_clock: float
    pages_per_s: float
    pages_per_s_crops: float
    two_processes_clock: float
    two_processes_cpu: float
    peak_mb: float | None
    growth_mb: float | None


def _pages(layout: str, n_pages: int, seed: int) -> tuple[CardTemplate, list[bytes]]:
    from samples.layouts import layouts
    from samples.prints import print_card
    from samples.scan_plan import ScanProfile
    from samples.trial import Trial, random_side
    from scanning.cards.builder import build_card
    from scanning.cards.fonts import find_fonts

    card = print_card(build_card(layouts((layout,))[layout]), find_fonts())
    data = [random_side(card, Trial(layout, 1, ScanProfile.CLEAN, seed + at)).data for at in range(n_pages)]
    return card.template, data


def _decode(data: bytes) -> None:
    cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)


def _timed(work: Callable[[bytes], object], data: bytes) -> tuple[float, float]:
    """Seconds of CPU and of the clock."""
    cpu, clock = time.process_time(), time.perf_counter()
    work(data)
    return time.process_time() - cpu, time.perf_counter() - clock


def _begin(card_file: bytes) -> None:
    cv2.setNumThreads(1)
    keep_freed_memory()
    _card.append(parse_card(card_file))


def _read_many(pages: list[bytes]) -> tuple[float, float]:
    """Pages per second of CPU and of the clock inside this worker, after one page to warm up."""
    read_bytes(pages[0], _card[0], _PLAIN)
    times = [_timed(lambda data: read_bytes(data, _card[0], _PLAIN), data) for data in pages]
    return len(pages) / sum(cpu for cpu, _ in times), len(pages) / sum(clock for _, clock in times)


def _peak_mb(_nothing: None) -> float | None:
    """The most memory that this process has held so far, where the system tells it.

    Not by getrusage: on Linux that remembers the process from which this one was started.
    """
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), None)


def _held_mb() -> float | None:
    """The memory that this process holds now, where the system tells it."""
    try:
        words = Path("/proc/self/statm").read_text("ascii").split()
    except OSError:
        return None
    import resource

    return int(words[1]) * resource.getpagesize() / 1024**2


def grown_mb(pages: list[bytes], reads: int) -> float | None:
    """By how much this process grows over so many reads of the same pages, once it is warm."""
    for at in range(_WARM):
        read_bytes(pages[at % len(pages)], _card[0], _CROPS)
    before = _held_mb()
    for at in range(reads):
        read_bytes(pages[at % len(pages)], _card[0], _CROPS)
    after = _held_mb()
    return None if before is None or after is None else after - before


def _in_turn(
    card: CardTemplate, pages: list[bytes], repeats: int, folder: Path
) -> dict[str, list[tuple[float, float]]]:
    """(CPU, clock) in seconds of one page per repeat and kind: decode, read, crops."""
    reader = FileReader(card, _CROPS, crops_dir=folder)
    names = count()  # new files each time, as in life: some file systems take long to write over old ones
    kinds: dict[str, Callable[[bytes], object]] = {
        "decode": _decode,
        "read": lambda data: read_bytes(data, card, _PLAIN),
        "crops": lambda data: reader(NamedPage(SourcePage("page.jpg", 1, data), f"page-{next(names)}")),
    }
    times: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    for repeat in range(repeats + 1):
        sums = {kind: [0.0, 0.0] for kind in kinds}
        for data in pages:
            for kind, work in kinds.items():
                cpu, clock = _timed(work, data)
                sums[kind][0] += cpu / len(pages)
                sums[kind][1] += clock / len(pages)
        if repeat:  # the first round only warms up
            for kind, (cpu, clock) in sums.items():
                times[kind].append((cpu, clock))
    return times


def measure(layout: str, n_pages: int, repeats: int, seed: int, memory_reads: int) -> Speed:
    """All numbers of one layout."""
    card, pages = _pages(layout, n_pages, seed)
    with tempfile.TemporaryDirectory() as name:
        times = _in_turn(card, pages, repeats, Path(name))

    def ms(kind: str) -> float:
        return 1000 * statistics.median(cpu for cpu, _ in times[kind])

    def ratio(kind: str, which: int) -> float:
        return statistics.median(a[which] / b[which] for a, b in zip(times[kind], times["decode"], strict=True))

    growth = None
    with ProcessPoolExecutor(2, get_context("spawn"), _begin, (dump_card(card),)) as pool:
        many = pages * max(1, 60 // len(pages))
        list(pool.map(_read_many, [pages] * 4))
        rounds = [(pool.submit(_read_many, many).result(), list(pool.map(_read_many, [many, many]))) for _ in range(3)]
        if memory_reads:
            growth = pool.submit(grown_mb, pages, memory_reads).result()
        peaks = [peak for peak in pool.map(_peak_mb, [None] * 8) if peak is not None]
    both = [statistics.median(sum(one[w] for one in two) / single[w] for single, two in rounds) for w in (0, 1)]
    page = card.pages[0]
    return Speed(
        layout=layout,
        bubbles=sum(len(one.bubbles) for one in page.fields),
        regions=len(page.regions),
        refused=sum(read_bytes(data, card, _PLAIN).code is not None for data in pages),
        decode_ms=ms("decode"),
        read_ms=ms("read"),
        crops_ms=ms("crops"),
        read_ratio=ratio("read", 0),
        crops_ratio=ratio("crops", 0),
        read_ratio_clock=ratio("read", 1),
        crops_ratio_clock=ratio("crops", 1),
        pages_per_s=1000 / ms("read"),
        pages_per_s_crops=1000 / ms("crops"),
        two_processes_clock=both[1],
        two_processes_cpu=both[0],
        peak_mb=max(peaks, default=None),
        growth_mb=growth,
    )


def _against(figure: float | None, target: float, *, at_most: bool) -> str:
    if figure is None:
        return "-"
    held = figure <= target if at_most else figure >= target
    return f"{figure:.2f} {'ok' if held else 'MISSED'}"


def _print(results: list[Speed]) -> None:
    rows = [("", *(one.layout for one in results))]

    def row(name: str, cell: Callable[[Speed], str]) -> None:
        rows.append((name, *(cell(one) for one in results)))

    row("bubbles, regions", lambda one: f"{one.bubbles}, {one.regions}")
    row("pages refused", lambda one: str(one.refused))
    row("decode, ms", lambda one: f"{one.decode_ms:.2f}")
    row("read, ms", lambda one: f"{one.read_ms:.2f}")
    row("read with crops written, ms", lambda one: f"{one.crops_ms:.2f}")
    row(f"read / decode      (<= {READ_RATIO:.2f})", lambda one: _against(one.read_ratio, READ_RATIO, at_most=True))
    row(f"with crops / decode (<= {CROPS_RATIO:.2f})", lambda one: _against(one.crops_ratio, CROPS_RATIO, at_most=True))
    row("both by the clock", lambda one: f"{one.read_ratio_clock:.2f}, {one.crops_ratio_clock:.2f}")
    row("pages/s on one core", lambda one: f"{one.pages_per_s:.0f}")
    row("pages/s on one core, crops", lambda one: f"{one.pages_per_s_crops:.0f}")
    row(
        f"2 procs, by CPU time (>= {TWO_PROCESSES:.2f})",
        lambda one: _against(one.two_processes_cpu, TWO_PROCESSES, at_most=False),
    )
    row("2 procs, by the clock", lambda one: f"{one.two_processes_clock:.2f}")
    row(f"peak MB of a worker (<= {PEAK_MB:.0f})", lambda one: _against(one.peak_mb, PEAK_MB, at_most=True))
    row(f"growth MB over the reads (<= {FLAT_MB:.0f})", lambda one: _against(one.growth_mb, FLAT_MB, at_most=True))
    for cells in rows:
        print(f"{cells[0]:34}" + "".join(f"{cell:>16}" for cell in cells[1:]))


def main() -> int:
    """Measure the layouts, print a table with the targets, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layouts", default="a4-speed,a4-100x5-12,a3-80x4-8")
    parser.add_argument("--pages", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory-reads", type=int, default=200, help="0: leave it out")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    keep_freed_memory()  # as readers do: it makes decoding faster still, and the ratios harder
    results = [
        measure(name, args.pages, args.repeats, args.seed, args.memory_reads) for name in args.layouts.split(",")
    ]
    _print(results)
    if args.json:
        args.json.write_text(json.dumps([asdict(one) for one in results], indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
