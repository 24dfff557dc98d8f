"""The pinned standard: SDTMIG variable facts and controlled terminology, as generated CSV files.

``generate`` makes the files once from the published sources (`sdtm standard`); ``load_standard`` reads them.
Both hold facts only (names, labels, types, codes), never CDISC's prose.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from pipeline.errors import SpecError
from pipeline.files import write_text

SUPPLEMENTAL = "SUPPQUAL"
_CONTINUED = ("CO", "COVAL")  # SDTMIG lets a long comment go on in COVAL1, COVAL2 ...
# Study days that SDTM 2.0 has for every general observation and SDTMIG does not list for each dataset; FDA asks for
# them wherever their date is (business rules FB3202, FB3203). They follow --DY, in this order.
_STUDY_DAY = "DY"
_MORE_DAYS = {"STDY": "Study Day of Start of Observation", "ENDY": "Study Day of End of Observation"}
_VARIABLE_FIELDS = ("dataset", "variable", "order", "label", "type", "role", "core", "codelists", "domain")
_TERM_FIELDS = ("codelist", "name", "extensible", "code", "term", "decode")
_LIST_FIELDS = ("codelist", "title")


@dataclass(frozen=True)
class VariableFacts:
    """One variable of one dataset as SDTMIG states it; ``domain`` is its described value domain, if any.

    ``after`` orders the variables that SDTM lets follow the one with the same ``order``.
    """

    dataset: str
    variable: str
    order: int
    label: str
    type: str
    role: str
    core: str
    codelists: tuple[str, ...]
    domain: str
    after: int = 0


@dataclass(frozen=True)
class Term:
    """One permissible value: its NCI code, the submission value and a readable decode."""

    code: str
    term: str
    decode: str


@dataclass(frozen=True)
class Codelist:
    """One CDISC codelist; ``name`` is its submission short name (``NY``), ``title`` what people call it."""

    code: str
    name: str
    extensible: bool
    terms: dict[str, Term]
    title: str


@dataclass(frozen=True)
class Standard:
    """Facts of one SDTMIG version and one terminology package."""

    variables: dict[tuple[str, str], VariableFacts]
    codelists: dict[str, Codelist]

    def variable(self, dataset: str, name: str) -> VariableFacts:
        """Facts of ``name`` in ``dataset`` (every SUPP-- dataset is SUPPQUAL); SpecError if the IG has none."""
        family = SUPPLEMENTAL if dataset.startswith("SUPP") else dataset
        try:
            return self.variables[family, name]
        except KeyError:
            if (family, name[:-1]) == _CONTINUED and name[-1].isdigit():
                first = self.variables[_CONTINUED]
                return replace(first, variable=name, label=f"{first.label} {name[-1]}", core="Perm")
            if name in (days := self._more_days(family)):
                return days[name]
            raise SpecError(f"{dataset}.{name}", "is not a variable of SDTMIG", "check the name") from None

    def _more_days(self, dataset: str) -> dict[str, VariableFacts]:
        """Study days of the model that the dataset may have beside those of the IG."""
        day = self.variables.get((dataset, f"{dataset}{_STUDY_DAY}"))
        if day is None:
            return {}
        return {
            f"{dataset}{suffix}": replace(
                day, variable=f"{dataset}{suffix}", label=label, core="Perm", after=after
            )
            for after, (suffix, label) in enumerate(_MORE_DAYS.items(), start=1)
        }

    def codelist(self, code: str) -> Codelist:
        """The codelist with NCI code ``code``; SpecError if the generated terminology lacks it."""
        try:
            return self.codelists[code]
        except KeyError:
            raise SpecError(
                code, "codelist is not in the generated terminology", "run 'sdtm standard'"
            ) from None


@lru_cache(maxsize=4)
def load_standard(folder: Path) -> Standard:
    """The facts in ``folder`` (``variables.csv``, ``codelists.csv``, ``terminology.csv``)."""
    variables = {}
    for row in _rows(folder / "variables.csv"):
        lists = tuple(filter(None, row["codelists"].split(";")))
        facts = VariableFacts(**{**row, "order": int(row["order"]), "codelists": lists})  # type: ignore[arg-type]
        variables[facts.dataset, facts.variable] = facts
    titles = {row["codelist"]: row["title"] for row in _rows(folder / "codelists.csv")}
    grouped: dict[str, Codelist] = {}
    for row in _rows(folder / "terminology.csv"):
        code = row["codelist"]
        found = grouped.setdefault(
            code, Codelist(code, row["name"], row["extensible"] == "Yes", {}, titles[code])
        )
        found.terms[row["term"]] = Term(row["code"], row["term"], row["decode"])
    return Standard(variables, grouped)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError as error:
        raise SpecError(str(path), "file is missing", "run 'sdtm standard'") from error


def generate(folder: Path, *, ig: Path, ct: Path, datasets: Iterable[str], codelists: Iterable[str]) -> None:
    """Writes the facts of ``datasets`` and every codelist that these, or ``codelists``, name.

    ``ig`` is a CSV with one row a variable (dataset, variable, label, type, role, core, codelist_code, order,
    described_value_domain); ``ct`` is the tab-separated SDTM terminology that NCI EVS publishes.
    """
    wanted = set(datasets)
    facts = [_facts(row) for row in _rows(ig) if row["dataset"] in wanted]
    missing = wanted - {row["dataset"] for row in facts}
    if missing:
        raise SpecError(str(ig), f"has no dataset {', '.join(sorted(missing))}")
    lists = set(codelists).union(*(row["codelists"].split(";") for row in facts)) - {""}
    write_text(folder / "variables.csv", _csv(_VARIABLE_FIELDS, facts))
    rows = _terminology(ct, lists)
    write_text(folder / "codelists.csv", _csv(_LIST_FIELDS, _titles(rows)))
    write_text(folder / "terminology.csv", _csv(_TERM_FIELDS, _terms(rows)))


def _facts(row: dict[str, str]) -> dict[str, str]:
    kept = {name: row[name] for name in ("dataset", "variable", "order", "label", "type", "role", "core")}
    return kept | {"codelists": row["codelist_code"], "domain": row["described_value_domain"]}


def _terminology(ct: Path, wanted: set[str]) -> list[dict[str, str]]:
    """Rows of the wanted codelists and of their terms, in the order of the file."""
    with ct.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    if missing := wanted - {row["Code"] for row in rows if not row["Codelist Code"]}:
        raise SpecError(str(ct), f"has no codelist {', '.join(sorted(missing))}")
    return [row for row in rows if (row["Codelist Code"] or row["Code"]) in wanted]


def _titles(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    heads = [row for row in rows if not row["Codelist Code"]]
    return [{"codelist": row["Code"], "title": row["Codelist Name"]} for row in heads]


def _terms(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    heads = {row["Code"]: row for row in rows if not row["Codelist Code"]}
    return [
        {
            "codelist": row["Codelist Code"],
            "name": heads[row["Codelist Code"]]["CDISC Submission Value"],
            "extensible": heads[row["Codelist Code"]]["Codelist Extensible (Yes/No)"],
            "code": row["Code"],
            "term": row["CDISC Submission Value"],
            "decode": row["NCI Preferred Term"],
        }
        for row in rows
        if row["Codelist Code"]
    ]


def _csv(fields: tuple[str, ...], rows: Iterable[dict[str, str]]) -> str:
    lines: list[str] = []

    class _Lines:
        def write(self, text: str) -> None:
            lines.append(text)

    writer = csv.DictWriter(_Lines(), fields, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return "".join(lines)
