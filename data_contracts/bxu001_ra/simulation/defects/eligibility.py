"""Defects of who may take part (BX-ELIG, BX-DM, BX-TS), each with what it must lead to: what the forms say."""

from __future__ import annotations

from typing import Final

import polars as pl

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.simulation.defects import screening_results
from data_contracts.bxu001_ra.simulation.defects.chosen import day, written
from data_contracts.bxu001_ra.simulation.defects.screened import (
    BLANK,
    DAY1,
    SCREENING,
    SUBJECT,
    changed,
    coded,
    criterion,
    dealt,
    free,
    of,
    one_each,
    randomized,
    screen_failures,
)
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import Tables, appended, noted, notes_of, removed

DM, CONSENT, IE, CLASSES, PAST, ONSET, END = (
    "edc_dm", "edc_dsic", "edc_ie", "edc_racc", "edc_mhpre", "edc_mhra", "edc_dseos",
)  # fmt: skip
ANY: Final = pl.lit(value=True)
# Criteria that no data speak for or against: the site alone decides.
_SITE_ALONE: Final = ("INCL10", "INCL11", "EXCL03", "EXCL07", "EXCL11", "EXCL17")
# Screen failures whose criterion the data break too.
_IN_DATA: Final = ("INCL06", "INCL08", "EXCL01", "EXCL04", "EXCL05")
_TOO_OLD: Final = 71
_FIRST_DAYS: Final = 15  # consents that may as well have been given in the month before the first one
# The laboratory's own filtration rate, of the true age, stays within 5 per cent of that at 71 years.
_NEARLY_TOO_OLD: Final = 58


def _age(ground: Ground) -> Planted:
    """The date of birth is unknown and the age that was entered is above the limit."""
    old = pl.col("AGE").cast(pl.Int64) >= _NEARLY_TOO_OLD
    rows = one_each(ground, free(ground, DM, old, randomized(ground)), (DM, "lab_results/GFRE"))
    tables = changed(ground, {}, DM, rows, AGE=str(_TOO_OLD), BRTHDAT=None)
    return Planted(tables, noted(DM, rows, rule="BX-ELIG-01", variable="AGE", value=f"{_TOO_OLD}.0"))


def _classification(ground: Ground) -> Planted:
    """The total is not the sum, or it is the sum and too low."""
    rows = one_each(ground, free(ground, CLASSES, ANY, randomized(ground)), (CLASSES,))
    (unlike, first), (low, second) = dealt(ground, rows, 2)
    more = (pl.col("RACCTOT").cast(pl.Int64) - 1).cast(pl.String)
    tables = changed(ground, {}, CLASSES, unlike, RACCTOT=more)
    few = {"RACCA": "1", "RACCB": "2", "RACCC": "1", "RACCD": "1", "RACCTOT": "5"}
    tables = changed(ground, tables, CLASSES, low, **few)
    notes = (
        noted(CLASSES, each, rule="BX-ELIG-02", first=number)
        for each, number in ((unlike, first), (low, second))
    )
    return Planted(tables, notes_of(*notes))


def _onset(ground: Ground) -> Planted:
    """Symptoms began two months before consent; of every second onset only the month is known."""
    rows = one_each(ground, free(ground, ONSET, ANY, randomized(ground)), (ONSET,))
    consent = of(ground, CONSENT, ANY, rows[SUBJECT]).select(day("ICDAT")).to_series()
    onset = written(pl.lit(consent) - pl.duration(days=60))
    month = pl.int_range(pl.len()) % 2 == 1
    begun = pl.when(month).then("UN" + onset.str.slice(2)).otherwise(onset)
    told = written(pl.lit(consent) - pl.duration(days=20))
    tables = changed(ground, {}, ONSET, rows, RASYMDAT=begun, RADXDAT=told)
    return Planted(tables, noted(ONSET, rows, rule="BX-ELIG-03"))


def _despite(ground: Ground) -> Planted:
    """The form names a criterion that only the site can judge, and the subject was randomized."""
    rows = one_each(ground, free(ground, IE, pl.col("IETESTCD").is_null(), randomized(ground)), (IE,))
    code = _SITE_ALONE[int(ground.rng.integers(len(_SITE_ALONE)))]
    tables = changed(ground, {}, IE, rows, **criterion(code))
    return Planted(tables, noted(IE, rows, rule="BX-ELIG-11"))


def _contradicted(ground: Ground) -> Planted:
    """One of four contradictions: see the parts."""
    failed = free(ground, IE, pl.col("IETESTCD").is_in(_IN_DATA), screen_failures(ground))
    eligible = free(ground, IE, (pl.col("VISITOID") == DAY1) & (pl.col("IEYN") == "Y"), randomized(ground))
    rows = one_each(ground, pl.concat([failed, eligible]), (IE, "edc_dseos"))
    is_failure = pl.col("IETESTCD").is_not_null()
    (all_met, first), (another, second), (added, third) = dealt(ground, rows.filter(is_failure), 3)
    # An answer against the criteria of its own form, either way.
    tables = changed(ground, {}, IE, all_met, **coded(codes.YN, IEYN="Y"))
    none_named = rows.filter(~is_failure)
    tables = changed(ground, tables, IE, none_named, **coded(codes.YN, IEYN="N"))
    # The criterion that the data break is not the one that is named.
    tables = changed(ground, tables, IE, another, **coded(codes.CRITERIA, IETESTCD=_SITE_ALONE[0]))
    tables, new = _with_more_criteria(ground, tables, added)
    parts = ((all_met, first), (another, second), (new, third), (none_named, third + new.height))
    notes = (noted(IE, each, rule="BX-ELIG-12", first=number) for each, number in parts)
    return Planted(tables, notes_of(*notes))


