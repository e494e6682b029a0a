"""/api/v1/openapi.json: the description of every call, made from the routes themselves."""

import re
from typing import Any

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from werkzeug.routing import Rule

from models import __version__
from web.access.guard import SAFE_METHODS, Access, access_of, public
from web.api.describe import Description, described, description_of, of

blueprint = Blueprint("api_description", __name__, url_prefix="/api/v1")

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "remedy"],
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}, "remedy": {"type": "string"}},
        }
    },
}
_TYPES = {"int": {"type": "integer"}, "default": {"type": "string"}}
_ARGUMENT = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")


@blueprint.get("/openapi.json")
@public
@described("This description.", gives=of())
def show() -> ResponseReturnValue:
    """The description of every call."""
    return jsonify(describe_all())


def describe_all() -> dict[str, Any]:
    """The OpenAPI 3.1 document of the current application."""
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(current_app.url_map.iter_rules(), key=lambda each: each.rule):
        if not rule.rule.startswith("/api/v1/"):
            continue
        view = current_app.view_functions[rule.endpoint]
        description, access = description_of(view), access_of(view)
        if description is None or access is None:
            continue  # a test refuses routes that do not describe themselves
        path = paths.setdefault(_ARGUMENT.sub(r"{\g<name>}", rule.rule), {})
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            path[method.lower()] = _operation(rule, method, description, access)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Kaiyue", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "kaiyue_session",
                    "description": "Set by POST /api/v1/session; named __Host-kaiyue_session in the internet profile.",
                }
            },
        },
    }


def _operation(rule: Rule, method: str, description: Description, access: Access) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {
            "name": found["name"],
            "in": "path",
            "required": True,
            "schema": _TYPES.get(found["kind"] or "default", _TYPES["default"]),
        }
        for found in _ARGUMENT.finditer(rule.rule)
    ]
    if method not in SAFE_METHODS and access.login:
        parameters.append({"name": "X-CSRF-Token", "in": "header", "required": True, "schema": {"type": "string"}})
    operation: dict[str, Any] = {
        "operationId": f"{rule.endpoint}.{method.lower()}".replace(".", "_"),
        "summary": description.summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": "Done", "content": {description.media: {"schema": description.gives}}},
            "default": {
                "description": "Refused",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
        "security": [{"session": []}] if access.login else [],
    }
    if access.permissions:
        operation["x-permissions"] = [permission.value for permission in access.permissions]
    if description.takes is not None and method not in SAFE_METHODS:
        operation["requestBody"] = {
            "required": True,
            "content": {description.takes_media: {"schema": description.takes}},
        }
    return operation
