"""What is shown of the name of a scan."""

import pytest

from web.layout import file_name


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("c-1.jpg", "c-1.jpg"),
        ("/home/lin/scans/one/c-1.jpg", "one/c-1.jpg"),
        ("/home/lin/scans.zip", "lin/scans.zip"),
        ("/home/lin/scans.ZIP/class 1/math/c-1.jpg", "scans.ZIP/class 1/math/c-1.jpg"),
        ("scans.zip/a.pdf · 2", "scans.zip/a.pdf · 2"),
    ],
)
def test_an_archive_is_shown_with_the_whole_path_inside_it(given, shown):
    assert file_name(given) == shown
