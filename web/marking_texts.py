"""What the marking screen says, in the language of the page; its script gets these as JSON."""

from models.words import ProblemReason
from web.i18n import _


def screen_texts() -> dict[str, str]:
    """Sentences by the name that the script uses; `{names}` are filled in there."""
    return {
        "answer": _("The candidate's answer"),
        "progress": _("{left} left · you have done {done}"),
        "means": _("mean {mine} (group {group})"),
        "state_synced": _("all saved"),
        "state_sending": _("{count} on the way"),
        "state_offline": _("{count} not sent yet"),
        "state_login": _("{count} wait for your login"),
        "strip_waiting": _("not confirmed by the server yet"),
        "strip_saved": _("saved; press to open again"),
        "strip_refused": _("not accepted"),
        "strip_reopened": _("open again; the earlier mark counts until you submit"),
        "saved": _("Saved: {points}. {left} still to send."),
        "illegal": _("This part does not take such a score."),
        "missing": _("Part {part} has no score yet; an empty field is not a zero."),
        "refused": _("A mark was not accepted."),
        "offline": _("The server does not answer at this moment."),
        "withdrawn": _("A response was withdrawn from your queue."),
        "image_broken": _("The image of a response could not be shown; it went to the leader."),
        "reopen_later": _("This mark has not reached the server yet; open it again once it is saved."),
        "doubt_blank": _("This answer looks blank. Press Enter again if the points are meant."),
        "doubt_zero": _("Zero after less than a second. Press Enter again if it is meant."),
        "doubt_equal": _("Five equal marks in a few seconds. Press Enter again if it is meant."),
        "earlier": _("Marks so far:"),
        "rest_network": _("Waiting for the network; nothing is lost."),
        "rest_network_line": _("Your marks are kept on this computer and are sent as soon as the server answers."),
        "rest_loading": _("The next response is on its way."),
        "rest_loading_line": _("One moment."),
        "rest_empty": _("Nothing is left to mark here at this moment."),
        "rest_empty_line": _("The screen goes on by itself when new responses arrive."),
        "rest_closed": _("This marking group is closed."),
        "rest_closed_line": _("Ask the leader when it goes on."),
    }


def flag_names() -> dict[str, str]:
    """The flags that a marker sees beside the title."""
    return {
        "blank": _("looks blank"),
        "leader": _("for the leader"),
        "problem": _("problem response"),
        "reopened": _("opened again"),
    }


def reason_names() -> list[dict[str, str]]:
    """Why a response can be passed up, in the order of their digits."""
    names = {
        ProblemReason.BLURRED: _("image blurred or incomplete"),
        ProblemReason.WRONG_PLACE: _("answered in the wrong place"),
        ProblemReason.OTHER_PAGE: _("continues on another page"),
        ProblemReason.SUSPECTED: _("suspected cheating"),
        ProblemReason.IDENTITY: _("shows who wrote it"),
        ProblemReason.OTHER: _("something else"),
    }
    return [{"id": reason.value, "name": name} for reason, name in names.items()]


def key_list() -> list[tuple[tuple[str, ...], str]]:
    """Every key with what it does."""
    return [
        (("0", "…", "9"), _("type the score")),
        ((".", "+"), _("half a mark for the digit just typed")),
        (("Enter",), _("submit and show the next")),
        (("F", "*"), _("full marks and submit")),
        (("Z", "/"), _("zero and submit")),
        (("←", "→", "Tab"), _("another part")),
        (("⌫",), _("take a digit back; in an empty field, open the last response again")),
        (("Ctrl+Z",), _("open the last response again")),
        (("N",), _("problem response, with a reason")),
        (("↑", "↓", "PgUp", "PgDn"), _("move the image")),
        (("-", "="), _("smaller, larger")),
        (("Esc",), _("clear, or go back")),
        (("?",), _("this list")),
    ]
