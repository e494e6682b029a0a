"""What every response says to the browser about safety (reliability.md section 4, numbers 13 and 14)."""

from flask import Response, request

from web.settings import Settings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",  # the marking screen keeps the next images as blobs
        "connect-src 'self'",
        "form-action 'self'",
        "frame-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
    )
)
_TWO_YEARS_S = 63_072_000


def set_headers(response: Response, settings: Settings) -> Response:
    """Add the headers; a route that serves evidence may have set its own caching."""
    headers = response.headers
    headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"  # `no-referrer` would make browsers send `Origin: null`
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
    if settings.is_internet:
        # the two below mean nothing over plain HTTP, and browsers complain about them there
        headers["Strict-Transport-Security"] = f"max-age={_TWO_YEARS_S}; includeSubDomains"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if request.endpoint == "static":
        return response
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    return response
