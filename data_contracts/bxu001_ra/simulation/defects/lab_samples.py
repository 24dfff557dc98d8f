"""Defects of samples: whose they are, when and at which visit they were taken, and what they mean for safety
(BX-LB-01 to -04, -09)."""

from __future__ import annotations

from typing import Final

import polars as pl

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.simulation.defects.lab_ranges import number
from data_contracts.bxu001_ra.simulation.defects.shown import DRAWN, DRAWS, LAB, LATER, own_places, turns
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import PLANTED, ROW, noted, notes_of, rewritten

# Tubes of one draw: tests that no score and no criterion rests on, in the order of the laboratory's report.
_TUBES: Final = (
    ("MCV", "MCH", "MCHC"),
    ("SODIUM", "CL", "BICARB"),
    ("LDH", "UREAN", "URATE"),
    ("PT", "INR", "APTT", "FIBRINO"),
)
# Labels of a visit whose window is near, so that only the label is wrong; elsewhere the draw is called unscheduled.
_NEIGHBOUR: Final = {"DAY 1": "DAY 2", "DAY 2": "DAY 1", "WEEK 1": "WEEK 2", "WEEK 2": "WEEK 1"}
_UNPLANNED: Final = "UNSCH"
_UNSCORED: Final = ("D2", "W1", "W2")
_UNSCORED_LABELS: Final = ("DAY 2", "WEEK 1", "WEEK 2")
_FIRST_TEST: Final = f"{LAB}/WBC"  # the first row of every draw
_URINE: Final = "edc_upt"
_EDC: Final = "%d-%b-%Y"


def _tubes(ground: Ground, where: pl.Expr) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """For each defect the rows of one tube of a draw, and the first of them; its tests are taken for this defect."""
    table, parts = ground.tables[LAB].filter(where), []
    taken: list[str] = []  # a finding speaks of a whole draw, so each has one tube at most
    for number_, place in enumerate(ground.rng.permutation(ground.count)):
        tests = _TUBES[(number_ + int(place)) % len(_TUBES)]
        final = table.filter(
            pl.col("LABTESTCD").is_in(tests) & DRAWN & (pl.col("RSTAT") == "F") & (pl.col("REVNO") == "0")
        )
        final = final.filter(~pl.col("ACCESSN").is_in(taken))
        whole = final.filter(~pl.col(PLANTED)).group_by("ACCESSN").len().filter(pl.col("len") == len(tests))
        first = final.filter(pl.col("LABTESTCD") == tests[0]).join(
            whole, on="ACCESSN", how="semi", maintain_order="left"
        )
        form = _collected(ground).select("ACCESSN", "SUBJID")
        first = first.join(form, on=["ACCESSN", "SUBJID"], how="semi", maintain_order="left")
        topics = [f"{LAB}/{test}" for test in tests]
        own = own_places(ground, first, lambda _, topics=topics: topics, count=1)  # type: ignore[misc]
        taken += own["ACCESSN"].to_list()
        parts.append((final.join(own, on="ACCESSN", how="semi", maintain_order="left"), own))
    return parts


def _collected(ground: Ground) -> pl.DataFrame:
    return ground.tables[DRAWS].filter((pl.col("LBPERF") == "Y") & (pl.col("RECSTATUS") == "ACTIVE"))


def _other_label(ground: Ground) -> Planted:
    """The laboratory names another visit on the tube than the collection form does."""
    table, notes = ground.tables[LAB], []
    for first, (rows, one) in enumerate(_tubes(ground, pl.col("VISITLBL") != _UNPLANNED), start=1):
        label = pl.col("VISITLBL").replace_strict(_NEIGHBOUR, default=_UNPLANNED)
        table = rewritten(table, rows.with_columns(VISITLBL=label), ["VISITLBL"])
        notes.append(noted(LAB, one, rule="BX-LB-03", first=first))
    return Planted({LAB: table}, notes_of(*notes))


