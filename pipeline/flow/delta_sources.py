"""What changed from one landed delivery to the next in the raw records of every source."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipeline.contracts.model import key_of
from pipeline.delta.records import Change, Compared, Identity, compare_source, same_file
from pipeline.flow.context import StudyParts
from pipeline.settings import Settings
from pipeline.sources.delivery import Delivery, LandedFile, deliveries, resolve
from pipeline.sources.raw import raw_schema, read_raw

Files = Mapping[str, LandedFile | None]
_KINDS = [str(kind) for kind in Change]
SOURCE = pl.Schema(
    {
        "source": pl.String,
        "before": pl.UInt32,
        "now": pl.UInt32,
        **dict.fromkeys(_KINDS, pl.UInt32),
    }
)


def previous(settings: Settings, delivery: Delivery) -> Delivery | None:
    """The delivery before ``delivery`` in the order of deliveries; None for the first."""
    earlier: Delivery | None = None
    for one in deliveries(settings.landing):
        if one.delivery_id == delivery.delivery_id:
            break
        earlier = one
    return earlier


def since_last(settings: Settings, parts: StudyParts, delivery: Delivery) -> tuple[str, pl.DataFrame] | None:
    """The id of the delivery before, and one row a source with records that changed since; None for the first."""
    earlier = previous(settings, delivery)
    if earlier is None:
        return None
    counts = source_counts(compared_sources(parts, earlier, delivery))
    return earlier.delivery_id, touched_sources(counts)


def touched_sources(counts: pl.DataFrame) -> pl.DataFrame:
    """Those rows of ``source_counts`` in which anything happened."""
    return counts.filter(pl.sum_horizontal(_KINDS) > 0)


def compared_sources(parts: StudyParts, old: Delivery, new: Delivery) -> dict[str, Compared]:
    """Every source's changes, in the order of the contracts; a file that stayed in use has none."""
    one, other = resolve(old), resolve(new)
    return {source: _compared(parts, source, one, other) for source in parts.layouts}


def _compared(parts: StudyParts, source: str, old: Files, new: Files) -> Compared:
    before, after = old.get(source), new.get(source)
    if before and after and before.sha256 == after.sha256:
        return same_file(after.rows)
    one, other = (raw_rows(parts, source, files) for files in (old, new))
    return compare_source(source, one, other, identity_of(parts, source))


def raw_rows(parts: StudyParts, source: str, files: Files) -> pl.LazyFrame:
    """The rows of the file that is in use; none if there never was a good one."""
    file, layout = files.get(source), parts.layouts[source]
    return read_raw(file.path, layout) if file else raw_schema(layout).to_frame().lazy()


def identity_of(parts: StudyParts, source: str) -> Identity:
    """How rows of ``source`` are told apart: the laboratory's by its declared columns, any other by the key of its
    contract, or by the record's identifier; else by their content."""
    study, layout = parts.spec.study, parts.layouts[source]
    compare, columns = study.delivery.compare, layout.columns
    key, own = record_key(parts, source)
    deleted, lock = study.delivery.deleted, compare.locked.column if compare.locked else None
    return Identity(
        key=key,
        own=own,
        audit=tuple(name for name in compare.audit if name in columns),
        numbering=tuple(name for name in compare.numbering if name in columns),
        subject=layout.subject_column,
        deleted=(deleted.column, deleted.value) if deleted.column in columns else None,
        lock=lock if lock in columns else None,
    )


def record_key(parts: StudyParts, source: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns that name a record of ``source``, and those of them that say nothing else."""
    lab, record = parts.spec.study.laboratory, parts.spec.study.reference.record_column
    if source == lab.source:
        return (lab.accession, lab.test, lab.specimen, lab.revision), (lab.accession,)
    key = key_of(parts.models[source])
    if record in (key or parts.layouts[source].columns):
        return key or (record,), (record,)
    return key, key


def source_counts(compared: Mapping[str, Compared]) -> pl.DataFrame:
    """One row a source: rows of both files and records by what happened to them."""
    return pl.DataFrame([_counts(source, each) for source, each in compared.items()], schema=SOURCE)


def _counts(source: str, compared: Compared) -> dict[str, str | int]:
    counted = dict(compared.records.group_by("change").len().iter_rows())
    kinds = {kind: counted.get(kind, 0) for kind in _KINDS}
    return {
        "source": source,
        "before": compared.rows["old"],
        "now": compared.rows["new"],
        **kinds,
    }
