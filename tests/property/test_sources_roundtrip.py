"""Whatever text is written into a file comes back, with its line; whatever bytes come, nothing is guessed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import Refused
from pipeline.sources import pieces
from pipeline.sources.inspection import inspect_file
from pipeline.sources.raw import read_raw
from pipeline.specs.layout import SourceLayout

COLUMNS = ("A", "B", "C")
FORM = SourceLayout("form", "*", COLUMNS, study_column=None, may_be_empty=True)
LAB = SourceLayout("lab", "*", COLUMNS, separator="|", study_column=None, may_be_empty=True)

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6) | st.text(
    '",\r\n|a é\ufeff\x1f', max_size=6
)
piece_size = st.sampled_from([1, 7, 50, 1 << 20])
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(content: bytes, layout: SourceLayout, piece: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pieces, "PIECE", piece)
    with tempfile.NamedTemporaryFile() as file:
        path = Path(file.name)
        path.write_bytes(content)
        facts = inspect_file(path, layout)
        frame = read_raw(path, layout).collect()
    assert facts.rows == frame.height
    return frame


def quoted(value: str, *, always: bool) -> str:
    if always or any(mark in value for mark in ',"\r\n'):
        return '"' + value.replace('"', '""') + '"'
    return value


@quick
@given(
    st.lists(st.tuples(text, text, text), max_size=8),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
    piece_size,
)
def test_any_text_survives_a_quoted_file_and_lines_are_counted_right(
    monkeypatch, rows, always, ending, piece
):
    written, lines = "A,B,C" + ending, []
    for row in rows:
        lines.append(written.count("\n") + 1)
        written += ",".join(quoted(value, always=always) for value in row) + ending
    frame = read(written.encode(), FORM, piece, monkeypatch)
    assert frame.rows() == [(line, *row) for line, row in zip(lines, rows, strict=True)]


@quick
@given(st.lists(st.tuples(text, text, text), max_size=8), piece_size)
def test_any_text_survives_a_pipe_file(monkeypatch, rows, piece):
    rows = [tuple(value.replace("|", "").replace("\r\n", "") for value in row) for row in rows]
    written, lines = "A|B|C\r\n", []
    for row in rows:
        lines.append(written.count("\n") + 1)
        written += "|".join(row) + "\r\n"
    frame = read(written.encode(), LAB, piece, monkeypatch)
    assert frame.rows() == [(line, *row) for line, row in zip(lines, rows, strict=True)]


def records_one_character_at_a_time(content: bytes) -> list[list[str]] | None:  # noqa: C901 - one grammar
    """An independent reader of RFC 4180 as the pipeline understands it; None if the file must be refused."""
    body, rows, row, value, at = content.decode("latin-1"), [], [], "", 0
    if "\0" in body:
        return None
    while at < len(body):
        if body[at] == '"':
            end = at + 1
            while body[end : end + 1] != '"' or body[end : end + 2] == '""':
                if end >= len(body):
                    return None
                end += 2 if body[end] == '"' else 1
            value, at = body[at + 1 : end].replace('""', '"'), end + 1
            if not body[at:].startswith((",", "\n", "\r\n")):
                return None
        else:
            end = min((found for mark in ",\n" if (found := body.find(mark, at)) >= 0), default=-1)
            if end < 0 or '"' in body[at:end]:
                return None
            value, at = body[at:end], end
            if body[at] == "\n":
                value = value.removesuffix("\r")
        row.append(value)
        at += body.startswith("\r\n", at)
        if body[at] == "\n":
            rows.append(row)
            row = []
        elif at + 1 == len(body):
            return None
        at += 1
    return rows if not row and all(len(one) == len(COLUMNS) for one in rows) else None


@quick
@given(
    st.lists(st.sampled_from([b'"', b",", b"\n", b"\r", b"a", b"\0", b'""', b",,\n", b'"x"', b"b,c,d\r\n"])),
    piece_size,
)
def test_malformed_quoting_is_refused_and_everything_else_is_read_as_the_grammar_says(
    monkeypatch, tokens, piece
):
    body = b"".join(tokens)
    expected = records_one_character_at_a_time(body)
    try:
        frame = read(b"A,B,C\n" + body, FORM, piece, monkeypatch)
    except Refused:
        assert expected is None
    else:
        assert [list(row) for row in frame.drop("_line").rows()] == expected


@quick
@given(st.binary(max_size=60), st.integers(0, 40), st.sampled_from([FORM, LAB]), piece_size)
def test_arbitrary_bytes_are_refused_in_one_line_or_read_record_by_record(
    monkeypatch, noise, at, layout, piece
):
    good = (layout.separator.join(COLUMNS) + "\r\n" + (layout.separator.join("xyz") + "\r\n") * 4).encode()
    content = good[:at] + noise + good[at:]
    try:
        frame = read(content, layout, piece, monkeypatch)
    except Refused as error:
        if "\n" in str(error):
            pytest.fail("a refusal has one line")
    else:
        assert frame.null_count().sum_horizontal().item() == 0
        if b'"' not in content and layout is FORM:
            assert frame.height == content.count(b"\n") - 1
