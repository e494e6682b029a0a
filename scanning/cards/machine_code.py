"""The machine code of a side: what it says and how it is drawn.

The payload ``K1:PPPPHHHHHH:V:S`` is ASCII, upper case (QR alphanumeric): P four base32 characters of the paper
id's hash, H six of the design's, V the version, S the side. The design's hash is taken over the card without
payloads, because a payload cannot be part of what it names. A QR code of level M (15 % may be damaged).
"""

import base64
import hashlib
from dataclasses import dataclass

import numpy as np
import segno
from numpy.typing import NDArray

from models.geometry import RectMm
from scanning.cards.drawing import Box
from scanning.cards.measures import MODULE_MM

PREFIX = "K1"


@dataclass(frozen=True, slots=True)
class CodeSaid:
    """What a machine code says. `card` is the tag of paper and design."""

    card: str
    version: int
    side: int

    @property
    def paper_tag(self) -> str:
        """The part that every version of a paper's card shares."""
        return self.card[:4]


def payload(paper: str, design_hash: str, version: int, side: int) -> str:
    """What the code of one side says."""
    return f"{PREFIX}:{_tag(paper.encode('utf-8'), 4)}{_tag(bytes.fromhex(design_hash), 6)}:{version}:{side}"


def parse_payload(text: str) -> CodeSaid | None:
    """Read a payload; None for a code that is not one of ours."""
    parts = text.split(":")
    if len(parts) != 4 or parts[0] != PREFIX or len(parts[1]) != 10:
        return None
    if not (parts[2].isascii() and parts[2].isdigit() and parts[3].isascii() and parts[3].isdigit()):
        return None
    return CodeSaid(parts[1], int(parts[2]), int(parts[3]))


def code_size_mm(text_length: int = 17) -> float:
    """The side of the code without its quiet zone, for a payload of this many characters."""
    return _symbol("A" * text_length).symbol_size(border=0)[0] * MODULE_MM


def code_marks(text: str, place: RectMm) -> tuple[Box, ...]:
    """The dark modules as filled rectangles, one for each run in a row; `place` is the code without quiet zone."""
    rows = code_modules(text)
    module_mm = place.width_mm / len(rows)
    marks = []
    for row, cells in enumerate(rows.tolist()):
        start: int | None = None
        for column, dark in enumerate([*cells, False]):
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                rect = RectMm(
                    place.x_mm + start * module_mm,
                    place.y_mm + row * module_mm,
                    (column - start) * module_mm,
                    module_mm,
                )
                marks.append(Box(rect, fill=0.0))
                start = None
    return tuple(marks)


def code_modules(text: str) -> NDArray[np.bool_]:
    """Which modules of the code are dark, (rows, columns), without quiet zone."""
    return np.array([[bool(dark) for dark in row] for row in _symbol(text).matrix], dtype=np.bool_)


def _symbol(text: str) -> segno.QRCode:
    return segno.make_qr(text, error="m", boost_error=False, mask=None)


def _tag(data: bytes, length: int) -> str:
    return base64.b32encode(hashlib.sha256(data).digest()).decode("ascii")[:length]
