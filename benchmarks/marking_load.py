"""How many markers does one small server carry? Real `kaiyue serve` over loopback, real sessions, real images.

    python -m benchmarks.marking_load                          the short run of `make bench`
    python -m benchmarks.marking_load --seconds 60 --think 5 --markers 200
    python -m benchmarks.marking_load --think 0                closed loop: marks a second at most
    python -m benchmarks.marking_load --reading 2000           while `kaiyue scan add` reads a batch of so many pages

One cycle is what the screen does for one response: submit with the refill in its answer, and the image of the response
that comes up. The crowd (samples/crowd.py) runs in a process of its own on the same computer; its CPU time is told
apart. The main figure is the server's CPU time for one cycle, as the server itself counts it: on a busy computer
latencies grow with the load, CPU time hardly does. Afterwards every mark in the crowd's ledger is held against the
table. Exit code 1: an answer of 5xx, a call without answer, or a ledger that does not agree; speed never fails it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.reading_beside import ReadingBeside
from samples.crowd import CrowdPlan, CrowdResult, result_from_json
from tests.support.crowd_data import CrowdData, add_history, make_crowd_data
from tests.support.ledger import faults_between, stored_marks
from tests.support.server_process import ROOT, ServerProcess

_MOST_A_SECOND = 160  # more marks than any server here takes: nobody may run out of responses


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run. `think_s` 0 is a closed loop; `pages` are read at the same time."""

    name: str
    markers: int
    think_s: float
    seconds: float
    warm_up_s: float
    pages: int = 0
    history: int = 0


def run(scenario: Scenario, folder: Path) -> dict[str, Any]:
    """Set up, measure, check; answers what is printed."""
    a_second = _MOST_A_SECOND if scenario.think_s == 0 else scenario.markers / scenario.think_s
    enough = int(a_second * (scenario.warm_up_s + scenario.seconds + 5) / 2) + 10 * scenario.markers
    responses = enough + scenario.markers * scenario.history
    made = make_crowd_data(folder, markers=scenario.markers, responses=responses, full_size=True)
    if scenario.history:
        add_history(made, scenario.history)
    reading = ReadingBeside(made.services, folder, scenario.pages) if scenario.pages else None
    before = {mark.key for mark in stored_marks(made.services.database)}
    made.services.database.dispose()
    server = ServerProcess(folder)
    server.start()
    try:
        with _beside(reading, scenario):
            result, load = _measure(_plan(scenario, made, server.port), folder)
    finally:
        server.stop()
    stored = [mark for mark in stored_marks(made.services.database) if mark.key not in before]
    faults = faults_between(result.ledger, stored)
    made.services.database.dispose()
    return {
        **asdict(scenario),
        "load_average": load,
        **_figures(result),
        "reading": reading.figures() if reading else None,
        "sent": len(result.ledger),
        "acknowledged": sum(sent.status == 200 for sent in result.ledger),
        "stored": len(stored),
        "failures": result.failures(),
        "answers": result.answers,
        "ledger_agrees": not faults,
        "faults": {kind: len(keys) for kind, keys in asdict(faults).items()},
    }


@contextmanager
def _beside(reading: ReadingBeside | None, scenario: Scenario) -> Iterator[None]:
    if reading is None:
        yield
        return
    reading.start(after_s=scenario.warm_up_s)
    try:
        yield
    finally:
        reading.end()


def _plan(scenario: Scenario, made: CrowdData, port: int) -> CrowdPlan:
    return CrowdPlan(
        host="127.0.0.1",
        port=port,
        group_id=made.group_id,
        members=made.members,
        seconds=scenario.seconds,
        think_s=scenario.think_s,
        warm_up_s=scenario.warm_up_s,
        vanish=True,
    )


def _measure(plan: CrowdPlan, folder: Path) -> tuple[CrowdResult, float | None]:
    file = folder / "plan.json"
    file.write_text(json.dumps(asdict(plan)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "samples.crowd", str(file)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return result_from_json(done.stdout), load


def _figures(result: CrowdResult) -> dict[str, Any]:
    cycles = result.cycles
    return {
        "measured_s": round(result.measured_s, 1),
        "cycles": cycles,
        "marks_a_second": round(cycles / result.measured_s, 1),
        "server_cpu_ms_per_cycle": round(result.server_cpu_s / cycles * 1000, 2) if cycles else None,
        "crowd_cpu_ms_per_cycle": round(result.own_cpu_s / cycles * 1000, 2) if cycles else None,
        "kB_down_per_mark": round(result.bytes_down / 1000 / max(1, len(result.ledger)), 1),
        "ms": {what: _spread(times) for what, times in sorted(result.took_ms.items())},
    }


def _spread(times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    at = {f"p{share}": ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 95, 99)}
    return {"n": len(ordered)} | {name: round(value, 1) for name, value in at.items()}


def show(report: dict[str, Any]) -> None:
    """The report in lines."""
    load = "" if report["load_average"] is None else f", load average {report['load_average']:.1f}"
    think = f"think {report['think_s']:g} s" if report["think_s"] else "no think time"
    print(f"{report['name']}: {report['markers']} markers, {think}, {report['measured_s']} s measured{load}")
    print(
        f"  {report['cycles']} cycles, {report['marks_a_second']} marks/s, server {report['server_cpu_ms_per_cycle']} "
        f"CPU-ms a cycle (crowd {report['crowd_cpu_ms_per_cycle']}), {report['kB_down_per_mark']} kB a mark"
    )
    for what, spread in report["ms"].items():
        at = "  ".join(f"{name} {spread[name]:7.1f}" for name in ("p50", "p95", "p99"))
        print(f"  {what:8} n {spread['n']:6}  {at} ms")
    if report["reading"]:
        print(f"  beside it: {report['reading']}")
    print(
        f"  {report['sent']} sent, {report['acknowledged']} acknowledged, {report['stored']} stored, "
        f"failures {report['failures'] or 'none'}, ledger {'agrees' if report['ledger_agrees'] else report['faults']}"
    )


def main() -> int:
    """Run the scenarios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markers", type=int, default=200)
    parser.add_argument("--think", type=float, help="mean seconds; 0 = closed loop; both by default")
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--warm-up", type=float, default=6.0)
    parser.add_argument("--history", type=int, default=50, help="marks that each marker has given before")
    parser.add_argument("--reading", type=int, default=0, metavar="PAGES", help="pages of a batch read beside it")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    reports = []
    for think_s in [5.0, 0.0] if options.think is None else [options.think]:
        name = "saturated" if think_s == 0 else "realistic"
        scenario = Scenario(
            name, options.markers, think_s, options.seconds, options.warm_up, options.reading, options.history
        )
        for _ in range(options.repeats):
            with tempfile.TemporaryDirectory(prefix="kaiyue-load-", ignore_cleanup_errors=True) as folder:
                report = run(scenario, Path(folder))
            show(report)
            reports.append(report)
    if options.repeats > 1:
        each = [report["server_cpu_ms_per_cycle"] for report in reports]
        print(f"server CPU-ms a cycle: median {statistics.median(each)} of {each}")
    if options.json:
        options.json.write_text(json.dumps(reports, indent=2), encoding="utf-8")
    return 0 if all(report["ledger_agrees"] and not report["failures"] for report in reports) else 1


if __name__ == "__main__":
    started = time.monotonic()
    code = main()
    print(f"took {time.monotonic() - started:.0f} s")
    sys.exit(code)
