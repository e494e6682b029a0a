"""Print a card: a vector PDF with embedded, subsetted fonts, blank or filled in for each candidate.

In:  a CardDesign (builder.py), a FontChain (fonts.py), candidates as roster texts.
Out: the bytes of a PDF; the same input gives the same bytes (no dates inside). What all candidates share is
drawn once as a form; each page then holds only the form and the candidate's own texts and barcode.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reportlab.graphics.barcode.code128 import Code128
from reportlab.pdfgen.canvas import Canvas

from models.errors import mark_text
from models.geometry import RectMm, SizeMm
from models.words import FieldKind
from scanning.cards.drawing import MM_PER_PT, Box, CardDesign, Line, Mark, PageDrawing, Slot, Text, digit_slot
from scanning.cards.errors import BarcodeRefused, NumberDoesNotFit
from scanning.cards.fonts import FontChain
from scanning.cards.measures import BUBBLE_LINE_MM
from scanning.cards.template import Barcode, CardPage

PT_PER_MM = 1 / MM_PER_PT
LEAST_BAR_MM = 0.33  # thinner bars were lost from 5 degrees of skew on at 200 dpi
WIDEST_BAR_MM = 0.5
QUIET_BARS = 10  # the white that Code 128 asks for on either side, in bar widths
NUMBER_LINE_MM = 4.0  # the number in plain digits below the bars
BOLD_STROKE = 0.03  # of the size: strokes thickened this much look bold, for fonts with one weight only


@dataclass(frozen=True, slots=True)
class PrintedCandidate:
    """What is printed for one candidate; empty texts leave their line blank."""

    number: str
    name: str = ""
    school: str = ""
    class_: str = ""
    seat: str = ""

    def text(self, slot_id: str) -> str:
        """The text that belongs into a slot."""
        texts = {
            "number": self.number,
            "name": self.name,
            "school": self.school,
            "class": self.class_,
            "seat": self.seat,
            **{digit_slot(column): digit for column, digit in enumerate(self.number)},
        }
        return texts.get(slot_id, "")


def blank_pdf(design: CardDesign, fonts: FontChain) -> bytes:
    """The card without a candidate. Raises Unprintable for a title or item no that no font can print."""
    return _pdf(design, fonts, [None])


def candidates_pdf(design: CardDesign, fonts: FontChain, candidates: Iterable[PrintedCandidate]) -> bytes:
    """One card after the other, all sides of each, with texts, barcode and printed number filled in.

    On a card without a barcode the number stands in the digit boxes, and its bubbles are filled in.
    A character of a name that no font has becomes a stand-in (〓): one rare name does not keep everybody's cards from
    being printed, and what it needs by hand is seen on the sheet; `unprintable` names whom it concerns.
    Raises BarcodeRefused for a number that is not digits or whose bars would be too thin, NumberDoesNotFit for one that
    is not as long as the number grid.
    """
    return _pdf(design, fonts, candidates)


def unprintable(
    fonts: FontChain, candidates: Iterable[PrintedCandidate]
) -> list[tuple[PrintedCandidate, tuple[str, ...]]]:
    """The candidates of whom a text has characters without a glyph, each with those characters."""
    found = []
    for candidate in candidates:
        texts = (candidate.name, candidate.school, candidate.class_, candidate.seat)
        missing = tuple(fonts.missing("".join(texts)))
        if missing:
            found.append((candidate, missing))
    return found


def bar_width_mm(number: str, width_mm: float) -> float:
    """The width of the thinnest bar of a candidate's barcode in a place this wide. Raises BarcodeRefused."""
    if not (number.isascii() and number.isdigit()):
        raise BarcodeRefused(number=number, why=mark_text("it does not consist of digits"))
    bars = Code128(number, barWidth=1, barHeight=1, quiet=0).width
    bar_mm = min(width_mm / (bars + 2 * QUIET_BARS), WIDEST_BAR_MM)
    if bar_mm < LEAST_BAR_MM:
        raise BarcodeRefused(number=number, why=mark_text("its bars would be thinner than 0.33 mm"))
    return float(bar_mm)


def _pdf(design: CardDesign, fonts: FontChain, candidates: Iterable[PrintedCandidate | None]) -> bytes:
    buffer = io.BytesIO()
    # Without a start font of ours every page would name Helvetica, which is not embedded and which nothing uses.
    canvas = Canvas(buffer, invariant=1, pageCompression=1, initialFontName=fonts.fonts[0].fontName)
    canvas.setTitle(f"{design.template.paper} v{design.template.version}")
    canvas.setCreator("Kaiyue")
    for drawing in design.drawings:
        canvas.beginForm(_form(drawing), 0, 0, drawing.size.width_mm * PT_PER_MM, drawing.size.height_mm * PT_PER_MM)
        painter = _Painter(canvas, drawing.size, fonts)
        for mark in drawing.marks:
            painter.mark(mark)
        canvas.endForm()
    for candidate in candidates:
        for page, drawing in zip(design.template.pages, design.drawings, strict=True):
            canvas.setPageSize((drawing.size.width_mm * PT_PER_MM, drawing.size.height_mm * PT_PER_MM))
            canvas.doForm(_form(drawing))
            if candidate is not None:
                _fill_in(_Painter(canvas, drawing.size, fonts), fonts, page, drawing, candidate)
            canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _form(drawing: PageDrawing) -> str:
    return f"side{drawing.page}"


