"""Defects of questionnaire and scales (BX-QS, and an item outside its answers: dirt 18)."""

from __future__ import annotations

from typing import Final

import polars as pl

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.simulation.assessments import CATEGORIES
from data_contracts.bxu001_ra.simulation.defects.joint_forms import VISIT_FORM
from data_contracts.bxu001_ra.simulation.defects.shown import (
    BASELINE,
    DAR,
    DRAWN,
    DRAWS,
    FORMS,
    JOINT_FORM,
    LAB,
    LATER,
    PATIENT,
    PHYSICIAN,
    QUESTIONNAIRE,
    REACTANTS,
    VISITS,
    at_visit,
    own_places,
    reshown,
    scored_at,
    turns,
)
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import Tables, noted, notes_of, removed, rewritten

_MARKS: Final = {PATIENT: "PTGAVAS", PHYSICIAN: "PHGAVAS", QUESTIONNAIRE: "HAQ46"}
_PERFORMED: Final = {PATIENT: "PTGAPERF", PHYSICIAN: "PHGAPERF", QUESTIONNAIRE: "HAQPERF"}
_DATED: Final = {PATIENT: "PTGADAT", PHYSICIAN: "PHGADAT"}
_OTHER_AIDS: Final = (("HAQ17", "HAQ18"), ("HAQ40", "HAQ41"))
_NOT_BASELINE: Final = tuple(oid for oid in VISITS if oid != BASELINE)
_MANY_TENDER: Final = 4
_EDC: Final = "%d-%b-%Y"


def answered(ground: Ground, source: str, visits: tuple[str, ...]) -> pl.DataFrame:
    """Forms of ``source`` with an answer, at ``visits``, which the EDC has computed already."""
    own = ground.tables[source].filter((pl.col(_PERFORMED[source]) == "Y") & pl.col("VISITOID").is_in(visits))
    return own.join(ground.tables[DAR], on=["SUBJID", "VISITOID"], how="semi", maintain_order="left")


def _shared_out(
    ground: Ground, sources: tuple[str, ...], visits: tuple[str, ...], at: pl.DataFrame | None = None
) -> list[tuple[str, pl.DataFrame]]:
    """``count`` answered forms (of the visits in ``at``), dealt out to ``sources``, each with all that its visit's
    scores rest on."""
    parts = []
    start = int(ground.rng.integers(len(sources)))
    for number in range(len(sources)):
        source = sources[(start + number) % len(sources)]
        share = ground.count // len(sources) + (number < ground.count % len(sources))
        forms = answered(ground, source, visits)
        if at is not None:
            forms = forms.join(at, on=["SUBJID", "VISITOID"], how="semi", maintain_order="left")
        rows = own_places(ground, forms, lambda row: scored_at(row["VISITOID"]), count=share)
        parts.append((source, rows))
    return parts


def _planted(
    ground: Ground, parts: list[tuple[str, pl.DataFrame, list[str]]], rule: str, *, rescored: bool = True
) -> Planted:
    tables: Tables = {}
    notes, first, subjects = [], 1, set()
    for source, rows, columns in parts:
        tables[source] = rewritten(tables.get(source, ground.tables[source]), rows, columns)
        notes.append(noted(source, rows, rule=rule, first=first))
        first += rows.height
        subjects |= set(rows["SUBJID"])
    return Planted(reshown(ground, tables, subjects) if rescored else tables, notes_of(*notes))


def _impossible_mark(ground: Ground) -> Planted:
    """A mark beyond the end of the line or between two millimetres; another aid described without its box."""
    parts = []
    for source, rows in _shared_out(ground, (PATIENT, PHYSICIAN, QUESTIONNAIRE), _NOT_BASELINE):
        column = _MARKS[source]
        beyond, between = turns(rows, 2, ground)
        parts.append(
            (
                source,
                beyond.with_columns(pl.lit(str(101 + int(ground.rng.integers(60)))).alias(column)),
                [column],
            )
        )
        if source != QUESTIONNAIRE:
            half = pl.when(pl.col(column) == "100").then(pl.lit("99.5")).otherwise(pl.col(column) + ".5")
            parts.append((source, between.with_columns(half.alias(column)), [column]))
            continue
        box, text = _OTHER_AIDS[int(ground.rng.integers(2))]
        aid = between.with_columns(pl.lit("0").alias(box), pl.lit("REACHER").alias(text))
        parts.append((source, aid, [box, text]))
    return _planted(ground, parts, "BX-QS-01")


