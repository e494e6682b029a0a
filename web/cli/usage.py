"""What click refuses, said the way every other error is said: one line with a code, a sentence and a remedy."""

import click

from models.errors import Sentence, UsageError, mark_text

_ALLOWED = mark_text("{name} does not take this value; it takes {allowed}")


def as_usage_error(error: click.ClickException) -> UsageError:
    """The same refusal as an error of ours. What click says in its own words stays as it is, in English."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            return UsageError(why=mark_text("a command is missing"))
        case click.NoSuchOption():
            return _said(mark_text("there is no option {name}"), name=error.option_name)
        case click.exceptions.NoSuchCommand():
            return _said(mark_text("there is no command {name}"), name=error.command_name)
        case click.MissingParameter():
            return _said(mark_text("{name} is missing"), name=_name(error))
        case click.BadParameter(param=click.Parameter(type=click.Choice() as choice)):
            return _said(_ALLOWED, name=_name(error), allowed=", ".join(map(str, choice.choices)))
        case click.BadParameter(param=click.Parameter(type=click.IntRange() | click.FloatRange() as bounds)):
            return _said(_ALLOWED, name=_name(error), allowed=_span(bounds))
        case click.BadParameter():
            return _said(
                mark_text("{name} does not take this value: {why}"), name=_name(error), why=_without_stop(error.message)
            )
    return UsageError(why=_without_stop(error.format_message()))


def _said(template: str, **values: object) -> UsageError:
    return UsageError(why=Sentence(template, values))


def _without_stop(message: str) -> str:
    return message.rstrip(".")


def _name(error: click.BadParameter) -> str:
    """The option as it is typed, or the argument as the help shows it."""
    if isinstance(error.param, click.Option):
        return error.param.opts[0]
    if error.param is not None and error.ctx is not None:
        return error.param.make_metavar(error.ctx)
    return str(error.param_hint or "?")


def _span(bounds: click.IntRange | click.FloatRange) -> str:
    """`1-64`, or one bound with `>=` or `<=`."""
    if bounds.min is None:
        return f"<= {bounds.max}"
    return f">= {bounds.min}" if bounds.max is None else f"{bounds.min}-{bounds.max}"
