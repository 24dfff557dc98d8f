"""The formulas of the study's methods, and what each of them reads, gathered from a finished build."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby
from typing import Any

import polars as pl

from pipeline.derive.iso8601 import collected_date
from pipeline.settings import CHECKOUT
from pipeline.specs.load import StudySpec, load_study
from pipeline.specs.metadata import Method, for_dataset
from pipeline.warehouse.builds import Build

SPEC: StudySpec = load_study(CHECKOUT / "sdtm_specs", "bxu001_ra")
UNBLINDED: StudySpec = load_study(CHECKOUT / "sdtm_specs", "bxu001_ra", "unblinded")
Row = dict[str, Any]
Pair = tuple[Any, Any]  # what the formula gives, what the dataset has


@cache
def formula(method: Method, dataset: str) -> Callable[..., Any]:
    """The function at the end of the formula."""
    found: dict[str, Any] = {"__name__": "formula"}
    exec(for_dataset(method.python or "", dataset), found)
    functions = [each for each in found.values() if getattr(each, "__module__", "") == "formula"]
    made: Callable[..., Any] = functions[-1]
    return made


def method(name: str, spec: StudySpec = SPEC) -> Method:
    (found,) = (each for each in spec.methods if each.name == name)
    return found


Run = Callable[[Method, "Records"], Iterator[Pair]]


def registry() -> tuple[Callable[..., Callable[[Run], Run]], dict[str, Run]]:
    """A decorator that keeps a function under the names of the methods it is for, and what it keeps."""
    runs: dict[str, Run] = {}

    def run(*names: str) -> Callable[[Run], Run]:
        def kept(each: Run) -> Run:
            runs.update(dict.fromkeys(names, each))
            return each

        return kept

    return run, runs


class Records:
    """Rows of a build's tables, read once."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._read: dict[tuple[str, str], list[Row]] = {}

    def frame(self, layer: str, table: str) -> pl.DataFrame:
        return self._build.read(layer, table).collect()

    def rows(self, name: str, layer: str = "sdtm") -> list[Row]:
        if (layer, name) not in self._read:
            self._read[layer, name] = self.frame(layer, name.lower()).rows(named=True)
        return self._read[layer, name]

    def of(self, name: str, subject: str, layer: str = "sdtm") -> list[Row]:
        return [each for each in self.rows(name, layer) if each["USUBJID"] == subject]

    def datasets(self, variable: str) -> list[str]:
        """Datasets with the variable, ``--`` standing for their name."""
        named = SPEC.datasets.items()
        return [name for name, each in named if for_dataset(variable, name) in each.variables]

    def by_subject(self, name: str) -> Iterator[tuple[str, list[Row]]]:
        for subject, group in groupby(self.rows(name), key=lambda each: each["USUBJID"]):
            yield subject, list(group)

    def person(self, subject: str) -> Row:
        (found,) = self.of("DM", subject)
        return found

    def ended(self, subject: str) -> str | None:
        ends = [e["DSSTDTC"] for e in self.of("DS", subject) if e["DSSCAT"] == "STUDY PARTICIPATION"]
        return max(ends, default=None)

    def born(self) -> dict[str, tuple[str | None, int | None]]:
        """Subject -> date of birth in ISO 8601, and the age on the form."""
        roster = self.frame("typed", "edc_dm").select(
            "SUBJID", born=collected_date(pl.col("BRTHDAT")), age="AGE"
        )
        return {row[0]: row[1:] for row in roster.iter_rows()}

    def dates(self, subject: str) -> list[str]:
        """Every complete date of the subject in any dataset, as the build collects them."""
        own = [name for name in self.person(subject) if name == "DMDTC"]
        found = [row[name] for name in own for row in self.of("DM", subject)]
        last = self.of("last_dates", subject, "derived")
        return [str(each) for each in [*(row["_last_date"] for row in last), *found] if each]

    def visit_dates(self, subject: str) -> dict[float, list[str]]:
        """Visit -> the dates of the subject's records of it."""
        found: dict[float, list[str]] = {}
        for name in self.datasets("VISITNUM"):
            if name in ("TV", "SV"):
                continue
            dtc = f"{name}DTC"
            for row in self.of(name, subject):
                if row.get(dtc) and len(row[dtc]) >= 10:
                    found.setdefault(row["VISITNUM"], []).append(row[dtc][:10])
        return found
