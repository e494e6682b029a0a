"""A student's own results, once a paper is composed; the image of the own sheet, nobody else's."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from models.errors import NotFound, mark_text
from models.sheet import PageImage
from web.access.guard import current_user, needs
from web.access.objects import own_entry
from web.access.permissions import PERMISSIONS_OF, Permission
from web.access.services import services
from web.page_pictures import whole_page
from web.pages.scan_images import send_picture
from web.results import is_open, own_items, own_papers, own_sides, own_total

blueprint = Blueprint("results", __name__, url_prefix="/my/results")


@blueprint.get("")
@needs(Permission.SEE_OWN_RESULT)
def index() -> ResponseReturnValue:
    """My papers."""
    own = [
        grant.scope.candidate_id
        for grant in current_user().grants
        if grant.scope.candidate_id is not None and Permission.SEE_OWN_RESULT in PERMISSIONS_OF[grant.role]
    ]
    with services().database.read() as session:
        papers = own_papers(session, own)
    return render_template("results/index.html", papers=papers, is_open=is_open)


@blueprint.get("/<exam_key>/<paper_key>")
@needs(Permission.SEE_OWN_RESULT)
def show(exam_key: str, paper_key: str) -> ResponseReturnValue:
    """My total and my items in one paper."""
    with services().database.read() as session:
        found, entry, candidate = own_entry(session, exam_key, paper_key)
        if not is_open(found.paper):
            return render_template("results/later.html", found=found)
        score = own_total(session, entry.id)
        items = own_items(session, found.paper.id, entry.id)
        sides = own_sides(session, entry.id)
    return render_template(
        "results/show.html", found=found, entry=entry, candidate=candidate, score=score, items=items, sides=sides
    )


@blueprint.get("/<exam_key>/<paper_key>/sides/<int:side>")
@needs(Permission.SEE_OWN_RESULT)
def side_image(exam_key: str, paper_key: str, side: int) -> ResponseReturnValue:
    """One side of my own sheet."""
    kept = services()
    with kept.database.read() as session:
        found, entry, _candidate = own_entry(session, exam_key, paper_key)
        page_id = own_sides(session, entry.id).get(side) if is_open(found.paper) else None
        page = session.get(PageImage, page_id) if page_id is not None else None
    if page is None:
        raise NotFound(what=mark_text("page"), name=side)
    return send_picture(page.id, whole_page(kept.blobs.get(page.blob)), "own sheet")
