from itertools import pairwise

import polars as pl
import pytest

from pipeline.derive.timing import completed_years, is_before, study_day, with_epoch

TREATED = [
    ("S1", "SCREENING", "2027-01-01T10:00", "2027-01-12T09:30", 1, False, False),
    ("S1", "TREATMENT", "2027-01-12T09:30", "2027-04-20", 2, False, True),
    ("S1", "FOLLOW-UP", "2027-04-20", "2028-01-11", 4, True, False),
]
ONGOING = [
    ("S2", "SCREENING", "2027-01-01", "2027-01-12", 1, False, False),
    ("S2", "TREATMENT", "2027-01-12", None, 2, True, True),
]
NEVER_DOSED = [("S3", "SCREENING", "2027-01-01", "2027-02-01", 1, True, False)]
RESCUED_LATE = [
    ("S4", "SCREENING", "2027-01-01", "2027-01-12", 1, False, False),
    ("S4", "TREATMENT", "2027-01-12", "2027-04-20", 2, False, True),
    ("S4", "FOLLOW-UP", "2027-04-20", "2027-06-01", 4, False, False),
    ("S4", "FOLLOW-UP", "2027-06-01", "2027-12-01", 3, True, False),
]
COLUMNS = {
    "USUBJID": pl.String,
    "EPOCH": pl.String,
    "SESTDTC": pl.String,
    "SEENDTC": pl.String,
    "TAETORD": pl.Int64,
    "_last": pl.Boolean,
    "_treatment": pl.Boolean,
}
ELEMENTS = pl.DataFrame(TREATED + ONGOING + NEVER_DOSED + RESCUED_LATE, schema=COLUMNS, orient="row")


def epoch(subject: str, dtc: str | None, *, early: bool | None = None) -> str | None:
    frame = pl.DataFrame(
        {"USUBJID": [subject], "DTC": [dtc], "_before_infusion": [early]},
        schema={"USUBJID": pl.String, "DTC": pl.String, "_before_infusion": pl.Boolean},
    )
    return with_epoch(frame, ELEMENTS, dtc="DTC")["EPOCH"].item()


@pytest.mark.parametrize(
    ("subject", "dtc", "expected"),
    [
        ("S1", "2026-12-31", None),  # before consent
        ("S1", "2027-01-01", "SCREENING"),
        ("S1", "2027-01-01T08:00", "SCREENING"),  # the consent day counts whole
        ("S1", "2027-01-12T09:29", "SCREENING"),
        ("S1", "2027-01-12T09:30", "TREATMENT"),
        ("S1", "2027-01-12T09", "TREATMENT"),  # an hour alone compares as a day
        ("S1", "2027-01-12", "TREATMENT"),
        ("S1", "2027-04-19T23:59", "TREATMENT"),
        ("S1", "2027-04-20T07:00", "FOLLOW-UP"),  # a shared day belongs to the later element
        ("S1", "2028-01-11", "FOLLOW-UP"),  # the last element is closed
        ("S1", "2028-01-12", None),
        ("S1", "2027-02", "TREATMENT"),
        ("S1", "2027-01", None),  # partly before the infusion
        ("S1", "2027---25", None),
        ("S1", "2027", None),
        ("S1", None, None),
        ("S2", "2031-05-05", "TREATMENT"),  # ongoing
        ("S3", "2027-02-01", "SCREENING"),
        ("S3", "2027-02-02", None),
        ("S4", "2027-06-01", "FOLLOW-UP"),
        ("S4", "2027-05", "FOLLOW-UP"),
        ("S4", "2027-06", "FOLLOW-UP"),
        ("S9", "2027-06-01", None),  # a subject without elements
    ],
)
def test_a_date_belongs_to_the_element_that_certainly_holds_it(
    subject: str, dtc: str | None, expected: str | None
) -> None:
    assert epoch(subject, dtc) == expected


@pytest.mark.parametrize(
    ("subject", "dtc", "expected"),
    [
        ("S1", "2027-01-12", "SCREENING"),
        ("S1", "2027-01-12T09:31", "TREATMENT"),  # minutes decide where both sides have them
        ("S2", "2027-01-12T11:00", "SCREENING"),  # the infusion's minute is not known
        ("S1", "2027-01-13", "TREATMENT"),
        ("S1", "2027-01-11", "SCREENING"),
    ],
)
def test_pre_dose_rows_of_the_infusion_day_stay_in_screening(subject: str, dtc: str, expected: str) -> None:
    assert epoch(subject, dtc, early=True) == expected


def test_an_unknown_mark_does_not_move_a_row_before_the_infusion() -> None:
    assert epoch("S1", "2027-01-12", early=None) == "TREATMENT"


