"""Findings about the blind itself, which only the unblinded can look for: do bags, volumes or times tell it?"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl

from pipeline.derive.independence import permutation_p
from pipeline.findings import FINDING, Severity, as_findings
from pipeline.specs.blinding import Blinding

_DIGITS = r"(\d+)"
_PLACES = 4
_ASK = "report to the unblinded monitor; nothing fails"


def pattern_findings(blinding: Blinding, exposure: pl.DataFrame) -> pl.DataFrame:
    """One finding a quantity: WARN if it tells the control from the others, INFO with its p if not.

    ``exposure`` has a row an interval: USUBJID, cohort, _level, EXREFID, _prepared, _weight, EXSTDTC, EXENDTC. A bag
    counts once, from its first start to its last end, since intervals of one person are not independent. Quantities:
    order and parity of the bag number, volume prepared per kg, minutes of infusion. None for what cannot be compared.
    """
    number = pl.col("EXREFID").str.extract(_DIGITS).cast(pl.Int64, strict=False)
    start, end = (
        pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M", strict=False) for name in ("EXSTDTC", "EXENDTC")
    )
    bags = exposure.group_by("USUBJID", "EXREFID").agg(
        pl.col("cohort", "_level", "_prepared", "_weight").first(), _start=start.min(), _end=end.max()
    )
    rows = bags.sort("USUBJID", "EXREFID").with_columns(
        _order=number.rank("average").over("cohort") * 2,  # twice the rank is a whole number
        _parity=number % 2,
        _minutes=(pl.col("_end") - pl.col("_start")).dt.total_minutes(),
    )
    rules = blinding.rules
    quantities = (
        (rules.bag_pattern, "EXREFID", "the order of bag numbers", [pl.col("_order").cast(pl.Int64)]),
        (rules.bag_pattern, "EXREFID", "the parity of bag numbers", [pl.col("_parity")]),
        (
            rules.volume_pattern,
            "ECVOLPRP",
            "the volume prepared per kg",
            [pl.col("_prepared"), pl.col("_weight")],
        ),
        (rules.volume_pattern, "EXENDTC", "the duration of the infusion", [pl.col("_minutes")]),
    )
    found = [
        _finding(blinding, rows, rule, variable, what, parts) for rule, variable, what, parts in quantities
    ]
    return pl.concat([FINDING.to_frame(), *found])


def _finding(
    blinding: Blinding, rows: pl.DataFrame, rule: str, variable: str, what: str, parts: list[pl.Expr]
) -> pl.DataFrame:
    names = [f"_part{n}" for n in range(len(parts))]
    known = rows.with_columns(
        part.cast(pl.String).alias(name) for name, part in zip(names, parts, strict=True)
    )
    groups = [
        _group(each, names) for each in known.drop_nulls(names).partition_by("cohort", maintain_order=True)
    ]
    p = permutation_p(groups)
    if p is None:
        return FINDING.to_frame()
    telling = p < Fraction(blinding.rules.pattern_alpha)
    value = round(Decimal(p.numerator) / Decimal(p.denominator), _PLACES)
    verdict = "tells" if telling else "does not tell"
    severity = Severity.WARN if telling else Severity.INFO
    return _stated(
        [f"{what} {verdict} the control from the others (exact p {value})"], rule, severity, "EX", variable
    )


def _group(members: pl.DataFrame, names: list[str]) -> tuple[list[Fraction], list[bool]]:
    """Exact values (the first part over the second, if there are two) and who is a control."""
    values = [
        Fraction(row[0]) / Fraction(row[1]) if len(row) > 1 else Fraction(row[0])
        for row in members.select(names).iter_rows()
    ]
    return values, (members["_level"] == "0").to_list()


def _stated(messages: list[str], rule: str, severity: Severity, source: str, variable: str) -> pl.DataFrame:
    frame = pl.DataFrame({"message": messages}, schema={"message": pl.String})
    constants = {
        "rule": rule,
        "severity": str(severity),
        "source": source,
        "variable": variable,
        "action": _ASK,
    }
    return as_findings(frame, **constants, quarantined=False)
