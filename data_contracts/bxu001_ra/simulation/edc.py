"""Records of the EDC: from what was entered to the rows of a form's file."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

import polars as pl

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.simulation.arrays import Array, moments
from data_contracts.bxu001_ra.simulation.calendar import LOG, UNSCHEDULED, VISITS
from data_contracts.bxu001_ra.simulation.people import People
from pipeline.simulate.records import AMENDED, CREATED, as_known, end_of

STUDY: Final = "BXU001-RA"
AUDIT: Final = (
    "STUDYID", "SITEID", "SUBJID", "VISITOID", "VISITNAME", "FORMOID", "FORMREPEAT", "ITEMGROUPREPEAT",
    "RECORDID",
    "RECSTATUS", "RECVERSION", "CREATEDTS", "MODIFIEDTS", "LOCKSTATUS",
)  # fmt: skip
PERSON: Final = "_person"
# A record is frozen after review; a subject's records are locked, then signed, after participation.
_FROZEN, _LOCKED, _SIGNED = timedelta(days=30), timedelta(days=30), timedelta(days=60)
_VISIT_ORDER: Final = (*VISITS, UNSCHEDULED, LOG)
_TEXTS: Final[dict[str, dict[str, str]]] = {
    **dict.fromkeys(
        (
            "IEYN", "RANDYN", "MHONGO", "MHOCCUR", "VSPERF", "ECYN", "ECINTRP", "JCPERF", "PTGAPERF",
            "PHGAPERF",
            "HAQPERF", "RESCUE", "LBPERF", "UPTYN", "AEPRE", "AESER", "AECONTRT", "AEINFR", "AESI", "SVPERF",
            "DSTRTYN",
        ),
        codes.YN,
    ),
    **dict.fromkeys(("ACR20", "ACR50", "ACR70", "RESTJSJ"), codes.YN_UNDETERMINED),
    **dict.fromkeys(("EULCRP", "EULESR"), codes.EULAR),
    **dict.fromkeys(("PTGAU", "PHGAU"), codes.VAS_UNIT),
    **dict.fromkeys(("DSTRTREAS", "DSEOSSTAT"), codes.END_REASON),
    "SEX": codes.SEX, "ETHNIC": codes.ETHNIC, "CHILDPOT": codes.CHILDBEARING, "IETESTCD": codes.CRITERIA,
    "MHPTERM": codes.CONDITIONS, "CMSCATC": codes.RA_CLASS, "CMDOSFRQ": codes.FREQUENCY,
    "CMROUTE": codes.ROUTE,
    "CMREAS": codes.STOP_REASON, "VSTPT": codes.TIME_POINT, "TEMPU": codes.TEMPERATURE_UNIT,
    "WEIGHTU": codes.WEIGHT_UNIT, "HEIGHTU": codes.HEIGHT_UNIT, "LBFAST": codes.YNU,
    "UPTRES": codes.PREGNANCY_RESULT,
    "AETOXGR": codes.GRADE, "AEREL": codes.CAUSALITY, "AEACN": codes.ACTION_TAKEN, "AEOUT": codes.OUTCOME,
    "SVMODE": codes.VISIT_MODE, "DVCAT": codes.DEVIATION,
}  # fmt: skip


def entered(
    person: Array,
    visit: str | pl.Series,
    created: Array,
    fields: dict[str, Any],
    *,
    repeat: Array | int = 1,
    group: Array | int = 1,
    amended: Array | None = None,
) -> pl.DataFrame:
    """Records of a form, one a place in ``person``; ``created`` and ``amended`` are minutes (UTC)."""
    moved = {AMENDED: moments(amended)} if amended is not None else {}
    keys = {PERSON: pl.Series(person, dtype=pl.Int64), CREATED: moments(created), **moved}
    rest = {"VISITOID": visit, "FORMREPEAT": repeat, "ITEMGROUPREPEAT": group, **fields}
    series = [_column(name, value, len(person)) for name, value in rest.items()]
    return pl.DataFrame(keys).with_columns(series)


def _column(name: str, value: Any, rows: int) -> pl.Series:
    if value is None or isinstance(value, str | int):
        dtype = pl.Int64 if isinstance(value, int) else pl.String
        return pl.repeat(value, rows, dtype=dtype, eager=True).alias(name)
    return pl.Series(name, value)


def record_id(form: str) -> pl.Expr:
    """The identifier of a record: what it is about, never what it says."""
    parts = ("SUBJID", pl.lit(form), "VISITOID", "FORMREPEAT", "ITEMGROUPREPEAT")
    return pl.concat_str(
        [pl.col(part).cast(pl.String) if isinstance(part, str) else part for part in parts], separator="-"
    )


def identified(form: str, records: pl.DataFrame, people: People) -> pl.DataFrame:
    """Records with SITEID, SUBJID and RECORDID."""
    own = records[PERSON].to_numpy()
    return records.with_columns(
        SITEID=pl.Series(people.site).cast(pl.String).gather(own),
        SUBJID=pl.Series(people.subject).gather(own),
    ).with_columns(RECORDID=record_id(form))


def form_table(form: str, records: pl.DataFrame, people: People, end: Array, as_of: date) -> pl.DataFrame:
    """The form's file of the night of ``as_of``: subjects by number, visits by schedule."""
    own = records[PERSON].to_numpy()
    ended = records.with_columns(_ended=moments(end * 24 * 60).gather(own))
    known = as_known(identified(form, ended, people), as_of)
    order = pl.col("VISITOID").replace_strict(dict(zip(_VISIT_ORDER, range(len(_VISIT_ORDER)), strict=True)))
    sorted_rows = known.sort("SUBJID", order, "FORMREPEAT", "ITEMGROUPREPEAT", "RECORDID")
    audited = sorted_rows.with_columns(
        STUDYID=pl.lit(STUDY),
        VISITNAME=pl.col("VISITOID").replace_strict(codes.VISITS),
        FORMOID=pl.lit(form),
        RECSTATUS="_status",
        RECVERSION="_version",
        CREATEDTS=_utc(CREATED),
        MODIFIEDTS=_utc("_modified"),
        LOCKSTATUS=_lock(end_of(as_of)),
    )
    fields = [
        name
        for name in records.columns
        if not name.startswith("_") and name not in AUDIT and "__" not in name
    ]
    texts = [name for field in fields for name in ([field, f"{field}_DEC"] if field in _TEXTS else [field])]
    printed = {
        f"{field}_DEC": pl.col(field).cast(pl.String).replace_strict(_TEXTS[field])
        for field in fields
        if field in _TEXTS
    }
    return audited.with_columns(**printed).select(_blank_is_null(name) for name in (*AUDIT, *texts))


def _utc(column: str) -> pl.Expr:
    return pl.col(column).dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def _lock(moment: datetime) -> pl.Expr:
    now = pl.lit(moment)
    after_end = now - pl.col("_ended")
    return (
        pl.when(after_end >= _SIGNED)
        .then(pl.lit("SIGNED"))
        .when(after_end >= _LOCKED)
        .then(pl.lit("LOCKED"))
        .when(now - pl.col(CREATED) >= _FROZEN)
        .then(pl.lit("FROZEN"))
        .otherwise(pl.lit("OPEN"))
    )


def _blank_is_null(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    return pl.when(text != "").then(text).alias(name)
