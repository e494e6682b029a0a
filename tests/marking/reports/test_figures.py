"""Charts: every number is there as words, nothing needs a style, a script or a font."""

from decimal import Decimal
from xml.etree import ElementTree

from marking.reports.figures import Bar, Block, Point, band_label, bar_chart, block_chart, point_chart, share_chart

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>x</script>"&东关'


def bars() -> str:
    return bar_chart(
        "bars", [Bar(HOSTILE, 3, f"{HOSTILE}: 3"), Bar("西关中学", 5, "西关: 5")], x_label="学校", y_label="均分",
        line=4, line_title="全体 4",
    )  # fmt: skip


def test_every_mark_says_its_number_and_every_label_is_text() -> None:
    root = ElementTree.fromstring(bars())
    assert [title.text for title in root.iter(f"{SVG}title")] == [f"{HOSTILE}: 3", "西关: 5", "全体 4"]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert {"学校", "均分", HOSTILE, "西关中学"} <= set(texts)


def shares() -> str:
    group = [Bar("0", 40.0, "0 分 40 %"), Bar("1", 60.0, "1 分 60 %")]
    return share_chart("shares", group, [30.0, 70.0], ["0 分 30 %", "1 分 70 %"], x_label="得分", y_label="占比")


def blocks() -> str:
    tenths = [Block("1–9", 0.2, 0.3, "第 1 至 9 份"), Block("10–18", -0.6, 0.3, "第 10 至 18 份")]
    return block_chart("blocks", tenths, x_label="先后", y_label="宽严")


def test_own_shares_lie_over_everybodys_and_blocks_stand_with_their_errors() -> None:
    titles = [title.text for title in ElementTree.fromstring(shares()).iter(f"{SVG}title")]
    assert titles == ["0 分 40 %", "1 分 60 %", "0 分 30 %", "1 分 70 %"]
    root = ElementTree.fromstring(blocks())
    assert [title.text for title in root.iter(f"{SVG}title")] == ["第 1 至 9 份", "第 10 至 18 份"]
    assert {"1–9", "10–18"} <= {text.text for text in root.iter(f"{SVG}text")}


def test_a_chart_says_what_it_shows_to_whoever_cannot_see_it() -> None:
    names = [ElementTree.fromstring(chart).get("aria-label") for chart in (bars(), points(), shares(), blocks())]
    assert names == ["均分 / 学校", "区分度 / 难度", "占比 / 得分", "宽严 / 先后"]


def test_a_chart_needs_no_style_and_no_script() -> None:
    for chart in (bars(), points(), shares(), blocks()):
        assert "style" not in chart
        assert "<script" not in chart
        assert {element.tag for element in ElementTree.fromstring(chart).iter()} <= {
            f"{SVG}{tag}" for tag in ("svg", "g", "path", "text", "defs", "use", "clipPath", "rect", "title")
        }


def points() -> str:
    return point_chart(
        "points", [Point(0.5, 0.4, "12", "第12题"), Point(0.9, 0.1, "3", "第3题")], x_label="难度", y_label="区分度",
        x_range=(0, 1), y_range=(0, 1), x_guides=(0.3,), y_guides=(0.2,),
    )  # fmt: skip


def test_words_keep_the_size_that_the_layout_reckoned_with() -> None:
    for chart, sizes in ((bars(), {"12", "13"}), (points(), {"11", "12", "13"})):
        texts = list(ElementTree.fromstring(chart).iter(f"{SVG}text"))
        assert {text.get("font-size") for text in texts} == sizes


def test_names_of_points_never_cover_each_other() -> None:
    crowd = [Point(0.50 + 0.001 * number, 0.60, f"{number}", f"第{number}题") for number in range(10, 40)]
    crowd.append(Point(0.5, 0.1, "7", "第7题"))
    chart = point_chart("crowd", crowd, x_label="难度", y_label="区分度", x_range=(0, 1), y_range=(0, 1))
    root = ElementTree.fromstring(chart)
    names = [text for text in root.iter(f"{SVG}text") if text.get("font-size") == "11"]
    assert "7" in [text.text for text in names]  # low discrimination matters most and stands alone
    assert 2 <= len(names) < 10
    boxes = []
    for text in names:
        width, x, y = 7 * len(text.text or ""), float(text.get("x", "")), float(text.get("y", ""))
        boxes.append((x - width if text.get("text-anchor") == "end" else x, width, y))
    for index, (left, width, y) in enumerate(boxes):
        for other_left, other_width, other_y in boxes[:index]:
            apart = left >= other_left + other_width or other_left >= left + width
            assert apart or abs(y - other_y) >= 11
    assert len(list(root.iter(f"{SVG}title"))) == 31


def test_higher_values_stand_higher() -> None:
    root = ElementTree.fromstring(bars())
    tops = []
    for group in root.iter(f"{SVG}g"):
        if group.find(f"{SVG}title") is not None and group.get("class") == "mark":
            path = group.find(f"{SVG}path")
            assert path is not None
            numbers = [float(word) for word in path.get("d", "").split() if word not in "MLzCQ"]
            tops.append(min(numbers[1::2]))
    assert tops[1] < tops[2] < tops[0]  # y grows downwards: 5 stands highest, the line of 4 between


def test_the_same_numbers_draw_the_same_chart() -> None:
    assert bars() == bars()
    assert points() == points()


def test_band_labels() -> None:
    assert band_label(Decimal("110"), Decimal("120.00")) == "110–120"
    assert band_label(Decimal("0"), Decimal("2.50")) == "0–2.5"