def _other_person(ground: Ground) -> Planted:
    """The laboratory has another sex or year of birth for a tube, or for all of a draw: the whole draw is set aside."""
    table, notes = ground.tables[LAB], []
    cited = ground.tables["edc_ae"]["AEACCESSN"].drop_nulls()  # an event would lose the result that it names
    quiet = table.filter(
        pl.col("VISITLBL").is_in(_UNSCORED_LABELS) & ~pl.col("ACCESSN").is_in(cited.implode())
    )
    for first, who in enumerate(ground.people(quiet["SUBJID"], (LAB, DRAWS, "edc_dm")), start=1):
        own = quiet.filter(pl.col("SUBJID") == who)
        whole = own.filter(pl.col("ACCESSN") == own["ACCESSN"][int(ground.rng.integers(own.height))])
        rows = whole if ground.rng.random() < 0.5 else whole.filter(pl.col("PANEL") == whole["PANEL"][-1])  # noqa: PLR2004 - one tube or all
        if ground.rng.random() < 0.5:  # noqa: PLR2004 - either of two identities
            changed = rows.with_columns(pl.col("SEX").replace({"M": "F", "F": "M"}))
        else:
            changed = rows.with_columns(BRTHYR=(pl.col("BRTHYR").cast(pl.Int64) - 3).cast(pl.String))
        table = rewritten(rewritten(table, whole, ()), changed, ["SEX", "BRTHYR"])
        aside = noted(LAB, whole, fate="quarantined").with_columns(defect=pl.lit(first, pl.Int64))
        notes += [
            aside,
            noted(LAB, changed.sort(ROW).head(1), fate="quarantined", rule="BX-LB-04", first=first),
        ]
    return Planted({LAB: table}, notes_of(*notes))


def _unmatched(ground: Ground) -> Planted:
    """A collection form has a mistyped accession or another time than the laboratory, or a whole draw has no result."""
    lab = ground.tables[LAB]
    first_rows = lab.filter((pl.col("LABTESTCD") == "WBC") & DRAWN & ~pl.col(PLANTED))
    old = pl.col("LBDAT").str.to_date(_EDC, strict=False) + pl.duration(days=8) < pl.lit(ground.as_of)
    forms = _collected(ground).filter(old & (pl.col("VISITOID") != "D1"))
    forms = forms.join(first_rows, on="ACCESSN", how="semi", maintain_order="left")
    rows = own_places(ground, forms, lambda row: [f"{DRAWS}/{row['VISITOID']}", _FIRST_TEST])
    mistyped, late = turns(rows, 2, ground)
    lost = _lost_draw(ground, forms) if ground.rng.random() < 0.5 else rows.clear()  # noqa: PLR2004 - every other night
    typed = mistyped.with_columns(ACCESSN="K" + pl.col("ACCESSN").str.slice(1))
    clock = pl.col("LBTIM").str.to_time("%H:%M").cast(pl.Duration) + pl.duration(minutes=35)
    hour, minute = clock.dt.total_hours(), clock.dt.total_minutes() % 60
    moved = late.with_columns(
        LBTIM=pl.format("{}:{}", hour.cast(pl.String).str.zfill(2), minute.cast(pl.String).str.zfill(2))
    )
    table = rewritten(rewritten(ground.tables[DRAWS], typed, ["ACCESSN"]), moved, ["LBTIM"])
    strays = first_rows.join(mistyped, on="ACCESSN", how="semi", maintain_order="left")
    results = rewritten(lab, strays, ()).join(lost, on="ACCESSN", how="anti", maintain_order="left")
    order = {accession: number_ for number_, accession in enumerate(mistyped["ACCESSN"], start=1)}
    found = noted(LAB, strays, rule="BX-LB-02").with_columns(
        defect=strays["ACCESSN"].replace_strict(order, return_dtype=pl.Int64)
    )
    notes = [
        noted(DRAWS, typed, rule="BX-LB-02"),
        found,
        noted(DRAWS, moved, rule="BX-LB-02", first=typed.height + 1),
        noted(DRAWS, lost, rule="BX-LB-02", first=rows.height + 1),
    ]
    return Planted({DRAWS: rewritten(table, lost, ()), LAB: results}, notes_of(*notes))


