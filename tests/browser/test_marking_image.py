"""The image of the answer: zoom, turning, contrast, fingers and pen; annotations that are vectors and come back."""

import json

import pytest
from playwright.sync_api import Page
from sqlalchemy import insert, select

from models.records import CropRecord, Mark, MarkingTask, TaskImage
from tests.support.browser import artefact
from tests.support.marking_app import log_in
from tests.support.marking_screen import give, ready, settled, shown, sit_down

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CROP = ".sheet:not(.ahead) .turned"
DRAWN = ".sheet:not(.ahead) svg.drawn > g"


def box_of(page: Page, selector: str = CROP) -> dict[str, float]:
    found = page.locator(selector).first.bounding_box()
    assert found is not None
    return found


def annotations(data) -> list[list[dict]]:
    with data.database.read() as session:
        return [list(found) for found in session.scalars(select(Mark.annotations).order_by(Mark.id))]


def test_zoom_and_scroll_position_stay_from_response_to_response(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    width = box_of(page)["width"]
    for _ in range(4):
        page.keyboard.press("=")
    assert box_of(page)["width"] == pytest.approx(3 * width, rel=0.02)  # 1.25, 1.5, 2 and 3 times
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    place = page.evaluate("[viewer.scrollLeft, viewer.scrollTop]")
    assert min(place) > 50
    give(page, "3", "Enter")
    assert page.evaluate("[viewer.scrollLeft, viewer.scrollTop]") == place
    assert box_of(page)["width"] == pytest.approx(3 * width, rel=0.02)
    page.keyboard.press("\\")
    assert box_of(page)["width"] == pytest.approx(width, rel=0.02)
    page.context.close()


def test_turning_is_for_one_response_and_contrast_for_all(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    before = box_of(page, ".sheet:not(.ahead) .crop")
    page.keyboard.press("]")
    turned = box_of(page, ".sheet:not(.ahead) .crop")
    assert turned["height"] > turned["width"]
    page.keyboard.press("c")
    assert "look-1" in page.get_attribute("#viewer", "class")
    page.screenshot(path=artefact("marking-turned.png"))
    give(page, "3", "Enter")
    assert box_of(page, ".sheet:not(.ahead) .crop") == before
    assert "look-1" in page.get_attribute("#viewer", "class")
    page.context.close()


def test_a_mouse_draws_with_every_tool_and_it_comes_back_when_reopened(browser, server, data) -> None:
    page = sit_down(browser, server, data, "17")
    task = shown(page)
    page.keyboard.press("2")
    place = box_of(page)

    def at(x: float, y: float) -> tuple[float, float]:
        return place["x"] + x * place["width"], place["y"] + y * place["height"]

    for key, x in (("t", 0.1), ("x", 0.2), ("h", 0.3), ("s", 0.4)):
        page.keyboard.press(f"Shift+{key.upper()}")
        page.mouse.click(*at(x, 0.3))
    for key, points in (
        ("u", [(0.1, 0.6), (0.3, 0.61)]),
        ("b", [(0.5, 0.5), (0.6, 0.8)]),
        ("p", [(0.7, 0.3), (0.75, 0.6), (0.8, 0.3), (0.85, 0.6)]),
    ):
        page.keyboard.press(f"Shift+{key.upper()}")
        page.mouse.move(*at(*points[0]))
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*at(*point), steps=12)
        page.mouse.up()
    page.keyboard.press("Shift+K")
    page.mouse.click(*at(0.1, 0.75))
    page.wait_for_selector("#ask[open]")
    page.keyboard.type("单位漏写")
    page.keyboard.press("Enter")
    page.wait_for_selector("#ask:not([open])", state="attached")
    page.screenshot(path=artefact("marking-drawn.png"))
    page.keyboard.press("Shift+T")
    page.mouse.click(*at(0.95, 0.9))
    page.keyboard.press("Delete")  # the last one is taken back
    page.keyboard.press("Escape")
    for key in ("2", "9", "Enter"):
        page.keyboard.press(key)
    ready(page, task)
    settled(page)
    (stored,) = annotations(data)
    assert [one["kind"] for one in stored] == [
        "tick", "cross", "half", "stamp", "underline", "box", "pen", "text",
    ]  # fmt: skip
    assert stored[0]["at"] == pytest.approx([0.1, 0.3], abs=0.005)
    assert (stored[3]["part"], stored[3]["value"]) == ("17(1)", "2")
    assert stored[5]["box"] == pytest.approx([0.5, 0.5, 0.1, 0.3], abs=0.01)
    assert 4 <= len(stored[6]["line"]) <= 12  # 37 points of the mouse, four corners
    assert len(json.dumps(stored).encode()) < 1500
    waiting = shown(page)
    page.keyboard.press("Control+z")
    assert ready(page, waiting) == task
    assert page.locator(DRAWN).count() == 8
    page.keyboard.press("v")
    assert page.locator(DRAWN).count() == 0
    page.context.close()
    with data.database.read() as session:
        key = session.scalars(
            select(TaskImage.key).join(MarkingTask, MarkingTask.id == TaskImage.task_id).where(MarkingTask.code == task)
        ).one()
    caller = log_in(server.app, "m0")
    plain = caller("GET", f"/api/v1/images/{key}")
    marked = caller("GET", f"/api/v1/images/{key}/marked")
    assert (marked.status_code, marked.mimetype) == (200, "image/jpeg")
    assert marked.data != plain.data
    artefact("marking-drawn-server.jpg").write_bytes(marked.data)


def test_the_keyboard_draws_as_well(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    page.keyboard.press("Shift+T")
    page.keyboard.press("Space")  # the crosshair comes into the middle
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+B")
    page.keyboard.press("Space")
    page.keyboard.press("Space")
    for key in ("Shift+ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    give(page, "4", "Enter")
    settled(page)
    (stored,) = annotations(data)
    assert [one["kind"] for one in stored] == ["tick", "box"]
    assert stored[0]["at"][0] == pytest.approx(0.4, abs=0.01)
    assert stored[1]["box"][2] == pytest.approx(0.05, abs=0.001)
    page.context.close()


def test_nothing_drawn_sends_nothing(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    give(page, "4", "Enter")
    settled(page)
    (sent,) = [json.loads(one["body"]) for one in page.evaluate("window.sent") if one["method"] == "PUT"]
    assert "annotations" not in sent
    assert annotations(data) == [[]]
    page.context.close()


def test_fingers_pan_and_zoom_and_a_pen_draws(browser, server, data) -> None:
    page = sit_down(browser, server, data, viewport={"width": 1024, "height": 768}, has_touch=True)
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def pen(kind: str, x: float, y: float) -> None:
        event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "pointerType": "pen", "clickCount": 1}
        session.send("Input.dispatchMouseEvent", event)

    width = box_of(page)["width"]
    touch("touchStart", (300, 250), (400, 250))
    for apart in range(100, 210, 10):
        touch("touchMove", (350 - apart / 2, 250), (350 + apart / 2, 250))
    touch("touchEnd")
    assert box_of(page)["width"] == pytest.approx(2 * width, rel=0.06)
    before = page.evaluate("[viewer.scrollLeft, viewer.scrollTop]")
    touch("touchStart", (400, 300))
    for step in range(1, 12):
        touch("touchMove", (400 - 12 * step, 300))
    touch("touchEnd")
    page.wait_for_timeout(400)
    assert page.evaluate("viewer.scrollLeft") > before[0] + 40
    assert page.locator(DRAWN).count() == 0  # fingers never draw
    pen("mousePressed", 200, 200)
    for step in range(1, 20):
        pen("mouseMoved", 200 + 6 * step, 200 + (step % 5) * 8)
    pen("mouseReleased", 320, 210)
    assert page.locator(DRAWN).count() == 1
    page.screenshot(path=artefact("marking-tablet-pen.png"))
    give(page, "4", "Enter")
    settled(page)
    (stored,) = annotations(data)
    assert [one["kind"] for one in stored] == ["pen"]
    page.context.close()


def test_a_long_stroke_stays_below_two_kilobytes(browser, server, data) -> None:
    page = sit_down(browser, server, data)
    page.keyboard.press("Shift+P")
    place = box_of(page)
    page.mouse.move(place["x"] + 20, place["y"] + 20)
    page.mouse.down()
    for step in range(600):  # a scribble all over
        page.mouse.move(place["x"] + 20 + (step * 37) % 900, place["y"] + 20 + (step * 53) % 250)
    page.mouse.up()
    page.keyboard.press("Escape")
    give(page, "4", "Enter")
    settled(page)
    (stored,) = annotations(data)
    assert len(json.dumps(stored[0]).encode()) <= 2048
    assert len(stored[0]["line"]) > 20
    page.context.close()


def test_a_response_with_two_images_shows_both_and_annotations_know_theirs(browser, server, data) -> None:
    with data.database.write() as session:
        for task_id, crop_id in session.execute(select(TaskImage.task_id, TaskImage.crop_id)).all():
            first = session.get_one(CropRecord, crop_id)
            other = CropRecord(
                page_image_id=first.page_image_id, region=first.region, part=2, width_px=first.width_px,
                height_px=first.height_px, ink=0.1, overflow_mm2=0.0, blob=first.blob,
            )  # fmt: skip
            session.add(other)
            session.flush()
            session.execute(
                insert(TaskImage).values(task_id=task_id, position=1, key=f"{task_id:040d}", crop_id=other.id)
            )
    page = sit_down(browser, server, data)
    assert page.locator(".sheet:not(.ahead) .crop").count() == 2
    page.keyboard.press("Shift+X")
    second = page.locator(".sheet:not(.ahead) .turned").nth(1)
    second.scroll_into_view_if_needed()
    place = second.bounding_box()
    page.mouse.click(place["x"] + 50, place["y"] + 40)
    page.screenshot(path=artefact("marking-two-images.png"))
    page.keyboard.press("Escape")
    give(page, "4", "Enter")
    settled(page)
    (stored,) = annotations(data)
    assert [(one["kind"], one["image"]) for one in stored] == [("cross", 1)]
    page.context.close()
