"""Who handles which event of which namespace; python-socketio's rules of precedence."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Protocol

Handler = Callable[..., Any]

#: Names that a client cannot emit, and that "*" does not catch.
RESERVED = frozenset({"connect", "disconnect"})
#: What trigger() returns when nobody handles the event: then there is no answer.
NOT_HANDLED = object()


class EventReceiver(Protocol):
    """A class-based namespace, as far as handling goes."""

    def trigger_event(self, event: str, *args: Any) -> Any:
        """Handle an event."""


def fitting(handler: Handler, event: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments without the last one where that is optional and the handler does not take it.

    A connect handler takes (sid, environ) or (sid, environ, auth), a disconnect handler (sid) or (sid, reason).
    """
    if event not in RESERVED:
        return args
    try:
        inspect.signature(handler).bind(*args)
    except TypeError:
        return args[:-1]
    except ValueError:  # something without a signature
        pass
    return args


class Handlers:
    """What was registered. Read by the handlers' threads while it grows."""

    def __init__(self) -> None:
        self.functions: dict[str, dict[str, Handler]] = {}  # namespace -> event -> function
        self.objects: dict[str, EventReceiver] = {}  # namespace -> class-based namespace

    def add(self, event: str, handler: Handler, namespace: str) -> None:
        """A later handler of the same event replaces an earlier one."""
        self.functions.setdefault(namespace, {})[event] = handler

    def trigger(self, event: str, namespace: str, *args: Any) -> Any:
        """Call who is responsible; NOT_HANDLED if nobody is.

        In this order: namespace and event, namespace and "*", "*" and event, "*" and "*", then the class-based
        namespace of that name, then the one for "*". What a "*" stands for comes first among the arguments (the event
        before the namespace).
        """
        found = self._function(event, namespace, args)
        if found is not None:
            handler, args = found
            return handler(*fitting(handler, event, args))
        receiver = self.objects.get(namespace)
        if receiver is None:
            receiver = self.objects.get("*")
            args = (namespace, *args)
        return NOT_HANDLED if receiver is None else receiver.trigger_event(event, *args)

    def _function(self, event: str, namespace: str, args: tuple[Any, ...]) -> tuple[Handler, tuple[Any, ...]] | None:
        own = self.functions.get(namespace, {})
        if event in own:
            return own[event], args
        if event not in RESERVED and "*" in own:
            return own["*"], (event, *args)
        every = self.functions.get("*", {})
        if event in every:
            return every[event], (namespace, *args)
        if event not in RESERVED and "*" in every:
            return every["*"], (event, namespace, *args)
        return None
