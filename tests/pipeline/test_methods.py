"""The formulas that define.xml tells a reader give what the datasets have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import product

import polars as pl
import pytest

from pipeline.derive.dose import with_dose
from pipeline.derive.egfr import MDRD_IDMS, with_egfr
from pipeline.derive.timing import completed_years, study_day
from pipeline.derive.units import range_indicator
from pipeline.specs.metadata import Method
from pipeline.warehouse.builds import Build
from tests.pipeline.formulas import SPEC, UNBLINDED, Pair, Records, Row, formula, method

Run = Callable[[Method, Records], Iterator[Pair]]
RUNS: dict[str, Run] = {}


def run(*names: str) -> Callable[[Run], Run]:
    def kept(each: Run) -> Run:
        RUNS.update(dict.fromkeys(names, each))
        return each

    return kept


@pytest.fixture(scope="module")
def records(night: Build) -> Records:
    return Records(night)


@pytest.mark.parametrize("name", sorted({each.name for each in UNBLINDED.methods if each.python}))
def test_a_formula_gives_what_the_records_have(name: str, records: Records) -> None:
    pairs = list(RUNS[name](method(name, UNBLINDED), records))
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


@run("Result in the standard unit")
def _results(told: Method, records: Records) -> Iterator[Pair]:
    factors = {tuple(row[:3]): row[3] for row in SPEC.table("lab_units").iter_rows()}
    places = {
        (row["TESTCD"], row["SPEC"]): int(row["places"] or 0)
        for row in SPEC.table("lab_tests").iter_rows(named=True)
    }
    words = SPEC.table("result_terms")
    for name in ("LB", "IS"):
        terms = dict(words.filter(pl.col("dataset") == name).select("raw", "term").iter_rows())
        for row in records.rows(name):
            test = (row[f"{name}TESTCD"], row[f"{name}SPEC"])
            units = (row[f"{name}ORRESU"], row[f"{name}STRESU"])
            given = (row[f"{name}ORRES"], *units, factors.get((*test, units[0]), "1"), places.get(test, 0))
            if row.get(f"{name}DRVFL") is None:
                yield formula(told, name)(*given, terms), row[f"{name}STRESC"]


@run("Numeric result")
def _numbers(told: Method, records: Records) -> Iterator[Pair]:
    for name in records.datasets("--STRESN"):
        for row in records.rows(name):
            yield formula(told, name)(row[f"{name}STRESC"]), row[f"{name}STRESN"]


@run("Reference range indicator")
def _ranges(told: Method, records: Records) -> Iterator[Pair]:
    for row in records.rows("LB"):
        given = (row["LBORRES"], row["LBORNRLO"], row["LBORNRHI"], row["LBSTRESC"], row["LBSTNRC"])
        yield formula(told, "LB")(*given), row["LBNRIND"]
    results = ["1", "2.0", "3", "5", "7", "<1", "<=2", "<2", "<3", "<9", ">1", ">5", ">=5", ">9", "> 6"]
    limits = [("2", "5"), (None, "5"), ("2", None), ("0", "5"), (None, None)]
    made = pl.DataFrame(
        [(result, low, high) for result in results for low, high in limits],
        schema={"r": pl.String, "l": pl.String, "h": pl.String},
        orient="row",
    )
    judged = made.with_columns(range_indicator(pl.col("r"), pl.col("l"), pl.col("h")).alias("i"))
    for result, low, high, indicator in judged.iter_rows():
        yield formula(told, "IS")(result, low, high, result, None), indicator


@run("Estimated glomerular filtration rate")
def _filtration(told: Method, records: Records) -> Iterator[Pair]:
    levels = [("0.9", "mg/dL"), ("1.37", "mg/dL"), ("104", "umol/L")]
    kinds = list(product(levels, (18, 54, 70), "FM", (True, False)))
    rows = [(*level, age, sex, black) for level, age, sex, black in kinds]
    made = pl.DataFrame(rows, schema=["c", "u", "a", "s", "b"], orient="row")
    rated = with_egfr(
        made, creatinine="c", unit="u", age="a", sex="s", black="b", formula=MDRD_IDMS, egfr="rate"
    )
    for *given, rate in rated.iter_rows():
        yield formula(told, "LB")(None, *given), rate
    for row in records.rows("LB"):
        if row["LBTESTCD"] == "GFRE" and row["LBDRVFL"] is None:
            yield formula(told, "LB")(row["LBORRES"], *given), row["LBSTRESC"]


@run("DAS28-CRP", "DAS28-ESR", "CDAI", "SDAI")
def _indices(told: Method, records: Records) -> Iterator[Pair]:
    parts = {"das28_crp": ("crp", "ptga"), "das28_esr": ("esr", "ptga"), "cdai": ("ptga", "phga")}
    parts["sdai"] = ("ptga", "phga", "crp")
    index = told.name.lower().replace("-", "_")
    for row in records.rows("scores", "derived"):
        given = [row[part] for part in ("tjc", "sjc", *parts[index])]
        if None not in given:
            yield formula(told, "RS")(None, *given), row[index]
    test = told.of[0].rpartition(".")[2]
    for row in records.rows("RS"):
        if row["RSTESTCD"] == test and row["RSORRES"] is not None:
            yield formula(told, "RS")(row["RSORRES"], *given), row["RSSTRESC"]


@run("Joint count")
def _joints(told: Method, records: Records) -> Iterator[Pair]:
    forms: dict[tuple[str, str], list[str | None]] = {}
    for row in records.rows("MK"):
        forms.setdefault((row["MKSPID"], row["MKTESTCD"]), []).append(row["MKSTRESC"])
    for row in records.rows("MK"):
        indicator = {"TJC28": "TNDRIND", "SJC28": "SWLLIND"}.get(row["MKTESTCD"])
        if indicator and row["MKSTAT"] is None:
            joints = forms[row["MKSPID"], indicator]
            yield formula(told, "MK")(row["MKORRES"], joints), row["MKSTRESC"]
            if None not in joints:  # the simulated forms count right
                yield formula(told, "MK")(None, joints), row["MKSTRESC"]


@run("Body mass index")
def _mass_index(told: Method, records: Records) -> Iterator[Pair]:
    measured = {(row["VSSPID"], row["VSTESTCD"]): row["VSSTRESC"] for row in records.rows("VS")}
    for (form, test), value in measured.items():
        if test == "BMI":
            yield formula(told, "VS")(measured[form, "WEIGHT"], measured[form, "HEIGHT"]), value


@run("Treatment emergence")
def _emergence(told: Method, records: Records) -> Iterator[Pair]:
    emergent = (row for row in records.rows("SUPPAE") if row["QNAM"] == "AETRTEM")
    flags = {(row["USUBJID"], row["IDVARVAL"]): row for row in emergent}
    for row in records.rows("AE"):
        infusion = records.person(row["USUBJID"])["RFXSTDTC"]
        told_by = {formula(told, "SUPPAE")(row["AESTDTC"], infusion, before) for before in (True, False)}
        flag = flags[row["USUBJID"], str(int(row["AESEQ"]))]["QVAL"]
        yield flag in told_by, True
        if len(told_by) == 1:
            yield told_by.pop(), flag
    for start, flag in (("2027-01", "Y"), ("2026-12", "N"), ("2027", "Y"), ("2027---04", "Y"), (None, "Y")):
        yield formula(told, "SUPPAE")(start, "2027-01-05T09:00", False), flag


@run("Actual number of subjects", "Study start", "Study end", "Ongoing study")
def _summary(told: Method, records: Records) -> Iterator[Pair]:
    parameter = told.of[0].rpartition(".")[2]
    dispositions, subjects, planned = records.rows("DS"), records.rows("DM"), 16
    values = {row["TSPARMCD"]: row["TSVAL"] for row in records.rows("TS")}
    assert int(values["PLANSUB"]) == planned
    start = SPEC.study.setting("ts.planned_start")
    given = {"ACTSUB": (dispositions,), "SSTDTC": (dispositions, subjects, start)}
    yield formula(told, "TS")(*given.get(parameter, (dispositions, planned))), values[parameter]


@run("Dose received", "Total cells administered")
def _doses(told: Method, records: Records) -> Iterator[Pair]:
    cases = [("0.75", "70.0", "100", "95"), ("1.5", "61.4", "110", "110"), ("0", "80", "100", "33.3")]
    made = pl.DataFrame(cases, schema=["level", "kg", "made", "given"], orient="row")
    dosed = with_dose(made, level="level", weight="kg", prepared="made", infused="given")
    for level, kg, prepared, infused, _, dose, total in dosed.iter_rows():
        if told.name == "Dose received":
            yield formula(told, "EX")(level, infused, prepared), float(dose)
        else:
            yield Decimal(formula(told, "SUPPEX")(level, kg, infused, prepared)), Decimal(total)
