"""Dataset-JSON 1.1: the attributes of the standard, the values of the records, and nothing that was not checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pipeline.emit.dataset_json.header import JsonHeader, json_header
from pipeline.emit.dataset_json.readback import read_json_back
from pipeline.emit.dataset_json.rows import json_rows
from pipeline.emit.dataset_json.write import file_name, write_dataset_json
from pipeline.emit.define.document import define_bytes
from pipeline.emit.define.model import define_model
from pipeline.emit.marking import marking
from pipeline.emit.submitted import Submitted
from pipeline.errors import BuildFailed
from tests.unit.emit import submission_frames as sf

ODM = "{http://www.cdisc.org/ns/odm/v1.3}"
REFERENCE = "../m5/datasets/bxu001-ra/tabulations/sdtm/define.xml"
FOUND = {
    "DM": sf.described("DM", sf.DM),
    "AE": sf.described("AE", sf.HEADACHE, sf.RASH | {"AETERM": 'RASH "ON\\OFF"'}),
    "LB": sf.described("LB", sf.ALT, sf.SERUM_GLUCOSE, sf.URINE_GLUCOSE),
}
# name -> whether it must be there, in the order of the table "Top-level Metadata Attributes"
ATTRIBUTES = {
    "datasetJSONCreationDateTime": True,
    "datasetJSONVersion": True,
    "fileOID": False,
    "dbLastModifiedDateTime": False,
    "originator": False,
    "sourceSystem": False,
    "studyOID": False,
    "metaDataVersionOID": False,
    "metaDataRef": False,
    "itemGroupOID": True,
    "records": True,
    "name": True,
    "label": True,
    "columns": True,
    "rows": False,
}
# the same of "Column Metadata", and its data types
COLUMN = {
    "itemOID": True,
    "name": True,
    "label": True,
    "dataType": True,
    "targetDataType": False,
    "length": False,
    "displayFormat": False,
    "keySequence": False,
}
TYPES = {"string", "integer", "decimal", "float", "double", "boolean", "datetime", "date", "time", "URI"}
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)?"


def document(mode: str) -> bytes:
    found = list(FOUND.values())
    return define_bytes(define_model(sf.study(), found, cut=sf.CUT, mode=mode, facts=sf.FACTS))


@pytest.fixture(scope="module")
def define() -> bytes:
    return document("BLINDED")


@pytest.fixture(scope="module")
def header(define: bytes) -> JsonHeader:
    return json_header(define, version="0.1.0", mark="DRAFT-BLINDED", reference=REFERENCE)


def written(folder: Path, dataset: str, header: JsonHeader) -> dict[str, Any]:
    path = folder / file_name(dataset)
    assert write_dataset_json(path, FOUND[dataset], header) == FOUND[dataset].count
    told: dict[str, Any] = json.loads(path.read_bytes())
    return told


def agrees(told: Mapping[str, Any], wanted: Mapping[str, bool]) -> None:
    assert [name for name in wanted if name in told] == list(told)  # no other, and in the standard's order
    assert {name for name, required in wanted.items() if required} <= set(told)


@pytest.mark.parametrize("dataset", FOUND)
def test_a_file_has_the_attributes_of_the_standard(tmp_path: Path, header: JsonHeader, dataset: str) -> None:
    told = written(tmp_path, dataset, header)
    agrees(told, ATTRIBUTES)
    for name in ("datasetJSONCreationDateTime", "dbLastModifiedDateTime"):
        assert re.fullmatch(MOMENT, told[name])
    assert told["dbLastModifiedDateTime"] <= told["datasetJSONCreationDateTime"]
    assert re.fullmatch(r"1\.1(\.(0|[1-9][0-9]*))?", told["datasetJSONVersion"])
    assert set(told["sourceSystem"]) == {"name", "version"}
    assert told["records"] == len(told["rows"]) > 0
    for column in told["columns"]:
        agrees(column, COLUMN)
        assert column["dataType"] in TYPES
        assert column.get("length", 1) >= 1
    assert all(len(row) == len(told["columns"]) for row in told["rows"])


@pytest.mark.parametrize("dataset", FOUND)
def test_a_file_says_what_define_says(
    tmp_path: Path, define: bytes, header: JsonHeader, dataset: str
) -> None:
    told, root = written(tmp_path, dataset, header), etree.fromstring(define)
    group = root.find(f".//{ODM}ItemGroupDef[@OID='{told['itemGroupOID']}']")
    assert group.get("Name") == told["name"] == dataset
    assert group.findtext(f"{ODM}Description/{ODM}TranslatedText") == told["label"]
    assert told["studyOID"] == root.find(f"{ODM}Study").get("OID")
    assert told["metaDataVersionOID"] == root.find(f"{ODM}Study/{ODM}MetaDataVersion").get("OID")
    assert told["metaDataRef"] == REFERENCE
    references = list(group.iterfind(f"{ODM}ItemRef"))
    assert [each.get("ItemOID") for each in references] == [column["itemOID"] for column in told["columns"]]
    for reference, column in zip(references, told["columns"], strict=True):
        item = root.find(f".//{ODM}ItemDef[@OID='{column['itemOID']}']")
        assert item.get("Name") == column["name"]
        assert item.findtext(f"{ODM}Description/{ODM}TranslatedText") == column["label"]
        assert reference.get("KeySequence") == (
            str(column["keySequence"]) if "keySequence" in column else None
        )
        if column["dataType"] == "string":
            assert item.get("Length") == (str(column["length"]) if "length" in column else None)


def test_values_are_text_numbers_and_nulls(tmp_path: Path, header: JsonHeader) -> None:
    told = written(tmp_path, "AE", header)
    names = [column["name"] for column in told["columns"]]
    first, second = (dict(zip(names, row, strict=True)) for row in told["rows"])
    assert (first["AETERM"], second["AETERM"]) == ("HEADACHE", 'RASH "ON\\OFF"')
    assert (first["AESEQ"], first["AELLTCD"], second["AELLTCD"]) == (1, 10019211, None)
    assert (first["AESTDTC"], second["AEDECOD"]) == ("2027-01-06T08:00", None)
    assert '"AE",' in (tmp_path / "ae.json").read_text()
    assert " 1.0," not in (tmp_path / "ae.json").read_text()


def test_the_types_of_numbers_and_dates_are_told(tmp_path: Path, header: JsonHeader) -> None:
    types = {column["name"]: column["dataType"] for column in written(tmp_path, "LB", header)["columns"]}
    assert (types["LBSEQ"], types["LBSTRESN"], types["LBORRES"]) == ("integer", "float", "string")
    assert types["LBDTC"] == "string", "ODM knows no datetime without seconds"
    assert {"RFICDTC": "date"}.items() <= {
        column["name"]: column["dataType"] for column in written(tmp_path, "DM", header)["columns"]
    }.items()


@pytest.mark.parametrize("mode", ["BLINDED", "DSMB"])
def test_a_draft_says_so_at_the_head_of_its_file(tmp_path: Path, mode: str) -> None:
    draft = json_header(document(mode), version="1", mark=marking(mode), reference=REFERENCE)
    path = tmp_path / "dm.json"
    write_dataset_json(path, FOUND["DM"], draft)
    assert json.loads(path.read_bytes())["fileOID"] == f"DRAFT-{mode}.BXU001-RA.{mode}.b-1.DM"
    assert f"DRAFT-{mode}" in path.read_text()[:200]


def test_a_final_file_has_no_mark(tmp_path: Path) -> None:
    final = json_header(document("FINAL"), version="1", mark=marking("FINAL"), reference=REFERENCE)
    write_dataset_json(tmp_path / "dm.json", FOUND["DM"], final)
    text = (tmp_path / "dm.json").read_text()
    assert json.loads(text)["fileOID"] == "BXU001-RA.FINAL.b-1.DM"
    assert "DRAFT" not in text


def test_two_runs_give_the_same_bytes_however_the_records_come(tmp_path: Path, header: JsonHeader) -> None:
    found = FOUND["LB"]
    found.records.collect().write_parquet(tmp_path / "lb.parquet", row_group_size=1)
    scanned = replace(found, records=pl.scan_parquet(tmp_path / "lb.parquet"))
    for folder, each in (("a", found), ("b", found), ("c", scanned)):
        write_dataset_json(tmp_path / folder / "lb.json", each, header)
    assert len({(tmp_path / folder / "lb.json").read_bytes() for folder in "abc"}) == 1


@pytest.mark.parametrize(
    ("old", "new", "culprit"),
    [
        ('"HEADACHE"', '"HEADACHES"', "AE.AETERM: record 1 read back"),
        ('"HEADACHE"', "null", "AE.AETERM: record 1 read back"),
        ('"HEADACHE"', "7", "AE.AETERM: record 1 read back"),
        ("10019211", "10019212", "AE.AELLTCD: record 1 read back"),
        ("10019211", "10019211.0000001", "AE.AELLTCD: record 1 read back"),
        ("10019211", '"10019211"', "AE.AELLTCD: record 1 read back"),
        ("10019211", "true", "AE.AELLTCD: record 1 read back"),
        ("10019211,", "", "dataset AE: the records from 1 on"),
        ('"RASH ', "RASH ", "dataset AE: the file cannot be read back"),
        ("Adverse Events", "Adverse Event", "dataset AE: the description read back"),
        ("IT.AE.AETERM", "IT.AE.AETERMS", "dataset AE: the description read back"),
        ("\n  ]\n}\n", "\n", "dataset AE: the file does not end"),
        ("\n  ]\n}\n", "\n  ]\n}\n{}", "dataset AE: the file does not end"),
        ("],\n[", "]\n[", "dataset AE: the file cannot be read back"),
    ],
)
def test_a_change_is_found_and_told_without_the_value(
    tmp_path: Path, header: JsonHeader, old: str, new: str, culprit: str
) -> None:
    path, found = tmp_path / "ae.json", FOUND["AE"]
    write_dataset_json(path, found, header)
    text = path.read_text()
    at = text.rindex(old)
    path.write_text(text[:at] + new + text[at + len(old) :])
    with pytest.raises(BuildFailed) as caught:
        read_json_back(path, found, header.of("AE", found.count))
    assert str(caught.value).startswith(culprit)
    assert "HEADACHE" not in str(caught.value)


@pytest.mark.parametrize("length", [0, 100, 700, -8, -1])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, header: JsonHeader, length: int) -> None:
    path, found = tmp_path / "ae.json", FOUND["AE"]
    write_dataset_json(path, found, header)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(BuildFailed):
        read_json_back(path, found, header.of("AE", found.count))


def test_a_refused_file_leaves_the_old_one_and_nothing_else(tmp_path: Path, header: JsonHeader) -> None:
    path = tmp_path / "ae.json"
    path.write_text("old")
    tab = sf.described("AE", sf.HEADACHE, sf.RASH | {"AETERM": "RA\tSH"})
    with pytest.raises(BuildFailed, match=r"AE\.AETERM: record 2 has a control character"):
        write_dataset_json(path, tab, header)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_dataset_that_define_describes_otherwise_or_not_at_all_is_refused(
    tmp_path: Path, header: JsonHeader
) -> None:
    fewer = sf.described("DM", sf.DM | {"RACE": None, "AGE": None, "AGEU": None, "COUNTRY": None})
    fewer = replace(fewer, variables=fewer.variables[:-1])
    with pytest.raises(BuildFailed, match=r"DM: define\.xml has other variables"):
        write_dataset_json(tmp_path / "dm.json", fewer, header)
    with pytest.raises(BuildFailed, match="VS: is not described"):
        write_dataset_json(tmp_path / "vs.json", sf.described("VS", {"VSSEQ": 1.0}), header)


def test_another_number_of_records_is_refused(tmp_path: Path, header: JsonHeader) -> None:
    wrong: Submitted = replace(FOUND["AE"], count=3)
    with pytest.raises(BuildFailed, match="AE: has another number of records"):
        write_dataset_json(tmp_path / "ae.json", wrong, header)
    assert list(tmp_path.iterdir()) == []


numbers = st.floats(2.0**-260, 2.0**251) | st.floats(-(2.0**251), -(2.0**-260)) | st.just(0.0) | st.just(-0.0)
texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.none() | numbers, st.none() | texts), min_size=1))
def test_any_number_and_text_is_read_as_itself(pairs: list[tuple[float | None, str | None]]) -> None:
    frame = pl.DataFrame(pairs, schema={"N": pl.Float64, "T": pl.String}, orient="row")
    lines = json_rows(frame, {"N"}, "XX", 1)
    assert json.loads(f"[{lines}]") == [list(pair) for pair in pairs]
    assert "-0," not in lines
    assert lines.count("\n") >= len(pairs) - 1


@settings(deadline=None, max_examples=50)
@given(st.lists(st.none() | st.integers(-(2**53), 2**53), min_size=1))
def test_whole_numbers_have_neither_point_nor_power(values: list[int | None]) -> None:
    lines = json_rows(pl.DataFrame({"N": values}, schema={"N": pl.Int64}), {"N"}, "XX", 1)
    assert lines == ",\n".join(f"[{'null' if value is None else value}]" for value in values)
