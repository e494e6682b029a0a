"""`kaiyue card export`: the card of a stored paper, blank or one for each candidate."""

from pathlib import Path

import click

from web.i18n import _


@click.command()
@click.argument("exam")
@click.argument("paper")
@click.option("--out", required=True, metavar="DIR", help="Where card.json, card.pdf and page-1.png … are written.")
@click.option("--per-candidate", is_flag=True, help="Also write candidates.pdf with names and numbers filled in.")
def export(exam: str, paper: str, out: str, per_candidate: bool) -> int:
    """Write the newest card of a stored paper. Exit code 4: some names have to be completed by hand."""
    from marking.setup.structure import find_paper
    from scanning.cards.preview import page_pngs
    from web.cards import card_of, names_to_complete, personal_cards
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
    unfinished = names_to_complete(opened, stored.id) if per_candidate else []
    if unfinished:
        told = _("On these cards 〓 stands for characters that no font here has. Write them in, or set KAIYUE_FONT:")
        click.echo("\n  ".join([told, *unfinished]), err=True)
    return 4 if unfinished else 0
