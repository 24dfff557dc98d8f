"""Two nights of one trial: what changed between them, and what became of yesterday's queries."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pytest

from pipeline.emit.opened import described_release
from pipeline.findings import as_findings
from pipeline.flow.context import open_context, study_parts
from pipeline.flow.deliver import load_delivery
from pipeline.flow.delta import Delta, delta, write_delta
from pipeline.flow.delta_sources import since_last
from pipeline.flow.diff import Shelf, diff, two_releases
from pipeline.flow.plan import plan
from pipeline.flow.queries import keep_queries, queries_of, with_record_identity
from pipeline.flow.query_fates import no_longer_delivered
from pipeline.flow.release import release_build
from pipeline.flow.run import run_build, run_step
from pipeline.flow.verify import blinded_maker, verify_release
from pipeline.settings import Settings
from pipeline.sources.delivery import deliveries
from pipeline.warehouse.builds import Build, published
from pipeline.warehouse.catalog import query
from tests.pipeline.terminal import Terminal
from tests.slow import slow

VITALS, EVENTS = "edc_vs", "edc_ae"
MENDED, STILL_WRONG = "102-001-VS-W1-1-1", "102-003-VS-W2-1-1"  # records whose date is impossible tonight
CODED, MOVED, MOVED_TO = "102-001-AE-LOG-1-1", "102-003-AE-LOG-1-1", "102-003-AE-LOG-1-9"
VANISHED = "102-003-VS-W4-1-1"


@dataclass(frozen=True)
class Nights:
    """A home with two landed deliveries, the first of them built."""

    settings: Settings
    first: str
    second: str


def rewritten(path: Path, edits: dict[str, dict[str, str] | None]) -> None:
    """The form with fields of some records changed or records taken out (None), and its last line put first."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    kept = [
        {**row, **(edits.get(row["RECORDID"], {}) or {})}
        for row in rows
        if edits.get(row["RECORDID"], {}) is not None
    ]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows([kept[-1], *kept[:-1]])


def next_night(delivered: Path, folder: Path) -> Path:
    """The delivery of the night after: corrected, still wrong, vanished, re-entered, and in another order."""
    shutil.copytree(delivered, folder)
    (lab,) = folder.glob("lab/*.txt")
    lab.rename(lab.with_name(lab.name.replace("20270220", "20270221")))
    dates = {MENDED: "25-DEC-2026", STILL_WRONG: "45-JAN-2027"}
    rewritten(
        folder / "edc/VS.csv",
        {**{name: {"VSDAT": day, "RECVERSION": "2"} for name, day in dates.items()}, VANISHED: None},
    )
    coded = {"AETERM": "BRUISE OF THE LEFT ARM", "RECVERSION": "3"}
    rewritten(folder / "edc/AE.csv", {CODED: coded, MOVED: {"RECORDID": MOVED_TO, "ITEMGROUPREPEAT": "9"}})
    return folder


