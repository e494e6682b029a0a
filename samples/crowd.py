"""A crowd of simulated markers at the marking calls: one process, a kept connection for each, real HTTP.

In:  a CrowdPlan: where the server is, who marks (sessions that are open already), for how long and how fast.
Out: a CrowdResult: how long each call took, what was answered, and the ledger of every mark that was sent with what the
     server said to it. Knows nothing of the database; whoever checks the ledger looks there (samples do not).

Each marker does what the screen does (web/static/marking): claims eight, keeps the images of five ahead, sends one
score at a time under a key made once, takes the refill from the answer. With `patience_s` a lost connection is tried
again with the same key, as the screen's outbox does; without it, it counts as a failure.

    python -m samples.crowd PLAN.json > RESULT.json      in a process of its own, so that its CPU time is told apart
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from models.points import parse_points, show_points

_BASE = "/api/v1/marking"
_CPU = b"process_cpu_seconds_total "
_ANSWERED_WITHIN_S = 60.0
_AGAIN_AFTER_S = 0.2
_NOTHING_LEFT_S = 0.5
_TURN_S = 0.05
_READY_WITHIN_S = 120.0  # for the first images of everybody, on the slowest server worth measuring


@dataclass(frozen=True, slots=True)
class Member:
    """One marker's open session: the cookie as it is sent, and the token of its writes."""

    cookie: str
    csrf_token: str


@dataclass(frozen=True, slots=True)
class CrowdPlan:
    """What the crowd does. `think_s` is the mean time a response is on screen; 0 sends as fast as answers come.

    Measuring begins after `warm_up_s`, once everybody has the first images, and goes on for `seconds`. With `vanish`
    nobody gives the unmarked responses back.
    """

    host: str
    port: int
    group_id: int
    members: tuple[Member, ...]
    seconds: float
    think_s: float = 0.0
    warm_up_s: float = 0.0
    patience_s: float = 0.0
    hold: int = 8
    ahead: int = 5
    vanish: bool = False
    seed: int = 1


@dataclass(slots=True)
class Sent:
    """One mark in the ledger. `status` is the last answer, 0 where none ever came; 200 is an acknowledgement."""

    key: str
    task: str
    points: str
    tries: int = 0
    status: int = 0


@dataclass(slots=True)
class CrowdResult:
    """What happened. `took_ms` by call: claim, image, submit, and cycle (a submit with the image that follows it)."""

    took_ms: dict[str, list[float]] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)  # "submit 200" -> how often
    ledger: list[Sent] = field(default_factory=list)
    measured_s: float = 0.0
    server_cpu_s: float = 0.0
    own_cpu_s: float = 0.0
    bytes_down: int = 0

    @property
    def cycles(self) -> int:
        """Responses that were marked while it was measured."""
        return len(self.took_ms.get("submit", ()))

    def failures(self) -> dict[str, int]:
        """Answers of 5xx, and calls without any answer (status 0)."""
        return {
            what: count
            for what, count in self.answers.items()
            if what.endswith(" 0") or what.rsplit(" ", 1)[-1].startswith("5")
        }


def run_crowd(plan: CrowdPlan, until: Callable[[], bool] = lambda: False) -> CrowdResult:
    """Let the crowd mark, no longer than until `until()`; returns when everybody has finished the mark under way."""
    return asyncio.run(_Crowd(plan, until).run())


