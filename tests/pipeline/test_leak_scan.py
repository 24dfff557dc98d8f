"""Every leak that is planted in a file of any kind is found; the same files without it are clean."""

from __future__ import annotations

import gzip
import json
import pickle
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from reportlab.pdfgen.canvas import Canvas

from pipeline.emit.xpt.write import Column, Member, write_xpt
from pipeline.errors import UsageError
from pipeline.flow.leaks import UNREADABLE, scan_for_leaks
from pipeline.settings import CHECKOUT
from pipeline.specs.load import StudySpec, load_study

SUBJECT = "BXU001-RA-101-001"
TITLE = (
    "Safety and Tolerability of a Single Intravenous Infusion of BX-U001 in Refractory Rheumatoid Arthritis"
)
PREVIEW = "| USUBJID | ARMCD |\n| --- | --- |\n| BXU001-RA-101-001 | {} |"
Plant = Callable[[Path], object]


@pytest.fixture(scope="module")
def spec() -> StudySpec:
    return load_study(CHECKOUT / "sdtm_specs", "bxu001_ra")


def parquet(**columns: object) -> Plant:
    return lambda folder: pl.DataFrame(columns).write_parquet(folder / "table.parquet")


def text(name: str, content: str) -> Plant:
    return lambda folder: (folder / name).write_text(content)


def octets(name: str, content: bytes) -> Plant:
    return lambda folder: (folder / name).write_bytes(content)


def transport(name: str, **values: str) -> Plant:
    def plant(folder: Path) -> None:
        columns = tuple(Column(column, column.title(), "Char", 40) for column in values)
        member = Member(name, "Label", columns, datetime(2027, 6, 30))
        write_xpt(folder / member.file_name, member, pl.DataFrame({c: [v] for c, v in values.items()}))

    return plant


def dataset_json(**cells: str) -> Plant:
    """One record in a file of Dataset-JSON."""
    columns = [{"itemOID": f"IT.XX.{name}", "name": name} for name in cells]
    return text("xx.json", json.dumps({"name": "XX", "columns": columns, "rows": [[*cells.values()]]}))


def paper(*lines: str) -> Plant:
    """A PDF with one page a text."""

    def plant(folder: Path) -> None:
        canvas = Canvas(str(folder / "paper.pdf"), pageCompression=1)
        for line in lines:
            canvas.drawString(72, 720, line)
            canvas.showPage()
        canvas.save()

    return plant


def duck(sql: str) -> Plant:
    def plant(folder: Path) -> None:
        with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
            connection.execute(sql)

    return plant


def database(cell: str, name: str = "event_logs.db") -> Plant:
    """A table as Dagster keeps its events: JSON within JSON."""

    def plant(folder: Path) -> None:
        with closing(sqlite3.connect(folder / name)) as connection, connection:
            connection.execute("CREATE TABLE event_logs (id INTEGER, event TEXT)")
            event = json.dumps({"materialization": {"metadata": json.dumps({"preview": cell})}})
            connection.execute("INSERT INTO event_logs VALUES (1, ?)", (event,))

    return plant