def _fill_in(
    painter: "_Painter", fonts: FontChain, page: CardPage, drawing: PageDrawing, candidate: PrintedCandidate
) -> None:
    for slot in drawing.slots:
        painter.slot(slot, fonts.printable(candidate.text(slot.id)))
    for barcode in page.barcodes:
        painter.barcode(barcode, candidate.number, with_digits=page.printed_number is None)
    if not page.barcodes:
        for mark in _filled_number(page, candidate.number):
            painter.mark(mark)


def _filled_number(page: CardPage, number: str) -> Iterator[Mark]:
    """The bubbles of the number, solid black within their outlines; nothing on a side without a number grid."""
    for field in page.fields:
        if field.kind is not FieldKind.DIGITS:
            continue
        if len(number) != field.columns or not (number.isascii() and number.isdigit()):
            raise NumberDoesNotFit(number=number, digits=field.columns)
        for bubble in field.bubbles:
            if number[bubble.column] == bubble.label:
                yield Box(bubble.rect.grown(-BUBBLE_LINE_MM / 2), fill=0.0)


class _Painter:
    """Draws marks in mm from the top-left corner onto a canvas in points from the bottom-left one."""

    def __init__(self, canvas: Canvas, size: SizeMm, fonts: FontChain) -> None:
        self._canvas = canvas
        self._height_mm = size.height_mm
        self._fonts = fonts

    def mark(self, mark: Mark) -> None:
        """Draw one mark."""
        match mark:
            case Text():
                self.text(mark)
            case Line():
                self._pen(mark.width_mm, mark.grey, mark.dash_mm)
                self._canvas.line(
                    mark.x1_mm * PT_PER_MM, self._y(mark.y1_mm), mark.x2_mm * PT_PER_MM, self._y(mark.y2_mm)
                )
            case Box():
                self._box(mark)

    def text(self, text: Text) -> None:
        """Draw one line of text, squeezed where it would be wider than allowed."""
        if not text.text:
            return
        runs = self._fonts.runs(text.text)
        width_mm = self._fonts.width_mm(text.text, text.size_pt)
        squeeze = 1.0
        if text.max_width_mm is not None and width_mm > text.max_width_mm > 0:
            squeeze = text.max_width_mm / width_mm
        shift_mm = {"left": 0.0, "center": 0.5, "right": 1.0}[text.align] * width_mm * squeeze
        pen = self._canvas.beginText((text.x_mm - shift_mm) * PT_PER_MM, self._y(text.baseline_mm))
        self._canvas.setFillGray(text.grey)
        if text.bold:
            self._canvas.setStrokeGray(text.grey)
            self._canvas.setLineWidth(text.size_pt * BOLD_STROKE)
            self._canvas.setDash()
        pen.setTextRenderMode(2 if text.bold else 0)
        pen.setHorizScale(squeeze * 100)
        for run in runs:
            pen.setFont(run.font, text.size_pt)
            pen.textOut(run.text)
        pen.setHorizScale(100)
        pen.setTextRenderMode(0)
        self._canvas.drawText(pen)

    def slot(self, slot: Slot, text: str) -> None:
        """Draw a candidate's own text into its place."""
        x_mm = slot.rect.center.x_mm if slot.align == "center" else slot.rect.x_mm + 1.0
        middle_mm = slot.rect.center.y_mm + 0.36 * slot.size_pt * MM_PER_PT
        self.text(Text(x_mm, middle_mm, text, slot.size_pt, slot.align, max_width_mm=slot.rect.width_mm - 2.0))

    def barcode(self, barcode: Barcode, number: str, *, with_digits: bool) -> None:
        """Draw Code 128 with its quiet zones into its place, the plain digits below where asked for."""
        place = barcode.rect
        bar_mm = bar_width_mm(number, place.width_mm)
        digits_mm = NUMBER_LINE_MM if with_digits else 0.0
        height_mm = place.height_mm - digits_mm - 2.0
        code = Code128(number, barWidth=bar_mm * PT_PER_MM, barHeight=height_mm * PT_PER_MM, quiet=0)
        left_mm = place.center.x_mm - code.width * MM_PER_PT / 2
        self._canvas.setFillGray(0)
        code.drawOn(self._canvas, left_mm * PT_PER_MM, self._y(place.y_mm + 1.0 + height_mm))
        if with_digits:
            baseline_mm = place.bottom_mm - 1.2
            self.text(Text(place.center.x_mm, baseline_mm, number, 9, "center", max_width_mm=place.width_mm - 2))

    def _box(self, box: Box) -> None:
        rect: RectMm = box.rect
        if box.fill is not None:
            self._canvas.setFillGray(box.fill)
        if box.line_mm:
            self._pen(box.line_mm, box.grey, box.dash_mm)
        self._canvas.rect(
            rect.x_mm * PT_PER_MM,
            self._y(rect.bottom_mm),
            rect.width_mm * PT_PER_MM,
            rect.height_mm * PT_PER_MM,
            stroke=int(box.line_mm > 0),
            fill=int(box.fill is not None),
        )

    def _pen(self, width_mm: float, grey: float, dash_mm: float) -> None:
        self._canvas.setStrokeGray(grey)
        self._canvas.setLineWidth(width_mm * PT_PER_MM)
        self._canvas.setDash([dash_mm * PT_PER_MM] * 2 if dash_mm else [])

    def _y(self, y_mm: float) -> float:
        return float((self._height_mm - y_mm) * PT_PER_MM)
