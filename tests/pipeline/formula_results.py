"""What the formulas of results, scores, flags and the trial summary give, beside what the datasets have."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import product

import polars as pl

from pipeline.derive.dose import with_dose
from pipeline.derive.egfr import MDRD_IDMS, with_egfr
from pipeline.derive.units import range_indicator
from pipeline.specs.metadata import Method
from tests.pipeline.formulas import SPEC, Pair, Records, formula, registry

run, RESULTS = registry()


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


@run("Lower limit in the standard unit", "Upper limit in the standard unit")
def _limits(told: Method, records: Records) -> Iterator[Pair]:
    factors = {tuple(row[:3]): row[3] for row in SPEC.table("lab_units").iter_rows()}
    end = "LO" if told.name.startswith("Lower") else "HI"
    for name in ("LB", "IS"):
        for row in records.rows(name):
            unit = (row[f"{name}TESTCD"], row[f"{name}SPEC"], row[f"{name}ORRESU"])
            given = (row[f"{name}ORNR{end}"], factors.get(unit, "1"))
            if row[f"{name}STRESC"] is not None:
                yield formula(told, name)(*given), row[f"{name}STNR{end}"]


@run("Score of an answer")
def _scores(told: Method, records: Records) -> Iterator[Pair]:
    words = {text: score for score, text in SPEC.codemap("HAQ_DIFFICULTY").items()}
    activities = SPEC.table("qs_items").filter(pl.col("result") == "score:HAQ_DIFFICULTY")["QSTESTCD"]
    for row in records.rows("QS"):
        scores = words if row["QSTESTCD"] in set(activities) else {}
        yield formula(told, "QS")(row["QSORRES"], row["QSORRESU"], scores), row["QSSTRESC"]


@run("Derived index", "Derived measurement")
def _flags(told: Method, records: Records) -> Iterator[Pair]:
    name = told.of[0].partition(".")[0]
    for row in records.rows(name):
        yield formula(told, name)(row[f"{name}ORRES"], row[f"{name}STRESC"]), row[f"{name}DRVFL"]


@run("Reference of a time point")
def _reference_of_a_time_point(told: Method, records: Records) -> Iterator[Pair]:
    for row in records.rows("VS"):
        reference = records.person(row["USUBJID"])["RFXSTDTC"]
        yield formula(told, "VS")(row["VSTPT"], reference), row["VSRFTDTC"]
