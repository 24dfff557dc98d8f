"""Estimated glomerular filtration rate from every creatinine, by both published forms of the formula (design 3.7g).

The form that the study chose becomes a laboratory record where the laboratory itself did not report it; both forms
stand side by side in a table for the checks.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.derive.decimals import to_double
from pipeline.derive.egfr import MDRD_IDMS, MDRD_ORIGINAL, with_egfr
from pipeline.derive.iso8601 import collected_date, is_complete_date
from pipeline.derive.timing import completed_years
from pipeline.domains.common import CONTACT, OID, REPEAT
from pipeline.domains.records import LINE, ROSTER_KEY, SOURCE, SUBJECT, Inputs, Looked, translation
from pipeline.errors import SpecError
from pipeline.specs.choices import FORMULA, RACE, choice
from pipeline.specs.models import Dataset
from pipeline.specs.score_models import Filtration

FORMULAS: Final = {"IDMS": MDRD_IDMS, "ORIGINAL": MDRD_ORIGINAL}
_TICKED = "1"
_CARRIED: Final = (SUBJECT, SOURCE, LINE, OID, REPEAT, CONTACT, "_revision")


def with_filtration(inputs: Inputs, dataset: Dataset, rows: pl.DataFrame) -> pl.DataFrame:
    """``rows`` (the laboratory's records) plus a derived rate where it reported none by the formula for the specimen.

    The result has one decimal; none for a creatinine that is censored or not done, or a subject without age or sex.
    """
    roles, prefix = inputs.spec.study.filtration, dataset.dataset
    if roles is None or roles.dataset != prefix:
        return rows
    variant = choice(inputs.spec.study, FORMULA)
    term = _terms(inputs)[variant]
    test, method, specimen = (pl.col(f"{prefix}{suffix}") for suffix in ("TESTCD", "ANMETH", "REFID"))
    reported = rows.filter((test == roles.test) & (method == term)).select(specimen).unique()
    creatinine = rows.filter((test == roles.creatinine) & (pl.col(f"{prefix}SPEC") == roles.specimen))
    needed = creatinine.join(reported, on=f"{prefix}REFID", how="anti", nulls_equal=True)
    rated = _rated(
        inputs,
        roles,
        needed.rename({f"{prefix}ORRES": "creatinine", f"{prefix}ORRESU": "unit"}),
        f"{prefix}DTC",
    )
    rate = variant.lower()
    derived = rated.filter(pl.col(rate).is_not_null()).select(
        *(name for name in _CARRIED if name in rows.columns),
        *(
            pl.lit(value, dtype=pl.String).alias(f"{prefix}{name}")
            for name, value in _facts(inputs, roles).items()
        ),
        specimen,
        pl.format("{}-{}-DERIVED", specimen, pl.lit(roles.test)).alias(f"{prefix}SPID"),
        pl.lit(term).alias(f"{prefix}ANMETH"),
        pl.col(rate).alias(f"{prefix}STRESC"),
        to_double(pl.col(rate)).alias(f"{prefix}STRESN"),
        pl.lit("Y").alias(f"{prefix}DRVFL"),
        f"{prefix}DTC",
    )
    return pl.concat([rows, derived], how="diagonal_relaxed") if derived.height else rows


def filtration(inputs: Inputs) -> Looked:
    """One row a creatinine result: both rates (1 decimal, or null and why), and which, unrounded, is below the limit.

    ``reported`` is the laboratory's own rate by the formula of the study; ``disagree`` whether the two forms stand on
    different sides of the limit.
    """
    roles = _roles(inputs)
    prefix = roles.dataset
    variant = choice(inputs.spec.study, FORMULA)
    rated = _rated(inputs, roles, _creatinine(inputs, roles), "dtc")
    table = rated.join(
        _reported(inputs, roles, variant), on=["USUBJID", "specimen"], how="left", maintain_order="left"
    )
    table = table.with_columns(disagree=_yes_no(pl.col("idms_below") != pl.col("original_below")))
    columns = ["USUBJID", "VISITNUM", "dtc", "specimen", "creatinine", "unit", "age", "sex", "black"]
    rates = [f"{name.lower()}{suffix}" for name in FORMULAS for suffix in ("", "_below")]
    place = inputs.links(prefix).select("source", "line", USUBJID="subject", seq="seq").collect()
    placed = table.join(place, on=["USUBJID", "seq"], how="left", maintain_order="left")
    return Looked(
        placed.select(
            pl.col(SUBJECT).alias(ROSTER_KEY),
            *columns,
            *rates,
            "problem",
            "disagree",
            "reported",
            "source",
            "line",
        )
    )


def _roles(inputs: Inputs) -> Filtration:
    if inputs.spec.study.filtration is None:
        raise SpecError(
            "study.yaml", "has no section 'filtration'", "name the creatinine test and the roster's columns"
        )
    return inputs.spec.study.filtration


def _creatinine(inputs: Inputs, roles: Filtration) -> pl.DataFrame:
    """Finished creatinine records with a result, by subject and time, with the subject's number on the roster."""
    prefix = roles.dataset
    people = inputs.derived("subjects").select("USUBJID", pl.col("SUBJID").alias(SUBJECT))
    return (
        inputs.records(prefix)
        .filter(
            pl.col(f"{prefix}TESTCD") == roles.creatinine,
            pl.col(f"{prefix}SPEC") == roles.specimen,
            pl.col(f"{prefix}ORRES").is_not_null(),
        )
        .select(
            "USUBJID", "VISITNUM", dtc=f"{prefix}DTC", specimen=f"{prefix}REFID", creatinine=f"{prefix}ORRES",
            unit=f"{prefix}ORRESU", seq=pl.col(f"{prefix}SEQ").cast(pl.Int64),
        )
        .join(people, on="USUBJID", how="left", maintain_order="left")
        .sort("USUBJID", "seq")
        .collect()
    )  # fmt: skip


def _reported(inputs: Inputs, roles: Filtration, variant: str) -> pl.DataFrame:
    """USUBJID, specimen and the laboratory's own rate by the formula ``variant``."""
    prefix = roles.dataset
    own = inputs.records(prefix).filter(
        pl.col(f"{prefix}TESTCD") == roles.test,
        pl.col(f"{prefix}ANMETH") == _terms(inputs)[variant],
        pl.col(f"{prefix}DRVFL").is_null(),
        pl.col(f"{prefix}STRESC").is_not_null(),
    )
    rows = own.select("USUBJID", specimen=f"{prefix}REFID", reported=f"{prefix}STRESC").collect()
    return rows.unique(["USUBJID", "specimen"], keep="first", maintain_order=True)


def _rated(inputs: Inputs, roles: Filtration, rows: pl.DataFrame, dtc: str) -> pl.DataFrame:
    """``rows`` plus roster facts, age at ``dtc`` and the rate by each formula; ``problem`` names what is missing."""
    people = _people(inputs, roles)
    rated = rows.join(people, left_on=SUBJECT, right_on=ROSTER_KEY, how="left", maintain_order="left")
    complete = is_complete_date(pl.col("_born")).fill_null(value=False)
    rated = rated.with_columns(
        age=pl.when(complete).then(completed_years(pl.col("_born"), pl.col(dtc))).otherwise("_entered")
    )
    for name, formula in FORMULAS.items():
        rate = name.lower()
        rated = with_egfr(
            rated, creatinine="creatinine", unit="unit", age="age", sex="sex", black="black",
            formula=formula, egfr=rate, limit=roles.limit, below=f"{rate}_below",
        )  # fmt: skip
    known = pl.col("idms").is_not_null()
    problem = (
        pl.when(known)
        .then(None)
        .when(pl.col("age").is_null())
        .then(pl.lit("age"))
        .when(pl.col("sex").is_null())
        .then(pl.lit("sex"))
        .when(pl.col("black").is_null())
        .then(pl.lit("race"))
        .otherwise(pl.lit("creatinine"))
    )
    return rated.with_columns(problem=problem)


def _people(inputs: Inputs, roles: Filtration) -> pl.DataFrame:
    """SUBJID, ``_born`` (ISO), ``_entered`` (age on the form), ``sex`` (F or M), ``black`` (null without any box)."""
    races = inputs.spec.codemap(roles.races)
    ticked = {term: (pl.col(column) == _TICKED).fill_null(value=False) for column, term in races.items()}
    several = pl.sum_horizontal(each.cast(pl.Int8) for each in ticked.values())
    black = ticked[roles.black]
    if choice(inputs.spec.study, RACE) == "ALONE":
        black &= several == 1
    sexes = {code: term for code, term in inputs.spec.codemap(roles.sex_map).items() if term in ("F", "M")}
    roster = inputs.live(inputs.spec.study.reference.roster).sort(LINE)
    return (
        roster.unique(ROSTER_KEY, keep="first", maintain_order=True)
        .select(
            ROSTER_KEY,
            _born=collected_date(pl.col(roles.birth)),
            _entered=pl.col(roles.age).cast(pl.Int64),
            sex=translation(sexes, roles.sex),
            black=pl.when(several > 0).then(black),
        )
        .collect()
    )


def _facts(inputs: Inputs, roles: Filtration) -> dict[str, str | None]:
    """The catalogue's facts of the derived test, by the suffix of the variable that they fill."""
    catalogue = inputs.spec.table("lab_tests").filter(
        (pl.col("dataset") == roles.dataset) & (pl.col("TESTCD") == roles.test)
    )
    if catalogue.is_empty():
        raise SpecError("lab_tests.csv", f"has no test {roles.test}", "add it: study.yaml derives it")
    row = catalogue.row(0, named=True)
    return {name: row[name] for name in ("TESTCD", "TEST", "CAT", "SPEC", "METHOD")} | {"STRESU": row["unit"]}


def _terms(inputs: Inputs) -> dict[str, str]:
    """Form of the formula -> how the dataset calls it; SpecError if the table lacks one."""
    table = inputs.spec.table(_roles(inputs).formulas).drop_nulls("variant")
    named = dict(table.select("variant", "LBANMETH").iter_rows())
    if missing := [name for name in FORMULAS if name not in named]:
        raise SpecError(
            f"{_roles(inputs).formulas}.csv", f"has no variant {missing[0]}", "name its analysis method"
        )
    return named


def _yes_no(answer: pl.Expr) -> pl.Expr:
    return pl.when(answer).then(pl.lit("Y")).when(~answer).then(pl.lit("N"))
