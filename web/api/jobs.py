"""How far a long errand is: polled every two seconds, answered with 304 while nothing has changed."""

import hashlib

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from models.job import Job
from web.access.guard import signed_in
from web.access.objects import job_of
from web.access.services import services
from web.api.describe import INTEGER, TEXT, described, mapped, of

blueprint = Blueprint("api_jobs", __name__, url_prefix="/api/v1/jobs")

_JOB = of(id=INTEGER, kind=TEXT, state=TEXT, done=INTEGER, total=INTEGER, error=TEXT, result=mapped({}))


@blueprint.get("/<int:job_id>")
@signed_in
@described("How far an errand is; send If-None-Match to get 304 while nothing has changed.", gives=_JOB)
def show(job_id: int) -> ResponseReturnValue:
    """Progress of one errand."""
    with services().database.read() as session:
        job = job_of(session, job_id)
    said = as_json(job)
    response = jsonify(said)
    response.set_etag(hashlib.sha256(repr(sorted(said.items())).encode()).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    return response.make_conditional(request)


def as_json(job: Job) -> dict[str, object]:
    """What an answer says about an errand; where its files lie stays inside."""
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state.value,
        "done": job.done,
        "total": job.total,
        "error": job.error,
        "result": job.detail.get("result", {}),
    }
