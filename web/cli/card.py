"""`kaiyue card`: build, export and import answer cards. Each command lives in a module of its own."""

import click

from web.cli import LazyGroup

COMMANDS: dict[str, str] = {
    "build": "web.cli.card_build:build",
    "export": "web.cli.card_export:export",
    "import": "web.cli.card_import:import_card",
}


@click.group(cls=LazyGroup, table=COMMANDS)
def card() -> None:
    """Build, export and import answer cards."""
