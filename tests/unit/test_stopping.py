"""A run that is asked to stop stops, even if a library swallows the exception or makes another of it."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress

import pytest

from pipeline.stopping import Stopped, stop_asked, stop_if_asked, stop_signals


def ask(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_raised_at_once_and_forgotten_after_the_block(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_signals():
        stop_if_asked()
        with pytest.raises(Stopped):
            ask(number)
        assert stop_asked() == number
    assert stop_asked() is None
    assert signal.getsignal(number) == before


def test_a_library_that_swallows_the_exception_does_not_lose_it() -> None:
    with stop_signals():
        with suppress(BaseException):  # as a library may
            ask(signal.SIGTERM)
        with pytest.raises(Stopped):
            stop_if_asked()


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_signals():
            ask(signal.SIGINT)
            assert stop_asked() is None
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_hears_no_signals_and_runs_all_the_same() -> None:
    ran = []

    def run() -> None:
        with stop_signals():
            ran.append(stop_asked())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert ran == [None]
