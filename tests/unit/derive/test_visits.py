import polars as pl
import pytest

from pipeline.derive.visits import label_key, with_unscheduled_number

PLANNED = pl.DataFrame(
    {
        "USUBJID": ["S1", "S1", "S1", "S1", "S2"],
        "VISITNUM": [0, 1, 7, 8, 0],
        "SVSTDTC": ["2027-01-01", "2027-01-12", "2027-04-06", None, "2027-02-01"],
    }
)


def numbers(rows: list[tuple[str, str | None, int, str]]) -> list[tuple[float | None, str | None]]:
    columns = {"USUBJID": pl.String, "SVSTDTC": pl.String, "_form_order": pl.Int64, "RECORDID": pl.String}
    contacts = pl.DataFrame(rows, schema=columns, orient="row")
    numbered = with_unscheduled_number(contacts, PLANNED)
    assert numbered.select(contacts.columns).equals(contacts)
    return numbered.select("VISITNUM", "_visitnum").rows()


def test_contacts_follow_the_last_planned_visit_in_order_of_their_dates() -> None:
    rows = [("S1", "2027-02-03", 1, "b"), ("S1", "2027-02-01", 1, "a"), ("S1", "2027-04-06T10:00", 1, "c")]
    assert numbers(rows) == [(1.02, "1.02"), (1.01, "1.01"), (7.01, "7.01")]


def test_contacts_of_one_day_follow_the_order_of_forms_and_then_of_record_ids() -> None:
    day = "2027-02-03"
    rows = [("S1", day, 2, "a"), ("S1", day, 1, "z"), ("S1", day, 1, "y")]
    assert [text for _, text in numbers(rows)] == ["1.03", "1.02", "1.01"]


def test_a_contact_that_no_visit_precedes_or_without_a_day_has_no_number() -> None:
    rows = [
        ("S1", "2026-12-31", 1, "a"),
        ("S1", "2027-02", 1, "b"),
        ("S1", None, 1, "c"),
        ("S3", "2027-02-01", 1, "d"),
    ]
    assert numbers(rows) == [(None, None)] * 4


def test_the_tenth_contact_is_one_tenth_and_the_hundredth_has_no_number() -> None:
    found = numbers([("S2", "2027-02-02", 1, f"{n:03d}") for n in range(1, 101)])
    assert found[9] == (0.1, "0.1")
    assert found[98] == (0.99, "0.99")
    assert found[99] == (None, None)
    assert len(set(found)) == 100


def test_a_visit_done_early_does_not_lower_the_number_of_later_contacts() -> None:
    planned = pl.DataFrame({"USUBJID": "S1", "VISITNUM": [8, 7], "SVSTDTC": ["2027-01-01", "2027-01-05"]})
    contact = pl.DataFrame(
        {"USUBJID": ["S1"], "SVSTDTC": ["2027-01-06"], "_form_order": [1], "RECORDID": ["a"]}
    )
    assert with_unscheduled_number(contact, planned)["_visitnum"].item() == "8.01"


def test_no_contacts_and_no_visits_are_no_error() -> None:
    contact = pl.DataFrame(
        {"USUBJID": ["S1"], "SVSTDTC": ["2027-01-06"], "_form_order": [1], "RECORDID": ["a"]}
    )
    assert with_unscheduled_number(contact, PLANNED.clear())["VISITNUM"].to_list() == [None]
    assert with_unscheduled_number(contact.clear(), PLANNED).schema["VISITNUM"] == pl.Float64


@pytest.mark.parametrize("label", ["WK12", "wk 12", "Wk-12", " W K - 12 "])
def test_labels_compare_without_case_blanks_and_hyphens(label: str) -> None:
    assert pl.DataFrame({"l": [label]}).select(label_key(pl.col("l"))).item() == "WK12"
