"""The options of python-engineio's Server, checked, as what the C++ side takes."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Union

from chatterlink._service import path_text
from chatterlink.errors import ChatterLinkError

#: Seconds, or seconds and a grace that is added to what clients are told.
Interval = Union[float, tuple[float, float]]
#: A cookie's name, or its attributes with "name" among them.
Cookie = Union[str, Mapping[str, Union[str, bool, Callable[[], Union[str, bool]]]]]
Origins = Union[str, Iterable[str], None]

Path = Union[str, "os.PathLike[str]"]

#: Bytes that may wait for one client; as in cpp/net/connection.hpp.
MAX_SEND_BUFFER_SIZE = 1_048_576

TRANSPORTS = ("polling", "websocket")


def seconds(name: str, value: float) -> float:
    """A time that is not negative and not endless."""
    number = float(value)
    if not math.isfinite(number) or number < 0 or number > 1e6:
        raise ChatterLinkError("config_invalid", f"{name} must be between 0 and 1,000,000 seconds, not {value!r}")
    return number


def whole(name: str, value: int, most: int) -> int:
    """A whole number from 0 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if not 0 <= value <= most:
        raise ChatterLinkError("config_invalid", f"{name} must be between 0 and {most}")
    return value


def text(name: str, value: str) -> str:
    """A str that UTF-8 can hold."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{name} cannot be sent: surrogates are no text") from None
    return value


def engine_options(
    *,
    ping_interval: Interval,
    ping_timeout: float,
    max_http_buffer_size: int,
    max_send_buffer_size: int,
    allow_upgrades: bool,
    cookie: Cookie | None,
    cors_allowed_origins: Origins,
    cors_credentials: bool,
    monitor_clients: bool | None,
    transports: str | Iterable[str] | None,
    path: str,
) -> dict[str, Any]:
    """Raise ChatterLinkError (config_invalid), ValueError or TypeError for what cannot be."""
    interval, grace = ping_interval if isinstance(ping_interval, tuple) else (ping_interval, 0)
    wanted = [transports] if isinstance(transports, str) else list(transports or TRANSPORTS)
    known = [each for each in wanted if each in TRANSPORTS]
    if not known:
        raise ValueError("No valid transports provided")
    return {
        "ping_interval": seconds("ping_interval", interval),
        "ping_grace": seconds("ping_interval", grace),
        "ping_timeout": seconds("ping_timeout", ping_timeout),
        "monitor_clients": monitor_clients is None or bool(monitor_clients),
        "max_payload": whole("max_http_buffer_size", max_http_buffer_size, 2**31 - 1),
        "max_send_queue": whole("max_send_buffer_size", max_send_buffer_size, 2**31 - 1),
        "allow_upgrades": bool(allow_upgrades),
        "polling": "polling" in known,
        "websocket": "websocket" in known,
        "cookie": None if cookie is None else _cookie(cookie),
        "cors_credentials": bool(cors_credentials),
        "path": "/" + path.strip("/") + "/",
        **_origins(cors_allowed_origins),
    }


def tls_files(certificate: Path | None, key: Path | None) -> dict[str, str]:
    """Certificate and key as options; both or neither."""
    found = {"tls_cert": path_text(certificate), "tls_key": path_text(key)}
    for given, missing in (("tls_cert", "tls_key"), ("tls_key", "tls_cert")):
        if found[given] and not found[missing]:
            raise ChatterLinkError("config_invalid", f"{given} needs {missing} as well")
    return found


def _cookie(given: Cookie) -> dict[str, str | bool]:
    if isinstance(given, str):
        return {"name": given, "path": "/", "SameSite": "Lax"}
    if not isinstance(given, Mapping):
        raise TypeError(f"cookie must be a str or a dict of its attributes, not {type(given).__name__}")
    attributes = {key: value() if callable(value) else value for key, value in given.items()}
    # True stands for an attribute without a value; one that is off is not sent.
    return {"name": "io", **{key: value for key, value in attributes.items() if value is not False}}


def _origins(allowed: Origins) -> dict[str, Any]:
    policy = {"same_origin": True, "any_origin": False, "check_origin": True, "origins": []}
    if allowed is None:
        return policy
    if callable(allowed):
        raise TypeError("cors_allowed_origins must be a str or a list of str: a function cannot be asked by the shards")
    listed = [allowed] if isinstance(allowed, str) else list(allowed)
    for origin in listed:
        text("an origin in cors_allowed_origins", origin)
    if not listed:  # as in python-engineio: nothing is checked, and nothing is sent
        return {**policy, "check_origin": False}
    if "*" in listed:
        return {**policy, "any_origin": True}
    return {**policy, "same_origin": False, "origins": listed}
