"""Whatever stands in an exam file, the reader answers with an exam or a refusal, never with a fault of its own."""

import copy
import io
import json

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from marking.setup.exam_file import exam_from_json, exam_to_json, read_exam
from models.errors import InputRefused
from tests.marking.setup.test_exam_file import EXAMPLE


def plain(text):
    reader = YAML(typ="safe", pure=True)
    return reader.load(io.StringIO(text))


TREE = plain(EXAMPLE)


def places(node, path=()):
    yield path
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in inner:
        yield from places(child, (*path, key))


PLACES = list(places(TREE))[1:]
NUMBERS = [0, -1, 7, 0.1, 1e300, -0.0, 10**30]
TEXTS = [
    "",
    " ",
    "no",
    "A|",
    "1-",
    "99999-1",
    "20,21",
    "(1)",
    "22(1)",
    "..",
    "con",
    "../x",
    "x" * 500,
    "\n",
    "平",
    "１",
]
POLICIES = ["table:1=2", "per_option:9,-9", "flat:0.001"]
SHAPES = [None, True, False, [], [[]], [None], {}, {"x": 1}, {"no": "1"}, ["13", "16(1)"], {"take": 0}]
ODD = st.sampled_from([*NUMBERS, *TEXTS, *POLICIES, *SHAPES])


def answer(data):
    try:
        return read_exam(data)
    except InputRefused as refused:
        return refused


@settings(deadline=None, derandomize=True, max_examples=400)
@given(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=3))
def test_odd_values_anywhere_are_refused_or_read(changes):
    tree = copy.deepcopy(TREE)
    for path, value in changes:
        node = tree
        try:
            for key in path[:-1]:
                node = node[key]
            node[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    exam = answer(json.dumps(tree, ensure_ascii=False).encode())
    if isinstance(exam, InputRefused):
        assert exam.exit_code == 3
        assert str(exam)
    else:
        assert exam_from_json(json.loads(json.dumps(exam_to_json(exam)))) == exam
        for paper in exam.papers:
            fields = [part.id for group in paper.groups for part in group.parts]
            assert len(fields) == len(set(fields))
            assert {part.item for group in paper.groups for part in group.parts} == {
                item.no for item in paper.subjective_items
            }


PIECES = st.sampled_from(["", "{", "]", ":", "\t", "&a ", "*a", "'", "#", "- "])


@settings(deadline=None, derandomize=True, max_examples=120)
@given(st.integers(0, len(EXAMPLE) - 1), st.integers(0, 40), PIECES)
def test_a_damaged_text_is_refused_or_read(start, length, put):
    exam = answer((EXAMPLE[:start] + put + EXAMPLE[start + length :]).encode())
    assert isinstance(exam, InputRefused) or exam.papers
