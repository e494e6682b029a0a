"""The production server: waitress with the limits of a room full of markers, and the errands' worker beside it.

Forwarded headers count only when they come from KAIYUE_TRUSTED_PROXY; from anybody else they are dropped before
the application sees them.
"""

import logging
import os
import signal
import socket
import threading
import time
from types import FrameType
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from models.errors import KaiyueError, mark_text
from web.app import create_app
from web.jobs import JobRunner
from web.wiring import Services

CONNECTION_LIMIT = 1000  # waitress's own 100 hangs a room of sixty markers who keep their connections
_SLACK = 1024 * 1024  # form fields around the files
_CLOSED_WITHIN_S = 20  # for the errand under way to come to its next progress call
_SENT_WITHIN_S = 3
_TURN_S = 0.5

_log = logging.getLogger(__name__)


class PortTaken(KaiyueError):
    """Nothing can listen there."""

    code = "serve.port"
    sentence = mark_text("Nothing can listen on {host} port {port}: {why}.")
    remedy = mark_text("Stop the other program, or choose another port with --port.")
    exit_code = 3


class Server:
    """A bound server; `run` serves until it is told to stop. Raises PortTaken."""

    def __init__(self, kept: Services) -> None:
        settings = kept.settings
        self._kept = kept
        self._jobs = JobRunner(kept)
        forwarded: dict[str, Any] = {}
        if settings.trusted_proxy:
            forwarded = {
                "trusted_proxy": settings.trusted_proxy,
                "trusted_proxy_count": 1,
                "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"},
            }
        _probe(settings.host, settings.port)
        self._server = create_server(
            create_app(kept),
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            connection_limit=CONNECTION_LIMIT,
            max_request_body_size=settings.upload_limit_bytes + _SLACK,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True,
            expose_tracebacks=False,
            ident=None,
            **forwarded,
        )
        listening = getattr(self._server, "effective_listen", None)
        self.port = int(listening[0][1] if listening else self._server.effective_port)
        self._stopping = threading.Event()

    def run(self) -> None:
        """Serve until Ctrl+C, SIGTERM or `stop`; answers under way are sent, errands go on at the next start."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _leave)
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue at login time is expected
        self._jobs.start()
        try:
            while not self._stopping.is_set():
                self._turn()
        except (KeyboardInterrupt, SystemExit):
            _log.info("asked to stop")
        finally:
            self._jobs.stop(_CLOSED_WITHIN_S)
            self._server.task_dispatcher.shutdown()
            self._send_the_rest()
            self._close()
            self._kept.database.dispose()

    def stop(self) -> None:
        """End `run` from another thread."""
        self._stopping.set()

    def _map(self) -> dict[int, Any]:
        found: dict[int, Any] = getattr(self._server, "_map", None) or self._server.map
        return found

    def _turn(self) -> None:
        wasyncore.loop(timeout=_TURN_S, use_poll=True, map=self._map(), count=1)

    def _close(self) -> None:
        for channel in list(self._map().values()):
            channel.close()
            if isinstance(channel.socket, wasyncore.file_wrapper):
                channel.socket.close()  # the trigger forgets its own copy of the pipe

    def _send_the_rest(self) -> None:
        """Give finished answers a moment to leave."""
        until = time.monotonic() + _SENT_WITHIN_S
        while time.monotonic() < until and any(
            getattr(channel, "total_outbufs_len", 0) for channel in list(self._map().values())
        ):
            self._turn()


def _probe(host: str, port: int) -> None:
    """Find out whether one can listen there before anything is built. Raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name != "nt":  # there it would mean to share the port with whoever has it
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as err:
            raise PortTaken(host=host, port=port, why=err.strerror or str(err)) from err


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
