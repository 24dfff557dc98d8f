"""The reviewer's guide: the template's sections in order, nothing lost, drafts marked, the same bytes every time."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from pipeline.documents.guide.blocks import (
    UNWRITTEN,
    Alarm,
    Bullets,
    Heading,
    Paragraph,
    Question,
    Table,
    prose,
)
from pipeline.documents.guide.conformance import NOT_EXPLAINED
from pipeline.documents.guide.conformance_facts import Conformance
from pipeline.documents.guide.document import reviewers_guide, sections
from pipeline.documents.guide.facts import Count, Fate, LeftOut, Prose, StandardUse
from pipeline.documents.guide.links import Links
from tests.unit.documents.guides import CHECKED, demographics, facts, pages, trial_design, whole

MARK = "DRAFT-BLINDED"
IN_TEMPLATE = [
    "1 Introduction",
    "1.1 Purpose",
    "1.2 Acronyms",
    "1.3 Study Data Standards and Dictionary Inventory",
    "2 Protocol Description",
    "2.1 Protocol Number and Title",
    "2.2 Protocol Design",
    "2.3 Trial Design Datasets",
    "2.3.1 TI - Criteria",
    "3 Subject Data Description",
    "3.1 Overview",
    "3.1.1 Subjects",
    "3.1.2 Masking",
    "3.1.3 Key decisions",
    "3.1.4 Additional content of interest",
    "3.2 Annotated CRFs",
    "3.3 SDTM Subject Domains",
    "3.3.1 DM - Demographics",
    "4 Data Conformance Summary",
    "4.1 Conformance Inputs",
    "4.2 Issues Summary",
    "4.3 Additional Conformance Details",
    "Appendix I: Inclusion/Exclusion Criteria",
    "Appendix II: Conformance Issues Details",
    "Appendix III: Assumptions",
]


@pytest.fixture(scope="module")
def draft() -> bytes:
    return reviewers_guide(facts(), MARK)


def test_the_sections_are_those_of_the_template_in_its_order() -> None:
    assert [block.text for block in sections(facts()) if isinstance(block, Heading)] == IN_TEMPLATE


def test_every_heading_is_a_bookmark_a_line_of_the_contents_and_stands_on_its_page(draft: bytes) -> None:
    reader = PdfReader(BytesIO(draft))
    outline = [(entry.title, reader.get_destination_page_number(entry)) for entry in flat(reader.outline)]
    assert [title for title, _ in outline] == IN_TEMPLATE
    texts = pages(draft)
    for title, page in outline:
        assert title in texts[page]
        assert title in texts[1]


def flat(outline: list) -> list:
    return [entry for each in outline for entry in (flat(each) if isinstance(each, list) else [each])]


def test_every_link_leads_to_a_heading(draft: bytes) -> None:
    reader = PdfReader(BytesIO(draft))
    headings = {place(entry.dest_array) for entry in flat(reader.outline)}
    links = [place(note.get_object()["/Dest"]) for page in reader.pages for note in page.get("/Annots", [])]
    assert len(links) > len(IN_TEMPLATE)
    assert set(links) == headings  # the contents lead to every one of them


def place(destination: list) -> tuple[int, float]:
    """Page and height of a destination that keeps the reader's zoom."""
    page, fit, _, top, zoom = destination
    assert (fit, zoom) == ("/XYZ", 0)
    return page.idnum, float(top)


def test_every_font_is_embedded(draft: bytes) -> None:
    fonts = {}
    for page in PdfReader(BytesIO(draft)).pages:
        fonts |= {name: font.get_object() for name, font in page["/Resources"]["/Font"].items()}
    embedded = {name for name, font in fonts.items() if "/FontFile2" in font.get("/FontDescriptor", {})}
    assert embedded == set(fonts)


def test_a_draft_is_marked_on_every_page(draft: bytes) -> None:
    texts = pages(draft)
    assert [f"{MARK}: not for submission" in text for text in texts] == [True] * len(texts)
    assert [f"Page {at} of {len(texts)}" in text for at, text in enumerate(texts, 1)] == [True] * len(texts)


def test_what_is_submitted_has_no_mark_anywhere() -> None:
    source = replace(facts().source, mode="FINAL", masked=False)
    octets = reviewers_guide(facts(source=source, masked=(), withheld=()), None)
    assert "DRAFT" not in whole(octets)
    assert "not for submission" not in whole(octets)
    assert "DRAFT" not in str(PdfReader(BytesIO(octets)).metadata)


def test_the_only_date_of_the_properties_is_the_data_cut(draft: bytes) -> None:
    told = PdfReader(BytesIO(draft)).metadata
    assert told is not None
    assert {str(told[name]) for name in ("/CreationDate", "/ModDate")} == {"D:20270131000000Z"}


def test_equal_facts_give_equal_bytes(draft: bytes) -> None:
    assert reviewers_guide(facts(), MARK) == draft


def test_signs_that_mean_something_to_a_layout_are_printed_as_they_are(draft: bytes) -> None:
    assert "Parallel & <simple>." in whole(draft)
    assert "Adult, weight <= 120 kg" in whole(draft)


def test_names_of_datasets_sections_and_appendices_are_links() -> None:
    links = Links(["dataset TI", "dataset DM", "section 3.2", "section Appendix I"])

    def targets(text: str, within: str = "") -> list[str]:
        return re.findall('href="#([^"]*)"', links.markup(text, within))

    assert targets("TI.IETEST and DM, see section 3.2 and Appendix I.") == [
        "dataset TI",
        "dataset DM",
        "section 3.2",
        "section Appendix I",
    ]
    assert targets("DM and again DM, but not ADM, DM2 or DM-1") == ["dataset DM"]
    assert targets("DM has AGE, TI the criteria", within="DM") == ["dataset TI"]
    assert targets("Section 9.9 and Appendix IX are not here") == []


