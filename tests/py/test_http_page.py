"""The page and the small addresses beside it, over plain HTTP."""

from __future__ import annotations

import gzip
import json
import re

import pytest

from conftest import StartApp
from support.paths import ROOT
from support.servers import AppServer
from support.web import Answer, connected, exchange, get, request


@pytest.fixture
def server(start_app: StartApp) -> AppServer:
    return start_app("--store", "memory")


def assets(page: Answer) -> list[str]:
    """The addresses that the page loads from its own server."""
    return re.findall(r'(?:src|href)="(/[^"]+)"', page.body.decode())


def test_the_page_is_served_under_a_strict_policy(app_server: AppServer) -> None:
    page = get(app_server, "/")
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert b"<script>" not in page.body, "no inline script"
    assert not re.search(rb'(src|href)="https?://', page.body), "nothing from elsewhere"
    assert get(app_server, "/index.html").body == page.body


def test_everything_the_page_names_is_there_with_its_type(server: AppServer) -> None:
    found = assets(get(server, "/"))
    assert any(name.endswith(".js") for name in found)
    assert any(name.endswith(".css") for name in found)
    types = {
        "js": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "svg": "image/svg+xml",
        "webmanifest": "application/manifest+json",
    }
    for name in found:
        answer = get(server, name)
        assert answer.status == 200, name
        assert answer.headers["Content-Type"] == types[name.rpartition(".")[2]], name
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        if name.startswith("/assets/"):  # their names change with their content
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        else:
            assert answer.headers["Cache-Control"] == "no-cache"


def test_gzip_is_sent_to_those_who_take_it(server: AppServer) -> None:
    plain = get(server, "/")
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == "Accept-Encoding"
    zipped = get(server, "/", Accept_Encoding="deflate, gzip;q=0.8, br")
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert zipped.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(zipped.body) == plain.body
    assert zipped.headers["ETag"] != plain.headers["ETag"], "other bytes, another tag"
    assert "Content-Encoding" not in get(server, "/", Accept_Encoding="gzip;q=0, identity").headers
    script = next(name for name in assets(plain) if name.endswith(".js"))
    small, big = get(server, script, Accept_Encoding="gzip"), get(server, script)
    assert gzip.decompress(small.body) == big.body
    assert len(small.body) < len(big.body) / 2


def test_an_unchanged_page_is_not_sent_again(server: AppServer) -> None:
    for headers in ({}, {"Accept_Encoding": "gzip"}):
        tag = get(server, "/", **headers).headers["ETag"]
        assert re.fullmatch(r'"[\w-]+"', tag)
        for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            answer = get(server, "/", If_None_Match=condition, **headers)
            assert (answer.status, answer.body) == (304, b""), condition
            assert answer.headers["ETag"] == tag
        assert get(server, "/", If_None_Match='"other"', **headers).status == 200


@pytest.mark.parametrize("target", ["/", "/healthz", "/config.json"])
def test_head_is_get_without_the_body(server: AppServer, target: str) -> None:
    whole, head = request(server, "GET", target), request(server, "HEAD", target)
    assert head.status == 200
    assert head.body == b""
    assert head.headers.items() == whole.headers.items()
    assert int(head.headers["Content-Length"]) == len(whole.body)


@pytest.mark.parametrize(
    "target",
    [
        *("/nothing", "/index.htm", "/assets/", "/assets", "/assets/../index.html", "/favicon.ico.gz", "/api/rooms"),
        *("/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/../../etc/passwd", "//etc/passwd"),
    ],
)
def test_what_is_not_there_is_not_found(server: AppServer, target: str) -> None:
    answer = get(server, target)
    assert answer.status == 404
    assert answer.error()["code"] == "not_found"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
@pytest.mark.parametrize("target", ["/", "/healthz", "/readyz", "/config.json", "/uploads/x.png"])
def test_other_methods_are_refused_with_those_allowed(server: AppServer, method: str, target: str) -> None:
    answer = request(server, method, target)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert answer.error()["code"] == "method_not_allowed"


def test_upload_takes_posts_only(server: AppServer) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        answer = request(server, method, "/upload")
        assert (answer.status, answer.headers["Allow"]) == (405, "POST"), method


def test_health_and_configuration_are_told(app_server: AppServer) -> None:
    for target in ("/healthz", "/readyz"):
        answer = get(app_server, target)
        assert (answer.status, answer.json()) == (200, {"ok": True})
        assert answer.headers["Cache-Control"] == "no-store"
    assert get(app_server, "/config.json").json() == {
        "max_message": 8192,
        "max_name": 32,
        "max_room": 64,
        "max_upload": 10 * 1024 * 1024,
        "version": (ROOT / "VERSION").read_text(encoding="utf-8").strip(),
    }


def test_max_upload_is_told_to_the_page(start_app: StartApp) -> None:
    assert get(start_app("--max-upload", "512KB"), "/config.json").json()["max_upload"] == 512 * 1024


def test_requests_share_a_connection_also_when_sent_at_once(server: AppServer) -> None:
    with connected(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 3 + b"GET /no HTTP/1.0\r\n\r\n")
        got = b""
        while chunk := connection.recv(65536):
            got += chunk
    assert got.count(b'{"ok":true}') == 3
    assert got.index(b" 404 ") > got.rindex(b'{"ok":true}'), "answered in order"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
        b"GET /\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    ],
    ids=["no colon", "no version", "TLS", "two lengths", "length of 67 bits", "negative length"],
)
def test_what_is_no_http_is_refused(server: AppServer, sent: bytes) -> None:
    answer = exchange(server, sent)
    assert answer.status == 400
    assert answer.headers["Connection"] == "close"
    assert answer.error()["code"] == "bad_request"
    assert get(server, "/healthz").status == 200


def test_a_huge_header_is_refused(server: AppServer) -> None:
    answer = exchange(server, b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 100_000 + b"\r\n\r\n")
    assert answer.status == 431
    assert json.loads(answer.body)["ok"] is False


def test_a_body_that_nobody_wants_is_refused_unread(server: AppServer) -> None:
    answer = exchange(server, b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
    assert answer.status == 413
    assert answer.error()["code"] == "payload_too_large"
