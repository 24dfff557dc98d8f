"""Lands a delivery: copies its good files unchanged into one new folder, whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pipeline.derive.shares import least_left
from pipeline.errors import MachineError, Refused, UsageError
from pipeline.files import clear, folder_written_aside, machine_errors, only_one, sha256_of
from pipeline.sources.delivery import RECORD, Delivery, Entry, as_json, deliveries, last_good
from pipeline.sources.header import checked_head
from pipeline.sources.inspection import inspect_file
from pipeline.sources.refusals import LAST_GOOD, NothingAccepted, StopDelivery
from pipeline.sources.survey import Survey, cut_of, stop_if_unblinding, survey
from pipeline.specs.layout import SourceLayout

_READ_ONLY = 0o444
_ID_LENGTH = 10


@dataclass(frozen=True)
class Landed:
    """The delivery as recorded; ``new`` is False if the same bytes had landed before and nothing changed."""

    delivery: Delivery
    new: bool

    @property
    def delivery_id(self) -> str:
        """``<data cut>-<first 10 of a sha256>``."""
        return self.delivery.delivery_id


@dataclass(frozen=True)
class _Rules:
    """What a study asks of its deliveries beyond each file's layout; see ``land``."""

    restricted_columns: Collection[str] = ()
    shrink_limit_percent: str | None = None
    released: Collection[str] = ()


def land(
    folder: Path,
    landing: Path,
    layouts: dict[str, SourceLayout],
    *,
    restricted_columns: Collection[str] = (),
    cut: date | None = None,
    shrink_limit_percent: str | None = None,
    released: Collection[str] = (),
) -> Landed:
    """The delivery of ``folder``, landed below ``landing``; files that must be refused are named in it.

    ``restricted_columns``: names or globs that no blinded source may hold, beside the engine's own;
    ``cut``: the data cut, else the latest date in a file's name; ``shrink_limit_percent``: by how much a cumulative
    file may shrink against the last good one, None if it is not judged; ``released``: cumulative sources that a
    person lets through this time, however much they shrank.
    A refused or missing file leaves the last good one in use. Raises StopDelivery (a file would unblind),
    NothingAccepted, UsageError (no folder, no data cut), MachineError (disk, permission, another load
    running); after any of them the landing folder is what it was.
    """
    rules = _Rules(restricted_columns, shrink_limit_percent, released)
    _check_released(layouts, released)
    source_folder = folder.resolve()
    with machine_errors(str(folder)):
        found = survey(source_folder, layouts)
        stop_if_unblinding(found, layouts, rules.restricted_columns)
        _check_headers(found, layouts, rules)
        declared = [found.name(path) for paths in found.files.values() for path in paths]
        if not declared:
            raise NothingAccepted(str(folder), {})
        day = cut or cut_of(declared)
    with _only_load(landing):
        return _landed(found, landing.resolve(), layouts, day, rules)


def _check_released(layouts: dict[str, SourceLayout], released: Collection[str]) -> None:
    cumulative = [source for source, layout in layouts.items() if layout.cumulative]
    for source in released:
        if source not in cumulative:
            known = ", ".join(cumulative) or "no source of the study"
            raise UsageError(f"release of {source}", "it is not a cumulative source", f"these are: {known}")


def _check_headers(found: Survey, layouts: dict[str, SourceLayout], rules: _Rules) -> None:
    """Raises StopDelivery before anything is copied; other faults of a header are told file by file later."""
    for source, paths in found.files.items():
        for path in paths:
            with machine_errors(path.name):
                try:
                    checked_head(path, layouts[source], rules.restricted_columns)
                except StopDelivery:
                    raise
                except Refused:
                    continue


@contextmanager
def _only_load(landing: Path) -> Iterator[None]:
    """Holds the landing folder's lock and clears away what an interrupted load has left."""
    with machine_errors(str(landing)):
        landing.mkdir(parents=True, exist_ok=True)
        with only_one(landing / ".lock", str(landing), "load"):
            for aside in sorted(landing.glob(".*.part")):
                clear(aside)
            yield


def _landed(
    found: Survey, landing: Path, layouts: dict[str, SourceLayout], day: date, rules: _Rules
) -> Landed:
    known = deliveries(landing)
    bytes_now = frozenset((source, _digest(paths)) for source, paths in found.files.items() if paths)
    same = [one for one in known if one.cut == day and one.fingerprint == bytes_now]
    for one in same:
        if not one.in_state("refused"):
            return Landed(one, new=False)
    earlier = [one for one in known if one.cut <= day and one not in same]
    entries = {source: _entry(found, layouts[source], earlier, rules) for source in found.files}
    if not any(entry.state == "accepted" for entry in entries.values()):
        reasons = {source: entry.reason for source, entry in entries.items() if entry.reason}
        raise NothingAccepted(str(found.folder), reasons)
    name = _delivery_id(day, entries)
    for one in same:
        if one.delivery_id == name:
            return Landed(one, new=False)
    sequence = 1 + max((one.sequence for one in known), default=0)
    undeclared = tuple(found.name(path) for path in found.undeclared)
    last_cut = earlier[-1].cut.isoformat() if earlier else None
    went_back = next((n for n, one in enumerate(reversed(earlier)) if one.fingerprint == bytes_now), None)
    delivery = Delivery(name, day, sequence, landing / name, entries, undeclared, last_cut, went_back)
    _copy(found, delivery)
    return Landed(delivery, new=True)


