"""What a file must be to land, and what its refusal says."""

from __future__ import annotations

import hashlib
import tracemalloc
from pathlib import Path

import pytest

from pipeline.errors import Refused
from pipeline.sources import pieces
from pipeline.sources.inspection import inspect_file
from pipeline.sources.refusals import StopDelivery
from pipeline.specs.layout import SourceLayout

FORM = SourceLayout("edc_xx", "edc/XX.csv", ("STUDYID", "SUBJID", "TERM"), study_names=("S-1", "S1"))
LAB = SourceLayout("lab", "*.txt", ("STUDYID", "SUBJID", "RESULT"), separator="|", study_names=("S-1",))
GOOD = b"STUDYID,SUBJID,TERM\r\nS-1,101-001,ache\r\n"


def inspected(tmp_path: Path, content: bytes, layout: SourceLayout = FORM, **more):
    path = tmp_path / "XX.csv"
    path.write_bytes(content)
    return inspect_file(path, layout, **more)


def refusal(tmp_path: Path, content: bytes, layout: SourceLayout = FORM, **more) -> str:
    with pytest.raises(Refused) as caught:
        inspected(tmp_path, content, layout, **more)
    assert "\n" not in str(caught.value)
    return caught.value.culprit


def test_a_good_file_gives_its_fingerprint_size_and_records(tmp_path):
    facts = inspected(tmp_path, GOOD)
    assert (facts.sha256, facts.size, facts.rows) == (hashlib.sha256(GOOD).hexdigest(), len(GOOD), 1)
    assert (facts.foreign_lines, facts.foreign_count, facts.bom) == ((), 0, False)


def test_the_fingerprint_covers_every_byte_when_the_file_is_read_in_many_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 11)
    content = GOOD + b'S1,101-002,"a, ""b""\r\nc"\r\n' * 50
    facts = inspected(tmp_path, content)
    assert (facts.sha256, facts.rows) == (hashlib.sha256(content).hexdigest(), 51)


def test_a_newline_inside_quotes_starts_no_record(tmp_path):
    assert inspected(tmp_path, GOOD + b'S-1,101-002,"two\nlines"\r\n').rows == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the file is empty, it has not even a header"),
        (b"STUDYID,SUBJID\r\nS-1,101-001\r\n", "column TERM missing"),
        (b"STUDYID,SUBJID,TERM,NEWCOL\r\n", "column NEWCOL not declared"),
        (b"STUDYID,TERM,SUBJID\r\n", "columns TERM, SUBJID in another order than declared"),
        (b"STUDYID,SUBJID,SUBJID\r\n", "column TERM missing; column SUBJID repeated"),
        (
            b"STUDYID;SUBJID;TERM\r\nS-1;1;x\r\n",
            "its columns are separated by a semicolon instead of a comma",
        ),
        (b"STUDYID|SUBJID|TERM\r\nS-1|1|x\r\n", "its columns are separated by a pipe instead of a comma"),
        (b"STUDYID,SUBJID,TERM\r\n", "it has a header and no data"),
        (GOOD + b"S-1,101-002,hea", "the file is truncated: the last line has no line end"),
        (GOOD + b'S-1,101-002,"hea', "the file is truncated: a quote in the last record is never closed"),
        (GOOD + b"S-1,101\r\n", "line 3 has 2 fields instead of 3: the record is cut off"),
        (GOOD + b"S-1,101-002,a,b\r\n", "line 3 has 4 fields instead of 3: the record is too long"),
        (GOOD + b"S-1,101-002,a\x00\r\n", "line 3 holds a NUL byte: not a text file, or in UTF-16"),
        (
            GOOD + b'S-1,101-002,a"b"\r\n',
            "line 3 breaks the rules of quoting (RFC 4180): a quote inside a field",
        ),
        (
            GOOD + b'S-1,101-002,"a"b\r\n',
            "line 3 breaks the rules of quoting (RFC 4180): a quote inside a field",
        ),
        (GOOD + b"OTHER,101-002,a\r\n", "line 3: STUDYID names another study"),
        (GOOD + b'S-1,1,"x\ny"\r\nOTHER,101-002,a\r\n', "line 5: STUDYID names another study"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(tmp_path, content, told):
    assert refusal(tmp_path, content) == told


def test_a_message_never_shows_the_first_line_of_a_file_without_header(tmp_path):
    told = refusal(tmp_path, b"S-1,101-001,Tuberculosis\r\nS-1,101-002,Gout\r\n")
    assert told == "the first line is not the declared header: it has 0 of 3 declared columns"


def test_an_undeclared_name_that_is_no_column_name_is_not_repeated(tmp_path):
    assert "Mr. Miller" not in refusal(tmp_path, b"STUDYID,SUBJID,TERM,Mr. Miller\r\n")


def test_a_study_name_is_recognised_in_spite_of_blanks_and_case_and_a_blank_one_is_left_to_the_contract(
    tmp_path,
):
    assert inspected(tmp_path, GOOD + b" s1 ,101-002,x\r\n,101-003,x\r\n").rows == 3


def test_a_header_without_data_may_land_only_where_it_is_declared_and_nothing_was_there_before(tmp_path):
    layout = SourceLayout(**{**vars(FORM), "may_be_empty": True})
    header = b"STUDYID,SUBJID,TERM\r\n"
    assert inspected(tmp_path, header, layout).rows == 0
    assert inspected(tmp_path, header.strip(), layout).rows == 0
    assert inspected(tmp_path, header, layout, last_rows=0).rows == 0
    told = refusal(tmp_path, header, layout, last_rows=7)
    assert told == "it has a header and no data, but its last good file had 7 records"


def test_bytes_that_are_not_utf8_are_told_by_line_and_a_byte_order_mark_is_no_part_of_the_header(tmp_path):
    content = b"\xef\xbb\xbf" + GOOD + b"S-1,1,caf\xe9\r\nS-1,1,caf\xc3\xa9\r\nS-1,1,\x81\r\n"
    facts = inspected(tmp_path, content)
    assert (facts.foreign_lines, facts.foreign_count, facts.bom) == ((3, 5), 2, True)


def test_in_a_pipe_file_a_quote_is_data_and_a_bare_line_feed_ends_no_crlf_record(tmp_path):
    content = b'STUDYID|SUBJID|RESULT\r\nS-1|1|5" tube\r\nS-1|1|a\nb\r\n'
    assert inspected(tmp_path, content, LAB).rows == 2
    assert refusal(tmp_path, content + b"S-1|2|lf only\nS-1|3|x\r\n", LAB).startswith("line 5 has 5 fields")


def test_a_quote_that_is_never_closed_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 1000)
    monkeypatch.setattr(pieces, "LONGEST_RECORD", 5000)
    told = refusal(tmp_path, GOOD + b'S-1,1,"x\r\n' + b"S-1,1,y\r\n" * 2000)
    assert told == "a record is longer than 16 MiB: a quote or a line end is missing"


