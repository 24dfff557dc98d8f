"""Defects of indices and responses as the EDC shows them (BX-RS)."""

from __future__ import annotations

from typing import Final

import polars as pl

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.simulation.defects.joint_forms import VISIT_FORM
from data_contracts.bxu001_ra.simulation.defects.scale_forms import answered
from data_contracts.bxu001_ra.simulation.defects.shown import (
    DAR,
    JOINT_FORM,
    LATER,
    PATIENT,
    PHYSICIAN,
    QUESTIONNAIRE,
    at_visit,
    own_places,
    scored_at,
    turns,
)
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import noted, notes_of, removed, rewritten

_INDICES: Final = {"DAS28CRP": 2, "DAS28ESR": 2, "CDAI": 1, "SDAI": 2}  # with the decimals shown
_KNOWN: Final = pl.col("EULCRP").is_in(["G", "M", "N"]) & pl.col("ACR20").is_in(["Y", "N"])
_SPAN_VISITS: Final = ("W8", "W24", "W36")  # a week later is still far from the next visit
_EDC: Final = "%d-%b-%Y"


def _own(row: dict[str, str]) -> list[str]:
    return at_visit(row["VISITOID"], sources=[DAR])


def _later(ground: Ground) -> pl.DataFrame:
    return ground.tables[DAR].filter(pl.col("VISITOID").is_in(LATER))


def _answer(column: str, value: str | None) -> dict[str, pl.Expr]:
    texts = codes.EULAR if column.startswith("EUL") else codes.YN_UNDETERMINED
    printed = None if value is None else texts[value]
    return {column: pl.lit(value, pl.String), f"{column}_DEC": pl.lit(printed, pl.String)}


def _contradicted(ground: Ground) -> Planted:
    """An index a little off, or a response that is the other one."""
    whole = _later(ground).filter(_KNOWN & pl.all_horizontal(pl.col(name).is_not_null() for name in _INDICES))
    rows = own_places(ground, whole, _own)
    off, response = turns(rows, 2, ground)
    changed = [*_off(ground, off), *_other_responses(response)]
    table, notes, first = ground.tables[DAR], [], 1
    for some, columns in changed:
        table = rewritten(table, some, columns)
        notes.append(noted(DAR, some, rule="BX-RS-01", first=first))
        first += some.height
    return Planted({DAR: table}, notes_of(*notes))


def _off(ground: Ground, rows: pl.DataFrame) -> list[tuple[pl.DataFrame, list[str]]]:
    parts = []
    for row, name in zip(
        rows.partition_by("_row"), ground.rng.choice(list(_INDICES), rows.height), strict=False
    ):
        step = pl.lit(f"0.{'1'.zfill(_INDICES[name])}").cast(pl.Decimal(18, 2))
        value = (pl.col(name).cast(pl.Decimal(18, 2)) + step).cast(pl.String)
        parts.append((row.with_columns(value.alias(name)), [name]))
    return parts


def _other_responses(rows: pl.DataFrame) -> list[tuple[pl.DataFrame, list[str]]]:
    """ACR20 where the hierarchy allows either answer, and otherwise the EULAR response."""
    free = pl.col("ACR50") == "N"
    moved = {"G": "M", "M": "N", "N": "M"}
    opposite = {"Y": "N", "N": "Y"}
    acr = rows.filter(free).with_columns(pl.col("ACR20").replace(opposite))
    acr = acr.with_columns(ACR20_DEC=pl.col("ACR20").replace_strict(codes.YN_UNDETERMINED))
    eular = rows.filter(~free).with_columns(pl.col("EULCRP").replace(moved))
    eular = eular.with_columns(EULCRP_DEC=pl.col("EULCRP").replace_strict(codes.EULAR))
    return [(acr, ["ACR20", "ACR20_DEC"]), (eular, ["EULCRP", "EULCRP_DEC"])]


def _hierarchy(ground: Ground) -> Planted:
    """ACR70 without ACR50, which no recalculation can agree with; or a response on the form of Day 1 or Screening."""
    none = (pl.col("ACR50") == "N") & (pl.col("ACR70") == "N") & pl.col("VISITOID").is_in(LATER)
    early = ~pl.col("VISITOID").is_in(LATER)
    share = ground.count // 2
    high = own_places(ground, ground.tables[DAR].filter(none), _own, count=ground.count - share)
    before = own_places(ground, ground.tables[DAR].filter(early), _own, count=share)
    high = high.with_columns(**_answer("ACR70", "Y"))
    before = before.with_columns(**_answer("ACR20", "N"))
    table = rewritten(ground.tables[DAR], high, ["ACR70", "ACR70_DEC"])
    table = rewritten(table, before, ["ACR20", "ACR20_DEC"])
    notes = [
        noted(DAR, high, rule="BX-RS-02"),
        noted(DAR, high, rule="BX-RS-01", note="nor is it what the components give"),
        noted(DAR, before, rule="BX-RS-02", first=high.height + 1),
    ]
    return Planted({DAR: table}, notes_of(*notes))


