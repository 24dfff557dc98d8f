"""Laboratory findings: the central laboratory's file, panels that were not drawn, and tests done at the site."""

from __future__ import annotations

import polars as pl

from pipeline.derive.iso8601 import compact_date, compact_time, datetime_iso
from pipeline.derive.units import converted_double
from pipeline.domains.common import CONTACT, OID, REPEAT
from pipeline.domains.filtration import with_filtration
from pipeline.domains.items import NOT_DONE
from pipeline.domains.lab_results import PROBLEM, with_catalogue, with_factor, with_formula, with_results
from pipeline.domains.lab_revisions import current_results, withheld_revisions
from pipeline.domains.lab_samples import doubtful_samples
from pipeline.domains.lab_visits import with_visit
from pipeline.domains.mapping import Mapped, mapped
from pipeline.domains.records import LINE, SET_ASIDE, SOURCE, SUBJECT, Fate, Inputs, set_aside, stacked
from pipeline.findings import FINDING, Severity, as_findings
from pipeline.specs.models import Dataset, Part
from pipeline.specs.reference_models import Laboratory

_CATALOGUED = {"TESTCD": "_TESTCD", "TEST": "_TEST", "CAT": "_CAT", "SPEC": "_SPEC", "METHOD": "_METHOD"}
_SPECIFIC = {"BDAGNT": "_BDAGNT", "TSTOPO": "_objective", "TSTDTL": "_objective"}
_NOT_PERFORMED = "N"


def laboratory_records(inputs: Inputs, dataset: Dataset) -> tuple[Mapped, pl.DataFrame]:
    """Records of every part of a laboratory dataset, rows set aside with reasons, and findings on blank forms.

    The part whose source is the central file goes through revisions, catalogue and units; the collection form gives one
    NOT DONE record for each planned panel that was not drawn; the local test is one record a form.
    """
    roles = inputs.spec.study.laboratory
    frames, aside, findings = [], [], [FINDING.to_frame()]
    for part in dataset.parts:
        if part.source == roles.source:
            rows, dropped = _central(inputs, dataset)
            rows = with_filtration(inputs, dataset, rows)
        elif part.source == roles.form:
            rows, dropped = _panels_not_drawn(inputs, dataset, part)
        else:
            rows, dropped, found = _local(inputs, dataset, part)
            findings.append(found)
        frames.append(rows)
        aside.append(dropped)
    return Mapped(pl.concat(frames, how="diagonal_relaxed").lazy(), stacked(aside, SET_ASIDE)), pl.concat(
        findings
    )


def _central(inputs: Inputs, dataset: Dataset) -> tuple[pl.DataFrame, pl.DataFrame]:
    spec, roles, prefix = inputs.spec, inputs.spec.study.laboratory, dataset.dataset
    rows = with_catalogue(spec, roles, inputs.live(roles.source).collect())
    elsewhere = [name for name in spec.study.datasets if name != prefix]
    other = pl.col("_dataset").ne_missing(prefix)
    rows_here = rows.filter(~other)
    aside = [_unlisted(roles, rows.filter(pl.col("_dataset").is_null()))]
    aside += _not_built(roles, rows.filter(other & pl.col("_dataset").is_not_null()), elsewhere)
    masked = inputs.unblinded is None and "_restricted" in rows.columns
    telling = pl.col("_restricted").is_not_null() if masked else pl.lit(value=False)
    aside.append(_restricted(roles, rows_here.filter(telling)))
    rows_here = rows_here.filter(~telling)
    current, dropped = current_results(roles, rows_here, doubtful_samples(inputs), withheld_revisions(inputs))
    current = with_formula(
        spec, roles, with_results(spec, roles, with_factor(spec, roles, current), prefix), prefix
    )
    bad = current.filter(pl.col(PROBLEM).is_not_null())
    aside += [dropped, _unusable(roles, bad)]
    placed = with_visit(
        inputs,
        current.filter(pl.col(PROBLEM).is_null()).lazy(),
        subject=roles.subject,
        accession=roles.accession,
        label=roles.visit_label,
    ).collect()
    unknown = placed.filter(pl.col(OID).is_null())
    aside.append(
        set_aside(
            unknown,
            roles.source,
            Fate.QUARANTINED,
            f"{roles.source}.visit_label",
            "the visit label is unknown",
        )
    )
    placed = placed.filter(pl.col(OID).is_not_null())
    return _shaped(inputs, dataset, placed), stacked(aside, SET_ASIDE)


