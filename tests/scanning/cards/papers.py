"""Papers for the tests of the cards: the example of the contract, a county card, and any paper at all."""

from decimal import Decimal

from hypothesis import strategies as st

from models.paper import CardSpec, Choose, EssayGrid, Item, Paper, PaperSize, Part, Variant
from models.words import ItemKind, NumberEntry

A4 = PaperSize("A4", 210.0, 297.0)
A3 = PaperSize("A3", 420.0, 297.0)
K8 = PaperSize("8K", 368.0, 260.0)


def paper(items, spec, variants=(), paper_id="math", title="数学"):
    """A paper of these items; groups and rules do not matter to a card."""
    full = sum((item.points for item in items), Decimal(0))
    return Paper(paper_id, title, full, tuple(items), (), spec, variants=variants)


def objective(no, options=4, kind=ItemKind.SINGLE):
    return Item(no, kind, Decimal(3), options, ("T",) if kind is ItemKind.JUDGE else ("A",))


def written(no, points, height_mm=None, **more):
    return Item(no, ItemKind.WRITTEN, Decimal(points), height_mm=height_mm, **more)


def essay(no, columns, rows, cell_mm):
    return Item(no, ItemKind.ESSAY, Decimal(60), grid=EssayGrid(columns, rows, cell_mm))


def contract_paper(sides=2):
    """The example of contracts.md 3: A4, two sides, one column, eight digits."""
    chosen = Choose("选做", 1)
    items = [
        *(objective(str(no)) for no in range(1, 11)),
        objective("11", 4, ItemKind.MULTIPLE),
        objective("12", 2, ItemKind.JUDGE),
        written("13", 4, 18.0, step=Decimal("0.5")),
        written("16", 6, 45.0, parts=(Part("(1)", Decimal(2)), Part("(2)", Decimal(4)))),
        written("20", 12, 40.0, choose=chosen),
        written("21", 12, 40.0, choose=chosen),
        essay("22", 20, 25, 8.0),
    ]
    return paper(items, CardSpec(A4, sides, 1, NumberEntry.BUBBLES_BARCODE, 8))


def county_paper():
    """A3, both sides in three columns: 60 objective items, written boxes, an essay of 900 squares."""
    items = [
        *(objective(str(no)) for no in range(1, 61)),
        *(written(str(no), 4, 25.0) for no in range(61, 66)),
        *(written(str(no), 12, 70.0) for no in range(66, 70)),
        essay("70", 20, 45, 6.0),
    ]
    return paper(items, CardSpec(A3, 2, 3, NumberEntry.BUBBLES_BARCODE, 10), paper_id="chinese", title="语文")


def preprinted_paper():
    items = [*(objective(str(no)) for no in range(1, 6)), written("6", 10, 60.0)]
    return paper(items, CardSpec(A4, 2, 1, NumberEntry.PREPRINTED, 8), paper_id="english", title="英语")


@st.composite
def papers(draw):
    """Any paper that an exam file could ask for, whether or not its card can be laid out."""
    size, most_columns = draw(st.sampled_from([(A4, 2), (A3, 4), (K8, 4), (PaperSize("custom", 180.0, 240.0), 2)]))
    spec = CardSpec(
        size,
        draw(st.sampled_from([1, 2])),
        draw(st.integers(1, most_columns)),
        draw(st.sampled_from(list(NumberEntry))),
        draw(st.integers(1, 20)),
    )
    kinds = draw(
        st.lists(st.sampled_from(["single", "multiple", "judge", "written", "essay"]), min_size=1, max_size=40)
    )
    chosen = draw(st.booleans())
    items = []
    for no, word in enumerate(kinds, start=1):
        kind = ItemKind(word)
        if kind.is_objective:
            options = 2 if kind is ItemKind.JUDGE else draw(st.integers(2, 9))
            items.append(objective(str(no), options, kind))
        elif kind is ItemKind.ESSAY:
            grid = (draw(st.integers(5, 22)), draw(st.integers(1, 40)), draw(st.sampled_from([5.0, 6.5, 8.0])))
            items.append(essay(str(no), *grid))
        else:
            parts = tuple(Part(f"({n})", Decimal(2)) for n in range(1, draw(st.integers(1, 5))))
            height_mm = draw(st.none() | st.floats(8.0, 320.0).map(lambda value: round(value, 1)))
            choose = Choose("选做", 1) if chosen else None
            items.append(written(str(no), 2 * len(parts) or 4, height_mm, parts=parts, choose=choose))
    variants = (Variant("A"), Variant("B")) if draw(st.booleans()) else ()
    return paper(items, spec, variants)
