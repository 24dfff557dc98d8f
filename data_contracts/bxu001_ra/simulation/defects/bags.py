"""Defects of what lies in the bags, which only an unblinded build can see (BX-EX-05, -06, -08, -10, BX-ARM-06,
BX-BL-04, -05), and the rows of the infusion that defects of the exposure are planted in."""

from __future__ import annotations

from math import comb, prod
from typing import Final

import polars as pl

from data_contracts.bxu001_ra.simulation.course import BAG_ML
from data_contracts.bxu001_ra.simulation.defects.chosen import ACTIVE, SUBJECT, changed, free_rows, one_each
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import noted, notes_of, rewritten, stated

EC, ASSIGN, KEY, RELEASE = "edc_ec", "rtsm_assign", "rtsm_unblinding_key", "rtsm_product_release"
_CELLS, _CONTENTS = f"{RELEASE}/cells", f"{RELEASE}/product"
INFUSED: Final = ACTIVE & (pl.col("ECYN") == "Y")
_CONTROL, _PRODUCT, _MASKED = "PBO", "BX-U001", "PLACEBO"
_LEVELS: Final = {"1": 750, "2": 1500}  # cells per gram of body weight and cohort, in thousands
_HOUR: Final = 60
_FREE_NUMBERS: Final = 90_000  # beyond the bags of any trial
_FEWEST_LABELLINGS: Final = 200  # 2 of them are a p of 0.01
_LITTLE_ML: Final = 20


def single_infusions(ground: Ground) -> pl.DataFrame:
    """EC rows of subjects who were infused without interruption, with their days."""
    whole = INFUSED & (pl.col("ECINTRP") == "N") & (pl.len().over(SUBJECT) == 1)
    return free_rows(ground, EC, whole & (pl.col("ECVOL") == str(BAG_ML)))


