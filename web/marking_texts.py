"""What the marking screen says, in the language of the page; its script gets these as JSON."""

from models.words import ProblemReason, RevisitReason
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
        "strip_late": _("came too late; press to offer it to the leader as a note"),
        "strip_told": _("offered to the leader as a note"),
        "strip_reopened": _("open again; the earlier mark counts until you submit"),
        "saved": _("Saved {points} of {full} for {code}, response {number}."),
        "passed_up": _("{code} was passed up to the leader."),
        "illegal": _("This part does not take such a score."),
        "missing": _("Part {part} has no score yet; an empty field is not a zero."),
        "refused": _("A mark was not accepted."),
        "offline": _("The server does not answer at this moment."),
        "withdrawn": _("A response was withdrawn from your queue."),
        "gone": _("This response went back to the queue because it was held too long."),
        "late_offer": _("Your score is greyed below; press it there to offer it to the leader as a note."),
        "late_told": _("The leader finds your score as a note; it does not count by itself."),
        "no_storage": _("This computer keeps no data, so every mark waits for the server before the next response."),
        "image_broken": _("The image of a response could not be shown; it went to the leader."),
        "reopen_later": _("This mark has not reached the server yet; open it again once it is saved."),
        "composing": _("The input method holds the keys: switch it to English (Shift) to mark."),
        "num_lock": _("Num Lock is off, so the number pad types no digits."),
        "doubt_blank": _("This answer looks blank. Press Enter again if the points are meant."),
        "doubt_zero": _("Zero after less than a second. Press Enter again if it is meant."),
        "doubt_equal": _("Five equal marks in a few seconds. Press Enter again if it is meant."),
        "doubt_replace": _("This replaces the score that you typed. Press Enter again if it is meant."),
        "earlier": _("Marks so far:"),
        "ask_words": _("Words beside the answer"),
        "ask_leader": _("Ask the leader"),
        "ask_leader_line": _("Your question, if you want to say more; the response goes to the leader and you go on."),
        "question": _("Question:"),
        "drawn_full": _("There is no room for more annotations on this response."),
        "stamp_first": _("Type the score of the part first; the stamp shows it."),
        "key_scores": _("type the score; each of these keys can be changed further below"),
        "key_change": _("Change"),
        "key_press": _("Press a key …"),
        "key_taken": _("The key was taken from: {action}"),
        **{name: title for name, _key, title in panels()},
        "no_rubric": _("No mark scheme is stored for this group."),
        "no_reference": _("No model answer is stored for this group."),
        "no_examples": _("The leader has not chosen any examples yet."),
        "rest_network": _("Waiting for the network; nothing is lost."),
        "rest_network_line": _("Your marks are kept on this computer and are sent as soon as the server answers."),
        "rest_loading": _("The next response is on its way."),
        "rest_loading_line": _("One moment."),
        "rest_empty": _("Nothing is left to mark here at this moment."),
        "rest_empty_line": _("The screen goes on by itself when new responses arrive."),
        "rest_closed": _("This marking group is closed."),
        "rest_closed_line": _("Ask the leader when it goes on."),
        "rest_stopped": _("Marking goes on in another window."),
        "rest_stopped_line": _(
            "What you marked here is safe: it was sent, or is kept on this computer and sent from there."
        ),
    }


def panels() -> list[tuple[str, str, str]]:
    """What can stand beside the answer: name, the command that its key belongs to, title."""
    return [
        ("rubric", "rubric", _("Mark scheme")),
        ("reference", "reference", _("Model answer")),
        ("examples", "", _("Examples")),
    ]


def tool_names() -> list[tuple[str, str, str]]:
    """The annotation tools: name, sign, title."""
    return [
        ("tick", "✓", _("Tick")),
        ("cross", "✗", _("Cross")),
        ("half", "✓̷", _("Half right")),
        ("underline", "_", _("Underline")),
        ("box", "▭", _("Box")),
        ("text", "文", _("Words")),
        ("stamp", "③", _("Stamp of the part's points")),
        ("pen", "✎", _("Pen")),
        ("eraser", "⌫", _("Eraser")),
    ]


def flag_names() -> dict[str, str]:
    """The flags that a marker sees beside the title."""
    return {
        "blank": _("looks blank"),
        "returned": _("sent back by the leader: mark it again"),
        "leader": _("for the leader"),
        "problem": _("problem response"),
        "reopened": _("opened again"),
    }


def revisit_names() -> dict[str, str]:
    """Why a mark was changed; a marker chooses among all but the last."""
    return {
        RevisitReason.SLIP: _("wrong key"),
        RevisitReason.OVERLOOKED: _("something overlooked"),
        RevisitReason.SCHEME: _("mark scheme read otherwise"),
        RevisitReason.OTHER: _("another reason"),
        RevisitReason.RETURNED: _("sent back by the leader"),
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


def action_names() -> dict[str, str]:
    """What each command does, by the id that web/static/marking/keys.js gives it."""
    digits = {f"digit_{digit}": _("score {points}", points=digit) for digit in range(10)}
    halves = {f"value_{whole}": _("score {points}", points=f"{whole}.5") for whole in range(10)}
    tools = {f"tool_{tool}": _("annotate: {tool}", tool=name) for tool, _sign, name in tool_names()}
    return {
        **digits,
        **halves,
        "submit": _("submit and show the next"),
        "half": _("half a mark for the digit just typed"),
        "full": _("full marks and submit"),
        "zero": _("zero and submit"),
        "erase": _("take a digit back; in an empty field, open the last response again"),
        "back": _("open the last response again"),
        "part_next": _("next part"),
        "part_before": _("part before"),
        "problem": _("problem response, with a reason"),
        "ask": _("ask the leader and go on"),
        "exemplar": _("propose as an exemplar"),
        "rubric": _("mark scheme"),
        "reference": _("model answer"),
        "scroll_up": _("image up"),
        "scroll_down": _("image down"),
        "page_up": _("a page up"),
        "page_down": _("a page down"),
        "scroll_left": _("image to the left"),
        "scroll_right": _("image to the right"),
        "zoom_out": _("smaller"),
        "zoom_in": _("larger"),
        "zoom_fit": _("fit to width"),
        "turn_left": _("turn left"),
        "turn_right": _("turn right"),
        "contrast": _("contrast"),
        "annotate": _("annotations on or off"),
        **tools,
        "undo": _("take the last annotation back"),
        "cancel": _("clear, or go back"),
        "help": _("this list"),
    }


def key_names() -> dict[str, str]:
    """Words for keys that have no sign."""
    return {"space": _("space bar"), "numpad": _("pad")}
