"""Failures that a person can read in Dagster: one line, no cause, no value."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from pipeline.errors import SdtmError
from pipeline.settings import CHECKOUT


@contextmanager
def loud() -> Iterator[None]:
    """Turns an error into a Dagster failure of one line; an unforeseen one names its place, never its text.

    Dagster prints the whole chain of exceptions, and the text of a foreign one may quote the data.
    """
    try:
        yield
    except SdtmError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from None
    except Exception as error:  # noqa: BLE001 - the last door, as in the command line
        told = f"unexpected {type(error).__name__} in {_place(error)}; this is a bug, please report it"
        raise dg.Failure(description=told, allow_retries=False) from None


def _place(error: BaseException) -> str:
    """File and line of our own code where the error came from."""
    frames = traceback.extract_tb(error.__traceback__)
    rooms = [frame for frame in frames if Path(frame.filename).is_relative_to(CHECKOUT / "pipeline")]
    own = [frame for frame in rooms if frame.filename != __file__]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "a library"
