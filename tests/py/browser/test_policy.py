"""The page's content security policy is sent and works, and the tests would notice if something broke it."""

from __future__ import annotations

import pytest
import requests

from browser.windows import StartApp, Visit
from support.program import PATIENCE


def policy(header: str) -> dict[str, list[str]]:
    """The directives and their sources."""
    parts = [part.split() for part in header.split(";") if part.strip()]
    return {part[0]: part[1:] for part in parts}


def test_the_page_comes_with_a_strict_policy(start_app: StartApp) -> None:
    server = start_app()
    answer = requests.get(server.url, timeout=PATIENCE)
    assert answer.headers["x-content-type-options"] == "nosniff"
    given = policy(answer.headers["content-security-policy"])
    assert given["default-src"] == ["'none'"]
    assert given["script-src"] == ["'self'"]
    assert given["style-src"] == ["'self'"]
    assert given["base-uri"] == ["'none'"]
    assert given["frame-ancestors"] == ["'none'"]
    assert given["form-action"] in (["'none'"], ["'self'"])
    sources = {source for each in given.values() for source in each}
    assert sources <= {"'self'", "'none'", "blob:", "data:", "ws:", "wss:"}


@pytest.mark.parametrize(
    ("attack", "problem"),
    [
        (
            "document.body.append(Object.assign(document.createElement('script'), {text: 'window.hit = 1'}))",
            "script-src",
        ),
        (
            "document.body.insertAdjacentHTML('beforeend', '<button id=\"b\" onclick=\"window.hit = 1\">');"
            "document.getElementById('b').click()",
            "script-src",
        ),
        ("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')", "style-src"),
        ("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.2:9/x.png'}))", "img-src"),
        ("fetch('http://127.0.0.2:9/').catch(() => 0)", "connect-src"),
        ("document.body.insertAdjacentHTML('beforeend', '<iframe src=\"http://127.0.0.2:9/\"></iframe>')", "frame-src"),
        ("setTimeout('window.hit = 1', 0)", "script-src"),
    ],
    ids=["script", "handler", "style", "image", "fetch", "frame", "eval"],
)
def test_the_policy_stops_it_and_the_guard_sees_it(
    start_app: StartApp, visit: Visit, attack: str, problem: str
) -> None:
    window = visit(start_app()).join("Ada")
    assert window.guard.problems() == []
    window.page.evaluate(f"() => {{ {attack}; }}")
    window.guard.expect_problem(f"^policy: {problem}")
    assert window.page.evaluate("window.hit") is None


@pytest.mark.parametrize(
    ("trouble", "problem"),
    [
        ("console.error('ouch')", "console error: ouch"),
        ("console.warn('hm')", "console warning: hm"),
        ("setTimeout(() => { throw new Error('bang'); })", "exception: .*bang"),
        ("Promise.reject(new Error('silent'))", "exception: .*silent"),
        ("alert('hello')", "dialog: hello"),
        ("fetch('/nowhere')", "answer 404: .*/nowhere"),
        ("location.href = 'http://127.0.0.2:9/'", "foreign request: http://127.0.0.2:9/"),
    ],
)
def test_the_guard_sees_other_trouble_too(start_app: StartApp, visit: Visit, trouble: str, problem: str) -> None:
    window = visit(start_app())
    assert window.guard.problems() == []
    window.page.evaluate(f"() => {{ {trouble}; }}")
    window.guard.expect_problem(f"^{problem}")
