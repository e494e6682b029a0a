"""The invented county: three schools, six classes, their pupils and the staff of the exam.

In:  how many candidates and markers, a seed.
Out: entrants and staff as plain values, and the CSV files that `kaiyue roster import` and `kaiyue staff import` take.
Every name is made up. Some are shared by two pupils and some hold rare characters, because real rosters do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.paper import Exam
from models.table import as_csv
from models.words import Role

SCHOOLS = ("云溪中学", "河湾第二中学", "石桥镇初级中学")
CLASSES = ("九(1)班", "九(2)班")
PER_ROOM = 30

_FAMILIES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = "子涵雨轩欣怡浩然梓晨思远佳琪宇航诗语俊杰晓彤嘉懿明哲若曦文博静雯一鸣书瑶志强丽娜天佑慧敏泽楷芷若"
_RARE = ("䶮", "喆", "犇", "翀", "彧", "堃", "昇", "瑀")
_NAMESAKES = ("张子涵", "王浩然")


@dataclass(frozen=True, slots=True)
class Entrant:
    """One pupil who is expected; `ability` is the hidden truth of the simulation, about 0 +- 1."""

    candidate: str
    name: str
    school: str
    class_name: str
    student_number: str
    room: str
    seat: str
    ability: float


@dataclass(frozen=True, slots=True)
class StaffRow:
    """One line of the staff list; `group` empty means every group of the paper."""

    username: str
    name: str
    school: str
    role: Role
    paper: str = ""
    group: str = ""


def make_roster(n_candidates: int, seed: int) -> tuple[Entrant, ...]:
    """`n_candidates` pupils spread evenly over six classes. Raises ValueError when a class would pass 999 pupils."""
    n_classes = len(SCHOOLS) * len(CLASSES)
    if n_candidates > 999 * n_classes:
        raise ValueError(f"the county has room for {999 * n_classes} pupils, not {n_candidates}")
    rng = np.random.default_rng([seed, 1])
    school_level = rng.permutation([-0.35, 0.0, 0.35])
    entrants: list[Entrant] = []
    seats: dict[int, int] = {}
    for index in range(n_candidates):
        class_index = index * n_classes // n_candidates
        school, room_class = divmod(class_index, len(CLASSES))
        seat = seats[class_index] = seats.get(class_index, 0) + 1
        ability = school_level[school] + rng.normal(0, 0.15 if room_class else 0.1) + rng.normal(0, 0.9)
        entrants.append(
            Entrant(
                candidate=f"09{school + 1:02d}{room_class + 1}{seat:03d}",
                name=_name(index, n_candidates, rng),
                school=SCHOOLS[school],
                class_name=CLASSES[room_class],
                student_number=f"G2024{index + 1:06d}",
                room=f"{index // PER_ROOM + 1:02d}",
                seat=f"{index % PER_ROOM + 1:02d}",
                ability=float(ability),
            )
        )
    return tuple(entrants)


def _name(index: int, n_candidates: int, rng: np.random.Generator) -> str:
    family = _FAMILIES[int(rng.integers(len(_FAMILIES)))]
    start = int(rng.integers(len(_GIVEN) // 2)) * 2
    given = _GIVEN[start : start + 2] if rng.random() < 0.8 else _GIVEN[start]
    if index in (3, n_candidates - 5):
        return _NAMESAKES[0]
    if index in (7, 9):  # two of one name in one class: only the candidate number tells them apart
        return _NAMESAKES[1]
    if index % 15 == 11:
        return family + _RARE[index // 15 % len(_RARE)]
    return family + given


def roster_csv(roster: Sequence[Entrant]) -> str:
    """The roster as `kaiyue roster import` takes it, with Chinese column names."""
    rows = [
        (one.candidate, one.name, one.school, one.class_name, one.student_number, one.room, one.seat) for one in roster
    ]
    return as_csv(("考号", "姓名", "学校", "班级", "学籍号", "考场", "座位"), rows)


def make_staff(exam: Exam, roster: Sequence[Entrant], n_markers: int, seed: int) -> tuple[StaffRow, ...]:
    """Who works on the exam: manager, scanners, a leader and markers per paper, a login per school, three pupils.

    `n_markers` is per paper; from two markers on, every marking group has markers from two schools.
    """
    rng = np.random.default_rng([seed, 2])

    def name() -> str:
        family, given = rng.integers(len(_FAMILIES)), rng.integers(len(_GIVEN))
        return _FAMILIES[int(family)] + _GIVEN[int(given)] + "老师"

    staff = [
        StaffRow("manager", "考务主任", "", Role.EXAM_MANAGER),
        StaffRow("scanner1", "扫描员甲", SCHOOLS[0], Role.SCANNER_OPERATOR),
        StaffRow("scanner2", "扫描员乙", SCHOOLS[1], Role.SCANNER_OPERATOR),
    ]
    for paper in exam.papers:
        staff.append(StaffRow(f"{paper.id}-leader", name(), SCHOOLS[0], Role.LEADER, paper.id))
        groups = [group.id for group in paper.groups]
        for number in range(max(n_markers, 1)):
            marker = name()
            mine = _groups_of(number, max(n_markers, 1), groups)
            # two or three different people from other schools are needed there, so everybody helps
            mine += [group.id for group in paper.groups if group.mode.value.startswith("2") and group.id not in mine]
            staff.extend(
                StaffRow(
                    f"{paper.id}{number + 1:02d}", marker, SCHOOLS[number % len(SCHOOLS)], Role.MARKER, paper.id, one
                )
                for one in mine
            )
    staff.extend(StaffRow(f"school{n + 1}", f"{school}教务处", school, Role.SCHOOL) for n, school in enumerate(SCHOOLS))
    for school in SCHOOLS:
        pupil = next((one for one in roster if one.school == school), None)
        if pupil is not None:
            staff.append(StaffRow(pupil.candidate, pupil.name, school, Role.STUDENT))
    return tuple(staff)


def _groups_of(number: int, n_markers: int, groups: Sequence[str]) -> list[str]:
    """The groups of one marker: every group has two markers from two schools, since nobody marks the own school."""
    if n_markers >= len(groups):
        places = {number % len(groups), (number + 1) % len(groups)}
    else:
        places = {at for at in range(len(groups)) if at % n_markers in (number, (number + 1) % n_markers)}
    return [groups[at] for at in sorted(places)]


def staff_csv(staff: Sequence[StaffRow]) -> str:
    """The staff list as `kaiyue staff import` takes it."""
    rows = [(one.username, one.name, one.school, one.role.value, one.paper, one.group) for one in staff]
    return as_csv(("username", "name", "school", "role", "paper", "group"), rows)
