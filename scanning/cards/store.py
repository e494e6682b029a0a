"""Stored versions of a paper's card: the drawing and its PDF are blobs, a row names them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.blobs import BlobStore
from models.card import Card
from scanning.cards.files import parse_card
from scanning.cards.template import CardTemplate


def store_card(session: Session, paper_id: int, template: CardTemplate, card_blob: str, pdf_blob: str | None) -> Card:
    """Add a version, unless the newest one is the very same design. Blobs must be durable before."""
    newest = session.scalar(select(Card).where(Card.paper_id == paper_id).order_by(Card.version.desc()).limit(1))
    if newest is not None and newest.hash == template.hash:
        return newest
    card = Card(
        paper_id=paper_id,
        version=template.version,
        hash=template.hash,
        sides=len(template.pages),
        card_blob=card_blob,
        pdf_blob=pdf_blob,
    )
    session.add(card)
    session.flush()
    return card


def load_cards(session: Session, blobs: BlobStore, paper_id: int) -> dict[int, CardTemplate]:
    """Every version of a paper's card by row id, the newest last."""
    cards = session.scalars(select(Card).where(Card.paper_id == paper_id).order_by(Card.version))
    return {card.id: parse_card(blobs.get(card.card_blob)) for card in cards}
