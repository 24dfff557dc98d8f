"""Lineage of a whole night: every record has its rows, and a trace tells what stands in the delivered files."""

from __future__ import annotations

import csv
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from pipeline.derive.scores import DAS28_CRP, das28
from pipeline.errors import UsageError
from pipeline.flow.context import study_parts
from pipeline.flow.trace import ledger_of, open_ledger
from pipeline.lineage.ledger import Ledger
from pipeline.lineage.record import trace_record
from pipeline.lineage.reverse import trace_row
from pipeline.lineage.told import Cell, From, Place, Value
from pipeline.settings import Settings
from pipeline.warehouse.builds import Build
from tests.pipeline.terminal import Terminal


@pytest.fixture(scope="module")
def ledger(home: Path, night: Build) -> Ledger:
    return ledger_of(night, study_parts(Settings(home=home)))


@pytest.fixture(scope="module")
def landed(home: Path, night: Build) -> Callable[[Place], dict[str, str]]:
    """Reads one physical line of a landed file with nothing of the pipeline."""

    def row(place: Place) -> dict[str, str]:
        path = next(Settings(home=home).landing.rglob(f"{place.delivery}/**/{place.file}"))
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        separator = "|" if path.suffix == ".txt" else ","
        head, line = csv.reader([lines[0], lines[place.line - 1]], delimiter=separator)
        return dict(zip(head, line, strict=True))

    return row


