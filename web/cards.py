"""Where papers meet their printed cards: lay out, print, keep. Joins marking's exam with scanning's card."""

from collections.abc import Iterable

from sqlalchemy import select

from marking.setup.structure import StoredPaper, find_papers, store_exam
from models.card import Card
from models.errors import NotFound, mark_text
from models.order import natural_key
from models.paper import Exam, Paper
from models.people import Candidate, PaperEntry, School, SchoolClass
from scanning.cards.builder import build_card
from scanning.cards.files import dump_card, parse_card
from scanning.cards.fonts import find_fonts
from scanning.cards.pdf import PrintedCandidate, blank_pdf, candidates_pdf, unprintable
from scanning.cards.store import store_card
from scanning.cards.template import CardTemplate
from web.wiring import Services, configured_font


def create_exam(services: Services, exam: Exam, *, actor: str = "") -> dict[str, int]:
    """Store a checked exam with the first card of every paper; answers the sides of each paper's card.

    Cards are laid out before anything is stored: a paper that does not fit leaves nothing behind.
    """
    fonts = find_fonts(configured_font(services.settings))
    designs = {paper.id: build_card(paper, exam_title=exam.title) for paper in exam.papers}
    kept = {}
    for paper_id, design in designs.items():
        card = services.blobs.put(dump_card(design.template))
        kept[paper_id] = (design.template, card, services.blobs.put(blank_pdf(design, fonts)))
    with services.database.write() as session:
        store_exam(session, exam, actor=actor)
        for stored in find_papers(session, exam.id):
            template, card_blob, pdf_blob = kept[stored.paper.id]
            store_card(session, stored.id, template, card_blob, pdf_blob)
    return {paper_id: len(design.template.pages) for paper_id, design in designs.items()}


def newest_card(services: Services, paper_id: int) -> tuple[Card, bytes, bytes]:
    """The newest card of a paper with its card.json and blank PDF. Raises NotFound."""
    with services.database.read() as session:
        card = session.scalars(
            select(Card).where(Card.paper_id == paper_id).order_by(Card.version.desc()).limit(1)
        ).first()
    if card is None or card.pdf_blob is None:
        raise NotFound(what=mark_text("answer card"), name=str(paper_id))
    return card, services.blobs.get(card.card_blob), services.blobs.get(card.pdf_blob)


def personal_cards(
    services: Services,
    exam_title: str,
    paper: Paper,
    template: CardTemplate,
    paper_id: int,
    *,
    school_id: int | None = None,
) -> bytes:
    """One PDF with the card of every candidate on the roster, or of one school's: names and numbers filled in,
    in class order.

    The design is laid out again from the same paper, which always gives the same card; a stored card of
    another design is refused rather than printed wrongly. Characters that no font has become 〓.
    """
    design = build_card(paper, version=template.version, exam_title=exam_title)
    if design.template.hash != template.hash:
        raise NotFound(what=mark_text("answer card of this design"), name=template.hash[:12])
    fonts = find_fonts(configured_font(services.settings))
    return candidates_pdf(design, fonts, _printed(services, paper_id, school_id))


def names_to_complete(services: Services, paper_id: int, *, school_id: int | None = None) -> list[str]:
    """The candidates on whose cards 〓 stands for characters that no font of this computer has: number, name, which."""
    fonts = find_fonts(configured_font(services.settings))
    return [
        f"{one.number} {one.name}: " + ", ".join(f"{letter} (U+{ord(letter):04X})" for letter in missing)
        for one, missing in unprintable(fonts, _printed(services, paper_id, school_id))
    ]


def _printed(services: Services, paper_id: int, school_id: int | None) -> Iterable[PrintedCandidate]:
    with services.database.read() as session:
        rows = session.execute(
            select(Candidate.number, Candidate.name, School.name, SchoolClass.name, Candidate.room, Candidate.seat)
            .join(PaperEntry, PaperEntry.candidate_id == Candidate.id)
            .join(School, School.id == Candidate.school_id)
            .join(SchoolClass, SchoolClass.id == Candidate.class_id)
            .where(PaperEntry.paper_id == paper_id)
            .where(*([Candidate.school_id == school_id] if school_id is not None else []))
        ).all()
    in_class_order = sorted(rows, key=lambda row: (natural_key(row[2]), natural_key(row[3]), row[0]))
    return [
        PrintedCandidate(number, name, school, class_name, "-".join(text for text in (room, seat) if text))
        for number, name, school, class_name, room, seat in in_class_order
    ]


def card_of(services: Services, stored: StoredPaper) -> tuple[CardTemplate, bytes, bytes]:
    """The newest card of a stored paper: its drawing, card.json and blank PDF."""
    _card, card_json, pdf = newest_card(services, stored.id)
    return parse_card(card_json), card_json, pdf