class _Crowd:
    def __init__(self, plan: CrowdPlan, until: Callable[[], bool]) -> None:
        self.plan = plan
        self.until = until
        self.result = CrowdResult()
        self.ends_at = float("inf")
        self.measures = False
        self.ready = 0

    async def run(self) -> CrowdResult:
        plan, result = self.plan, self.result
        markers = [asyncio.create_task(_Marker(self, number).work()) for number in range(len(plan.members))]
        watch = _Connection(plan)
        begun = time.monotonic()
        while (waited := time.monotonic() - begun) < plan.warm_up_s + _READY_WITHIN_S:
            if (waited >= plan.warm_up_s and self.ready == len(markers)) or self.until():
                break
            await asyncio.sleep(_TURN_S)
        cpu_s, own_s, at = await _cpu_of(watch), time.process_time(), time.monotonic()
        self.measures, self.ends_at = True, at + plan.seconds
        while not self.is_over:
            await asyncio.sleep(min(_TURN_S, max(0.0, self.ends_at - time.monotonic())))
        self.measures = False
        result.measured_s, result.own_cpu_s = time.monotonic() - at, time.process_time() - own_s
        result.server_cpu_s = await _cpu_of(watch) - cpu_s
        await asyncio.gather(*markers)
        watch.close()
        return result

    @property
    def is_over(self) -> bool:
        """Whether nobody begins another response."""
        return time.monotonic() >= self.ends_at or self.until()

    def note(self, what: str, status: int, begun: float) -> None:
        """Count one answer; what is answered inside the measured time also counts as a time."""
        answer = f"{what} {status}"
        self.result.answers[answer] = self.result.answers.get(answer, 0) + 1
        if self.measures and status == 200:
            self.time(what, begun)

    def time(self, what: str, begun: float) -> None:
        """Keep how long something took."""
        self.result.took_ms.setdefault(what, []).append((time.monotonic() - begun) * 1000)


async def _cpu_of(watch: "_Connection") -> float:
    """CPU seconds that the server process says it has used; 0 where it does not answer."""
    try:
        _status, body = await watch.ask(b"GET /metrics HTTP/1.1\r\nHost: kaiyue\r\n\r\n")
    except (OSError, EOFError, TimeoutError):
        watch.close()
        return 0.0
    line = next((line for line in body.splitlines() if line.startswith(_CPU)), None)
    return float(line[len(_CPU) :]) if line else 0.0


class _Connection:
    """One kept connection: opened when it is needed, closed when it fails."""

    def __init__(self, plan: CrowdPlan) -> None:
        self._plan = plan
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; status and body. Raises OSError, EOFError or TimeoutError where no whole answer came."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._plan.host, self._plan.port)
        reader, writer = self._streams
        writer.write(request)
        async with asyncio.timeout(_ANSWERED_WITHIN_S):
            head = await reader.readuntil(b"\r\n\r\n")
            length = 0
            for line in head.split(b"\r\n"):
                if line[:15].lower() == b"content-length:":
                    length = int(line[15:])
            body = await reader.readexactly(length) if length else b""
        if b"connection: close" in head.lower():
            self.close()
        return int(head[9:12]), body

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


