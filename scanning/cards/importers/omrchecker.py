"""Turn an OMRChecker template into one of our cards.

In:  the bytes of a template.json, a way to read the images that it names, and the width that the page is
     taken to have; OMRChecker knows pixels only, so the scale is a choice (its page is a paper's width).
Out: a CardTemplate with one page in mm and its Anchoring, and remarks about what did not come along.

A template's coordinates refer to the image after its pre-processors: with `CropPage` the page is the
sheet of paper, with `CropOnMarkers` it is the rectangle between the centres of the four markers, with
`FeatureBasedAlignment` it is the reference image, otherwise the image itself. Ids stay those of the
template: a custom label joins columns into one field.
"""

from dataclasses import dataclass
from typing import Any

from models.errors import mark_text
from models.geometry import SizeMm
from models.words import FieldKind
from scanning.cards.importers.blocks import MOST_PIXELS, Column, columns_of, expand
from scanning.cards.importers.json_values import MOST_BYTES, as_array, as_object, as_pair, parse_template
from scanning.cards.importers.refusals import TemplateRefused
from scanning.cards.importers.remarks import Remark
from scanning.cards.importers.steps import ReadImage, anchoring_of
from scanning.cards.template import Bubble, CardPage, CardTemplate, Field

__all__ = ["MOST_BYTES", "ImportOptions", "ImportedCard", "import_omrchecker"]

_KNOWN_KEYS = frozenset(
    {
        *("pageDimensions", "templateDimensions", "bubbleDimensions", "customLabels", "customBubbleFieldTypes"),
        *("fieldBlocks", "fieldBlocksOffset", "preProcessors", "outputColumns", "emptyValue"),
    }
)
# What OMRChecker needs for its own work and our reader does not.
_NEEDLESS_KEYS = frozenset({"processingImageShape", "outputImageShape", "sortFiles", "output"})


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`width_mm` is what the template's page width is taken to be: A4 upright unless told."""

    paper: str = "imported"
    width_mm: float = 210.0


@dataclass(frozen=True, slots=True)
class ImportedCard:
    """The card (its hash is empty until it is written) and what a person should know about it."""

    card: CardTemplate
    remarks: tuple[Remark, ...]


def import_omrchecker(data: bytes, read_image: ReadImage, options: ImportOptions | None = None) -> ImportedCard:
    """Read a template. Raises TemplateUnreadable, TemplateRefused, TemplateTooLarge, TemplateImageRefused."""
    chosen = options or ImportOptions()
    root = parse_template(data)
    remarks = list(_remarks_on_keys(root))
    size_key = (
        "pageDimensions" if "pageDimensions" in root or "templateDimensions" not in root else "templateDimensions"
    )
    width_px, height_px = as_pair(root.get(size_key), size_key, 1, MOST_PIXELS)
    mm_per_px = chosen.width_mm / width_px
    columns = columns_of(root, mm_per_px, (width_px, height_px), remarks)
    fields = _order(_fields(columns, as_object(root.get("customLabels", {}), "customLabels")), root, remarks)
    if "emptyValue" in root:
        remarks.append(Remark("emptyValue", mark_text("A blank stays empty in our readings."), needs_person=False))
    steps = as_array(root.get("preProcessors", []), "preProcessors")
    page = CardPage(
        page=1,
        size=SizeMm(round(chosen.width_mm, 3), round(height_px * mm_per_px, 3)),
        fiducials=(),
        fields=fields,
        anchoring=anchoring_of(steps, read_image, chosen.width_mm, remarks),
    )
    return ImportedCard(CardTemplate(chosen.paper, 1, "", (page,)), tuple(remarks))


def _remarks_on_keys(root: dict[str, Any]) -> list[Remark]:
    remarks = []
    for key in root:
        if key in _NEEDLESS_KEYS:
            text = mark_text("Our reader needs no such setting; it was left out.")
            remarks.append(Remark(key, text, needs_person=False))
        elif key not in _KNOWN_KEYS:
            text = mark_text("This entry is unknown here and was left out.")
            remarks.append(Remark(key, text, needs_person=True))
    return remarks


def _fields(columns: dict[str, Column], joins: dict[str, Any]) -> dict[str, Field]:
    """Joined labels first as the template lists them, then what stands alone, each under its own id."""
    fields: dict[str, Field] = {}
    taken: dict[str, str] = {}
    for name, raw in joins.items():
        place = f"customLabels.{name}"
        labels = list(expand(raw, place))
        for label in labels:
            if label not in columns:
                raise TemplateRefused(place=place, why=mark_text("no block has this label"), found=label)
            if label in taken:
                raise TemplateRefused(place=place, why=mark_text("the label is joined twice"), found=label)
            taken[label] = name
        if name in columns and name not in labels:
            raise TemplateRefused(place=place, why=mark_text("a label has this name already"), found=name)
        bubbles = tuple(
            Bubble(value, rect, index) for index, label in enumerate(labels) for value, rect in columns[label].bubbles
        )
        fields[name] = Field(name, FieldKind.JOINED, bubbles, len(labels))
    for label, column in columns.items():
        if label in taken:
            continue
        kind = FieldKind.JOINED if column.digits else FieldKind.MULTIPLE
        fields[label] = Field(label, kind, tuple(Bubble(value, rect) for value, rect in column.bubbles))
    return fields


def _order(fields: dict[str, Field], root: dict[str, Any], remarks: list[Remark]) -> tuple[Field, ...]:
    """The fields as `outputColumns` lists them; unlisted ones follow and are remarked upon.

    Newer templates give an object whose `customOrder` is the list; their alphabetical orders have no meaning here.
    """
    given, place = root.get("outputColumns", []), "outputColumns"
    if isinstance(given, dict):
        given, place = given.get("customOrder", []), "outputColumns.customOrder"
    raw = as_array(given, place)
    if not raw:
        return tuple(fields.values())
    wanted = list(expand(raw, place))
    for name in wanted:
        if name not in fields:
            raise TemplateRefused(place=place, why=mark_text("no field has this name"), found=name)
    rest = [name for name in fields if name not in wanted]
    if rest:
        text = mark_text("Fields that outputColumns leaves out are read all the same.")
        remarks.append(Remark(place, text, needs_person=False))
    return tuple(fields[name] for name in dict.fromkeys([*wanted, *rest]))
