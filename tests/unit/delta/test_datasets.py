"""SDTM records from build to build: natural keys, not running numbers."""

from __future__ import annotations

import polars as pl

from pipeline.delta.datasets import CHANGE, ComparedDataset, compare_dataset, renumbered
from pipeline.delta.references import settled

KEYS = ["USUBJID", "AETERM", "AESTDTC", "AESPID"]
Record = tuple[str, float, str, str, str | None, float | None]


def events(rows: list[Record]) -> pl.LazyFrame:
    schema = {
        "USUBJID": pl.String, "AESEQ": pl.Float64, "AETERM": pl.String, "AESTDTC": pl.String,
        "AESPID": pl.String, "AETOXGR": pl.Float64,
    }  # fmt: skip
    return pl.LazyFrame(rows, schema=schema, orient="row")


def compared(old: list[Record], new: list[Record]) -> ComparedDataset:
    found = compare_dataset("AE", events(old), events(new), KEYS, "AESEQ")
    assert found.changes.schema == CHANGE
    return found


def told(old: list[Record], new: list[Record]) -> list[tuple]:
    return compared(old, new).changes.select("change", "variable", "old", "new").rows()


RASH = ("s1", 1.0, "RASH", "2027-01-01", "r1", 1.0)


def test_a_running_number_alone_is_no_change() -> None:
    earlier = ("s1", 1.0, "ACHE", "2026-12-01", "r0", 2.0)
    found = compared([RASH], [earlier, ("s1", 2.0, *RASH[2:])])
    assert found.changes.select("change", "key", "old_seq", "new_seq").rows() == [
        ("added", "s1 / ACHE / 2026-12-01 / r0", None, 1)
    ]


def test_records_with_another_number_and_nothing_else_are_counted() -> None:
    ache, itch = ("s1", 1.0, "ACHE", "2026-12-01", "r0", 2.0), ("s1", 3.0, "ITCH", "2027-02-01", "r2", None)
    old = events([RASH, ("s1", 2.0, *itch[2:])])
    new = events([ache, ("s1", 2.0, *RASH[2:]), itch])
    assert renumbered(old, new, "AESEQ") == 2
    assert renumbered(old, old, "AESEQ") == 0
    assert renumbered(old, events([("s1", 9.0, *RASH[2:5], 3.0)]), "AESEQ") == 0


def test_a_changed_value_is_told_by_variable_and_whole_numbers_as_people_write_them() -> None:
    assert told([RASH], [(*RASH[:5], 3.0)]) == [("changed", "AETOXGR", "1", "3")]
    assert told([RASH], [(*RASH[:5], None)]) == [("changed", "AETOXGR", "1", None)]


def test_a_corrected_date_or_term_changes_the_record_and_makes_no_other() -> None:
    assert told([RASH], [(*RASH[:3], "2027-01-02", *RASH[4:])]) == [
        ("changed", "AESTDTC", "2027-01-01", "2027-01-02")
    ]
    assert told([RASH], [("s1", 1.0, "ITCH", *RASH[3:])]) == [("changed", "AETERM", "RASH", "ITCH")]


def test_a_key_that_repeats_is_compared_by_content_and_says_so() -> None:
    twice = [RASH, ("s1", 2.0, *RASH[2:5], 2.0)]
    found = compared(twice, [twice[0], ("s1", 2.0, *RASH[2:5], 4.0)])
    assert found.changes.select("change", "old_seq", "new_seq", "repeated").rows() == [
        ("added", None, 2, True),
        ("removed", 2, None, True),
    ]
    assert found.counts == {"old": 2, "new": 2, "added": 1, "removed": 1, "changed": 0, "repeated": 2}


def test_a_variable_that_a_build_lacks_is_empty_there() -> None:
    old, new = events([RASH]).drop("AETOXGR"), events([RASH])
    found = compare_dataset("AE", old, new, KEYS, "AESEQ")
    assert found.changes.select("variable", "old", "new").rows() == [("AETOXGR", None, "1")]
    nothing = compare_dataset("AE", pl.LazyFrame(), new, KEYS, "AESEQ")
    assert nothing.counts["added"] == 1


def test_a_qualifier_follows_its_record_through_renumbering() -> None:
    earlier = ("s1", 1.0, "ACHE", "2026-12-01", "r0", 2.0)
    before, after = events([RASH]), events([earlier, ("s1", 2.0, *RASH[2:])])

    def qualifier(number: str, records: pl.LazyFrame) -> pl.LazyFrame:
        row = {
            "RDOMAIN": "AE",
            "USUBJID": "s1",
            "IDVAR": "AESEQ",
            "IDVARVAL": number,
            "QNAM": "Q",
            "QVAL": "Y",
        }
        return settled(pl.LazyFrame([row]), {"AE": records}.__getitem__, {"AE": KEYS})

    keys = ["RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM"]
    moved = compare_dataset("SUPPAE", qualifier("1", before), qualifier("2", after), keys, "SUPPAESEQ")
    assert moved.changes.is_empty()
    recoded = events([("s1", 1.0, "ERYTHEMA", *RASH[3:])])
    same = compare_dataset("SUPPAE", qualifier("1", before), qualifier("1", recoded), keys, "SUPPAESEQ")
    assert same.changes.is_empty()
    other = compare_dataset("SUPPAE", qualifier("1", before), qualifier("1", after), keys, "SUPPAESEQ")
    assert other.counts["added"] == other.counts["removed"] == 1


def test_a_relation_is_its_members_whatever_its_number() -> None:
    records = events([RASH])

    def relation(number: str) -> pl.LazyFrame:
        shared = {"USUBJID": "s1", "RELID": number}
        ends = [("AE", "AESEQ", "1"), ("CM", "CMREFID", "x")]
        rows = [{"RDOMAIN": d, "IDVAR": v, "IDVARVAL": value, **shared} for d, v, value in ends]
        return settled(pl.LazyFrame(rows), {"AE": records}.__getitem__, {"AE": KEYS})

    keys = ["RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "RELID"]
    assert compare_dataset("RELREC", relation("A1"), relation("A7"), keys, "RELRECSEQ").changes.is_empty()
