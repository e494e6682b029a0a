"""Marks that were given and not yet sent survive a browser that is killed: the profile on the disk has them."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.support.browser import ARGUMENTS, find_chromium
from tests.support.marking_screen import give, let_in, marks, open_screen, ready, settled, shown

pytestmark = [pytest.mark.browser, pytest.mark.slow]


class OwnBrowser:
    """A browser with a profile of its own that can be killed, as when it crashes or somebody ends it."""

    def __init__(self, playwright: Playwright, profile: Path) -> None:
        (profile / "DevToolsActivePort").unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [find_chromium(), *ARGUMENTS, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._playwright = playwright
        self._port_file = profile / "DevToolsActivePort"

    def connect(self) -> Browser:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with contextlib.suppress(FileNotFoundError, IndexError):
                port = self._port_file.read_text().split()[0]
                return self._playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
            time.sleep(0.05)
        raise AssertionError("the browser did not start")

    def kill(self) -> None:
        """All its processes at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(30)


def test_marks_survive_a_browser_that_is_killed(server, data, tmp_path) -> None:
    profile, given = tmp_path / "profile", []
    with sync_playwright() as playwright:
        first = OwnBrowser(playwright, profile)
        try:
            context = first.connect().contexts[0]
            let_in(context, server.url, data)
            page = open_screen(context, server.url, data)
            page.wait_for_timeout(600)
            server.stop()
            for points in ("1", "2", "3"):
                given.append((shown(page), points))
                give(page, points, "Enter")
        finally:
            first.kill()
        assert marks(data) == []
        server.start()
        second = OwnBrowser(playwright, profile)
        try:
            context = second.connect().contexts[0]
            let_in(context, server.url, data)
            page = open_screen(context, server.url, data, wait=False)
            page.wait_for_function("document.body.dataset.task || document.querySelector('#elsewhere[open]')")
            if page.locator("#elsewhere[open]").count():  # the server still counts the old screen
                page.click("#take-over")
            ready(page)
            settled(page)
            assert marks(data) == given
            assert shown(page) not in {task for task, _points in given}
        finally:
            second.kill()
