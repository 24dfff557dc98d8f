"""Laboratory results through the study's catalogue: test, unit, standard result, reference range (rule R11).

What the catalogue, the unit list or the result terms do not know is quarantined, never passed on as free text.
"""

from __future__ import annotations

import polars as pl

from pipeline.derive.units import converted_double, range_indicator, with_standard_result
from pipeline.domains.items import NOT_DONE
from pipeline.specs.load import StudySpec
from pipeline.specs.reference_models import Laboratory

PROBLEM = "_problem"
_NUMERIC, _COUNT = "numeric", "count"
_COUNT_RANGE = r"^\d+-\d+$"
_FORMULA_TEST = "GFRE"


def with_catalogue(spec: StudySpec, roles: Laboratory, rows: pl.DataFrame) -> pl.DataFrame:
    """``rows`` plus the catalogue's facts under ``_<fact>``; ``_TESTCD`` is null for a test that it does not list."""
    catalogue = spec.table("lab_tests").filter(pl.col("vendor_test").is_not_null())
    facts = catalogue.rename(
        {name: f"_{name}" for name in catalogue.columns if not name.startswith("vendor")}
    )
    return rows.join(
        facts,
        left_on=[roles.test, roles.specimen],
        right_on=["vendor_test", "vendor_specimen"],
        how="left",
        maintain_order="left",
    )


