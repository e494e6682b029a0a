"""`kaiyue export`: the open tables."""

from pathlib import Path

import click

from web.i18n import _


@click.command()
@click.argument("what", type=click.Choice(["responses", "marks", "scores", "exceptions"]))
@click.argument("exam")
@click.argument("paper", required=False)
@click.option("--out", required=True, metavar="FILE.csv", help="Where to write the table.")
def export(what: str, exam: str, paper: str | None, out: str) -> None:
    """Write a table of an exam, or of one of its papers, as CSV."""
    from marking.reports import exports
    from marking.setup.structure import find_exam, find_paper
    from models.audit import record
    from models.table import as_csv
    from models.words import AuditVerb
    from web.background import refresh_exam
    from web.cli.shared import services, whoami, write_output

    opened = services()
    if what in ("scores", "responses"):
        refresh_exam(opened, exam, paper)
    with opened.database.read() as session:
        stored = find_exam(session, exam)
        if paper is not None:
            find_paper(session, exam, paper)  # an unknown paper is refused rather than exported empty
        match what:
            case "scores" if paper is None:
                table = exports.exam_scores(session, exam)
            case "scores":
                table = exports.scores(session, find_paper(session, exam, paper or ""))
            case "responses":
                table = exports.responses(session, stored, paper)
            case "marks":
                table = exports.marks(session, stored, paper)
            case _:
                table = exports.exceptions(session, stored, paper)
    write_output(Path(out), as_csv(table.columns, table.rows).encode("utf-8"))
    with opened.database.write() as session:
        record(session, AuditVerb.EXPORTED, f"exam:{exam}", actor=whoami(), what=what, paper=paper or "")
    click.echo(_("{count} rows are in {file}.", count=len(table.rows), file=out))
