"""A disk that is full: the system refuses a write, as a full disk does."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file of this process may grow beyond ``size`` bytes; no bytecode is written, since a cut one would stay."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    silent, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sys.dont_write_bytecode = silent
