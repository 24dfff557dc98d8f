"""The gate that every dataset passes: the variables of its specification, in their order and type, and nothing else.

A variable that the specification lists and no step made is an error of the code, so the build fails. What the data do
wrong (a repeated key, a null in a required variable, a value outside its codelist) is a finding.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from pipeline.domains.records import LINE, SOURCE, Built, Inputs
from pipeline.errors import BuildFailed
from pipeline.findings import FINDING, Severity, as_findings
from pipeline.specs.load import StudySpec
from pipeline.specs.models import Dataset
from pipeline.specs.terminology import known_codelists, permitted

_TYPES = {"Num": pl.Float64, "Char": pl.String}
REQUIRED = "required"
_LONGEST_NAMED = 5
# A standard result is in a codelist only where it is a word: not a number, a censored number or a range of counts.
_MEASURED = r"^[<>]?=? ?[+-]?[0-9.]+([eE][+-]?[0-9]+)?(-[0-9]+)?$"


def conform(inputs: Inputs, dataset: Dataset, built: Built) -> Built:
    """``built`` with exactly the dataset's variables in SDTMIG order, plus a finding for each rule the data break.

    Raises BuildFailed when a variable is missing or has another type than SDTMIG gives it.
    """
    variables = inputs.spec.ordered(dataset.dataset)
    missing = [name for name, _, _ in variables if name not in built.records.columns]
    if missing:
        raise BuildFailed(
            dataset.dataset,
            f"no step made {', '.join(missing[:_LONGEST_NAMED])}",
            "derive it or mend the spec",
        )
    for name, _, facts in variables:
        if built.records.schema[name] not in (_TYPES[facts.type], pl.Null):
            raise BuildFailed(
                f"{dataset.dataset}.{name}", f"is {built.records.schema[name]}, SDTMIG says {facts.type}"
            )
    found = [
        *_repeated(inputs.spec, dataset, built),
        *_required(inputs.spec, dataset, built),
        *_codelists(inputs.spec, dataset, built),
    ]
    records = built.records.select(pl.col(name).cast(_TYPES[facts.type]) for name, _, facts in variables)
    return replace(built, records=records, findings=pl.concat([built.findings, *found]))


def _repeated(spec: StudySpec, dataset: Dataset, built: Built) -> list[pl.DataFrame]:
    again = built.records.filter(pl.struct(list(dataset.keys)).is_duplicated())
    keys = ", ".join(dataset.keys)
    return [_finding(again, spec, dataset, "key", Severity.ERROR, keys, "the record's key is not unique")]


def _required(spec: StudySpec, dataset: Dataset, built: Built) -> list[pl.DataFrame]:
    return [
        _finding(
            built.records.filter(pl.col(name).is_null()),
            spec,
            dataset,
            REQUIRED,
            Severity.WARN,
            name,
            f"{name} is required and has no value",
        )
        for name, _, facts in spec.ordered(dataset.dataset)
        if facts.core == "Req"
    ]


def _codelists(spec: StudySpec, dataset: Dataset, built: Built) -> list[pl.DataFrame]:
    found = []
    for name, variable, facts in spec.ordered(dataset.dataset):
        lists = known_codelists(spec, variable.codelist or facts.codelists)
        if lists and facts.type == "Char":
            outside = pl.col(name).is_not_null() & ~pl.col(name).is_in(list(permitted(spec, lists)))
            if name.endswith("STRESC"):
                outside &= ~pl.col(name).str.contains(_MEASURED)
            bad = built.records.filter(outside)
            found.append(
                _finding(
                    bad,
                    spec,
                    dataset,
                    "codelist",
                    Severity.ERROR,
                    name,
                    f"the value of {name} is not in its codelist",
                )
            )
    return found


def _finding(
    bad: pl.DataFrame,
    spec: StudySpec,
    dataset: Dataset,
    rule: str,
    severity: Severity,
    variable: str,
    message: str,
) -> pl.DataFrame:
    if bad.is_empty():
        return FINDING.to_frame()
    located = bad.select(
        source=pl.lit(dataset.dataset) if SOURCE not in bad.columns else pl.col(SOURCE),
        line=pl.lit(None) if LINE not in bad.columns else pl.col(LINE),
        subject=pl.col("USUBJID").str.strip_prefix(spec.study.subject_prefix)
        if "USUBJID" in bad.columns
        else pl.lit(None),
    )
    source = dataset.looked_up.get(variable) if rule == REQUIRED else None
    return as_findings(
        located,
        rule=f"{dataset.dataset}.{variable if ',' not in variable else ''}{'.' if ',' not in variable else ''}{rule}",
        severity=str(severity),
        variable=variable,
        message=message,
        action=f"ask the sender of {source} for the missing value"
        if source
        else "ask the site or the sender",
        quarantined=False,
    )
