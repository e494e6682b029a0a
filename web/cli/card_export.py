"""`kaiyue card export`: the card of a stored paper, blank or one for each candidate."""

from pathlib import Path

import click

from web.i18n import _


@click.command()
@click.argument("exam")
@click.argument("paper")
@click.option("--out", required=True, metavar="DIR", help="Where card.json, card.pdf and page-1.png … are written.")
@click.option("--per-candidate", is_flag=True, help="Also write candidates.pdf with names and numbers filled in.")
def export(exam: str, paper: str, out: str, per_candidate: bool) -> None:
    """Write the newest card of a stored paper."""
    from marking.setup.structure import find_paper
    from scanning.cards.preview import page_pngs
    from web.cards import card_of, personal_cards
    from web.cli.shared import services, write_output

    opened = services()
    with opened.database.read() as session:
        stored = find_paper(session, exam, paper)
    template, card_json, pdf = card_of(opened, stored)
    files = {"card.json": card_json, "card.pdf": pdf}
    files |= {f"page-{number}.png": image for number, image in enumerate(page_pngs(pdf), start=1)}
    if per_candidate:
        files["candidates.pdf"] = personal_cards(opened, stored.exam.title, stored.paper, template, stored.id)
    folder = Path(out)
    for name, data in files.items():
        write_output(folder / name, data)
        click.echo(_("  {file}", file=folder / name))
