"""`kaiyue roster`: who is expected."""

from pathlib import Path

import click

from web.i18n import _


@click.group()
def roster() -> None:
    """Import the roster of an exam."""


@roster.command("import")
@click.argument("exam")
@click.argument("file")
@click.option("--dry-run", is_flag=True, help="Check everything and change nothing.")
def import_(exam: str, file: str, dry_run: bool) -> None:
    """Take a roster (.xlsx or .csv) into an exam, wholly or not at all."""
    from marking.setup.roster import import_roster, read_roster
    from marking.setup.structure import find_exam, find_papers
    from web.cli.shared import read_input, services, whoami
    from web.scanning import match_roster

    data = read_input(file)
    opened = services()
    with opened.database.read() as session:
        digits = find_exam(session, exam).number_digits
    checked = read_roster(data, Path(file).name, digits)
    with (opened.database.read if dry_run else opened.database.write)() as session:
        result = import_roster(session, find_exam(session, exam), checked, actor=whoami())
    if dry_run:
        click.echo(_("Nothing was changed. The import would do this:"))
    click.echo(
        _(
            "{added} candidates added, {changed} changed, {unchanged} unchanged; {schools} schools, {classes} classes.",
            added=result.added,
            changed=result.changed,
            unchanged=result.unchanged,
            schools=result.schools,
            classes=result.classes,
        )
    )
    if not dry_run and result.added + result.changed:
        with opened.database.read() as session:
            papers = find_papers(session, exam)
        found = sum(match_roster(opened, stored) for stored in papers)
        if found:
            click.echo(_("{count} pages that waited for their number have found their candidate.", count=found))
    if result.ignored_columns:
        click.echo(_("Columns that were not used: {columns}.", columns=", ".join(result.ignored_columns)))
