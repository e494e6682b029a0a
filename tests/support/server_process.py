"""The real server as a process of its own, on a free loopback port: it can be killed and started again there."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_READY_WITHIN_S = 90.0  # imports on a machine where every core is busy


class ServerProcess:
    """`kaiyue serve` over a data folder, or another `command`; `settings` as environment variables."""

    def __init__(self, data: Path, *, command: Sequence[str] = ("-m", "web", "serve"), **settings: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._command = [sys.executable, *command]
        own = {name: value for name, value in os.environ.items() if not name.startswith("KAIYUE_")}
        self._environment = own | {"KAIYUE_DATA": str(data), "KAIYUE_PORT": str(self.port)} | settings
        self.log = data / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it is ready; AssertionError with its last words where it is not."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        give_up_at = time.monotonic() + _READY_WITHIN_S
        while not self._is_ready():
            over = time.monotonic() > give_up_at
            if over or self._process.poll() is not None:
                self.kill()
                raise AssertionError(f"the server did not start: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def kill(self) -> None:
        """End it at once, whatever it is doing: SIGKILL, on Windows TerminateProcess."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(60)
