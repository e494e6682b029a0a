"""Deliveries of scans on their way from a browser to an errand: who opened which, for which paper."""

import json
from dataclasses import asdict, dataclass

from models.errors import NotFound, mark_text
from web.errands import SCAN
from web.jobs import enqueue
from web.settings import Settings
from web.uploads import FileMissing, deliveries, delivery_folder, new_delivery
from web.wiring import Services

_NOTE = "delivery.json"  # beside the folder of files, so that it is never taken for a scan


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the note of a delivery says."""

    token: str
    paper_id: int
    user_id: int
    duplex: bool


def open_delivery(settings: Settings, *, paper_id: int, user_id: int, name: str, duplex: bool) -> str:
    """Make an empty delivery of one person for one paper and answer its token."""
    token = new_delivery(settings, name)
    note = Delivery(token, paper_id, user_id, duplex)
    (deliveries(settings) / token / _NOTE).write_text(json.dumps(asdict(note)), encoding="utf-8")
    return token


def owned(settings: Settings, token: str, user_id: int) -> Delivery:
    """The delivery, where this person opened it. Raises NotFound."""
    folder = delivery_folder(settings, token)
    note = Delivery(**json.loads((folder.parent / _NOTE).read_text(encoding="utf-8")))
    if note.user_id != user_id:
        raise NotFound(what=mark_text("delivery"), name=token)
    return note


def hand_over(kept: Services, delivery: Delivery, *, operator: str) -> int:
    """Ask for the errand that reads the delivery; twice is the same as once. Raises FileMissing where it is empty."""
    if not any(delivery_folder(kept.settings, delivery.token).iterdir()):
        raise FileMissing
    detail = {
        "paper_id": delivery.paper_id,
        "user_id": delivery.user_id,
        "delivery": delivery.token,
        "operator": operator,
        "duplex": delivery.duplex,
    }
    with kept.database.write() as session:
        return enqueue(session, SCAN, f"{SCAN}:{delivery.token}", detail).id
