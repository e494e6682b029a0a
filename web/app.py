"""The application factory: settings and services in, a guarded Flask application out.

Every module of web/pages and web/api that has a `blueprint` is a room of it. Nothing is open unless its route says
what it needs (web/access/guard.py).
"""

import importlib
import logging
import pkgutil

from flask import Flask, Response, g, request
from werkzeug.routing import IntegerConverter, Map

import web.api
import web.pages
from models import __version__
from models.errors import KaiyueError, mark_text
from models.words import Lang
from web.access import cookies
from web.access.guard import admit, may, maybe_user
from web.access.headers import set_headers
from web.access.password_gate import GATE, PasswordGate
from web.access.permissions import ROLE_NAMES, Permission
from web.access.services import KEY, services
from web.errors import handle_errors
from web.i18n import _, current_language, say, set_language
from web.layout import add_layout
from web.wiring import Services, secret_key

_FORM_PARTS = 2000  # a folder of scans sent as one form

_log = logging.getLogger(__name__)


class ProxyMissing(KaiyueError):
    """The internet profile without the TLS proxy in front that it relies on."""

    code = "setting.proxy_missing"
    sentence = mark_text("The internet profile needs a TLS proxy in front, and none is named.")
    remedy = mark_text(
        "Set KAIYUE_TRUSTED_PROXY to the address of the proxy (127.0.0.1 when it runs here), or use KAIYUE_PROFILE=lan."
    )
    exit_code = 3


def create_app(kept: Services) -> Flask:
    """Build the application for one data folder. Raises ProxyMissing."""
    settings = kept.settings
    if settings.is_internet and not settings.trusted_proxy:
        raise ProxyMissing
    app = Flask("web", static_folder="static", template_folder="templates")
    app.secret_key = secret_key(settings)
    app.config.update(
        MAX_CONTENT_LENGTH=settings.upload_limit_bytes,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=_FORM_PARTS,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
        TRAP_HTTP_EXCEPTIONS=False,
        PROPAGATE_EXCEPTIONS=False,
        # only flashed sentences live in Flask's own cookie
        SESSION_COOKIE_NAME="__Host-kaiyue_flash" if settings.is_internet else "kaiyue_flash",
        SESSION_COOKIE_SECURE=settings.is_internet,
        SESSION_COOKIE_SAMESITE="Strict",
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.url_map.converters["int"] = RowNumber
    app.extensions[KEY] = kept
    app.extensions[GATE] = PasswordGate(most_waiting=max(4, settings.threads // 2))
    app.before_request(_speak)
    app.before_request(admit)
    app.before_request(_speak_to_person)
    app.after_request(_finish)
    handle_errors(app)
    add_layout(app)
    app.jinja_env.globals.update(
        _=_,
        say=say,
        may=may,
        endpoints=app.view_functions,
        Permission=Permission,
        ROLE_NAMES=ROLE_NAMES,
        version=__version__,
        profile=settings.profile,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for package in (web.pages, web.api):
        for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
            module = importlib.import_module(f"{package.__name__}.{found.name}")
            if hasattr(module, "blueprint"):
                app.register_blueprint(module.blueprint)
    return app


class RowNumber(IntegerConverter):
    """A number in an address that may be a row's; a larger one is an unknown address, not a fault of the database."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**63 - 1)


def _speak() -> None:
    """The language of this browser, before anything can be refused."""
    g.user = None
    wanted = request.cookies.get(cookies.LANGUAGE) or services().settings.language
    set_language(Lang.EN if wanted.lower().startswith("en") else Lang.ZH)


def _speak_to_person() -> None:
    """The language that the person chose, where one was chosen and this browser has no other."""
    user = maybe_user()
    if user is not None and user.language and cookies.LANGUAGE not in request.cookies:
        set_language(Lang(user.language))


def _finish(response: Response) -> Response:
    cookies.set_visitor(response, services().settings)
    response.headers.setdefault("Content-Language", "zh-CN" if current_language() is Lang.ZH else "en")
    return set_headers(response, services().settings)
