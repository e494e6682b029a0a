"""A real headless Chromium from the system package, and the application served on a free loopback port."""

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, sync_playwright
from waitress.server import create_server

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--lang=zh-CN",
]


def find_chromium() -> str:
    """The browser of this computer, or the one that CHROMIUM names; the test fails with what to install instead."""
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.fail("Chromium is missing: install the system package `chromium`")
    return found


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """A browser; the test fails with what to install where there is none."""
    more = (*more, *os.environ.get("CHROMIUM_ARGUMENTS", "").split())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), headless=True, args=[*ARGUMENTS, *more])
        try:
            yield browser
        finally:
            browser.close()


class Served:
    """A served application that can be stopped and started again on its port, as when a server restarts."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._map: dict = {}
        self._server = create_server(
            self.app, host="127.0.0.1", port=self.port, threads=8, map=self._map, asyncore_use_poll=True
        )
        self.port = self._server.effective_port
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # closed from the other thread
            self._server.run()

    def stop(self) -> None:
        self._server.task_dispatcher.shutdown()
        for channel in list(self._map.values()):
            channel.close()
        self._thread.join(5)


@contextmanager
def served(app: Flask) -> Iterator[Served]:
    server = Served(app)
    try:
        yield server
    finally:
        server.stop()


def artefact(name: str) -> Path:
    """Where a screenshot is kept."""
    folder = Path(os.environ.get("KAIYUE_ARTEFACTS", "test-artefacts"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name
