"""`kaiyue doctor`: is this computer ready for exam day?"""

from pathlib import Path

import click

from web.i18n import _


@click.command()
@click.option("--candidates", default=3000, show_default=True, type=click.IntRange(1), help="How many will sit.")
@click.option("--test-card", metavar="IMAGE", help="A scan of the printed test card; its print scale is measured.")
@click.option("--print-test-card", metavar="OUT.pdf", help="Write the test card to be printed and scanned.")
@click.option("--json", "as_json", is_flag=True, help="Answer as one JSON document.")
def doctor(candidates: int, test_card: str | None, print_test_card: str | None, as_json: bool) -> int:
    """Look this computer over; every line with what to do."""
    from scanning.cards.fonts import find_fonts
    from scanning.cards.pdf import blank_pdf
    from web.cli.shared import say_json, write_output
    from web.doctor import Verdict, doctor_card, examine
    from web.settings import load_settings
    from web.wiring import configured_font

    settings = load_settings()
    if print_test_card:
        pdf = blank_pdf(doctor_card(), find_fonts(configured_font(settings)))
        write_output(Path(print_test_card), pdf, "--print-test-card")
    findings = examine(settings, candidates, Path(test_card) if test_card else None)
    if as_json:
        say_json(
            {
                "findings": [
                    {"topic": each.topic, "verdict": each.verdict.value, "seen": each.seen, "remedy": each.remedy}
                    for each in findings
                ]
            }
        )
    else:
        marks = {Verdict.GOOD: "✓", Verdict.WARNING: "!", Verdict.BAD: "✗"}
        for each in findings:
            click.echo(f" {marks[each.verdict]} {_(each.topic)}: {each.seen}")
            if each.remedy:
                click.echo(f"     → {each.remedy}")
        if print_test_card:
            click.echo(_("The test card is in {file}: print it at 100 %, scan it, and run --test-card.",
                         file=print_test_card))  # fmt: skip
    return 4 if any(each.verdict is Verdict.BAD for each in findings) else 0
