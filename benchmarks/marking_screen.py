"""How fast the marking screen is: from the key that submits to the next image painted, in a real headless Chromium.

    python -m benchmarks.marking_screen [--scripts 300] [--slow-scripts 40] [--strict]

The real server, images as large as those of a scanned answer, the processor of the browser slowed down four times, and
once more with 300 ms round trip and 2 Mbit/s at two seconds per script. Also the cold start to the first image and the
bytes per script. Before each script a key that does nothing but paint is timed: where that alone took long, the
computer was busy with something else, so the figures are given with and without those scripts. `--strict` ends with 1
where the scripts of quiet moments miss a target of the design (p95 ≤ 100 ms); the nightly tests use it.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from playwright.sync_api import CDPSession, Page

from models.blobs import FolderBlobs
from models.database import Database, sqlite_url
from models.migrate import upgrade
from tests.support.browser import Served, chromium, served
from tests.support.crowd_data import full_size_picture
from tests.support.marking_app import PASSWORD, give_passwords, make_app, staffed
from tests.support.marking_data import make_marking_data, one_part

SLOWER = 4
RTT_MS = 300
BYTES_PER_S = 2_000_000 / 8
TARGET_P95_MS = 100
TARGET_COLD_MS = 1000
TARGET_DOWN, TARGET_UP = 120_000, 2_000

WATCH = """
window.lastKey = 0;
window.floors = [];
document.addEventListener("keydown", (event) => {
  window.lastKey = event.timeStamp;
  if (event.key !== "F9") return; // a key that does nothing but paint: what this computer needs at this moment
  document.body.classList.toggle("floor");
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => { window.floors.push(performance.now() - event.timeStamp); port1.close(); };
    port2.postMessage(null);
  });
}, true);
"""
QUIET_MS = 45.0  # a frame takes 16; more than this and the computer was busy with something else


@dataclass
class Measured:
    """By script: ms from the submitting key to the next image, ms that an empty key took just before, bytes."""

    wait_ms: list[float] = field(default_factory=list)
    floor_ms: list[float] = field(default_factory=list)
    down: list[int] = field(default_factory=list)
    up: list[int] = field(default_factory=list)

    @property
    def quiet_ms(self) -> list[float]:
        """The waits while the computer kept up: the empty keys before and after were quick."""
        after = [*self.floor_ms[1:], 0.0]
        return [
            wait
            for wait, floor, later in zip(self.wait_ms, self.floor_ms, after, strict=True)
            if max(floor, later) < QUIET_MS
        ]

    def __str__(self) -> str:
        quiet = self.quiet_ms
        lines = [
            f"  all {len(self.wait_ms)} scripts:            {percentiles(self.wait_ms)}",
            f"  {len(quiet)} while the computer kept up: {percentiles(quiet)}",
            f"  an empty key, for comparison: {percentiles(self.floor_ms)}",
            f"  median bytes per script:      {median(self.down):.0f} down, {median(self.up):.0f} up",
        ]
        return "\n".join(lines)


def at(values: list[float], share: float) -> float:
    """A percentile; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def percentiles(values: list[float]) -> str:
    """For reading."""
    return f"p50 {at(values, 0.5):.0f}, p95 {at(values, 0.95):.0f}, p99 {at(values, 0.99):.0f} ms"


class Wire:
    """Bytes of every request and answer of a page, headers included."""

    def __init__(self, session: CDPSession) -> None:
        self.down = self.up = 0
        session.send("Network.enable")
        session.on("Network.loadingFinished", self._finished)
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.requestWillBeSentExtraInfo", self._headers)

    def _finished(self, event: dict) -> None:
        self.down += int(event["encodedDataLength"])

    def _asked(self, event: dict) -> None:
        request = event["request"]
        self.up += len(request["method"]) + len(request["url"]) + 12 + len(request.get("postData", "").encode())

    def _headers(self, event: dict) -> None:
        self.up += sum(len(name) + len(value) + 4 for name, value in event["headers"].items())