def _delivery_id(day: date, entries: dict[str, Entry]) -> str:
    """Same files and verdicts, same id: a file refused today can land once its contract is mended."""
    told = sorted(
        (source if entry.state == "accepted" else f"refused:{source}", entry.sha256)
        for source, entry in entries.items()
        if entry.sha256
    )
    text = "".join(f"{source}\t{digest}\n" for source, digest in told)
    return f"{day.isoformat()}-{hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]}"


def _digest(paths: tuple[Path, ...]) -> str:
    """The file's sha256; of several files that claim to be one, that of their sha256s."""
    digests = [sha256_of(path) for path in paths]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _entry(found: Survey, layout: SourceLayout, earlier: list[Delivery], rules: _Rules) -> Entry:
    paths = found.files[layout.source]
    good = last_good(earlier, layout.source)
    kept_from = good[0].delivery_id if good else None
    if not paths:
        return Entry("missing", layout.required, kept_from=kept_from)
    name = found.name(paths[0])

    def refusal(reason: str) -> Entry:
        return Entry("refused", layout.required, name, _digest(paths), reason=reason, kept_from=kept_from)

    if len(paths) > 1:
        return refusal(f"{len(paths)} files match {layout.pattern}, one is expected")
    try:
        return _accepted(paths[0], name, layout, good, rules)
    except _Shrunk as shrunk:
        return replace(refusal(shrunk.culprit), rows=shrunk.rows, last_rows=shrunk.last_rows)
    except StopDelivery:
        raise
    except Refused as error:
        return refusal(error.culprit)


class _Shrunk(Refused):
    """A cumulative file lost more records than the study allows."""

    def __init__(self, source: str, rows: int, last_rows: int, limit: str) -> None:
        self.rows, self.last_rows = rows, last_rows
        told = f"a cumulative file shrank from {last_rows} to {rows} records, more than {limit} %"
        super().__init__(source, f"{told}; a person can release it ('./sdtm load --release {source}')")


def _accepted(
    path: Path, name: str, layout: SourceLayout, good: tuple[Delivery, Entry] | None, rules: _Rules
) -> Entry:
    last_rows = good[1].rows if good else None
    facts = inspect_file(path, layout, restricted_columns=rules.restricted_columns, last_rows=last_rows)
    shrunk = _is_shrunk(facts.rows, last_rows, layout, rules)
    if shrunk and layout.source not in rules.released:
        raise _Shrunk(layout.source, facts.rows, last_rows or 0, rules.shrink_limit_percent or "")
    return Entry(
        "accepted", layout.required, name, facts.sha256, facts.size, facts.rows,
        facts.foreign_lines, facts.foreign_count,
        last_rows=last_rows, same_since=_same_since(facts.sha256, good), released=shrunk,
    )  # fmt: skip


def _is_shrunk(rows: int, last_rows: int | None, layout: SourceLayout, rules: _Rules) -> bool:
    limit = rules.shrink_limit_percent
    if not layout.cumulative or limit is None or last_rows is None:
        return False
    return rows < least_left(last_rows, limit)


def _same_since(digest: str, good: tuple[Delivery, Entry] | None) -> str | None:
    """The data cut of the first of the deliveries that brought these bytes one after another; None if they are new."""
    if good is None or good[1].sha256 != digest:
        return None
    return good[1].same_since or good[0].cut.isoformat()


def _copy(found: Survey, delivery: Delivery) -> None:
    if delivery.folder.exists():
        raise MachineError(str(delivery.folder), "the folder is in the way", "move it away; it has no record")
    if delivery.folder.is_relative_to(found.folder):
        raise UsageError(
            str(found.folder), "the landing folder lies inside it", "name the delivery's own folder"
        )
    with folder_written_aside(delivery.folder) as aside:
        for entry in delivery.in_state("accepted").values():
            target = aside / (entry.file or "")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found.folder / (entry.file or ""), target)
            if sha256_of(target) != entry.sha256:
                raise Refused(entry.file or "", "the file changed while it was being landed", LAST_GOOD)
            target.chmod(_READ_ONLY)
        (aside / RECORD).write_text(as_json(delivery), encoding="utf-8")