def clock_after(column: str, minutes: int) -> pl.Expr:
    """A time of day so many minutes after that of ``column``."""
    hour, minute = (pl.col(column).str.slice(start, 2).cast(pl.Int64) for start in (0, 3))
    total = hour * _HOUR + minute + minutes
    padded = [part.cast(pl.String).str.zfill(2) for part in (total // _HOUR, total % _HOUR)]
    return pl.format("{}:{}", *padded)


def new_bags(ground: Ground, rows: pl.DataFrame) -> pl.Series:
    """A bag number that no other bag has, for each of ``rows``."""
    drawn = ground.rng.choice(_FREE_NUMBERS // 9, size=rows.height, replace=False) + _FREE_NUMBERS
    return "B" + pl.Series(drawn, dtype=pl.Int64).cast(pl.String)


def _given(ground: Ground, topics: tuple[str, ...], *, control: bool | None = None) -> pl.DataFrame:
    """Single infusions from released bags with ``_cohort`` and ``_control``, one for each of up to count subjects."""
    rows = single_infusions(ground).join(_arms(ground), on=SUBJECT, maintain_order="left")
    released = ground.tables[RELEASE].select(ECBAGNO="BAGNO")
    rows = rows.join(released, on="ECBAGNO", how="semi", maintain_order="left")
    if control is not None:
        rows = rows.filter(pl.col("_control") == control)
    return one_each(ground, rows, topics)


def _arms(ground: Ground) -> pl.DataFrame:
    cohorts = ground.tables[ASSIGN].filter(pl.col("STATUS") == "ASSIGNED").select(SUBJECT, _cohort="COHORT")
    arms = ground.tables[KEY].select(SUBJECT, _control=pl.col("ARMCD") == _CONTROL)
    return arms.join(cohorts, on=SUBJECT)


def _cells(percent: pl.Expr | int) -> pl.Expr:
    """Cells of a bag (10^6, three decimals) with ``percent`` of the level of the cohort."""
    grams = (pl.col("ECWT").cast(pl.Decimal(20, 1)) * 10).cast(pl.Int64) * 100
    thousandths = (
        grams * pl.col("_cohort").replace_strict(_LEVELS, return_dtype=pl.Int64) * percent // 100_000
    )
    return pl.format("{}.{}", thousandths // 1000, (thousandths % 1000).cast(pl.String).str.zfill(3))


def _released(ground: Ground, rows: pl.DataFrame, **values: pl.Expr) -> pl.DataFrame:
    """The release file with ``values`` in the rows of the bags of ``rows``."""
    told = rows.select(BAGNO="ECBAGNO", **{name: value.cast(pl.String) for name, value in values.items()})
    table = ground.tables[RELEASE]
    bags = table.drop(*values).join(told, on="BAGNO", how="inner", maintain_order="left")
    return rewritten(table, bags, list(values))


def _percent(ground: Ground, rows: pl.DataFrame) -> pl.Series:
    """A fifth to a third too few or too many."""
    off = ground.rng.integers(20, 34, size=rows.height)
    return pl.Series(
        100 + off * (1 - 2 * (pl.int_range(rows.height, eager=True).to_numpy() % 2)), dtype=pl.Int64
    )


def _wrong_dose(ground: Ground) -> Planted:
    """Cells in a bag of the product are too few or too many for the subject's weight."""
    rows = _given(ground, (_CELLS, f"{EC}/weight"), control=False)
    cells = _cells(pl.lit(_percent(ground, rows)))
    table = _released(ground, rows, CELLS_1E6=cells)
    return Planted({RELEASE: table}, noted(EC, rows, rule="BX-EX-05", builds="unblinded"))


def _wrong_cells(ground: Ground) -> Planted:
    """Cells in a bag of the control, or none in one of the product, which is no dose either."""
    rows = _given(ground, (_CELLS, f"{EC}/weight"))
    cells = pl.when("_control").then(pl.lit("5.000")).otherwise(pl.lit("0.000"))
    table = _released(ground, rows, CELLS_1E6=cells)
    numbered = rows.with_columns(_number=pl.int_range(1, pl.len() + 1))
    empty = [
        noted(EC, row, rule="BX-EX-05", builds="unblinded", first=row["_number"][0])
        for row in numbered.filter(~pl.col("_control")).partition_by("_number")
    ]
    return Planted({RELEASE: table}, notes_of(noted(EC, rows, rule="BX-EX-06", builds="unblinded"), *empty))


def _not_released(ground: Ground) -> Planted:
    """The bag of a subject is not in the release file."""
    rows = _given(ground, (_CELLS, f"{RELEASE}/bag", f"{EC}/bag"))
    table = ground.tables[RELEASE].filter(~pl.col("BAGNO").is_in(rows["ECBAGNO"].implode()))
    return Planted({RELEASE: table}, noted(EC, rows, rule="BX-EX-08", builds="unblinded"))


def _no_dose(ground: Ground) -> Planted:
    """The volume infused is blank where the product was given: the form is incomplete, and so is the dose."""
    rows = _given(ground, (f"{EC}/volume", _CELLS), control=False)
    tables, new = changed(ground, EC, rows, ECVOL=pl.lit(None, pl.String))
    told = noted(EC, new, rule="BX-EX-07"), noted(EC, new, rule="BX-EX-10", builds="unblinded")
    return Planted(tables, notes_of(*told))


def _other_treatment(ground: Ground) -> Planted:
    """The bag held what another arm of the cohort gets, with the right number of cells for it."""
    rows = _given(ground, (_CELLS, _CONTENTS, f"{EC}/weight", "edc_dm/BX-ARM-06"))
    product = pl.when("_control").then(pl.lit(_PRODUCT)).otherwise(pl.lit(_MASKED))
    cells = pl.when("_control").then(_cells(100)).otherwise(pl.lit("0.000"))
    table = _released(ground, rows, PRODUCT=product, CELLS_1E6=cells)
    roster = ground.tables["edc_dm"].filter(pl.col(SUBJECT).is_in(rows[SUBJECT].implode()))
    return Planted({RELEASE: table}, noted("edc_dm", roster, rule="BX-ARM-06", builds="unblinded"))


def _controls(ground: Ground, kind: str, part: str) -> pl.DataFrame:
    """All EC rows of the infused controls, taken with their ``part`` and what lay in every bag; none if the cohorts are
    too small to tell them, or another defect is in the way."""
    infused = ground.tables[EC].filter(INFUSED).join(_arms(ground), on=SUBJECT, maintain_order="left")
    labellings = prod(
        comb(size, controls)
        for _, size, controls in infused.unique(SUBJECT)
        .group_by("_cohort")
        .agg(pl.len(), pl.col("_control").sum())
        .rows()
    )
    rows = infused.filter("_control")
    places = [(rows, f"{EC}/{part}"), (infused, f"{_CONTENTS}/{kind}")]
    wanted = [(one, topic) for concerned, topic in places for one in concerned[SUBJECT].unique().sort()]
    if labellings <= _FEWEST_LABELLINGS or not all(
        ground.claims.may_take(one, [topic]) for one, topic in wanted
    ):
        return rows.clear()
    for one, topic in wanted:
        ground.claims.take([one], [topic])
    return rows


def _telling_numbers(ground: Ground) -> Planted:
    """The controls of both cohorts have the lowest bag numbers, odd and even."""
    rows = _controls(ground, "BX-BL-04", "bag")
    if rows.is_empty():
        return Planted({}, notes_of())
    numbers = rows.select(SUBJECT, "ECBAGNO").unique(SUBJECT, maintain_order=True).with_row_index("_n", 1)
    renamed = dict(numbers.select("ECBAGNO", pl.format("B{}", "_n")).iter_rows())
    tables = {}
    for source, column in ((EC, "ECBAGNO"), (ASSIGN, "BAGNO"), (RELEASE, "BAGNO")):
        concerned = ground.tables[source].filter(pl.col(column).is_in(list(renamed)))
        new = concerned.with_columns(pl.col(column).replace_strict(renamed, return_dtype=pl.String))
        tables[source] = rewritten(ground.tables[source], new, [column])
    return Planted(tables, stated(None, fate="mapped", rule="BX-BL-04", builds="unblinded"))


def _telling_volume(ground: Ground) -> Planted:
    """The controls of both cohorts were given a much smaller volume."""
    rows = _controls(ground, "BX-BL-05", "volume")
    if rows.is_empty():
        return Planted({}, notes_of())
    volume = pl.col("ECVOL").cast(pl.Decimal(20, 2)) * _LITTLE_ML / BAG_ML
    small = rows.with_columns(
        ECVOLPRP=pl.lit(str(_LITTLE_ML)), ECVOL=volume.cast(pl.Decimal(20, 1)).cast(pl.String)
    )
    table = rewritten(ground.tables[EC], small, ["ECVOLPRP", "ECVOL"])
    return Planted({EC: table}, stated(None, fate="mapped", rule="BX-BL-05", builds="unblinded"))


# What needs every control of the trial comes first.
BAG_KINDS: Final[tuple[DefectKind, ...]] = (
    DefectKind("BX-BL-04", _telling_numbers, secret=True),
    DefectKind("BX-BL-05", _telling_volume, secret=True),
    DefectKind("BX-EX-05", _wrong_dose, secret=True),
    DefectKind("BX-EX-06", _wrong_cells, secret=True),
    DefectKind("BX-EX-08R", _not_released, secret=True),
    DefectKind("BX-EX-10", _no_dose, secret=True),
    DefectKind("BX-ARM-06", _other_treatment, secret=True),
)
