"""axe-core, run inside of a page. The script is the one that axe-playwright-python brings; it is evaluated by the
debugger's protocol, which the page's policy does not concern."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

_RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  return violations.map(({ id, impact, help, nodes }) =>
    ({ id, impact, help, nodes: nodes.map((node) => `${node.target}: ${node.failureSummary}`) }));
}"""


@cache
def _script() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds wrong with the page as it is now, with id, impact, help and nodes."""
    page.evaluate(_script())
    found: list[dict[str, Any]] = page.evaluate(_RUN)
    return found
