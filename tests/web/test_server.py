"""The real server: it answers, it stops cleanly, and strangers' forwarded headers count for nothing."""

import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest

from tests.support.office import PASSWORD, Office
from web.access import guard
from web.addresses import web_addresses
from web.server import PortTaken, Server
from web.wiring import Services


@pytest.fixture
def server(office: Office) -> Iterator[Server]:
    yield from running(office)


def running(office: Office, **settings: str) -> Iterator[Server]:
    kept = replace(office.kept, settings=replace(office.kept.settings, port=0, threads=4, **settings))
    server = Server(kept)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server
    server.stop()
    thread.join(30)
    assert not thread.is_alive()


def ask(port: int, method: str, path: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    answer.body = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


def test_it_answers_and_says_nothing_about_itself(server: Server) -> None:
    answer = ask(server.port, "GET", "/healthz")
    assert (answer.status, answer.body) == (200, b"ok\n")
    assert answer.getheader("Server") is None
    body = {"username": "manager", "password": PASSWORD}
    assert ask(server.port, "POST", "/api/v1/session", body).status == 200


def test_a_file_with_a_chinese_name_arrives(server: Server, office: Office) -> None:
    answer = ask(server.port, "POST", "/api/v1/session", {"username": "school_1", "password": PASSWORD})
    cookie = str(answer.getheader("Set-Cookie")).partition(";")[0]
    path = f"/statistics/a/math/schools/{office.ids['school_1']}/candidates.csv"
    answer = ask(server.port, "GET", path, Cookie=cookie)
    assert answer.status == 200
    name = "a-math-candidates-东关中学.csv"
    assert answer.getheader("Content-Disposition") == (
        f"attachment; filename=a-math-candidates-_.csv; filename*=UTF-8''{quote(name)}"
    )


def test_an_idle_connection_does_not_keep_it_from_stopping(office: Office) -> None:
    served = running(office)
    server = next(served)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    assert next(served, None) is None
    connection.close()


def test_a_port_that_is_taken_is_said_plainly(server: Server, office: Office) -> None:
    taken = Services(replace(office.kept.settings, port=server.port), office.kept.database, office.kept.blobs)
    with pytest.raises(PortTaken):
        Server(taken)


@pytest.mark.parametrize(("proxy", "believed"), [("", False), ("10.1.2.3", False), ("127.0.0.1", True)])
def test_forwarded_headers_count_only_from_the_named_proxy(
    office: Office, monkeypatch: pytest.MonkeyPatch, proxy: str, believed: bool
) -> None:
    seen: list[tuple[str | None, bool]] = []
    monkeypatch.setattr(
        "web.pages.health.Response",
        lambda *_a, **_k: seen.append((guard.request.remote_addr, guard.request.is_secure)) or "ok",
    )
    for server in running(office, trusted_proxy=proxy):
        ask(server.port, "GET", "/healthz", **{"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"})
    assert seen == [("203.0.113.9", True) if believed else ("127.0.0.1", False)]


def test_addresses_to_type_into_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    assert web_addresses("127.0.0.1", 8000) == ["http://127.0.0.1:8000"]
    monkeypatch.setattr("web.addresses.lan_addresses", lambda: ["192.168.1.5"])
    assert web_addresses("0.0.0.0", 80) == ["http://127.0.0.1:80", "http://192.168.1.5:80"]
    assert web_addresses("::1", 8000) == ["http://[::1]:8000"]