def _with_more_criteria(ground: Ground, tables: Tables, rows: pl.DataFrame) -> tuple[Tables, pl.DataFrame]:
    """A second criterion on the forms ``rows``, which the data say is met: the age."""
    more = rows.with_columns(
        ITEMGROUPREPEAT=pl.lit("2"),
        RECORDID=pl.col("RECORDID").str.replace("-1$", "-2"),
        **{
            name: pl.lit(value, pl.String) for name, value in coded(codes.CRITERIA, IETESTCD="INCL01").items()
        },
    )
    table, new = appended(tables.get(IE, ground.tables[IE]), more)
    return {**tables, IE: table}, new


def _no_reason(ground: Ground) -> Planted:
    """The eligibility form of a screen failure was never entered; the disposition says no more than that."""
    ends = free(ground, END, pl.col("DSEOSTERM").str.contains("CRITERIA"), screen_failures(ground))
    answered = ground.tables[IE].filter(pl.col("IETESTCD").is_not_null())[SUBJECT]
    rows = one_each(ground, ends.filter(pl.col(SUBJECT).is_in(answered.implode())), (IE, END))
    forms = ground.tables[IE].join(rows.select(SUBJECT), on=SUBJECT, how="semi", maintain_order="left")
    tables: Tables = {IE: removed(ground.tables[IE], forms), **changed(ground, {}, END, rows)}
    return Planted(tables, noted(END, rows, rule="BX-ELIG-13"))


def _history(ground: Ground) -> Planted:
    """A condition that was asked for did occur."""
    rows = one_each(ground, free(ground, PAST, pl.col("MHOCCUR") == "N", randomized(ground)), (PAST,))
    detail = pl.when(pl.col("MHPTERM") == "MALIG").then(pl.lit("BREAST CANCER")).otherwise(BLANK)
    yes = coded(codes.YN, MHOCCUR="Y")
    tables = changed(ground, {}, PAST, rows, MHSTDAT="UN-UNK-2019", MHDETAIL=detail, **yes)
    return Planted(tables, noted(PAST, rows, rule="BX-ELIG-14", variable="MHOCCUR", value="Y"))


def _identity(ground: Ground) -> Planted:
    """The age is a year off what the date of birth says, or three years off where only its year is known."""
    known = pl.col("BRTHDAT").str.contains("^[0-9]{2}-")
    rows = one_each(ground, free(ground, DM, known, ground.tables[DM][SUBJECT].to_list()), (DM,))
    (exact, first), (rough, second) = dealt(ground, rows, 2)
    tables = changed(ground, {}, DM, exact, AGE=_older(1))
    year = "UN-UNK-" + pl.col("BRTHDAT").str.slice(7)
    tables = changed(ground, tables, DM, rough, AGE=_older(3), BRTHDAT=year)
    notes = (
        noted(DM, each, rule="BX-DM-01", first=number) for each, number in ((exact, first), (rough, second))
    )
    return Planted(tables, notes_of(*notes))


def _older(years: int) -> pl.Expr:
    return (pl.col("AGE").cast(pl.Int64) + years).cast(pl.String)


def _race(ground: Ground) -> Planted:
    """No race, no ethnicity, or an unknown race beside a known one."""
    boxes = [f"RACE_{name}" for name in codes.RACES]
    plain = pl.col("RACE_UNK").is_null() & (pl.sum_horizontal(pl.col(boxes) == "1") == 1)
    rows = one_each(ground, free(ground, DM, plain, ground.tables[DM][SUBJECT].to_list()), (DM,))
    (raceless, first), (silent, second), (doubtful, third) = dealt(ground, rows, 3)
    tables = changed(ground, {}, DM, raceless, **dict.fromkeys([*boxes, "RACEOTH"], BLANK))
    tables = changed(ground, tables, DM, silent, **coded(codes.ETHNIC, ETHNIC=None))
    tables = changed(ground, tables, DM, doubtful, RACE_UNK="1")
    parts = ((raceless, first), (silent, second), (doubtful, third))
    return Planted(
        tables, notes_of(*(noted(DM, each, rule="BX-DM-02", first=number) for each, number in parts))
    )


def _first_consent(ground: Ground) -> Planted:
    """Of the consent only the month is known, and it lies before the day on which the study is said to start.

    An age at that day cannot be told, which is asked at the roster.
    """
    everybody = free(ground, CONSENT, pl.col("VISITOID") == SCREENING, randomized(ground))
    start = everybody.select(day("ICDAT").min().dt.month_start().dt.offset_by("-1d")).to_series()
    early = day("ICDAT") <= pl.lit(start.first(), pl.Date) + pl.duration(days=_FIRST_DAYS)
    rows = one_each(ground, everybody.filter(early), (CONSENT, DM))
    month = start.dt.strftime("UN-%b-%Y").str.to_uppercase()
    tables = changed(ground, {}, CONSENT, rows, ICDAT=pl.lit(month.first(), pl.String))
    ages = of(ground, DM, ANY, rows[SUBJECT])
    notes = notes_of(noted(CONSENT, rows, rule="BX-TS-01"), noted(DM, ages, rule="BX-DM-01"))
    return Planted(tables, notes)


KINDS: Final[tuple[DefectKind, ...]] = (
    *screening_results.KINDS,
    DefectKind("BX-ELIG-01", _age),
    DefectKind("BX-ELIG-02", _classification),
    DefectKind("BX-ELIG-03", _onset),
    DefectKind("BX-ELIG-13", _no_reason),
    DefectKind("BX-ELIG-12", _contradicted),
    DefectKind("BX-ELIG-11", _despite),
    DefectKind("BX-ELIG-14", _history),
    DefectKind("BX-TS-01", _first_consent),
    DefectKind("BX-DM-02", _race),
    DefectKind("BX-DM-01", _identity),
)
