"""Failures that a person can read in Dagster: one line, no cause, no value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from pipeline.errors import SdtmError, unforeseen


@contextmanager
def loud() -> Iterator[None]:
    """Turns an error into a Dagster failure of one line; an unforeseen one names its place, never its text.

    Dagster prints the whole chain of exceptions, and the text of a foreign one may quote the data.
    """
    try:
        yield
    except dg.Failure:
        raise
    except SdtmError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from None
    except Exception as error:  # noqa: BLE001 - the last door, as in the command line
        raise dg.Failure(description=unforeseen(error), allow_retries=False) from None
