"""The annotated CRF of the study, read back from its bytes and held against the specification and the contracts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from hashlib import sha256
from io import BytesIO
from itertools import combinations
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import Destination

from pipeline.commands.acrf import annotated
from pipeline.documents.acrf.document import annotated_crf
from pipeline.documents.acrf.facts import AnnotatedCrf, Crf, Field, Form
from pipeline.errors import SpecError
from pipeline.flow.acrf import FORMS, crf_facts
from pipeline.flow.context import study_parts
from pipeline.flow.delivered import delivered_sources
from pipeline.review.fates import Fate, fates
from pipeline.review.usage import usage
from pipeline.review.use import Role
from pipeline.settings import CHECKOUT, Settings
from tests.unit.review.spoiled import with_table

MARK = "DRAFT-BLINDED"
PARTS = study_parts(Settings(home=CHECKOUT / "var"))
SPEC, DELIVERED = PARTS.spec, delivered_sources(PARTS.models)
FATES = fates(SPEC, DELIVERED, usage(SPEC, DELIVERED))
SOURCES = dict(SPEC.table(FORMS).select("form", "source").iter_rows())
FRONT = 4  # conventions, contents, schedule, shared header
PRINTED = {"VS.VSORRESU"}  # units that the form prints, so that no column delivers them


@pytest.fixture(scope="module")
def crf() -> Crf:
    found = crf_facts(SPEC, DELIVERED)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def made(crf: Crf) -> AnnotatedCrf:
    return annotated_crf(crf, MARK)


@pytest.fixture(scope="module")
def reader(made: AnnotatedCrf) -> PdfReader:
    return PdfReader(BytesIO(made.pdf))


@pytest.fixture(scope="module")
def texts(reader: PdfReader) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def form_fields(crf: Crf) -> Iterator[tuple[Form, Field]]:
    """Every field of every form, its part of the record header included."""
    for form in crf.forms:
        yield from ((form, each) for each in (*form.heading, *form.fields))


def comments(page: Any) -> list[Any]:
    found = [each.get_object() for each in page.get("/Annots", [])]
    return [each for each in found if each["/Subtype"] == "/FreeText"]


def test_every_delivered_column_of_a_form_is_a_field_the_text_of_one_or_part_of_the_shared_header(crf):
    shared = {each.name for each in crf.shared.fields}
    for form in crf.forms:
        printed = [name for each in form.fields for name in each.names.split(", ")]
        delivered = DELIVERED[SOURCES[form.code]].columns
        assert [name for name in delivered if name not in shared] == printed, form.code


def test_every_variable_that_a_column_fills_stands_beside_it(crf):
    missing = []
    for form, field in form_fields(crf):
        said = " ".join(note.text for note in field.notes)
        for use in FATES[SOURCES[form.code], field.name].uses:
            dataset, _, variable = use.target.partition(".")
            if use.role is not Role.FILLS or copied(use.target):
                continue
            named = rf'QNAM = .*"{variable}"' if use.by == "supplement" else rf"\b{dataset}\.{variable}\b"
            missing += [] if re.search(named, said) else [(form.code, field.name, use.target)]
    assert missing == []


def copied(target: str) -> bool:
    """Whether the variable repeats one of another dataset (EX from EC) and is annotated there."""
    dataset, _, variable = target.partition(".")
    found = SPEC.datasets[dataset].variables.get(variable)
    return found is not None and found.origin == "Predecessor"


def test_the_record_of_a_collection_form_identifies_the_panels_that_were_not_drawn(crf):
    (form,) = (each for each in crf.forms if each.code == "LBC")
    (field,) = (each for each in form.heading if each.name == "RECORDID")
    assert [note.text for note in field.notes] == ['LB.LBSPID when LBTESTCD = "LBALL"']


def test_every_variable_that_is_collected_with_a_field_is_made_of_it(crf):
    for form, field in form_fields(crf):
        targets = {use.target for use in FATES[SOURCES[form.code], field.name].uses} | PRINTED
        plain = [note for note in field.notes if " = " not in note.head or "QNAM" in note.head]
        for key in (key.name for note in plain for key in note.keys):
            dataset, variable, *more = key.split(".")
            if variable == "QVAL":
                assert not more or f"{dataset.removeprefix('SUPP')}.{more[0]}" in targets, (form.code, key)
            else:
                assert f"{dataset}.{variable}" in targets, (form.code, field.name, key)


def test_every_column_that_is_not_submitted_has_its_reason(crf):
    for form, field in form_fields(crf):
        fate = FATES[SOURCES[form.code], field.name]
        if fate.fate is Fate.NOT_SUBMITTED:
            said = [note.text for note in field.notes if note.dataset is None]
            (reason,) = [reason for _, reason in fate.reasons]
            alone = len(field.notes) == len(said)
            assert said == [f"[NOT SUBMITTED] {reason}" if alone else reason], (form.code, field.name)


def test_no_field_is_marked_as_not_submitted_beside_what_it_is_used_for(crf):
    marked = [
        (form.code, field.name)
        for form, field in form_fields(crf)
        if len(field.notes) > 1 and any("NOT SUBMITTED" in note.text for note in field.notes)
    ]
    assert marked == []


def test_every_variable_that_site_or_subject_is_the_source_of_has_pages(made):
    collected = {
        f"{name}.{variable}"
        for name, dataset in SPEC.datasets.items()
        for variable, facts in dataset.variables.items()
        if facts.origin == "Collected" and facts.source in ("Investigator", "Subject")
    }
    qualifiers = {
        f"SUPP{name}.QVAL.{qualifier}"
        for name, dataset in SPEC.datasets.items()
        for qualifier, facts in dataset.supplements.items()
        if facts.origin == "Collected"
    }
    assert collected <= set(made.spots)
    assert qualifiers <= set(made.pages)


def test_no_variable_has_a_page_that_is_not_collected(made):
    for key in made.pages:
        dataset, variable, *more = key.split(".")
        if variable != "QVAL":
            assert SPEC.dataset(dataset).variables[variable].origin == "Collected", key
        elif more:
            qualifier = SPEC.dataset(dataset.removeprefix("SUPP")).supplements[more[0]]
            assert qualifier.origin == "Collected", key


def test_the_pages_of_a_variable_are_those_whose_text_names_it(made, texts):
    for key, pages in made.pages.items():
        dataset, variable, *more = key.split(".")
        named = re.compile(rf'QNAM = .*"{more[0]}"' if variable == "QVAL" and more else rf"\b{variable}\b")
        numbered = re.fullmatch(r"(.*?)[0-9]+", (more or [variable])[0])
        run = re.compile(rf'{numbered[1]}1"? to ' if numbered else "(?!)")
        for page in pages:
            text = texts[page - 1]
            assert named.search(text) or run.search(text), (key, page)
            assert f"{dataset} (" in text, (key, page)


def test_a_page_that_annotates_a_collected_variable_is_among_its_pages(reader, made):
    for number, page in enumerate(reader.pages[FRONT:-1], start=FRONT + 1):
        for each in (str(comment["/Contents"]) for comment in comments(page)):
            fixed = each.count(" = ") == each.count(", ") + 1 and " if " not in each and " when " not in each
            for dataset, variable in [] if fixed else re.findall(r"\b([A-Z]{2})\.([A-Z0-9]+)\b", each):
                origin = SPEC.dataset(dataset).variables[variable].origin
                told = number in made.pages.get(f"{dataset}.{variable}", ())
                assert told == (origin == "Collected" and not each.startswith("used")), (number, each)


def test_every_form_and_every_visit_has_a_bookmark_that_leads_to_the_form(reader, texts, crf):
    outline = reader.outline
    forms = children(outline, "Forms")
    codes = sorted(form.code for form in crf.forms)
    assert [each.title.partition(" - ")[0] for each in forms] == codes
    for each in forms:
        assert texts[page_of(reader, each)].find(each.title.partition(" - ")[2]) >= 0
    visits = children(outline, "Visits")
    names = [each.title for each in visits if isinstance(each, Destination)]
    assert names == list(crf.visits.values())
    for code, name in crf.visits.items():
        below = children(visits, name)
        expected = [f"{form.code} - {form.title}" for form in crf.forms if code in form.visits]
        assert [each.title for each in below] == expected
        assert all(each.title.partition(" - ")[2] in texts[page_of(reader, each)] for each in below)


def children(outline: list[Any], title: str) -> list[Any]:
    """The bookmarks below the bookmark of that title."""
    at = next(n for n, each in enumerate(outline) if isinstance(each, Destination) and each.title == title)
    found = outline[at + 1]
    assert isinstance(found, list)
    return found


def page_of(reader: PdfReader, bookmark: Destination) -> int:
    number = reader.get_destination_page_number(bookmark)
    assert number is not None
    return number


def test_every_annotation_is_text_of_the_page_and_a_comment_with_an_appearance_of_its_own(reader, texts):
    for page, text in zip(reader.pages, texts, strict=True):
        for each in comments(page):
            assert each["/Contents"].replace(" ", "") in text.replace(" ", "")
            box = each["/AP"]["/N"].get_object()["/BBox"]
            left, bottom, right, top = (float(side) for side in each["/Rect"])
            assert [float(side) for side in box] == pytest.approx(
                [0, 0, right - left, top - bottom], abs=0.01
            )
            assert int(each["/F"]) & 4, "a comment that is not printed is missing on paper"


def test_no_annotation_touches_another_or_leaves_the_page(reader):
    for page in reader.pages:
        boxes = [tuple(float(side) for side in each["/Rect"]) for each in comments(page)]
        assert all(
            left >= 36 and bottom >= 44 and right <= 612 - 34 and top <= 736
            for left, bottom, right, top in boxes
        )
        for one, two in combinations(boxes, 2):
            apart = one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]
            assert apart, (one, two)


def test_every_font_is_embedded(reader):
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]
    assert fonts
    assert all("/FontFile2" in font["/FontDescriptor"].get_object() for font in fonts)


def test_contents_name_every_form_and_the_index_every_collected_variable(texts, crf, made):
    assert all(form.title in texts[1] for form in crf.forms)
    index = texts[-1]
    assert all(variable in index for variable in {key.split(".")[1] for key in made.pages} - {"QVAL"})


def test_the_properties_tell_the_data_cut_or_no_date(reader, crf):
    assert not {"/CreationDate", "/ModDate"} & set(reader.metadata)
    made = annotated_crf(replace(crf, forms=crf.forms[:1]), None, date(2027, 6, 30))
    assert PdfReader(BytesIO(made.pdf)).metadata["/CreationDate"] == "D:20270630000000Z"


def test_a_draft_is_marked_on_every_page_and_a_filing_on_none(texts, crf):
    assert all(text.count(MARK) >= 2 for text in texts)
    final = PdfReader(BytesIO(annotated_crf(replace(crf, forms=crf.forms[:1]), None).pdf))
    assert not any(
        "DRAFT" in page.extract_text() or "submission" in page.extract_text() for page in final.pages
    )
    assert "DRAFT" not in str(final.metadata)


def test_equal_facts_give_equal_bytes_in_another_process(made):
    code = (
        "from hashlib import sha256; from pathlib import Path; from pipeline.flow.acrf import annotated_crf_of; "
        "from pipeline.flow.context import study_parts; from pipeline.settings import Settings; "
        f"made = annotated_crf_of(study_parts(Settings(home=Path('var'))), {MARK!r}); "
        "print(sha256(made.pdf).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == sha256(made.pdf).hexdigest()


def test_the_command_writes_the_draft_for_review(made, tmp_path):
    told = annotated(Settings(home=tmp_path), tmp_path / "review" / "acrf.pdf")
    assert (tmp_path / "review" / "acrf.pdf").read_bytes() == made.pdf
    assert (told["forms"], told["pages"]) == (len(SOURCES), made.total)


def test_a_study_without_a_table_of_forms_has_no_annotated_crf():
    assert crf_facts(replace(SPEC, tables={}), DELIVERED) is None


def test_a_form_of_a_file_that_is_not_delivered_is_refused():
    rows = SPEC.table(FORMS).with_columns(source=SPEC.table(FORMS)["source"].replace({"edc_vs": "edc_xx"}))
    with pytest.raises(SpecError, match=r"crf_forms.csv: edc_xx is not delivered"):
        crf_facts(with_table(FORMS, rows), DELIVERED)


def test_a_visit_that_the_forms_do_not_know_is_refused():
    rows = SPEC.table(FORMS).with_columns(visits=SPEC.table(FORMS)["visits"].replace({"SCR": "SCREEN"}))
    with pytest.raises(SpecError, match=r"crf_forms.csv: visit SCREEN is unknown"):
        crf_facts(with_table(FORMS, rows), DELIVERED)
