"""Scans through the browser: open a delivery, add files one by one, hand it over as an errand."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from marking.setup.states import check_scanning
from web.access.guard import current_user, may, needs, takes_upload
from web.access.objects import whole_paper
from web.access.permissions import Permission
from web.access.services import services
from web.api.body import json_body
from web.api.describe import BOOLEAN, FILE, INTEGER, TEXT, described, of
from web.deliveries import hand_over, open_delivery, owned
from web.uploads import FileMissing, keep_file

blueprint = Blueprint("api_deliveries", __name__, url_prefix="/api/v1")


@blueprint.post("/exams/<exam_key>/papers/<paper_key>/deliveries")
@needs(Permission.SCAN)
@described(
    "Open a delivery of scans.", takes=of(optional=("duplex",), name=TEXT, duplex=BOOLEAN), gives=of(delivery=TEXT)
)
def create(exam_key: str, paper_key: str) -> ResponseReturnValue:
    """An empty delivery."""
    body = json_body("name", "duplex")
    with services().database.read() as session:
        found = whole_paper(session, exam_key, paper_key, Permission.SCAN)
        check_scanning(session, found.paper, approves=may(Permission.ADVANCE, found.scope))
    token = open_delivery(
        services().settings,
        paper_id=found.paper.id,
        user_id=current_user().id,
        name=str(body.get("name") or ""),
        duplex=body.get("duplex") is not False,
    )
    return jsonify({"delivery": token})


@blueprint.post("/deliveries/<token>/files")
@needs(Permission.SCAN)
@takes_upload
@described(
    "Add a file to a delivery.",
    takes=of(file=FILE),
    takes_media="multipart/form-data",
    gives=of(name=TEXT),
)
def add_file(token: str) -> ResponseReturnValue:
    """One file, kept durably."""
    settings = services().settings
    owned(settings, token, current_user().id)
    given = request.files.get("file")
    if given is None or not given.filename:
        raise FileMissing
    return jsonify({"name": keep_file(settings, token, given)})


@blueprint.post("/deliveries/<token>/start")
@needs(Permission.SCAN)
@described("Hand a delivery over: it is read and placed as an errand.", gives=of(job=INTEGER))
def start(token: str) -> ResponseReturnValue:
    """The errand that reads the delivery."""
    kept, user = services(), current_user()
    return jsonify({"job": hand_over(kept, owned(kept.settings, token, user.id), operator=user.name)})
