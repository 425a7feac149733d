"""Watches a browser for anything that must never happen, in every test."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Error, Page, Request, Response, WebSocket

from support.program import PATIENCE

#: What a browser says when nobody answers at the server's port. (A warning: the page gave a try up, its time being
#: over, that had not failed yet; a test that turns the page's clock forward may bring that about.)
NOBODY_THERE = (
    r"^console (error|warning): WebSocket connection to 'ws://127\.0\.0\.1:\d+/socket\.io/",
    r"^console error: Failed to load resource: net::ERR_",
    r"^failed: .* net::ERR_(CONNECTION_|EMPTY_RESPONSE|INTERNET_DISCONNECTED|SOCKET_)",
)

# Runs before the page's own code. What the page's policy (CSP) stops is told to the test.
_REPORT_VIOLATIONS = """
addEventListener('securitypolicyviolation', (event) =>
  reportViolation(`${event.effectiveDirective} stopped ${event.blockedURI} ${event.sample}`));
"""


class Guard:
    """Keeps the problems of one browser context: console errors and warnings, uncaught exceptions, failed requests,
    error answers, requests to other hosts, violations of the content security policy, dialogs.

    What a test brings about itself it announces with expecting(); anything else is a failure.
    """

    def __init__(self, context: BrowserContext, address: str) -> None:
        """Watch `context`, whose pages may speak to the server at `address` (a URL) alone."""
        self._host = urlsplit(address).netloc
        self._problems: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        context.expose_binding("reportViolation", lambda _source, text: self._note(f"policy: {text}"))
        context.add_init_script(_REPORT_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self._note(f"exception: {error.error}"))
        context.on("request", self._on_request)
        context.on("requestfailed", lambda request: self._note(f"failed: {request.url} {request.failure}"))
        context.on("response", self._on_response)
        context.on("dialog", self._on_dialog)
        context.on("page", self._on_page)
        self._context = context

    @contextmanager
    def expecting(self, *patterns: str) -> Iterator[None]:
        """Within the block, problems that match one of the patterns are meant."""
        added = [re.compile(pattern) for pattern in patterns]
        self._expected += added
        try:
            yield
            self._hear_everything()
        finally:
            for pattern in added:
                self._expected.remove(pattern)

    def problems(self) -> list[str]:
        """All that was seen up to now and was not expected."""
        self._hear_everything()
        return list(self._problems)

    def expect_problem(self, pattern: str) -> None:
        """For the tests of the guard itself: wait until it has seen this problem. It counts nothing from then on,
        since trouble seldom comes alone."""
        page = self._context.pages[0]
        deadline = time.monotonic() + PATIENCE
        while not any(re.search(pattern, problem) for problem in self.problems()):
            assert time.monotonic() < deadline, f"{pattern} was not seen, only {self._problems}"
            page.wait_for_timeout(20)
        self._expected.append(re.compile(""))
        self._problems.clear()

    def _hear_everything(self) -> None:
        # Events come in order: after an answer to a question, all that happened before it has been told. An error is
        # an answer too (a page that is just going elsewhere gives one).
        for page in self._context.pages:
            with suppress(Error):
                page.evaluate("0")

    def _note(self, problem: str) -> None:
        if not any(pattern.search(problem) for pattern in self._expected):
            self._problems.append(problem)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            self._note(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _on_request(self, request: Request) -> None:
        self._check_host(request.url)

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"answer {response.status}: {response.url}")

    def _on_dialog(self, dialog: Dialog) -> None:
        self._note(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _on_page(self, page: Page) -> None:
        page.on("websocket", self._on_websocket)

    def _on_websocket(self, socket: WebSocket) -> None:
        self._check_host(socket.url)

    def _check_host(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("blob", "data") and parts.netloc != self._host:
            self._note(f"foreign request: {url}")
