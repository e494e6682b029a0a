"""The `kaiyue` command. It starts fast: each command is imported only when it is called.

Exit codes: 0 done, 2 usage, 3 input refused, 4 done and something waits for a person, 5 integrity check
failed, 1 a bug. An error is one line on stderr: `error[CODE]: sentence. remedy`.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Mapping
from typing import Any, cast

import click

from models import __version__
from models.errors import KaiyueError

# name -> "module:attribute" of the click command or group, and the first line of its help
COMMANDS: dict[str, str] = {
    "card": "web.cli.card:card",
    "db": "web.cli.db:db",
    "demo": "web.cli.demo:demo",
    "doctor": "web.cli.doctor:doctor",
    "exam": "web.cli.exam:exam",
    "export": "web.cli.export:export",
    "read": "web.cli.read:read",
    "roster": "web.cli.roster:roster",
    "rules": "web.cli.rules:rules",
    "scan": "web.cli.scan:scan",
    "serve": "web.cli.serve:serve",
    "staff": "web.cli.staff:staff",
    "stats": "web.cli.stats:stats",
}


class LazyGroup(click.Group):
    """A group whose commands live in modules that are imported on demand; `table` has them as COMMANDS has."""

    def __init__(self, *arguments: Any, table: Mapping[str, str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command by name."""
        return sorted(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module that serves the command."""
        target = self._table.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        return _with_data_option(cast("click.Command", getattr(importlib.import_module(module), attribute)))


def _with_data_option(command: click.Command) -> click.Command:
    """Let `--data DIR` stand behind the command as well as before it, at every depth.

    Lists of commands tell the first paragraph of each, uncut.
    """
    if command.short_help is None and command.help:
        command.short_help = " ".join(command.help.split("\n\n")[0].split())
    if isinstance(command, click.Group):
        for child in command.commands.values():
            _with_data_option(child)
    if not any("--data" in parameter.opts for parameter in command.params):
        command.params.append(
            click.Option(
                ["--data"],
                metavar="DIR",
                expose_value=False,
                callback=_use_data,
                help="The data folder (default: KAIYUE_DATA, else ./data).",
            )
        )
    return command


def _use_data(_context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value:
        os.environ["KAIYUE_DATA"] = value


@click.group(cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kaiyue")
@click.option(
    "--data",
    metavar="DIR",
    expose_value=False,
    callback=_use_data,
    help="The data folder (default: KAIYUE_DATA, else ./data).",
)
def kaiyue() -> None:
    """Kaiyue 开阅: online exam marking, from the printed card to the statistics."""


def _help_formatter(**options: Any) -> click.HelpFormatter:
    """Help in the language of this command; only who asks for it waits for the catalogue."""
    from web.cli.help import Spoken

    return Spoken(**options)


def main(arguments: list[str] | None = None) -> None:
    """Run the command and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    from web.i18n import _, language_from_environment, set_language

    set_language(language_from_environment())
    click.Context.formatter_class = staticmethod(_help_formatter)  # type: ignore[assignment]
    try:
        code = kaiyue.main(arguments, prog_name="kaiyue", standalone_mode=False)
    except KaiyueError as error:
        sys.exit(report(error))
    except click.exceptions.Abort:
        click.echo("", err=True)
        sys.exit(130)
    except click.ClickException as error:
        from web.cli.usage import as_usage_error

        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            click.echo(error.message)  # the help; the line below says why the command ends with 2
        sys.exit(report(as_usage_error(error)))
    except BrokenPipeError:
        sys.exit(0)
    except Exception:  # noqa: BLE001 - the outermost edge: a bug is told as a bug, with its traceback for the report
        traceback.print_exc()
        click.echo("error[bug]: " + _("Kaiyue has a fault here. Keep the lines above and report them."), err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def report(error: KaiyueError) -> int:
    """Say an error on one line and answer its exit code."""
    from web.i18n import error_texts

    sentence, remedy = error_texts(error)
    line = " ".join(f"error[{error.code}]: {sentence} {remedy}".split())
    click.echo(line, err=True)
    return error.exit_code
