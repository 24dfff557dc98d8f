"""The way in: one call writes one night's delivery of a synthetic trial and the ledger of its defects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from pipeline.errors import UsageError
from pipeline.files import folder_written_aside, machine_errors, write_text
from pipeline.simulate.defects import (
    FEWEST,
    DefectKind,
    Dirty,
    chosen_kinds,
    ledger,
    planted,
    with_chance,
    with_quiet_night,
)
from pipeline.simulate.delivery import checked, refuse_nested, refuse_occupied, write_tables
from pipeline.simulate.ground import Spoil, Tables
from pipeline.simulate.streams import Streams
from pipeline.simulate.study import FileForm, Generated, StudyModel
from pipeline.specs.layout import SourceLayout

DEFECTS_PER_SUBJECT = 0.05  # of each kind; never fewer than FEWEST where the data allow it
_ONE_NIGHT = timedelta(days=1)


@dataclass(frozen=True)
class Simulated:
    """What was written: rows by source, defects by kind, and where.

    ``earlier`` is the clean delivery of the night before, for defects that only a comparison can tell;
    ``secret_ledger`` holds what was planted for unblinded builds. Both are None where there is no such defect.
    """

    folder: Path
    ledger: Path
    restricted: Path | None
    earlier: Path | None
    secret_ledger: Path | None
    rows: dict[str, int]
    defects: dict[str, int]


def simulate(
    study_model: StudyModel,
    layouts: Mapping[str, SourceLayout],
    out: Path,
    restricted: Path | None = None,
    *,
    subjects: int,
    seed: int,
    as_of: date,
    defects: str | Sequence[str] = "none",
    defects_per_subject: float = DEFECTS_PER_SUBJECT,
) -> Simulated:
    """Writes the delivery of the night of ``as_of`` into ``out`` and ``<out>.ledger.csv`` beside it.

    The same arguments give the same bytes. Two nights of one seed are views of one trial. Restricted sources
    go into ``restricted`` (with ``<restricted>.ledger.csv`` for defects that only unblinded builds see) and are not
    written without it. ``<out>.earlier`` is the clean night before, if a chosen kind needs one. UsageError if a folder
    is not empty, ``subjects`` is below 1 or a defect is unknown; SpecError if a table does not fit its layout.
    Folders appear whole.
    """
    earlier = out.with_name(f"{out.name}.earlier")
    kinds = _possible(chosen_kinds(study_model.defects, defects), restricted, defects)
    before = earlier if any(kind.earlier for kind in kinds) else None
    _refuse(out, restricted, before, subjects)
    streams = Streams(seed)
    generated = study_model.generate(streams, subjects, as_of)
    tables = checked(generated.tables, generated.files, layouts)
    dirty = planted(
        tables if restricted else _part(tables, layouts, closed=False),
        kinds,
        streams,
        max(FEWEST, round(subjects * defects_per_subject)),
        as_of=as_of,
        subjects={name: each.subject_column for name, each in layouts.items() if each.subject_column},
    )
    if restricted is not None:
        dirty = with_chance(dirty, study_model.by_chance(dirty.tables))
    night_before = None
    if before is not None:
        night_before = study_model.generate(streams, subjects, as_of - _ONE_NIGHT)
        dirty = with_quiet_night(dirty, _delivered(night_before, layouts), kinds)
    ledgers = _ledgers(dirty, generated, out, restricted)
    delivered = checked(_part(dirty.tables, layouts, closed=False), generated.files, _open(layouts))
    closed = _part(dirty.tables if restricted else tables, layouts, closed=True)
    with _appearing(out, restricted, delivered, closed, generated.files, layouts, dirty.spoilt):
        if before is not None and night_before is not None:
            _write_earlier(before, night_before, layouts)
        for path, rows in ledgers.items():
            write_text(path, rows.write_csv())
    secret = next((path for path in ledgers if path != _ledger_of(out)), None)
    heights = {name: table.height for name, table in dirty.tables.items() if not layouts[name].restricted}
    return Simulated(out, _ledger_of(out), restricted, before, secret, heights, _counted(kinds, ledgers))


def _possible(
    kinds: list[DefectKind], restricted: Path | None, wanted: str | Sequence[str]
) -> list[DefectKind]:
    """The kinds that can be planted; UsageError for one that was named but lies in sources that are not written."""
    if restricted is not None:
        return kinds
    if wanted != "all" and (hidden := [kind.name for kind in kinds if kind.secret]):
        raise UsageError(
            "--defects", f"{hidden[0]} lies in a restricted source", "name a folder with --restricted"
        )
    return [kind for kind in kinds if not kind.secret]


def _part(tables: Tables, layouts: Mapping[str, SourceLayout], *, closed: bool) -> Tables:
    return {source: table for source, table in tables.items() if layouts[source].restricted == closed}


def _ledger_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.ledger.csv")


def _ledgers(
    dirty: Dirty, generated: Generated, out: Path, restricted: Path | None
) -> dict[Path, pl.DataFrame]:
    """The ledger by the folder that it lies beside; what only unblinded builds see is beside the restricted one."""
    whole = ledger(
        dirty.tables,
        dirty.notes,
        {source: file.name for source, file in generated.files.items()},
        {source: file.quoted for source, file in generated.files.items()},
    )
    hidden = whole.filter(pl.col("builds") != "all")
    told = {_ledger_of(out): whole.filter(pl.col("builds") == "all")}
    return {**told, _ledger_of(restricted): hidden} if restricted and hidden.height else told


def _counted(kinds: Sequence[DefectKind], ledgers: Mapping[Path, pl.DataFrame]) -> dict[str, int]:
    """Planted defects by kind; 0 for a kind that found no place."""
    notes = pl.concat(ledgers.values()).select("kind", "defect").unique()
    counts = dict(notes.group_by("kind").len().iter_rows())
    return {kind.name: counts.get(kind.name, 0) for kind in sorted(kinds, key=lambda kind: kind.name)}


def _delivered(generated: Generated, layouts: Mapping[str, SourceLayout]) -> Tables:
    return checked(_part(generated.tables, layouts, closed=False), generated.files, _open(layouts))


def _write_earlier(folder: Path, generated: Generated, layouts: Mapping[str, SourceLayout]) -> None:
    with folder_written_aside(folder) as aside:
        write_tables(aside, _delivered(generated, layouts), generated.files, layouts, {})


def _refuse(out: Path, restricted: Path | None, earlier: Path | None, subjects: int) -> None:
    if subjects < 1:
        raise UsageError("--subjects", f"{subjects} is too few", "give at least 1")
    with machine_errors(str(out)):
        for folder in (out, restricted, earlier):
            if folder is not None:
                refuse_occupied(folder)
        if restricted is not None:
            refuse_nested(out, restricted)


def _open(layouts: Mapping[str, SourceLayout]) -> dict[str, SourceLayout]:
    return {source: layout for source, layout in layouts.items() if not layout.restricted}


@contextmanager
def _appearing(
    out: Path,
    restricted: Path | None,
    delivered: Tables,
    closed: Tables,
    files: Mapping[str, FileForm],
    layouts: Mapping[str, SourceLayout],
    spoilt: Mapping[str, Spoil],
) -> Iterator[None]:
    """Files written aside; the folders appear when the block ends well, after the ledger."""
    with ExitStack() as stack:
        if restricted is not None:
            write_tables(
                stack.enter_context(folder_written_aside(restricted)), closed, files, layouts, spoilt
            )
        write_tables(stack.enter_context(folder_written_aside(out)), delivered, files, layouts, spoilt)
        yield
