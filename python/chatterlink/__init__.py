"""ChatterLink: a self-hosted real-time chat, written in C++ and started from Python.

>>> from chatterlink import ChatApp
>>> with ChatApp(port=0, store="memory") as app:
...     print(app.url)

`ChatApp` is the web chat, `LineServer` and `LineClient` are the two ends of the chat over plain TCP. The same as
programs: `chatterlink app`, `chatterlink server`, `chatterlink client`.
"""

from chatterlink.errors import ChatterLinkError

try:
    from chatterlink._core import __version__
except ModuleNotFoundError as missing:
    if missing.name != "chatterlink._core":
        raise
    raise ImportError(
        f"the chatterlink in {__path__[0]} has no compiled part for this Python; "
        "in a clone run `make build` and use .venv/bin/python, elsewhere `pip install` it"
    ) from None

from chatterlink.app import ChatApp
from chatterlink.client import LineClient
from chatterlink.server import LineServer

__all__ = ["ChatApp", "ChatterLinkError", "LineClient", "LineServer", "__version__"]
