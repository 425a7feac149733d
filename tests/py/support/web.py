"""Plain HTTP to a server under test: one request, one answer, nothing done behind the test's back."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from support.program import PATIENCE
from support.servers import Server


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json", self.headers.as_string()
        return json.loads(self.body)

    def error(self) -> dict[str, Any]:
        """The error of a refusal in the wire contract's shape."""
        refusal = self.json()
        assert refusal["ok"] is False, refusal
        error = refusal["error"]
        assert isinstance(error, dict)
        assert error["message"], error
        return error


def request(
    server: Server, method: str, target: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """One request on a connection of its own; `target` is sent as it is."""
    with contextlib.closing(http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)) as connection:
        connection.request(method, target, body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def get(server: Server, target: str, **headers: str) -> Answer:
    """GET; a header's name is written with `_` for `-`."""
    return request(server, "GET", target, headers={name.replace("_", "-"): value for name, value in headers.items()})


@contextlib.contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    """A plain TCP connection."""
    with socket.create_connection((server.host, server.port), timeout=PATIENCE) as connection:
        yield connection


def exchange(server: Server, sent: bytes) -> Answer:
    """Send bytes that no HTTP library would; the first answer to them."""
    with connected(server) as connection:
        connection.sendall(sent)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return Answer(answer.status, answer.headers, answer.read())


def multipart(
    content: bytes, *, filename: str = "picture.png", field: str = "file", content_type: str = "image/png"
) -> tuple[bytes, dict[str, str]]:
    """A form with one file, and the header that goes with it. `filename` goes in as it is."""
    boundary = "----black-box"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="'.encode()
        + filename.encode("utf-8", "surrogateescape")
        + f'"\r\nContent-Type: {content_type}\r\n\r\n'.encode()
        + content
        + f"\r\n--{boundary}--\r\n".encode()
    )
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def upload(
    server: Server,
    content: bytes,
    *,
    filename: str = "picture.png",
    field: str = "file",
    content_type: str = "image/png",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """POST /upload as a browser's form does."""
    body, form = multipart(content, filename=filename, field=field, content_type=content_type)
    return request(server, "POST", "/upload", headers={**form, **(headers or {})}, body=body)