class _Marker:
    """One simulated person."""

    def __init__(self, crowd: _Crowd, number: int) -> None:
        self._crowd = crowd
        self._plan = crowd.plan
        self._dice = random.Random(f"{crowd.plan.seed}/{number}")
        self._connection = _Connection(crowd.plan)
        member = crowd.plan.members[number]
        self._headers = (
            f"Host: {self._plan.host}:{self._plan.port}\r\nCookie: {member.cookie}\r\n"
            f"X-CSRF-Token: {member.csrf_token}\r\nContent-Type: application/json\r\n"
        )
        self._items: list[dict[str, Any]] = []
        self._seen: set[str] = set()

    async def work(self) -> None:
        crowd = self._crowd
        await asyncio.sleep(self._dice.uniform(0, max(self._plan.warm_up_s, 0.5)))
        await self._begin()
        crowd.ready += 1
        while not crowd.is_over:
            if not self._items:
                await asyncio.sleep(_NOTHING_LEFT_S)
                await self._begin()
                continue
            if self._plan.think_s:
                await asyncio.sleep(self._dice.uniform(0.5, 1.5) * self._plan.think_s)
                if crowd.is_over:
                    break
            begun = time.monotonic()
            await self._mark()
            await self._look_ahead()
            if crowd.measures:
                crowd.time("cycle", begun)
        if not self._plan.vanish:
            for item in self._items:
                await self._call("release", "POST", f"{_BASE}/tasks/{item['task']}/release", {})
        self._connection.close()

    async def _begin(self) -> None:
        status, answer = await self._call(
            "claim", "POST", f"{_BASE}/groups/{self._plan.group_id}/claim", {"want": self._plan.hold, "holding": []}
        )
        if status == 200:
            self._take_in(answer["items"])
        await self._look_ahead()

    def _take_in(self, items: list[dict[str, Any]]) -> None:
        here = {item["task"] for item in self._items}
        self._items += [item for item in items if item["task"] not in here]

    async def _look_ahead(self) -> None:
        for item in self._items[: self._plan.ahead]:
            for image in item["images"]:
                if image["url"] not in self._seen:
                    self._seen.add(image["url"])
                    await self._call("image", "GET", image["url"], None)

    async def _mark(self) -> None:
        item = self._items.pop(0)
        given = {part["id"]: self._give(part) for part in item["parts"]}
        total = sum(given.values(), Decimal(0))
        sent = Sent(f"{self._dice.getrandbits(128):032x}", item["task"], show_points(total))
        self._crowd.result.ledger.append(sent)
        body = {
            "key": sent.key,
            "version": item["version"],
            "parts": {part: show_points(points) for part, points in given.items()},
            "annotations": [],
            "dwell_ms": int(self._plan.think_s * 1000),
            "image": item["images"][0]["url"].rsplit("/", 1)[-1] if item["images"] else "",
            "holding": [other["task"] for other in self._items],
        }
        status, answer = await self._call("submit", "PUT", f"{_BASE}/tasks/{sent.task}/score", body, sent)
        if status == 200:
            self._take_in(answer["refill"])

    def _give(self, part: Mapping[str, str]) -> Decimal:
        full, step = parse_points(part["points"]), parse_points(part["step"])
        return step * self._dice.randint(0, int(full / step))

    async def _call(self, what: str, method: str, path: str, body: object, sent: Sent | None = None) -> tuple[int, Any]:
        """One call, tried again while the patience lasts where no answer came or the server was not ready."""
        data = b"" if body is None else json.dumps(body).encode()
        request = f"{method} {path} HTTP/1.1\r\n{self._headers}Content-Length: {len(data)}\r\n\r\n".encode() + data
        give_up_at = time.monotonic() + self._plan.patience_s
        while True:
            begun = time.monotonic()
            if sent is not None:
                sent.tries += 1
            try:
                status, answer = await self._connection.ask(request)
            except (OSError, EOFError, TimeoutError):
                self._connection.close()
                status, answer = 0, b""
            again = status in (0, 502, 503, 504) and time.monotonic() < give_up_at
            if not again:
                self._crowd.note(what, status, begun)
                self._crowd.result.bytes_down += len(answer)
                if sent is not None:
                    sent.status = status
                return status, json.loads(answer) if answer and what != "image" else None
            self._crowd.note(f"{what} again", status, begun)
            await asyncio.sleep(_AGAIN_AFTER_S * self._dice.uniform(0.5, 1.5))


def plan_from_json(text: str) -> CrowdPlan:
    """A plan as `python -m samples.crowd` gets it."""
    value = json.loads(text)
    members = tuple(Member(**member) for member in value.pop("members"))
    return CrowdPlan(members=members, **value)


def result_from_json(text: str) -> CrowdResult:
    """What `python -m samples.crowd` has printed."""
    value = json.loads(text)
    ledger = [Sent(**sent) for sent in value.pop("ledger")]
    return CrowdResult(ledger=ledger, **value)


def main() -> None:
    """Read the plan that the first argument names, mark, and print the result."""
    plan = plan_from_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    json.dump(asdict(run_crowd(plan)), sys.stdout)


if __name__ == "__main__":
    main()