def test_consent_and_infusion_on_one_day_split_that_day_by_the_minute() -> None:
    rows = [
        ("S1", "SCREENING", "2027-01-12T08:00", "2027-01-12T10:00", 1, False, False),
        ("S1", "TREATMENT", "2027-01-12T10:00", None, 2, True, True),
    ]
    elements = pl.DataFrame(rows, schema=COLUMNS, orient="row")
    frame = pl.DataFrame({"USUBJID": "S1", "DTC": ["2027-01-12T07:00", "2027-01-12T10:00", "2027-01-12"]})
    assert with_epoch(frame, elements, dtc="DTC")["EPOCH"].to_list() == [
        "SCREENING",
        "TREATMENT",
        "TREATMENT",
    ]


def test_a_partial_edge_decides_nothing_between_its_possible_days() -> None:
    rows = [("S1", "FOLLOW-UP", "2027-01-01", "2027-06", 4, True, False)]
    elements = pl.DataFrame(rows, schema=COLUMNS, orient="row")
    frame = pl.DataFrame({"USUBJID": "S1", "DTC": ["2027-05-31", "2027-06-01", "2027-06-02", "2027-07-01"]})
    assert with_epoch(frame, elements, dtc="DTC")["EPOCH"].to_list() == ["FOLLOW-UP", "FOLLOW-UP", None, None]


def test_rows_keep_their_number_order_and_columns() -> None:
    frame = pl.DataFrame(
        {"USUBJID": ["S2", "S1", "S2", "S1"], "DTC": ["2027-03-01", "2027-01-02", None, "2027-05-01"]}
    )
    dated = with_epoch(frame, ELEMENTS, dtc="DTC")
    assert dated.columns == ["USUBJID", "DTC", "EPOCH"]
    assert dated.drop("EPOCH").equals(frame)
    assert dated["EPOCH"].to_list() == ["TREATMENT", "SCREENING", None, "FOLLOW-UP"]


@pytest.mark.parametrize("elements", [ELEMENTS, ELEMENTS.clear()])
def test_no_rows_or_no_elements_give_no_epoch(elements: pl.DataFrame) -> None:
    frame = pl.DataFrame({"USUBJID": ["S1"], "DTC": ["2025-01-01"]})
    assert with_epoch(frame, elements, dtc="DTC")["EPOCH"].to_list() == [None]
    assert with_epoch(frame.clear(), elements, dtc="DTC").schema["EPOCH"] == pl.String


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("2027-01-01T08:00", "2027-01-01T08:01", True),
        ("2027-01-01T08:00", "2027-01-01T08:00", False),
        ("2027-01-01", "2027-01-01T08:00", False),
        ("2027-01-01", "2027-01-02", True),
        ("2027-01", "2027-01-02", None),
        (None, "2027-01-02", None),
    ],
)
def test_moments_compare_to_the_minute_only_if_both_have_one(
    left: str | None, right: str, expected: bool | None
) -> None:
    frame = pl.DataFrame({"l": [left], "r": [right]}, schema={"l": pl.String, "r": pl.String})
    assert frame.select(is_before(pl.col("l"), pl.col("r"))).item() is expected


@pytest.mark.parametrize(
    ("birth", "at", "years"),
    [
        ("1970-05-17", "2027-05-16", 56),
        ("1970-05-17", "2027-05-17T08:00", 57),
        ("2000-02-29", "2027-02-28", 26),
        ("2000-02-29", "2027-03-01", 27),
        ("1970-05", "2027-05-17", None),
        ("2027-05-18", "2027-05-17", None),
    ],
)
def test_completed_years_count_birthdays(birth: str, at: str, years: int | None) -> None:
    frame = pl.DataFrame({"b": [birth], "a": [at]})
    assert frame.select(completed_years(pl.col("b"), pl.col("a"))).item() == years


def test_there_is_no_study_day_zero() -> None:
    dates = ["2027-01-10", "2027-01-11", "2027-01-12", "2027-01-13"]
    days = pl.DataFrame({"d": dates}).select(study_day(pl.col("d"), pl.lit("2027-01-12T09:30")))["d"]
    assert days.dtype == pl.Int64
    assert days.to_list() == [-2, -1, 1, 2]
    assert all(later > earlier for earlier, later in pairwise(days.to_list()))


@pytest.mark.parametrize(
    ("born", "at", "years"),
    [
        ("1990-12-02", "2026-12-01", 35),
        ("1990-12-02", "2026-12-02", 36),
        ("1990-01-31", "2026-02-01", 36),
        ("1990-02-01", "2026-01-31", 35),
        ("1990-03-01", "2026-10-15", 36),
        ("1990-10-15", "2026-03-01", 35),
    ],
)
def test_a_birthday_counts_from_its_day_on_in_every_month(born, at, years):
    frame = pl.DataFrame({"born": [born], "at": [at]})
    assert frame.select(completed_years(pl.col("born"), pl.col("at"))).item() == years
