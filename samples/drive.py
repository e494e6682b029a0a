"""A simulated marker at the marking calls: logs in, claims, looks at the images and gives marks, over real HTTP.

In:  the server's address, an account, and a judge: a function from a group and a dealt task (both as the calls give
     them) to points by part id. Out: how many marks were stored. Knows nothing of the database; whoever wants marks
     that fit the truth gives a judge who knows it.
"""

import http.client
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from models.points import show_points

Judge = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Decimal]]

_BASE = "/api/v1/marking"
_HOLD = 8


class CallRefused(Exception):
    """The server did not do what was asked."""

    def __init__(self, method: str, path: str, status: int, answer: object) -> None:
        super().__init__(f"{method} {path} was answered with {status}: {answer}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Driven:
    """What one marker did: marks stored, images seen and their bytes, scores that were refused."""

    marks: int = 0
    images: int = 0
    image_bytes: int = 0
    refused: int = 0


class MarkerClient:
    """One person's connection: keeps the cookie, sends the token."""

    def __init__(self, url: str, username: str, password: str, *, timeout_s: float = 30) -> None:
        self._at = urlsplit(url)
        self._connection = http.client.HTTPConnection(
            self._at.hostname or "127.0.0.1", self._at.port or 80, timeout=timeout_s
        )
        self._cookie = ""
        self._token = ""
        try:
            answer = self.call("POST", "/api/v1/session", {"username": username, "password": password})
        except BaseException:
            self.close()
            raise
        self._token = answer["csrf_token"]

    def call(self, method: str, path: str, body: object = None) -> Any:
        """One JSON call. Raises CallRefused for every answer but success."""
        status, data = self._send(method, path, None if body is None else json.dumps(body).encode())
        answer = json.loads(data) if data else None
        if status != 200:
            raise CallRefused(method, path, status, answer)
        return answer

    def image(self, url: str) -> bytes:
        """The bytes of an image."""
        status, data = self._send("GET", url, None)
        if status != 200:
            raise CallRefused("GET", url, status, data[:200])
        return data

    def _send(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json", "X-CSRF-Token": self._token, "Cookie": self._cookie}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie" and "session=" in value:
                self._cookie = value.split(";", 1)[0]
        return response.status, response.read()

    def close(self) -> None:
        """Close the connection; the session ends by itself."""
        self._connection.close()


def drive(
    url: str,
    username: str,
    password: str,
    judge: Judge,
    *,
    share: float = 1.0,
    among: int = 1,
    groups: frozenset[str] | None = None,
    look: bool = True,
    dwell_ms: Callable[[], int] = lambda: 0,
) -> Driven:
    """Mark a share of what is left in each of one marker's groups.

    `share` is of the tasks left at the start, divided by the `among` markers who share the work; `groups` names
    groups by key (all of the marker's by default); `look` fetches every image, as a person's screen would.
    """
    client = MarkerClient(url, username, password)
    total = Driven()
    try:
        for group in client.call("GET", f"{_BASE}/groups")["groups"]:
            if groups is not None and group["key"] not in groups:
                continue
            most = ceil(share * group["counts"]["group"]["left"] / among)
            total = _add(total, _drive_group(client, group, judge, most=most, look=look, dwell_ms=dwell_ms))
    finally:
        client.close()
    return total


def _drive_group(
    client: MarkerClient, group: Mapping[str, Any], judge: Judge, *, most: int, look: bool, dwell_ms: Callable[[], int]
) -> Driven:
    done = Driven()
    items: list[dict[str, Any]] = []
    while done.marks + done.refused < most:
        if not items:
            wanted = min(_HOLD, most - done.marks - done.refused)
            answer = client.call("POST", f"{_BASE}/groups/{group['id']}/claim", {"want": wanted, "holding": []})
            items = answer["items"]
            if not items:
                break
        item = items.pop(0)
        seen = [client.image(image["url"]) for image in item["images"]] if look else []
        done = _add(done, Driven(images=len(seen), image_bytes=sum(map(len, seen))))
        body = {
            "key": secrets.token_hex(16),
            "version": item["version"],
            "parts": {part: show_points(points) for part, points in judge(group, item).items()},
            "dwell_ms": dwell_ms(),
            "image": item["images"][0]["url"] if item["images"] else "",
            "want": 0,  # the next ones are claimed by themselves, so that no more than `most` are marked
        }
        try:
            client.call("PUT", f"{_BASE}/tasks/{item['task']}/score", body)
            done = _add(done, Driven(marks=1))
        except CallRefused as err:
            if err.status not in (409, 410):
                raise
            done = _add(done, Driven(refused=1))
    for item in items:
        client.call("POST", f"{_BASE}/tasks/{item['task']}/release", {})
    return done


def _add(one: Driven, other: Driven) -> Driven:
    return Driven(
        one.marks + other.marks,
        one.images + other.images,
        one.image_bytes + other.image_bytes,
        one.refused + other.refused,
    )
