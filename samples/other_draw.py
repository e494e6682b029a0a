"""One side by another hand on another device: the same intent and the same rule of truth as samples/draw.py.

In:  a CardPrint, a side, what is chosen and written, what the sheet carries, a seed.
Out: DrawnSide; the truth's troubles name the hand and what is unusual about the device.
"""

from dataclasses import replace

import numpy as np

from samples.draw import DrawnSide, SheetWish, truth_of, write_number, write_slots
from samples.hand import SideIntent
from samples.other_hands import draw_other_hand, fill_other_side
from samples.other_plan import plan_other_scan
from samples.other_scanner import scan_other_side
from samples.prints import CardPrint, stick_barcode
from samples.visible import measure_bubbles
from scanning.cards.template import CardPage


def draw_other_side(
    card: CardPrint, page: CardPage, intent: SideIntent, wish: SheetWish, *, seed: tuple[int, ...]
) -> DrawnSide:
    """Draw and scan one side; the same seed gives the same bytes."""
    rng = np.random.default_rng([*seed, page.page])
    hand = draw_other_hand(rng)
    filled = fill_other_side(page, intent, hand, card.dpi, rng)
    index = [one.page for one in card.template.pages].index(page.page)
    if card.slots:
        write_slots(filled.over, card.slots[index], hand.writing, card.dpi, rng)
        write_number(filled.over, page, wish, hand.writing, card.dpi, rng)
    printed, barcode = card.side(page.page), ""
    if wish.barcode:
        for place in page.barcodes:
            printed = stick_barcode(printed, place.rect, wish.barcode, card.dpi, rng)
            barcode = wish.barcode
    plan = plan_other_scan(page.size, rng)
    scan = scan_other_side(printed, filled, card.dpi, plan)
    visible = measure_bubbles(page, scan)
    troubles = (*wish.troubles, hand.habit.value, plan.tells())
    truth = truth_of(
        card,
        page,
        replace(wish, troubles=troubles),
        filled.marks,
        visible,
        written=filled.written,
        turned_deg=plan.turned_deg,
    )
    return DrawnSide(scan.data, scan.suffix, replace(truth, barcode=barcode))
