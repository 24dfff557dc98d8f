"""Rows of the central laboratory's file, and what a laboratory dataset made of them."""

from __future__ import annotations

from typing import Any

from tests.unit.domains.trial import Row, Trial, subject

VISITS = {"W1": "08-FEB-2027", "W4": "01-MAR-2027"}


def draw(label: str, day: str, accession: str = "A1", **more: Any) -> Row:
    basis = {"VISITLBL": label, "COLLDT": day, "ACCESSN": accession, "LABTESTCD": "PLAT", "SPECIMEN": "BLD"}
    return {**basis, "RESULT": "200", "UNIT": "10^9/L", "RSTAT": "F", "REVNO": 0, **more}


def result(value: str | None = "200", **more: Any) -> Row:
    return draw("WEEK 1", "20270208", RESULT=value, **more)


def lab(*rows: Row, **forms: list[Row]) -> Trial:
    return Trial(subject(visits=VISITS), {"lab_results": list(rows), **forms})


def fates(trial: Trial, dataset: str = "LB") -> list[tuple[int, str, str]]:
    return [
        (line, fate, rule) for source, line, fate, rule in trial.fates(dataset) if source == "lab_results"
    ]
