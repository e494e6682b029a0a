"""Cards drawn by hand for the reader's tests: a template in mm, its print, ink on it, and a scan of it.

Nothing here uses the card builder or the simulator, so that a shared mistake cannot hide. 200 dpi unless said.
"""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import RectMm, SizeMm
from models.words import FieldKind
from scanning.cards import machine_code
from scanning.cards.template import Barcode, Bubble, CardPage, CardTemplate, Fiducial, Field, Region

Grey = NDArray[np.uint8]
PX = 200 / 25.4
DESIGN = "ab" * 32
WIDTH, HEIGHT = 210.0, 297.0


def drawn_card(*, paper="math", version=1, coded=True, orient=True, sides=2, framed=True) -> CardTemplate:
    """A4 with 8 digits, 30 items of 4 options, a flag and two regions; the back has regions only.

    Without code, orient mark and frames it has only what the contract asks of anybody's card.
    """
    marks = [
        Fiducial("tl", RectMm(8, 8, 6, 4)),
        Fiducial("tr", RectMm(196, 8, 6, 4)),
        Fiducial("bl", RectMm(8, 285, 6, 4)),
        Fiducial("br", RectMm(196, 285, 6, 4)),
    ]
    if orient:
        marks.append(Fiducial("orient", RectMm(18, 8, 9, 4)))
    fields = [
        Field(
            "candidate",
            FieldKind.DIGITS,
            tuple(Bubble(str(d), RectMm(130 + c * 5.5, 40 + d * 4.4, 4, 2.5), c) for c in range(8) for d in range(10)),
            8,
        ),
        Field("absent", FieldKind.FLAG, (Bubble("1", RectMm(20, 60, 4, 2.5)),)),
    ]
    for i in range(30):
        left, top = 20 + (i // 10) * 40, 100 + (i % 10) * 4.4
        bubbles = tuple(Bubble(label, RectMm(left + j * 5.5, top, 4, 2.5)) for j, label in enumerate("ABCD"))
        fields.append(Field(f"item:{i + 1}", FieldKind.SINGLE, bubbles))
    code = RectMm(150, 12, machine_code.code_size_mm(), machine_code.code_size_mm()) if coded else None
    pages = []
    front = (Region("31", 1, RectMm(15, 160, 180, 40)), Region("32", 1, RectMm(15, 205, 180, 70)))
    back = (Region("33", 1, RectMm(15, 30, 180, 120)), Region("34", 1, RectMm(15, 155, 180, 110)))
    for number, (own, regions) in enumerate(((tuple(fields), front), ((), back))[:sides], start=1):
        pages.append(
            CardPage(
                page=number,
                size=SizeMm(WIDTH, HEIGHT),
                fiducials=tuple(marks),
                fields=own,
                barcodes=(Barcode("candidate", "code128", RectMm(40, 40, 60, 15)),) if own else (),
                regions=regions,
                code=code,
                code_payload=machine_code.payload(paper, DESIGN, version, number) if coded else "",
                frames=tuple(region.rect for region in regions) if framed else (),
                identity_zones=(RectMm(15, 20, 80, 15),),
            )
        )
    return CardTemplate(paper, version, DESIGN, tuple(pages))


def print_page(page: CardPage, *, framed=True) -> Grey:
    """The blank page as printed: grey bubble outlines and letters, black marks, code and frames."""
    fine = 3
    scale = PX * fine
    picture = np.full((round(page.size.height_mm * PX) * fine, round(page.size.width_mm * PX) * fine), 255, np.uint8)

    def box(rect: RectMm, grey: int, line_mm: float = 0.0) -> None:
        first = (round(rect.x_mm * scale), round(rect.y_mm * scale))
        last = (round(rect.right_mm * scale) - 1, round(rect.bottom_mm * scale) - 1)
        cv2.rectangle(picture, first, last, grey, max(1, round(line_mm * scale)) if line_mm else -1)

    for mark in page.fiducials:
        box(mark.rect, 0)
    if framed:
        for region in page.regions:
            box(region.rect, 0, 0.4)
    for field in page.fields:
        for bubble in field.bubbles:
            box(bubble.rect, 153, 0.2)
            (width, height), _ = cv2.getTextSize(bubble.label, cv2.FONT_HERSHEY_SIMPLEX, 1, 1)
            size = 1.7 * scale / height
            middle = bubble.rect.center
            at = (round(middle.x_mm * scale - width * size / 2), round((middle.y_mm + 0.85) * scale))
            cv2.putText(
                picture, bubble.label, at, cv2.FONT_HERSHEY_SIMPLEX, size, 128, round(0.22 * scale), cv2.LINE_AA
            )
    if page.code is not None and page.code_payload:
        for module in machine_code.code_marks(page.code_payload, page.code):
            box(module.rect, 0)
    height, width = picture.shape
    return np.asarray(
        cv2.resize(picture, (width // fine, height // fine), interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


def bubble_rect(page: CardPage, field: str, label: str, column: int = 0) -> RectMm:
    """Where one bubble is."""
    own = next(one for one in page.fields if one.id == field)
    return next(b.rect for b in own.bubbles if b.label == label and b.column == column)


def fill(picture: Grey, rect: RectMm, darkness=0.75, share=(1.0, 1.0), seed=0) -> None:
    """Shade a bubble with a pencil, in place; `share` of its width and height."""
    rng = np.random.default_rng([seed, round(rect.x_mm * 10), round(rect.y_mm * 10)])
    width, height = rect.width_mm * share[0], rect.height_mm * share[1]
    x, y = rect.center.x_mm + rng.normal(0, 0.1), rect.center.y_mm + rng.normal(0, 0.1)
    left, top = round((x - width / 2) * PX), round((y - height / 2) * PX)
    right, bottom = round((x + width / 2) * PX), round((y + height / 2) * PX)
    lead = 1 - darkness * np.clip(rng.normal(1, 0.1, (bottom - top, right - left)), 0.4, 1.2)
    picture[top:bottom, left:right] = np.clip(picture[top:bottom, left:right] * lead, 0, 255).astype(np.uint8)


def stroke(picture: Grey, points_mm: list[tuple[float, float]], width_mm=0.45, darkness=0.85) -> None:
    """A pen stroke through points, in place."""
    mask = np.zeros(picture.shape, dtype=np.uint8)
    points = np.round(np.array(points_mm) * PX * 16).astype(np.int32)
    cv2.polylines(mask, [points], False, 255, max(1, round(width_mm * PX)), cv2.LINE_AA, 4)
    picture[:] = np.clip(picture * (1 - darkness * mask / 255.0), 0, 255).astype(np.uint8)


def tick(picture: Grey, rect: RectMm, darkness=0.85) -> None:
    """A tick inside a bubble."""
    stroke(
        picture,
        [
            (rect.x_mm + 0.8, rect.center.y_mm),
            (rect.x_mm + 1.6, rect.bottom_mm - 0.4),
            (rect.right_mm - 0.5, rect.y_mm + 0.3),
        ],
        darkness=darkness,
    )


def cross(picture: Grey, rect: RectMm) -> None:
    """A cross inside a bubble."""
    left, right, top, bottom = rect.x_mm + 0.5, rect.right_mm - 0.5, rect.y_mm + 0.4, rect.bottom_mm - 0.4
    stroke(picture, [(left, top), (right, bottom)])
    stroke(picture, [(right, top), (left, bottom)])


def usual_answers(number="12345670") -> dict[str, str]:
    """What `answer` fills: a number, and A, B, C, D in turn with every tenth item blank."""
    items = {f"item:{i + 1}": "" if i % 10 == 9 else "ABCD"[i % 4] for i in range(30)}
    return {"candidate": number, "absent": "", **items}


def answer(picture: Grey, page: CardPage, answers: Mapping[str, str], darkness=0.75) -> Grey:
    """Fill in the answers, in place, and return the page."""
    for field in page.fields:
        value = answers.get(field.id, "")
        for column, label in enumerate(value) if field.kind is FieldKind.DIGITS else ((0, one) for one in value):
            if label not in "-?":
                fill(picture, bubble_rect(page, field.id, label, column), darkness)
    return picture


def scan(
    picture: Grey,
    *,
    angle_deg=0.0,
    scale=(1.0, 1.0),
    turn=0,
    pad_px=0,
    border=255,
    white=242,
    black=30,
    noise=3.0,
    blur_px=0.6,
    seed=1,
) -> Grey:
    """A scanner: blur, turn by degrees and by quarters, stretch, a margin around the paper, contrast and grain."""
    height, width = picture.shape
    soft = cv2.GaussianBlur(picture, (0, 0), blur_px)
    turned = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0), [0, 0, 1]])
    stretched = np.array([[scale[0], 0, pad_px], [0, scale[1], pad_px], [0, 0, 1.0]])
    size = (round(width * scale[0]) + 2 * pad_px, round(height * scale[1]) + 2 * pad_px)
    seen = cv2.warpPerspective(soft, stretched @ turned, size, flags=cv2.INTER_LINEAR, borderValue=border)
    grain = np.random.default_rng(seed).normal(0, noise, seen.shape)
    grey = np.clip(black + (white - black) * (seen / 255.0) + grain, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.rot90(grey, turn))


def as_file(picture: Grey, suffix=".png") -> bytes:
    """The picture as the bytes of a file."""
    done, data = cv2.imencode(suffix, picture)
    assert done
    return data.tobytes()