@pytest.mark.parametrize(
    "column", ["ARMCD", "LOTNO", "CELLS_1E6", "Viability_pct", "CONC_1E6_ML", "PRODUCT", "BAGCODE"]
)
@pytest.mark.parametrize("separator", [",", ";", "|"])
def test_a_restricted_column_in_a_blinded_source_stops_the_delivery(tmp_path, column, separator):
    header = separator.join(["STUDYID", "SUBJID", "TERM", column]).encode()
    with pytest.raises(StopDelivery, match="restricted column"):
        inspected(tmp_path, header + b"\r\n", restricted_columns=["BAGCODE"])


def test_a_declared_column_and_a_restricted_source_stop_nothing(tmp_path):
    columns = ("STUDYID", "SUBJID", "CONCOM")
    assert inspected(
        tmp_path, b"STUDYID,SUBJID,CONCOM\nS1,1,x\n", SourceLayout("a", "*", columns, study_names=("S1",))
    ).rows
    key = SourceLayout("key", "*", ("SUBJID", "LOTNO"), study_column=None, restricted=True)
    assert inspected(tmp_path, b"SUBJID,LOTNO\n1,x\n", key).rows == 1
    told = refusal(tmp_path, b"SUBJID,LOTNO,ARMCD\n1,x,y\n", key)
    assert told == "column ARMCD not declared"


def test_memory_does_not_grow_with_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 1 << 16)
    peaks = []
    for copies in (10_000, 200_000):
        (tmp_path / "XX.csv").write_bytes(GOOD + b'S-1,101-002,"a, b"\r\n' * copies)
        tracemalloc.start()
        assert inspect_file(tmp_path / "XX.csv", FORM).rows == copies + 1
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize("lost", [0, 6])
def test_a_header_that_has_lost_its_line_end_tells_no_value_of_the_record_behind_it(tmp_path, lost):
    columns = ("STUDYID", *(f"COLUMN{number}" for number in range(9)))
    layout = SourceLayout("edc_xx", "edc/XX.csv", columns, study_names=("S-1",))
    head, record = ",".join(columns), ",".join(["S-1", *(["Headache"] * 9)])
    told = refusal(tmp_path, f"{head[: len(head) - lost]}{record}\n{record}\n".encode(), layout)
    assert "Headache" not in told
    assert "fields more than declared: a line end is missing" in told
