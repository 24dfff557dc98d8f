import polars as pl
from polars.testing import assert_frame_equal

from pipeline.derive.baseline import with_last_before_exposure

REFERENCE = "2027-01-12T09:30"


def flagged(rows: list[tuple[object, ...]]) -> list[str | None]:
    columns = {
        "USUBJID": pl.String,
        "TEST": pl.String,
        "LBSTRESC": pl.String,
        "LBSTAT": pl.String,
        "LBDTC": pl.String,
        "RFXSTDTC": pl.String,
        "VISITNUM": pl.Int64,
        "REV": pl.Int64,
    }
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    return with_baseline(frame)["LBLOBXFL"].to_list()


def with_baseline(frame: pl.DataFrame) -> pl.DataFrame:
    return with_last_before_exposure(
        frame,
        keys=["USUBJID", "TEST"],
        result="LBSTRESC",
        status="LBSTAT",
        dtc="LBDTC",
        reference="RFXSTDTC",
        pre_dose_day1=pl.col("VISITNUM") == 1,
        ties=["VISITNUM", "REV"],
    )


def record(dtc: str | None, visit: int = 0, **changes: object) -> tuple[object, ...]:
    fields = {
        "subject": "S1",
        "test": "CRP",
        "result": "5",
        "status": None,
        "reference": REFERENCE,
        "rev": 0,
    } | changes
    return (
        *(fields[n] for n in ("subject", "test", "result", "status")),
        dtc,
        fields["reference"],
        visit,
        fields["rev"],
    )


def test_the_last_result_before_exposure_is_the_baseline() -> None:
    rows = [
        record("2026-12-20"),
        record("2027-01-12T09:29", 1),
        record("2027-01-12T09:30", 1),
        record("2027-01-13", 2),
    ]
    assert flagged(rows) == [None, "Y", None, None]


def test_a_date_only_record_of_the_day_counts_only_if_it_was_planned_before_the_dose() -> None:
    assert flagged([record("2026-12-20"), record("2027-01-12", 1)]) == [None, "Y"]
    assert flagged([record("2026-12-20"), record("2027-01-12", 2)]) == ["Y", None]


def test_a_record_without_result_or_not_done_is_never_the_baseline() -> None:
    rows = [record("2026-12-20"), record("2027-01-02", result=None), record("2027-01-03", status="NOT DONE")]
    assert flagged(rows) == ["Y", None, None]


def test_an_untreated_subject_has_no_baseline() -> None:
    assert flagged([record("2026-12-20", reference=None)]) == [None]


def test_a_partial_date_counts_only_if_it_lies_wholly_before() -> None:
    assert flagged([record("2026-12"), record("2027-01")]) == ["Y", None]
    assert flagged([record(None)]) == [None]


def test_ties_fall_to_the_highest_visit_then_revision_then_the_lower_row() -> None:
    day = "2026-12-20"
    assert flagged([record(day, 1), record(day, 0)]) == ["Y", None]
    assert flagged([record(day, 1, rev=2), record(day, 1, rev=1)]) == ["Y", None]
    assert flagged([record(day, 1), record(day, 1)]) == [None, "Y"]


def test_each_subject_and_test_has_its_own_baseline_and_a_null_key_is_a_key() -> None:
    day = "2026-12-20"
    rows = [record(day), record(day, subject="S2"), record(day, test=None), record("2026-12-19", test=None)]
    assert flagged(rows) == ["Y", "Y", "Y", None]


def test_the_flag_is_the_same_however_often_it_is_derived() -> None:
    frame = pl.DataFrame(
        {
            "USUBJID": ["S1", "S1"],
            "TEST": "CRP",
            "LBSTRESC": ["1", "2"],
            "LBSTAT": pl.Series([None, None], dtype=pl.String),
            "LBDTC": ["2027-01-02", "2027-01-01"],
            "RFXSTDTC": REFERENCE,
            "VISITNUM": [0, 0],
            "REV": [0, 0],
        }
    )
    once = with_baseline(frame)
    assert_frame_equal(with_baseline(once), once)
    assert with_baseline(frame.clear())["LBLOBXFL"].to_list() == []