CLEAN: dict[str, Plant] = {
    "masked arms": parquet(USUBJID=[SUBJECT], ARMCD=["MASKED"], ARM=["Masked"], ACTARMCD=[None]),
    "masked exposure": parquet(
        USUBJID=[SUBJECT], EXTRT=["MASKED"], EXDOSE=pl.Series([None], dtype=pl.Float64)
    ),
    "masked transport file": transport("DM", USUBJID=SUBJECT, ARMCD="MASKED", ARM="Masked"),
    "trial arms": transport("TA", DOMAIN="TA", ARMCD="PBO", ARM="Placebo", ETCD="PBO"),
    "trial arms in JSON": dataset_json(DOMAIN="TA", ARMCD="PBO", ARM="Placebo", ETCD="PBO"),
    "masked JSON": dataset_json(DOMAIN="DM", USUBJID=SUBJECT, ARMCD="MASKED"),
    "assignment": text("a.csv", "SUBJID,COHORT,RANDNO\n101-001,1,1001\n"),
    "laboratory": text("lab.txt", 'STUDYID|SUBJID|COMMENT\nBXU001RA|101-001|5" tube\n'),
    "manifest": text("manifest.json", json.dumps({"study": "BXU001-RA", "title": TITLE})),
    "define": text("define.xml", f'<a><b CodedValue="PBO"/><c>Placebo</c><d>{TITLE}</d></a>'),
    "page": text("define.html", "<p>the site &amp; the sponsor</p><td>BXU075</td>"),
    "log": text("run.log", "built /var/bxu001_ra/BLINDED in 3 s\n"),
    "paper": paper("randomized to BX-U001 or placebo", "subject 101-001 was infused"),
    "catalog": duck("CREATE TABLE published AS SELECT 'abc' AS build"),
    "metadata": database(PREVIEW.format("MASKED")),
    "unknown": octets("state.bin", b"\x00\x01 nothing here \xff"),
}

PLANTED: dict[str, Plant] = {
    "planned arm code": parquet(USUBJID=[SUBJECT, SUBJECT], ARMCD=["MASKED", "BXU075"]),
    "actual arm": parquet(USUBJID=[SUBJECT], ACTARM=["Placebo"]),
    "arm under a made-up code": parquet(USUBJID=[SUBJECT], ACTARMCD=["A"]),
    "unplanned treatment": parquet(USUBJID=[SUBJECT], ACTARMUD=["HALF A BAG"]),
    "treatment": parquet(USUBJID=[SUBJECT], EXTRT=["PLACEBO"]),
    "collected treatment": parquet(USUBJID=[SUBJECT], ECTRT=["STUDY DRUG"]),
    "dose": parquet(USUBJID=[SUBJECT], EXDOSE=[0.75]),
    "dose form": parquet(USUBJID=[SUBJECT], EXDOSFRM=["INJECTION, SUSPENSION"]),
    "lot column": parquet(USUBJID=[SUBJECT], EXLOT=[None]),
    "cells of a bag": parquet(BAGNO=["B0001"], CELLS_1E6=["52.5"]),
    "element": parquet(USUBJID=[SUBJECT], ETCD=["BX150"]),
    "element name": parquet(USUBJID=[SUBJECT], ELEMENT=["BX-U001 1.5 x 10^6 cells/kg"]),
    "randomization number": parquet(USUBJID=[SUBJECT], QNAM=["RANDNO"], QVAL=["1001"]),
    "carried qualifier": parquet(USUBJID=[SUBJECT], **{"_q.EXCELLS": ["52.5"]}),
    "free text": parquet(USUBJID=[SUBJECT], AETERM=["felt unwell after placebo"]),
    "hidden column": parquet(_line=[2], _note=["BX-U001"]),
    "finding": parquet(rule=["x"], message=["arm is PBO"], line=[3]),
    "name of a column": parquet(USUBJID=[SUBJECT], BXU075=[1]),
    "transport file": transport("DM", USUBJID=SUBJECT, ARM="Placebo"),
    "transport exposure": transport("EX", USUBJID=SUBJECT, EXTRT="BX-U001"),
    "transport qualifier": transport("SUPPDM", USUBJID=SUBJECT, QNAM="RANDNO", QVAL="1001"),
    "dataset in JSON": dataset_json(DOMAIN="DM", USUBJID=SUBJECT, ARMCD="A"),
    "qualifier in JSON": dataset_json(USUBJID=SUBJECT, QNAM="RANDNO", QVAL="1001"),
    "subject in trial arms in JSON": dataset_json(DOMAIN="TA", ARMCD="PBO", USUBJID=SUBJECT),
    "subject in trial arms": transport("TA", DOMAIN="TA", ARMCD="PBO", USUBJID=SUBJECT),
    "delivered column": text("a.csv", "SUBJID,ARMCD\n101-001,1\n"),
    "delivered value": text("a.csv", 'SUBJID,NOTE\n101-001,"bag of BX-U001, warm"\n'),
    "delivered laboratory value": text("lab.txt", 'SUBJID|COMMENT\n101-001|5" tube, PBO\n'),
    "ragged line": text("a.csv", "SUBJID,NOTE\n101-001,x,PBO\n"),
    "JSON value": text("manifest.json", json.dumps({"files": [{"note": "BX075"}]})),
    "JSON column": text("report.json", json.dumps([{"SUBJID": "101-001", "ARMCD": "1"}])),
    "JSON line": text("log.jsonl", '{"a": 1}\n{"a": "PBO"}\n'),
    "define comment": text("define.xml", "<a><Comment>101-001 was given BX150</Comment></a>"),
    "define codelist of EX": text("define.xml", '<a><EnumeratedItem CodedValue="PLACEBO"/></a>'),
    "terms beside a subject": text("define.html", f"<td>{SUBJECT}</td><td>PBO</td>"),
    "escaped page": text("define.html", "<p>got &#80;BO</p>"),
    "log line": text("run.log", "101-001 BXU150\n"),
    "log without suffix": text("stdout", "arm PBO\n"),
    "catalog table": duck("CREATE TABLE t AS SELECT 'PBO' AS x"),
    "catalog column": duck("CREATE TABLE t AS SELECT '1' AS ARMCD"),
    "catalog view": duck("CREATE VIEW v AS SELECT 1 AS a WHERE 'x' <> 'PBO'"),
    "metadata preview": database(PREVIEW.format("B")),
    "metadata text": database("subject 101-001: BX-U001", "runs"),
    "pickle": octets("state.pickle", pickle.dumps({"arm": "PBO"})),
    "paper beside a subject": paper("nothing here", "subject 101-001 was given placebo"),
    "picture of a page": paper(""),
    "broken paper": octets("paper.pdf", b"no paper"),
    "file name": octets("PBO.bin", b""),
    "broken table": octets("table.parquet", b"no parquet"),
    "broken transport file": octets("dm.xpt", b"no transport file"),
    "archive": octets("log.gz", gzip.compress(b"PBO")),
}


