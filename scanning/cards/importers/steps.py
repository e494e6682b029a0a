"""Pre-processors of an OMRChecker template become our ways of finding a page, and remarks on what could not come along.

In:  the template's list, a way to read the images that it names, the page's width. Out: Anchoring, and remarks.
`CropPage` finds the sheet, `CropOnMarkers` four copies of a picture, `FeatureBasedAlignment` a reference page. Filters
and thresholds are left to our reader, which adapts to each page; each of them is named all the same.
"""

import base64
from collections.abc import Callable
from typing import Any, Literal

import cv2
import numpy as np

from models.errors import mark_text
from scanning.cards.importers.json_values import as_number, as_object, as_pair, as_text, shortened
from scanning.cards.importers.refusals import TemplateImageRefused
from scanning.cards.importers.remarks import Remark
from scanning.cards.template import Anchoring

Step = Literal["outline", "markers", "features"]
ReadImage = Callable[[str, str], bytes]  # (relative path, place in the template) -> file bytes

MARKER_SIDE_PX = 160  # markers are matched at 10 to 120 px; more detail is never used
REFERENCE_SIDE_PX = 1_800  # features are found at about 200 dpi of an A4 page
_PROCESSING_WIDTH_PX = 666  # what OMRChecker makes every image wide before it looks for markers, unless told
_USUAL_RATIO = 17.0
_USUAL_RESCALE = (35.0, 100.0)  # per cent of the marker's size within which OMRChecker looks for it

_FILTERS = ("GaussianBlur", "MedianBlur", "Levels", "Contrast", "AutoRotate")
# Options that only steer how OMRChecker searches; our own search needs none of them.
_TUNING = {
    "CropPage": frozenset({"morphKernel", "useColoredCanny", "maxPointsPerEdge", "enableCropping", "tuningOptions"}),
    "CropOnMarkers": frozenset(
        {
            *("apply_erode_subtract", "marker_rescale_steps", "max_matching_variation", "min_matching_threshold"),
            *("tuningOptions", "enableCropping", "defaultSelector", "scanAreas", "pointsLayout"),
        }
    ),
    "FeatureBasedAlignment": frozenset({"2d", "goodMatchPercent", "maxFeatures", "matcherType"}),
}
_USED = {
    "CropPage": frozenset[str](),
    "CropOnMarkers": frozenset(
        {
            *("relativePath", "referenceImage", "sheetToMarkerWidthRatio", "marker_rescale_range", "type"),
            *("markerDimensions", "dimensions"),
        }
    ),
    "FeatureBasedAlignment": frozenset({"reference"}),
}


def anchoring_of(raw: list[Any], read_image: ReadImage, width_mm: float, remarks: list[Remark]) -> Anchoring:
    """The pre-processors that find the page, in our terms."""
    steps: list[Step] = []
    marker = reference = ""
    marker_mm = 0.0
    for index, entry in enumerate(raw):
        place = f"preProcessors[{index}]"
        step = as_object(entry, place)
        name = as_text(step.get("name"), f"{place}.name")
        given = as_object(step.get("options", {}), f"{place}.options")
        if name in _USED and not _is_unknown_kind(name, given):
            _remark_options(name, given, place, remarks)
        if name == "CropPage":
            steps.append("outline")
        elif name == "CropOnMarkers" and not _is_unknown_kind(name, given):
            at = f"{place}.options.relativePath"
            path = as_text(given.get("relativePath", given.get("referenceImage")), at)
            marker, width_px = _png(read_image(path, at), path, at, MARKER_SIDE_PX)
            marker_mm = round(width_mm * _marker_share(given, f"{place}.options", width_px), 3)
            steps.append("markers")
        elif name == "FeatureBasedAlignment":
            at = f"{place}.options.reference"
            path = as_text(given.get("reference"), at)
            reference, _ = _png(read_image(path, at), path, at, REFERENCE_SIDE_PX)
            steps.append("features")
        elif name in _FILTERS:
            text = mark_text("This filter is left out: our reader adapts to each page by itself.")
            remarks.append(Remark(place, text, needs_person=False))
        elif name == "CropOnLogo":
            text = mark_text("The logo is not looked for; the bubbles alone must carry the fit.")
            remarks.append(Remark(place, text, needs_person=True))
        else:
            text = mark_text("This way of finding the page is unknown here; the bubbles alone must carry the fit.")
            remarks.append(Remark(place, text, needs_person=True))
    return Anchoring(tuple(dict.fromkeys(steps)), marker, marker_mm, reference)


def _is_unknown_kind(name: str, given: dict[str, Any]) -> bool:
    return name == "CropOnMarkers" and given.get("type", "FOUR_MARKERS") != "FOUR_MARKERS"


def _remark_options(name: str, given: dict[str, Any], place: str, remarks: list[Remark]) -> None:
    for key in given:
        if key in _USED[name]:
            continue
        if key in _TUNING[name]:
            text = mark_text("This option is left out: our reader finds the page in its own way.")
            remarks.append(Remark(f"{place}.options.{key}", text, needs_person=False))
        else:
            text = mark_text("This entry is unknown here and was left out.")
            remarks.append(Remark(f"{place}.options.{key}", text, needs_person=True))


def _marker_share(given: dict[str, Any], place: str, width_px: int) -> float:
    """How wide a marker is as a share of the sheet; our search allows for half and for half as much again."""
    rescale = _USUAL_RESCALE
    if "marker_rescale_range" in given:
        rescale = as_pair(given["marker_rescale_range"], f"{place}.marker_rescale_range", 1, 1000)
    if "sheetToMarkerWidthRatio" in given:
        share = 1 / as_number(given["sheetToMarkerWidthRatio"], f"{place}.sheetToMarkerWidthRatio", 2, 200)
    elif "marker_rescale_range" in given:
        share = width_px / _PROCESSING_WIDTH_PX  # the picture as it is, on an image of OMRChecker's usual width
    else:
        share = 1 / _USUAL_RATIO
    return min(share * max(rescale) / _USUAL_RESCALE[1], 0.5)


def _png(data: bytes, path: str, place: str, side_px: int) -> tuple[str, int]:
    """The image in grey, made no larger than useful, as base64 PNG; and how wide it was in px."""
    pixels = np.frombuffer(data, dtype=np.uint8)
    image = cv2.imdecode(pixels, cv2.IMREAD_GRAYSCALE) if pixels.size else None
    if image is None or min(image.shape) < 8:
        raise TemplateImageRefused(found=shortened(path), place=place, why=mark_text("it is not a readable image"))
    width_px = int(image.shape[1])
    scale = side_px / max(image.shape)
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return base64.b64encode(cv2.imencode(".png", image)[1].tobytes()).decode("ascii"), width_px
