"""A data folder with responses that wait to be marked, and open sessions for a crowd of markers.

The sessions are opened in the table: two hundred logins cost two hundred deliberately slow password checks, which are
no part of marking and have a test of their own.
"""

import io
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from PIL import Image, ImageChops
from sqlalchemy import insert, select

from models.columns import now
from models.task import Mark, MarkingTask
from models.words import MarkingMode, TaskState
from samples.crowd import Member
from tests.support.marking_data import MarkingData, make_marking_data, one_part, tiny_jpeg
from web.access.cookies import session_name
from web.access.sessions import open_session
from web.settings import load_settings
from web.wiring import Services, open_services

PICTURES = 12


def full_size_picture(seed: int) -> bytes:
    """A response region of some 190 x 70 mm as it is cut at 200 dpi from a grey scan: about 45 kB."""
    drawn = Image.open(io.BytesIO(tiny_jpeg(seed, 1500, 560)))
    grain = Image.effect_noise(drawn.size, 3.5)
    data = io.BytesIO()
    ImageChops.add(drawn, grain, offset=-128).save(data, "JPEG", quality=70)
    return data.getvalue()


@dataclass(frozen=True, slots=True)
class CrowdData:
    """What was put in: the open services, the paper, its group, and who may mark it."""

    services: Services
    data: MarkingData
    members: tuple[Member, ...]

    @property
    def group_id(self) -> int:
        """The one marking group."""
        return next(iter(self.data.groups.values()))

    @property
    def user_ids(self) -> list[int]:
        """The markers, in the order of `members`."""
        return list(self.data.users.values())


def make_crowd_data(
    folder: Path,
    *,
    markers: int,
    responses: int,
    mode: MarkingMode = MarkingMode.DOUBLE,
    schools: int = 5,
    full_size: bool = False,
    database_url: str = "",
) -> CrowdData:
    """Markers of several schools, who do not get their own school's responses; every response as `mode` deals it out.

    Under a tolerance of the full mark two marks always settle, so that the number of marks is known beforehand.
    """
    given = {"KAIYUE_DATA": str(folder)} | ({"KAIYUE_DATABASE_URL": database_url} if database_url else {})
    kept = open_services(load_settings(given))
    pictures = [full_size_picture(number) if full_size else tiny_jpeg(number) for number in range(PICTURES)]
    plan = one_part(mode=mode, tolerance="12")
    data = make_marking_data(
        kept.database, plan, candidates=responses, schools=schools, blobs=kept.blobs, pictures=pictures
    )
    seats = [data.seat(f"m{number}", school=number % schools) for number in range(markers)]
    name = session_name(kept.settings)
    with kept.database.write() as session:
        opened = [open_session(session, seat.user_id, kept.settings.session_absolute_s) for seat in seats]
    members = tuple(Member(f"{name}={one.token}", one.csrf_token) for one in opened)
    return CrowdData(kept, data, members)


def add_history(made: CrowdData, each: int) -> None:
    """Let every marker have given `each` marks of round 1 already, as late in a day; nothing of it has settled."""
    moment = now()
    with made.services.database.write() as session:
        free = iter(session.scalars(select(MarkingTask).where(MarkingTask.round == 1).order_by(MarkingTask.id)).all())
        given = [(task, marker) for marker in made.user_ids for task in (next(free) for _ in range(each))]
        for task, marker in given:
            task.state, task.marker_id, task.points, task.done_at = TaskState.DONE, marker, Decimal(6), moment
            task.version = 2
        session.flush()
        session.execute(
            insert(Mark),
            [
                {"task_id": task.id, "revision": 1, "version": 2, "marker_id": marker, "points": Decimal(6),
                 "parts": {"13": "6"}, "key": f"history-{task.id}", "request_sha": "0" * 64}
                for task, marker in given
            ],
        )  # fmt: skip
