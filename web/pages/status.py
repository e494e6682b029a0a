"""How this server runs: profile and its recorded exceptions, space, errands, versions."""

import shutil

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from models.job import Job
from web.access.guard import needs
from web.access.permissions import Permission
from web.access.services import services
from web.errands import KIND_NAMES

blueprint = Blueprint("status", __name__, url_prefix="/status")
_GIB = 1024**3


@blueprint.get("")
@needs(Permission.SEE_STATUS)
def show() -> ResponseReturnValue:
    """The state of the system on one page."""
    kept = services()
    disk = shutil.disk_usage(kept.settings.data)
    with kept.database.read() as session:
        jobs = session.scalars(select(Job).order_by(Job.id.desc()).limit(20)).all()
    return render_template(
        "status.html",
        settings=kept.settings,
        database="SQLite" if kept.database.is_sqlite else "PostgreSQL",
        free_gib=disk.free / _GIB,
        total_gib=disk.total / _GIB,
        jobs=jobs,
        kinds=KIND_NAMES,
    )
