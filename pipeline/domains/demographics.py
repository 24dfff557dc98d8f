"""DM: one record a subject, with its reference dates, age, race and, while the study is blinded, masked arms."""

from __future__ import annotations

import polars as pl

from pipeline.derive.iso8601 import collected_date, date_part, is_complete_date
from pipeline.derive.timing import completed_years
from pipeline.domains.common import Workpiece, numbered, with_study_days, with_subject
from pipeline.domains.mapping import kept, mapped
from pipeline.domains.records import LINE, Built, Inputs, Tie, in_link_order, linked
from pipeline.domains.subjects import HELD, ROW_OF, moment_source
from pipeline.domains.withheld import reference_findings
from pipeline.specs.models import Dataset

MASKED_CODE, MASKED = "MASKED", "Masked"
SEVERAL_RACES = "MULTIPLE"
_MOST_RACES = 6
# Reference dates of DM and the moment of the subject that each one is.
_MOMENT_OF = {
    "RFSTDTC": "RFXSTDTC",
    "RFXSTDTC": "RFXSTDTC",
    "RFXENDTC": "RFXENDTC",
    "RFICDTC": "RFICDTC",
    "RFENDTC": "ENDDTC",
    "DTHDTC": "DTHDTC",
}
_NOT_TREATED = "ASSIGNED, NOT TREATED"
_FAILED, _NOT_ASSIGNED = "SCREEN FAILURE", "NOT ASSIGNED"


def demographics(inputs: Inputs, dataset: Dataset) -> Built:
    """DM in key order; ages, arms and reference dates null where the facts behind them are missing or set aside
    (SDTMIG 3.4 DM)."""
    races = inputs.spec.codemap("RACE")
    found = mapped(inputs, dataset, keep=tuple(races))
    work = Workpiece(inputs, dataset, found.rows.collect(), [found.set_aside])
    with_subject(work)
    _with_races(work, races)
    _with_reference_dates(work)
    _with_arms(work)
    _with_age(work)
    with_study_days(work)
    built = numbered(work)
    return Built(built.records, _with_more_links(inputs, built), built.set_aside, reference_findings(inputs))


def _with_races(work: Workpiece, races: dict[str, str]) -> None:
    """RACE from the ticked boxes; several races make MULTIPLE and go one by one into the hidden _RACE1.. columns."""
    ticked = pl.concat_list(
        pl.when(pl.col(f"_{column}") == "1").then(pl.lit(term)) for column, term in races.items()
    ).list.drop_nulls()
    several = pl.col("_ticked").list.len() > 1
    work.rows = work.rows.with_columns(_ticked=ticked).with_columns(
        RACE=pl.when(several).then(pl.lit(SEVERAL_RACES)).otherwise(pl.col("_ticked").list.first()),
        **{
            f"_RACE{n}": pl.when(several).then(pl.col("_ticked").list.get(n - 1, null_on_oob=True))
            for n in range(1, _MOST_RACES + 1)
        },
    )


def _with_reference_dates(work: Workpiece) -> None:
    """RFSTDTC, RFENDTC, RFPENDTC, DTHFL from the subject's moments and the dates of all its records."""
    last = work.inputs.derived("last_dates").collect()
    work.rows = work.rows.join(last, on="USUBJID", how="left", maintain_order="left")
    ended = pl.min_horizontal(date_part(pl.col("ENDDTC")), date_part(pl.col("DTHDTC")))
    own = [date_part(pl.col("DMDTC"))] if work.has("DMDTC") else []
    latest = pl.max_horizontal("_last_date", *own)
    died = pl.col("_died").fill_null(value=False) | pl.col("SUBJID").is_in(
        _on_death_form(work.inputs).implode()
    )
    not_later = pl.when(ended.is_not_null() & (latest > ended)).then(ended).otherwise(latest)
    work.rows = work.rows.with_columns(
        RFSTDTC="RFXSTDTC",
        RFENDTC=pl.when("RANDOMIZED").then("ENDDTC"),
        RFPENDTC=pl.when(~_held("ENDDTC", "DTHDTC")).then(not_later.dt.to_string("%Y-%m-%d")),
        DTHFL=pl.when(died).then(pl.lit("Y")),
    )


