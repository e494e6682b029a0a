"""Is the server alive, is it ready, and how is it doing: for monitors, without any personal data."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from models.errors import Forbidden
from web.access.guard import may, public
from web.access.permissions import Permission
from web.access.services import services
from web.metrics import measure

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def alive() -> ResponseReturnValue:
    """The process answers."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """The database answers and the evidence folder is there."""
    kept = services()
    try:
        with kept.database.read() as session:
            session.execute(text("SELECT 1 FROM exam LIMIT 1"))
        # looked for, not read: a missing key costs one look at the folder
        kept.blobs.has("0" * 64)
    except Exception:  # noqa: BLE001 - whatever keeps it from answering, the monitor needs "not ready", not a page
        return Response("not ready\n", 503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")


@blueprint.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """Counts in Prometheus text, for monitors on this computer and people who may see them."""
    if request.remote_addr not in ("127.0.0.1", "::1") and not may(Permission.SEE_METRICS):
        raise Forbidden
    with services().database.read() as session:
        body = measure(session)
    return Response(body, content_type="text/plain; version=0.0.4; charset=utf-8")
