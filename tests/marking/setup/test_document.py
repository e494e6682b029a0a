"""What the document reader takes as what, and what it will not unfold or run."""

import pytest

from marking.setup.document import DocumentTooLarge, DocumentUnreadable, Number, read_document


def test_only_true_false_and_null_are_words_of_the_language():
    document = read_document("a: [no, yes, on, true, ~, 2024-01-01, 1:30, 012, '7', 1e2, 0x1F]\n否: n".encode())
    a = document["a"]
    assert a[:7] == ["no", "yes", "on", True, None, "2024-01-01", "1:30"]
    assert [(one.text, one.value) for one in a[7:10] if isinstance(one, Number)] == [("012", 12), ("1e2", 100)]
    assert a[8] == "7"
    assert a[10] == "0x1F"
    assert document["否"] == "n"


def test_a_number_never_passes_through_a_float():
    assert str(read_document(b"x: 0.1000000000000000055511151231257827")["x"].value) == (
        "0.1000000000000000055511151231257827"
    )
    assert str(read_document(b'{"x": 0.1000000000000000055511151231257827}')["x"].value) == (
        "0.1000000000000000055511151231257827"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_with_a_mark_are_read(encoding):
    assert read_document("标题: 数学\r\n".encode(encoding)) == {"标题": "数学"}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a: [1", "line 1, column 6"),
        (b"a: 1\nb: 2\na: 3", "line 3, column 1: the key a is given twice"),
        (b'{"a": 1, "a": 2}', "the key a is given twice"),
        (b"a: !!python/object/apply:os.system [ls]", "line 1, column 4: tags are not used"),
        (b"a: !secret 1", "line 1, column 4: tags are not used"),
        (b"? [a]\n: b", "a key is a word or a number"),
        (b'{"a": NaN}', "NaN is not a number"),
        ("标题: 数学".encode("gbk"), "byte 1 is not UTF-8 text"),
        (b"a: \x07", "unacceptable character"),
        (b"--- 1\n--- 2", "another document"),
    ],
)
def test_what_is_not_a_document_is_told_with_its_place(data, told):
    with pytest.raises(DocumentUnreadable, match=told):
        read_document(data)


def test_aliases_are_counted_as_often_as_they_are_used():
    levels = "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(8))
    with pytest.raises(DocumentTooLarge):
        read_document(("a: &a [1,1,1,1,1,1,1,1,1,1]\n" + levels).encode())
    with pytest.raises(DocumentTooLarge):
        read_document(b"&a [*a]")
    assert read_document(b"a: &x [1]\nb: *x\n")["b"] == [Number("1", 1)]


@pytest.mark.parametrize("data", [b"[" * 9000, b"{" * 9000, b'{"a":' * 60 + b"1" + b"}" * 60, b"a: b\n" * 300_000])
def test_size_and_depth_are_limited(data):
    with pytest.raises(DocumentTooLarge):
        read_document(data)
