"""What the defects of logs are planted in: one record a subject, the subject's days, and records entered anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.simulation import coding
from data_contracts.bxu001_ra.simulation.terms import drugs
from pipeline.simulate import Ground
from pipeline.simulate.ground import PLANTED, ROW, Tables, appended, rewritten

SUBJECT: Final = "SUBJID"
RA_LOG, OTHER_LOG = "edc_cmra", "edc_cm"
BLANK: Final = pl.lit(None, pl.String)
TICK: Final = pl.lit("1")
RESCUE: Final = pl.col("CMRESC") == "1"
ACTIVE: Final = pl.col("RECSTATUS") == "ACTIVE"
_FIRST_NEW: Final = 90  # number of a record that a defect adds: it sorts behind those that the trial has
_EDC: Final = "%d-%b-%Y"
DAYS: Final = ("consent", "randomized", "infusion", "infused_until", "ended")


def day(column: str) -> pl.Expr:
    """The day of a collected date; null where a part of it is unknown."""
    return pl.col(column).str.to_date(_EDC, strict=False)


def written(days: pl.Expr) -> pl.Expr:
    """Days as the forms print them."""
    return days.dt.strftime(_EDC).str.to_uppercase()


def reads(kind: str, *sources: str) -> tuple[str, ...]:
    """Topics of ``sources`` that defects of other such kinds may share, and nobody else may touch."""
    return tuple(f"{source}/{kind}" for source in sources)


def with_days(ground: Ground, rows: pl.DataFrame) -> pl.DataFrame:
    """``rows`` with the subject's DAYS (null where not reached), ``end_reason``, ``seen_last`` (last contact, or the
    end if that was earlier), and ``week4``, ``week14`` if done."""
    tables = ground.tables
    visits = tables["edc_sv"].filter(ACTIVE & (pl.col("SVPERF") == "Y"))
    infused = tables["edc_ec"].filter(ACTIVE & (pl.col("ECYN") == "Y")).sort(ROW)
    facts = (
        tables["edc_dsic"].filter(ACTIVE).select(SUBJECT, consent=day("ICDAT")),
        tables["edc_rand"].filter(ACTIVE).select(SUBJECT, randomized=day("RANDDAT")),
        infused.select(SUBJECT, infusion=day("ECSTDAT"), infused_until=day("ECENDAT")),
        tables["edc_dseos"]
        .filter(ACTIVE)
        .select(
            SUBJECT,
            ended=day("DSEOSDAT"),
            end_reason="DSEOSSTAT",
            seen_last=pl.min_horizontal(day("DSEOSDAT"), day("DSLASTCONT")),
        ),
        visits.filter(pl.col("VISITOID") == "W4").select(SUBJECT, week4=day("SVDAT")),
        visits.filter(pl.col("VISITOID") == "W14").select(SUBJECT, week14=day("SVDAT")),
    )
    found = rows
    for each in facts:
        found = found.join(
            each.unique(SUBJECT, keep="first", maintain_order=True),
            on=SUBJECT,
            how="left",
            maintain_order="left",
        )
    return found


def free_rows(ground: Ground, source: str, where: pl.Expr) -> pl.DataFrame:
    """Rows of ``source`` that are not deleted, carry no defect and satisfy ``where`` (also on the subject's days)."""
    rows = ground.tables[source].filter(ACTIVE & ~pl.col(PLANTED))
    return with_days(ground, rows).filter(where.fill_null(value=False))


def one_each(
    ground: Ground, rows: pl.DataFrame, topics: Sequence[str], *, count: int | None = None
) -> pl.DataFrame:
    """One of ``rows`` for each of up to ``count`` subjects, whose ``topics`` are taken; in the order of the table."""
    subjects = ground.people(rows[SUBJECT], topics, count=count)
    luck = pl.Series("_luck", ground.rng.random(rows.height), dtype=pl.Float64)
    drawn = rows.with_columns(luck).filter(pl.col(SUBJECT).is_in(subjects))
    return drawn.sort("_luck").unique(SUBJECT, keep="first", maintain_order=True).sort(ROW).drop("_luck")


def spread(ground: Ground, rows: pl.DataFrame, low: int, high: int) -> pl.Series:
    """A whole number of ``low``..``high`` for each of ``rows``."""
    return pl.Series(ground.rng.integers(low, high + 1, size=rows.height), dtype=pl.Int64)


def days_after(column: str, number: pl.Series) -> pl.Expr:
    """``column`` moved by ``number`` of days, as the forms print it."""
    return written(pl.col(column) + pl.duration(days=pl.lit(number)))


def decoded(**columns: str | None) -> dict[str, pl.Expr]:
    """Values of coded columns with their printed texts; None blanks both."""
    lists = {
        "CMDOSFRQ": codes.FREQUENCY, "CMROUTE": codes.ROUTE, "CMSCATC": codes.RA_CLASS, "CMREAS": codes.STOP_REASON,
        "AEOUT": codes.OUTCOME, "AETOXGR": codes.GRADE, "AEACN": codes.ACTION_TAKEN,
        **dict.fromkeys(("AEPRE", "AESER", "AECONTRT", "AEINFR", "RESCUE"), codes.YN),
    }  # fmt: skip
    texts = {f"{name}_DEC": value and lists[name][value] for name, value in columns.items()}
    return {name: pl.lit(value, pl.String) for name, value in {**columns, **texts}.items()}


# A course of RA therapy that is over, with the reason blank, and one that goes on.
PAST: Final = {"CMONGO": BLANK, "CMREASOTH": BLANK, "CMRESC": BLANK, **decoded(CMREAS=None)}
PRESENT: Final = {**PAST, "CMENDAT": BLANK, "CMONGO": TICK}


def drug_fields(name: str) -> dict[str, pl.Expr]:
    """What a form says about one of the trial's drugs: its class, dose, frequency and route."""
    fact = drugs().row(by_predicate=pl.col("name") == name, named=True)
    listed = fact["kind"] if fact["kind"] in codes.RA_CLASS else None
    plain = {
        "CMTRT": name,
        "CMDOSE": fact["dose"],
        "CMDOSU": fact["unit"],
        "CMFRQOTH": fact["other_frequency"],
    }
    coded = decoded(CMSCATC=listed, CMDOSFRQ=fact["frequency"], CMROUTE=fact["route"])
    return {**{column: pl.lit(value, pl.String) for column, value in plain.items()}, **coded}


def medication(name: str, dose: str, frequency: str, route: str) -> dict[str, pl.Expr]:
    """What a form says about a drug in another dose, frequency and route than usual."""
    coded = decoded(CMDOSFRQ=frequency, CMROUTE=route)
    return {**drug_fields(name), "CMDOSE": pl.lit(dose), "CMFRQOTH": BLANK, **coded}


def changed(
    ground: Ground, source: str, rows: pl.DataFrame, **values: pl.Expr
) -> tuple[Tables, pl.DataFrame]:
    """The table with ``values`` in ``rows``, and these rows."""
    new = rows.with_columns(**{name: value for name, value in values.items() if name in rows.columns})
    columns = [name for name in values if name in rows.columns]
    return {source: rewritten(ground.tables[source], new, columns)}, new


def entered_anew(
    ground: Ground, tables: Tables, source: str, rows: pl.DataFrame, **values: pl.Expr
) -> tuple[Tables, pl.DataFrame]:
    """``tables`` with new records made from ``rows`` and ``values`` at the end of the form, and coded; and the records.

    ``tables`` has what the defect has changed so far.
    """
    form = source.removeprefix("edc_").upper()
    number = pl.int_range(pl.len()).over(SUBJECT) + _FIRST_NEW
    used = (
        tables.get(source, ground.tables[source])
        .group_by(SUBJECT)
        .agg(_last=pl.col("FORMREPEAT").cast(pl.Int64).max())
    )
    fresh = (
        rows.with_columns(**{name: value for name, value in values.items() if name in rows.columns})
        .join(used, on=SUBJECT, how="left", maintain_order="left")
        .with_columns(FORMREPEAT=pl.max_horizontal(number, pl.col("_last") + 1).cast(pl.String))
        .with_columns(
            RECORDID=pl.format("{}-{}-LOG-{}-1", SUBJECT, pl.lit(form), "FORMREPEAT"),
            RECVERSION=pl.lit("1"),
            MODIFIEDTS=pl.col("CREATEDTS"),
        )
    )
    if "AENO" in fresh.columns:
        fresh = fresh.with_columns(AENO="FORMREPEAT")
    table, new = appended(tables.get(source, ground.tables[source]), fresh)
    code, entries = _coded(new)
    coded, _ = appended(tables.get(code, ground.tables[code]), entries)
    return {**tables, source: table, code: coded}, fresh.with_columns(new[ROW])


def _coded(rows: pl.DataFrame) -> tuple[str, pl.DataFrame]:
    if "CMTRT" in rows.columns:
        return "coding_whodrug", coding.drug_coding(rows.clear(), rows)
    none = rows.clear().with_columns(MHTERM=pl.lit(None, pl.String))
    return "coding_meddra", coding.event_coding(rows, none, none)
