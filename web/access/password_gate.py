"""The queue before the password check, and what a new password must be.

A check costs about a quarter of a second of a processor core and checks run one at a time (web/access/passwords.py);
only so many requests may wait for their turn that the markers at work keep their threads.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from models.errors import mark_text
from web.access.errors import LoginBusy, PasswordTooWeak
from web.access.passwords import check_password, hash_passwords

GATE = "kaiyue.password_gate"  # where an application keeps its PasswordGate
LEAST_LENGTH = 8
MOST_LENGTH = 200  # hashing cost must not grow with what a stranger sends

_COMMON = frozenset(  # the likeliest ones of eight letters and more, here and abroad
    {
        *(
            "12345678",
            "123456789",
            "1234567890",
            "87654321",
            "11223344",
            "11111111",
            "00000000",
            "88888888",
            "66666666",
        ),
        *("password", "password1", "password123", "qwertyui", "qwertyuiop", "qwerty123", "asdfghjk", "1q2w3e4r"),
        *("12341234", "147258369", "abcd1234", "a1234567", "a12345678", "iloveyou", "woaini1314", "5201314520"),
        *("admin123", "admin888", "administrator", "kaiyue123", "teacher1", "teacher123", "student1", "yuejuan123"),
    }
)


def check_strength(password: str, username: str) -> None:
    """Refuse what is guessed first. Raises PasswordTooWeak."""
    if len(password) < LEAST_LENGTH:
        raise PasswordTooWeak(why=mark_text("it is shorter than 8 characters"))
    if len(password) > MOST_LENGTH:
        raise PasswordTooWeak(why=mark_text("it is longer than 200 characters"))
    if password.lower() in _COMMON or password.lower() == username.lower() or len(set(password)) < 4:
        raise PasswordTooWeak(why=mark_text("it is one of those that are guessed first"))


class PasswordGate:
    """Lets a bounded number of people wait for their password check and sends the others away for a moment."""

    def __init__(self, most_waiting: int) -> None:
        self._places = threading.BoundedSemaphore(max(1, most_waiting))

    def matches(self, password_hash: str, password: str) -> bool:
        """Whether the password fits the hash; an empty hash fits nothing and takes as long. Raises LoginBusy."""
        with self._place():
            return check_password(password_hash, password[:MOST_LENGTH]) and len(password) <= MOST_LENGTH

    def hash(self, password: str) -> str:
        """Hash a new password. Raises LoginBusy."""
        with self._place():
            return hash_passwords([password])[0]

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise LoginBusy
        try:
            yield
        finally:
            self._places.release()
