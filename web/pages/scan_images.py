"""Pictures of pages and fields for whoever works on scans; every view is written down before the bytes go out."""

import hashlib

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from models.card import Card
from models.errors import NotFound, mark_text
from models.sheet import PagePreview, PageReadingRecord
from scanning.cards.files import parse_card
from scanning.reading.evidence import reading_from_json
from web.access.guard import current_user, needs
from web.access.objects import page_of
from web.access.permissions import Permission
from web.access.services import services
from web.marking_desk import desk
from web.page_pictures import field_picture, turned_upright, whole_page

blueprint = Blueprint("scan_images", __name__, url_prefix="/pages/<int:page_id>")


@blueprint.get("/preview")
@needs(Permission.SEE_SCANS)
def preview(page_id: int) -> ResponseReturnValue:
    """The small picture made when the page was read; the page itself where there is none."""
    kept = services()
    with kept.database.read() as session:
        _found, page = page_of(session, page_id, Permission.SEE_SCANS)
        blob = session.scalar(select(PagePreview.blob).where(PagePreview.page_image_id == page_id))
    body = kept.blobs.get(blob) if blob is not None else whole_page(kept.blobs.get(page.blob))
    return send_picture(page_id, body, "preview")


@blueprint.get("/image")
@needs(Permission.SEE_SCANS)
def image(page_id: int) -> ResponseReturnValue:
    """The whole page, upright where the reader found out how it lies."""
    kept = services()
    with kept.database.read() as session:
        _found, page = page_of(session, page_id, Permission.SEE_SCANS)
        turned = session.scalar(
            select(PageReadingRecord.reading["turned_deg"])
            .where(PageReadingRecord.page_image_id == page_id)
            .order_by(PageReadingRecord.id.desc())
            .limit(1)
        )
    return send_picture(page_id, turned_upright(kept.blobs.get(page.blob), int(str(turned or 0))), "page")


@blueprint.get("/fields/<field_id>")
@needs(Permission.SEE_SCANS)
def field(page_id: int, field_id: str) -> ResponseReturnValue:
    """The bubbles of one field."""
    kept = services()
    with kept.database.read() as session:
        _found, page = page_of(session, page_id, Permission.SEE_SCANS)
        row = session.execute(
            select(PageReadingRecord.reading, Card.card_blob)
            .join(Card, Card.id == PageReadingRecord.card_id)
            .where(PageReadingRecord.page_image_id == page_id)
            .order_by(PageReadingRecord.id.desc())
            .limit(1)
        ).one_or_none()
    if row is None:
        raise NotFound(what=mark_text("field"), name=field_id[:60])
    reading = reading_from_json(row[0])
    if reading.side is None:
        raise NotFound(what=mark_text("field"), name=field_id[:60])
    card = parse_card(kept.blobs.get(row[1]))
    body = field_picture(kept.blobs.get(page.blob), card, reading.side, reading.corners_px, field_id)
    return send_picture(page_id, body, "field")


def send_picture(page_id: int, body: bytes, purpose: str) -> Response:
    """A picture of a page; it is sent once the view is written down."""
    desk().views.record(services().database, user_id=current_user().id, purpose=purpose, page_image_id=page_id)
    response = Response(body, mimetype="image/jpeg")
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, max-age=600"
    response.make_conditional(request)
    return response
