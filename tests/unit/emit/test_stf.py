"""The study tagging file: every file with its tag, references that resolve, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from pipeline.emit.stf import CONTROL, SECTION, leaf_id, read_tagging_file, stf_path, study_tagging_file
from pipeline.errors import BuildFailed
from pipeline.specs.load import StudySpec
from pipeline.specs.models import Setting
from tests.unit.emit.submission_frames import study

FOLDER = "m5/datasets/bxu001-ra/tabulations/sdtm"
NAMES = ("dm.xpt", "define.xml", "define2-1.xsl", "define.html", "acrf.pdf", "csdrg.pdf", "split/lbch.xpt")
FILES = [f"{FOLDER}/{name}" for name in NAMES]
DATASET, DEFINITION = "data-tabulation-dataset-sdtm", "data-tabulation-data-definition"


def with_settings(**values: str) -> StudySpec:
    spec = study()
    settings = {
        name.replace("_", "."): Setting(value=value, meaning="for a test") for name, value in values.items()
    }
    changed = spec.study.model_copy(update={"settings": {**spec.study.settings, **settings}})
    return replace(spec, study=changed)


def test_it_names_the_study_and_the_tag_of_every_file() -> None:
    told = read_tagging_file(study_tagging_file(study(), FILES))
    assert told
    assert told.study == "BXU001-RA"
    assert [told.tags[leaf_id(file)] for file in FILES] == [
        DATASET,
        DEFINITION,
        DEFINITION,
        DEFINITION,
        "annotated-crf",
        DEFINITION,
        DATASET,
    ]


def test_it_lies_in_the_section_of_the_study_and_refers_to_the_index_above_the_modules() -> None:
    place = stf_path(study(), Path()).as_posix()
    reports = "m5/53-clin-stud-rep/533-rep-human-pk-stud/5332-patient-pk-init-tol-stud-rep"
    assert place == f"{reports}/bxu001-ra/stf-bxu001-ra.xml"
    root = etree.fromstring(study_tagging_file(study(), FILES))
    hrefs = [each.get("{http://www.w3.org/1999/xlink}href") for each in root.iter("doc-content")]
    resolved = {(Path("/0000") / place).parent.joinpath(href.partition("#")[0]).resolve() for href in hrefs}
    assert resolved == {Path("/0000/index.xml")}
    assert len(set(hrefs)) == len(FILES)


def test_it_has_the_form_of_version_2_2() -> None:
    document = study_tagging_file(study(), FILES)
    root = etree.fromstring(document)
    assert root.tag == "{http://www.ich.org/ectd}study"
    assert root.get("dtd-version") == "2.2"
    assert [child.tag for child in root] == ["study-identifier", "study-document"]
    assert [child.tag for child in root[0]] == ["title", "study-id"]
    assert all([child.tag for child in content] == ["file-tag"] for content in root[1])
    assert {each.get("info-type") for each in root.iter("file-tag")} == {"us"}
    assert document.splitlines()[1].startswith(b'<!DOCTYPE ectd:study SYSTEM "../../')


def test_the_order_of_the_files_does_not_matter() -> None:
    assert study_tagging_file(study(), FILES) == study_tagging_file(study(), FILES[::-1])


def test_a_leaf_id_is_a_name_in_xml() -> None:
    assert leaf_id(FILES[0]) == "id-datasets-bxu001-ra-tabulations-sdtm-dm-xpt"


def test_a_controlled_study_tells_its_control() -> None:
    spec = with_settings(ctd_section="5.3.5.1", ctd_control="placebo")
    root = etree.fromstring(study_tagging_file(spec, FILES))
    (category,) = root.iter("category")
    assert (category.get("name"), category.text) == ("type-of-control", "placebo")


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        (with_settings(ctd_section="5.3.5.1"), f"settings.{CONTROL}: section 5.3.5.1 wants"),
        (with_settings(ctd_section="5.9"), f"settings.{SECTION}: is no section of clinical study reports"),
    ],
)
def test_a_section_that_cannot_be_filed_is_refused(spec: StudySpec, line: str) -> None:
    with pytest.raises(BuildFailed, match=line):
        study_tagging_file(spec, FILES)


def test_a_file_without_a_tag_is_refused() -> None:
    with pytest.raises(BuildFailed, match=r"notes\.txt: no file-tag is known for it"):
        study_tagging_file(study(), [f"{FOLDER}/notes.txt"])


@pytest.mark.parametrize("document", [b"", b"<study", b"<other/>"])
def test_what_is_no_study_tagging_file_says_nothing(document: bytes) -> None:
    assert read_tagging_file(document) is None
