"""How fast is a page read? As a ratio to plain grey decoding, measured in the same run on the same pages.

    python -m benchmarks.read_page --repeats 30 --json speed.json

Per page: decode only (cv2.imdecode to grey); read from bytes without crops; read with crops, encoded and written (no
fsync); and the same in two processes. Upright, clean 200-dpi grey JPEG pages, one thread, every kind measured in turn
within each repeat, so that a busy machine slows all of them alike. The ratio is the median of the ratios.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from samples.layouts import layouts
from samples.prints import print_card
from samples.scan_plan import ScanProfile
from samples.trial import Trial, random_side
from scanning.cards.builder import build_card
from scanning.cards.files import dump_card, parse_card
from scanning.cards.fonts import find_fonts
from scanning.cards.template import CardTemplate
from scanning.read_page import ReadingOptions, read_bytes
from scanning.reading.crop_plan import CropOptions

_PLAIN = ReadingOptions(crops=None, ocr="never")
_CROPS = ReadingOptions(crops=CropOptions(), ocr="never")
_card: list[CardTemplate] = []


def _pages(layout: str, n_pages: int, seed: int) -> tuple[CardTemplate, list[bytes]]:
    card = print_card(build_card(layouts((layout,))[layout]), find_fonts())
    data = [random_side(card, Trial(layout, 1, ScanProfile.CLEAN, seed + at)).data for at in range(n_pages)]
    return card.template, data


def _decode(data: bytes) -> None:
    cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)


def _with_crops(data: bytes, card: CardTemplate, folder: Path) -> None:
    for crop in read_bytes(data, card, _CROPS).crops:
        (folder / f"{crop.region}-{crop.part}.jpg").write_bytes(crop.jpeg)


def _timed(work: Callable[[bytes], object], pages: list[bytes]) -> float:
    start = time.perf_counter()
    for data in pages:
        work(data)
    return (time.perf_counter() - start) / len(pages)


def _begin(card_file: bytes) -> None:
    cv2.setNumThreads(1)
    _card.append(parse_card(card_file))


def _read_many(pages: list[bytes]) -> float:
    """Seconds per page inside this worker, after one page to warm up."""
    read_bytes(pages[0], _card[0], _PLAIN)
    return _timed(lambda data: read_bytes(data, _card[0], _PLAIN), pages)


def _two_processes(card: CardTemplate, pages: list[bytes]) -> float:
    """Throughput of two processes over that of one, each reading the same pages."""
    with ProcessPoolExecutor(2, get_context("spawn"), _begin, (dump_card(card),)) as pool:
        list(pool.map(_read_many, [pages[:1]] * 4))
        single = pool.submit(_read_many, pages).result()
        both = list(pool.map(_read_many, [pages, pages]))
    return sum(1 / each for each in both) * single


def _peak_mb() -> float | None:
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(layout: str, n_pages: int, repeats: int, seed: int) -> dict[str, object]:
    """All numbers of one layout."""
    card, pages = _pages(layout, n_pages, seed)
    times: dict[str, list[float]] = {"decode": [], "read": [], "crops": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kinds: dict[str, Callable[[bytes], object]] = {
            "decode": _decode,
            "read": lambda data: read_bytes(data, card, _PLAIN),
            "crops": lambda data: _with_crops(data, card, folder),
        }
        for work in kinds.values():
            _timed(work, pages)
        for _ in range(repeats):
            for kind, work in kinds.items():
                times[kind].append(_timed(work, pages))
    page = card.pages[0]

    def ratio(kind: str) -> float:
        return statistics.median(a / b for a, b in zip(times[kind], times["decode"], strict=True))

    return {
        "layout": layout,
        "bubbles": sum(len(one.bubbles) for one in page.fields),
        "regions": len(page.regions),
        "decode_ms": 1000 * statistics.median(times["decode"]),
        "read_ms": 1000 * statistics.median(times["read"]),
        "crops_ms": 1000 * statistics.median(times["crops"]),
        "read_ratio": ratio("read"),
        "crops_ratio": ratio("crops"),
        "two_processes": _two_processes(card, pages * 5),
        "peak_mb": _peak_mb(),
        "refused": sum(read_bytes(data, card, _PLAIN).code is not None for data in pages),
    }


def main() -> int:
    """Measure the layouts, print a table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layouts", default="a4-speed,a4-100x5-12,a3-80x4-8")
    parser.add_argument("--pages", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    results = [measure(name, args.pages, args.repeats, args.seed) for name in args.layouts.split(",")]
    heads = list(results[0])
    print(" ".join(f"{head:>13}" for head in heads))
    for result in results:
        cells = (f"{value:.2f}" if isinstance(value, float) else str(value) for value in result.values())
        print(" ".join(f"{cell:>13}" for cell in cells))
    if args.json:
        args.json.write_text(json.dumps(results, indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
