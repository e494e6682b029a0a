"""The card file: `card.json` of the contract, written and read, and the hash that names a design.

In:  a CardTemplate, or the bytes of a card file by anybody who kept to the contract.
Out: bytes, or a CardTemplate; CardInvalid lists every complaint with its place (`pages[0].fields[2].kind`).

Keys of the contract are required as it shows them; ours beyond it (`code_payload`, `tracks`, `frames`,
`identity_zones`, `prints`, `printed_number`, `anchoring`, `column` and `shape`) are optional, unknown ones are ignored.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.errors import Complaint, Complaints, Sentence, mark_text
from models.geometry import RectMm
from models.words import FieldKind
from scanning.cards.errors import CardInvalid
from scanning.cards.parse import FORMAT, CardReader
from scanning.cards.template import CardPage, CardTemplate, Field


def dump_card(card: CardTemplate) -> bytes:
    """The card file, UTF-8 JSON: indented, keys in the order of the contract, ending in a newline."""
    return (json.dumps(card_document(card), ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def card_hash(card: CardTemplate) -> str:
    """SHA-256 of the canonical card file without its own hash, as 64 hex digits."""
    document = card_document(card)
    del document["hash"]
    canonical = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def design_hash(card: CardTemplate) -> str:
    """The hash of the design without what its machine codes say: the payloads are made from it."""
    return card_hash(replace(card, pages=tuple(replace(page, code_payload="") for page in card.pages)))


def with_hash(card: CardTemplate) -> CardTemplate:
    """The card with the hash that names it."""
    return replace(card, hash=card_hash(card))


def load_card(path: Path) -> CardTemplate:
    """Read a card file. Raises CardInvalid, with every complaint, when it is not a usable one."""
    try:
        data = path.read_bytes()
    except OSError as error:
        why = Sentence(mark_text("it cannot be opened ({why})."), {"why": error.strerror or str(error)})
        raise CardInvalid(file=str(path), complaints=Complaints([Complaint("", why)])) from error
    return parse_card(data, str(path))


def parse_card(data: bytes, name: str = "card.json") -> CardTemplate:
    """Read the bytes of a card file; `name` is what messages call it. Raises CardInvalid."""
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        why = Sentence(mark_text("it is not JSON in UTF-8 ({why})."), {"why": str(error)})
        raise CardInvalid(file=name, complaints=Complaints([Complaint("", why)])) from error
    reader = CardReader()
    card = reader.card(document)
    if reader.complaints:
        raise CardInvalid(file=name, complaints=Complaints(reader.complaints[:20]))
    return with_hash(card)


def card_document(card: CardTemplate) -> dict[str, Any]:
    """The card as the JSON document of the contract, lengths rounded to a thousandth of a millimetre."""
    return {
        "kaiyue": FORMAT,
        "paper": card.paper,
        "version": card.version,
        "hash": card.hash,
        "pages": [_page(page) for page in card.pages],
    }


def _page(page: CardPage) -> dict[str, Any]:
    document: dict[str, Any] = {
        "page": page.page,
        "width_mm": _mm(page.size.width_mm),
        "height_mm": _mm(page.size.height_mm),
        "fiducials": [
            {"id": mark.id, **_rect(mark.rect), **({"shape": mark.shape} if mark.shape != "rect" else {})}
            for mark in page.fiducials
        ],
    }
    if page.code is not None:
        document["code"] = _rect(page.code)
    if page.code_payload:
        document["code_payload"] = page.code_payload
    document["fields"] = [_field(field) for field in page.fields]
    document["barcodes"] = [{"id": b.id, "symbology": b.symbology, **_rect(b.rect)} for b in page.barcodes]
    document["regions"] = [{"id": region.id, "part": region.part, **_rect(region.rect)} for region in page.regions]
    if page.printed_number is not None:
        document["printed_number"] = _rect(page.printed_number)
    if page.tracks:
        document["tracks"] = [{"id": track.id, "bars": [_rect(bar) for bar in track.bars]} for track in page.tracks]
    if page.frames:
        document["frames"] = [_rect(frame) for frame in page.frames]
    if page.identity_zones:
        document["identity_zones"] = [_rect(zone) for zone in page.identity_zones]
    if page.prints:
        document["prints"] = [_rect(words) for words in page.prints]
    if page.anchoring is not None:
        document["anchoring"] = {
            "steps": list(page.anchoring.steps),
            "marker_png": page.anchoring.marker_png,
            "marker_width_mm": _mm(page.anchoring.marker_width_mm),
            "reference_png": page.anchoring.reference_png,
        }
    return document


def _field(field: Field) -> dict[str, Any]:
    has_columns = field.columns > 1 or field.kind in (FieldKind.DIGITS, FieldKind.JOINED)
    document: dict[str, Any] = {"id": field.id, "kind": field.kind.value}
    if has_columns:
        document["columns"] = field.columns
    document["bubbles"] = [
        {**({"column": bubble.column} if has_columns else {}), "label": bubble.label, **_rect(bubble.rect)}
        for bubble in field.bubbles
    ]
    return document


def _rect(rect: RectMm) -> dict[str, float]:
    return {"x_mm": _mm(rect.x_mm), "y_mm": _mm(rect.y_mm), "w_mm": _mm(rect.width_mm), "h_mm": _mm(rect.height_mm)}


def _mm(length: float) -> float:
    """A length as JSON shows it: at most three decimals, and 8 rather than 8.0, so that hashes agree."""
    rounded = round(length, 3) + 0.0  # + 0.0 turns -0.0 into 0.0
    return int(rounded) if rounded == int(rounded) else rounded
