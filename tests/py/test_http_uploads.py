"""Images: what is taken, what is refused, and how what was taken is served."""

from __future__ import annotations

import contextlib
import http.client
import io
import re
import socket
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from conftest import StartApp
from support.clients import Connections
from support.pictures import Picture, all_types, png
from support.program import PATIENCE
from support.servers import AppServer
from support.web import Answer, connected, exchange, get, multipart, request, upload

URL = re.compile(r"/uploads/[A-Za-z0-9_-]+\.(png|jpg|gif|webp)")


@pytest.fixture
def server(start_app: StartApp) -> AppServer:
    return start_app("--max-upload", "1MiB")


def uploaded(server: AppServer, content: bytes | None = None, **how: Any) -> dict[str, Any]:
    """Upload and expect to be taken."""
    answer = upload(server, png() if content is None else content, **how)
    assert answer.status == 200, answer.body
    taken = answer.json()
    assert taken.pop("ok") is True
    assert isinstance(taken, dict)
    return taken


def kept_files(server: AppServer) -> list[str]:
    """Everything under the data folder that an upload can have left there."""
    return sorted(path.name for path in server.data.rglob("*") if path.is_file() and ".db" not in path.name)


def sniffed(content: bytes) -> str:
    for start, kind in ((b"\x89PNG\r\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif")):
        if content.startswith(start):
            return kind
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else ""


# What is taken


@pytest.mark.parametrize("picture", all_types(), ids=lambda picture: picture.file_name)
def test_an_image_is_taken_cleaned_and_served(server: AppServer, picture: Picture) -> None:
    taken = uploaded(server, picture.bytes, filename=picture.file_name, content_type=picture.type)
    thumbnail = taken.pop("thumbnail", None)
    assert URL.fullmatch(taken["url"])
    # Where libvips cannot write GIF, an animation becomes WebP.
    assert taken["type"] in {picture.type, "image/webp" if picture.type == "image/gif" else picture.type}
    assert taken == {
        "url": taken["url"],
        "name": picture.file_name,
        "type": taken["type"],
        "size": taken["size"],
        "width": picture.width,
        "height": picture.height,
    }
    assert (thumbnail is not None) == (max(picture.width, picture.height) > 640)
    for url in [taken["url"], *([thumbnail] if thumbnail else [])]:
        served = get(server, url)
        assert served.status == 200
        assert URL.fullmatch(url)
        assert served.headers["Content-Type"] == sniffed(served.body)
        assert served.headers["X-Content-Type-Options"] == "nosniff"
        assert served.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert served.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "immutable" in served.headers["Cache-Control"]
        assert b"SECRET" not in served.body, "metadata is gone"
    whole = get(server, taken["url"])
    assert len(whole.body) == taken["size"]
    assert whole.headers["Content-Type"] == taken["type"]


def test_an_upload_is_cached_and_asked_for_by_head(server: AppServer) -> None:
    url = uploaded(server)["url"]
    whole, head = get(server, url), request(server, "HEAD", url)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.body))
    again = get(server, url, If_None_Match=whole.headers["ETag"])
    assert (again.status, again.body) == (304, b"")


def test_an_upload_of_nearly_the_limit_is_taken(server: AppServer) -> None:
    content = png(padding=1024 * 1024 - 2000)
    assert 1024 * 1024 - 3000 < len(content) < 1024 * 1024
    assert uploaded(server, content)["size"] < 10_000, "the padding was metadata"


def test_a_body_in_chunks_is_taken(server: AppServer) -> None:
    body, headers = multipart(png())
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)) as connection:
        pieces = [body[start : start + 100] for start in range(0, len(body), 100)]
        connection.request("POST", "/upload", body=iter(pieces), headers=headers, encode_chunked=True)
        assert connection.getresponse().status == 200


def test_the_type_is_that_of_the_content(server: AppServer) -> None:
    taken = uploaded(server, png(), filename="holiday.jpg", content_type="text/html")
    assert taken["type"] == "image/png"
    assert taken["url"].endswith(".png")
    assert taken["name"] == "holiday.jpg"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../x.png", "x.png"),
        ("..\\..\\x.png", "x.png"),
        ("/etc/passwd", "passwd"),
        ("%2e%2e%2fx.png", None),
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
        ("Küche 夜.png", "Küche 夜.png"),
        ("\u202egnp.exe", "gnp.exe"),
        ("", "image"),
        ("..", None),
        ("n" * 500 + ".png", None),
    ],
)
def test_a_file_name_is_for_showing_only(server: AppServer, sent: str, shown: str | None) -> None:
    taken = uploaded(server, filename=sent)
    assert URL.fullmatch(taken["url"])
    if shown is not None:
        assert taken["name"] == shown
    assert "/" not in taken["name"]
    assert len(taken["name"]) <= 120
    assert kept_files(server) == [taken["url"].removeprefix("/uploads/")]


