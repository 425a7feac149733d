"""Fixtures for the tests in a browser: one Chromium for all of them, and for each test windows of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, expect, sync_playwright

from browser.chat_page import ChatPage
from browser.guard import Guard
from browser.visitor import Visitor
from browser.windows import Meet, StartApp, Visit
from support import paths
from support.program import PATIENCE
from support.servers import AppServer

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# A browser that is nobody's: its own pop-ups (which are web pages, each with a process, in every window), spare
# processes, guesses at https and questions to its maker. This list takes the place of Playwright's own.
UNWANTED = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "AimEnabled",
    "SpareRendererForSitePerProcess",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "PaintHolding",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "MediaRouter",
    "PreconnectToSearch",
    "Translate",
)
OPTIONS = (
    "--no-sandbox",  # the tests may run as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
    f"--disable-features={','.join(UNWANTED)}",
)

#: The windows of a test, for the report when it fails.
WINDOWS = pytest.StashKey[list[ChatPage]]()

expect.set_options(timeout=PATIENCE * 1000)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keeps a picture of every window when a test fails."""
    report = yield
    if report.failed and report.when == "call" and WINDOWS in item.stash:
        folder = paths.OUTPUT / "failures"
        folder.mkdir(parents=True, exist_ok=True)
        windows: list[ChatPage] = item.stash[WINDOWS]
        for number, window in enumerate(windows, 1):
            path = folder / f"{re.sub(r'[^a-zA-Z0-9_-]+', '-', item.name)}-{number}.png"
            try:
                window.page.screenshot(path=path)
                report.sections.append((f"window {number}", f"{path}\nproblems: {window.guard.problems()}"))
            except Error as error:  # the failure of the test itself is what must be told
                report.sections.append((f"window {number}", f"no picture: {error}"))
    return report


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, started once."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, start_app: StartApp, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Opens windows. At the end of the test none of them may have met a problem (see Guard)."""
    # start_app is asked for, so that the windows are closed before the servers are.
    windows: list[ChatPage] = []
    request.node.stash[WINDOWS] = windows
    with ExitStack() as stack:

        def visit(
            server: AppServer,
            room: str = "",
            *,
            width: int = 1280,
            height: int = 800,
            script: str = "",
            now: datetime | None = None,
            **options: Any,
        ) -> ChatPage:
            context = stack.enter_context(
                chromium.new_context(
                    viewport={"width": width, "height": height}, locale="en-GB", timezone_id="UTC", **options
                )
            )
            context.set_default_timeout(PATIENCE * 1000)
            guard = Guard(context, server.url)
            if script:
                context.add_init_script(script)
            if now is not None:
                context.clock.set_fixed_time(now)
            window = ChatPage(context.new_page(), guard, server)
            windows.append(window)
            return window.open(room)

        yield visit
        problems = [problem for window in windows for problem in window.guard.problems()]
    assert problems == []


@pytest.fixture
def meet(start_app: StartApp) -> Iterator[Meet]:
    """Brings other people."""
    # As with visit: they are gone before the servers are.
    with ExitStack() as stack:
        yield lambda server, name, *rooms: stack.enter_context(Visitor(server, name, *rooms))
