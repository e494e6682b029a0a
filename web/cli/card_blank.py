"""`kaiyue card import --image`: propose a card from a picture of a blank one; a person confirms it later."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from models.errors import NotFound, mark_text
from web.cli.card_files import write_card_files
from web.cli.card_import import NEEDS_PERSON
from web.i18n import _

if TYPE_CHECKING:
    from scanning.cards.importers.blank.card import BlankCard


def from_blank(image: str, out: str, paper: str, width_mm: float | None, *, as_json: bool) -> int:
    """Write card.json, one overlay and one upright picture for each side, and say what is uncertain. Always 4."""
    import cv2

    from scanning.cards.files import parse_card
    from scanning.cards.importers.blank.card import BlankOptions, import_blank
    from scanning.cards.importers.blank.draw import draw_proposals
    from web.cli.shared import say_json

    if not Path(image).is_file():
        raise NotFound(what=mark_text("file"), name=image)
    found = import_blank(Path(image), BlankOptions(paper=paper, width_mm=width_mm))
    data = (json.dumps(found.document, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
    parse_card(data)  # what is written is what will be read
    files = {"card.json": data}
    for one in found.pages:
        files[f"page-{one.page.page}.png"] = cv2.imencode(".png", one.grey)[1].tobytes()
        files[f"overlay-{one.page.page}.png"] = draw_proposals(one)
    paths = write_card_files(out, files)
    counts = _counts(found)
    if as_json:
        remarks = [{"place": one.place, "text": _(one.text), "needs_person": one.needs_person} for one in found.remarks]
        overlays = [path for path in paths if Path(path).name.startswith("overlay-")]
        answer = {"card": paths[0], "hash": found.card.hash, "overlays": overlays, "proposed": True}
        say_json(answer | counts | {"remarks": remarks, "needs_person": True})
        return NEEDS_PERSON
    click.echo(
        _(
            "{card}: proposed from {pages} side(s): {grids} number grid(s), {items} items ({judge} of them true or"
            " false), {flags} single bubbles, {bubbles} bubbles in all, {regions} answer boxes, {marks} marks.",
            card=paths[0],
            **counts,
        )
    )
    for path in paths[1:]:
        click.echo(f"  {path}")
    click.echo(_("Uncertain, and to be looked at on the overlay:"))
    for remark in found.remarks:
        click.echo(f"  {remark.place}: {_(remark.text)}")
    text = _("Numbers, options and boxes are proposals: confirm or correct every one of them before the card is used.")
    click.echo(f"  {text}")
    return NEEDS_PERSON


def _counts(found: "BlankCard") -> dict[str, Any]:
    pages = found.card.pages
    kinds = Counter(field.kind.value for page in pages for field in page.fields)
    return {
        "pages": len(pages),
        "grids": kinds["digits"],
        "items": kinds["single"] + kinds["judge"],
        "judge": kinds["judge"],
        "flags": kinds["flag"],
        "fields": sum(len(page.fields) for page in pages),
        "bubbles": sum(len(field.bubbles) for page in pages for field in page.fields),
        "regions": sum(len(page.regions) for page in pages),
        "marks": sum(len(page.fiducials) for page in pages),
    }
