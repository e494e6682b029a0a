"""`kaiyue stats EXAM [PAPER]`: the statistics of a stored exam, computed from this moment's scores."""

from typing import Any

import click

from web.i18n import _

LEVELS = ("exam", "school", "class")


@click.command()
@click.argument("exam")
@click.argument("paper", required=False)
@click.option("--level", type=click.Choice(LEVELS), default="exam", show_default=True, help="Which units to list.")
@click.option("--json", "as_json", is_flag=True, help="Answer as one JSON document.")
def stats_exam(exam: str, paper: str | None, level: str, as_json: bool) -> None:
    """Show the statistics of an exam or of one of its papers."""
    from marking.setup.structure import find_paper, find_papers
    from web.background import refresh_statistics
    from web.cli.shared import say_json, services

    opened = services()
    with opened.database.read() as session:
        papers = [find_paper(session, exam, paper)] if paper else find_papers(session, exam)
    documents = {each.record.key: refresh_statistics(opened, each.id).result for each in papers}
    if as_json:
        chosen = {key: _of_level(document, level) for key, document in documents.items()}
        say_json(chosen[paper] if paper else {"exam": exam, "papers": chosen})
        return
    for each in papers:
        click.echo(f"{each.record.key}  {each.paper.title}")
        for line in _lines(documents[each.record.key], level):
            click.echo("  " + line)


def _of_level(document: dict[str, Any], level: str) -> dict[str, Any]:
    """The whole document for the exam; only the units of the level otherwise."""
    if level == "exam":
        return document
    name = {"school": "schools", "class": "classes"}[level]
    return {name: document[name], "rules": document["rules"]}


def _lines(document: dict[str, Any], level: str) -> list[str]:
    if level == "exam":
        units = [({"": ""}, document["paper"])]
    elif level == "school":
        units = [({"school": unit["school"]}, unit) for unit in document["schools"]]
    else:
        units = [({"school": unit["school"], "class": unit["class"]}, unit) for unit in document["classes"]]
    columns = (
        ("mean", _("mean"), "{:.2f}"),
        ("sd", _("SD"), "{:.2f}"),
        ("max", _("highest"), "{:g}"),
        ("min", _("lowest"), "{:g}"),
        ("excellent_rate", _("excellent"), "{:.1%}"),
        ("pass_rate", _("pass"), "{:.1%}"),
        ("low_rate", _("low"), "{:.1%}"),
    )
    lines = []
    for names, values in units:
        name = " ".join(text for text in names.values() if text) or _("all")
        shown = [
            f"{title} {form.format(values[key]) if values.get(key) is not None else '—'}"
            for key, title, form in columns
        ]
        count = values.get("n", values.get("n_scored"))
        lines.append(", ".join((_("{name}: {count} scored", name=name, count=count), *shown)))
    return lines
