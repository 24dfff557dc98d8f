"""Units of measurements on forms: the terminology's spelling, factors, and scales with another zero (Fahrenheit)."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from pipeline.derive.decimals import to_double
from pipeline.derive.rational import half_up, with_computed
from pipeline.specs.load import StudySpec


def with_given_unit(spec: StudySpec, rows: pl.DataFrame, orres: str, orresu: str) -> pl.DataFrame:
    """``rows`` plus the answer as ``orres`` and its unit, as ticked or printed on the form, in the
    terminology's spelling."""
    spellings = spec.table("unit_spellings")
    given = pl.coalesce(
        pl.col("_unit_given").replace(spellings["spelling"].to_list(), spellings["unit"].to_list()), "_unit"
    )
    return rows.with_columns(
        pl.col("_answer").alias(orres), pl.when(pl.col("_answer").is_not_null()).then(given).alias(orresu)
    )


def unit_factors(spec: StudySpec) -> pl.DataFrame:
    """``from``, ``to`` and ``_factor`` (null for a scale with another zero), ``_add``, ``_multiply``,
    ``_divide`` as text."""
    scale = spec.table("unit_factors")
    plain = (pl.col("add") == "0") & (pl.col("divide") == "1")
    return scale.select(
        "from",
        "to",
        _factor=pl.when(plain).then("multiply"),
        _add="add",
        _multiply="multiply",
        _divide="divide",
    )


def with_scale_results(
    rows: pl.DataFrame, spec: StudySpec, orres: str, orresu: str, stresc: str, stresn: str, stresu: str
) -> pl.DataFrame:
    """Results of scales with another zero: (value + add) x multiply / divide, exact, rounded half up to the
    item's decimals."""
    scaled = [row for row in unit_factors(spec).iter_rows(named=True) if row["_factor"] is None]
    for each in scaled:
        add, multiply, divide = (Fraction(each[name]) for name in ("_add", "_multiply", "_divide"))
        here = (pl.col(orresu) == each["from"]) & (pl.col("_std_unit") == each["to"])
        places = rows.filter(here)["_places"].max()
        if places is None:
            continue

        def formula(
            value: Fraction,
            shift: Fraction = add,
            times: Fraction = multiply / divide,
            to: int = int(str(places)),
        ) -> tuple[str]:
            return (half_up((value + shift) * times, to),)

        rows = with_computed(rows, [orres], ["_scaled"], formula)
        done = here & pl.col("_scaled").is_not_null()
        rows = rows.with_columns(
            pl.when(done).then("_scaled").otherwise(stresc).alias(stresc),
            pl.when(done).then(to_double(pl.col("_scaled"))).otherwise(stresn).alias(stresn),
            pl.when(done).then("_std_unit").otherwise(stresu).alias(stresu),
            pl.when(~done).then("_result_problem").alias("_result_problem"),
        ).drop("_scaled")
    return rows
