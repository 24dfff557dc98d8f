"""Dirt of whole files, and what only a comparison with the night before tells (design 4.5, numbers 10, 11, 15, 16)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import (
    PLANTED,
    ROW,
    Spoil,
    appended,
    noted,
    notes_of,
    removed,
    rewritten,
    stated,
)

# Files on which no check of another form rests, so that last night's serves as well.
_VICTIMS: Final = (
    "edc_dv",
    "edc_unb",
    "edc_dstrt",
    "edc_mhpre",
    "edc_racc",
    "edc_upt",
    "coding_whodrug",
    "edc_co",
)
_NAMING_THE_STUDY: Final = tuple(source for source in _VICTIMS if not source.startswith("coding_"))
_NO_RECORDS: Final = ("edc_racc", "edc_mhpre", "edc_dstrt")  # never empty once subjects are in
_CUMULATIVE: Final = ("coding_whodrug", "coding_meddra", "lab_results")
_KEPT_PERCENT: Final = 90
_NOBODY: Final = "998"  # subject within a site that the trial does not have
_FREE_TEXT_FORMS: Final = (("edc_mh", "MHTERM"), ("edc_dv", "DVTERM"))


def _refused(ground: Ground, spoil: Spoil, victims: tuple[str, ...] = _VICTIMS) -> Planted:
    """One whole file is spoilt: it is refused, and last night's stays in use."""
    filled = [source for source in victims if source in ground.tables and ground.tables[source].height]
    sources = ground.files(filled, count=1)
    told = [stated(source, fate="refused", rule=f"{source}.delivery", note="refused") for source in sources]
    return Planted({}, notes_of(*told), dict.fromkeys(sources, spoil))


def _lines(whole: bytes) -> list[bytes]:
    return whole.splitlines(keepends=True)


def _header_only(whole: bytes) -> bytes:
    return _lines(whole)[0]


