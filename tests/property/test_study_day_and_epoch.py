import datetime as dt

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.derive.baseline import with_last_before_exposure
from pipeline.derive.timing import is_before, study_day, with_epoch

DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2028, 12, 31))
MOMENTS = st.datetimes(dt.datetime(2027, 1, 1), dt.datetime(2027, 1, 20))


def iso(moment: dt.datetime, to_the_minute: bool) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M" if to_the_minute else "%Y-%m-%d")


ISO_MOMENTS = st.builds(iso, MOMENTS, st.booleans())


@settings(max_examples=40, deadline=None)
@given(st.lists(DAYS, min_size=1, max_size=20), DAYS)
def test_a_study_day_is_never_zero_and_grows_with_the_date(days: list[dt.date], reference: dt.date) -> None:
    frame = pl.DataFrame({"d": [day.isoformat() for day in sorted(set(days))]})
    numbers = frame.select(study_day(pl.col("d"), pl.lit(reference.isoformat())))["d"].to_list()
    assert 0 not in numbers
    assert numbers == sorted(set(numbers))


@settings(max_examples=40, deadline=None)
@given(DAYS, st.integers(1, 500))
def test_a_study_day_leads_back_to_its_date(reference: dt.date, day: int) -> None:
    after, before = reference + dt.timedelta(days=day - 1), reference - dt.timedelta(days=day)
    frame = pl.DataFrame({"d": [after.isoformat(), before.isoformat()]})
    assert frame.select(study_day(pl.col("d"), pl.lit(reference.isoformat())))["d"].to_list() == [day, -day]


@settings(max_examples=40, deadline=None)
@given(ISO_MOMENTS, ISO_MOMENTS)
def test_no_two_moments_lie_before_each_other(left: str, right: str) -> None:
    frame = pl.DataFrame({"l": [left], "r": [right]})
    ahead, behind = frame.select(
        a=is_before(pl.col("l"), pl.col("r")), b=is_before(pl.col("r"), pl.col("l"))
    ).row(0)
    assert not (ahead and behind)
    if left[:10] != right[:10]:
        assert ahead == (left < right)


@settings(max_examples=40, deadline=None)
@given(st.lists(ISO_MOMENTS, min_size=3, max_size=3), st.lists(ISO_MOMENTS, min_size=1, max_size=10))
def test_every_moment_from_consent_to_the_end_has_exactly_one_epoch(
    edges: list[str], dates: list[str]
) -> None:
    consent, infusion, end = sorted(edges)
    elements = pl.DataFrame(
        {
            "USUBJID": "S",
            "EPOCH": ["SCREENING", "TREATMENT"],
            "SESTDTC": [consent, infusion],
            "SEENDTC": [infusion, end],
            "TAETORD": [1, 2],
            "_last": [False, True],
            "_treatment": [False, True],
        }
    )
    frame = pl.DataFrame({"USUBJID": "S", "DTC": dates})
    epochs = with_epoch(frame, elements, dtc="DTC")["EPOCH"].to_list()
    for date, epoch in zip(dates, epochs, strict=True):
        if consent[:10] <= date[:10] < end[:10]:
            assert epoch in ("SCREENING", "TREATMENT")
        if date[:10] < infusion[:10] and epoch is not None:
            assert epoch == "SCREENING"
        if date[:10] > infusion[:10] and epoch is not None:
            assert epoch == "TREATMENT"
        if date[:10] < consent[:10] or date[:10] > end[:10]:
            assert epoch is None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("AB"), ISO_MOMENTS, st.integers(0, 3)), min_size=1, max_size=12),
    ISO_MOMENTS,
)
def test_a_test_has_one_baseline_and_no_later_candidate(
    rows: list[tuple[str, str, int]], reference: str
) -> None:
    frame = pl.DataFrame(rows, schema=["TEST", "LBDTC", "VISITNUM"], orient="row").with_columns(
        R=pl.lit("1"), S=pl.lit(None, dtype=pl.String), REF=pl.lit(reference)
    )
    flagged = with_last_before_exposure(
        frame,
        keys=["TEST"],
        result="R",
        status="S",
        dtc="LBDTC",
        reference="REF",
        pre_dose_day1=None,
        ties=["VISITNUM"],
    )
    before = flagged.filter(is_before(pl.col("LBDTC"), pl.col("REF")))
    chosen = flagged.filter(pl.col("LBLOBXFL") == "Y")
    assert sorted(chosen["TEST"]) == sorted(set(before["TEST"]))
    for test, dtc in chosen.select("TEST", "LBDTC").rows():
        assert dtc == max(before.filter(pl.col("TEST") == test)["LBDTC"])