def _not_shown(ground: Ground) -> Planted:
    """ACR20 of Week 12 or another response is blank, or the whole form never came."""
    visits = ground.tables[VISIT_FORM]
    old = pl.col("SVDAT").str.to_date(_EDC, strict=False) + pl.duration(days=8) < pl.lit(ground.as_of)
    known = _later(ground).filter(_KNOWN)
    due = known.join(visits.filter(old), on=["SUBJID", "VISITOID"], how="semi", maintain_order="left")
    rows = own_places(
        ground,
        due,
        lambda row: [*scored_at(row["VISITOID"]), *at_visit(row["VISITOID"], sources=[VISIT_FORM])],
    )
    blank, gone = turns(rows, 2, ground)
    week12 = blank.filter(pl.col("VISITOID") == "W12").with_columns(**_answer("ACR20", None))
    other = blank.filter(pl.col("VISITOID") != "W12").with_columns(**_answer("EULCRP", None))
    table = rewritten(ground.tables[DAR], week12, ["ACR20", "ACR20_DEC"])
    table = removed(rewritten(table, other, ["EULCRP", "EULCRP_DEC"]), gone)
    at = visits.join(gone, on=["SUBJID", "VISITOID"], how="semi", maintain_order="left")
    notes = [
        noted(DAR, week12, rule="BX-RS-03"),
        noted(DAR, other, rule="BX-RS-03", first=week12.height + 1),
        noted(VISIT_FORM, at, rule="BX-RS-03", first=blank.height + 1),
    ]
    return Planted({DAR: table, VISIT_FORM: rewritten(visits, at, ())}, notes_of(*notes))


def _week12(ground: Ground) -> Planted:
    """ACR20 of Week 12 is blank."""
    rows = own_places(ground, _later(ground).filter(_KNOWN & (pl.col("VISITOID") == "W12")), _own)
    changed = rows.with_columns(**_answer("ACR20", None))
    return Planted(
        {DAR: rewritten(ground.tables[DAR], changed, ["ACR20", "ACR20_DEC"])},
        noted(DAR, changed, rule="BX-RS-03"),
    )


def _far_apart(ground: Ground) -> Planted:
    """A scale or the questionnaire was answered more than a week after the joints were assessed."""
    last = pl.min_horizontal(pl.col("DSEOSDAT", "DSLASTCONT").str.to_date(_EDC, strict=False))
    ends = ground.tables["edc_dseos"].select("SUBJID", _end=last)
    assessed = ground.tables[JOINT_FORM].filter(pl.col("JCPERF") == "Y")
    tables, notes, first = dict[str, pl.DataFrame](), [], 1
    forms = {PATIENT: "PTGADAT", PHYSICIAN: "PHGADAT", QUESTIONNAIRE: "HAQDAT"}
    start = int(ground.rng.integers(len(forms)))
    for number in range(len(forms)):
        source, column = list(forms.items())[(start + number) % len(forms)]
        share = ground.count // len(forms) + (number < ground.count % len(forms))
        later = pl.col(column).str.to_date(_EDC, strict=False) + pl.duration(
            days=8 + int(ground.rng.integers(2))
        )
        open_ = later < pl.min_horizontal(pl.col("_end").fill_null(ground.as_of), pl.lit(ground.as_of))
        rows = answered(ground, source, _SPAN_VISITS)
        rows = rows.join(ends, on="SUBJID", how="left", maintain_order="left").filter(open_)
        rows = rows.join(assessed, on=["SUBJID", "VISITOID"], how="semi", maintain_order="left")
        rows = own_places(ground, rows, lambda row: [*scored_at(row["VISITOID"])], count=share)
        changed = rows.with_columns(later.dt.strftime(_EDC).str.to_uppercase().alias(column))
        tables[source] = rewritten(ground.tables[source], changed, [column])
        notes.append(noted(source, changed, rule="BX-RS-04", first=first))
        first += changed.height
    return Planted(tables, notes_of(*notes))


KINDS: Final = (
    DefectKind("BX-RS-01", _contradicted),
    DefectKind("BX-RS-02", _hierarchy),
    DefectKind("BX-RS-03", _week12),
    DefectKind("response_not_shown", _not_shown),
    DefectKind("BX-RS-04", _far_apart),
)
