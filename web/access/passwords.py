"""Password hashes: scrypt with parameters above the library's default, computed with bounded concurrency.

One hash costs about a quarter of a second of one core on purpose. Logging in never runs more than one at a
time, so that a storm of logins cannot starve the people who mark; imports use every core.
"""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

METHOD = "scrypt:32768:8:3"  # OWASP's floor for scrypt at N=2^15 is p=3; the library's default is p=1
_one_at_a_time = threading.Lock()


@cache
def _nobody() -> str:
    """A hash that nothing fits: checking it keeps an unknown name as slow as a wrong password."""
    return generate_password_hash("", method=METHOD)


def hash_passwords(passwords: Sequence[str]) -> list[str]:
    """Hashes of several passwords; the library lets go of the interpreter while it works."""
    with ThreadPoolExecutor(max_workers=max(1, os.cpu_count() or 1)) as pool:
        return list(pool.map(lambda password: generate_password_hash(password, method=METHOD), passwords))


def check_password(stored: str, given: str) -> bool:
    """Whether the password fits; as slow for an account that does not exist (`stored` empty) as for one that does."""
    with _one_at_a_time:
        fits = check_password_hash(stored or _nobody(), given)
    return fits and bool(stored)