@pytest.mark.parametrize(
    "filename", ["a\r\nX-Evil: 1\r\n\r\n.png", "a\0b.png", 'a"; name="other'], ids=["CRLF", "NUL", "quote"]
)
def test_a_file_name_that_breaks_the_form_does_no_harm(server: AppServer, filename: str) -> None:
    answer = upload(server, png(), filename=filename)
    assert "X-Evil" not in answer.headers
    assert answer.status in (200, 400)
    if answer.status == 200:
        name = answer.json()["name"]
        assert not re.search(r"[\r\n\0]", name)
        assert URL.fullmatch(answer.json()["url"])
    else:
        answer.error()
        assert kept_files(server) == []


# What is refused


def refused(server: AppServer, answer: Answer, status: int, code: str) -> None:
    """Refused so, with nothing left behind, and the next upload is taken."""
    assert (answer.status, answer.error()["code"]) == (status, code), answer.body
    assert kept_files(server) == []
    uploaded(server)


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<!doctype html><script>alert(1)</script>",
        b"BM" + bytes(100),
        b"%PDF-1.4",
        b"",
        b"\x00" * 1000,
    ],
    ids=["SVG", "HTML", "BMP", "PDF", "empty", "zeros"],
)
def test_what_is_no_image_is_unsupported_whatever_its_name(server: AppServer, content: bytes) -> None:
    refused(server, upload(server, content, filename="nice.png"), 415, "upload_unsupported")


@pytest.mark.parametrize(
    "content",
    [png()[:60], png(claimed=(30_000, 30_000)), b"GIF89a<script>alert(1)</script>", b"\xff\xd8\xff" + b"x" * 500],
    ids=["cut short", "30,000 x 30,000", "HTML in GIF", "no JPEG"],
)
def test_a_broken_or_monstrous_image_is_invalid(server: AppServer, content: bytes) -> None:
    refused(server, upload(server, content), 422, "upload_invalid")


def test_a_tail_behind_the_image_is_not_served(server: AppServer) -> None:
    taken = uploaded(server, png() + b"PK\x03\x04<script>alert(1)</script>")
    assert b"script" not in get(server, taken["url"]).body


def test_too_large_is_told_from_the_declared_length_alone(server: AppServer) -> None:
    for length in (2 * 1024 * 1024, 10**12):
        answer = exchange(
            server,
            b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            + f"Content-Length: {length}\r\n\r\n".encode(),
        )
        assert (answer.status, answer.error()["code"]) == (413, "upload_too_large")
        assert "1 MiB" in answer.error()["message"]
        assert answer.headers["Connection"] == "close"


def test_too_large_is_told_also_to_who_sends_all_of_it(server: AppServer) -> None:
    """An ordinary library sends the whole body before it reads: the answer must still reach it."""
    refused(server, upload(server, png(padding=5 * 1024 * 1024)), 413, "upload_too_large")


def test_too_large_is_found_out_in_chunks(server: AppServer) -> None:
    with connected(server) as connection:
        connection.sendall(
            b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        for _ in range(18):  # 1.125 MiB, and no end
            connection.sendall(chunk)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 413
        assert b"upload_too_large" in answer.read()


def test_a_file_a_little_over_the_limit_is_too_large(server: AppServer) -> None:
    content = png(padding=1024 * 1024)
    assert 0 < len(content) - 1024 * 1024 < 1000
    refused(server, upload(server, content), 413, "upload_too_large")


def test_a_form_without_the_file_is_refused(server: AppServer) -> None:
    refused(server, upload(server, png(), field="picture"), 400, "upload_missing")


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data", "multipart/form-data; boundary=other", ""]
)
def test_what_is_no_form_is_refused(server: AppServer, content_type: str) -> None:
    body, _ = multipart(png())
    answer = request(server, "POST", "/upload", body=body, headers={"Content-Type": content_type})
    assert answer.status == 400
    assert answer.error()["code"] in ("bad_request", "upload_missing")
    assert kept_files(server) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
    ids=["foreign", "null", "another port", "cross-site", "contradicting"],
)
def test_an_upload_from_another_site_is_forbidden(server: AppServer, headers: dict[str, str]) -> None:
    refused(server, upload(server, png(), headers=headers), 403, "forbidden")


# Before the body


def announce(connection: socket.socket, length: int, **headers: str) -> Answer:
    """The head of an upload alone: what a server says that has been told to speak before the body comes."""
    fields = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(length), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    connection.sendall(f"POST /upload HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{lines}\r\n".encode())
    start = connection.recv(len(b"HTTP/1.1 100 Continue\r\n\r\n"))
    if start.startswith(b"HTTP/1.1 100 "):
        return Answer(100, http.client.HTTPMessage(), b"")
    refusal = start + b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = refusal.partition(b"\r\n\r\n")
    fields_of_head = http.client.parse_headers(io.BytesIO(head.partition(b"\r\n")[2] + b"\r\n\r\n"))
    return Answer(int(head.split()[1]), fields_of_head, body)


def test_who_may_not_upload_is_told_before_the_body_comes(server: AppServer) -> None:
    for length in (100, 1_000_000, 10**12):
        with connected(server) as connection:
            answer = announce(connection, length, Origin="https://evil.example")
            assert (answer.status, answer.error()["code"]) == (403, "forbidden")
    with connected(server) as connection:
        assert announce(connection, 10**12).status == 413


