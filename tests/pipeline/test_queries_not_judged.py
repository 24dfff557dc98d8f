"""An open query that nothing could look at tonight stays open, and says so; sites are not told of the blind."""

from __future__ import annotations

import shutil
from pathlib import Path
from zipfile import ZipFile

import polars as pl
import pytest

from pipeline.domains.records import SET_ASIDE
from pipeline.findings import as_findings, no_findings
from pipeline.flow.context import Context, open_context, study_parts
from pipeline.flow.deliver import load_delivery
from pipeline.flow.plan import plan
from pipeline.flow.queries import keep_queries, with_planned_visits
from pipeline.flow.query_fates import not_judged
from pipeline.flow.questions import whom
from pipeline.flow.run import run_step
from pipeline.queries.state import QUERY, Status
from pipeline.settings import Settings
from pipeline.warehouse.states import QUERIES, state_path
from tests.pipeline.terminal import Terminal
from tests.pipeline.test_two_nights import CODED, MOVED, rewritten

UNSURE, SURE = "102-001", "102-003"
DEMOGRAPHY, SCALES = "102-001-DM-SCR-1-1", "102-003-HAQ-W4-1-1"


def typed_anew(delivered: Path, folder: Path) -> Path:
    """The delivery of a night with a typo in the demography of one subject, another in an event, and broken vitals."""
    shutil.copytree(delivered, folder)
    (lab,) = folder.glob("lab/*.txt")
    lab.rename(lab.with_name(lab.name.replace("20270220", "20270221")))
    rewritten(folder / "edc/DM.csv", {DEMOGRAPHY: {"AGEU": "YEARZ"}})
    rewritten(folder / "edc/AE.csv", {MOVED: {"AEOUT_DEC": "Recoverd"}})
    vitals = folder / "edc/VS.csv"
    vitals.write_text(vitals.read_text().replace("VSDAT", "VSDAY", 1))
    return folder