def _truncated(whole: bytes) -> bytes:
    """Ends in the middle of its last record."""
    last = _lines(whole)[-1]
    return whole[: -max(2, len(last) // 2)]


def _wrong_delimiter(whole: bytes) -> bytes:
    return whole.replace(b",", b";")


def _extra_column(whole: bytes) -> bytes:
    head, *rest = (line.rstrip(b"\r\n") for line in _lines(whole))
    return b"\n".join([head + b",EXTRA", *(line + b"," for line in rest), b""])


def _missing_column(whole: bytes) -> bytes:
    return b"\n".join([*(line.rstrip(b"\r\n").rpartition(b",")[0] for line in _lines(whole)), b""])


def _reordered(whole: bytes) -> bytes:
    head, *rest = _lines(whole)
    first, second, *others = head.split(b",")
    return b"".join([b",".join([second, first, *others]), *rest])


def _trailer(whole: bytes) -> bytes:
    """A last line that counts the records, wrongly."""
    return whole + b"#ROWS=%d\n" % (len(_lines(whole)) + 7)


def _other_study(whole: bytes) -> bytes:
    return whole.replace(b"BXU001", b"BXU002")


def _absent(_: bytes) -> None:
    return None


def _missing_file(ground: Ground) -> Planted:
    """A source that is not delivered tonight."""
    sources = ground.files([source for source in _VICTIMS if source in ground.tables], count=1)
    told = [
        stated(source, fate="missing", rule=f"{source}.delivery", note="not delivered") for source in sources
    ]
    return Planted({}, notes_of(*told), dict.fromkeys(sources, _absent))


def _shrunk(ground: Ground) -> Planted:
    """A cumulative file that lost one record in ten: it is blocked until a person lets it through."""
    sources = ground.files(_CUMULATIVE, count=1)
    changed, told = {}, []
    for source in sources:
        table = ground.tables[source]
        changed[source] = table.head(table.height * _KEPT_PERCENT // 100)
        told.append(stated(source, fate="refused", rule=f"{source}.delivery"))
        told.append(stated(source, fate="refused", rule=f"{source}.shrunk"))
    return Planted(changed, notes_of(*told))


def _repeated(_: Ground) -> Planted:
    """Every file is as the night before; that is so once the trial is over, and the engine that plants notes it."""
    return Planted({}, notes_of())


def _form_rows(ground: Ground, where: pl.Expr | bool = True) -> tuple[str, str, pl.DataFrame]:
    source, column = _FREE_TEXT_FORMS[0]
    condition = pl.lit(value=where) if isinstance(where, bool) else where
    return source, column, ground.picked(source, (pl.col("RECSTATUS") == "ACTIVE") & condition)


def _deleted(ground: Ground) -> Planted:
    """The site deletes a record: it is marked, and leaves the datasets."""
    source, _, rows = _form_rows(ground)
    changed = rows.with_columns(RECSTATUS=pl.lit("DELETED"), RECVERSION=_next_version())
    table = rewritten(ground.tables[source], changed, ["RECSTATUS", "RECVERSION"])
    return Planted({source: table}, noted(source, changed, fate="deleted"))


def _vanished(ground: Ground) -> Planted:
    """A record of last night that is simply not there tonight."""
    source, _, rows = _form_rows(ground)
    return Planted(
        {source: removed(ground.tables[source], rows)},
        noted(source, rows, fate="vanished", variable="RECORDID", value=pl.col("RECORDID")),
    )


def _reentered(ground: Ground) -> Planted:
    """A record that was deleted and entered again under a new record id."""
    source, _, rows = _form_rows(ground)
    table = removed(ground.tables[source], rows)
    again = rows.drop(ROW, PLANTED).with_columns(RECORDID=pl.col("RECORDID") + "-R")
    table, new = appended(table, again)
    return Planted({source: table}, noted(source, new, fate="re-entered"))


def _moved(ground: Ground) -> Planted:
    """A record whose id is that of its subject stands under another one tonight."""
    source, _, rows = _form_rows(ground)
    changed = rows.with_columns(SUBJID=pl.col("SITEID") + "-" + _NOBODY, RECVERSION=_next_version())
    table = rewritten(ground.tables[source], changed, ["SUBJID", "RECVERSION"])
    held = noted(source, changed, fate="quarantined", rule=f"{source}.RECORDID.other_subject")
    return Planted(
        {source: table}, notes_of(held, noted(source, changed, fate="record moved to another subject"))
    )


def _locked_change(ground: Ground) -> Planted:
    """A late change in a record that was locked: the new version is loaded and the change is told."""
    source, column, rows = _form_rows(ground, pl.col("LOCKSTATUS") != "OPEN")
    changed = rows.with_columns(pl.col(column) + ", CHRONIC", RECVERSION=_next_version())
    table = rewritten(ground.tables[source], changed, [column, "RECVERSION"])
    return Planted({source: table}, noted(source, changed, fate="locked record"))


def _recoded(ground: Ground) -> Planted:
    """A term that was amended after it had been coded: the old code no longer stands."""
    coded = ground.tables["coding_meddra"].filter(pl.col("STATUS") == "CODED")["RECORDID"]
    source, column, rows = _form_rows(ground, pl.col("RECORDID").is_in(coded.implode()))
    changed = rows.with_columns(pl.col(column) + ", SUSPECTED", RECVERSION=_next_version())
    table = rewritten(ground.tables[source], changed, [column, "RECVERSION"])
    return Planted({source: table}, noted(source, changed, fate="coded text", variable="MHDECOD"))


def _next_version() -> pl.Expr:
    return (pl.col("RECVERSION").cast(pl.Int64) + 1).cast(pl.String)


def _file_kind(name: str, spoil: Callable[[bytes], bytes], victims: tuple[str, ...] = _VICTIMS) -> DefectKind:
    return DefectKind(name, lambda ground: _refused(ground, spoil, victims), earlier=True)


KINDS: Final = (
    DefectKind("deleted_record", _deleted, earlier=True),
    DefectKind("vanished_record", _vanished, earlier=True),
    DefectKind("reentered_record", _reentered, earlier=True),
    DefectKind("moved_record", _moved, earlier=True),
    DefectKind("locked_change", _locked_change, earlier=True),
    DefectKind("amended_term", _recoded, earlier=True),
    _file_kind("header_only", _header_only, _NO_RECORDS),
    _file_kind("truncated_file", _truncated),
    _file_kind("wrong_delimiter", _wrong_delimiter),
    _file_kind("extra_column", _extra_column),
    _file_kind("missing_column", _missing_column),
    _file_kind("reordered_columns", _reordered),
    _file_kind("row_count_trailer", _trailer),
    _file_kind("other_study", _other_study, _NAMING_THE_STUDY),
    DefectKind("missing_file", _missing_file, earlier=True),
    DefectKind("shrunk_file", _shrunk, earlier=True),
    DefectKind("repeated_delivery", _repeated, earlier=True, alone=True),
)
