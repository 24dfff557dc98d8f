"""Forms with one column an item become one record an item, driven by the study's table of items.

The table has a row an item: ``source``, ``column``, ``result`` (``number``, ``text``, ``score:MAP``,
``term:MAP``), the units,
``shown_if`` (asked only if that box is ticked), ``visits`` (planned only there), ``reason_from`` and
``baseline`` (``no``: never
flagged as the last before exposure), ``timepoints`` (planned only then); every further column is named like
the variable that it fills.
"""

from __future__ import annotations

import polars as pl

from pipeline.derive.decimals import to_double
from pipeline.derive.units import with_standard_result
from pipeline.domains.common import OID, REPEAT
from pipeline.domains.mapping import JOINED, Mapped, mapped, rows_of_part
from pipeline.domains.records import LINE, SET_ASIDE, SOURCE, SUBJECT, Fate, Inputs, set_aside, stacked
from pipeline.domains.unit_scales import unit_factors, with_given_unit, with_scale_results
from pipeline.findings import FINDING, Severity, as_findings
from pipeline.specs.models import Dataset, Part

NOT_DONE = "NOT DONE"
_TICKED = "1"
_NUMBER = "number"
_NOT_PERFORMED = "N"
_FACTS = (
    "result",
    "unit_from",
    "unit",
    "std_unit",
    "places",
    "shown_if",
    "visits",
    "reason_from",
    "baseline",
    "timepoints",
)


def item_records(inputs: Inputs, dataset: Dataset) -> tuple[Mapped, pl.DataFrame]:
    """Records of all items of all parts, and findings for planned items that were left blank without a reason.

    A form that was not performed gives one NOT DONE record for each planned item (rule R10); a form without
    any value gives
    none, and its row is set aside.
    """
    frames, aside, findings = [], [], []
    for part in dataset.parts:
        single = dataset.model_copy(update={"parts": (part,)})
        base = mapped(inputs, single, keep=_kept_columns(inputs, part))
        long = _unfolded(inputs, dataset, part, base)
        long, blank = _answered(dataset, part, long)
        frames.append(_with_results(inputs, dataset, long))
        findings.append(_blank_findings(dataset, part, blank))
        aside += [base.set_aside, _empty_forms(inputs, part, long)]
    records, broken = _without_problems(dataset, pl.concat(frames, how="diagonal_relaxed"))
    found = Mapped(records.lazy(), stacked([*aside, broken], SET_ASIDE))
    return found, pl.concat([FINDING.to_frame(), *findings])


def _items(inputs: Inputs, part: Part) -> pl.DataFrame:
    table = inputs.spec.table(part.items or "").filter(pl.col("source") == part.source)
    return table.with_columns(
        pl.lit(None, dtype=pl.String).alias(name) for name in _FACTS if name not in table.columns
    )


def _kept_columns(inputs: Inputs, part: Part) -> tuple[str, ...]:
    items, reference = _items(inputs, part), inputs.spec.study.reference
    named = [
        items[name].drop_nulls().to_list() for name in ("column", "unit_from", "shown_if", "reason_from")
    ]
    form = [part.performed, part.reason, reference.visit_column, reference.repeat_column]
    return tuple(dict.fromkeys(filter(None, [*form, *(column for columns in named for column in columns)])))


def _unfolded(inputs: Inputs, dataset: Dataset, part: Part, base: Mapped) -> pl.DataFrame:
    """One row a source row and item, with the answer as text in ``_answer`` and the item's facts beside it."""
    reference, rows = inputs.spec.study.reference, base.rows.collect()
    rows = rows.rename({f"_{reference.visit_column}": OID, f"_{reference.repeat_column}": REPEAT})
    items = _items(inputs, part)
    fixed = [c for c in rows.columns if not c.startswith("_") or c in (OID, REPEAT, SUBJECT, SOURCE, LINE)]
    fixed += [f"_{name}" for name in (part.performed, part.reason) if name]
    fixed += [f"_{use}" for use in dataset.uses]
    fixed += [c for c in rows.columns if c.startswith(JOINED)]
    groups = items.partition_by("unit_from", "shown_if", "reason_from", maintain_order=True)
    parts = [_group(rows, fixed, group) for group in groups]
    variables = [name for name in items.columns if name in dataset.variables]
    facts = items.select("column", *variables, *(pl.col(name).alias(f"_{name}") for name in _FACTS))
    fills = [name for name in fixed if name not in variables]
    long = pl.concat(parts).select(*fills, "_column", "_answer", "_unit_given", "_reason_given", "_shown")
    return long.join(facts, left_on="_column", right_on="column", how="left", maintain_order="left")


