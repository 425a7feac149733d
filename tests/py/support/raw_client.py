"""A Socket.IO client written from the protocol documents: http.client, a WebSocket, and nothing in between.

What it does is what the libraries do, but every request can be seen and each may use a connection of its own.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import websocket

from support.chat_client import ChatClient, Payload
from support.program import PATIENCE
from support.servers import Server
from support.socketio_packets import ACK, CONNECT, CONNECT_ERROR, DISCONNECT, EVENT, SEPARATOR, decode, encode


class RawClient(ChatClient):
    def __init__(
        self,
        server: Server,
        transport: str = "websocket",
        *,
        headers: Mapping[str, str] | None = None,
        fresh_connections: bool = False,
        answer_pings: bool = True,
    ) -> None:
        """Connect to the namespace "/" and wait until that is done.

        fresh_connections: every polling request on a connection of its own.
        """
        super().__init__()
        self._server = server
        self._headers = dict(headers or {})
        self._fresh = fresh_connections
        self._answer_pings = answer_pings
        self._acks: dict[int, Any] = {}
        self._next_id = 0
        self._socket: websocket.WebSocket | None = None
        # One connection for polls, one for posts: a poll is held while posts go on.
        self._connections: dict[str, http.client.HTTPConnection] = {}
        self._sending = threading.Lock()
        self._pausing = threading.Event()
        self._leaving = False
        self._connected: Payload | None = None
        if transport == "websocket":
            self._socket = self._open_websocket("")
            self._opened = json.loads(self._receive_text()[1:])
            self._reader = self._start(self._read_websocket)
        else:
            self._opened = json.loads(self._request("GET", None)[1:])
            self._reader = self._start(self._read_polls)
        self._send_encoded(CONNECT)
        with self._news:
            assert self._news.wait_for(lambda: self._connected is not None or self._gone is not None, PATIENCE)
            assert self._connected is not None, f"not let in: {self._gone}"
        if transport == "upgrade":
            self.upgrade()

    # ---- What it is ----

    @property
    def sid(self) -> str:
        """The Engine.IO session."""
        return str(self._opened["sid"])

    @property
    def handshake(self) -> Payload:
        """The data of the Engine.IO open packet."""
        assert isinstance(self._opened, dict)
        return self._opened

    @property
    def connect_answer(self) -> Payload:
        """The data of the Socket.IO CONNECT packet."""
        assert self._connected is not None
        return self._connected

    def transport(self) -> str:
        return "polling" if self._socket is None else "websocket"

    # ---- Sending ----

    def emit(self, event: str, *arguments: Any) -> None:
        self._send_encoded(EVENT, [event, *arguments])

    def start_call(self, event: str, *arguments: Any) -> int:
        """Send an event that wants an ack and do not wait; a number for finish_call()."""
        with self._news:
            number = self._next_id
            self._next_id += 1
        self._send_encoded(EVENT, [event, *arguments], number)
        return number

    def finish_call(self, number: int, timeout: float = PATIENCE) -> Payload:
        with self._news:
            assert self._news.wait_for(lambda: number in self._acks or self._gone is not None, timeout), "no ack"
            assert number in self._acks, f"the connection ended ({self._gone}) before the ack"
            (answer,) = self._acks.pop(number)
        assert isinstance(answer, dict)
        return answer

    def acked(self, number: int) -> bool:
        """Whether that call's ack is here."""
        with self._news:
            return number in self._acks

    def call(self, event: str, *arguments: Any) -> Payload:
        return self.finish_call(self.start_call(event, *arguments))

    def send_packet(self, text: str, *attachments: bytes) -> None:
        """Send an Engine.IO packet (with its type in front) as it is, and binary ones after it."""
        self._send(text, *attachments)

    def _send_encoded(self, packet_type: int, data: Any = None, number: int | None = None) -> None:
        text, attachments = encode(packet_type, data, number)
        self._send("4" + text, *attachments)

    def _send(self, text: str, *attachments: bytes) -> None:
        with self._sending:
            if self._socket is not None:
                self._socket.send(text)
                for attachment in attachments:
                    self._socket.send_binary(attachment)
            else:
                parts = [text, *(f"b{b64encode(attachment).decode()}" for attachment in attachments)]
                answer = self._request("POST", self.sid, SEPARATOR.join(parts).encode())
                assert answer == "ok", answer

    # ---- Receiving ----

    def _start(self, what: Any) -> threading.Thread:
        thread = threading.Thread(target=what, daemon=True)
        thread.start()
        return thread

    def _take_packet(self, text: str) -> None:
        kind, data = text[0], text[1:]
        if kind == "2":
            if self._answer_pings:
                self._send("3" + data)
        elif kind == "1":
            self._take_end("transport close")
        elif kind == "4":
            self._take_message(data)
        else:
            assert kind == "6", f"an unexpected packet: {text!r}"

    def _take_message(self, data: str) -> None:
        packet = decode(data)
        assert packet.namespace == "/"
        if packet.type == EVENT:
            name, *arguments = packet.data
            self._take_event(name, arguments[0] if arguments else None)
        elif packet.type == DISCONNECT:
            self._take_end("io server disconnect")
        elif packet.type == CONNECT_ERROR:
            self._take_end(f"connect error {packet.data}")
        else:
            with self._news:
                if packet.type == ACK:
                    assert packet.id is not None
                    assert packet.id not in self._acks, f"two acks for {packet.id}"
                    self._acks[packet.id] = packet.data
                else:
                    assert packet.type == CONNECT, f"an unexpected packet: {data!r}"
                    self._connected = packet.data
                self._news.notify_all()

    # ---- WebSocket ----

    def _open_websocket(self, sid: str) -> websocket.WebSocket:
        query = "EIO=4&transport=websocket" + (f"&sid={sid}" if sid else "")
        return websocket.create_connection(
            f"ws://{self._server.host}:{self._server.port}/socket.io/?{query}",
            timeout=PATIENCE,
            suppress_origin=True,
            header=self._headers,
        )

    def _receive_text(self) -> str:
        assert self._socket is not None
        text = self._socket.recv()
        assert isinstance(text, str)
        return text

    def _read_websocket(self) -> None:
        assert self._socket is not None
        self._socket.settimeout(None)
        try:
            while self._gone is None:
                opcode, data = self._socket.recv_data()
                if opcode == websocket.ABNF.OPCODE_CLOSE:
                    return self._take_end(f"closed with {int.from_bytes(data[:2], 'big')}")
                self._take_packet(data.decode())
        except (OSError, websocket.WebSocketException) as error:
            self._take_end(f"transport error: {error!r}")

    # ---- Polling ----

    def _request(self, method: str, sid: str | None, body: bytes | None = None) -> str:
        query = "EIO=4&transport=polling" + (f"&sid={sid}" if sid else "")
        connection = self._connections.get(method)
        if connection is None or self._fresh:
            connection = http.client.HTTPConnection(self._server.host, self._server.port, timeout=3 * PATIENCE)
            self._connections[method] = connection
        connection.request(method, f"/socket.io/?{query}", body=body, headers=self._headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        if self._fresh:
            connection.close()
        if answer.status != 200:
            raise OSError(f"{method} answered {answer.status}: {text}")
        return text

    def _read_polls(self) -> None:
        try:
            while self._gone is None and not self._pausing.is_set():
                for packet in self._request("GET", self.sid).split(SEPARATOR):
                    self._take_packet(packet)
        except (OSError, http.client.HTTPException) as error:
            self._take_end("client disconnect" if self._leaving else f"transport error: {error!r}")

    def upgrade(self) -> None:
        """From polling to a WebSocket."""
        new = self._open_websocket(self.sid)
        new.send("2probe")
        assert new.recv() == "3probe"
        self._pausing.set()
        self._reader.join(PATIENCE)
        assert not self._reader.is_alive(), "the poll under way was not let go for the upgrade"
        with self._sending:
            new.send("5")
            self._socket = new
        self._reader = self._start(self._read_websocket)

    # ---- The end ----

    def close(self) -> None:
        self._leaving = True
        with contextlib.suppress(OSError, websocket.WebSocketException, http.client.HTTPException):
            if self._gone is None:
                if self._socket is not None:
                    self._send("41")
                    self._socket.send_close()
                else:
                    self._send("41")
                    self._send("1")
        self._reader.join(PATIENCE)
        self._take_end("client disconnect")
        self.drop()

    def drop(self) -> None:
        """Be gone without a word, as a lost network is, but for the FIN."""
        self._leaving = True
        used = [connection.sock for connection in self._connections.values()]
        if self._socket is not None:
            used.append(self._socket.sock)
        for each in used:
            with contextlib.suppress(OSError):
                if each is not None:
                    each.shutdown(socket.SHUT_RDWR)  # unlike close(), wakes the thread that reads from it
        self._reader.join(PATIENCE)
        for each in used:
            if each is not None:
                each.close()
        self._take_end("dropped")
