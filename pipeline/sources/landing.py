"""Lands a delivery: copies its good files unchanged into one new folder, whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline.errors import MachineError, Refused, UsageError
from pipeline.files import folder_written_aside, machine_errors, only_one, sha256_of
from pipeline.sources.delivery import RECORD, Delivery, Entry, as_json, deliveries, last_good
from pipeline.sources.header import checked_head
from pipeline.sources.inspection import inspect_file
from pipeline.sources.refusals import LAST_GOOD, NothingAccepted, StopDelivery
from pipeline.sources.survey import Survey, cut_of, stop_if_unblinding, survey
from pipeline.specs.layout import SourceLayout

# A cumulative file may lose one record in twenty (withdrawn results); more blocks it until it is released.
KEPT_AT_LEAST_PERCENT = 95
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
    cumulative: Collection[str] = ()
    released: Collection[str] = ()


def land(
    folder: Path,
    landing: Path,
    layouts: dict[str, SourceLayout],
    *,
    restricted_columns: Collection[str] = (),
    cut: date | None = None,
    cumulative: Collection[str] = (),
    released: Collection[str] = (),
) -> Landed:
    """The delivery of ``folder``, landed below ``landing``; files that must be refused are named in it.

    ``restricted_columns``: names or globs that no blinded source may hold, beside the engine's own;
    ``cut``: the data cut, else the latest date in a file's name; ``cumulative``: sources that must not shrink
    by more than 5 %; ``released``: those of them that a person has let through this time.
    A refused or missing file leaves the last good one in use. Raises StopDelivery (a file would unblind),
    NothingAccepted, UsageError (no folder, no data cut), MachineError (disk, permission, another load
    running); after any of them the landing folder is what it was.
    """
    rules = _Rules(restricted_columns, cumulative, released)
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
                shutil.rmtree(aside)
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
    delivery = Delivery(name, day, sequence, landing / name, entries, undeclared)
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
    kept_from = good[0] if good else None
    if not paths:
        return Entry("missing", layout.required, kept_from=kept_from)
    name = found.name(paths[0])

    def refusal(reason: str) -> Entry:
        return Entry("refused", layout.required, name, _digest(paths), reason=reason, kept_from=kept_from)

    if len(paths) > 1:
        return refusal(f"{len(paths)} files match {layout.pattern}, one is expected")
    try:
        return _accepted(paths[0], name, layout, good[1].rows if good else None, rules)
    except StopDelivery:
        raise
    except Refused as error:
        return refusal(error.culprit)


def _accepted(path: Path, name: str, layout: SourceLayout, last_rows: int | None, rules: _Rules) -> Entry:
    facts = inspect_file(path, layout, restricted_columns=rules.restricted_columns, last_rows=last_rows)
    guarded = layout.source in rules.cumulative and layout.source not in rules.released
    if guarded and last_rows and 100 * facts.rows < KEPT_AT_LEAST_PERCENT * last_rows:
        told = f"a cumulative file shrank from {last_rows} to {facts.rows} records, more than 5 %"
        raise Refused(path.name, told, "release it by hand if the sender confirms it")
    return Entry(
        "accepted", layout.required, name, facts.sha256, facts.size, facts.rows,
        facts.foreign_lines, facts.foreign_count,
    )  # fmt: skip


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
