"""Printed cards on a raster: the blank sides of one card as a printer leaves them, and a barcode sticker on top.

In:  a CardDesign (through the same PDF that is printed), or the folder that `kaiyue card build` wrote.
Out: CardPrint: template, one uint8 (height_px, width_px) raster per side at `dpi`, and where texts are handwritten.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from models.geometry import RectMm
from samples.strokes import MM_PER_INCH
from scanning.cards.drawing import CardDesign, Slot
from scanning.cards.fonts import FontChain
from scanning.cards.pdf import blank_pdf
from scanning.cards.preview import page_pngs
from scanning.cards.template import CardPage, CardTemplate

Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class CardPrint:
    """A printed card. `slots` holds per side where name, school, class and seat are written."""

    template: CardTemplate
    sides: tuple[Grey, ...]
    dpi: float
    slots: tuple[tuple[Slot, ...], ...] = ()

    def side(self, page: int) -> Grey:
        """The raster of the side with this page number. Raises KeyError when the card has none."""
        for card_page, raster in zip(self.template.pages, self.sides, strict=True):
            if card_page.page == page:
                return raster
        raise KeyError(page)


def print_card(design: CardDesign, fonts: FontChain, dpi: int = 200) -> CardPrint:
    """Print a design and look at the paper. Raises Unprintable where no font can print a title."""
    sides = tuple(decode_grey(png) for png in page_pngs(blank_pdf(design, fonts), dpi))
    slots = tuple(drawing.slots for drawing in design.drawings)
    return CardPrint(design.template, _exact(design.template, sides, dpi), float(dpi), slots)


def decode_grey(data: bytes) -> Grey:
    """An image file's grey pixels. Raises ValueError when the bytes are no image."""
    image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise ValueError("these bytes are not an image")
    return np.asarray(image, dtype=np.uint8)


def _exact(template: CardTemplate, sides: tuple[Grey, ...], dpi: float) -> tuple[Grey, ...]:
    """Rasters of exactly the rounded page size: a renderer may add a white row or column."""
    exact: list[Grey] = []
    for page, raster in zip(template.pages, sides, strict=True):
        height, width = raster_shape(page, dpi)
        if abs(raster.shape[0] - height) > 2 or abs(raster.shape[1] - width) > 2:
            raise ValueError(f"side {page.page} is {raster.shape}, but {dpi:g} dpi asks for {(height, width)}")
        white = np.full((height, width), 255, dtype=np.uint8)
        rows, columns = min(height, raster.shape[0]), min(width, raster.shape[1])
        white[:rows, :columns] = raster[:rows, :columns]
        exact.append(white)
    return tuple(exact)


def raster_shape(page: CardPage, dpi: float) -> tuple[int, int]:
    """(height_px, width_px) of a side at `dpi`."""
    return round(page.size.height_mm * dpi / MM_PER_INCH), round(page.size.width_mm * dpi / MM_PER_INCH)


def stick_barcode(printed: Grey, place: RectMm, number: str, dpi: float, rng: np.random.Generator) -> Grey:
    """The side with a barcode sticker: slightly turned, off its place and a little crumpled, as children stick them."""
    px_per_mm = dpi / MM_PER_INCH
    sticker = _sticker(number, place, px_per_mm)
    height, width = sticker.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    wave = rng.uniform(0.0, 0.1) * px_per_mm  # glue lines lift the paper by a tenth of a millimetre
    length = rng.uniform(10, 30) * px_per_mm
    bent_x = columns + np.float32(wave) * np.sin(rows / np.float32(length / 6.28))
    sticker = cv2.remap(sticker, bent_x, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)
    angle = float(np.clip(rng.normal(0, 1.0), -2.5, 2.5))
    centre = place.center
    at_x = (centre.x_mm + rng.uniform(-0.8, 0.8)) * px_per_mm
    at_y = (centre.y_mm + rng.uniform(-0.6, 0.6)) * px_per_mm
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    room = round(3 * px_per_mm)
    size = (width + 2 * room, height + 2 * room)
    turn[:, 2] += room
    patch = cv2.warpAffine(sticker, turn, size, flags=cv2.INTER_LINEAR, borderValue=(255,))
    cover = cv2.warpAffine(np.full_like(sticker, 255), turn, size, flags=cv2.INTER_NEAREST, borderValue=(0,))
    left, top = round(at_x - size[0] / 2), round(at_y - size[1] / 2)
    out = printed.copy()
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + size[1], out.shape[0]), min(left + size[0], out.shape[1])
    cut = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    area = out[y0:y1, x0:x1]
    area[:] = np.where(cover[cut] > 0, patch[cut], area)
    return out


def _sticker(number: str, place: RectMm, px_per_mm: float) -> Grey:
    """White label with Code 128 and the digits below it, a little smaller than its place."""
    height, width = round((place.height_mm - 2.5) * px_per_mm), round((place.width_mm - 4) * px_per_mm)
    label = np.full((height, width), 252, dtype=np.uint8)
    label[[0, -1], :] = 225
    label[:, [0, -1]] = 225
    code = zxingcpp.create_barcode(number, zxingcpp.BarcodeFormat.Code128)
    bars = np.array(code.to_image(scale=1, add_quiet_zones=False), dtype=np.uint8)[:1]
    module = max(2, min(int(0.5 * px_per_mm), int((width - 12 * px_per_mm) / bars.shape[1])))
    tall = round(height * 0.62)
    bars = np.repeat(np.repeat(bars, module, axis=1), tall, axis=0)
    left, top = (width - bars.shape[1]) // 2, round(height * 0.08)
    label[top : top + tall, left : left + bars.shape[1]] = np.where(bars > 127, 252, 18)
    scale = 0.028 * px_per_mm * place.height_mm / 5
    (text_width, _), _ = cv2.getTextSize(number, cv2.FONT_HERSHEY_SIMPLEX, scale, 2)
    origin = ((width - text_width) // 2, round(height * 0.93))
    cv2.putText(label, number, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, (20,), 2, cv2.LINE_AA)
    return label
