"""Defects of visits and disposition (BX-SV, BX-DS), each with what it must lead to."""

from __future__ import annotations

from typing import Final

import polars as pl

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.simulation.defects.chosen import (
    ACTIVE,
    BLANK,
    SUBJECT,
    day,
    free_rows,
    one_each,
    with_days,
    written,
)
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import PLANTED, ROW, appended, noted, notes_of, removed, rewritten

_SV, _VS, _EOS, _LAB, _LBC = "edc_sv", "edc_vs", "edc_dseos", "lab_results", "edc_lbc"
_DONE: Final = pl.col("SVPERF") == "Y"
_LEFT: Final = ("WITHDRAWAL BY SUBJECT", "PHYSICIAN DECISION", "LOST TO FOLLOW-UP")
# Visits without a score: what is moved or missing there leaves no further trace.
_QUIET: Final = {"W1": "WEEK 1", "W2": "WEEK 2"}
_PLANNED: Final = {"W1": 7, "W2": 14, "W4": 28, "W8": 56}  # days after infusion
_COMPACT: Final = "%Y%m%d"


def _visit_days(ground: Ground, *visits: str) -> pl.DataFrame:
    """SUBJID and the days of ``visits`` that were done (null if not), one column a visit."""
    done = ground.tables[_SV].filter(ACTIVE & _DONE).select(SUBJECT, "VISITOID", on=day("SVDAT"))
    at = [pl.col("on").filter(pl.col("VISITOID") == visit).first().alias(visit) for visit in visits]
    return done.group_by(SUBJECT).agg(at)


def _order(ground: Ground) -> Planted:
    """Week 4 was, by its form, before Week 2: it is out of its window as well."""
    both = _visit_days(ground, "W2", "W4").drop_nulls()
    rows = free_rows(ground, _SV, _DONE & (pl.col("VISITOID") == "W4")).join(
        both, on=SUBJECT, maintain_order="left"
    )
    rows = one_each(ground, rows, (_SV,))
    changed = rows.with_columns(SVDAT=written(pl.col("W2") - pl.duration(days=1)), SVENDAT=BLANK)
    table = rewritten(ground.tables[_SV], changed, ["SVDAT", "SVENDAT"])
    told = [noted(_SV, changed, rule=rule) for rule in ("BX-SV-01", "BX-SV-03")]
    return Planted({_SV: table}, notes_of(*told))


def _ended(ground: Ground, source: str) -> pl.DataFrame:
    """The last row of ``source`` of every subject whose participation ended, but not by death, long before the cut."""
    alive = ~pl.col("end_reason").is_in(["DEATH", "LOST TO FOLLOW-UP", "SCREEN FAILURE"])
    early = pl.col("ended") <= pl.lit(ground.as_of) - pl.duration(days=30)
    rows = free_rows(ground, source, alive & early & (pl.col("VISITOID") == "W1"))
    return rows.unique(SUBJECT, keep="last", maintain_order=True)


def _after_end(ground: Ground) -> Planted:
    """An unplanned contact after the end of participation."""
    rows = one_each(ground, _ended(ground, _SV).filter(_DONE), (_SV, _EOS))
    late = written(pl.col("ended") + pl.duration(days=5 + pl.int_range(pl.len())))
    new = rows.drop(ROW, PLANTED).with_columns(
        VISITOID=pl.lit("UNS"),
        VISITNAME=pl.lit("Unscheduled"),
        FORMREPEAT=pl.lit("9"),
        RECORDID=pl.col("RECORDID") + "-UNS-9",
        SVDAT=late,
        SVENDAT=BLANK,
        SVUPDES=pl.lit("CALLED BY THE SUBJECT"),
    )
    table, added = appended(ground.tables[_SV], new)
    return Planted({_SV: table}, noted(_SV, added, rule="BX-SV-02"))