@contextlib.contextmanager
def office(scripts: int) -> Iterator[tuple[Served, int]]:
    """A served exam with one marking group of nine points."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(sqlite_url(Path(folder) / "kaiyue.sqlite"))
        upgrade(database)
        blobs = FolderBlobs(Path(folder) / "blobs")
        data = make_marking_data(
            database,
            one_part("13", "9"),
            candidates=scripts,
            blobs=blobs,
            pictures=[full_size_picture(number) for number in range(24)],
        )
        staffed(data, markers=1)
        give_passwords(database)
        with served(make_app(database, blobs, Path(folder))) as server:
            yield server, data.groups["13"]
        database.dispose()


def enter(page: Page, url: str) -> None:
    """Log in."""
    page.goto(f"{url}/login")
    page.fill("[name=username]", "m0")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/")


def task_of(page: Page, after: str = "") -> str:
    """The response on the screen, once it is another one than before."""
    page.wait_for_function("after => document.body.dataset.task && document.body.dataset.task !== after", arg=after)
    return str(page.evaluate("document.body.dataset.task"))


def mark(page: Page, count: int, *, pace_s: float, wire: Wire) -> Measured:
    """Mark so many responses with a digit and Enter each, at a pace."""
    found = Measured()
    shown = task_of(page)
    before = int(page.evaluate("window.floors.length"))
    page.wait_for_timeout(1500)
    for number in range(count):
        began, down, up = time.monotonic(), wire.down, wire.up
        page.wait_for_timeout(270)
        page.keyboard.press("F9")
        page.wait_for_function("count => window.floors.length > count", arg=len(found.floor_ms) + before)
        found.floor_ms.append(page.evaluate("window.floors[window.floors.length - 1]"))
        page.keyboard.press(str(1 + number % 8))
        page.keyboard.press("Enter")
        shown = task_of(page, shown)
        found.wait_ms.append(page.evaluate("Number(document.body.dataset.painted) - window.lastKey"))
        page.wait_for_timeout(max(0.0, pace_s - (time.monotonic() - began)) * 1000)
        found.down.append(wire.down - down)
        found.up.append(wire.up - up)
    return found


def cold_start(page: Page, url: str, group_id: int) -> float:
    """Milliseconds from asking for the marking screen to its first image, nothing cached."""
    page.context.clear_cookies()
    enter(page, url)
    page.goto(f"{url}/marking/{group_id}")
    task_of(page)
    return float(page.evaluate("Number(document.body.dataset.painted)"))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scripts", type=int, default=100)
    parser.add_argument("--slow-scripts", type=int, default=20)
    parser.add_argument("--strict", action="store_true")
    args = parser.parse_args()
    missed: list[str] = []
    with office(args.scripts + args.slow_scripts + 60) as (server, group_id), chromium() as browser:
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.add_init_script(WATCH)
        session = page.context.new_cdp_session(page)
        wire = Wire(session)
        cold = sorted(cold_start(page, server.url, group_id) for _ in range(5))
        print(
            f"cold start to the first image: {', '.join(f'{each:.0f}' for each in cold)} ms (page navigation to paint)"
        )
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        fast = mark(page, args.scripts, pace_s=1.0, wire=wire)
        print(f"processor {SLOWER} times slower:\n{fast}")
        session.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": RTT_MS, "downloadThroughput": BYTES_PER_S, "uploadThroughput": BYTES_PER_S},
        )
        slow = mark(page, args.slow_scripts, pace_s=2.0, wire=wire)
        print(f"and {RTT_MS} ms round trip, 2 Mbit/s, 2 s per script:\n{slow}")
        if max(at(fast.quiet_ms, 0.95), at(slow.quiet_ms, 0.95)) > TARGET_P95_MS:
            missed.append("the next image after the key")
        if cold[-1] > TARGET_COLD_MS:
            missed.append("the cold start")
        if median(fast.down) > TARGET_DOWN or median(fast.up) > TARGET_UP:
            missed.append("the bytes per script")
    for each in missed:
        print(f"target missed: {each}")
    return 1 if missed and args.strict else 0


if __name__ == "__main__":
    sys.exit(main())