def _missing_form(ground: Ground) -> Planted:
    """A scale or questionnaire of a visit never came."""
    old = pl.col("SVDAT").str.to_date(_EDC, strict=False) + pl.duration(days=8) < pl.lit(ground.as_of)
    visits = ground.tables[VISIT_FORM].filter(old)
    tables: Tables = {VISIT_FORM: ground.tables[VISIT_FORM]}
    notes, first, subjects = [], 1, set()
    for source, rows in _shared_out(ground, (PATIENT, PHYSICIAN, QUESTIONNAIRE), LATER, visits):
        at = visits.join(rows, on=["SUBJID", "VISITOID"], how="semi", maintain_order="left")
        tables[source] = removed(ground.tables[source], rows)
        tables[VISIT_FORM] = rewritten(tables[VISIT_FORM], at, ())
        notes.append(noted(VISIT_FORM, at, rule="BX-QS-01", first=first))
        first += at.height
        subjects |= set(rows["SUBJID"])
    return Planted(reshown(ground, tables, subjects), notes_of(*notes))


def _in_centimetres(ground: Ground) -> Planted:
    """The same mark, measured in centimetres: converted, and for review."""
    parts = []
    for source, rows in _shared_out(ground, (PATIENT, PHYSICIAN), VISITS):
        mark, unit = _MARKS[source], _MARKS[source].replace("VAS", "U")
        mm = pl.col(mark).cast(pl.Int64)
        text = (mm // 10).cast(pl.String) + "." + (mm % 10).cast(pl.String)
        values = {mark: text, unit: pl.lit("cm"), f"{unit}_DEC": pl.lit(codes.VAS_UNIT["cm"])}
        parts.append((source, rows.with_columns(**values), list(values)))
    return _planted(ground, parts, "BX-QS-01", rescored=False)


def _unknown_item(ground: Ground) -> Planted:
    """An item of the questionnaire is 4: the answer is set aside; the category keeps its score by another item."""
    items = tuple(number for parts, _ in CATEGORIES.values() for number in parts)
    chosen, rows = (
        [],
        own_places(
            ground,
            answered(ground, QUESTIONNAIRE, VISITS),
            lambda row: at_visit(row["VISITOID"], sources=[QUESTIONNAIRE]),
        ),
    )
    for row in rows.iter_rows(named=True):
        free = [number for number in items if _outdone(row, number)]
        item = f"HAQ{free[int(ground.rng.integers(len(free)))]:02}"
        chosen.append({**row, item: "4"})
    changed = pl.DataFrame(chosen, schema=rows.schema)
    columns = [f"HAQ{number:02}" for number in items]
    table = rewritten(ground.tables[QUESTIONNAIRE], changed, columns)
    return Planted(
        {QUESTIONNAIRE: table}, noted(QUESTIONNAIRE, changed, fate="quarantined", rule="QS.result.code")
    )


def _outdone(row: dict[str, str | None], number: int) -> bool:
    """True if another item of the same category has at least the same score."""
    mates = next(parts for parts, _ in CATEGORIES.values() if number in parts)
    own = row[f"HAQ{number:02}"]
    return own is not None and any((row[f"HAQ{mate:02}"] or "") >= own for mate in mates if mate != number)


def _zero(ground: Ground) -> Planted:
    """No pain at all, or a patient's global of 0, while many joints are tender."""
    joints = ground.tables[JOINT_FORM].filter(pl.col("TJC28").cast(pl.Int64) >= _MANY_TENDER)
    parts = []
    for source, column in ((PATIENT, "PTGAVAS"), (QUESTIONNAIRE, "HAQ46")):
        share = ground.count // 2 + (ground.count % 2) * (source == PATIENT)
        forms = answered(ground, source, _NOT_BASELINE)
        tender = forms.join(joints, on=["SUBJID", "VISITOID"], how="semi", maintain_order="left")
        rows = own_places(ground, tender, lambda row: scored_at(row["VISITOID"]), count=share)
        parts.append((source, rows.with_columns(pl.lit("0").alias(column)), [column]))
    return _planted(ground, parts, "BX-QS-02")


_LATE_PARTS: Final = {
    PATIENT: ("ptga",),
    PHYSICIAN: ("phga",),
    QUESTIONNAIRE: ("pain", "haq"),
    LAB: ("crp", "esr"),
}


def _after_infusion(ground: Ground) -> Planted:
    """A questionnaire, a scale or the sample of Day 1 is dated after the infusion: Screening is the baseline of it."""
    infused = ground.tables["edc_ec"].filter((pl.col("ECYN") == "Y") & (pl.col("FORMREPEAT") == "1"))
    start = infused.select("SUBJID", _infused=pl.col("ECSTTIM"))
    days = ground.tables["edc_sv"].filter((pl.col("VISITOID") == BASELINE) & (pl.col("SVPERF") == "Y"))
    people = days.join(start.drop_nulls(), on="SUBJID", how="inner", maintain_order="left")
    rows = own_places(
        ground, people, lambda _: [DAR, *FORMS, *REACTANTS, *at_visit(BASELINE, sources=[DRAWS, "edc_ec"])]
    )
    dealt = dict(zip((PATIENT, PHYSICIAN, QUESTIONNAIRE, LAB), turns(rows, 4, ground), strict=True))
    dealt[LAB] = _whole_draws(ground, dealt[LAB])
    tables, notes, first = dict[str, pl.DataFrame](), [], 1
    for source, some in dealt.items():
        changed, found = _moved(ground, source, some)
        tables |= changed
        note = noted(LAB if source == LAB else source, found, rule="BX-QS-03", first=first)
        if source == LAB:  # CRP and ESR of one draw are one defect
            note = note.with_columns(defect=first + pl.col("subject").rank("dense").cast(pl.Int64) - 1)
        notes.append(note)
        first += some.height
    late = {who: _LATE_PARTS[source] for source, some in dealt.items() for who in some["SUBJID"]}
    return Planted(reshown(ground, tables, late, late), notes_of(*notes))


def _whole_draws(ground: Ground, people: pl.DataFrame) -> pl.DataFrame:
    """Those of ``people`` whose laboratory rows no other defect needs: the time of the whole draw changes."""
    tests = ground.tables[LAB]["LABTESTCD"].unique().sort().to_list()
    topics = [f"{LAB}/{test}" for test in tests if f"{LAB}/{test}" not in REACTANTS]
    free = ground.people(people["SUBJID"], topics, count=people.height)
    return people.filter(pl.col("SUBJID").is_in(free))


def _moved(ground: Ground, source: str, people: pl.DataFrame) -> tuple[Tables, pl.DataFrame]:
    """Tables in which the Day 1 record of ``people`` is later than the infusion, and the rows that a finding names."""
    after = people.select(
        "SUBJID", _time=(pl.col("_infused").str.to_time("%H:%M").cast(pl.Duration) + pl.duration(minutes=7))
    ).with_columns(_time=pl.format("{}:{}", _two(pl.col("_time").dt.total_hours()), _two(_minute("_time"))))
    if source == LAB:
        return _moved_draw(ground, after)
    forms = ground.tables[source].filter(pl.col("VISITOID") == BASELINE)
    own = forms.join(after, on="SUBJID", how="inner", maintain_order="left")
    if source == QUESTIONNAIRE:
        changed, columns = own.with_columns(HAQTIM=pl.col("_time")), ["HAQTIM"]
    else:
        day = pl.col(_DATED[source]).str.to_date(_EDC) + pl.duration(days=1)
        columns = [_DATED[source]]
        changed = own.with_columns(day.dt.strftime(_EDC).str.to_uppercase().alias(columns[0]))
    return {source: rewritten(ground.tables[source], changed, columns)}, changed


def _moved_draw(ground: Ground, after: pl.DataFrame) -> tuple[Tables, pl.DataFrame]:
    forms = ground.tables[DRAWS].filter((pl.col("VISITOID") == BASELINE) & pl.col("ACCESSN").is_not_null())
    form = forms.join(after, on="SUBJID", how="inner", maintain_order="left").with_columns(
        LBTIM=pl.col("_time")
    )
    clock = form.select("ACCESSN", _clock=pl.col("LBTIM").str.replace(":", "", literal=True))
    rows = ground.tables[LAB].join(clock, on="ACCESSN", how="inner", maintain_order="left")
    rows = rows.with_columns(COLLTM=pl.col("_clock"))
    tables = {
        LAB: rewritten(ground.tables[LAB], rows, ["COLLTM"]),
        DRAWS: rewritten(ground.tables[DRAWS], form, ["LBTIM"]),
    }
    return tables, rows.filter(pl.col("LABTESTCD").is_in(["CRP", "ESR"]) & DRAWN)


def _two(number: pl.Expr) -> pl.Expr:
    return number.cast(pl.String).str.zfill(2)


def _minute(column: str) -> pl.Expr:
    return pl.col(column).dt.total_minutes() % 60


KINDS: Final = (
    DefectKind("BX-QS-03", _after_infusion),
    DefectKind("BX-QS-01", _impossible_mark),
    DefectKind("scale_form_missing", _missing_form),
    DefectKind("vas_in_cm", _in_centimetres),
    DefectKind("haq_item_unknown", _unknown_item),
    DefectKind("BX-QS-02", _zero),
)