def _window(ground: Ground) -> Planted:
    """A visit some days before its window opens."""
    early = free_rows(
        ground, _SV, _DONE & pl.col("VISITOID").is_in(["W4", "W8"]) & pl.col("infusion").is_not_null()
    )
    rows = one_each(ground, early, (_SV,))
    planned = pl.col("VISITOID").replace_strict(_PLANNED, return_dtype=pl.Int64)
    ahead = pl.when(pl.col("VISITOID") == "W4").then(pl.lit(4)).otherwise(pl.lit(7))
    moved = written(pl.col("infusion") + pl.duration(days=planned - ahead))
    changed = rows.with_columns(SVDAT=moved, SVENDAT=BLANK)
    table = rewritten(ground.tables[_SV], changed, ["SVDAT", "SVENDAT"])
    return Planted({_SV: table}, noted(_SV, changed, rule="BX-SV-03"))


def _unaccounted(ground: Ground) -> Planted:
    """Nothing at all was delivered of a visit that must have come and gone."""
    due = pl.col("infusion") + pl.duration(days=60) < pl.lit(ground.as_of)
    there = pl.col("ended").is_null() | (pl.col("ended") > pl.col("infusion") + pl.duration(days=40))
    rows = free_rows(ground, _SV, _DONE & pl.col("VISITOID").is_in(list(_QUIET)) & due & there)
    rows = one_each(ground, rows, (_SV, _VS, _LBC, _LAB))
    tables, place = ground.tables, [SUBJECT, "VISITOID"]
    where = rows.select(place)
    draws = tables[_LBC].join(where, on=place, how="semi").select(SUBJECT, "ACCESSN")
    changed = {
        name: removed(tables[name], tables[name].join(where, on=place, how="semi"))
        for name in (_SV, _VS, _LBC)
    }
    changed[_LAB] = removed(tables[_LAB], tables[_LAB].join(draws, on=[SUBJECT, "ACCESSN"], how="semi"))
    people = rows.select(SUBJECT).join(tables["edc_dm"], on=SUBJECT, how="left", maintain_order="left")
    return Planted(changed, noted("edc_dm", people, rule="BX-SV-04"))


def _rescue_month(ground: Ground) -> Planted:
    """Of the first rescue medication only a month is known, and it is a month after the Week 14 visit."""
    rescue = pl.col("CMRESC") == "1"
    rows = free_rows(
        ground, "edc_cmra", rescue & day("CMSTDAT").is_not_null() & pl.col("week14").is_not_null()
    )
    rows = one_each(ground, rows, ("edc_cmra", _SV, "edc_resc"))
    month = (pl.col("week14") + pl.duration(days=62)).dt.strftime("%b-%Y").str.to_uppercase()
    changed = rows.with_columns(CMSTDAT="UN-" + month, CMENDAT=BLANK)
    table = rewritten(ground.tables["edc_cmra"], changed, ["CMSTDAT", "CMENDAT"])
    told = [noted("edc_cmra", changed, rule=rule) for rule in ("BX-SV-05", "BX-CM-08")]
    return Planted({"edc_cmra": table}, notes_of(*told))


def _far_draw(ground: Ground) -> Planted:
    """A draw, on form and in the file, weeks after the visit that its label names."""
    after = 20
    lab = ground.tables[_LAB]
    forms = free_rows(ground, _LBC, (pl.col("LBPERF") == "Y") & pl.col("VISITOID").is_in(list(_QUIET)))
    known = lab.filter(pl.col("VISITLBL").is_in(list(_QUIET.values())) & (pl.col("RSTAT") == "F"))
    late = day("LBDAT") + pl.duration(days=after + 10) < pl.lit(ground.as_of)
    stays = pl.col("seen_last").is_null() | (pl.col("seen_last") > day("LBDAT") + pl.duration(days=after))
    forms = forms.filter(late & stays & pl.col("ACCESSN").is_in(known["ACCESSN"].implode()))
    forms = one_each(ground, forms, (_LBC, _LAB, _SV, _EOS))
    shifted = forms.with_columns(LBDAT=written(day("LBDAT") + pl.duration(days=after)))
    rows = lab.filter(pl.col("ACCESSN").is_in(forms["ACCESSN"].implode()))
    columns = {name: _later(name, after) for name in ("COLLDT", "RECVDT")}
    stamp = _later("RPTDT", after, pl.col("RPTDT").str.head(8)) + pl.col("RPTDT").str.slice(8)
    moved = rows.with_columns(**columns, RPTDT=stamp)
    first = moved.sort(ROW).unique("ACCESSN", keep="first", maintain_order=True)
    return Planted(
        {
            _LBC: rewritten(ground.tables[_LBC], shifted, ["LBDAT"]),
            _LAB: rewritten(lab, moved, ["COLLDT", "RECVDT", "RPTDT"]),
        },
        noted(_LAB, first, rule="BX-SV-06"),
    )


