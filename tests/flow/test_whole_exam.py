"""A whole exam through the commands and the HTTP interface, with every number worked out by hand.

Four sheets are printed, filled by drawing on the card's own geometry, scanned and read; two markers, a third and a
leader mark them; the totals and statistics below were computed on paper.
"""

import csv
import io
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from sqlalchemy import select

from models.exam import GroupRecord
from models.people import Candidate, PaperEntry
from models.task import MarkingTask
from scanning.cards.files import load_card
from scanning.cards.template import CardTemplate
from tests.support.api import Api
from web.server import Server
from web.settings import load_settings
from web.wiring import Services, open_services

DPI = 200
EXAM = """
kaiyue: exam/1
id: small
title: 小考试
kind: mock
grade: 9
candidate_number: {digits: 4}
papers:
  - id: m
    title: 数学
    full_mark: 35
    card: {size: A4, sides: 1, columns: 1, number: bubbles}
    items:
      - {no: "1-3", kind: single, options: 4, key: ABC, points: 3}
      - {no: "4", kind: multiple, options: 4, key: ACD, points: 6, policy: by_count}
      - {no: "5", kind: judge, key: "T", points: 2}
      - {no: "6", kind: written, points: 4, step: 0.5, height_mm: 20}
      - {no: "7", kind: written, points: 6, height_mm: 30, parts: [{no: "(1)", points: 2}, {no: "(2)", points: 4}]}
      - {no: "8,9", kind: written, points: 8, height_mm: 20, choose: {group: 选做, take: 1}}
    groups:
      - {id: g7, title: 第7题, items: ["7"], mode: 2+1+adjudication, tolerance: 1}
"""
ROSTER = """考号,姓名,学校,班级
0001,王一,一中,1班
0002,李二,一中,1班
0003,张三,二中,1班
0004,赵四,二中,2班
0005,钱五,二中,2班
"""
# markers come from a third school: nobody marks the own school
STAFF = """username,name,school,role,paper,group
manager,考务,,exam_manager,,
m1,甲,三中,marker,m,
m2,乙,三中,marker,m,
m3,丙,三中,marker,m,
head,丁,三中,leader,m,
"""
# what each candidate fills in (field id -> labels) and where something is written
FILLED: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "0001": ({"item:1": "A", "item:2": "B", "item:3": "C", "item:4": "ACD", "item:5": "T", "choose:选做": "8"},
             ("6", "7", "8")),
    "0002": ({"item:1": "A", "item:2": "C", "item:3": "AB", "item:4": "AC", "item:5": "F", "choose:选做": "9"},
             ("6", "7", "9")),
    "0003": ({"absent": "1"}, ()),
    "0004": ({"item:1": "A"}, ("6", "7")),
}  # fmt: skip
# marks by candidate and group: one row per round, the last of 0002 in g7 is the leader's
MARKS: dict[tuple[str, str], list[dict[str, str]]] = {
    ("0001", "6"): [{"6": "3.5"}],
    ("0002", "6"): [{"6": "0"}],
    ("0004", "6"): [{"6": "2"}],
    ("0001", "g7"): [{"7(1)": "2", "7(2)": "3"}, {"7(1)": "1", "7(2)": "3"}],
    ("0002", "g7"): [{"7(1)": "2", "7(2)": "4"}, {"7(1)": "0", "7(2)": "1"},
                     {"7(1)": "1", "7(2)": "3"}, {"7(1)": "1", "7(2)": "2"}],
    ("0004", "g7"): [{"7(1)": "1", "7(2)": "1"}, {"7(1)": "1", "7(2)": "2"}],
    ("0001", "选做"): [{"8": "7"}],
    ("0002", "选做"): [{"9": "5"}],
}  # fmt: skip


