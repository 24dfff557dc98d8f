"""The way in: one call writes one night's delivery of a synthetic trial and the ledger of its defects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.files import folder_written_aside, machine_errors, write_text
from pipeline.simulate.defects import FEWEST, Tables, chosen_kinds, ledger, planted
from pipeline.simulate.delivery import checked, refuse_nested, refuse_occupied, write_tables
from pipeline.simulate.streams import Streams
from pipeline.simulate.study import FileForm, StudyModel
from pipeline.specs.layout import SourceLayout

DEFECTS_PER_SUBJECT = 0.05  # of each kind; never fewer than FEWEST where the data allow it


@dataclass(frozen=True)
class Simulated:
    """What was written: rows by source, defects by kind, and where."""

    folder: Path
    ledger: Path
    restricted: Path | None
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
    go into ``restricted`` and are not written without it. UsageError if a folder is not empty, ``subjects``
    is below 1 or a defect is unknown; SpecError if a table does not fit its layout. Folders appear whole.
    """
    _refuse(out, restricted, subjects)
    streams = Streams(seed)
    kinds = chosen_kinds(study_model.defects, defects)
    generated = study_model.generate(streams, subjects, as_of)
    tables = checked(generated.tables, generated.files, layouts)
    closed = {source: table for source, table in tables.items() if layouts[source].restricted}
    count = max(FEWEST, round(subjects * defects_per_subject))
    dirty, notes = planted({s: t for s, t in tables.items() if s not in closed}, kinds, streams, count)
    written = ledger(
        dirty,
        notes,
        {source: file.name for source, file in generated.files.items()},
        {source: file.quoted for source, file in generated.files.items()},
    )
    beside = out.with_name(f"{out.name}.ledger.csv")
    delivered = checked(dirty, generated.files, _open(layouts))
    with _appearing(out, restricted, delivered, closed, files=generated.files, layouts=layouts):
        write_text(beside, written.write_csv())
    counts = dict(written.group_by("kind", maintain_order=True).len().iter_rows())
    return Simulated(
        out, beside, restricted, {source: table.height for source, table in dirty.items()}, counts
    )


def _refuse(out: Path, restricted: Path | None, subjects: int) -> None:
    if subjects < 1:
        raise UsageError("--subjects", f"{subjects} is too few", "give at least 1")
    with machine_errors(str(out)):
        refuse_occupied(out)
        if restricted is not None:
            refuse_occupied(restricted)
            refuse_nested(out, restricted)


def _open(layouts: Mapping[str, SourceLayout]) -> dict[str, SourceLayout]:
    return {source: layout for source, layout in layouts.items() if not layout.restricted}


@contextmanager
def _appearing(
    out: Path,
    restricted: Path | None,
    delivered: Tables,
    closed: Tables,
    *,
    files: Mapping[str, FileForm],
    layouts: Mapping[str, SourceLayout],
) -> Iterator[None]:
    """Files written aside; the folders appear when the block ends well, after the ledger."""
    with ExitStack() as stack:
        if restricted is not None:
            write_tables(stack.enter_context(folder_written_aside(restricted)), closed, files, layouts)
        write_tables(stack.enter_context(folder_written_aside(out)), delivered, files, layouts)
        yield
