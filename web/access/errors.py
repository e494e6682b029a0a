"""Refusals at the door."""

from models.errors import Forbidden, InputRefused, KaiyueError, mark_text


class LoginNeeded(KaiyueError):
    """Nobody is logged in, or the session has ended."""

    code = "login.needed"
    sentence = mark_text("You are not logged in, or your session has ended.")
    remedy = mark_text("Log in again; what you had saved is kept.")
    exit_code = 3
    http_status = 401


class LoginRefused(KaiyueError):
    """Name and password do not belong together; which of the two is wrong is not said."""

    code = "login.refused"
    sentence = mark_text("User name and password do not match an account.")
    remedy = mark_text("Check both. If you have lost your password, ask the exam manager.")
    exit_code = 3
    http_status = 401


class LoginTooOften(KaiyueError):
    """Too many failed attempts in the last minute; nothing is locked for longer than that."""

    code = "login.too_often"
    sentence = mark_text("There were too many failed attempts to log in; the next one is possible in {wait_s} seconds.")
    remedy = mark_text("Wait that long and try again.")
    exit_code = 3
    http_status = 429


class LoginBusy(KaiyueError):
    """More people log in at this moment than passwords can be checked without slowing down those at work."""

    code = "login.busy"
    sentence = mark_text("Many people are logging in at this moment.")
    remedy = mark_text("Try again in a few seconds.")
    exit_code = 3
    http_status = 503


class RequestForged(Forbidden):
    """A change was asked for without the token of the session, or from another site."""

    code = "request.forged"
    sentence = mark_text("This request did not come from a page of this system, or the page is out of date.")
    remedy = mark_text("Reload the page and try again.")


class TlsNeeded(KaiyueError):
    """The internet profile speaks only through the TLS proxy."""

    code = "tls.needed"
    sentence = mark_text("This server is reached only through https.")
    remedy = mark_text("Open the https address that the exam office gave you.")
    exit_code = 3
    http_status = 400


class PasswordTooWeak(KaiyueError):
    """A new password is too easy to guess."""

    code = "password.weak"
    sentence = mark_text("This password is not accepted: {why}.")
    remedy = mark_text("Take at least 8 characters; several words in a row are good.")
    exit_code = 3
    http_status = 422


class PasswordNotRepeated(KaiyueError):
    """The new password was typed differently the second time: a slip would shut its owner out."""

    code = "password.not_repeated"
    sentence = mark_text("The two new passwords are not the same.")
    remedy = mark_text("Type the new password twice.")
    exit_code = 3
    http_status = 422


class PresentPasswordWrong(KaiyueError):
    """Somebody who is logged in gives a wrong password of their own."""

    code = "password.present_wrong"
    sentence = mark_text("The present password is not right.")
    remedy = mark_text("Type the password that you logged in with.")
    exit_code = 3
    http_status = 401


class AccountBeyondOwn(InputRefused):
    """A manager reaches for an account that also has rights elsewhere."""

    code = "account.beyond_own"
    sentence = mark_text("The account {username} also has rights outside your exams; it was not changed.")
    remedy = mark_text("Ask whoever looks after the server to run `kaiyue staff password`.")
    http_status = 403


class AccountIsOwn(InputRefused):
    """A manager would reset or shut the own account."""

    code = "account.own"
    sentence = mark_text("This is your own account.")
    remedy = mark_text("Change your password on the page of your account.")
    http_status = 409


class RoleBeyondOwn(InputRefused):
    """Somebody gives out a role that is not theirs to give."""

    code = "staff.role_beyond_own"
    sentence = mark_text("{place}: the role {role} cannot be given in the browser; nothing was taken in.")
    remedy = mark_text("Remove the row. System administrators are named with `kaiyue staff import` on the server.")
    http_status = 403
