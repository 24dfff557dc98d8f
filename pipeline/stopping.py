"""Ctrl-C and SIGTERM: a run that is asked to stop does so at once, clears away what it had begun, and says so.

A library may swallow an exception that is raised inside its callbacks, or turn it into another. So what was asked is
remembered: ``stop_if_asked`` raises it again, and whatever error follows is told as the interruption that caused it.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_asked: list[int] = []


class Stopped(BaseException):
    """The run was asked to stop; no ``Exception``, so that nothing takes it for a failure that it may survive."""


@contextmanager
def stop_signals() -> Iterator[None]:
    """Within the block the signals raise Stopped; one that was ignored before stays ignored."""
    _asked.clear()
    if threading.current_thread() is not threading.main_thread():  # Python handles signals in no other thread
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    heard = {number: old for number, old in before.items() if old not in (signal.SIG_IGN, None)}
    for number in heard:
        signal.signal(number, _stop)
    told = sys.unraisablehook

    def tell(lost: sys.UnraisableHookArgs) -> None:
        """What a library's callback swallowed is remembered; only what nobody asked for is worth a line."""
        if not isinstance(lost.exc_value, Stopped):
            told(lost)

    sys.unraisablehook = tell
    try:
        yield
    finally:
        sys.unraisablehook = told
        for number, old in heard.items():
            signal.signal(number, old)
        _asked.clear()


def stop_asked() -> int | None:
    """The number of the signal that asked this run to stop; None if none did."""
    return _asked[-1] if _asked else None


def stop_if_asked() -> None:
    """Raises Stopped if a signal came and its exception was lost on the way."""
    if _asked:
        raise Stopped


def _stop(number: int, _: FrameType | None) -> None:
    _asked.append(number)
    raise Stopped
