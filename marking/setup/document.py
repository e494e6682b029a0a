"""Read a YAML or JSON text into plain values, with numbers kept as written and nothing executed.

YAML 1.2 core: `no`, `yes` and `on` are strings, dates are strings, only `true`/`false` and `null` are words
of the language. A number keeps its text and becomes Decimal from it, never through a float. JSON is read by
its own grammar, so that tabs and `1e2` are taken as JSON means them.

The text is untrusted: its size, depth and number of values are limited (an alias is counted as often as it
is used), tags are refused, and a key given twice is an error rather than a silent choice.
"""

import json
import re
import warnings
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from models.errors import InputRefused, Sentence, mark_text

MAX_BYTES = 1_000_000  # a province's largest exam file is some 40 kB; the pure YAML reader takes seconds for 1 MB
MAX_DEPTH = 20  # the deepest place of an exam file has nine levels
MAX_VALUES = 100_000  # six papers of 100 items have about 8,000


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written, for what is a name after all (`no: 1.10`), and its exact value."""

    text: str
    value: Decimal


Value: TypeAlias = "str | Number | bool | list[Value] | dict[str, Value] | None"


class DocumentUnreadable(InputRefused):
    """The text is not YAML or JSON."""

    code = "exam_file.unreadable"
    sentence = mark_text("The file cannot be read as YAML or JSON: {why}.")
    remedy = mark_text("Correct that place, or save the file again as UTF-8 text.")


class DocumentTooLarge(InputRefused):
    """The text, or what it unfolds to, is far larger than any exam."""

    code = "exam_file.too_large"
    sentence = mark_text("The file is larger or deeper than any exam file: {why}.")
    remedy = mark_text("Check that this is the file that you meant.")


_WHOLE = re.compile(r"[-+]?[0-9]{1,40}")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]{1,40}|[0-9]{1,40}(?:\.[0-9]{0,40})?)(?:[eE][-+]?[0-9]{1,4})?")
_NULLS = ("", "~", "null", "Null", "NULL")
_TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
_CORE = "tag:yaml.org,2002:"
# what a plain text may be resolved to before it is looked at here; every other tag was written by hand
_TAGS = frozenset(
    _CORE + n for n in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value", "seq", "map")
)


def read_document(data: bytes) -> Value:
    """The values of a YAML or JSON text in UTF-8 (with or without a byte order mark) or UTF-16 with one.

    Raises DocumentUnreadable, naming line and column, and DocumentTooLarge.
    """
    if len(data) > MAX_BYTES:
        raise DocumentTooLarge(why=Sentence(mark_text("it has {size} bytes"), {"size": len(data)}))
    text = _decode(data)
    try:
        if text.lstrip().startswith(("{", "[")):
            document = _read_json(text)
            if document is not None:
                return document
        return _read_yaml(text)
    except RecursionError:
        raise DocumentTooLarge(why=Sentence(mark_text("its values are nested too deeply"))) from None


def _decode(data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as err:
        raise DocumentUnreadable(
            why=Sentence(mark_text("byte {place} is not UTF-8 text"), {"place": err.start + 1})
        ) from err


def _read_json(text: str) -> Value:
    """The values of a JSON text; None when it is not JSON and may still be YAML in flow style."""

    def number(written: str) -> Number:
        return Number(written, Decimal(written))

    def unique(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name, value in pairs:
            if name in found:
                raise DocumentUnreadable(why=Sentence(mark_text("the key {key} is given twice"), {"key": name}))
            found[name] = value
        return found

    def constant(written: str) -> Value:
        raise DocumentUnreadable(why=Sentence(mark_text("{number} is not a number"), {"number": written}))

    try:
        document: Value = json.loads(
            text, parse_float=number, parse_int=number, object_pairs_hook=unique, parse_constant=constant
        )
    except json.JSONDecodeError:
        return None
    _count(document, 0, 0)
    return document


def _count(value: Value, depth: int, so_far: int) -> int:
    so_far += 1
    if depth > MAX_DEPTH or so_far > MAX_VALUES:
        raise DocumentTooLarge(why=Sentence(mark_text("its values are too many or nested too deeply")))
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        so_far = _count(one, depth + 1, so_far)
    return so_far


def _read_yaml(text: str) -> Value:
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 2)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor used twice is no concern of the person who wrote the file
            node = reader.compose(text)
    except MarkedYAMLError as err:
        raise DocumentUnreadable(why=_where(err)) from err
    except (YAMLError, ValueError) as err:
        raise DocumentUnreadable(why=" ".join(str(err).split())) from err
    return None if node is None else _Unfolding().value_of(node, 0)


def _where(err: MarkedYAMLError) -> Sentence:
    mark = err.problem_mark or err.context_mark
    return Sentence(
        mark_text(
            "near line {line}, column {column}: check indentation, spaces after colons, quotes and brackets ({problem})"
        ),
        {
            "line": mark.line + 1 if mark else 1,
            "column": mark.column + 1 if mark else 1,
            "problem": " ".join(str(err.problem or err.context or "syntax").split()),
        },
    )


class _Unfolding:
    """Turns composed YAML nodes into values, counting what aliases unfold to."""

    def __init__(self) -> None:
        self.values = 0

    def value_of(self, node: Node, depth: int) -> Value:
        self.values += 1
        if depth > MAX_DEPTH or self.values > MAX_VALUES:
            raise DocumentTooLarge(why=Sentence(mark_text("its values are too many or nested too deeply")))
        if str(node.tag) not in _TAGS:
            raise DocumentUnreadable(why=self._at(node, mark_text("line {line}, column {column}: tags are not used")))
        if isinstance(node, ScalarNode):
            return _scalar(node)
        if isinstance(node, SequenceNode):
            return [self.value_of(child, depth + 1) for child in node.value]
        assert isinstance(node, MappingNode)
        found: dict[str, Value] = {}
        for key, child in node.value:
            if not isinstance(key, ScalarNode):
                raise DocumentUnreadable(
                    why=self._at(key, mark_text("line {line}, column {column}: a key is a word or a number"))
                )
            name = str(key.value)
            if name in found:
                raise DocumentUnreadable(
                    why=self._at(key, mark_text("line {line}, column {column}: the key {key} is given twice"), key=name)
                )
            found[name] = self.value_of(child, depth + 1)
        return found

    @staticmethod
    def _at(node: Node, template: str, **values: object) -> Sentence:
        mark = node.start_mark
        return Sentence(template, {"line": mark.line + 1, "column": mark.column + 1, **values})


def _scalar(node: ScalarNode) -> Value:
    text = str(node.value)
    if node.style in ("'", '"', "|", ">") or node.tag == _CORE + "str":
        return text
    if text in _NULLS:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _WHOLE.fullmatch(text) or _DECIMAL.fullmatch(text):
        return Number(text, Decimal(text))
    return text  # what YAML 1.1 made a date or a number in base 60 is a string here