def _held(*moments: str) -> pl.Expr:
    """Whether the row that would tell one of ``moments`` is set aside."""
    return pl.any_horizontal(pl.col(f"{name}{HELD}").is_not_null() for name in moments)


def _on_death_form(inputs: Inputs) -> pl.Series:
    """Subjects with a death form, dated or not."""
    death = inputs.spec.study.reference.death
    rows = inputs.live(death.source)
    for where in death.where:
        rows = rows.filter(kept(where))
    return rows.select("SUBJID").unique().sort("SUBJID").collect().to_series()


def _with_arms(work: Workpiece) -> None:
    """Masked arms of a blinded build: planned for randomized, actual for infused subjects, else the reason; no reason
    where one of the rows that it follows from is set aside."""
    randomized, infused = pl.col("RANDOMIZED"), pl.col("RFXSTDTC").is_not_null()
    failed = pl.col("_failed_screening").fill_null(value=False)
    work.rows = work.rows.with_columns(
        ARMCD=pl.when(randomized).then(pl.lit(MASKED_CODE)),
        ARM=pl.when(randomized).then(pl.lit(MASKED)),
        ACTARMCD=pl.when(randomized & infused).then(pl.lit(MASKED_CODE)),
        ACTARM=pl.when(randomized & infused).then(pl.lit(MASKED)),
        ARMNRS=pl.when(pl.when(randomized).then(_held("RFXSTDTC")).otherwise(_held("RANDOMIZED", "RFXSTDTC")))
        .then(None)
        .when(randomized & ~infused)
        .then(pl.lit(_NOT_TREATED))
        .when(~randomized & failed)
        .then(pl.lit(_FAILED))
        .when(~randomized & ~_held("ENDDTC"))
        .then(pl.lit(_NOT_ASSIGNED)),
        ACTARMUD=pl.lit(None, dtype=pl.String),
    )


def _with_age(work: Workpiece) -> None:
    born = collected_date(pl.col("_birth"))
    derived = completed_years(born, pl.col("RFICDTC"))
    entered = pl.col("_age").cast(pl.Float64)
    age = pl.when(is_complete_date(born)).then(derived.cast(pl.Float64)).otherwise(entered)
    work.rows = work.rows.with_columns(AGE=age, AGEU=pl.when(age.is_not_null()).then("AGEU"))


def _with_more_links(inputs: Inputs, built: Built) -> pl.DataFrame:
    """Links of DM also to the rows that tell consent and death, and to those that gave it each reference date."""
    links = [built.links, *_moment_links(inputs, built.records)]
    for source in inputs.spec.dataset("DM").reads:
        rows = inputs.live(source).select("SUBJID", LINE).collect()
        joined = built.records.select("SUBJID", "USUBJID", "_seq").join(rows, on="SUBJID", how="inner")
        named = joined.with_columns(_source=pl.lit(source))
        links.append(linked(named, Tie.JOINED, line=LINE))
    return in_link_order(links)


def _moment_links(inputs: Inputs, records: pl.DataFrame) -> list[pl.DataFrame]:
    people = inputs.derived("subjects").select(
        "USUBJID", *(f"{name}{ROW_OF}" for name in dict.fromkeys(_MOMENT_OF.values()))
    )
    rows = records.select("USUBJID", "_seq", *(pl.col(name).alias(f"_{name}") for name in _MOMENT_OF)).join(
        people.unique("USUBJID").collect(), on="USUBJID", how="left", maintain_order="left"
    )
    return [
        linked(
            rows.filter(pl.col(f"_{variable}").is_not_null()).with_columns(
                _source=pl.lit(moment_source(inputs.spec.study, moment))
            ),
            variable,
            line=f"{moment}{ROW_OF}",
            source="_source",
        )
        for variable, moment in _MOMENT_OF.items()
    ]
