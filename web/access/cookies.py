"""The cookies of Kaiyue, by profile.

`internet`: `__Host-` names, Secure. `lan`: plain HTTP by address, so Secure is impossible: HttpOnly and
SameSite=Strict alone. Nothing that a person is or did is in a cookie: random tokens and a language.
"""

import hashlib
import hmac
import secrets
from functools import cache

from flask import Response, g, request

from web.settings import Settings
from web.wiring import secret_key

LANGUAGE = "kaiyue_language"
_YEAR_S = 365 * 86_400


def session_name(settings: Settings) -> str:
    """Name of the cookie that carries the session's token."""
    return "__Host-kaiyue_session" if settings.is_internet else "kaiyue_session"


def set_session(response: Response, settings: Settings, token: str) -> None:
    """Hand the token of a new session to the browser; it ends with the browser or on the server, whichever is first."""
    response.set_cookie(
        session_name(settings), token, httponly=True, secure=settings.is_internet, samesite="Strict", path="/"
    )


def clear_session(response: Response, settings: Settings) -> None:
    """Take the token back."""
    response.delete_cookie(
        session_name(settings), httponly=True, secure=settings.is_internet, samesite="Strict", path="/"
    )


def set_language_cookie(response: Response, settings: Settings, language: str) -> None:
    """Remember the language of this browser."""
    response.set_cookie(
        LANGUAGE, language, max_age=_YEAR_S, httponly=True, secure=settings.is_internet, samesite="Lax", path="/"
    )


def visitor_name(settings: Settings) -> str:
    """Name of the cookie that ties the login form to the browser that asked for it."""
    return "__Host-kaiyue_visitor" if settings.is_internet else "kaiyue_visitor"


def visitor_token(settings: Settings) -> str:
    """The form token of a browser where nobody is logged in; empty where it has no visitor cookie."""
    visitor = g.get("new_visitor") or request.cookies.get(visitor_name(settings), "")
    if not visitor:
        return ""
    return hmac.new(_key(settings), b"visitor:" + visitor.encode(), hashlib.sha256).hexdigest()


@cache
def _key(settings: Settings) -> bytes:
    return secret_key(settings).encode()


def new_visitor_token(settings: Settings) -> str:
    """As `visitor_token`, giving the browser a visitor cookie with this response where it has none."""
    if not visitor_token(settings):
        g.new_visitor = secrets.token_urlsafe(32)
    return visitor_token(settings)


def set_visitor(response: Response, settings: Settings) -> None:
    """Send the visitor cookie that this request made, if it made one."""
    visitor = g.get("new_visitor")
    if visitor:
        response.set_cookie(
            visitor_name(settings), visitor, httponly=True, secure=settings.is_internet, samesite="Strict", path="/"
        )
