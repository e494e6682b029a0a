"""`kaiyue exam`: store an exam with its cards, look at it, take it to its next state."""

import click

from web.i18n import _


@click.group()
def exam() -> None:
    """Create, show and advance exams."""


@exam.command()
@click.argument("file", metavar="EXAM.yaml")
def create(file: str) -> None:
    """Store an exam from its file and lay out the answer card of every paper."""
    from marking.setup.exam_file import read_exam
    from web.cards import create_exam
    from web.cli.shared import read_input, services, whoami

    checked = read_exam(read_input(file))
    opened = services()
    sides = create_exam(opened, checked, actor=whoami())
    click.echo(_("Exam {exam} was created with {count} papers.", exam=checked.id, count=len(checked.papers)))
    for paper in checked.papers:
        click.echo(
            _(
                "  {id}  {title}: {items} items, full mark {full}, card of {sides} sides",
                id=paper.id,
                title=paper.title,
                items=len(paper.items),
                full=paper.full_mark,
                sides=sides[paper.id],
            )
        )


@exam.command()
@click.argument("exam_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Answer as one JSON document.")
def show(exam_id: str, as_json: bool) -> None:
    """Show what an exam consists of and where it stands."""
    from marking.setup.overview import exam_overview
    from models.words import ExamState, PaperState
    from web.background import refresh_exam
    from web.cli.shared import say_json, services
    from web.words import name_of

    opened = services()
    refresh_exam(opened, exam_id)
    with opened.database.read() as session:
        overview = exam_overview(session, exam_id)
    if as_json:
        say_json(overview.as_dict())
        return
    click.echo(f"{overview.id}  {overview.title}  [{overview.state} {_(name_of(ExamState(overview.state)))}]")
    click.echo(_("{count} candidates in {schools} schools", count=overview.candidates, schools=overview.schools))
    for paper in overview.papers:
        click.echo(
            _(
                "  {id}  {title}  [{state}]  full mark {full}, {objective} objective and {subjective} subjective "
                "items, {groups} marking groups, {composed} of {expected} scored",
                id=paper.id,
                title=paper.title,
                state=f"{paper.state} {_(name_of(PaperState(paper.state)))}",
                full=paper.full_mark,
                objective=paper.objective_items,
                subjective=paper.subjective_items,
                groups=len(paper.groups),
                composed=paper.scored,
                expected=paper.expected,
            )
        )


@exam.command()
@click.argument("exam_id", metavar="EXAM")
@click.argument("rest", nargs=-1, required=True, metavar="[PAPER] STATE")
@click.option(
    "--signed-by",
    default="",
    metavar="NAME",
    help="Write down who has signed the printed rule sheet, for formal_marking.",
)
def advance(exam_id: str, rest: tuple[str, ...], signed_by: str) -> None:
    """Take an exam, or one of its papers, to a later state; lists what blocks it."""
    from marking.setup.states import advance_exam, advance_paper, paper_warnings, sign_at_the_desk
    from marking.setup.structure import find_exam, find_paper
    from models.errors import Complaints, UsageError, mark_text
    from models.words import ExamState, PaperState
    from web.background import refresh_exam
    from web.cli.shared import services, whoami
    from web.i18n import say
    from web.words import name_of

    if len(rest) > 2:
        raise UsageError(why=mark_text("give an exam, perhaps a paper, and one state"))
    *paper, state = rest
    states: list[str] = list(PaperState) if paper else list(ExamState)
    if state not in states:
        raise UsageError(why=_("{state} is no state; use one of {states}", state=state, states=", ".join(states)))
    target = PaperState(state) if paper else ExamState(state)
    if signed_by and target is not PaperState.FORMAL_MARKING:
        raise UsageError(why=mark_text("--signed-by belongs to the step of a paper to formal_marking"))
    signed, warnings = "", Complaints()
    unsigned: tuple[str, ...] = ()
    opened = services()
    if paper:
        refresh_exam(opened, exam_id, paper[0])  # the gates look at scores
    with opened.database.write() as session:
        if isinstance(target, PaperState):
            record = find_paper(session, exam_id, paper[0]).record
            warnings = paper_warnings(session, record, target)
            if signed_by.strip():
                signed = sign_at_the_desk(session, record, name=signed_by.strip()[:100], actor=whoami())
            # Whoever works at the server may go on before a leader has signed; the log and a warning say so.
            unsigned = advance_paper(session, record, target, actor=whoami(), signature_needed=False)
        else:
            advance_exam(session, find_exam(session, exam_id), target, actor=whoami())
    for warning in warnings:
        click.echo(say(warning.sentence), err=True)
    if unsigned:
        click.echo(
            _(
                "Nobody has signed the rule sheet for {groups}: let the leader sign in the browser, or write down who "
                "signed the printed sheet with --signed-by NAME.",
                groups=_(", ").join(unsigned),
            ),
            err=True,
        )
    if signed:
        click.echo(_("Written down: {name} has signed the rule sheet {sha}.", name=signed_by.strip(), sha=signed[:12]))
    click.echo(_("{what} is now: {state}.", what="/".join([exam_id, *paper]), state=_(name_of(target))))
