"""A real PostgreSQL for the tests, from the system's package: started once a run, stopped by its process."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NoPostgres(Exception):
    """PostgreSQL cannot be started here; says what to install."""


def _binaries() -> Path:
    found = shutil.which("pg_ctl")
    candidates = [Path(found).parent] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgres("PostgreSQL is missing: install the system package `postgresql`")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_postgres() -> Iterator[str]:
    """Start a server on a free loopback port in a folder of its own; yields the URL of its maintenance database."""
    binaries = _binaries()
    as_owner: list[str] = []
    folder = Path(tempfile.mkdtemp(prefix="kaiyue-pg-"))
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # PostgreSQL refuses to run as root; the system package brings an account for it
        shutil.chown(folder, "postgres", "postgres")
        as_owner = ["runuser", "-u", "postgres", "--"]
    cluster, port = folder / "cluster", _free_port()
    try:
        _run([*as_owner, str(binaries / "initdb"), "-D", str(cluster), "-U", "kaiyue", "-A", "trust", "-E", "UTF8",
              "--locale=C.UTF-8", "--data-checksums"])  # fmt: skip
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c max_connections=300"
        options += " -c fsync=off -c full_page_writes=off"  # the tests ask for correctness, not for durability
        control = str(binaries / "pg_ctl")
        log = str(folder / "log")
        _run([*as_owner, control, "-D", str(cluster), "-o", options, "-l", log, "-w", "-t", "60", "start"])
        try:
            yield f"postgresql+psycopg://kaiyue@127.0.0.1:{port}/postgres"
        finally:
            _run([*as_owner, control, "-D", str(cluster), "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", stdin=subprocess.DEVNULL)
    if done.returncode:
        raise NoPostgres(f"{Path(command[-1]).name}: {done.stdout[-500:]} {done.stderr[-500:]}")
