"""Records that the pipeline adds where the form has parts but no result: joint counts, body mass index."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from pipeline.derive.decimals import to_double
from pipeline.derive.rational import half_up, with_computed
from pipeline.domains.items import item_records
from pipeline.domains.mapping import Mapped
from pipeline.domains.records import LINE, Inputs
from pipeline.specs.models import Dataset

_COUNT_OF = {"TJC28": "TNDRIND", "SJC28": "SWLLIND"}
_JOINTS = 28
_MASS_INDEX_PLACES = 1


def joint_records(inputs: Inputs, dataset: Dataset) -> tuple[Mapped, pl.DataFrame]:
    """Joint items and counts; a count that the form does not show is summed when all 28 joints were assessed
    (SDTM MK)."""
    found, findings = item_records(inputs, dataset)
    rows = found.rows.collect().with_columns(MKDRVFL=pl.lit(None, dtype=pl.String))
    derived = [_summed(rows, count, indicator) for count, indicator in _COUNT_OF.items()]
    names = dict(
        rows.filter(pl.col("MKTESTCD").is_in(list(_COUNT_OF)))
        .select("MKTESTCD", "MKTEST")
        .unique()
        .iter_rows()
    )
    table = inputs.spec.table(dataset.parts[0].items or "")
    names |= dict(
        table.filter(pl.col("MKTESTCD").is_in(list(_COUNT_OF))).select("MKTESTCD", "MKTEST").iter_rows()
    )
    added = pl.concat(derived).with_columns(MKTEST=pl.col("MKTESTCD").replace(names))
    return Mapped(pl.concat([rows, added], how="diagonal_relaxed").lazy(), found.set_aside), findings


def _summed(rows: pl.DataFrame, count: str, indicator: str) -> pl.DataFrame:
    """One derived count for each form with 28 assessed joints and no count of its own."""
    shown = rows.filter(pl.col("MKTESTCD") == count).select(LINE)
    joints = rows.filter((pl.col("MKTESTCD") == indicator) & pl.col("MKSTRESC").is_not_null())
    kept = [
        name
        for name in rows.columns
        if not name.startswith("MK") or name in ("MKSPID", "MKCAT", "MKMETHOD", "MKEVAL", "MKDTC")
    ]
    sums = joints.group_by(LINE, maintain_order=True).agg(
        *(pl.col(name).first() for name in kept if name != LINE),
        _assessed=pl.len(),
        MKSTRESN=(pl.col("MKSTRESC") == "Y").sum().cast(pl.Float64),
    )
    whole = sums.filter(pl.col("_assessed") == _JOINTS).join(shown, on=LINE, how="anti").drop("_assessed")
    return whole.with_columns(
        MKTESTCD=pl.lit(count),
        MKSTRESC=pl.col("MKSTRESN").cast(pl.Int64).cast(pl.String),
        MKDRVFL=pl.lit("Y"),
    )


def vital_sign_records(inputs: Inputs, dataset: Dataset) -> tuple[Mapped, pl.DataFrame]:
    """Measurements as collected, and a derived body mass index wherever one form has weight and height."""
    found, findings = item_records(inputs, dataset)
    rows = found.rows.collect().with_columns(VSDRVFL=pl.lit(None, dtype=pl.String))
    people = inputs.derived("subjects").select(_subject="SUBJID", VSRFTDTC="RFXSTDTC").collect()
    complete = pl.concat([rows, _mass_index(rows)], how="diagonal_relaxed")
    complete = complete.join(people, on="_subject", how="left", maintain_order="left")
    timed = pl.when(pl.col("VSTPT").is_not_null()).then("VSRFTDTC")
    return Mapped(complete.with_columns(VSRFTDTC=timed).lazy(), found.set_aside), findings


def _mass_index(rows: pl.DataFrame) -> pl.DataFrame:
    def measured(test: str, name: str) -> pl.DataFrame:
        return rows.filter((pl.col("VSTESTCD") == test) & pl.col("VSSTRESN").is_not_null()).select(
            LINE, pl.col("VSSTRESC").alias(name)
        )

    both = measured("WEIGHT", "_kg").join(measured("HEIGHT", "_cm"), on=LINE, how="inner")
    index = with_computed(both, ["_kg", "_cm"], ["VSSTRESC"], _body_mass_index).drop("_kg", "_cm")
    kept = [
        c
        for c in rows.columns
        if not c.startswith("VS") or c in ("VSSPID", "VSDTC", "VSTPT", "VSTPTNUM", "VSELTM", "VSTPTREF")
    ]
    forms = (
        rows.select(kept).unique(LINE, keep="first", maintain_order=True).join(index, on=LINE, how="inner")
    )
    return forms.with_columns(
        VSTESTCD=pl.lit("BMI"),
        VSTEST=pl.lit("Body Mass Index"),
        VSSTRESN=to_double(pl.col("VSSTRESC")),
        VSSTRESU=pl.lit("kg/m2"),
        VSDRVFL=pl.lit("Y"),
    )


def _body_mass_index(kilograms: Fraction, centimetres: Fraction) -> tuple[str] | None:
    """kg/m2 with one decimal, halves up; none without a height."""
    if centimetres <= 0:
        return None
    return (half_up(kilograms / (centimetres / 100) ** 2, _MASS_INDEX_PLACES),)
