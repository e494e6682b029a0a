"""The one door: every route says what it needs, and what says nothing stays shut.

`needs(Permission.X)` opens a route to whoever holds the permission anywhere; the object that the route is about is
then checked with `require` (or by the finders of web/access/objects.py), which answers 404, as for an unknown one.
Unsafe methods carry the session's token and come from our own pages.
"""

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from models.audit import record
from models.columns import now
from models.errors import Forbidden, NotFound, mark_text
from models.words import AuditVerb
from web.access import cookies
from web.access.errors import LoginNeeded, RequestForged, TlsNeeded
from web.access.permissions import Permission
from web.access.policy import Scope, allowed, holds
from web.access.services import services
from web.access.sessions import SEEN_EVERY_S, SignedIn, find_session, touch_session

_log = logging.getLogger("kaiyue.security")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SMALL_BODY = 2 * 1024 * 1024  # forms and JSON; routes that take files say so with `takes_upload`
_ATTRIBUTE = "kaiyue_access"

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks for: any one of the permissions, a login of any kind, or nothing."""

    permissions: tuple[Permission, ...] = ()
    login: bool = True
    upload: bool = False


def needs(*permissions: Permission) -> Callable[[View], View]:
    """Open a route to people who hold one of the permissions; 403 for everybody else."""

    def open_to(view: View) -> View:
        before = access_of(view)
        return _mark(view, Access(permissions, upload=before is not None and before.upload))

    return open_to


def signed_in(view: View) -> View:
    """Open a route to everybody who is logged in: logging out, the own password."""
    return _mark(view, Access())


def public(view: View) -> View:
    """Open a route to everybody."""
    return _mark(view, Access(login=False))


def takes_upload(view: View) -> View:
    """Let a route take files up to KAIYUE_UPLOAD_LIMIT. Stands below `needs`."""
    return _mark(view, Access(upload=True))


def access_of(view: Callable[..., Any] | None) -> Access | None:
    """What a view asks for; None where nobody said so, and then it stays shut."""
    return getattr(view, _ATTRIBUTE, None)


def _mark(view: View, access: Access) -> View:
    setattr(view, _ATTRIBUTE, access)
    return view


def maybe_user() -> SignedIn | None:
    """The person behind this request, None when nobody is logged in."""
    found: SignedIn | None = g.get("user")
    return found


def current_user() -> SignedIn:
    """The person behind this request. Raises LoginNeeded."""
    user = maybe_user()
    if user is None:
        raise LoginNeeded
    return user


def require(permission: Permission, scope: Scope, *, what: str = mark_text("object"), name: object = "") -> None:
    """Raise NotFound unless the person may do this to the object in this scope: hidden and unknown look the same."""
    decision = allowed(current_user().grants, permission, scope)
    if not decision:
        _log.info("hidden object=%s %r user=%s why=%s", what, name, current_user().id, decision.why)
        raise NotFound(what=what, name=name)


def may(permission: Permission, scope: Scope | None = None) -> bool:
    """Whether to show a link or button to this person; the route behind it decides again."""
    user = maybe_user()
    if user is None:
        return False
    return bool(holds(user.grants, permission) if scope is None else allowed(user.grants, permission, scope))


def admit() -> ResponseReturnValue | None:
    """Run before every request: who is it, may they come in, and did they mean to?"""
    access = _static() if request.endpoint == "static" else access_of(_view())
    settings = services().settings
    request.max_content_length = settings.upload_limit_bytes if access is not None and access.upload else SMALL_BODY
    if settings.is_internet and not request.is_secure and request.endpoint not in _HEALTH:
        raise TlsNeeded
    if request.endpoint == "static":
        return None
    _recognise()
    if request.endpoint is None:
        return None  # an unknown address: Flask answers 404 or 405
    if access is None:
        _log.error("shut route=%s asked for: it does not say what it needs", request.endpoint)
        raise Forbidden
    user = maybe_user()
    if access.login and user is None:
        if request.method == "GET" and not request.path.startswith("/api/"):
            return redirect(url_for("login.form", next=request.full_path.rstrip("?")))
        raise LoginNeeded
    if request.method not in SAFE_METHODS:
        _check_intent(user, access)
    if user is not None and access.permissions and not any(holds(user.grants, each) for each in access.permissions):
        _deny(user)
    return None


_HEALTH = frozenset({"health.alive", "health.ready", "health.metrics"})


def _static() -> Access:
    return Access(login=False)


def _view() -> Callable[..., Any] | None:
    return current_app.view_functions.get(request.endpoint) if request.endpoint else None


def _recognise() -> None:
    kept = services()
    token = request.cookies.get(cookies.session_name(kept.settings))
    g.user = None
    if not token:
        return
    with kept.database.read() as session:
        g.user = find_session(session, token, kept.settings.session_idle_s)
    if g.user is not None and now() - g.user.seen_at > timedelta(seconds=SEEN_EVERY_S):
        with kept.database.write() as session:
            touch_session(session, g.user.session_id)


def _check_intent(user: SignedIn | None, access: Access) -> None:
    """Refuse a change that another site asked for (reliability.md row 39). Raises RequestForged."""
    origin = request.headers.get("Origin")
    source = origin if origin is not None else request.headers.get("Referer")
    foreign = source is not None and _site(source) != (request.scheme, request.host)
    if foreign or request.headers.get("Sec-Fetch-Site") == "cross-site":
        _log.warning("forged request=%s origin=%r address=%s", request.path, (source or "")[:200], request.remote_addr)
        raise RequestForged
    if not access.login and request.is_json:
        return  # the login of programs: another site cannot send JSON without asking us first
    given = request.headers.get("X-CSRF-Token") or _form_token()
    expected = user.csrf_token if user is not None else cookies.visitor_token(services().settings)
    if not given or not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        _log.warning("forged request=%s token missing or foreign address=%s", request.path, request.remote_addr)
        raise RequestForged


def _form_token() -> str:
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return request.form.get("csrf_token", "")
    return ""


def _site(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc


def _deny(user: SignedIn) -> None:
    rule = request.url_rule.rule if request.url_rule else request.path
    with services().database.write() as session:
        record(session, AuditVerb.DENIED, rule[:200], actor_id=user.id, actor=user.username, method=request.method)
    _log.warning("denied route=%s method=%s user=%s address=%s", rule, request.method, user.id, request.remote_addr)
    raise Forbidden
