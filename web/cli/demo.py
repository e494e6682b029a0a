"""`kaiyue demo`: a whole simulated exam through the real pipeline, then the pages."""

import click

from web.i18n import _


@click.command()
@click.option("--serve/--no-serve", default=True, show_default=True, help="Serve the pages when it is built.")
@click.option("--candidates", default=120, show_default=True, type=click.IntRange(6, 5000))
@click.option("--markers", default=6, show_default=True, type=click.IntRange(2, 60), help="Markers for each paper.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
def demo(*, serve: bool, candidates: int, markers: int, seed: int) -> int:
    """Build a sample exam: cards printed, filled, scanned, read, partly marked, counted; then serve it."""
    import os
    import time

    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(120_000_000))  # before OpenCV is imported
    from web.cli.shared import services
    from web.demo import DemoPlan, build_demo

    started = time.monotonic()
    opened = services()
    result = build_demo(opened, DemoPlan(candidates, markers, seed), lambda line: click.echo(f"· {line}"))
    click.echo("")
    for paper in result.papers:
        pages, people = paper.pages, paper.candidates
        click.echo(f"{paper.title} ({paper.paper})")
        click.echo(
            _(
                "  pages in {pages_in} = placed {placed} + waiting {waiting} + discarded {discarded}",
                pages_in=pages.pages_in,
                placed=pages.placed,
                waiting=pages.waiting,
                discarded=pages.discarded,
            )
        )
        click.echo(
            _(
                "  candidates expected {expected} = fully scored {scored} + in marking {in_marking} + absent {absent} "
                "+ lost {lost} + violation {violation} + not entered {not_entered} + waiting {waiting}",
                expected=people.expected,
                scored=people.scored,
                in_marking=people.in_marking,
                absent=people.absent,
                lost=people.lost,
                violation=people.violation,
                not_entered=people.not_entered,
                waiting=people.waiting,
            )
        )
        click.echo(_("  {count} marks by simulated markers", count=paper.marks))
    found = result.comparison
    click.echo(
        _(
            "Held against the truth: {fields} fields on {pages} pages, {silent} silent errors, {doubtful} doubtful "
            "({needless} of them needlessly), {refused} pages refused, {lost} lost.",
            fields=found.fields,
            pages=found.pages,
            silent=len(found.silent) + len(found.silent_numbers),
            doubtful=found.doubtful,
            needless=len(found.needless),
            refused=len(found.refused),
            lost=len(found.lost),
        )
    )
    for finding in [*found.silent, *found.silent_numbers, *found.lost, *found.misplaced, *found.foreign]:
        click.echo(f"  ! {finding.file} p.{finding.page} {finding.field}: {finding.read!r} / {finding.true!r}")
    click.echo(_("Built in {seconds} s.", seconds=f"{time.monotonic() - started:.0f}"))
    click.echo("")
    click.echo(_("Accounts (user name, password):"))
    for username, name, password in result.accounts:
        click.echo(f"  {username:<12} {password}  {name}")
    if not result.holds:
        click.echo(_("A balance does not hold, or something was read wrongly without a word."), err=True)
        return 5
    if serve:
        from web.server import Server

        server = Server(opened)
        click.echo("")
        click.echo(_("Kaiyue serves http://{host}:{port} — stop it with Ctrl+C.", host=opened.settings.host,
                     port=server.port))  # fmt: skip
        server.run()
    return 0