def test_bodies_on_their_way_are_bounded(start_app: StartApp) -> None:
    server = start_app("--max-upload", "20MiB", "--rate-limit", "off")
    size = 20 * 1024 * 1024  # 64 MiB may come from one address
    with contextlib.ExitStack() as stack:
        under_way = [stack.enter_context(connected(server)) for _ in range(3)]
        assert [announce(each, size).status for each in under_way] == [100] * 3
        with connected(server) as another:
            answer = announce(another, size)
            assert (answer.status, answer.error()["code"]) == (429, "rate_limited")
            assert answer.error()["retry_after_ms"] == 2000
            assert answer.headers["Retry-After"] == "2"
        uploaded(server)  # a small one goes on
        under_way[0].close()

        def taken() -> bool:
            with connected(server) as next_one:
                return announce(next_one, size).status == 100

        until = time.monotonic() + PATIENCE  # it takes a moment until the server has seen that one broke off
        while not taken():
            assert time.monotonic() < until


def test_an_upload_from_the_page_itself_is_taken(server: AppServer) -> None:
    uploaded(server, headers={"Origin": server.url.rstrip("/"), "Sec-Fetch-Site": "same-origin"})


def test_too_many_uploads_are_refused_until_the_time_that_the_refusal_names(server: AppServer) -> None:
    for _ in range(100):
        answer = request(server, "POST", "/upload", body=b"", headers={"Content-Type": "multipart/form-data"})
        if answer.status == 429:
            break
        assert answer.status == 400
    error = answer.error()
    assert (answer.status, error["code"]) == (429, "rate_limited")
    assert 0 < error["retry_after_ms"] <= 1000 * int(answer.headers["Retry-After"])
    time.sleep(error["retry_after_ms"] / 1000)
    uploaded(server)


def test_uploads_are_not_limited_without_rate_limit(start_app: StartApp) -> None:
    server = start_app("--rate-limit", "off")
    for _ in range(100):
        answer = request(server, "POST", "/upload", body=b"", headers={"Content-Type": "multipart/form-data"})
        assert answer.status == 400


# Where files are


@pytest.mark.parametrize(
    "name",
    [
        "../chatterlink.db",
        "%2e%2e/chatterlink.db",
        "..%2fchatterlink.db",
        "%2e%2e%2fchatterlink.db",
        "..%5cchatterlink.db",
        "%252e%252e%252fchatterlink.db",
        "./../chatterlink.db",
        "..%00/chatterlink.db",
        "....//chatterlink.db",
        "/etc/passwd",
        "",
        ".",
        "..",
        "%",
        "%zz",
        "a.png%00",
        "a.png/..",
        "no-such-picture.png",
        "x" * 5000 + ".png",
    ],
)
def test_nothing_but_uploads_is_served(server: AppServer, name: str) -> None:
    assert (server.data / "chatterlink.db").is_file()
    answer = get(server, f"/uploads/{name}")
    assert (answer.status, answer.error()["code"]) == (404, "not_found")
    assert b"SQLite" not in answer.body


def test_links_out_of_the_folder_are_not_followed(server: AppServer, tmp_path: Path) -> None:
    folder = server.data / "uploads"
    (folder / "link.png").symlink_to(server.data / "chatterlink.db")
    (folder / "folder.png").mkdir()
    for name in ("link.png", "folder.png"):
        assert get(server, f"/uploads/{name}").status == 404


# In messages


def test_a_message_carries_its_attachments(start_app: StartApp, connections: Connections) -> None:
    server = start_app()
    anna, ben = connections.joined(server, "Anna"), connections.joined(server, "Ben")
    small = uploaded(server, filename="small.png")
    large = uploaded(server, png(1000, 700), filename="<b>large</b>.png")
    anna.say("two pictures", attachments=[{"url": small["url"]}, large["url"]])
    message = ben.wait_for("message")
    assert message["attachments"] == [small, large]
    # What a client claims about them counts for nothing.
    lie = {**small, "name": "evil.exe", "type": "text/html", "thumbnail": "http://evil.example/"}
    anna.say("", attachments=[lie])
    assert ben.wait_for("message", lambda m: m["seq"] == 2)["attachments"] == [small]
    anna.call("message", {"room": "lobby", "attachments": [small]})
    assert ben.wait_for("message", lambda m: m["seq"] == 3)["message"] == ""
    # And after a restart they are there still.
    assert server.end() == 0
    server = start_app()
    history = connections.raw(server).join("Anna")["history"]
    assert [m["attachments"] for m in history] == [[small, large], [small], [small]]
    assert get(server, large["thumbnail"]).status == 200


def test_an_unknown_attachment_is_refused(server: AppServer, connections: Connections) -> None:
    anna = connections.joined(server, "Anna")
    known = uploaded(server)
    for url in ("/uploads/no-such-picture.png", "/uploads/../chatterlink.db", "/uploads/x"):
        error = anna.refused("message", {"room": "lobby", "message": "look", "attachments": [known, {"url": url}]})
        assert error["code"] == "attachment_unknown"
    assert anna.call("history", {"room": "lobby"})["messages"] == []
    assert anna.say("without")["seq"] == 1
