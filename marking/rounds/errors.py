"""Why a mark, a claim or a reopening is not accepted."""

from models.errors import Conflict, InputRefused, KaiyueError, mark_text


class MarkMalformed(InputRefused):
    """Something else in the request cannot be used."""

    code = "marking.malformed"
    sentence = mark_text("The mark was not stored: {why}.")
    remedy = mark_text("Reload the page; tell the exam manager if it happens again.")


class TaskChanged(Conflict):
    """The task is not in the state that was on the marker's screen."""

    code = "marking.changed"
    sentence = mark_text("This response has changed since it was shown to you, so the mark was not stored.")
    remedy = mark_text("Go on with the next response.")


class LeaseLost(Conflict):
    """The response went back to the queue."""

    code = "marking.lease_lost"
    sentence = mark_text(
        "This response went back to the queue because it was held too long, so the mark was not stored."
    )
    remedy = mark_text("Go on with the next response.")


class KeyReused(Conflict):
    """The key of a stored mark came again with another content."""

    code = "marking.key_reused"
    sentence = mark_text("Another mark was stored under the same key.")
    remedy = mark_text("Open the response again and give the mark once more.")


class Frozen(Conflict):
    """An own mark can no longer be changed by its marker."""

    code = "marking.frozen"
    sentence = mark_text("Your mark can no longer be changed: {why}.")
    remedy = mark_text("Ask the leader of the marking group to correct it.")


class GroupClosed(Conflict):
    """The marking group takes no marks at present."""

    code = "marking.closed"
    sentence = mark_text("The marking group {group} takes no marks at present.")
    remedy = mark_text("Ask the leader of the marking group when it goes on.")


class TaskWithdrawn(KaiyueError):
    """The task exists no more: its image was replaced, or a leader has decided it."""

    code = "marking.withdrawn"
    sentence = mark_text("This response was withdrawn, so the mark was not stored.")
    remedy = mark_text("Go on with the next response.")
    exit_code = 3
    http_status = 410