def _said_not_collected(ground: Ground) -> Planted:
    """A collection form says that nothing was collected, and names a sample that has results."""
    rows = own_places(
        ground,
        _collected(ground).filter(pl.col("VISITOID").is_in(_UNSCORED)),
        lambda row: [f"{DRAWS}/{row['VISITOID']}", _FIRST_TEST],
    )
    known = ground.tables[LAB].filter(~pl.col(PLANTED))
    rows = rows.join(known, on="ACCESSN", how="semi", maintain_order="left")
    changed = rows.with_columns(LBPERF=pl.lit("N"), LBPERF_DEC=pl.lit(codes.YN["N"]))
    table = rewritten(ground.tables[DRAWS], changed, ["LBPERF", "LBPERF_DEC"])
    return Planted({DRAWS: table}, noted(DRAWS, changed, rule="BX-LB-02"))


def _lost_draw(ground: Ground, forms: pl.DataFrame) -> pl.DataFrame:
    """A collection form at a visit without scores whose results can all go."""
    lab = ground.tables[LAB]
    busy = lab.filter(pl.col(PLANTED)).select("ACCESSN")
    own = forms.filter(pl.col("VISITOID").is_in(_UNSCORED)).join(
        busy, on="ACCESSN", how="anti", maintain_order="left"
    )
    return own_places(ground, own, lambda row: [f"{DRAWS}/{row['VISITOID']}", LAB], count=1)


def _liver_injury(ground: Ground) -> Planted:
    """ALT or AST above three times and bilirubin above twice the upper limit, and no adverse event."""
    table = ground.tables[LAB]
    told = ground.tables["edc_ae"].filter(pl.col("AEACCESSN").is_not_null()).select("SUBJID")
    after = _collected(ground).filter(pl.col("VISITOID").is_in(("D2", "W1", "W2", *LATER))).select("ACCESSN")
    serum = table.filter(DRAWN & (pl.col("RSTAT") == "F") & ~pl.col(PLANTED)).join(
        after, on="ACCESSN", how="semi", maintain_order="left"
    )
    bilirubin = serum.filter(pl.col("LABTESTCD") == "BILI")
    enzymes = serum.filter(pl.col("LABTESTCD").is_in(["ALT", "AST"])).join(
        bilirubin, on="ACCESSN", how="semi"
    )
    free = enzymes.join(told, on="SUBJID", how="anti", maintain_order="left")
    rows = own_places(ground, free, lambda _: [f"{LAB}/{test}" for test in ("ALT", "AST", "BILI")])
    high = (number("REFHI") * 4).cast(pl.Int64).cast(pl.String)
    changed = rows.with_columns(RESULT=high, ABNFL=pl.lit("HH"))
    yellow = bilirubin.join(rows, on="ACCESSN", how="semi", maintain_order="left")
    yellow = yellow.with_columns(
        RESULT=(number("REFHI") * 3).cast(pl.Decimal(18, 1)).cast(pl.String), ABNFL=pl.lit("HH")
    )
    columns = ["RESULT", "ABNFL"]
    new = rewritten(rewritten(table, changed, columns), yellow, columns)
    return Planted({LAB: new}, noted(LAB, changed, rule="BX-LB-01"))


def _pregnancy(ground: Ground) -> Planted:
    """A urine test after the infusion is positive, and no adverse event says so."""
    forms = ground.tables[_URINE].filter((pl.col("UPTRES") == "NEG") & pl.col("VISITOID").is_in(LATER))
    rows = own_places(ground, forms, lambda row: [f"{_URINE}/{row['VISITOID']}"])
    changed = rows.with_columns(UPTRES=pl.lit("POS"), UPTRES_DEC=pl.lit(codes.PREGNANCY_RESULT["POS"]))
    table = rewritten(ground.tables[_URINE], changed, ["UPTRES", "UPTRES_DEC"])
    return Planted({_URINE: table}, noted(_URINE, changed, rule="BX-LB-09"))


KINDS: Final = (
    DefectKind("BX-LB-02", _unmatched),
    DefectKind("not_collected", _said_not_collected),
    DefectKind("BX-LB-01", _liver_injury),
    DefectKind("BX-LB-03", _other_label),
    DefectKind("BX-LB-04", _other_person),
    DefectKind("BX-LB-09", _pregnancy),
)
