"""Which file in a delivery folder belongs to which source, and the date of the data."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from pipeline.errors import SpecError, UsageError
from pipeline.sources.header import restricted_column
from pipeline.sources.pieces import head_of
from pipeline.sources.refusals import StopDelivery
from pipeline.specs.layout import SourceLayout

_DAY = re.compile(r"(?<!\d)((?:19|20)\d{6})(?!\d)")


@dataclass(frozen=True)
class Survey:
    """Files found for each source (none, one, or too many), and files that no source declares; all sorted."""

    folder: Path
    files: dict[str, tuple[Path, ...]]
    undeclared: tuple[Path, ...]

    def name(self, path: Path) -> str:
        """The file's name relative to the delivery folder."""
        return path.relative_to(self.folder).as_posix()


def survey(folder: Path, layouts: dict[str, SourceLayout]) -> Survey:
    """What lies in ``folder``; UsageError if it is no folder, SpecError if two sources claim one file."""
    if not folder.is_dir():
        raise UsageError(str(folder), "there is no such folder", "name the folder of a delivery")
    everything = sorted(path for path in folder.rglob("*") if not path.is_dir())
    files = {
        source: tuple(sorted(path for path in folder.glob(layouts[source].pattern) if path.is_file()))
        for source in sorted(layouts)
    }
    claimed: dict[Path, str] = {}
    for source, paths in files.items():
        for path in paths:
            if path in claimed:
                raise SpecError(path.name, f"{claimed[path]} and {source} both claim it", "narrow a pattern")
            claimed[path] = source
    return Survey(folder, files, tuple(path for path in everything if path not in claimed))


def stop_if_unblinding(
    found: Survey, layouts: dict[str, SourceLayout], restricted_columns: Collection[str]
) -> None:
    """Raises StopDelivery if an undeclared file of a blinded delivery has a restricted column."""
    if all(layout.restricted for layout in layouts.values()):
        return
    for path in found.undeclared:
        text = head_of(path, "|").text if path.is_file() else b""
        is_table = re.search(rb"[,;|\t]", text)
        if is_table and (pattern := restricted_column(text, (), restricted_columns)):
            raise StopDelivery(
                path.name,
                f"a blinded delivery holds an undeclared file with a restricted column ({pattern})",
                "nothing of this delivery was landed; tell the sender, and delete the file where it lies",
            )


def cut_of(names: Iterable[str]) -> date:
    """The latest day written as eight digits in a delivered file's name; UsageError if there is none."""
    days = [day for name in names for text in _DAY.findall(name) if (day := _day(text))]
    if not days:
        raise UsageError(
            "data cut date", "no delivered file's name holds a date", "give it with --cut YYYY-MM-DD"
        )
    return max(days)


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day in a file name has no zone
    except ValueError:
        return None