@pytest.fixture
def sdtm(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(home, monkeypatch, capsys)


def numbered(build: Build, table: str) -> pl.DataFrame:
    """The dataset with the number by which its links name a record."""
    records = build.read("sdtm", table).collect()
    sequence = f"{table.upper()}SEQ"
    if sequence in records.columns:
        return records.with_columns(seq=pl.col(sequence).cast(pl.Int64))
    return records.with_columns(seq=pl.int_range(1, pl.len() + 1).over("USUBJID"))


def one(build: Build, table: str, *where: pl.Expr) -> tuple[str, int]:
    """Subject and number of the first record that is so."""
    found = numbered(build, table).filter(*where).row(0, named=True)
    return found["USUBJID"], found["seq"]


def value(ledger: Ledger, dataset: str, at: tuple[str, int], variable: str) -> Value:
    (found,) = trace_record(ledger, dataset, *at, variable).values
    return found


def cells(sources: tuple[From, ...]) -> dict[str, Cell]:
    return {each.cell.column: each.cell for each in sources}


def test_every_record_of_the_night_has_a_row_and_every_row_was_delivered(
    ledger: Ledger, night: Build
) -> None:
    raw = pl.concat(
        night.read("raw", source).select("_line", source=pl.lit(source)) for source in night.facts["files"]
    ).collect()
    walked = 0
    for name in ledger.datasets:
        if ledger.dataset(name).table is not None:
            continue
        table = name.lower()
        links = night.read("ops", f"links_{table}").collect()
        records = numbered(night, table).drop_nulls("USUBJID")  # a relation of whole datasets has no subject
        keys = {"left_on": ["USUBJID", "seq"], "right_on": ["subject", "seq"]}
        assert records.join(links, how="anti", **keys).is_empty(), name
        assert links.join(
            records, how="anti", left_on=["subject", "seq"], right_on=["USUBJID", "seq"]
        ).is_empty()
        assert links.join(
            raw, how="anti", left_on=["source", "line"], right_on=["source", "_line"]
        ).is_empty()
        assert links.is_duplicated().sum() == 0, name
        walked += records.height
    assert (
        walked == sum(file.rows for file in night.files if file.layer == "sdtm" and file.table[0] != "t") - 2
    )


def test_the_row_of_a_record_is_the_one_with_its_record_number(ledger: Ledger, night: Build) -> None:
    """Independent of how links are made: --SPID is the sender's own number of the row."""
    compared = 0
    for name in ledger.datasets:
        spid = ledger.dataset(name).variables.get(f"{name}SPID")
        if spid is None or spid.take != "RECORDID":
            continue
        links = night.read("ops", f"links_{name.lower()}").filter(pl.col("role") == "record").collect()
        joined = numbered(night, name.lower()).join(
            links, left_on=["USUBJID", "seq"], right_on=["subject", "seq"]
        )
        for (source,), group in joined.partition_by("source", as_dict=True).items():
            raw = night.read("raw", str(source)).select("_line", "RECORDID").collect()
            placed = group.join(raw, left_on="line", right_on="_line", how="left")
            assert placed[f"{name}SPID"].equals(placed["RECORDID"].alias(f"{name}SPID")), (name, source)
            compared += placed.height
    assert compared > 500


def test_the_sums_close_for_every_column(night: Build) -> None:
    columns = night.read("ops", "columns").collect()
    fates = ("mapped", "quarantined", "superseded", "deleted", "not_submitted")
    assert columns.filter(pl.sum_horizontal(fates) != pl.col("delivered")).is_empty()
    assert columns.filter(pl.col("quarantined") > 0).height > 0
    assert columns.filter(pl.coalesce("fills", "decides", "reason").is_null()).is_empty()
    files = {source: each["file"] for source, each in night.facts["files"].items()}
    assert set(columns["source"]) >= set(files)


def test_a_converted_laboratory_value_leads_to_its_text_its_unit_and_the_factor(
    ledger: Ledger, night: Build, landed: Callable[[Place], dict[str, str]]
) -> None:
    at = one(night, "lb", pl.col("LBTESTCD") == "ALB", pl.col("LBORRESU") != pl.col("LBSTRESU"))
    told = value(ledger, "LB", at, "LBSTRESN")
    delivered = landed(told.sources[0].place)
    assert {name: cell.raw for name, cell in cells(told.sources).items()} == {
        name: delivered[name] for name in ("RESULT", "UNIT")
    }
    test, unit = told.tables
    assert (test.table, unit.table) == ("tables/lab_tests.csv", "tables/lab_units.csv")
    exact = Decimal(delivered["RESULT"]) * Decimal(unit.cells["factor"])
    rounded = exact.quantize(Decimal(1).scaleb(-int(test.cells["places"])), ROUND_HALF_UP)
    assert Decimal(told.value or "") == rounded
    assert f"x {unit.cells['factor']}" in [step.value for step in told.steps]
    assert told.steps[0].note.endswith(f"line {told.sources[0].place.line}")


def test_the_line_of_the_specification_is_that_of_the_variable(ledger: Ledger, night: Build) -> None:
    at = one(night, "vs", pl.col("VSDTC").is_not_null())
    for variable in ("VSTESTCD", "VSDTC"):
        spec = value(ledger, "VS", at, variable).spec
        text = (ledger.spec.folder / spec.file).read_text(encoding="utf-8").splitlines()[spec.line - 1]
        assert variable in text
    assert value(ledger, "VS", at, "VSDTC").spec.sentence.startswith("date edc_vs.VSDAT")


def test_an_index_shows_the_form_and_its_four_components_each_with_records_and_lines(
    ledger: Ledger, night: Build, landed: Callable[[Place], dict[str, str]]
) -> None:
    at = one(night, "rs", pl.col("RSTESTCD") == "DAS28CRP", pl.col("RSORRES").is_not_null())
    told = value(ledger, "RS", at, "RSORRES")
    assert landed(told.sources[0].place)["DAS28CRP"] == told.value
    assert told.recalculation is not None
    parts = {each.name: each for each in told.recalculation.components}
    assert {name: each.dataset for name, each in parts.items()} == {
        "tjc": "MK", "sjc": "MK", "ptga": "QS", "crp": "LB",
    }  # fmt: skip
    for count in ("tjc", "sjc"):
        sources = parts[count].sources
        boxes = landed(sources[0].place)
        assert len(parts[count].seqs) == len(sources) == 28
        assert len({each.place for each in sources}) == 1
        assert parts[count].value == str(sum(boxes[each.cell.column] == "1" for each in sources))
    ptga, crp = (landed(parts[name].sources[0].place) for name in ("ptga", "crp"))
    found = das28(
        DAS28_CRP,
        Fraction(parts["tjc"].value or ""),
        Fraction(parts["sjc"].value or ""),
        Fraction(crp["RESULT"]),
        Fraction(ptga["PTGAVAS"]),
    )
    assert found is not None
    assert abs(found - Fraction(told.recalculation.recalculated or "")) <= Fraction("0.005")


def test_a_response_shows_the_baseline_that_it_is_judged_against(ledger: Ledger, night: Build) -> None:
    at = one(night, "rs", pl.col("RSTESTCD") == "ACR20", pl.col("RSORRES").is_not_null())
    told = value(ledger, "RS", at, "RSSTRESC").recalculation
    assert told is not None
    baseline = [each for each in told.components if each.baseline_visit is not None]
    assert {"tjc", "sjc", "ptga", "haq"} <= {each.name for each in baseline}
    assert all(each.sources for each in baseline)


def test_the_reference_date_leads_to_the_first_interval_of_the_infusion(
    ledger: Ledger, night: Build, landed: Callable[[Place], dict[str, str]]
) -> None:
    at = one(night, "dm", pl.col("RFSTDTC").is_not_null())
    told = value(ledger, "DM", at, "RFSTDTC")
    delivered = landed(told.sources[0].place)
    assert told.sources[0].place.file == "edc/EC.csv"
    assert {name: cell.raw for name, cell in cells(told.sources).items()} == {
        name: delivered[name] for name in ("ECSTDAT", "ECSTTIM")
    }
    day = value(
        ledger, "VS", one(night, "vs", pl.col("USUBJID") == at[0], pl.col("VSDY").is_not_null()), "VSDY"
    )
    (moment,) = day.moments
    assert (moment.name, moment.sources[0].place) == ("RFXSTDTC", told.sources[0].place)
    assert list(cells(moment.sources)) == ["ECSTDAT", "ECSTTIM"]


def test_a_qualifier_an_element_and_a_visit_are_traced_too(ledger: Ledger, night: Build) -> None:
    qualifier = value(ledger, "SUPPDM", one(night, "suppdm", pl.col("QNAM") == "CHILDPOT"), "QVAL")
    assert qualifier.spec.file == "domains/dm.yaml"
    assert list(cells(qualifier.sources)) == ["CHILDPOT"]
    assert [known.dataset for known in qualifier.records] == ["DM"]
    start = value(ledger, "SE", one(night, "se", pl.col("EPOCH") == "TREATMENT"), "SESTDTC")
    assert list(cells(start.sources)) == ["ECSTDAT", "ECSTTIM"]
    first = value(ledger, "SV", one(night, "sv", pl.col("SVSTDTC").is_not_null()), "SVSTDTC")
    assert first.sources
    assert first.value is not None


def test_a_record_of_trial_design_points_to_its_row_of_the_table(ledger: Ledger) -> None:
    told = trace_record(ledger, "TS", None, 3)
    row = next(each for each in told.values if each.variable == "TSPARMCD").tables[0]
    text = (ledger.spec.folder / row.table).read_text(encoding="utf-8").splitlines()[row.line - 1]
    assert text.startswith(f"{told.key['TSPARMCD']},")
    assert told.rows == ()


def test_a_quarantined_line_tells_its_rule_and_became_nothing(ledger: Ledger, night: Build) -> None:
    aside = night.read("ops", "set_aside").filter(
        pl.col("rule") == "edc_vs.VSDAT.date", pl.col("fate") == "quarantined"
    )
    line = aside.collect()["line"][0]
    told = trace_row(ledger, "edc/VS.csv", line)
    assert (told.fate, told.became) == ("quarantined", ())
    assert [each.rule for each in told.findings] == ["edc_vs.VSDAT.date"]
    assert {cell.change for cell in told.row.cells} == {"set aside"}


def test_a_superseded_result_tells_why_and_the_newer_one_became_the_record(
    ledger: Ledger, night: Build
) -> None:
    aside = night.read("ops", "set_aside").filter(pl.col("rule") == "lab_results.revision").collect()
    old = trace_row(ledger, "lab_results", aside["line"][0])
    assert (old.fate, old.became) == ("superseded", ())
    assert old.aside[0].reason == "a newer revision of the result exists"
    key = {
        cell.column: cell.raw for cell in old.row.cells if cell.column in ("ACCESSN", "LABTESTCD", "SPECIMEN")
    }
    same = (
        night.read("raw", "lab_results")
        .filter(*(pl.col(name) == text for name, text in key.items()))
        .collect()
    )
    newest = same.sort(pl.col("REVNO").cast(pl.Int64))["_line"][-1]
    assert old.aside[0].instead is not None
    assert (old.aside[0].instead.file, old.aside[0].instead.line) == (old.row.place.file, newest)
    assert [each.roles for each in trace_row(ledger, "lab_results", newest).became] == [("record",)]


def test_a_line_of_joints_tells_its_records_and_the_indices_that_it_fed(ledger: Ledger, night: Build) -> None:
    at = one(night, "mk", pl.col("MKTESTCD") == "TNDRIND", pl.col("VISITNUM") == 5)
    place = trace_record(ledger, "MK", *at, "MKORRES").rows[0].place
    told = trace_row(ledger, place.file, place.line)
    assert at[1] in {each.record.seq for each in told.became if each.record.dataset == "MK"}
    assert {(each.what, each.component) for each in told.fed} >= {("DAS28CRP", "tjc"), ("DAS28ESR", "sjc")}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("NO", "102-001"), "dataset NO: is not in the published build"),
        (("LB", "999-999", "--seq", "1"), "subject: is not on the roster"),
        (("LB", "102-001"), "add --seq 1 to"),
        (("LB", "102-001", "--seq", "99999"), "there is no such record"),
        (("LB", "102-001", "--seq", "1", "--var", "AETERM"), "variable AETERM: is not in LB"),
        (("LB",), "a record needs its subject"),
        (("--reverse", "edc/AE.csv"), "needs a file and a line"),
        (("--reverse", "edc/AE.csv", "1"), "line 1 is the header"),
        (("--reverse", "edc/AE.csv", "9999"), "no row begins there"),
        (("--reverse", "edc/NO.csv", "2"), "file: is not in the published build"),
    ],
)
def test_what_cannot_be_traced_is_told_in_one_line_with_a_way_out(
    night: Build, sdtm: Terminal, arguments: tuple[str, ...], told: str
) -> None:
    assert told in sdtm("trace", *arguments).in_one_line(UsageError.exit_code)


def test_the_command_shows_a_value_a_record_and_a_line(night: Build, sdtm: Terminal) -> None:
    one_value = sdtm("trace", "dm", "102-001", "--var", "rfstdtc")
    assert one_value.code == 0
    for part in (
        "DM BXU001-RA-102-001 --seq 1 RFSTDTC = ",
        "edc/EC.csv line",
        "domains/dm.yaml line",
        "sha256 ",
    ):
        assert part in one_value.out
    assert "Delivered rows" in sdtm("trace", "DM", "BXU001-RA-102-001").out
    assert "records" in sdtm("trace", "--reverse", "EC.csv", "2").out
    assert sdtm("trace", "--reverse", "edc_ec", "2", "--json").told["fate"] == "mapped"


def test_without_a_build_there_is_nothing_to_trace(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing is published; run './sdtm build' first"):
        open_ledger(Settings(home=tmp_path))