def _later(column: str, days: int, text: pl.Expr | None = None) -> pl.Expr:
    told = pl.col(column) if text is None else text
    return (told.str.to_date(_COMPACT) + pl.duration(days=days)).dt.strftime(_COMPACT)


def _no_end(ground: Ground) -> Planted:
    """A subject made the last visit, but the form of the end of study is missing."""
    seen = _visit_days(ground, "W52")
    rows = free_rows(ground, _EOS, pl.col("DSEOSSTAT") == "COMPLETED").join(
        seen, on=SUBJECT, maintain_order="left"
    )
    rows = rows.filter(pl.col("W52") + pl.duration(days=30) < pl.lit(ground.as_of))
    rows = one_each(ground, rows, (_EOS, _SV, "edc_cmra", "edc_cm", "edc_ae"))
    people = rows.select(SUBJECT).join(ground.tables["edc_dm"], on=SUBJECT, how="left", maintain_order="left")
    return Planted({_EOS: removed(ground.tables[_EOS], rows)}, noted("edc_dm", people, rule="BX-DS-01"))


def _not_completed(ground: Ground) -> Planted:
    """Completed, says the form, without the last visit; or the only reason is rescue."""
    left = free_rows(ground, _EOS, pl.col("DSEOSSTAT").is_in(_LEFT[:2]))
    rows = one_each(ground, left, (_EOS, _SV))
    turn = pl.int_range(pl.len()) % 2 == 0
    changed = rows.with_columns(
        DSEOSSTAT=pl.when(turn).then(pl.lit("COMPLETED")).otherwise("DSEOSSTAT"),
        DSEOSSTAT_DEC=pl.when(turn).then(pl.lit(codes.END_REASON["COMPLETED"])).otherwise("DSEOSSTAT_DEC"),
        DSEOSTERM=pl.when(turn).then(pl.lit("COMPLETED")).otherwise(pl.lit("RESCUE THERAPY")),
    )
    table = rewritten(ground.tables[_EOS], changed, ["DSEOSSTAT", "DSEOSSTAT_DEC", "DSEOSTERM"])
    return Planted({_EOS: table}, noted(_EOS, changed, rule="BX-DS-02"))


def _before_consent(ground: Ground) -> Planted:
    """Demography was written, or vital signs were taken at screening, before consent."""
    count = ground.count // 2
    notes, tables = [], {}
    for source, column, share in (("edc_dm", "DMDAT", ground.count - count), (_VS, "VSDAT", count)):
        rows = free_rows(ground, source, (pl.col("VISITOID") == "SCR") & day(column).is_not_null())
        rows = one_each(ground, rows, (source, "edc_dsic"), count=share)
        changed = rows.with_columns(written(pl.col("consent") - pl.duration(days=3)).alias(column))
        tables[source] = rewritten(ground.tables[source], changed, [column])
        first = 1 if source == "edc_dm" else 1 + ground.count - count
        notes.append(noted(source, changed, rule="BX-DS-03", first=first))
    return Planted(tables, notes_of(*notes))


