"""What an exam consists of, as plain values: papers, items, parts, marking groups, rules, totals.

These are what an exam file says (contracts.md 3) once it has been checked. They know nothing of files,
databases or images; the card builder, the scorer and the tables all take them as they are.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from models.words import (
    Boundary,
    ChoosePolicy,
    Compare,
    Denominator,
    ExamKind,
    ItemKind,
    MarkingMode,
    NumberEntry,
)

OPTION_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
JUDGE_LABELS = ("T", "F")


@dataclass(frozen=True, slots=True)
class Part:
    """A numbered part of a written item, such as (1); its id in files is the item's no followed by its own."""

    no: str
    points: Decimal


@dataclass(frozen=True, slots=True)
class Choose:
    """Membership in a choose-group: the candidate answers `take` of the group's items (domain.md 4.5)."""

    group: str
    take: int
    policy: ChoosePolicy = ChoosePolicy.FIRST_IN_PAPER_ORDER


@dataclass(frozen=True, slots=True)
class EssayGrid:
    """The squares of an essay: `columns` a line, `rows` lines, each square `cell_mm` wide and high."""

    columns: int
    rows: int
    cell_mm: float


@dataclass(frozen=True, slots=True)
class Item:
    """The smallest thing that earns points.

    `key` holds the alternatives that earn full points, each as sorted option letters (``("A", "C")`` for
    "A or C", ``("ACD",)`` for all three); judge keys are ``"T"`` or ``"F"``; empty for subjective items.
    `policy` is the text of the exam file (``half``, ``flat:2`` …) and only matters for multiple items.
    `subject` is empty where it is the paper's own. `scheme` and `answer` stand beside the answer while it is marked.
    """

    no: str
    kind: ItemKind
    points: Decimal
    options: int = 0
    key: tuple[str, ...] = ()
    policy: str = "half"
    step: Decimal = Decimal(1)
    height_mm: float | None = None
    parts: tuple[Part, ...] = ()
    choose: Choose | None = None
    grid: EssayGrid | None = None
    knowledge: tuple[str, ...] = ()
    subject: str = ""
    scheme: str = ""
    answer: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """What the bubbles of an objective item are called, in the order printed."""
        if self.kind is ItemKind.JUDGE:
            return JUDGE_LABELS
        return tuple(OPTION_LETTERS[: self.options])

    def part_id(self, part: Part) -> str:
        """The id of a part in every file: ``16(1)``."""
        return self.no + part.no


@dataclass(frozen=True, slots=True)
class GroupPart:
    """One score field of a marking group: an item, or one part of it.

    `id` is the name in files and in the marking calls (``13`` or ``16(1)``).
    """

    id: str
    item: str
    points: Decimal
    step: Decimal


@dataclass(frozen=True, slots=True)
class Group:
    """Items cut, dealt out and marked together by one team.

    The group settles on its total (`compare`); `full_mark` counts a choose-group as take x points.
    `double_share` is the share of single-marked responses that get a hidden second mark (0 to 1).
    """

    id: str
    title: str
    parts: tuple[GroupPart, ...]
    mode: MarkingMode = MarkingMode.SINGLE
    tolerance: Decimal = Decimal(0)
    boundary: Boundary = Boundary.INCLUSIVE
    compare: Compare = Compare.TOTAL
    full_mark: Decimal = Decimal(0)

    @property
    def items(self) -> tuple[str, ...]:
        """The items that this group marks, wholly or in part, in paper order."""
        return tuple(dict.fromkeys(part.item for part in self.parts))


@dataclass(frozen=True, slots=True)
class Rounding:
    """Where scores are rounded and to what: item scores stay exact and the total is rounded once by default."""

    at: Literal["total", "item", "none"] = "total"
    to: Decimal = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Rules:
    """The rule sheet of an exam or paper (评分口径); defaults from domain.md 8.1 and contracts.md 3.

    Thresholds are ratios of the full mark, inclusive; `low` is *below* its ratio. `void` maps item no to
    a policy (``all_present`` | ``answered_only`` | ``drop_and_rescale``); `floors` maps item no to the
    lowest score that a policy with deductions may give.
    """

    boundary: Boundary = Boundary.INCLUSIVE
    round: Rounding = field(default_factory=Rounding)
    excellent: Decimal = Decimal("0.85")
    good: Decimal = Decimal("0.70")
    pass_: Decimal = Decimal("0.60")
    low: Decimal = Decimal("0.40")
    denominator: Denominator = Denominator.PRESENT
    rank: Literal["competition", "dense"] = "competition"
    group: Decimal = Decimal("0.27")
    void: tuple[tuple[str, str], ...] = ()
    floors: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class PaperSize:
    """The sheet of a card. `name` is A4, A3, 8K or custom; portrait or landscape as the card is held."""

    name: str
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class CardSpec:
    """How a paper's answer card is to be printed.

    `size` is the sheet as held when filling (A4 portrait; A3 and 8K landscape when they have several
    columns). `number` says how the sheet carries the candidate number, of `digits` digits.
    """

    size: PaperSize
    sides: int
    columns: int
    number: NumberEntry
    digits: int


@dataclass(frozen=True, slots=True)
class Variant:
    """One version of an A/B paper: `order` maps a printed number to the id of the same item in variant A."""

    id: str
    order: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """One subject's questions with its full mark and its card."""

    id: str
    title: str
    full_mark: Decimal
    items: tuple[Item, ...]
    groups: tuple[Group, ...]
    card: CardSpec
    rules: Rules = field(default_factory=Rules)
    subject: str = ""
    variants: tuple[Variant, ...] = ()

    def item(self, no: str) -> Item:
        """The item with this no. Raises KeyError when the paper has none."""
        for item in self.items:
            if item.no == no:
                return item
        raise KeyError(no)

    @property
    def objective_items(self) -> tuple[Item, ...]:
        """The items that a rule scores, in paper order."""
        return tuple(item for item in self.items if item.kind.is_objective)

    @property
    def subjective_items(self) -> tuple[Item, ...]:
        """The items that people mark, in paper order."""
        return tuple(item for item in self.items if not item.kind.is_objective)

    def choose_members(self, group: str) -> tuple[Item, ...]:
        """The items of a choose-group in paper order."""
        return tuple(item for item in self.items if item.choose and item.choose.group == group)

    @property
    def choose_groups(self) -> tuple[str, ...]:
        """The names of the choose-groups in paper order."""
        return tuple(dict.fromkeys(item.choose.group for item in self.items if item.choose))


@dataclass(frozen=True, slots=True)
class TotalPart:
    """One paper's share in a total."""

    paper: str
    weight: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Total:
    """A sum over papers. `absent` says what a missed paper does: no total, a zero, or a sum of the rest."""

    id: str
    title: str
    parts: tuple[TotalPart, ...]
    absent: Literal["none", "zero", "sum_of_present"] = "none"


@dataclass(frozen=True, slots=True)
class Exam:
    """One sitting: its papers, its rule sheet and the totals it reports."""

    id: str
    title: str
    kind: ExamKind
    grade: int | None
    number_digits: int
    papers: tuple[Paper, ...]
    totals: tuple[Total, ...]

    def paper(self, paper_id: str) -> Paper:
        """The paper with this id. Raises KeyError when the exam has none."""
        for paper in self.papers:
            if paper.id == paper_id:
                return paper
        raise KeyError(paper_id)
