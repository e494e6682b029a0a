"""From an error to an answer: one JSON shape for programs, one calm page for people.

The outermost handler says nothing about what went wrong inside; the log has the details under a number that
the page shows.
"""

import logging
import secrets

from flask import Flask, Response, jsonify, make_response, render_template, request
from sqlalchemy.exc import DataError, OperationalError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from models.errors import KaiyueError, mark_text
from web.i18n import _, error_texts

_log = logging.getLogger("kaiyue.errors")

# code, sentence and remedy of what Flask itself refuses, by HTTP status
_PLAIN: dict[int, tuple[str, str, str]] = {
    400: (
        "request.malformed",
        mark_text("The request could not be understood."),
        mark_text("Reload the page and try again."),
    ),
    404: (
        "not_found",
        mark_text("There is nothing at this address."),
        mark_text("Check the address, or begin at the home page."),
    ),
    405: (
        "method.not_allowed",
        mark_text("This address does not take this kind of request."),
        mark_text("Begin at the home page."),
    ),
    413: (
        "request.too_large",
        mark_text("This is larger than the server takes at once."),
        mark_text("Send fewer or smaller files; the limit is the setting KAIYUE_UPLOAD_LIMIT."),
    ),
    415: (
        "request.kind",
        mark_text("The request has the wrong content type."),
        mark_text("Send JSON with the header Content-Type: application/json."),
    ),
}
_OTHER = ("request.refused", mark_text("The request was refused."), mark_text("Begin at the home page."))
_BUG = (
    "bug",
    mark_text("Something went wrong inside Kaiyue; your last change may not have been kept."),
    mark_text("Look whether it was kept before you repeat it. If it happens again, report the number {number}."),
)
_BUSY = (
    "database.busy",
    mark_text("The database did not answer in time; your last change was not kept."),
    mark_text("Try again in a moment."),
)


def handle_errors(app: Flask) -> None:
    """Register the ways in which a request can fail."""
    app.register_error_handler(KaiyueError, _said)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(DataError, _unstorable)
    app.register_error_handler(Exception, _unexpected)


def error_response(status: int, code: str, message: str, remedy: str) -> Response:
    """The answer to a failed request, as JSON below /api/ and as a page elsewhere."""
    if request.path.startswith("/api/"):
        response = jsonify({"error": {"code": code, "message": message, "remedy": remedy}})
    else:
        response = make_response(
            render_template("error.html", status=status, code=code, message=message, remedy=remedy)
        )
    response.status_code = status
    return response


def _said(error: KaiyueError) -> Response:
    if error.http_status >= 500:
        _log.error("%s", error, exc_info=error)
    sentence, remedy = error_texts(error)
    response = error_response(error.http_status, error.code, sentence, remedy)
    wait_s = error.details.get("wait_s")
    if isinstance(wait_s, int):
        response.headers["Retry-After"] = str(wait_s)
    return response


def _refused(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())  # a redirect to the address with its slash
    code, sentence, remedy = _PLAIN.get(status, _OTHER)
    response = error_response(status, code, _(sentence), _(remedy))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(error.valid_methods)
    return response


def _busy(error: OperationalError) -> Response:
    _log.error("the database did not answer", exc_info=error)
    code, sentence, remedy = _BUSY
    response = error_response(503, code, _(sentence), _(remedy))
    response.headers["Retry-After"] = "2"
    return response


def _unstorable(error: DataError) -> Response:
    """PostgreSQL was sent what no text or number can be, such as NUL in a name: a request that nobody types."""
    _log.warning("the database refused a value", exc_info=error)
    code, sentence, remedy = _PLAIN[400]
    return error_response(400, code, _(sentence), _(remedy))


def _unexpected(error: Exception) -> Response:
    number = secrets.token_hex(4)
    _log.critical("unexpected number=%s route=%s", number, request.endpoint, exc_info=error)
    code, sentence, remedy = _BUG
    return error_response(500, code, _(sentence), _(remedy, number=number))
