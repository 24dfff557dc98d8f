"""Forms and draws of one visit from the numbers that a test cares about, and what the domains make of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from pipeline.domains.build import LOOKS
from pipeline.specs.load import StudySpec
from tests.unit.domains.trial import Row, Rows, Trial, spec, subject, together

VISITS = {"W4": "01-MAR-2027", "W12": "26-APR-2027"}
LABELS = {"SCR": "SCREENING", "D1": "DAY 1", "W4": "WEEK 4", "W8": "WEEK 8", "W12": "WEEK 12"}
DAYS = {"SCR": "04-JAN-2027", "D1": "01-FEB-2027", "W8": "29-MAR-2027", **VISITS}
MONTHS = {"JAN": "01", "FEB": "02", "MAR": "03", "APR": "04"}
PLACES = [
    "SH",
    "EL",
    "WR",
    "MCP1",
    "MCP2",
    "MCP3",
    "MCP4",
    "MCP5",
    "IP1",
    "PIP2",
    "PIP3",
    "PIP4",
    "PIP5",
    "KN",
]
JOINTS = [f"{side}{place}" for place in PLACES for side in "RL"]
ACTIVITIES = {
    "DRESSING AND GROOMING": (1, 2), "ARISING": (3, 4), "EATING": (5, 6, 7), "WALKING": (8, 9),
    "HYGIENE": (23, 24, 25), "REACH": (26, 27), "GRIP": (28, 29, 30), "ACTIVITIES": (31, 32, 33),
}  # fmt: skip
BOXES = (*range(10, 18), *range(19, 23), *range(34, 41), *range(42, 46))


def joints(oid: str, tender: int | None, swollen: int | None, judged: int = 28, **more: Any) -> Row:
    """JC28 with the first joints affected and the last ones not evaluable; None leaves the count without a joint."""
    row: Row = {"VISITOID": oid, "JCPERF": "Y", "JCDAT": DAYS[oid]}
    for sign, count in (("T", tender), ("S", swollen)):
        if count is not None:
            row |= {
                f"{joint}_{sign}": "NE" if n >= judged else "1" if n < count else "0"
                for n, joint in enumerate(JOINTS)
            }
    row |= {f"{joint}_NER": "REPLACED" for joint in JOINTS[judged:]}
    return {**row, **more}


def haq(oid: str, level: int | None, pain: int | None, *, missing: tuple[str, ...] = (), **more: Any) -> Row:
    """HAQ with every activity at ``level``, no box ticked, except the categories that are missing."""
    row: Row = {"VISITOID": oid, "HAQPERF": "Y", "HAQDAT": DAYS[oid], "HAQTIM": "08:00", "HAQ46": pain}
    row |= {
        f"HAQ{n:02}": level for name, numbers in ACTIVITIES.items() if name not in missing for n in numbers
    }
    return {**row, **{f"HAQ{n:02}": 0 for n in BOXES}, **more}


def scale(form: str, oid: str, value: str | None, **more: Any) -> Row:
    return {
        "VISITOID": oid,
        f"{form}PERF": "Y",
        f"{form}DAT": DAYS[oid],
        f"{form}VAS": value,
        f"{form}U": "mm",
        **more,
    }


def lab(oid: str, test: str, value: str, unit: str, specimen: str = "SER", **more: Any) -> Row:
    day, month, year = DAYS[oid].split("-")
    basis = {
        "VISITLBL": LABELS[oid],
        "COLLDT": f"{year}{MONTHS[month]}{day}",
        "COLLTM": "0800",
        "ACCESSN": f"A{oid}",
    }
    return {
        **basis,
        "LABTESTCD": test,
        "SPECIMEN": specimen,
        "RESULT": value,
        "UNIT": unit,
        "RSTAT": "F",
        "REVNO": 0,
        **more,
    }


def visit(
    oid: str,
    tjc: int | None = 12,
    sjc: int | None = 10,
    *,
    ptga: str | None = "60",
    phga: str | None = "55",
    pain: int | None = 60,
    level: int | None = 1,
    crp: str | None = "15.0",
    esr: str | None = "35",
    judged: int = 28,
) -> Rows:
    """Every component of one visit; None leaves one out."""
    rows: Rows = {"edc_jc28": [joints(oid, tjc, sjc, judged)], "lab_results": []}
    if ptga is not None:
        rows["edc_ptga"] = [scale("PTGA", oid, ptga)]
    if phga is not None:
        rows["edc_phga"] = [scale("PHGA", oid, phga)]
    if level is not None:
        rows["edc_haq"] = [haq(oid, level, pain)]
    if crp is not None:
        rows["lab_results"].append(lab(oid, "CRP", crp, "mg/L"))
    if esr is not None:
        rows["lab_results"].append(lab(oid, "ESR", esr, "mm/h", "BLD"))
    return rows


def trial(*parts: Rows, settings: dict[str, str] | None = None, **facts: Any) -> Trial:
    """A subject infused on 1 February 2027 with these forms, and the study with other settings."""
    return Trial(together(subject(visits=VISITS, **facts), *parts), spec_=with_settings(settings or {}))


class Cases:
    """Many subjects in one trial, each infused on 1 February 2027, so that a table of cases is computed at once."""

    def __init__(
        self,
        cases: Mapping[Any, Rows],
        settings: dict[str, str] | None = None,
        dm: Mapping[Any, Row] | None = None,
    ) -> None:
        self.labels = {f"101-{n:03}": label for n, label in enumerate(cases, start=1)}
        rows = [
            together(subject(number, visits=VISITS, dm=(dm or {}).get(label)), owned(cases[label], number))
            for number, label in self.labels.items()
        ]
        self.trial = Trial(together(*rows), spec_=with_settings(settings or {}))

    def at(self, table: str, visitnum: float, *columns: str) -> dict[Any, Any]:
        """Label -> the values of one visit in a derived table; the value itself if it is one."""
        rows = self.trial.derived(table).filter(pl.col("VISITNUM") == visitnum)
        return self._by_label(rows.select(pl.col("USUBJID").str.tail(7), *columns))

    def looked(self, look: str, *columns: str) -> dict[Any, Any]:
        """Label -> the values of its only row in the table of a look."""
        return self._by_label(LOOKS[look](self.trial.inputs).table.select("SUBJID", *columns))

    def apart(self, *columns: str) -> dict[Any, list[tuple[Any, ...]]]:
        """Label -> ``columns`` of every index and response that the form does not show as recalculated, sorted."""
        found = differences(self.trial)
        told = {label: found.filter(pl.col("SUBJID") == number) for number, label in self.labels.items()}
        return {label: sorted(rows.select(columns).rows(), key=str) for label, rows in told.items()}

    def records(self, dataset: str, where: pl.Expr, *columns: str) -> dict[Any, list[tuple[Any, ...]]]:
        """Label -> ``columns`` of its records; [] for a case without any."""
        rows = self.trial.built(dataset).records.filter(where)
        by = {
            label: rows.filter(pl.col("USUBJID").str.ends_with(number))
            for number, label in self.labels.items()
        }
        return {label: found.select(columns).rows() for label, found in by.items()}

    def _by_label(self, rows: pl.DataFrame) -> dict[Any, Any]:
        found = {self.labels[number]: values for number, *values in rows.rows()}
        return {label: values[0] if len(values) == 1 else tuple(values) for label, values in found.items()}


def owned(rows: Rows, number: str) -> Rows:
    """The same rows of another subject; accessions stay apart."""
    own = {source: [{**row, "SUBJID": number} for row in each] for source, each in rows.items()}
    for row in own.get("lab_results", []):
        row["ACCESSN"] += number
    return own


def with_settings(values: dict[str, str]) -> StudySpec:
    """The study with other values of settings."""
    study = spec().study
    changed = {
        name: study.settings[name].model_copy(update={"value": value}) for name, value in values.items()
    }
    return replace(spec(), study=study.model_copy(update={"settings": study.settings | changed}))


def at(found: Trial, table: str, visitnum: float, *columns: str) -> tuple[Any, ...]:
    """The values of one visit of the only subject in a derived table."""
    ((*values,),) = found.derived(table).filter(pl.col("VISITNUM") == visitnum).select(columns).rows()
    return tuple(values)


def differences(found: Trial) -> pl.DataFrame:
    """What the forms show otherwise than it is recalculated, or not at all."""
    return LOOKS["rs_recalc"](found.inputs).table.filter(pl.col("verdict") != "AGREES")