def kaiyue(data: Path, *arguments: str, expect: int = 0) -> str:
    """Run the real command and give its output back; `database.url` beside the data names another database."""
    url = data.parent / "database.url"
    more = {"KAIYUE_DATABASE_URL": url.read_text(encoding="utf-8")} if url.exists() else {}
    done = subprocess.run(
        [sys.executable, "-m", "web", *arguments, "--data", str(data)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, **more},
    )
    assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def fill(card: CardTemplate, blank: np.ndarray, number: str) -> bytes:
    """Fill one sheet with a dark pencil and write wavy lines where the candidate answered."""
    page, image = card.pages[0], blank.copy()
    answers, written = FILLED[number]
    scale = DPI / 25.4
    wanted = {field: set(labels) if not field.startswith("choose") else {labels} for field, labels in answers.items()}
    for field in page.fields:
        for bubble in field.bubbles:
            chosen = number[bubble.column] == bubble.label if field.id == "candidate" else False
            if chosen or bubble.label in wanted.get(field.id, set()):
                x, y = bubble.rect.x_mm * scale, bubble.rect.y_mm * scale
                corner = (round(x + bubble.rect.width_mm * scale), round(y + bubble.rect.height_mm * scale))
                cv2.rectangle(image, (round(x), round(y)), corner, 60, -1)
    for region in page.regions:
        if region.id in written:
            xs = np.arange(region.rect.x_mm + 25, region.rect.x_mm + 90, 0.5)
            ys = region.rect.y_mm + region.rect.height_mm / 2 + 2.5 * np.sin(xs)
            points = np.round(np.stack([xs, ys], axis=1) * scale).astype(np.int32)
            cv2.polylines(image, [points], isClosed=False, color=50, thickness=3)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def exam(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The data folder of the exam with its sheets filled and scanned, on either database."""
    root = tmp_path / "小 考试"
    root.mkdir()
    if request.param == "postgresql":
        (root / "database.url").write_text(request.getfixturevalue("postgres_url"), encoding="utf-8")
    data = root / "data"
    for name, text in (("exam.yaml", EXAM), ("roster.csv", ROSTER), ("staff.csv", STAFF)):
        (root / name).write_text(text, encoding="utf-8")
    kaiyue(data, "exam", "create", str(root / "exam.yaml"))
    kaiyue(data, "roster", "import", "small", str(root / "roster.csv"))
    kaiyue(data, "staff", "import", "small", str(root / "staff.csv"), "--credentials", str(root / "passwords.csv"))
    kaiyue(data, "card", "export", "small", "m", "--out", str(root / "card"))
    card = load_card(root / "card" / "card.json")
    blank = cv2.imdecode(np.fromfile(root / "card" / "page-1.png", np.uint8), cv2.IMREAD_GRAYSCALE)
    (root / "scans").mkdir()
    for number in FILLED:
        (root / "scans" / f"{number}.jpg").write_bytes(fill(card, np.asarray(blank), number))
    return root


def mark_everything(services: Services, root: Path) -> None:
    """Let every marker, then the leader, claim and mark what they are given until nothing is left."""
    passwords = {
        row["username"]: row["password"]
        for row in csv.DictReader(io.StringIO((root / "passwords.csv").read_text(encoding="utf-8-sig")))
    }
    server = Server(services)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        for username in ("m1", "m2", "m3", "head"):
            api = Api(server.port)
            api.log_in(username, passwords[username])
            for group in api.get("/marking/groups")["groups"]:
                while tasks := api.post(f"/marking/groups/{group['id']}/claim", {"want": 8, "holding": []})["items"]:
                    for task in tasks:
                        mark_one(services, api, task)
            api.close()
    finally:
        server.stop()
        thread.join()


def mark_one(services: Services, api: Api, task: dict[str, Any]) -> None:
    with services.database.read() as session:
        number, round_, group = session.execute(
            select(Candidate.number, MarkingTask.round, GroupRecord.key)
            .join(PaperEntry, PaperEntry.candidate_id == Candidate.id)
            .join(MarkingTask, MarkingTask.entry_id == PaperEntry.id)
            .join(GroupRecord, GroupRecord.id == MarkingTask.group_id)
            .where(MarkingTask.code == task["task"])
        ).one()
    points = MARKS[number, group][round_ - 1]
    answer = api.put(
        f"/marking/tasks/{task['task']}/score",
        {
            "key": f"{task['task']}-{round_}",
            "version": task["version"],
            "parts": points,
            "annotations": [],
            "dwell_ms": 4000,
            "image": task["images"][0]["url"],
        },
    )
    assert answer["stored"]


@pytest.mark.slow
def test_a_whole_exam_from_the_printed_card_to_the_statistics(exam: Path) -> None:
    data = exam / "data"
    kaiyue(data, "scan", "add", "small", "m", str(exam / "scans"), "--operator", "扫描员")
    status = json.loads(kaiyue(data, "scan", "status", "small", "m", "--json"))
    assert "0005" not in {path.stem for path in (exam / "scans").iterdir()}
    paper = status["papers"][0] if "papers" in status else status
    assert (paper["pages_in"], paper["placed"], paper["waiting"], paper["discarded"]) == (4, 4, 0, 0)
    # the same folder again is known, and changes nothing
    kaiyue(data, "scan", "add", "small", "m", str(exam / "scans"))
    assert json.loads(kaiyue(data, "scan", "status", "small", "m", "--json")) == status

    url = exam / "database.url"
    settings = load_settings(
        {"KAIYUE_DATA": str(data), "KAIYUE_DATABASE_URL": url.read_text(encoding="utf-8") if url.exists() else ""}
    )
    services = open_services(replace(settings, port=0))
    mark_everything(services, exam)
    services.database.dispose()

    # nobody has opened a page of statistics: what is counted and carried away follows from the marks by itself
    assert json.loads(kaiyue(data, "exam", "show", "small", "--json"))["papers"][0]["scored"] == 3
    kaiyue(data, "export", "scores", "small", "m", "--out", str(exam / "scores.csv"))
    rows = {
        row["candidate"]: row
        for row in csv.DictReader(io.StringIO((exam / "scores.csv").read_text(encoding="utf-8-sig")))
    }
    assert {number: row["status"] for number, row in rows.items()} == {
        "0001": "present", "0002": "present", "0003": "absent", "0004": "present", "0005": "",
    }  # fmt: skip
    # 0001: 3+3+3 +6 +2 = 17; 3.5 + (2+1)/2 + 3 + 7 = 15; together 32
    # 0002: 3+0+0 (two options filled) +4 (two of three right) +0 = 7; 0 + 3 (the leader's) + 5 = 8; together 15
    # 0004: 3; 2 + 1 + 1.5 + 0 (nothing chosen, nothing written) = 4.5; together 7.5
    wanted = {
        "0001": ("17", "15", "32"), "0002": ("7", "8", "15"), "0003": ("", "", ""), "0004": ("3", "4.5", "7.5"),
        "0005": ("", "", ""),
    }  # fmt: skip
    assert {n: (r["objective"], r["subjective"], r["total"]) for n, r in rows.items()} == wanted
    assert [rows["0002"][column] for column in ("1", "2", "3", "4", "5")] == ["3", "0", "0", "4", "0"]
    assert [rows["0001"][column] for column in ("7(1)", "7(2)", "7", "8", "9")] == ["1.5", "3", "4.5", "7", ""]
    assert [rows["0002"][column] for column in ("7(1)", "7(2)", "7", "8", "9")] == ["1", "2", "3", "", "5"]

    figures = json.loads(kaiyue(data, "stats", "small", "m", "--json"))
    paper = figures["paper"]
    assert (paper["n_enrolled"], paper["n_present"], paper["n_absent"]) == (5, 3, 1)
    assert paper["mean"] == pytest.approx(54.5 / 3)
    assert (paper["max"], paper["min"], paper["median"]) == (32, 7.5, 15)
    # deviations 83/6, -19/6, -64/6: variance (6889 + 361 + 4096) / 36 / 3
    assert paper["sd"] == pytest.approx((11346 / 108) ** 0.5)
    assert paper["pass_rate"] == pytest.approx(1 / 3)  # 21 of 35 and more: only 32
    assert {unit["school"]: unit["mean"] for unit in figures["schools"]} == {"一中": 23.5, "二中": 7.5}
    facility = {item["no"]: item["facility"] for item in figures["items"]}
    assert facility["1"] == 1
    assert facility["4"] == pytest.approx(10 / 18)
    assert facility["8"] == pytest.approx(7 / 8)  # 0004 has answered none of the two: a zero, and no task

    kaiyue(data, "export", "marks", "small", "--out", str(exam / "marks.csv"))
    marks = list(csv.DictReader(io.StringIO((exam / "marks.csv").read_text(encoding="utf-8-sig"))))
    g7 = [row for row in marks if row["group"] == "g7" and row["candidate"] == "0002"]
    assert [(row["round"], row["item"], row["points"]) for row in g7] == [
        ("1", "7(1)", "2"), ("1", "7(2)", "4"), ("2", "7(1)", "0"), ("2", "7(2)", "1"),
        ("3", "7(1)", "1"), ("3", "7(2)", "3"), ("4", "7(1)", "1"), ("4", "7(2)", "2"),
    ]  # fmt: skip
    assert len({row["marker"] for row in g7}) == 4
    assert {row["settled"] for row in g7} == {"1"}

    kaiyue(data, "export", "responses", "small", "m", "--out", str(exam / "responses.csv"))
    responses = list(csv.DictReader(io.StringIO((exam / "responses.csv").read_text(encoding="utf-8-sig"))))
    told = {(row["candidate"], row["item"]): (row["status"], row["source"], row["score"]) for row in responses}
    assert {status for status, _source, _score in told.values()} == {"ok"}
    assert told["0002", "4"] == ("ok", "objective", "4")
    assert told["0001", "7"] == ("ok", "double", "4.5")
    assert told["0002", "7"] == ("ok", "adjudicated", "3")
    assert "0003" not in {candidate for candidate, item in told if told[candidate, item][2]}

    totals = exam / "totals.csv"
    kaiyue(data, "export", "scores", "small", "--out", str(totals))
    summed = {r["candidate"]: r["total"] for r in csv.DictReader(io.StringIO(totals.read_text(encoding="utf-8-sig")))}
    assert summed == {"0001": "32", "0002": "15", "0003": "", "0004": "7.5", "0005": ""}
    assert sum(Decimal(value) for value in summed.values() if value) == Decimal("54.5")