def with_results(spec: StudySpec, roles: Laboratory, rows: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """``rows`` plus --ORRES to --NRIND, --STAT, --REASND, and ``_problem`` where a result cannot be used.

    A cancelled test is NOT DONE with the laboratory's comment as reason, or the word that stands for the result.
    """
    rows = _with_cancellation(spec, roles, rows, prefix)
    rows = _with_original(spec, roles, rows, prefix)
    numeric = pl.col("_result").is_in([_NUMERIC, _COUNT]) & ~_character_count(prefix)
    done = rows.filter(pl.col(f"{prefix}STAT").is_null())
    parts = [
        rows.filter(pl.col(f"{prefix}STAT").is_not_null()),
        _numbers(done.filter(numeric), prefix),
        _words(spec, roles, done.filter(~numeric), prefix),
    ]
    return pl.concat([part for part in parts if part.height] or parts[:1], how="diagonal_relaxed")


def _with_cancellation(spec: StudySpec, roles: Laboratory, rows: pl.DataFrame, prefix: str) -> pl.DataFrame:
    words = spec.table("lab_cancellations")["result"].to_list()
    by_word = pl.col(roles.result).str.to_uppercase().is_in(words).fill_null(value=False)
    by_status = pl.col(roles.status) == roles.cancelled
    word, comment = pl.when(by_word).then(pl.col(roles.result)), pl.col(roles.comment)
    both = pl.concat_str(word, comment, separator="; ", ignore_nulls=True).replace("", None)
    reason = pl.when(by_status).then(pl.coalesce(comment, word)).otherwise(both).str.to_uppercase()
    return rows.with_columns(
        pl.when(by_word | by_status).then(pl.lit(NOT_DONE)).alias(f"{prefix}STAT"),
        pl.when(by_word | by_status).then(reason).alias(f"{prefix}REASND"),
    )


def _with_original(spec: StudySpec, roles: Laboratory, rows: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """Result, unit in the terminology's spelling, and limits as received; all null for a test that was not done."""
    spellings = spec.table("unit_spellings")
    unit = pl.col(roles.unit).replace(spellings["spelling"].to_list(), spellings["unit"].to_list())
    done = pl.col(f"{prefix}STAT").is_null()
    return rows.with_columns(
        pl.when(done).then(roles.result).alias(f"{prefix}ORRES"),
        pl.when(done).then(unit).alias(f"{prefix}ORRESU"),
        pl.when(done).then(roles.low).alias(f"{prefix}ORNRLO"),
        pl.when(done).then(roles.high).alias(f"{prefix}ORNRHI"),
        pl.when(done & (pl.col(roles.result).is_null())).then(pl.lit("missing")).alias(PROBLEM),
    )


def _character_count(prefix: str) -> pl.Expr:
    return (pl.col("_result") == _COUNT) & pl.col(f"{prefix}ORRES").str.contains(_COUNT_RANGE).fill_null(
        value=False
    )


def _numbers(rows: pl.DataFrame, prefix: str) -> pl.DataFrame:
    rows = rows.with_columns(pl.col("_places").cast(pl.Int64))
    judged = with_standard_result(
        rows,
        orres=f"{prefix}ORRES",
        orresu=f"{prefix}ORRESU",
        factor="_factor",
        std_unit="_unit",
        places="_places",
        stresc=f"{prefix}STRESC",
        stresn=f"{prefix}STRESN",
        stresu=f"{prefix}STRESU",
        problem="_number_problem",
    )
    low, high, factor = (
        pl.col(f"{prefix}ORNRLO"),
        pl.col(f"{prefix}ORNRHI"),
        pl.coalesce("_factor", pl.lit("1")),
    )
    return judged.with_columns(
        converted_double(low, factor).alias(f"{prefix}STNRLO"),
        converted_double(high, factor).alias(f"{prefix}STNRHI"),
        range_indicator(pl.col(f"{prefix}ORRES"), low, high).alias(f"{prefix}NRIND"),
        pl.coalesce(PROBLEM, "_number_problem").alias(PROBLEM),
    )


def _words(spec: StudySpec, roles: Laboratory, rows: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """Character results through the result terms; counted ranges such as 0-2 stay as they are."""
    terms = spec.table("result_terms").filter(pl.col("dataset") == prefix)
    word = pl.col(f"{prefix}ORRES").str.to_uppercase()
    known = word.replace_strict(
        terms["raw"].to_list(), terms["term"].to_list(), default=None, return_dtype=pl.String
    )
    standard = pl.when(pl.col("_result") == _COUNT).then(pl.col(f"{prefix}ORRES")).otherwise(known)
    normal = pl.col(roles.reference_text)
    listed = normal.str.split(";").list.contains(standard)
    counted = pl.col("_result") == _COUNT
    return rows.with_columns(
        standard.alias(f"{prefix}STRESC"),
        pl.when(~counted).then(normal).alias(f"{prefix}STNRC"),
        pl.when(~counted & normal.is_not_null() & standard.is_not_null())
        .then(pl.when(listed).then(pl.lit("NORMAL")).otherwise(pl.lit("ABNORMAL")))
        .alias(f"{prefix}NRIND"),
        pl.coalesce(PROBLEM, pl.when(standard.is_null()).then(pl.lit("text"))).alias(PROBLEM),
    )


def with_factor(spec: StudySpec, roles: Laboratory, rows: pl.DataFrame) -> pl.DataFrame:
    """``rows`` plus ``_factor``: from the unit as received to the catalogue's unit, null if the study has none."""
    spellings = spec.table("unit_spellings")
    unit = pl.col(roles.unit).replace(spellings["spelling"].to_list(), spellings["unit"].to_list())
    factors = spec.table("lab_units").select(_TESTCD="TESTCD", _SPEC="SPEC", _from="unit", _factor="factor")
    return rows.with_columns(_from=unit).join(
        factors, on=["_TESTCD", "_SPEC", "_from"], how="left", maintain_order="left"
    )


def with_formula(spec: StudySpec, roles: Laboratory, rows: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """--ANMETH from the laboratory's wording of the formula, and ``_problem`` where the study does not know it."""
    methods = spec.table("lab_methods")
    formula = pl.col(roles.method).replace_strict(
        methods["method"].to_list(), methods["LBANMETH"].to_list(), default=None, return_dtype=pl.String
    )
    computed = pl.col("_TESTCD") == _FORMULA_TEST
    unknown = computed & formula.is_null() & pl.col(f"{prefix}STAT").is_null()
    return rows.with_columns(
        pl.when(computed).then(formula).alias(f"{prefix}ANMETH"),
        pl.coalesce(PROBLEM, pl.when(unknown).then(pl.lit("formula"))).alias(PROBLEM),
    )
