"""`kaiyue card import`: make card.json from somebody else's card, and say what could not come along."""

from pathlib import Path
from typing import Any

import click

from models.errors import InputRefused, UsageError, mark_text
from web.cli.card_files import write_card_files
from web.i18n import _

NEEDS_PERSON = 4


class SampleRefused(InputRefused):
    """The sample image cannot be read as an image."""

    code = "card.import.sample"
    sentence = mark_text("The sample {name} is refused: {detail} ({reason}).")
    remedy = mark_text("Give one scanned or photographed sheet as JPEG, PNG or TIFF.")


@click.command("import")
@click.option("--omrchecker", "template", metavar="TEMPLATE.json", help="The template of an OMRChecker folder.")
@click.option(
    "--image",
    "image",
    metavar="IMAGE",
    help="Without --omrchecker a scan, photo or PDF of the blank card; with it one sheet to try the template on.",
)
@click.option("--out", required=True, metavar="DIR", help="Where card.json is written.")
@click.option("--paper", default="imported", show_default=True, metavar="ID", help="The paper id in card.json.")
@click.option(
    "--width-mm",
    type=click.FloatRange(20, 2000),
    help="How wide the page is (default: 210 for a template; what the file says, or a guess, for an image).",
)
@click.option("--json", "as_json", is_flag=True, help="Answer as one JSON document.")
def import_card(
    *, template: str | None, image: str | None, out: str, paper: str, width_mm: float | None, as_json: bool
) -> int:
    """Import somebody else's card; ends with 4 when there is something that a person should look at."""
    if template is not None:
        return _from_template(template, image, out, paper, width_mm, as_json=as_json)
    if image is None:
        raise UsageError(why=mark_text("name the template with --omrchecker, or the blank card with --image"))
    from web.cli.card_blank import from_blank

    return from_blank(image, out, paper, width_mm, as_json=as_json)


def _from_template(
    template: str, sample: str | None, out: str, paper: str, width_mm: float | None, *, as_json: bool
) -> int:
    from scanning.cards.files import dump_card, parse_card, with_hash
    from scanning.cards.importers.folder import load_omrchecker
    from scanning.cards.importers.omrchecker import ImportOptions
    from web.cli.shared import say_json

    options = ImportOptions(paper=paper) if width_mm is None else ImportOptions(paper=paper, width_mm=width_mm)
    imported = load_omrchecker(Path(template), options)
    data = dump_card(with_hash(imported.card))
    card = parse_card(data)  # what was written is what will be read
    tried = None if sample is None else _try_sample(Path(sample), card)
    (target,) = write_card_files(out, {"card.json": data})
    fields = card.pages[0].fields
    bubbles = sum(len(field.bubbles) for field in fields)
    waits = any(remark.needs_person for remark in imported.remarks) or (tried is not None and not tried["found"])
    if as_json:
        remarks = [
            {"place": remark.place, "text": _(remark.text), "needs_person": remark.needs_person}
            for remark in imported.remarks
        ]
        document = {"card": target, "hash": card.hash, "fields": len(fields), "bubbles": bubbles}
        say_json(document | {"remarks": remarks, "sample": tried, "needs_person": waits})
        return NEEDS_PERSON if waits else 0
    text = _("{card}: {fields} fields with {bubbles} bubbles.", card=target, fields=len(fields), bubbles=bubbles)
    click.echo(text)
    for remark in imported.remarks:
        click.echo(f"  {remark.place}: {_(remark.text)}")
    if tried is not None and tried["found"]:
        text = _(
            "The sample fits: {residual} mm between print and card, {doubtful} of {fields} fields doubtful.", **tried
        )
        click.echo(text)
    elif tried is not None:
        text = _("The card was not found on the sample ({code}). Check that both belong together.", **tried)
        click.echo(text)
    return NEEDS_PERSON if waits else 0


def _try_sample(sample: Path, card: Any) -> dict[str, Any]:
    """Read the sample with the new card: whether the page was found, and how well the bubbles fit."""
    from models.words import PageCode, ReadingStatus
    from scanning.read_page import ReadingOptions, read_bytes
    from web.cli.shared import read_input

    reading = read_bytes(read_input(str(sample)), card, ReadingOptions(crops=None, ocr="never"))
    if reading.code is not None and reading.code not in (PageCode.UNREGISTERED, PageCode.POOR_FIT):
        raise SampleRefused(name=str(sample), detail=reading.code.value, reason=reading.detail or reading.code.value)
    doubtful = sum(field.status is ReadingStatus.DOUBTFUL for field in reading.fields)
    return {
        "found": reading.code is None,
        "code": reading.code.value if reading.code else None,
        "residual": None if reading.residual_mm is None else round(reading.residual_mm, 2),
        "fields": len(reading.fields),
        "doubtful": doubtful,
    }
