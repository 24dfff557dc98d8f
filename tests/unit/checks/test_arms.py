"""Checks of randomization and the blind, each asked just inside and just outside its limit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline.contracts.facts import column_facts
from pipeline.flow.context import study_parts
from pipeline.settings import Settings
from pipeline.specs.checks import Check
from tests.unit.checks.asked import findings_of

STUDY = "BXU001-RA-"
Row = dict[str, Any]
ASSIGN = ("SUBJID", "SITEID", "COHORT", "RANDNO", "RANDDT", "STATUS")


def subject(number: int) -> str:
    return f"101-{number:03}"


def table(rows: list[Row], *columns: str) -> pl.DataFrame:
    """Rows as text, ``_line`` as a number."""
    kinds: dict[str, Any] = {name: pl.Int64 if name == "_line" else pl.String for name in columns}
    return pl.DataFrame([{name: row.get(name) for name in columns} for row in rows], schema=kinds)


def assigned(cohorts: str, **status: str) -> pl.DataFrame:
    """One standing assignment a day to each of ``cohorts`` ("1112"); ``status`` by subject ("s3")."""
    rows = [
        {"SUBJID": subject(n), "SITEID": "101", "COHORT": cohort, "RANDNO": str(1000 + n),
         "RANDDT": f"2027-01-{n:02}T14:00:00Z", "STATUS": status.get(f"s{n}", "ASSIGNED"), "_line": n + 1}
        for n, cohort in enumerate(cohorts, start=1)
    ]  # fmt: skip
    return table(rows, *ASSIGN, "_line")


@pytest.mark.parametrize(
    ("cohorts", "status", "told"),
    [
        ("1" * 8, {}, []),
        ("1" * 9, {}, [("101-009", "Cohort 1 has 9 subjects")]),
        ("1" * 9, {"s4": "CANCELLED"}, []),
        ("1" * 8 + "2" * 11, {}, [("101-017", "Cohort 2 has 11 subjects")]),
    ],
)
def test_a_cohort_has_eight_subjects(
    tmp_path: Path, cohorts: str, status: dict[str, str], told: list[tuple[str, str]]
) -> None:
    found = findings_of(tmp_path, "BX-ARM-02", {"live.rtsm_assign": assigned(cohorts, **status)})
    assert found.select("subject", "detail").rows() == told


@pytest.mark.parametrize(
    ("cohorts", "status", "held", "told"),
    [
        ("1" * 8 + "2", {}, 0, []),
        ("1" * 7 + "21", {}, 0, ["Cohort 2 opened before cohort 1 was full (7 subjects until then)"]),
        ("1" * 7 + "21", {}, 1, []),
        (
            "1" * 8 + "2",
            {"s2": "CANCELLED"},
            0,
            ["Cohort 2 opened before cohort 1 was full (7 subjects until then)"],
        ),
        ("1" * 7 + "21", {"s8": "CANCELLED"}, 0, []),
        ("", {}, 0, []),
    ],
)
def test_the_second_cohort_opens_when_the_first_is_full(
    tmp_path: Path, cohorts: str, status: dict[str, str], held: int, told: list[str]
) -> None:
    aside = table([{"SUBJID": subject(90 + n)} for n in range(held)], "SUBJID")
    tables = {"live.rtsm_assign": assigned(cohorts, **status), "quarantine.rtsm_assign": aside}
    assert findings_of(tmp_path, "BX-ARM-04", tables)["detail"].to_list() == told


# what is entered beside an assignment of 14:00 UTC, which is 09:00 at the site -> what the findings say
FORMS: tuple[tuple[dict[str, str | None], list[str]], ...] = (
    ({}, []),
    ({"RANDTIM": "09:01"}, ["other time"]),
    ({"RANDTIM": "14:00"}, ["other time"]),
    ({"RANDTIM": "UN:UN"}, []),
    ({"RANDTIM": None}, ["other time"]),
    ({"RANDDAT": "UN-JAN-2027"}, []),
    ({"RANDDAT": "UN-FEB-2027"}, ["other date"]),
    ({"RANDDAT": "20-JAN-2027"}, ["other date"]),
    ({"RANDDAT": None}, ["other date"]),
    ({"RANDNO": "7"}, ["other number"]),
    ({"RANDNO": None}, ["other number"]),
    ({"RANDYN": "N", "RANDNO": None}, ["randomized in the system only"]),
)


def form(number: int, **changes: str | None) -> Row:
    own: Row = {"SUBJID": subject(number), "RANDYN": "Y", "RANDNO": str(1000 + number), "RANDTIM": "09:00"}
    return {**own, "RANDDAT": f"{number:02}-JAN-2027", "_line": 100 + number, **changes}


def randomization(
    folder: Path, forms: list[Row], system: pl.DataFrame, held: list[str]
) -> list[tuple[str, str]]:
    tables: dict[str, Any] = {
        "live.rtsm_assign": system,
        "live.edc_rand": table(forms, "SUBJID", "RANDYN", "RANDNO", "RANDTIM", "RANDDAT", "_line"),
        "live.rtsm_sites": [{"SITEID": "101", "TZ": "America/New_York"}],
        "quarantine.rtsm_assign": table([{"SUBJID": one} for one in held], "SUBJID"),
    }
    found = findings_of(folder, "BX-ARM-05", tables)
    return found.select("subject", pl.col("detail").str.extract(r"\((.*)\)")).sort("subject", "detail").rows()


def test_form_and_system_tell_the_same_randomization(tmp_path: Path) -> None:
    forms = [form(n, **changes) for n, (changes, _) in enumerate(FORMS, start=1)]
    told = randomization(tmp_path, forms, assigned("1" * len(FORMS)), [])
    assert told == [(subject(n), says) for n, (_, all_) in enumerate(FORMS, start=1) for says in all_]


def test_who_is_randomized_in_one_system_is_in_the_other_once(tmp_path: Path) -> None:
    system = pl.concat(
        [assigned("1111", s4="CANCELLED"), assigned("1").with_columns(_line=pl.lit(50, pl.Int64))]
    )
    system = system.with_columns(RANDNO=pl.col("RANDNO").replace("1003", "1002"))
    forms = [form(1), form(2), form(3, RANDNO="1002"), form(4), form(5), form(6), {**form(2), "_line": 300}]
    assert randomization(tmp_path, forms, system, [subject(6)]) == [
        ("101-001", "assigned twice"),
        ("101-002", "entered twice"),
        ("101-003", "number of another subject"),
        ("101-004", "not in the randomization system"),
        ("101-005", "not in the randomization system"),
    ]


# ARMCD, ACTARMCD, ARMNRS, first infusion, disposition -> what the finding says
ARMS = (
    ("MASKED", "MASKED", None, "2027-01-12", "COMPLETED", None),
    ("MASKED", "MASKED", "NOT ASSIGNED", None, None, "a reason beside both arms"),
    ("MASKED", None, "ASSIGNED, NOT TREATED", None, "WITHDRAWAL BY SUBJECT", None),
    ("MASKED", None, None, None, None, "an arm and the reason are missing"),
    (None, None, "SCREEN FAILURE", None, "SCREEN FAILURE", None),
    (None, None, "NOT ASSIGNED", "2027-01-12", None, "infused, but not assigned"),
    (None, None, "UNPLANNED TREATMENT", "2027-01-12", None, None),
    ("MASKED", "MASKED", None, "2027-01-12", "SCREEN FAILURE", "a screen failure who was randomized"),
)


def test_a_reason_stands_where_an_arm_is_missing_and_is_true(tmp_path: Path) -> None:
    names = [STUDY + subject(n) for n in range(len(ARMS))]
    columns = ("ARMCD", "ACTARMCD", "ARMNRS", "RFXSTDTC", "DSDECOD")
    people = [
        {"USUBJID": name, **dict(zip(columns, row, strict=False))}
        for name, row in zip(names, ARMS, strict=True)
    ]
    tables = {
        "sdtm.dm": table(people, "USUBJID", *columns[:4]),
        "sdtm.ds": table(people, "USUBJID", "DSDECOD").with_columns(DSSEQ=pl.lit(1.0)),
    }
    found = findings_of(tmp_path, "BX-ARM-07", tables)
    told = dict(found.select("subject", pl.col("detail").str.extract(r"\((.*)\)")).iter_rows())
    assert told == {subject(n): row[5] for n, row in enumerate(ARMS) if row[5]}


def test_a_missing_reason_is_not_asked_for_while_the_row_of_the_infusion_is_set_aside(tmp_path: Path) -> None:
    person = {"USUBJID": STUDY + subject(0), "ARMCD": "MASKED"}
    tables = {
        "sdtm.dm": table([person], "USUBJID", "ARMCD", "ACTARMCD", "ARMNRS", "RFXSTDTC"),
        "sdtm.ds": table([], "USUBJID", "DSDECOD").with_columns(DSSEQ=pl.lit(1.0)),
    }
    assert findings_of(tmp_path, "BX-ARM-07", tables).height == 1
    held = table([person], "USUBJID").with_columns(RFXSTDTC_held=pl.lit(2, pl.UInt32))
    assert findings_of(tmp_path, "BX-ARM-07", {**tables, "derived.subjects": held}).height == 0


def test_another_treatment_than_planned_is_critical_and_an_arm_that_is_missing_is_none(
    tmp_path: Path,
) -> None:
    arms = [("BXU075", "BXU075"), ("PBO", "BXU075"), ("PBO", None)]
    rows = [
        {"USUBJID": STUDY + subject(n), "ARMCD": one, "ACTARMCD": other}
        for n, (one, other) in enumerate(arms)
    ]
    found = findings_of(tmp_path, "BX-ARM-06", {"sdtm.dm": rows})
    assert found.select("subject", "severity").rows() == [(subject(1), "CRITICAL")]


def texts(**written: list[Row]) -> dict[str, pl.DataFrame]:
    """Every source that BX-BL-02 reads, empty but for ``written``, whose rows are those of subjects 1, 2, ..."""
    parts = study_parts(Settings(home=Path()))
    sources = [name for layer, name in parts.spec.checks["BX-BL-02"].tables if layer == "typed"]
    return {
        f"typed.{source}": table(
            [
                {"SUBJID": subject(n), "_line": n, **row}
                for n, row in enumerate(written.get(source, []), start=1)
            ],
            *parts.all_layouts[source].columns,
            "_line",
        )
        for source in sources
    }


TELLING = ("HAD PLACEBO, SAYS THE NURSE", "placebo?", "BX-U001 bag seen", "arm BXU150")
HARMLESS = ("0.75 MG AS BEFORE", "AS IN STUDY BXU001-RA", "SUBJECT PBODE", None)


def test_a_text_that_names_a_treatment_is_found_and_never_repeated(tmp_path: Path) -> None:
    rows = [{"AETERM": text} for text in (*TELLING, *HARMLESS)]
    findings = findings_of(tmp_path, "BX-BL-02", texts(edc_ae=rows))
    assert findings["line"].sort().to_list() == [1, 2, 3, 4]
    assert findings["detail"].to_list() == ["Unblinding text in AE"] * len(TELLING)
    assert not [text for text in TELLING if text in str(findings.to_dicts())]


def test_every_column_of_free_text_of_forms_and_laboratory_is_read(tmp_path: Path) -> None:
    parts = study_parts(Settings(home=tmp_path))
    printed = {"VISITNAME", "VISITLBL", "LABTEST", "METHOD", "UNIT", "REFLO", "REFHI", "LABNAM"}
    free = {
        source: {name: "PBO" for name, fact in column_facts(model).items() if fact.kind == "text"}
        for source, model in parts.models.items()
        if source.startswith("edc_") or source == "lab_results"
    }
    written = {source: row for source, row in free.items() if set(row) - printed}
    found = findings_of(tmp_path, "BX-BL-02", texts(**{source: [row] for source, row in written.items()}))
    told = set(found.select("source", "variable").iter_rows())
    assert told == {(source, name) for source, row in written.items() for name in row if name not in printed}


def unblinded(cohorts: str) -> dict[str, pl.DataFrame]:
    """Emergency unblindings of one subject a day, in each of ``cohorts``; the first one twice."""
    names = [STUDY + subject(n) for n in range(1, len(cohorts) + 1)]
    rows = [
        {"USUBJID": name, "DSDECOD": "TREATMENT UNBLINDED", "DSSTDTC": f"2027-02-{n:02}", "DSSEQ": 4.0}
        for n, name in enumerate(names, start=1)
    ]
    again = [{**rows[0], "DSSTDTC": "2027-02-27", "DSSEQ": 5.0}]
    return {
        "sdtm.ds": pl.DataFrame([*rows, *again]),
        "sdtm.dm": pl.DataFrame({"USUBJID": names, "_q.COHORT": [f"COHORT {one}" for one in cohorts]}),
    }


@pytest.mark.parametrize(
    ("cohorts", "told"), [("1", []), ("12", []), ("1211", [subject(3)]), ("2212", [subject(2)])]
)
def test_a_second_unblinding_in_a_cohort_is_a_warning(tmp_path: Path, cohorts: str, told: list[str]) -> None:
    found = findings_of(tmp_path, "BX-BL-03", unblinded(cohorts))
    assert found.select("subject", "severity").rows() == [(one, "WARN") for one in told]


@pytest.mark.parametrize(
    ("arms", "told"),
    [
        (["PBO"], []),
        (["PBO", "BXU075", "PBO"], [(3, "Cohort 1 is effectively unblinded (2 controls are revealed)")]),
        (["BXU075"] * 5, []),
        (["BXU075"] * 6, [(6, "Cohort 1 is effectively unblinded (6 active subjects are revealed)")]),
    ],
)
def test_revealed_arms_that_give_the_others_away_are_critical(
    tmp_path: Path, arms: list[str], told: list[tuple[int, str]]
) -> None:
    rows = [
        {"SUBJID": subject(n), "TS": f"2027-03-{n:02}T10:00:00Z", "ARMCD": arm, "_line": n}
        for n, arm in enumerate(arms, start=1)
    ]
    tables = {
        **unblinded("1"),
        "live.rtsm_assign": assigned("1" * len(arms)),
        "live.rtsm_emergency_unblind": table(
            [*rows, {**rows[0], "_line": 90}], "SUBJID", "TS", "ARMCD", "_line"
        ),
    }
    found = findings_of(tmp_path, "BX-BL-03", tables, unblinded=True)
    assert found.select("line", "detail", "severity").rows() == [(*each, "CRITICAL") for each in told]


def test_the_sizes_of_the_cohorts_are_those_of_the_blind() -> None:
    spec = study_parts(Settings(home=Path())).spec
    assert spec.blinding is not None
    told = tuple(spec.study.settings[f"cohort.{name}"].value for name in ("active", "control"))
    assert {(str(size.active), str(size.control)) for size in spec.blinding.cohorts} == {told}


def test_a_second_query_stands_only_beside_one_that_every_build_asks() -> None:
    spec = study_parts(Settings(home=Path())).spec
    both = spec.checks["BX-BL-03"]
    assert {name for _, name in both.unblinded.tables} - {name for _, name in both.tables} == {
        "rtsm_assign",
        "rtsm_emergency_unblind",
    }
    with pytest.raises(ValueError, match="sql_unblinded stands beside"):
        Check(**{**both.model_dump(), "builds": "unblinded"})
    assert spec.checks["BX-ARM-02"].unblinded is spec.checks["BX-ARM-02"]
