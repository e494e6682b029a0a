"""A small client of the HTTP interface, as another program would write it."""

import http.client
import json
from typing import Any


class Api:
    """One session on one connection; every answer is checked for success unless `expect` says otherwise."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.cookie = ""
        self.csrf = ""

    def log_in(self, username: str, password: str) -> None:
        """Open a session and keep its cookie and token."""
        answer = self.post("/session", {"username": username, "password": password})
        self.csrf = answer["csrf_token"]

    def close(self) -> None:
        """Let go of the connection."""
        self.connection.close()

    def get(self, path: str, expect: int = 200) -> Any:
        """GET below /api/v1."""
        return self._ask("GET", path, None, expect)

    def post(self, path: str, body: Any, expect: int = 200) -> Any:
        """POST below /api/v1."""
        return self._ask("POST", path, body, expect)

    def put(self, path: str, body: Any, expect: int = 200) -> Any:
        """PUT below /api/v1."""
        return self._ask("PUT", path, body, expect)

    def _ask(self, method: str, path: str, body: Any, expect: int) -> Any:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.cookie:
            headers["Cookie"] = self.cookie
        if self.csrf:
            headers["X-CSRF-Token"] = self.csrf
        self.connection.request(method, "/api/v1" + path, json.dumps(body) if body is not None else None, headers)
        answer = self.connection.getresponse()
        data = answer.read()
        cookies = [value.split(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]
        if cookies:
            self.cookie = "; ".join(cookies)
        assert answer.status == expect, f"{method} {path}: {answer.status} {data[:500]!r}"
        return json.loads(data) if data else None