@pytest.fixture(scope="module")
def nights(home: Path, delivered: Path, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    own = tmp_path_factory.mktemp("nights")
    shutil.copytree(home, own / "home")
    settings = Settings(home=own / "home")
    landed = load_delivery(settings, next_night(delivered, own / "next"))
    build = published(settings.warehouse, settings.study, "BLINDED")
    assert build is not None
    return Nights(settings, build.delivery, landed.delivery_id)


@pytest.fixture(scope="module")
def changed(nights: Nights) -> Delta:
    return delta(nights.settings)


def told(found: Delta, source: str) -> dict[str, str]:
    return dict(found.records.filter(pl.col("source") == source).select("key", "change").iter_rows())


def test_raw_records_are_changed_gone_and_re_entered_by_their_identifier(changed: Delta) -> None:
    assert told(changed, VITALS) == {MENDED: "changed", STILL_WRONG: "changed", VANISHED: "vanished"}
    assert told(changed, EVENTS) == {CODED: "changed", MOVED: "vanished", MOVED_TO: "re-entered"}
    assert set(changed.records["source"]) == {VITALS, EVENTS}
    (date,) = changed.fields.filter(pl.col("key") == MENDED, ~pl.col("audit")).to_dicts()
    assert (date["column"], date["new"]) == ("VSDAT", "25-DEC-2026")


def test_the_data_managers_page_counts_what_changed_since_the_delivery_before(nights: Nights) -> None:
    parts = study_parts(nights.settings)
    first, second = deliveries(nights.settings.landing)
    assert since_last(nights.settings, parts, first) is None
    earlier, counts = since_last(nights.settings, parts, second) or ("", pl.DataFrame())
    assert earlier == nights.first
    told = counts.select("source", "changed", "vanished", "re-entered").rows()
    assert told == [(VITALS, 2, 1, 0), (EVENTS, 1, 1, 1)]


def test_changes_of_locked_records_and_of_coded_texts_are_flagged(changed: Delta) -> None:
    flags = set(changed.flags.select("flag", "state", "key").iter_rows())
    assert ("locked record", "changed while FROZEN", MENDED) in flags
    assert ("locked record", "vanished while FROZEN", MOVED) in flags
    assert ("coded text", "its code is that of an earlier version", CODED) in flags


def test_a_delivery_without_a_build_is_named_with_what_to_run(changed: Delta, nights: Nights) -> None:
    assert changed.datasets is None
    (note,) = changed.notes
    assert f"./sdtm build --delivery {nights.second}" in note


def test_the_files_of_a_delta_are_the_same_every_time(changed: Delta, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_delta(changed, tmp_path / name)
    found = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    assert found == {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    assert set(found) == {"delta.csv", "records.csv", "fields.csv", "flags.csv", "delta.html"}
    assert b"BRUISE OF THE LEFT ARM" in found["delta.html"]


def test_the_terminal_shows_counts_and_keys_and_no_value(
    nights: Nights, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = Terminal(nights.settings.home, monkeypatch, capsys)("delta", nights.first, nights.second)
    assert shown.code == 0
    assert MENDED in shown.out
    assert "BRUISE" not in shown.out
    assert "25-DEC-2026" not in shown.out
    assert "is not among" in Terminal(nights.settings.home, monkeypatch, capsys)("delta", "x").in_one_line(2)


def after_second_night(nights: Nights) -> pl.DataFrame:
    """The query list after the second night, of the findings of one contract alone: a whole build takes long."""
    context = open_context(nights.settings, nights.second)
    for step in plan(context.parts):
        if step.name.startswith(("raw.", "contract.")):
            run_step(context, step)
    context.store.write("qc", "findings", context.read("qc", f"findings_{VITALS}"))
    return pl.read_parquet(keep_queries(context))


def of_dates(rows: pl.DataFrame) -> dict[str, tuple[str, str]]:
    found = rows.filter(pl.col("rule") == f"{VITALS}.VSDAT.date")
    return {
        record: (one, status)
        for record, one, status in found.select("record", "query_id", "status").iter_rows()
    }


def test_a_query_keeps_its_id_while_its_value_and_line_change_and_is_closed_once_it_is_mended(
    nights: Nights,
) -> None:
    settings = nights.settings
    build = published(settings.warehouse, settings.study, "BLINDED")
    assert build is not None
    before, after = of_dates(queries_of(build)), of_dates(after_second_night(nights))
    assert {status for _, status in before.values()} == {"OPENED"}
    assert after == {
        MENDED: (before[MENDED][0], "CLOSED BY DATA"),
        STILL_WRONG: (before[STILL_WRONG][0], "OPEN"),
    }


def test_a_query_is_gone_with_its_record_or_its_subject(nights: Nights) -> None:
    context = open_context(nights.settings, nights.second)
    for step in plan(context.parts):
        if step.name in {
            f"{room}.{name}" for room in ("raw", "contract") for name in ("edc_dm", VITALS, "rtsm_sites")
        }:
            run_step(context, step)
    rows = [
        ("mended", VITALS, MENDED, "102-001"),
        ("vanished", VITALS, VANISHED, "102-003"),
        ("of a dataset", "SE", None, "102-001"),
        ("of nobody", "SE", None, "999-999"),
        ("of the delivery", None, None, None),
    ]
    silent = pl.DataFrame(rows, schema=["query_id", "source", "record", "subject"], orient="row")
    assert no_longer_delivered(context, silent) == {"vanished", "of nobody"}


def test_a_query_is_about_the_one_delivered_row_that_its_line_or_record_names(home: Path) -> None:
    rows = [
        (VITALS, 10, None, "102-001", None),
        (EVENTS, None, "AE/1", "102-001", None),
        ("lab_results", 2, None, "102-001", None),
        ("SE", None, None, "102-001", None),
        ("edc_dm", 2, None, "102-001", "W4"),
    ]
    found = pl.DataFrame(rows, schema=["source", "line", "record", "subject", "visit"], orient="row")
    known = with_record_identity(open_context(Settings(home=home)), as_findings(found, rule="r"))
    vitals, event, result, element, absent = known.select("about", "_visit").rows()
    assert (vitals, event) == ((MENDED, "W1"), (CODED, "LOG"))
    assert result[0].count(" / ") == 2  # accession, test, specimen: a revision asks no new question
    assert (element, absent[0]) == ((None, None), None)  # one row a subject does not say which visit


def test_the_list_is_a_view_of_the_catalog_and_knows_site_form_and_field(night: Build) -> None:
    sql = "select ask, form, field, visit, status from ops.queries where rule = 'edc_vs.VSDAT.date' order by record"
    assert query(night.place.root, night.place.study, "BLINDED", sql).rows() == [
        ("site 102", "Vital signs", "VSDAT", "WEEK 1", "OPENED"),
        ("site 102", "Vital signs", "VSDAT", "WEEK 2", "OPENED"),
    ]
    mere_facts = "select count(*) from ops.queries where severity = 'INFO'"
    assert query(night.place.root, night.place.study, "BLINDED", mere_facts).item() == 0


def test_queries_are_told_by_whom_to_ask_and_written_for_each_site(
    nights: Nights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sdtm = Terminal(nights.settings.home, monkeypatch, capsys)
    shown = sdtm("queries", "--to", tmp_path / "q", "--by-site")
    assert (shown.code, "site 102" in shown.out, MENDED in shown.out) == (0, True, False)
    assert {path.name for path in (tmp_path / "q").iterdir()} >= {
        "queries.csv",
        "queries.xlsx",
        "queries_site_102.xlsx",
    }
    closed = sdtm("queries", "--status", "closed", "--json")
    assert closed.told["queries"] == []
    assert "--to FOLDER" in sdtm("queries", "--by-site").in_one_line(2)


def test_a_list_that_a_killed_run_did_not_write_is_written_by_the_next(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home, tmp_path / "home")
    settings = Settings(home=tmp_path / "home")
    build = published(settings.warehouse, settings.study, "BLINDED")
    assert build is not None
    (state,) = build.place.folder.glob("states/queries/delivery=*/*.parquet")
    whole, rows = state.read_bytes(), queries_of(build)
    state.unlink()
    build.place.catalog.unlink()
    assert not run_build(settings).new
    assert state.read_bytes() == whole
    assert query(settings.warehouse, settings.study, "BLINDED", "from ops.queries").height == rows.height


@slow
def test_two_whole_nights_are_compared_dataset_by_dataset(nights: Nights, tmp_path: Path) -> None:
    shutil.copytree(nights.settings.home, tmp_path / "home")
    settings = replace(nights.settings, home=tmp_path / "home")
    run_build(settings, nights.second)
    found = delta(settings)
    assert found.notes == ()
    assert found.datasets is not None
    moved = found.changes.filter(pl.col("dataset") == "AE", pl.col("variable") == "AETERM")
    assert moved.select("change", "old", "new").rows() == [("changed", "BRUISING", "BRUISE OF THE LEFT ARM")]
    build = published(settings.warehouse, settings.study, "BLINDED")
    assert build is not None
    assert set(queries_of(build)["state_from"]) == {nights.first}


@slow
def test_the_releases_of_two_nights_differ_in_what_was_delivered_anew_and_both_can_be_made_again(
    nights: Nights, tmp_path: Path
) -> None:
    shutil.copytree(nights.settings.home, tmp_path / "home")
    settings = replace(nights.settings, home=tmp_path / "home")
    releases = [release_build(settings).folder]
    run_build(settings, nights.second)
    releases.append(release_build(settings).folder)
    shelf = Shelf(study_parts(settings), {"BLINDED": settings.warehouse})
    found = diff(*two_releases(*releases), shelf)
    assert {each.name for each in found.datasets if each.touched} == {"TS", "AE", "VS", "SUPPAE"}
    assert set(found.causes.delivered) == {EVENTS, VITALS}
    events = next(each for each in found.datasets if each.name == "AE")
    assert events.records.counts["changed"] == 1
    assert events.rows is not None
    assert {CODED, MOVED, MOVED_TO} == set(events.rows["row"])
    for folder in releases:
        assert verify_release(described_release(folder), blinded_maker(settings)).good
