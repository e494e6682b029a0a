"""The exam of the demonstration, ready to be imported: its files as bytes, and the same as values.

In:  how many candidates and markers, a seed.
Out: the exam file (samples/data/exam.yaml), roster and staff list as CSV bytes, and what they mean.
"""

from dataclasses import dataclass
from importlib.resources import files

from marking.setup.exam_file import read_exam
from models.paper import Exam
from samples.people import Entrant, StaffRow, make_roster, make_staff, roster_csv, staff_csv


@dataclass(frozen=True, slots=True)
class DemoExam:
    """Everything that an exam manager would type or receive before the first card is printed."""

    exam: Exam
    roster: tuple[Entrant, ...]
    staff: tuple[StaffRow, ...]
    exam_yaml: bytes
    roster_csv: bytes
    staff_csv: bytes


def demo_exam(n_candidates: int = 120, n_markers: int = 3, seed: int = 1) -> DemoExam:
    """The demonstration's exam; `n_markers` is per paper."""
    text = (files("samples") / "data" / "exam.yaml").read_bytes()
    exam = read_exam(text)
    roster = make_roster(n_candidates, seed)
    staff = make_staff(exam, roster, n_markers, seed)
    return DemoExam(exam, roster, staff, text, roster_csv(roster).encode("utf-8"), staff_csv(staff).encode("utf-8"))