def _unlisted(roles: Laboratory, rows: pl.DataFrame) -> pl.DataFrame:
    reason = "the test and specimen are not in the study's catalogue"
    return set_aside(rows, roles.source, Fate.QUARANTINED, f"{roles.source}.{roles.test}", reason)


def _restricted(roles: Laboratory, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of tests that could tell the treatment: in no dataset while the study is blinded (study design 5.1)."""
    reason = "the test can tell the treatment and is left out while the study is blinded"
    return set_aside(rows, roles.source, Fate.NOT_SUBMITTED, f"{roles.source}.restricted", reason)


def _not_built(roles: Laboratory, rows: pl.DataFrame, built: list[str]) -> list[pl.DataFrame]:
    """Rows of tests whose dataset the study does not build (yet); the datasets that it builds account for their own."""
    return [
        set_aside(
            group,
            roles.source,
            Fate.NOT_SUBMITTED,
            f"{roles.source}.dataset",
            f"dataset {name} is not in this package",
        )
        for (name,), group in sorted(rows.partition_by("_dataset", as_dict=True).items())
        if name not in built
    ]


def _unusable(roles: Laboratory, bad: pl.DataFrame) -> pl.DataFrame:
    return bad.select(
        source=pl.lit(roles.source),
        line=pl.col(LINE).cast(pl.UInt32),
        fate=pl.lit(str(Fate.QUARANTINED)),
        rule=pl.format("{}.{}.{}", pl.lit(roles.source), pl.lit(roles.result), PROBLEM),
        reason=pl.format("the result or its unit cannot be used ({})", PROBLEM),
    )


def _shaped(inputs: Inputs, dataset: Dataset, rows: pl.DataFrame) -> pl.DataFrame:
    roles, prefix = inputs.spec.study.laboratory, dataset.dataset
    collected = datetime_iso(compact_date(pl.col(roles.date)), compact_time(pl.col(roles.time)))
    known = {f"{prefix}{suffix}": column for suffix, column in (_CATALOGUED | _SPECIFIC).items()}
    record_id = pl.format("{}-{}-{}", roles.accession, roles.test, roles.revision)
    made = rows.with_columns(
        *(pl.col(column).alias(name) for name, column in known.items()),
        pl.col(roles.accession).alias(f"{prefix}REFID"),
        record_id.alias(f"{prefix}SPID"),
        pl.col(roles.loinc).alias(f"{prefix}LOINC"),
        pl.col(roles.name).alias(f"{prefix}NAM"),
        pl.col(roles.fasting).alias(f"{prefix}FAST"),
        collected.alias(f"{prefix}DTC"),
        converted_double(pl.col(roles.quantitation), pl.coalesce("_factor", pl.lit("1"))).alias(
            f"{prefix}LLOQ"
        ),
        compact_date(pl.col(roles.date)).alias(CONTACT),
        pl.col(roles.revision).cast(pl.Int64).alias("_revision"),
        pl.col(roles.subject).alias(SUBJECT),
        pl.lit(roles.source).alias(SOURCE),
    )
    return made.select(_columns(dataset, made))


def _columns(dataset: Dataset, rows: pl.DataFrame) -> list[str]:
    hidden = (SUBJECT, SOURCE, LINE, OID, REPEAT, CONTACT, "_revision")
    return [name for name in rows.columns if name in dataset.variables or name in hidden]


def _panels_not_drawn(inputs: Inputs, dataset: Dataset, part: Part) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One whole-panel NOT DONE record for each category planned at the visit of a form that says nothing was drawn.

    The part may only take columns; all else follows from the form.
    """
    roles, reference, prefix = inputs.spec.study.laboratory, inputs.spec.study.reference, dataset.dataset
    forms = inputs.live(roles.form).collect()
    drawn = forms.filter(pl.col(roles.form_performed).ne_missing(_NOT_PERFORMED))
    planned = inputs.spec.table(roles.planned).rename({"oid": reference.visit_column, "CAT": f"{prefix}CAT"})
    empty = forms.join(drawn.select(LINE), on=LINE, how="anti")
    rows = empty.join(planned, on=reference.visit_column, how="inner", maintain_order="left")
    unplanned = empty.join(rows.select(LINE), on=LINE, how="anti")
    aside = [
        set_aside(
            drawn,
            roles.form,
            Fate.NOT_SUBMITTED,
            f"{roles.form}.drawn",
            "collection log; the results are submitted",
        ),
        set_aside(
            unplanned, roles.form, Fate.NOT_SUBMITTED, f"{roles.form}.unplanned", "no panel was planned"
        ),
    ]
    made = rows.with_columns(
        pl.lit(roles.panel_not_done).alias(f"{prefix}TESTCD"),
        pl.lit(roles.panel_name).alias(f"{prefix}TEST"),
        pl.lit(NOT_DONE).alias(f"{prefix}STAT"),
        pl.col(roles.form_reason).str.to_uppercase().alias(f"{prefix}REASND"),
        pl.lit(None, dtype=pl.String).alias(f"{prefix}DTC"),
        *(pl.col(verb.take).alias(name) for name, verb in part.set.items() if verb.take),
        pl.col(reference.visit_column).alias(OID),
        pl.col(reference.repeat_column).cast(pl.Int64).alias(REPEAT),
        pl.col("SUBJID").alias(SUBJECT),
        pl.lit(roles.form).alias(SOURCE),
    )
    return made.select(_columns(dataset, made)), stacked(aside, SET_ASIDE)


def _local(inputs: Inputs, dataset: Dataset, part: Part) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """One record a form of the test that the site does itself; an invalid or missing test is NOT DONE."""
    roles, reference, prefix = inputs.spec.study.laboratory, inputs.spec.study.reference, dataset.dataset
    carried = (roles.local_result, roles.local_performed, reference.visit_column, reference.repeat_column)
    base = mapped(inputs, dataset.model_copy(update={"parts": (part,)}), keep=carried)
    result, catalogue = pl.col(f"_{roles.local_result}"), inputs.spec.table("lab_tests")
    test = catalogue.filter(
        (pl.col("dataset") == prefix)
        & (pl.col("TESTCD") == roles.local_test)
        & (pl.col("SPEC") == roles.local_specimen)
    )
    terms = inputs.spec.codemap(roles.local_result)
    term = result.replace_strict(list(terms), list(terms.values()), default=None, return_dtype=pl.String)
    invalid = result.eq_missing(roles.local_invalid)
    absent = pl.col(f"_{roles.local_performed}").eq_missing(_NOT_PERFORMED)
    normal = pl.lit(test["normal"][0])
    made = base.rows.collect().with_columns(
        *(
            pl.lit(test[column.removeprefix("_")][0], dtype=pl.String).alias(f"{prefix}{s}")
            for s, column in _CATALOGUED.items()
        ),
        term.alias(f"{prefix}ORRES"),
        term.alias(f"{prefix}STRESC"),
        pl.when(term.is_not_null()).then(normal).alias(f"{prefix}STNRC"),
        pl.when(term == normal)
        .then(pl.lit("NORMAL"))
        .when(term.is_not_null())
        .then(pl.lit("ABNORMAL"))
        .alias(f"{prefix}NRIND"),
        pl.when(invalid | absent).then(pl.lit(NOT_DONE)).alias(f"{prefix}STAT"),
        pl.when(invalid).then(pl.lit("INVALID")).alias(f"{prefix}REASND"),
        pl.col(f"_{reference.visit_column}").alias(OID),
        pl.col(f"_{reference.repeat_column}").alias(REPEAT),
    )
    strange = result.is_not_null() & term.is_null() & ~invalid
    silent = result.is_null() & ~absent
    aside = [
        base.set_aside,
        set_aside(
            made.filter(silent),
            part.source,
            Fate.NOT_SUBMITTED,
            f"{part.source}.empty",
            "no result on the form",
        ),
        set_aside(
            made.filter(strange),
            part.source,
            Fate.QUARANTINED,
            f"{part.source}.{roles.local_result}",
            "unknown code",
        ),
    ]
    records = made.filter(~silent & ~strange).select(_columns(dataset, made))
    return records, stacked(aside, SET_ASIDE), _unanswered(dataset, part, roles, made.filter(silent))


def _unanswered(dataset: Dataset, part: Part, roles: Laboratory, rows: pl.DataFrame) -> pl.DataFrame:
    """One finding a form of the site's own test that was done but has no result."""
    return as_findings(
        rows.select(line=LINE, subject=SUBJECT),
        rule=f"{dataset.dataset}.blank",
        severity=str(Severity.WARN),
        source=part.source,
        variable=roles.local_result,
        message=f"{roles.local_result} is blank on a completed form and no reason is given",
        action="ask the site for the value or the reason",
        quarantined=False,
    )
