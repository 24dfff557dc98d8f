"""The page: whole, linked, safe, the same every time, and without the network."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from pipeline.review.page import page
from pipeline.review.problem import Problem
from pipeline.review.usage import usage
from pipeline.review.words import filled_lines
from tests.unit.review.spoiled import BEFORE, DELIVERED, SPEC, with_study

PAGE = page(SPEC, DELIVERED, [])
USES = usage(SPEC, DELIVERED)
_VOID = {"meta", "input", "br", "link", "img"}


class Read(HTMLParser):
    """Ids, links, and whether every element is closed."""

    def __init__(self):
        super().__init__()
        self.ids, self.links, self.open, self.wrong = [], [], [], []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a":
            self.links.append(found.get("href", ""))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append((tag, self.getpos()))


@pytest.fixture(scope="module")
def read():
    reader = Read()
    reader.feed(PAGE)
    return reader


def words(dataset, variable):
    lines = filled_lines(SPEC.dataset(dataset), variable, USES)
    return [(line.rows, "".join(piece.text for piece in line.pieces)) for line in lines]


def test_every_element_is_closed(read):
    assert read.wrong == []
    assert read.open == []


def test_every_link_stays_on_the_page_and_finds_its_place(read):
    assert all(link.startswith("#") for link in read.links)
    assert {link[1:] for link in read.links} <= set(read.ids)


def test_every_place_has_a_name_of_its_own(read):
    assert len(read.ids) == len(set(read.ids))


def test_every_dataset_variable_file_and_column_has_a_place(read):
    ids = set(read.ids)
    for name, dataset in SPEC.datasets.items():
        assert f"d-{name}" in ids
        assert {f"v-{name}-{variable}" for variable in (*dataset.variables, *dataset.supplements)} <= ids
    for name, source in DELIVERED.items():
        assert f"s-{name}" in ids
        printed = {column.name for column in source.columns.values() if column.decodes}
        assert {f"c-{name}-{column}" for column in source.columns if column not in printed} <= ids
        assert all(column in PAGE for column in printed)


def test_nothing_is_fetched_from_anywhere():
    for sign in ("http://", "https://", "//cdn", "@import", "url(", "src=", "<link"):
        assert sign not in PAGE


def test_settings_stand_with_their_questions():
    for name, setting in SPEC.study.settings.items():
        assert name in PAGE
        assert setting.question is None or setting.question in PAGE


def test_text_of_the_specification_is_not_markup():
    assert "<script>alert" not in page(with_study(title="<script>alert(1)</script>"), DELIVERED, [])


def test_open_points_stand_on_the_page():
    found = [Problem("undecided column", "edc_x.COLUMN", "does nothing", "map it")]
    told = page(SPEC, DELIVERED, found)
    assert "1 open point<" in told
    assert "edc_x.COLUMN" in told
    assert "edc_x.COLUMN" not in PAGE
    assert ">complete<" in PAGE


def test_equal_specifications_give_equal_bytes_in_every_process(tmp_path):
    target = tmp_path / "page.html"
    other_seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    command = [sys.executable, "-m", "pipeline", "spec", "--to", str(target), "--json"]
    environment = {**os.environ, "PYTHONHASHSEED": other_seed, "SDTM_HOME": str(tmp_path / "home")}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert target.read_bytes() == PAGE.encode()


def test_a_verb_reads_like_a_sentence():
    assert words("AE", "AETERM") == [("", "taken from edc_ae.AETERM, upper case")]
    assert words("AE", "AEREL") == [("", "edc_ae.AEREL through map AEREL")]
    assert words("AE", "AESTDTC") == [("", "date edc_ae.AESTDAT with time edc_ae.AESTTIM")]
    assert words("DM", "AGEU") == [("", "always “YEARS”")]
    assert words("IE", "IETEST") == [("", "IETEST of table criteria by edc_ie.IETESTCD")]
    assert words("TE", "TEDUR") == [("", "column TEDUR of table te")]
    assert words("DV", "DVDECOD")[0][1].startswith("always empty: ")


def test_parts_that_fill_a_variable_in_different_ways_are_told_apart():
    found = dict(words("DS", "DSDECOD"))
    assert found["edc_dstrt where DSTRTYN is N"] == "taken from edc_dstrt.DSTRTREAS"
    assert found["edc_unb"] == "always “TREATMENT UNBLINDED”"
    assert len(found) > 3


def test_parts_that_fill_a_variable_in_one_way_are_told_once():
    assert [rows for rows, _ in words("QS", "QSSPID")] == [""]
    assert words("QS", "QSSPID")[0][1].count("RECORDID") == 3


def test_a_part_that_leaves_a_variable_empty_says_so():
    found = words("MH", "MHOCCUR")
    assert ("edc_mhpre", "edc_mhpre.MHOCCUR through map YN") in found
    assert any(text == "stays empty" and "edc_mhra" in rows for rows, text in found)


def test_a_derived_variable_shows_the_columns_behind_it():
    assert "(from edc_dsic.ICDAT, edc_dsic.ICTIM)" in words("DM", "RFICDTC")[0][1]
    assert "columns of" in words("QS", "QSORRES")[0][1]


def test_a_file_without_a_restriction_is_not_called_restricted():
    free = {name: replace(each, restricted=False) for name, each in DELIVERED.items()}
    assert "restricted: never in a blinded build" in PAGE
    assert "restricted: never in a blinded build" not in page(SPEC, free, list(BEFORE))
