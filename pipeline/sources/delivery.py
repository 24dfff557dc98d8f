"""What has landed: one folder a delivery, whose ``delivery.json`` tells which file of which source is good.

A delivery that refused or lacked a file names the earlier delivery whose file stays in use (``kept_from``).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import MachineError

RECORD = "delivery.json"
State = Literal["accepted", "refused", "missing"]


@dataclass(frozen=True)
class Entry:
    """One source in one delivery.

    ``file`` is relative to the delivery's folder; facts are those of ``FileFacts`` and set if accepted;
    ``kept_from`` is set if not: the delivery whose file stays in use, None if there never was a good one.
    ``required``: a source that is absent although the study needs it. ``last_rows``: records of the last good file
    before; ``same_since``: the data cut (ISO 8601) of the first delivery with these very bytes, None if they are new;
    ``released``: a person has let the file through although it shrank. A file that was refused because it shrank
    has its ``rows`` too.
    """

    state: State
    required: bool = True
    file: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    rows: int | None = None
    foreign_lines: tuple[int, ...] = ()
    foreign_count: int = 0
    reason: str | None = None
    kept_from: str | None = None
    last_rows: int | None = None
    same_since: str | None = None
    released: bool = False


@dataclass(frozen=True)
class Delivery:
    """One landed delivery; ``sequence`` numbers the landings, so that two of one day have an order.

    ``last_cut``: the data cut (ISO 8601) of the delivery that it was compared with, None if it was the first.
    ``went_back``: how many deliveries came after the one whose every file it repeats (0: it repeats the last one), None
    if it repeats none.
    """

    delivery_id: str
    cut: date
    sequence: int
    folder: Path
    entries: dict[str, Entry] = field(default_factory=dict)
    undeclared: tuple[str, ...] = ()
    last_cut: str | None = None
    went_back: int | None = None

    def in_state(self, state: State) -> dict[str, Entry]:
        """The sources in that state, sorted."""
        return {source: one for source, one in sorted(self.entries.items()) if one.state == state}

    @property
    def fingerprint(self) -> frozenset[tuple[str, str]]:
        """Source and sha256 of every delivered file, accepted or not."""
        return frozenset((source, one.sha256) for source, one in self.entries.items() if one.sha256)


@dataclass(frozen=True)
class LandedFile:
    """The file of a source that a build of some delivery uses, and the delivery that brought it.

    ``file``: its name relative to that delivery, as findings tell it; ``path``: where it lies.
    """

    source: str
    delivery_id: str
    file: str
    path: Path
    sha256: str
    rows: int
    foreign_lines: tuple[int, ...]
    foreign_count: int


def deliveries(landing: Path) -> list[Delivery]:
    """Every landed delivery, by data cut, then by the order of landing; none if nothing has landed."""
    found = [_read(record) for record in sorted(landing.glob(f"[!.]*/{RECORD}"))]
    return sorted(found, key=lambda one: (one.cut, one.sequence, one.delivery_id))


def resolve(delivery: Delivery) -> dict[str, LandedFile | None]:
    """For each source the landed file to build from, sorted by source; None where there never was a good one.

    Raises MachineError if a landed file has vanished or changed its size.
    """
    landing = delivery.folder.parent
    found: dict[str, LandedFile | None] = {}
    for source, entry in sorted(delivery.entries.items()):
        if entry.state == "accepted":
            found[source] = _landed(source, delivery, entry)
        elif entry.kept_from:
            earlier = _read(landing / entry.kept_from / RECORD)
            found[source] = _landed(source, earlier, earlier.entries[source])
        else:
            found[source] = None
    return found


def last_good(earlier: list[Delivery], source: str) -> tuple[Delivery, Entry] | None:
    """Delivery and entry of the last accepted file of ``source`` in ``earlier`` (sorted); None if none."""
    good = ((one, one.entries[source]) for one in reversed(earlier) if source in one.entries)
    return next(((one, entry) for one, entry in good if entry.state == "accepted"), None)


def as_json(delivery: Delivery) -> str:
    """The record's text: sorted keys, no wall clock."""
    content = {
        "delivery": delivery.delivery_id,
        "cut": delivery.cut.isoformat(),
        "sequence": delivery.sequence,
        "sources": {source: asdict(entry) for source, entry in delivery.entries.items()},
        "undeclared": list(delivery.undeclared),
        "last_cut": delivery.last_cut,
        "went_back": delivery.went_back,
    }
    return json.dumps(content, indent=1, sort_keys=True) + "\n"  # ASCII: a file name may be no valid text


def _read(record: Path) -> Delivery:
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        return Delivery(
            delivery_id=content["delivery"],
            cut=date.fromisoformat(content["cut"]),
            sequence=int(content["sequence"]),
            folder=record.parent,
            entries={source: _entry(one) for source, one in content["sources"].items()},
            undeclared=tuple(content["undeclared"]),
            last_cut=content.get("last_cut"),  # records of before it was told lack it
            went_back=content.get("went_back"),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        fix = "restore the delivery's folder from the backup, or remove it and load again"
        raise MachineError(str(record), f"unreadable ({type(error).__name__})", fix) from error


def _entry(content: dict[str, Any]) -> Entry:
    return Entry(**{**content, "foreign_lines": tuple(content["foreign_lines"])})


def _landed(source: str, delivery: Delivery, entry: Entry) -> LandedFile:
    path = delivery.folder / (entry.file or "")
    if not path.is_file() or path.stat().st_size != entry.bytes:
        raise MachineError(str(path), "the landed file is gone or damaged", "restore it from the backup")
    return LandedFile(
        source=source,
        delivery_id=delivery.delivery_id,
        file=entry.file or "",
        path=path,
        sha256=entry.sha256 or "",
        rows=entry.rows or 0,
        foreign_lines=entry.foreign_lines,
        foreign_count=entry.foreign_count,
    )
