"""Where every delivered row went: each has one fate, the sums close, and what does not close fails by name."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.domains.records import LINK, SET_ASIDE, Fate, Tie
from pipeline.errors import BuildFailed
from pipeline.findings import FINDING, as_findings
from pipeline.flow.accounting import accounting_step
from pipeline.flow.context import Context, study_parts
from pipeline.settings import Settings
from pipeline.sources.delivery import Delivery, LandedFile
from pipeline.warehouse.store import Store

SOURCE, DATASET = "edc_ae", "AE"
Aside = tuple[int, Fate, str]


def context(folder: Path, source: str = SOURCE) -> Context:
    settings = Settings(home=folder)
    cut = date(2027, 6, 30)
    file = LandedFile(source, "d1", "edc/AE.csv", folder, "0", 1, (), 0)
    return Context(
        settings=settings,
        parts=study_parts(Settings(home=Path("unused"))),
        delivery=Delivery("d1", cut, 1, folder),
        files={source: file},
        store=Store(settings.warehouse, settings.study, "BLINDED", "d1", "b1"),
    )


def accounted(
    folder: Path,
    *,
    delivered: int,
    linked: tuple[int, ...] = (),
    aside: tuple[Aside, ...] = (),
    quarantined: tuple[int, ...] = (),
    deleted: tuple[int, ...] = (),
    source: str = SOURCE,
    off_roster: bool = False,
) -> Context:
    """A build of one source and one dataset, up to its accounting; lines run from 2. ``off_roster``: the row of the
    subject on the roster (edc_dm line 7) broke its contract."""
    made = context(folder, source)
    lines = pl.Series("_line", range(2, delivered + 2), dtype=pl.UInt32)
    raw = pl.DataFrame(lines)
    accepted = raw.filter(~pl.col("_line").is_in(quarantined)).with_columns(
        SUBJID=pl.lit("101-001"),
        RECSTATUS=pl.when(pl.col("_line").is_in(deleted)).then(pl.lit("DELETED")).otherwise(pl.lit("ACTIVE")),
    )
    set_aside = [(source, line, str(fate), rule, "a reason", None) for line, fate, rule in aside]
    made.store.write("raw", source, raw)
    made.store.write("typed", source, accepted)
    bad = raw.filter(pl.col("_line").is_in(quarantined)).with_columns(
        _reasons=pl.lit(f"{source}.AESTDAT.date")
    )
    made.store.write("quarantine", source, bad)
    links = [(source, line, "U1", n, str(Tie.RECORD)) for n, line in enumerate(linked, start=1)]
    made.store.write("ops", "links_ae", pl.DataFrame(links, schema=LINK, orient="row"))
    made.store.write("ops", "aside_ae", pl.DataFrame(set_aside, schema=SET_ASIDE, orient="row"))
    person = {"SUBJID": "101-001", "_subject": "101-001", "_reasons": "edc_dm.BRTHDAT.date"}
    broken = pl.DataFrame([person], schema=dict.fromkeys(person, pl.String)).with_columns(
        _line=pl.lit(7, pl.UInt32)
    )
    made.store.write("quarantine", "edc_dm", broken.head(1 if off_roster else 0))
    made.store.write("typed", "edc_dm", broken.select("SUBJID").clear())
    for name in (source, "ae"):
        made.store.write("qc", f"findings_{name}", FINDING.to_frame())
    return made


def account(made: Context, source: str = SOURCE) -> dict[str, int]:
    accounting_step([source], [DATASET], (), []).run(made)
    return made.read("ops", "accounting").collect().row(0, named=True)


def test_a_row_that_a_check_tells_of_is_not_told_twice(tmp_path: Path) -> None:
    aside = tuple((line, Fate.QUARANTINED, "BX-LB-04") for line in (2, 3))
    made = accounted(tmp_path, delivered=3, linked=(4,), aside=aside)
    told = pl.DataFrame({"line": [2], "subject": ["101-001"], "source": [SOURCE]})
    found = as_findings(
        told, rule="BX-LB-04", severity="CRITICAL", message="another person's", quarantined=False
    )
    made.store.write("qc", "findings_ae", found)
    account(made)
    findings = made.read("qc", "findings").collect()
    assert findings.select("rule", "line", "severity", "quarantined").rows() == [
        ("BX-LB-04", 2, "CRITICAL", True)
    ]


def test_a_row_that_no_check_tells_of_has_a_finding_of_its_own(tmp_path: Path) -> None:
    made = accounted(tmp_path, delivered=1, aside=((2, Fate.QUARANTINED, "BX-LB-04"),))
    account(made)
    findings = made.read("qc", "findings").collect()
    assert findings.select("rule", "line", "quarantined").rows() == [("BX-LB-04", 2, True)]


def test_every_row_has_one_fate_and_the_sum_is_what_was_delivered(tmp_path: Path) -> None:
    made = accounted(
        tmp_path,
        delivered=6,
        linked=(2, 3, 3),
        aside=((4, Fate.NOT_SUBMITTED, "edc_ae.AEYN"), (7, Fate.QUARANTINED, "AE.AEOUT.code")),
        quarantined=(5,),
        deleted=(6,),
    )
    row = account(made)
    fates = {"mapped": 2, "quarantined": 2, "superseded": 0, "deleted": 1, "not_submitted": 1}
    assert row == {"source": SOURCE, "delivered": 6, **fates}


def test_a_row_that_is_both_mapped_and_set_aside_in_part_counts_once_as_mapped(tmp_path: Path) -> None:
    row = account(
        accounted(tmp_path, delivered=1, linked=(2,), aside=((2, Fate.QUARANTINED, "QS.result.code"),))
    )
    assert (row["mapped"], row["quarantined"]) == (1, 0)


def test_a_row_without_a_fate_fails_the_build_and_names_the_source_and_the_first_line(tmp_path: Path) -> None:
    made = accounted(tmp_path, delivered=4, linked=(2, 4))
    with pytest.raises(
        BuildFailed, match=r"^edc_ae: 4 rows delivered but 2 have a fate, first at line 3; "
    ) as error:
        account(made)
    assert error.value.exit_code == 4


def test_a_link_to_a_row_that_was_never_delivered_fails_the_build(tmp_path: Path) -> None:
    made = accounted(tmp_path, delivered=2, linked=(2, 99))
    with pytest.raises(BuildFailed, match=r"^edc_ae: "):
        account(made)


def test_one_row_lost_and_one_invented_do_not_cancel_out(tmp_path: Path) -> None:
    made = accounted(tmp_path, delivered=3, linked=(2, 3, 99))
    with pytest.raises(BuildFailed, match=r"edc_ae: .*first at line 4"):
        account(made)


def test_a_source_that_only_joins_takes_the_reason_of_its_join(tmp_path: Path) -> None:
    made = accounted(tmp_path, delivered=2, linked=(2,), source="coding_meddra")
    row = account(made, "coding_meddra")
    assert (row["mapped"], row["not_submitted"]) == (1, 1)
    reasons = made.read("ops", "set_aside").collect()
    assert reasons["line"].to_list() == [3]
    assert "another form" in reasons["reason"][0]


def findings(made: Context) -> list[tuple[str, str, int | None, str | None, str | None, bool]]:
    account(made)
    found = made.read("qc", "findings").collect()
    return found.select("rule", "severity", "line", "subject", "file", "quarantined").rows()


def test_a_row_that_a_dataset_quarantined_is_a_finding_with_its_subject_and_file(tmp_path: Path) -> None:
    made = accounted(tmp_path, delivered=1, aside=((2, Fate.QUARANTINED, "AE.AEOUT.code"),))
    assert findings(made) == [("AE.AEOUT.code", "ERROR", 2, "101-001", "edc/AE.csv", True)]


@pytest.mark.parametrize("rule", ["AE.subject", "lab_results.accession"])
def test_a_doubt_about_whose_data_they_are_is_critical(tmp_path: Path, rule: str) -> None:
    made = accounted(tmp_path, delivered=1, aside=((2, Fate.QUARANTINED, rule),))
    assert findings(made)[0][:2] == (rule, "CRITICAL")


def test_all_rows_behind_a_set_aside_row_of_the_roster_are_one_harmless_finding_a_file(
    tmp_path: Path,
) -> None:
    aside = tuple((line, Fate.QUARANTINED, "edc_ae.roster") for line in (2, 3))
    made = accounted(tmp_path, delivered=2, aside=aside, off_roster=True)
    assert findings(made) == [("edc_ae.roster", "INFO", 2, "101-001", "edc/AE.csv", True)]
    detail = made.read("qc", "findings").collect()["detail"].to_list()
    assert detail == ["2 rows of the file are set aside with edc_dm line 7"]
    assert account(made)["quarantined"] == 2


def test_what_nothing_joins_because_of_the_roster_is_set_aside_with_it(tmp_path: Path) -> None:
    made = accounted(tmp_path, delivered=2, linked=(2,), source="coding_meddra", off_roster=True)
    row = account(made, "coding_meddra")
    assert (row["mapped"], row["not_submitted"], row["quarantined"]) == (1, 0, 1)


def test_a_row_that_broke_its_contract_is_not_told_twice(tmp_path: Path) -> None:
    assert findings(accounted(tmp_path, delivered=1, quarantined=(2,))) == []


def test_findings_come_most_severe_first_in_one_order_whatever_the_order_they_were_made_in(
    tmp_path: Path,
) -> None:
    told = [
        ("B", "WARN", 3, "m"),
        ("B", "ERROR", 3, "two"),
        ("B", "ERROR", 3, "one"),
        ("A", "CRITICAL", None, "m"),
    ]
    orders = []
    for number, rows in enumerate((told, told[::-1])):
        made = accounted(tmp_path / str(number), delivered=0)
        frame = pl.DataFrame(rows, schema=["rule", "severity", "line", "message"], orient="row")
        made.store.write("qc", "findings_ae", as_findings(frame, source=SOURCE, quarantined=False))
        account(made)
        orders.append(made.read("qc", "findings").select("rule", "severity", "message").collect().rows())
    assert orders[0] == orders[1]
    assert [severity for _, severity, _ in orders[0]] == ["CRITICAL", "ERROR", "ERROR", "WARN"]
