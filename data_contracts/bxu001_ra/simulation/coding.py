"""The coders' files: every record of the night, coded before it is delivered."""

from __future__ import annotations

from typing import Final

import polars as pl

from data_contracts.bxu001_ra.simulation.terms import DICTIONARY, drugs, terms
from pipeline.simulate.records import ACTIVE

_LEVELS: Final = tuple(
    name for level in ("LLT", "PT", "HLT", "HLGT", "SOC") for name in (level, f"{level}CD")
)
_ATC_LENGTHS: Final = {"ATC1": 1, "ATC2": 3, "ATC3": 4, "ATC4": 5}
_ENTRIES: Final = (
    "DRUGCODE",
    "PREFNAME",
    *(name for level in _ATC_LENGTHS for name in (f"{level}CD", level)),
)


def event_coding(events: pl.DataFrame, history: pl.DataFrame, ra_history: pl.DataFrame) -> pl.DataFrame:
    """coding_meddra: adverse events, medical history and the RA history form."""
    disease = ra_history.with_columns(MHTERM=pl.lit("RHEUMATOID ARTHRITIS"))
    rows = pl.concat(
        [
            _open_records(events, "AETERM", "AE"),
            _open_records(history, "MHTERM", "MH"),
            _open_records(disease, "MHTERM", "MH"),
        ]
    )
    book = terms().select(*_LEVELS, VERBATIM="verbatim")
    misspelt = terms().select(*_LEVELS, VERBATIM="variant", _modify="verbatim")
    entries = pl.concat([book.with_columns(_modify=pl.lit(None, pl.String)), misspelt], how="diagonal")
    columns = ("DICTVER", "SOURCE", "RECORDID", "RECVERSION", "VERBATIM", "MODIFY", *_LEVELS, "STATUS")
    return _coded(rows, entries.unique("VERBATIM", maintain_order=True), _LEVELS).select(columns)


def drug_coding(ra_therapy: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """coding_whodrug: both medication forms."""
    rows = pl.concat([_open_records(ra_therapy, "CMTRT", "CM"), _open_records(other, "CMTRT", "CM")])
    classes = [pl.col("atc4").str.head(length).alias(f"{level}CD") for level, length in _ATC_LENGTHS.items()]
    texts = [pl.col(f"{level.lower()}_text").alias(level) for level in _ATC_LENGTHS]
    book = drugs().select(
        *classes,
        *texts,
        VERBATIM="name",
        DRUGCODE="code",
        PREFNAME="preferred",
        _modify=pl.lit(None, pl.String),
    )
    columns = ("DICTVER", "RECORDID", "RECVERSION", "VERBATIM", "MODIFY", *_ENTRIES, "STATUS")
    return _coded(rows, book, _ENTRIES).select(columns)


def _open_records(form: pl.DataFrame, term: str, source: str) -> pl.DataFrame:
    return form.filter(pl.col("RECSTATUS") == ACTIVE).select(
        "RECORDID", "RECVERSION", SOURCE=pl.lit(source), VERBATIM=term
    )


def _coded(rows: pl.DataFrame, entries: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    joined = rows.join(entries, on="VERBATIM", how="left", maintain_order="left")
    if joined.filter(pl.col(columns[0]).is_null()).height:
        raise LookupError("a term of the simulation has no entry in its dictionary")
    return joined.with_columns(MODIFY="_modify", STATUS=pl.lit("CODED"), DICTVER=pl.lit(DICTIONARY))
