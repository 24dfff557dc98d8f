"""What other software sees in finished files: transport files and the links of define.xml."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.emit.define.links import links_of
from pipeline.emit.xpt.member import Column, Member
from pipeline.emit.xpt.seen import seen_in
from pipeline.emit.xpt.write import write_xpt
from tests.unit.emit.submission_frames import datetime_of_cut

COLUMNS = (
    Column("STUDYID", "Study Identifier", "Char", 4),
    Column("AESEQ", "Sequence Number", "Num"),
    Column("AEOUT", "Outcome", "Char", 1),
)
RECORDS = pl.DataFrame(
    {"STUDYID": ["BX", "BXU1"], "AESEQ": [1.0, None], "AEOUT": [None, None]},
    schema={"STUDYID": pl.String, "AESEQ": pl.Float64, "AEOUT": pl.String},
)
DEFINE = b"""<?xml version="1.0"?>
<?xml-stylesheet type="text/xsl" href="define2-1.xsl"?>
<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:def="http://www.cdisc.org/ns/def/v2.1"
     xmlns:xlink="http://www.w3.org/1999/xlink">
 <ItemGroupDef Name="AE"><def:leaf ID="LF.AE" xlink:href="ae.xpt"/></ItemGroupDef>
 <ItemGroupDef Name="CO"/>
 <def:leaf ID="LF.acrf" xlink:href="acrf.pdf"/>
</ODM>
"""


def test_a_transport_file_is_seen_with_its_description_and_typed_records(tmp_path: Path) -> None:
    path = tmp_path / "ae.xpt"
    write_xpt(path, Member("AE", "Adverse Events", COLUMNS, datetime_of_cut()), [RECORDS])
    seen = seen_in(path)
    assert seen
    assert (seen.name, seen.label, seen.columns) == ("AE", "Adverse Events", COLUMNS)
    assert seen.records.equals(RECORDS)
    assert seen.longest == {"STUDYID": 4, "AEOUT": 0}
    assert seen.unprintable == set()


def test_a_byte_that_is_not_ascii_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "ae.xpt"
    write_xpt(path, Member("AE", "Adverse Events", COLUMNS, datetime_of_cut()), [RECORDS])
    path.write_bytes(path.read_bytes().replace(b"BXU1", "BXÜ".encode()))
    seen = seen_in(path)
    assert seen
    assert seen.unprintable == {"STUDYID"}


def test_what_is_no_transport_file_is_not_seen(tmp_path: Path) -> None:
    (tmp_path / "ae.xpt").write_bytes(b"nothing")
    assert seen_in(tmp_path / "ae.xpt") is None


def test_define_xml_links_to_datasets_documents_and_its_stylesheet() -> None:
    links = links_of(DEFINE)
    assert links
    assert links.datasets == {"AE": "ae.xpt", "CO": ""}
    assert links.documents == ("acrf.pdf", "define2-1.xsl")


def test_what_is_no_xml_has_no_links() -> None:
    assert links_of(b"<ODM") is None
