"""Look at one finding of benchmarks/accuracy.py: the field as scanned, enlarged, with what was meant and read.

python -m benchmarks.show_trial office-a4-40x7-9-1-100001 item:8 --out finding.png
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

from models.geometry import RectMm
from samples.layouts import layouts
from samples.prints import decode_grey, print_card
from samples.trial import random_side, trial_named
from scanning.cards.builder import build_card
from scanning.cards.fonts import find_fonts
from scanning.read_page import ReadingOptions, read_bytes


def main() -> int:
    """Make the page again, print the field's truth and reading, write the enlarged cut."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("field", nargs="?", default="")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    trial = trial_named(args.name)
    card = print_card(build_card(layouts((trial.layout,))[trial.layout]), find_fonts())
    drawn = random_side(card, trial)
    reading = read_bytes(drawn.data, card.template, ReadingOptions(crops=None))
    print("page:", reading.side, reading.code, reading.detail, "residual", reading.residual_mm, reading.warnings)
    print("troubles", drawn.truth.troubles)
    print("turned", drawn.truth.turned_deg, "number", drawn.truth.number, "read", reading.candidate)
    for seen in drawn.truth.fields:
        if seen.id == args.field:
            print("truth:", seen)
    for bubble in drawn.truth.bubbles:
        if bubble.field == args.field:
            print("  ", bubble)
    for one in reading.fields:
        if one.id == args.field:
            print("read:", one.value, one.status, one.margin, one.reasons)
            for decided in one.bubbles:
                print("  ", decided)
    if args.out:
        grey = decode_grey(drawn.data)
        page = card.template.page(trial.side)
        wanted = next((one for one in page.fields if one.id == args.field), None)
        if wanted is not None and len(reading.corners_px) == 4:
            source = RectMm(0, 0, page.size.width_mm, page.size.height_mm).corners()
            matrix = cv2.getPerspectiveTransform(source.astype(np.float32), np.array(reading.corners_px, np.float32))
            rects = [bubble.rect.grown(4) for bubble in wanted.bubbles]
            left, top = min(r.x_mm for r in rects), min(r.y_mm for r in rects)
            right, bottom = max(r.right_mm for r in rects), max(r.bottom_mm for r in rects)
            zoom = 30.0
            cut = np.array([[1 / zoom, 0, left], [0, 1 / zoom, top], [0, 0, 1.0]])
            size = (round((right - left) * zoom), round((bottom - top) * zoom))
            grey = cv2.warpPerspective(grey, matrix @ cut, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        args.out.write_bytes(cv2.imencode(".png", grey)[1].tobytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
