"""Two hundred markers at once: every response gets its rounds, each by another person, nothing is dealt twice.

Small in `make test`, with 20,000 responses in `make nightly`; the control that reads first and writes then must fail.
"""

import pytest
from sqlalchemy import update

from models.database import Database
from models.exam import GroupRecord
from models.words import MarkingMode
from tests.support.marking_data import MarkingData, make_marking_data, one_part
from tests.support.storm import StormPlan, faults_of, storm

MARKERS = 200
SCHOOLS = 5
TOLERANCE = {2: "12", 3: "0"}  # see POINTS_BY_ROUND: how often a response is marked before it settles


def brew(database: Database, responses: int, rounds: int, **more: object) -> tuple[MarkingData, StormPlan]:
    plan = one_part(mode=MarkingMode.DOUBLE_THIRD, tolerance=TOLERANCE[rounds])
    data = make_marking_data(database, plan, candidates=responses, schools=SCHOOLS)
    with database.write() as session:
        session.execute(update(GroupRecord).values(repeat_every=50))
    seats = tuple(data.seat(f"m{number}", school=number % SCHOOLS) for number in range(MARKERS))
    return data, StormPlan(database.url, data.group(), seats, **more)  # type: ignore[arg-type]


def weather(database: Database, responses: int, rounds: int, **more: object) -> None:
    data, plan = brew(database, responses, rounds, **more)
    result = storm(plan)
    print(result)
    assert result.errors == []
    assert result.gave_up == 0
    assert result.dealt_twice == 0
    assert len(result.dealt) == responses * rounds
    assert result.hidden > 0  # the storm also goes through own responses dealt again, which are no round of anybody
    assert faults_of(database, data.entries, rounds) == []


@pytest.mark.slow
def test_three_rounds_on_sqlite(sqlite_database: Database) -> None:
    weather(sqlite_database, 2000, 3)


@pytest.mark.slow
@pytest.mark.postgresql
def test_two_rounds_on_postgresql(postgres_url: str) -> None:
    database = Database(postgres_url)
    try:
        weather(database, 2000, 2)
    finally:
        database.dispose()


@pytest.mark.nightly
@pytest.mark.parametrize("rounds", [2, 3])
def test_twenty_thousand_responses(database: Database, rounds: int) -> None:
    weather(database, 20_000, rounds, give_up_after_s=3000)


def test_the_control_that_reads_first_and_writes_then_is_caught(sqlite_database: Database) -> None:
    """A tenth of the storm is enough to see tasks dealt twice, refused marks, and responses without their rounds."""
    _data, plan = brew(sqlite_database, 200, 2, reads_first=True, processes=2)
    result = storm(plan)
    print(result)
    assert result.dealt_twice > 0
    refused = {error.split(":")[0] for error in result.errors}
    assert refused & {"LeaseLost", "TaskChanged", "NotFound"}  # marks that their markers were refused
