"""Trial design datasets: rows of the study's tables, and the trial summary with its computed parameters."""

from __future__ import annotations

import polars as pl

from pipeline.derive.iso8601 import date_part
from pipeline.domains.records import Built, Inputs
from pipeline.specs.models import Dataset

_ENROLLED = "RANDOMIZED"
_ENDED = "STUDY PARTICIPATION"


def trial_design(inputs: Inputs, dataset: Dataset) -> Built:
    """The rows of ``dataset.table`` in key order, as SDTM variables."""
    return Built(_from_table(inputs, dataset).sort(list(dataset.keys), nulls_last=False))


def _from_table(inputs: Inputs, dataset: Dataset) -> pl.DataFrame:
    rows = _with_settings(inputs, inputs.spec.table(dataset.table or ""))
    numeric = {name for name, _, facts in inputs.spec.ordered(dataset.dataset) if facts.type == "Num"}
    absent = pl.lit(None, dtype=pl.String)
    columns = [
        (absent if verb.take is None else pl.col(verb.take))
        .cast(pl.Float64 if name in numeric else pl.String)
        .alias(name)
        for name, verb in dataset.variables.items()
        if verb.take is not None or verb.empty is not None
    ]
    return rows.select(
        pl.lit(inputs.spec.study.study).alias("STUDYID"), pl.lit(dataset.dataset).alias("DOMAIN"), *columns
    )


def _with_settings(inputs: Inputs, rows: pl.DataFrame) -> pl.DataFrame:
    """``rows`` with every cell ``{name of a setting}`` replaced by that setting's value, null if it is empty."""
    named = {f"{{{name}}}": setting.value or None for name, setting in inputs.spec.study.settings.items()}
    return rows.with_columns(pl.col(pl.String).replace(named))


def trial_summary(inputs: Inputs, dataset: Dataset) -> Built:
    """TS from its table; parameters marked in column ``calc`` are computed from DM and DS, null flavours as they need.

    A parameter without value has TSVALNF and no code, reference or version (SDTMIG TS; FDA rule SD1297).
    """
    table = _with_settings(inputs, inputs.spec.table(dataset.table or ""))
    computed = _computed(inputs)
    rows = _from_table(inputs, dataset).with_columns(_calc=table["calc"], TSVAL=table["TSVAL"])
    value = pl.col("_calc").replace_strict(
        list(computed), list(computed.values()), default=None, return_dtype=pl.String
    )
    rows = rows.with_columns(TSVAL=pl.when(pl.col("_calc").is_not_null()).then(value).otherwise("TSVAL"))
    empty = pl.col("TSVAL").is_null()
    rows = rows.with_columns(
        TSVALNF=pl.when(empty).then(pl.coalesce("TSVALNF", pl.lit("NAV"))),
        TSVALCD=pl.when(~empty).then(_code_of_yes_no()),
        TSVCDREF=pl.when(~empty).then("TSVCDREF"),
        TSVCDVER=pl.when(~empty).then("TSVCDVER"),
    )
    return Built(rows.drop("_calc").sort(list(dataset.keys), nulls_last=False))


def _code_of_yes_no() -> pl.Expr:
    """A computed Y or N carries the code of its own answer."""
    answer = pl.col("TSVAL").replace_strict(
        ["Y", "N"], ["C49488", "C49487"], default=None, return_dtype=pl.String
    )
    return pl.when(pl.col("_calc").is_not_null()).then(pl.coalesce(answer, "TSVALCD")).otherwise("TSVALCD")


def _computed(inputs: Inputs) -> dict[str, str | None]:
    """Values of the computed parameters as text; null where the data cannot tell yet."""
    subjects, records = inputs.records("DM").collect(), inputs.records("DS").collect()
    enrolled = records.filter(pl.col("DSDECOD") == _ENROLLED)["USUBJID"].unique()
    started = (
        subjects.filter(pl.col("USUBJID").is_in(enrolled.implode()))
        .select(date_part(pl.col("RFICDTC")))
        .to_series()
        .min()
    )
    ended = records.filter((pl.col("DSSCAT") == _ENDED) & pl.col("USUBJID").is_in(enrolled.implode()))
    complete = ended["USUBJID"].n_unique() >= int(_planned(inputs)) and enrolled.len() >= int(
        _planned(inputs)
    )
    last = ended.select(date_part(pl.col("DSSTDTC"))).to_series().max() if complete else None
    settings = inputs.spec.study
    return {
        "ACTSUB": str(enrolled.len()),
        "DCUTDTC": inputs.cut.isoformat(),
        "DCUTDESC": settings.setting("ts.cut_description"),
        "ONGOSIND": "N" if complete else "Y",
        "SENDTC": None if last is None else str(last),
        "SSTDTC": settings.setting("ts.planned_start") if started is None else str(started),
    }


def _planned(inputs: Inputs) -> str:
    table = inputs.spec.table("ts")
    return str(table.filter(pl.col("TSPARMCD") == "PLANSUB")["TSVAL"][0])
