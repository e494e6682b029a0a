"""How a request reaches the database, the evidence and the settings of its application."""

from flask import current_app

from web.wiring import Services

KEY = "kaiyue.services"


def services() -> Services:
    """The services that `create_app` was given."""
    found: Services = current_app.extensions[KEY]
    return found
