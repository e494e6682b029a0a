"""The simulated marker goes through the same door as everybody else."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from models.records import ImageView, Mark
from models.words import MarkingMode
from samples.drive import CallRefused, MarkerClient, drive
from tests.support.browser import served
from tests.support.marking_app import PASSWORD, give_passwords, make_app, staffed
from tests.support.marking_data import GroupPlan, make_marking_data, one_part


def test_two_simulated_markers_mark_their_share_over_http(sqlite_database, blobs, tmp_path) -> None:
    plans = (GroupPlan(), one_part("13", "6", mode=MarkingMode.DOUBLE, tolerance="1"))
    staffed(make_marking_data(sqlite_database, *plans, candidates=10, blobs=blobs))
    give_passwords(sqlite_database)

    def judge(group, item):
        return {part["id"]: Decimal(part["points"]) for part in item["parts"]}

    with served(make_app(sqlite_database, blobs, tmp_path)) as server:
        first = drive(server.url, "m0", PASSWORD, judge, share=0.5, groups=frozenset({"16"}))
        assert (first.marks, first.images, first.refused) == (5, 5, 0)
        assert first.image_bytes > 5000
        both = [drive(server.url, name, PASSWORD, judge, groups=frozenset({"13"}), among=2) for name in ("m0", "m1")]
        assert [one.marks for one in both] == [10, 5]  # half of 20, then half of the 10 left
        with pytest.raises(CallRefused, match="401"):
            MarkerClient(server.url, "m0", "wrong")
    with sqlite_database.read() as session:
        assert len(session.scalars(select(Mark.id)).all()) == 20
        assert {points for (points,) in session.execute(select(Mark.points))} == {Decimal(6)}
        assert len(session.scalars(select(ImageView.id)).all()) == 20
