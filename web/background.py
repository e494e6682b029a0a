"""What follows when pages have been placed or marks have settled: the one place where scanning hands on to marking.

Every step is derived and may run twice without harm. Whoever shows statistics calls `refresh_statistics`, so that
nobody has to remember a button.
"""

from marking.scores.compose import ComposeResult, compose_paper, compose_totals
from marking.setup.structure import StoredPaper, find_paper, find_paper_by_id, find_papers
from marking.statistics.load import refresh
from marking.tasks.create import create_tasks
from marking.tasks.withdraw import withdraw_stale
from models.score import StatisticsRun
from web.wiring import Services


def after_scanning(services: Services, paper_id: int) -> int:
    """Open marking tasks for what has arrived and bring the scores up to date; answers the number of new tasks."""
    withdraw_stale(services.database, paper_id)
    opened = create_tasks(services.database, paper_id)
    refresh_scores(services, _stored(services, paper_id))
    return opened


def refresh_scores(services: Services, stored: StoredPaper) -> ComposeResult:
    """Compose one paper and the totals over the papers of its exam."""
    result = compose_paper(services.database, stored)
    compose_totals(services.database, stored.exam.key)  # always: an interruption may have come between the two
    return result


def refresh_exam(services: Services, exam_key: str, paper_key: str | None = None) -> None:
    """Bring the scores of an exam, or of one paper of it, up to date before somebody counts or carries them away."""
    with services.database.read() as session:
        papers = [find_paper(session, exam_key, paper_key)] if paper_key else find_papers(session, exam_key)
    for stored in papers:
        refresh_scores(services, stored)


def refresh_statistics(services: Services, paper_id: int) -> StatisticsRun:
    """Scores and statistics of a paper as they follow from this moment's readings and marks."""
    stored = _stored(services, paper_id)
    refresh_scores(services, stored)
    return refresh(services.database, stored)


def _stored(services: Services, paper_id: int) -> StoredPaper:
    with services.database.read() as session:
        return find_paper_by_id(session, paper_id)