@pytest.fixture(scope="module")
def context(home: Path, delivered: Path, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """That night with its contracts asked, and a row of a questionnaire that its dataset sets aside."""
    own = tmp_path_factory.mktemp("unjudged")
    shutil.copytree(home, own / "home")
    settings = Settings(home=own / "home")
    found = open_context(settings, load_delivery(settings, typed_anew(delivered, own / "next")).delivery_id)
    for step in plan(found.parts):
        if step.name.startswith(("raw.", "contract.")):
            run_step(found, step)
    line = found.read("raw", "edc_haq").filter(pl.col("RECORDID") == SCALES).select("_line").collect().item()
    aside = pl.DataFrame(
        [("edc_haq", line, "quarantined", "QS.result.code", "r", None)], SET_ASIDE, orient="row"
    )
    found.store.write("ops", "aside_qs", aside)
    return found


def kept_open(context: Context, *rows: tuple[str | None, ...]) -> list[str]:
    """Rules of silent queries, given as (rule, source, record, subject), that nothing judged."""
    names = ["rule", "source", "record", "subject"]
    silent = pl.DataFrame(list(rows), schema=names, orient="row").with_columns(query_id="rule")
    return sorted(not_judged(context, silent.select(pl.all().cast(pl.String))))


def test_a_query_stays_open_while_its_records_row_is_set_aside(context: Context) -> None:
    told = kept_open(
        context,
        ("BX-AE-05", "edc_ae", MOVED, SURE),
        ("BX-AE-06", "edc_ae", CODED, SURE),
        ("edc_ae.AESTDAT.date", "edc_ae", MOVED, SURE),  # a contract judges what it sets aside
        ("BX-QS-01", "edc_haq", SCALES, SURE),
        ("BX-QS-02", "edc_haq", "102-003-HAQ-D1-1-1", SURE),
    )
    assert told == ["BX-AE-05", "BX-QS-01"]


def test_a_query_stays_open_while_the_subjects_row_of_the_roster_is_set_aside(context: Context) -> None:
    told = kept_open(
        context,
        ("BX-ELIG-10", "lab_results", None, UNSURE),
        ("BX-AE-05", "edc_ae", CODED, UNSURE),
        ("BX-CM-01", "edc_dm", None, SURE),
        ("BX-CM-02", "edc_dm", None, "999-999"),
    )
    assert told == ["BX-AE-05", "BX-ELIG-10"]


def test_a_query_stays_open_while_an_older_file_of_its_own_or_its_rule_is_in_use(context: Context) -> None:
    told = kept_open(
        context,
        ("edc_vs.VSDAT.date", "edc_vs", "102-003-VS-W1-1-1", SURE),
        ("BX-EX-04", "edc_ec", None, SURE),  # compares with sdtm.vs
        ("VS.blank", "VS", None, SURE),
        ("BX-EX-07", "edc_ec", None, SURE),
        ("edc_x.delivery", None, None, None),
    )
    assert told == ["BX-EX-04", "VS.blank", "edc_vs.VSDAT.date"]


def test_the_list_says_that_a_query_was_not_judged_and_keeps_its_id(context: Context) -> None:
    before = state_before(context)
    context.store.write("qc", "findings", no_findings())
    rows = pl.read_parquet(keep_queries(context))
    status = dict(rows.select("query_id", "status").iter_rows())
    assert (status["Q-UNSURE"], status["Q-SURE"]) == (Status.HELD, Status.CLOSED)
    held = rows.filter(pl.col("query_id") == "Q-UNSURE").row(0, named=True)
    assert (held["closed_on"], held["last_delivery"], held["visit"]) == (None, before, "DAY 1")


def state_before(context: Context) -> str:
    """Two open queries in the state of the delivery before, which is the answer."""
    earlier = next(path.name for path in sorted(context.settings.landing.iterdir()) if path.is_dir())
    (path,) = state_path(context.store.place, QUERIES, earlier, "x").parent.glob("*.parquet")
    known = pl.read_parquet(path)
    row = {"status": "OPENED", "rule": "BX-CM-01", "source": "edc_dm", "severity": "ERROR", "visit": "D1",
           "last_delivery": earlier, "times_reopened": 0}  # fmt: skip
    people = [
        {**row, "query_id": "Q-UNSURE", "subject": UNSURE},
        {**row, "query_id": "Q-SURE", "subject": SURE},
    ]
    pl.concat([known, pl.DataFrame(people, schema=QUERY)]).write_parquet(path)
    return earlier


PARTS = study_parts(Settings(home=Path("unused")))


def asked(rule: str, source: str | None, subject: str | None = "101-001") -> str:
    found = pl.DataFrame([(rule, source, subject)], ["rule", "source", "subject"], orient="row")
    return as_findings(found.cast(pl.String)).select(whom(PARTS)).item()


def test_no_check_of_the_blind_is_asked_at_a_site() -> None:
    blind = [name for name, check in PARTS.spec.checks.items() if check.blind]
    assert len(blind) == 5
    for source in [*PARTS.models, "DS", "DM", None]:
        for rule in blind:
            assert asked(rule, source) in ("data management", "unblinded monitor")


def test_who_is_asked_is_who_can_answer() -> None:
    assert asked("BX-ELIG-09", "lab_results") == "site 101"
    assert asked("BX-LB-06", "lab_results") == "sender of lab_results"
    assert asked("BX-LB-02", "edc_lbc") == "sender of lab_results"
    assert asked("BX-ELIG-08W", "lab_results") == "medical monitor"
    assert asked("edc_mhpre.MHOCCUR.code", "edc_mhpre") == "site 101"
    assert asked("edc_mhpre.MHOCCUR_DEC.decode", "edc_mhpre") == "sender of edc_mhpre"
    assert asked("edc_vs.RECORDID.key", "edc_vs") == "sender of edc_vs"
    assert asked("AE.AEDECOD.required", "AE") == "sender of coding_meddra"
    assert asked("AE.AETERM.required", "AE") == "site 101"
    assert asked("TS.TSVAL.required", "TS", None) == "data management"


def test_site_workbooks_hold_only_what_the_site_is_asked(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(home, tmp_path / "home")
    settings = Settings(home=tmp_path / "home")
    (path,) = (tmp_path / "home").rglob("states/queries/*/*.parquet")
    blind = [name for name, check in PARTS.spec.checks.items() if check.blind]
    found = as_findings(
        pl.DataFrame({"rule": blind}), source="edc_ds", subject="102-001", severity="CRITICAL"
    )
    told = found.with_columns(ask=whom(PARTS), site=pl.lit("102"), query_id="rule", status=pl.lit("OPENED"))
    rows = told.select(
        pl.lit(None, dtype).alias(name) if name not in told.columns else name for name, dtype in QUERY.items()
    )
    pl.concat([pl.read_parquet(path), rows.cast(QUERY)]).write_parquet(path)
    assert (
        Terminal(settings.home, monkeypatch, capsys)("queries", "--to", tmp_path / "q", "--by-site").code == 0
    )
    assert b"BX-BL-03" in texts(tmp_path / "q/queries.xlsx")
    books = list((tmp_path / "q").glob("queries_site_*.xlsx"))
    assert books
    for book in books:
        assert b"BX-BL-" not in texts(book)


def texts(book: Path) -> bytes:
    with ZipFile(book) as file:
        return file.read("xl/sharedStrings.xml")


def test_a_planned_visit_has_one_spelling_and_an_unknown_one_stays() -> None:
    delivered = ["D1", "Day 1", "DAY 1 ", "SCR", "Screening", "UNS", "Wk 4", None]
    rows = pl.DataFrame({"visit": delivered}, schema={"visit": pl.String})
    told = with_planned_visits(rows, PARTS)["visit"].to_list()
    assert told == ["DAY 1"] * 3 + ["SCREENING"] * 2 + ["UNS", "Wk 4", None]