def _lost_but_seen(ground: Ground) -> Planted:
    """Lost to follow-up, with a last contact before the last visit."""
    seen = ground.tables[_SV].filter(ACTIVE & _DONE).group_by(SUBJECT).agg(last=day("SVDAT").max())
    rows = free_rows(ground, _EOS, pl.col("DSEOSSTAT").is_in(_LEFT)).join(
        seen, on=SUBJECT, maintain_order="left"
    )
    rows = one_each(ground, rows, (_EOS, _SV, _VS))
    lost = "LOST TO FOLLOW-UP"
    changed = rows.with_columns(
        DSEOSSTAT=pl.lit(lost),
        DSEOSSTAT_DEC=pl.lit(codes.END_REASON[lost]),
        DSEOSTERM=pl.lit("SUBJECT COULD NOT BE REACHED ANY MORE"),
        DSLASTCONT=written(pl.col("last") - pl.duration(days=3)),
    )
    columns = ["DSEOSSTAT", "DSEOSSTAT_DEC", "DSEOSTERM", "DSLASTCONT"]
    return Planted(
        {_EOS: rewritten(ground.tables[_EOS], changed, columns)}, noted(_EOS, changed, rule="BX-DS-04")
    )


def _end_before_start(ground: Ground) -> Planted:
    """A condition that ends before it starts."""
    both = day("MHSTDAT").is_not_null() & day("MHENDAT").is_not_null()
    rows = ground.picked("edc_mh", ACTIVE & both)
    changed = rows.with_columns(MHENDAT=written(day("MHSTDAT") - pl.duration(days=2)))
    table = rewritten(ground.tables["edc_mh"], changed, ["MHENDAT"])
    return Planted({"edc_mh": table}, noted("edc_mh", changed, rule="BX-DAT-01"))


def _left_out_hour(ground: Ground) -> Planted:
    """An adverse event that starts in the hour that the clock of the site left out."""
    spring = pl.date(2027, 3, 14)
    spans = (day("AESTDAT") < spring) & (pl.col("AEONGO").is_not_null() | (day("AEENDAT") > spring))
    stays = (pl.col("ended") > spring).fill_null(value=True)
    treated = (pl.col("infusion") < day("AESTDAT")) & (pl.col("AEINFR") == "N")
    rows = free_rows(ground, "edc_ae", spans & stays & treated)
    rows = one_each(
        ground,
        with_days(ground, rows.select(ground.tables["edc_ae"].columns)),
        ("edc_ae", "edc_cm", "edc_cmra", "edc_dseos/BX-DAT-02"),
    )
    changed = rows.with_columns(AESTDAT=written(spring), AESTTIM=pl.lit("02:30"))
    table = rewritten(ground.tables["edc_ae"], changed, ["AESTDAT", "AESTTIM"])
    return Planted({"edc_ae": table}, noted("edc_ae", changed, rule="BX-DAT-02"))


def _too_early(ground: Ground) -> Planted:
    """A sample that the laboratory received before it was collected."""
    rows = ground.picked(_LAB, pl.col("LABTESTCD").is_in(["MG", "PHOS", "URATE"]), by="LABTESTCD")
    changed = rows.with_columns(RECVDT=_later("COLLDT", -1))
    table = rewritten(ground.tables[_LAB], changed, ["RECVDT"])
    return Planted({_LAB: table}, noted(_LAB, changed, rule="BX-DAT-03"))


KINDS: Final = (
    DefectKind("BX-SV-01", _order),
    DefectKind("BX-SV-02", _after_end),
    DefectKind("BX-SV-03", _window),
    DefectKind("BX-SV-04", _unaccounted),
    DefectKind("BX-SV-05", _rescue_month),
    DefectKind("BX-SV-06", _far_draw),
    DefectKind("BX-DS-01", _no_end),
    DefectKind("BX-DS-02", _not_completed),
    DefectKind("BX-DS-03", _before_consent),
    DefectKind("BX-DS-04", _lost_but_seen),
    DefectKind("BX-DAT-01", _end_before_start),
    DefectKind("BX-DAT-02", _left_out_hour),
    DefectKind("BX-DAT-03", _too_early),
)