@pytest.mark.parametrize("kind", CLEAN)
def test_a_clean_file_is_clean(tmp_path: Path, spec: StudySpec, kind: str) -> None:
    CLEAN[kind](tmp_path)
    leaks, count = scan_for_leaks(spec, tmp_path)
    assert ([str(leak) for leak in leaks], count) == ([], 1)


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_leak_is_found_and_not_repeated_in_the_report(
    tmp_path: Path, spec: StudySpec, kind: str
) -> None:
    for plant in CLEAN.values():
        plant(tmp_path)
    folder = tmp_path / "deeper" / "still"
    folder.mkdir(parents=True)
    PLANTED[kind](folder)
    leaks, _ = scan_for_leaks(spec, tmp_path)
    assert leaks
    assert {Path(leak.file).parent for leak in leaks} == {folder}
    told = " ".join(
        f"{leak.place} {leak.rule}" for leak in leaks if kind not in ("name of a column", "catalog view")
    )
    assert not any(
        word in told for word in ("PBO", "BX0", "BXU075", "BXU150", "101-001", "Placebo", "PLACEBO")
    )


def test_what_cannot_be_read_is_told_as_such(tmp_path: Path, spec: StudySpec) -> None:
    for kind in ("broken table", "archive"):
        PLANTED[kind](tmp_path)
    assert {leak.rule for leak in scan_for_leaks(spec, tmp_path)[0]} == {UNREADABLE}


def test_a_folder_that_does_not_exist_is_a_usage_error(tmp_path: Path, spec: StudySpec) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        scan_for_leaks(spec, tmp_path / "none")
