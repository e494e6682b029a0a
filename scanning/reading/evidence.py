"""A page reading as JSON and back: what is stored, whole, beside every decision.

The JPEG bytes of the crops stay out; `crops` names them by region and part, and their rows by blob key.
"""

from collections.abc import Mapping
from typing import Any

from models.words import BubbleState, FieldKind, PageCode, ReadingStatus
from scanning.reading.result import BubbleReading, CandidateReading, Crop, FieldReading, PageReading, Voice


def reading_to_json(reading: PageReading) -> dict[str, Any]:
    """Everything that was read, as plain JSON values."""
    return {
        "side": reading.side,
        "code": reading.code.value if reading.code else None,
        "detail": reading.detail,
        "residual_mm": reading.residual_mm,
        "turned_deg": reading.turned_deg,
        "px_per_mm": reading.px_per_mm,
        "fields": [_field_to_json(field) for field in reading.fields],
        "candidate": {
            "present": reading.candidate.present,
            "value": reading.candidate.value,
            "status": reading.candidate.status.value,
            "margin": reading.candidate.margin,
            "voices": [[voice.source, voice.text, voice.certain] for voice in reading.candidate.voices],
            "reasons": list(reading.candidate.reasons),
        },
        "crops": [
            {
                "region": crop.region,
                "part": crop.part,
                "width_px": crop.width_px,
                "height_px": crop.height_px,
                "ink": crop.ink,
                "overflow_mm2": crop.overflow_mm2,
            }
            for crop in reading.crops
        ],
        "overflow_mm2": reading.overflow_mm2,
        "warnings": list(reading.warnings),
        "corners_px": [list(corner) for corner in reading.corners_px],
    }


def _field_to_json(field: FieldReading) -> dict[str, Any]:
    return {
        "id": field.id,
        "kind": field.kind.value,
        "value": field.value,
        "status": field.status.value,
        "margin": field.margin,
        "reasons": list(field.reasons),
        "bubbles": [[b.label, b.column, b.ink, b.state.value, b.margin] for b in field.bubbles],
    }


def reading_from_json(stored: Mapping[str, Any]) -> PageReading:
    """The reading as it was, without the bytes of its crops."""
    return PageReading(
        side=stored["side"],
        code=PageCode(stored["code"]) if stored["code"] else None,
        detail=stored["detail"],
        residual_mm=stored["residual_mm"],
        turned_deg=stored["turned_deg"],
        px_per_mm=stored["px_per_mm"],
        fields=tuple(_field_from_json(field) for field in stored["fields"]),
        candidate=candidate_from_json(stored["candidate"]),
        crops=tuple(Crop(jpeg=b"", **crop) for crop in stored["crops"]),
        overflow_mm2=stored["overflow_mm2"],
        warnings=tuple(stored["warnings"]),
        corners_px=tuple((corner[0], corner[1]) for corner in stored["corners_px"]),
    )


def candidate_from_json(stored: Mapping[str, Any]) -> CandidateReading:
    """The vote on the candidate number as it was."""
    return CandidateReading(
        present=stored["present"],
        value=stored["value"],
        status=ReadingStatus(stored["status"]),
        margin=stored["margin"],
        voices=tuple(Voice(*voice) for voice in stored["voices"]),
        reasons=tuple(stored["reasons"]),
    )


def _field_from_json(field: Mapping[str, Any]) -> FieldReading:
    return FieldReading(
        id=field["id"],
        kind=FieldKind(field["kind"]),
        value=field["value"],
        status=ReadingStatus(field["status"]),
        margin=field["margin"],
        reasons=tuple(field["reasons"]),
        bubbles=tuple(
            BubbleReading(label, column, ink, BubbleState(state), margin)
            for label, column, ink, state, margin in field["bubbles"]
        ),
    )
