"""Images of marking tasks under random keys: the bytes as stored, private and immutable, every view logged."""

import io

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from PIL import Image
from sqlalchemy import bindparam, select

from marking.plan.examples import is_example
from marking.reports.drawn import draw_annotations
from marking.rounds.errors import TaskWithdrawn
from marking.tasks.groups import find_group
from models.errors import NotFound, mark_text
from models.sheet import CropRecord
from models.task import Mark, MarkingTask, TaskImage
from models.words import TaskState
from scanning.cards.fonts import font_file
from web.access.guard import current_user, needs
from web.access.permissions import Permission
from web.access.policy import allowed
from web.access.services import services
from web.api.describe import FILE, described
from web.marking_desk import desk, scope_of

blueprint = Blueprint("api_images", __name__, url_prefix="/api/v1/images")

_SHOWN = (  # built once: a screen asks for one image with each response
    select(
        CropRecord.id,
        CropRecord.blob,
        MarkingTask.marker_id,
        MarkingTask.state,
        MarkingTask.group_id,
        MarkingTask.entry_id,
    )
    .join(TaskImage, TaskImage.crop_id == CropRecord.id)
    .join(MarkingTask, MarkingTask.id == TaskImage.task_id)
    .where(TaskImage.key == bindparam("key"))
)
_MARKED = (
    select(TaskImage.position, Mark.annotations)
    .join(Mark, Mark.task_id == TaskImage.task_id)
    .where(TaskImage.key == bindparam("key"))
    .order_by(Mark.revision.desc())
    .limit(1)
)
_QUALITY = 82
_KINDS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG", "image/png"), (b"RIFF", "image/webp"))


@blueprint.get("/<key>")
@needs(Permission.MARK_RESPONSE)
@described(
    "An image of a response that you hold or have marked, of an example, or of a group that you lead.",
    gives=FILE,
    media="image/*",
)
def show(key: str) -> ResponseReturnValue:
    """One image. The entity tag is the address itself: it says no more than that, and never what the bytes are."""
    crop_id, blob = _visible(key, as_example=True)
    kept = services()
    data = kept.blobs.get(blob)
    desk().views.record(kept.database, user_id=current_user().id, crop_id=crop_id, purpose="marking")
    kind = next((kind for start, kind in _KINDS if data.startswith(start)), "application/octet-stream")
    response = Response(data, mimetype=kind)
    response.set_etag(key)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response.make_conditional(request)


@blueprint.get("/<key>/marked")
@needs(Permission.MARK_RESPONSE)
@described("The same image with what its marker drew on it.", gives=FILE, media="image/*")
def show_marked(key: str) -> ResponseReturnValue:
    """One image with the annotations of the mark that counts; without any where nothing was drawn."""
    crop_id, blob = _visible(key)
    kept = services()
    with kept.database.read() as session:
        row = session.execute(_MARKED, {"key": key}).one_or_none()
    position, annotations = row if row is not None else (0, [])
    with Image.open(io.BytesIO(kept.blobs.get(blob))) as image:
        drawn = draw_annotations(image, annotations, position=position, font=font_file(kept.settings.font))
    desk().views.record(kept.database, user_id=current_user().id, crop_id=crop_id, purpose="marked")
    data = io.BytesIO()
    drawn.save(data, "JPEG", quality=_QUALITY)
    return Response(data.getvalue(), mimetype="image/jpeg")


def _visible(key: str, *, as_example: bool = False) -> tuple[int, str]:
    """Crop and blob of an image that the person may see. Raises NotFound, or TaskWithdrawn for an own task's.

    With `as_example` also one of a response that stands beside the answers of the group as an example.
    """
    person = current_user()
    with services().database.read() as session:
        row = session.execute(_SHOWN, {"key": key}).one_or_none()
        if row is None:
            raise NotFound(what=mark_text("image"), name=key[:40])
        crop_id, blob, marker_id, state, group_id, entry_id = row
        if marker_id != person.id:
            group = find_group(session, group_id)
            scope = scope_of(group)
            shown = (
                as_example
                and allowed(person.grants, Permission.MARK_RESPONSE, scope)
                and is_example(session, group, entry_id, person.school_id)
            )
            if not shown and not allowed(person.grants, Permission.LEAD_GROUP, scope):
                raise NotFound(what=mark_text("image"), name=key[:40])
        elif state in (TaskState.WITHDRAWN, TaskState.VOIDED):
            raise TaskWithdrawn
    return crop_id, blob
