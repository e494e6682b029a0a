"""Annotations are small vectors on the crop, and nothing else gets into the table."""

import pytest

from marking.rounds.annotations import check_annotations
from marking.rounds.errors import MarkMalformed

TICK = {"kind": "tick", "image": 0, "at": [0.5, 0.25]}


def test_what_is_known_is_kept_and_everything_else_dropped() -> None:
    assert check_annotations([{**TICK, "name": "张三", "at": [0.123456, 1]}]) == [
        {"kind": "tick", "image": 0, "at": [0.1235, 1.0]}
    ]
    assert check_annotations(None) == []
    pen = {"kind": "pen", "image": 1, "line": [[0, 0], [1, 1]]}
    stamp = {"kind": "stamp", "image": 0, "at": [0, 0], "part": "(1)", "value": "2"}
    assert check_annotations([pen, stamp]) == [pen, stamp]


@pytest.mark.parametrize(
    "wrong",
    [
        "tick",
        [TICK] * 201,
        ["tick"],
        [{**TICK, "kind": "raster"}],
        [{**TICK, "at": [0.5, 1.01]}],
        [{**TICK, "at": [0.5]}],
        [{**TICK, "at": ["x", 0]}],
        [{**TICK, "image": True}],
        [{"kind": "text", "at": [0, 0], "text": ""}],
        [{"kind": "text", "at": [0, 0], "text": "a\u202e"}],
        [{"kind": "text", "at": [0, 0], "text": "长" * 201}],
        [{"kind": "pen", "line": [[0.1234, 0.1234]] * 400}],
        [{"kind": "pen", "line": [[0, 0]]}],
    ],
)
def test_anything_else_is_refused(wrong) -> None:
    with pytest.raises(MarkMalformed):
        check_annotations(wrong)