def _group(rows: pl.DataFrame, fixed: list[str], group: pl.DataFrame) -> pl.DataFrame:
    unit_from, shown_if, reason_from = (group[name][0] for name in ("unit_from", "shown_if", "reason_from"))
    absent = pl.lit(None, dtype=pl.String)
    shown = (
        pl.lit(value=True) if shown_if is None else pl.col(f"_{shown_if}").cast(pl.String).eq_missing(_TICKED)
    )
    chosen = rows.select(
        *fixed,
        (absent if unit_from is None else pl.col(f"_{unit_from}")).alias("_unit_given"),
        (absent if reason_from is None else pl.col(f"_{reason_from}")).alias("_reason_given"),
        shown.alias("_shown"),
        *(pl.col(f"_{column}").cast(pl.String).alias(column) for column in group["column"]),
    )
    index = [*fixed, "_unit_given", "_reason_given", "_shown"]
    return chosen.unpivot(
        group["column"].to_list(), index=index, variable_name="_column", value_name="_answer"
    )


def _answered(dataset: Dataset, part: Part, long: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that become records, with --STAT and --REASND, and the planned items that are blank without a reason."""
    stat, reasnd = f"{dataset.dataset}STAT", f"{dataset.dataset}REASND"
    visits = pl.col("_visits").str.split(" ")
    planned = (pl.col("_visits").is_null() | visits.list.contains(pl.col(OID))) & pl.col("_shown")
    if "timepoint" in dataset.uses:
        times = pl.col("_timepoints").str.split(" ")
        planned &= (
            pl.col("_timepoints").is_null()
            | pl.col("_timepoint").is_null()
            | times.list.contains(pl.col("_timepoint"))
        )
    performed = (
        pl.lit(value=True)
        if part.performed is None
        else pl.col(f"_{part.performed}").ne_missing(_NOT_PERFORMED)
    )
    undetermined = pl.col("_answer").eq_missing(pl.lit(part.undetermined)) & pl.lit(
        part.undetermined is not None
    )
    blank = pl.col("_answer").is_null()
    form_reason = (
        pl.lit(None, dtype=pl.String) if part.reason is None else pl.col(f"_{part.reason}").str.to_uppercase()
    )
    given = pl.col("_reason_given").str.to_uppercase()
    explained = pl.coalesce(given, form_reason).is_not_null() | pl.lit(part.blank == "not_done")
    not_done = undetermined | (blank & planned & (~performed | explained))
    reason = (
        pl.when(undetermined)
        .then(pl.coalesce(given, pl.lit(part.undetermined_reason, dtype=pl.String)))
        .when(~performed)
        .then(form_reason)
        .otherwise(pl.coalesce(given, form_reason, pl.lit(part.blank_reason, dtype=pl.String)))
    )
    long = long.with_columns(_not_done=not_done, _missing=blank & planned & performed & ~explained)
    records = long.filter(pl.col("_not_done") | pl.col("_answer").is_not_null()).with_columns(
        pl.when("_not_done").then(pl.lit(NOT_DONE)).alias(stat),
        pl.when("_not_done").then(reason).alias(reasnd),
        _answer=pl.when(~pl.col("_not_done")).then("_answer"),
    )
    return records, long.filter("_missing")


def _with_results(inputs: Inputs, dataset: Dataset, long: pl.DataFrame) -> pl.DataFrame:
    """--ORRES, --ORRESU, --STRESC, --STRESN, --STRESU by the kind of each item; what fits no kind names its problem."""
    frames = [
        _result(inputs, dataset, rows, kind)
        for (kind,), rows in long.with_columns(_kind=pl.col("_result"))
        .partition_by("_kind", as_dict=True)
        .items()
    ]
    return pl.concat(frames, how="diagonal_relaxed") if frames else _result(inputs, dataset, long, _NUMBER)


def _result(inputs: Inputs, dataset: Dataset, rows: pl.DataFrame, kind: object) -> pl.DataFrame:
    name, _, codemap = str(kind).partition(":")
    orres, orresu, stresc, stresn, stresu = (
        f"{dataset.dataset}{suffix}" for suffix in ("ORRES", "ORRESU", "STRESC", "STRESN", "STRESU")
    )
    if name == _NUMBER:
        return _numbers(inputs, rows, orres, orresu, stresc, stresn, stresu)
    answer = pl.col("_answer")
    if name == "text":
        return rows.with_columns(answer.alias(orres), answer.alias(stresc))
    known = inputs.spec.codemap(codemap)
    term = answer.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.String)
    unknown = pl.when(answer.is_not_null() & term.is_null()).then(pl.lit("code"))
    scored = name == "score"
    return rows.with_columns(
        term.alias(orres),
        (answer if scored else term).alias(stresc),
        (to_double(answer) if scored else pl.lit(None, dtype=pl.Float64)).alias(stresn),
        _result_problem=unknown,
    )


def _numbers(
    inputs: Inputs, rows: pl.DataFrame, orres: str, orresu: str, stresc: str, stresn: str, stresu: str
) -> pl.DataFrame:
    rows = with_given_unit(inputs.spec, rows, orres, orresu)
    rows = rows.with_columns(pl.col("_places").cast(pl.Int64))
    rows = rows.join(
        unit_factors(inputs.spec).rename({"from": orresu, "to": "_std_unit"}),
        on=[orresu, "_std_unit"],
        how="left",
        maintain_order="left",
    )
    return with_standard_result(
        rows,
        orres=orres,
        orresu=orresu,
        factor="_factor",
        std_unit="_std_unit",
        places="_places",
        stresc=stresc,
        stresn=stresn,
        stresu=stresu,
    ).pipe(with_scale_results, inputs.spec, orres, orresu, stresc, stresn, stresu)


def _without_problems(dataset: Dataset, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    if "_result_problem" not in records.columns:
        return records, SET_ASIDE.to_frame()
    bad = records.filter(pl.col("_result_problem").is_not_null())
    aside = bad.select(
        source=SOURCE,
        line=pl.col(LINE).cast(pl.UInt32),
        fate=pl.lit(str(Fate.QUARANTINED)),
        rule=pl.format("{}.{}", pl.lit(f"{dataset.dataset}.result"), "_result_problem"),
        reason=pl.format("the answer in {} is not usable ({})", "_column", "_result_problem"),
    )
    return records.filter(pl.col("_result_problem").is_null()), aside.unique(maintain_order=True)


def _blank_findings(dataset: Dataset, part: Part, blank: pl.DataFrame) -> pl.DataFrame:
    if part.blank != "query":
        return FINDING.to_frame()
    return as_findings(
        blank.select(
            source=SOURCE,
            line=LINE,
            subject=SUBJECT,
            variable="_column",
            message=pl.format("{} is blank on a completed form and no reason is given", "_column"),
        ),
        rule=f"{dataset.dataset}.blank",
        severity=str(Severity.WARN),
        action="ask the site for the value or the reason",
        quarantined=False,
    )


def _empty_forms(inputs: Inputs, part: Part, records: pl.DataFrame) -> pl.DataFrame:
    rows, _ = rows_of_part(inputs, part)
    silent = rows.select(LINE).collect().join(records.select(LINE).unique(), on=LINE, how="anti")
    return set_aside(silent, part.source, Fate.NOT_SUBMITTED, f"{part.source}.empty", "no value on the form")