def test_an_issue_that_nobody_has_explained_is_shown_as_such() -> None:
    rows = table("Issues and their explanations").rows
    assert [(row[0], row[-1]) for row in rows] == [
        ("RULE-1", "Ages are as collected"),
        ("RULE-2", Alarm(NOT_EXPLAINED)),
    ]
    assert Paragraph("Without an explanation yet: 1 of the rows below.", "warning") in sections(facts())


def test_rules_that_broke_are_named_with_their_datasets() -> None:
    told = facts(conformance=replace(CHECKED, broken=(("RULE-3", ("AE", "LB")),)))
    line = "Rules that broke in the engine and say nothing of these datasets: RULE-3 in AE, LB."
    assert Paragraph(line, "warning") in sections(told)


def test_rules_that_were_not_run_are_no_clean_result() -> None:
    told = facts(conformance=Conformance(not_run="no cache was named"))
    blocks = list(sections(told))
    assert Question("Was a validator used to evaluate conformance?", "No") in blocks
    assert Paragraph("CDISC CORE was not run: no cache was named.", "warning") in blocks
    assert Paragraph("Nothing was checked yet.") in blocks
    own = Conformance(not_run="no cache was named", issues=CHECKED.issues, checks=CHECKED.checks)
    assert len(table("Issues and their explanations", conformance=own).rows) == len(CHECKED.issues)


def table(title: str, **changed: object) -> Table:
    return next(b for b in sections(facts(**changed)) if isinstance(b, Table) and b.title == title)


def test_assumptions_show_question_wording_value_and_setting() -> None:
    assert table("Open questions and what is assumed").rows == (
        ("Q3", "One or both?", "Either will do", "EITHER", "rule"),
    )
    assert table("Limits that answer no open question").rows == (("No more than this", "7", "limit"),)


def test_a_dictionary_without_a_version_says_why() -> None:
    standards = (
        StandardUse("Other standard", "GENC", "", "TS"),
        StandardUse("Other standard", "UNII", "", "TS"),
    )
    prose_of = replace(facts().prose, without_version=(("GENC", "It has editions"),))
    told = Bullets(("GENC: It has editions", "UNII: no reason is given"))
    assert told in sections(facts(standards=standards, prose=prose_of))


def test_planned_datasets_without_records_are_named() -> None:
    question = "Were any domains planned, but not submitted because no data were collected?"
    assert Question(question, "Yes") in sections(facts())
    assert Question(question, "No") in sections(facts(absent=()))


@pytest.mark.parametrize(
    ("rows", "columns", "answer", "told"),
    [
        (0, 0, "No", "No delivered row is set aside, and every delivered column is used."),
        (2, 0, "Yes", "2 delivered rows are set aside, and every delivered column is used."),
        (
            1,
            1,
            "Yes",
            "1 delivered row is set aside, and 1 delivered column fills no variable (section 3.2).",
        ),
        (
            0,
            3,
            "Yes",
            "No delivered row is set aside, and 3 delivered columns fill no variable (section 3.2).",
        ),
    ],
)
def test_rows_set_aside_and_columns_left_out_make_it_a_subset(
    rows: int, columns: int, answer: str, told: str
) -> None:
    left_out = (LeftOut("of no use", columns, 1, ("X",)),) if columns else ()
    blocks = list(sections(facts(masked=(), fates=(Fate("quarantined", rows),), left_out=left_out)))
    assert Question("Are the submitted data a subset of collected data?", answer) in blocks
    assert Paragraph(told) in blocks


def test_versions_of_the_criteria_say_what_each_amendment_changed() -> None:
    source = replace(facts().source, criteria_versions=("1",))
    said = "TI has one version of the criteria (TIVERS 1): no amendment has changed them."
    assert Paragraph(said) in sections(facts(source=source))
    two = {
        "source": replace(source, criteria_versions=("1", "2")),
        "prose": replace(facts().prose, amendments=(("2", "Age up to 75"),)),
    }
    assert table("Versions of the criteria", **two).rows == (("1", "first version"), ("2", "Age up to 75"))


def test_a_qualifier_that_nobody_has_is_listed_without_records() -> None:
    rows = table("Supplemental qualifiers: SUPPDM (2 records)").rows
    assert [(row[0], row[-2]) for row in rows] == [("COHORT", "2"), ("NONE", "no record")]


def test_what_the_study_has_not_written_is_said_and_nothing_breaks() -> None:
    bare = facts(
        prose=Prose(),
        datasets=(replace(demographics(), note=None, uses=None), replace(trial_design(), note=None)),
    )
    assert UNWRITTEN in whole(reviewers_guide(bare, MARK))


@given(st.lists(st.integers(1, 50), min_size=1, max_size=90))
def test_a_table_of_counts_closes_to_the_number_of_records(numbers: list[int]) -> None:
    counts = tuple(Count((f"V{at}",), number, 1) for at, number in enumerate(numbers))
    many = replace(demographics(), counts=counts, records=sum(numbers))
    rows = table("Records by SEX", datasets=(many,)).rows
    assert sum(int(str(row[1]).replace(",", "")) for row in rows) == sum(numbers)


def test_prose_has_paragraphs_and_lists() -> None:
    told = prose("One line\ngoes on.\n\n- first\n  of two\n- second\n\nEnd.")
    assert told == [Paragraph("One line goes on."), Bullets(("first of two", "second")), Paragraph("End.")]
