"""CM: category and class of a medication, its dose as a number or in words, and its frequency."""

from __future__ import annotations

import polars as pl

from pipeline.derive.decimals import is_number, to_double
from pipeline.derive.iso8601 import date_part, latest
from pipeline.domains.common import Workpiece
from pipeline.domains.records import Inputs

_OTHER = "OTH"
_PREMEDICATION = "PREMEDICATION"


def with_medication_facts(work: Workpiece) -> None:
    """CMCAT, CMSCAT, CMDOSE or CMDOSTXT, CMDOSFRQ, CMRSDISC; a frequency in unknown words is quarantined.

    Date-only premedication of the infusion day belongs before the infusion (study rule R7).
    """
    spec = work.inputs.spec
    words = spec.codemap("CMFRQOTH")
    listed = spec.codemap("CMDOSFRQ")
    other = pl.col("_frequency") == _OTHER
    said = pl.col("_other_frequency").str.to_uppercase()
    unknown = other & said.is_not_null() & ~said.is_in(list(words))
    work.quarantine(
        unknown.fill_null(value=False), "CMDOSFRQ", "the frequency in words is not in the study's table"
    )
    reasons = spec.codemap("CMREAS")
    dose = pl.col("_dose")
    work.rows = work.rows.with_columns(
        CMCAT=_category(work.inputs),
        CMSCAT=pl.coalesce("CMSCAT", _class_by_atc(work.inputs)),
        CMDOSE=pl.when(is_number(dose)).then(to_double(dose)),
        CMDOSTXT=pl.when(~is_number(dose)).then(dose.str.to_uppercase()),
        CMDOSFRQ=pl.when(other).then(_by_map(said, words)).otherwise(_by_map(pl.col("_frequency"), listed)),
        CMRSDISC=pl.coalesce(_by_map(pl.col("_stop"), reasons), pl.col("_stop_other").str.to_uppercase()),
        _before_infusion=pl.col("CMINDC").str.contains(_PREMEDICATION, literal=True).fill_null(value=False),
    )


def _by_map(text: pl.Expr, known: dict[str, str]) -> pl.Expr:
    return text.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.String)


def _category(inputs: Inputs) -> pl.Expr:
    """By form and dates: rescue, RA therapy that ended before consent or not, blood products by ATC, other."""
    rules = inputs.spec.table("medication_categories")
    name = dict(rules.select("rule", "CMCAT").iter_rows())
    blood = rules.filter(pl.col("rule") == "atc")["value"].to_list()
    for_disease = pl.col("_source") == inputs.spec.study.reference.rescue.source
    ended = (latest(pl.col("CMENDTC")) < date_part(pl.col("RFICDTC"))).fill_null(value=False)
    by_class = pl.any_horizontal(pl.col("CMCLASCD").str.starts_with(code) for code in blood).fill_null(
        value=False
    )
    return (
        pl.when(for_disease & pl.col("_rescue").is_not_null())
        .then(pl.lit(name["rescue"]))
        .when(for_disease & ended)
        .then(pl.lit(name["ra_ended"]))
        .when(for_disease)
        .then(pl.lit(name["ra"]))
        .when(by_class)
        .then(pl.lit(name["atc"]))
        .otherwise(pl.lit(name["other"]))
    )


def _class_by_atc(inputs: Inputs) -> pl.Expr:
    """The class of a medication on the general log where its ATC code tells it, else null."""
    expression = pl.lit(None, dtype=pl.String)
    for code, name in inputs.spec.table("medication_classes").iter_rows():
        expression = (
            pl.when(pl.col("CMCLASCD").str.starts_with(code)).then(pl.lit(name)).otherwise(expression)
        )
    return expression
