"""`kaiyue card build`: from a paper file to card.json, card.pdf and page images, without a database."""

from typing import TYPE_CHECKING

import click

from models.errors import InputRefused, NotFound, mark_text
from web.cli.card_files import write_card_files
from web.i18n import _

if TYPE_CHECKING:
    from models.paper import Paper


class WhichPaper(InputRefused):
    """An exam file with several papers, and no word which one."""

    code = "card.which_paper"
    sentence = mark_text("The file holds several papers: {papers}.")
    remedy = mark_text("Name one with --paper.")


@click.command()
@click.argument("file", metavar="PAPER.yaml")
@click.option("--out", required=True, metavar="DIR", help="Where card.json, card.pdf and page-1.png … are written.")
@click.option("--paper", "paper_id", metavar="ID", help="Which paper, where the file is an exam file with several.")
@click.option("--json", "as_json", is_flag=True, help="Answer as one JSON document.")
def build(file: str, out: str, paper_id: str | None, as_json: bool) -> None:
    """Lay out the answer card of a paper; nothing is written when it is refused."""
    from scanning.cards.builder import build_card
    from scanning.cards.files import dump_card
    from scanning.cards.fonts import find_fonts
    from scanning.cards.pdf import blank_pdf
    from scanning.cards.preview import page_pngs
    from web.cli.shared import read_input, say_json
    from web.wiring import configured_font

    paper, exam_title = _paper(read_input(file), paper_id)
    design = build_card(paper, exam_title=exam_title)
    pdf = blank_pdf(design, find_fonts(configured_font()))
    files = {"card.json": dump_card(design.template), "card.pdf": pdf}
    files |= {f"page-{number}.png": image for number, image in enumerate(page_pngs(pdf), start=1)}
    paths = write_card_files(out, files)
    template = design.template
    fields = sum(len(page.fields) for page in template.pages)
    regions = len({region.id for page in template.pages for region in page.regions})
    if as_json:
        say_json(
            {
                "paper": template.paper,
                "version": template.version,
                "hash": template.hash,
                "pages": len(template.pages),
                "fields": fields,
                "regions": regions,
                "files": paths,
            }
        )
        return
    click.echo(
        _(
            "The card of {paper} has {pages} side(s), {fields} fields to fill in and {regions} answer areas.",
            paper=template.paper,
            pages=len(template.pages),
            fields=fields,
            regions=regions,
        )
    )
    for path in paths:
        click.echo(f"  {path}")


def _paper(data: bytes, paper_id: str | None) -> "tuple[Paper, str]":
    """The paper to build and the title of its exam, empty for a paper file."""
    from marking.setup.exam_file import NotAnExamFile, read_exam, read_paper

    try:
        exam = read_exam(data)
    except NotAnExamFile:
        paper = read_paper(data)
        if paper_id not in (None, paper.id):
            raise NotFound(what=mark_text("paper"), name=paper_id) from None
        return paper, ""
    if paper_id is None and len(exam.papers) > 1:
        raise WhichPaper(papers=", ".join(paper.id for paper in exam.papers))
    try:
        return exam.paper(paper_id or exam.papers[0].id), exam.title
    except KeyError:
        raise NotFound(what=mark_text("paper"), name=paper_id) from None
