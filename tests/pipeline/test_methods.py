"""The formulas that define.xml tells a reader give what the datasets have."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import polars as pl
import pytest

from pipeline.derive.timing import completed_years, study_day
from pipeline.specs.metadata import Method
from pipeline.warehouse.builds import Build
from tests.pipeline.formula_results import RESULTS
from tests.pipeline.formulas import SPEC, UNBLINDED, Pair, Records, Row, formula, method, registry

run, DATED = registry()


@pytest.fixture(scope="module")
def records(night: Build) -> Records:
    return Records(night)


@pytest.mark.parametrize("name", sorted({each.name for each in UNBLINDED.methods if each.python}))
def test_a_formula_gives_what_the_records_have(name: str, records: Records) -> None:
    pairs = list((DATED | RESULTS)[name](method(name, UNBLINDED), records))
    assert pairs
    assert [pair for pair in pairs if pair[0] != pair[1]] == []


@run("Unique subject identifier")
def _subject(told: Method, records: Records) -> Iterator[Pair]:
    for row in records.rows("DM"):
        yield formula(told, "DM")(row["STUDYID"], row["SUBJID"]), row["USUBJID"]


@run("Sequence number")
def _sequence(told: Method, records: Records) -> Iterator[Pair]:
    for name in records.datasets("--SEQ"):
        if name != "TS":
            for _, rows in records.by_subject(name):
                yield formula(told, name)(rows), [row[f"{name}SEQ"] for row in rows]


@run("Study day", "Study day of start", "Study day of end")
def _days(told: Method, records: Records) -> Iterator[Pair]:
    (variable,) = told.of
    for name in records.datasets(variable):
        day = variable.replace("--", name)
        for row in records.rows(name):
            reference = records.person(row["USUBJID"])["RFSTDTC"]
            yield formula(told, name)(row[f"{day.removesuffix('DY')}DTC"], reference), row[day]
    texts = ["2027-01-05", "2027-01-06T08:00", "2027-01", "2027", "2027---05", None]
    made = pl.DataFrame(list(product(texts, texts)), schema=["d", "r"], orient="row")
    for dtc, reference, day in made.with_columns(
        study_day(pl.col("d"), pl.col("r")).alias("day")
    ).iter_rows():
        yield formula(told, "AE")(dtc, reference), day


@run("Epoch")
def _epochs(told: Method, records: Records) -> Iterator[Pair]:
    for place in told.of:
        name = place.partition(".")[0]
        date = next(each for each in (f"{name}STDTC", f"{name}DTC") if each in SPEC.dataset(name).variables)
        for row in records.rows(name):
            elements = records.of("SE", row["USUBJID"])
            epochs = {formula(told, name)(row[date], elements, early) for early in _before(name, row)}
            yield row["EPOCH"] in epochs, True
            if len(epochs) == 1:
                yield epochs.pop(), row["EPOCH"]


def _before(name: str, row: Row) -> tuple[bool, ...]:
    """Whether the record was planned before the infusion of its day; both where only the form says it."""
    if name in ("AE", "CM"):
        return (True, False)
    if name == "DS":
        return (row["DSDECOD"] == "RANDOMIZED",)
    planned = row.get("VISITDY") == 1 and row.get(f"{name}TPT") in (None, "PRE-DOSE")
    return (planned and SPEC.dataset(name).class_ == "FINDINGS",)


@run("Last observation before exposure")
def _baselines(told: Method, records: Records) -> Iterator[Pair]:
    for name in records.datasets("--LOBXFL"):
        keys, without = SPEC.dataset(name).baseline_keys, _without_baseline(name)
        groups: dict[tuple[object, ...], list[Row]] = {}
        for row in records.rows(name):
            groups.setdefault((row["USUBJID"], *(row[key] for key in keys)), []).append(row)
        for (subject, *_), rows in groups.items():
            if rows[0][f"{name}TESTCD"] in without:
                continue
            flags = formula(told, name)(rows, records.person(str(subject))["RFXSTDTC"])
            yield flags, [row[f"{name}LOBXFL"] for row in rows]


def _without_baseline(name: str) -> set[str]:
    tables = [SPEC.table(part.items) for part in SPEC.dataset(name).parts if part.items]
    marked = [table.filter(pl.col("baseline") == "no") for table in tables if "baseline" in table.columns]
    return {test for table in marked for test in table[f"{name}TESTCD"]}


@run("Start of the reference period")
def _reference(told: Method, records: Records) -> Iterator[Pair]:
    for row in records.rows("DM"):
        yield formula(told, "DM")(row["RFXSTDTC"]), row["RFSTDTC"]


@run("End of the reference period")
def _reference_end(told: Method, records: Records) -> Iterator[Pair]:
    for row in records.rows("DM"):
        randomized = row["ARMCD"] is not None
        yield formula(told, "DM")(records.of("DS", row["USUBJID"]), randomized), row["RFENDTC"]


@run("First study treatment")
def _first_treatment(told: Method, records: Records) -> Iterator[Pair]:
    for row in records.rows("DM"):
        yield formula(told, "DM")(records.of("EC", row["USUBJID"])), row["RFXSTDTC"]


@run("Last study treatment")
def _last_treatment(told: Method, records: Records) -> Iterator[Pair]:
    for row in records.rows("DM"):
        yield formula(told, "DM")(records.of("EC", row["USUBJID"])), row["RFXENDTC"]


@run("End of participation")
def _participation(told: Method, records: Records) -> Iterator[Pair]:
    for row in records.rows("DM"):
        dates, ended = records.dates(row["USUBJID"]), records.ended(row["USUBJID"])
        yield formula(told, "DM")(dates, ended, row["DTHDTC"]), row["RFPENDTC"]


@run("Death")
def _death(told: Method, records: Records) -> Iterator[Pair]:
    for row in records.rows("DM"):
        terms = {each["DSDECOD"] for each in records.of("DS", row["USUBJID"])}
        outcomes = {each["AEOUT"] for each in records.of("AE", row["USUBJID"])}
        yield formula(told, "DM")("DEATH" in terms or "FATAL" in outcomes), row["DTHFL"]


@run("Age at informed consent")
def _ages(told: Method, records: Records) -> Iterator[Pair]:
    born = records.born()
    for row in records.rows("DM"):
        birth, entered = born[row["SUBJID"]]
        yield formula(told, "DM")(birth, row["RFICDTC"], entered), row["AGE"]
    days = ["1970-02-28", "1972-02-29", "1980-03-01", "1999-12-31"]
    at = ["2026-02-27", "2026-02-28T10:00", "2026-03-01", "2026-12-31", "2027-01-01"]
    made = pl.DataFrame(list(product(days, at)), schema=["b", "a"], orient="row")
    aged = made.with_columns(age=completed_years(pl.col("b"), pl.col("a")))
    for birth, consent, age in aged.iter_rows():
        yield formula(told, "DM")(birth, consent, None), age


@run("Start of an element")
def _element_starts(told: Method, records: Records) -> Iterator[Pair]:
    for row in records.rows("SE"):
        subject = row["USUBJID"]
        person = records.person(subject)
        (moments,) = records.of("subjects", subject, "derived")
        week14 = [v["SVSTDTC"] for v in records.of("SV", subject) if v["VISITNUM"] == 8]
        given = (person["RFICDTC"], person["RFXSTDTC"], moments["RESCUEDTC"], week14[0] if week14 else None)
        yield formula(told, "SE")(row["TAETORD"], *given), row["SESTDTC"]


@run("End of an element")
def _element_ends(told: Method, records: Records) -> Iterator[Pair]:
    for subject, rows in records.by_subject("SE"):
        yield formula(told, "SE")(rows, records.ended(subject)), [row["SEENDTC"] for row in rows]


@run("Start of a visit", "End of a visit")
def _visits(told: Method, records: Records) -> Iterator[Pair]:
    start = told.name.startswith("Start")
    for subject, rows in records.by_subject("SV"):
        dates, consent = records.visit_dates(subject), records.person(subject)["RFICDTC"]
        for row in rows:
            form = [row[name][:10] for name in ("SVSTDTC", "SVENDTC") if row[name]]
            found = [*dates.get(row["VISITNUM"], []), *form]
            given = (found, consent) if start else (found,)
            yield formula(told, "SV")(*given), row["SVSTDTC" if start else "SVENDTC"]
