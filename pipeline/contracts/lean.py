"""pandera for polars alone. pandera loads pandas if it finds it, for frames that nobody has here; that is most of the
time that a command needs to start."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder

_UNUSED = "pandas"


class _Absent(MetaPathFinder):
    """Tells an importer that pandas is not installed, which pandera provides for."""

    def find_spec(self, fullname: str, *_: object, **__: object) -> None:
        if fullname == _UNUSED:
            raise ModuleNotFoundError(f"No module named '{_UNUSED}'", name=_UNUSED)


@contextmanager
def _without_pandas() -> Iterator[None]:
    absent = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        yield
    finally:
        sys.meta_path.remove(absent)


with _without_pandas():
    import pandera.polars  # noqa: F401 - loaded here, so that whoever imports it later finds it
