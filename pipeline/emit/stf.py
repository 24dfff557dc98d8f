"""The study tagging file: which file of a study is what, for an agency that takes electronic submissions.

Sources: ICH M2, "The eCTD Backbone File Specification for Study Tagging Files" 2.6.1 (ich-stf-v2-2.dtd: root, study
identifier, one doc-content with one file-tag for each file, which refers to a leaf of index.xml); FDA, "Technical
Rejection Criteria for Study Data", criterion 1735 (tags of datasets and define.xml); the list of valid values for the
rest: the guide and what belongs to define.xml are data definitions. The leafs of index.xml are made by the publisher of
the submission; the ids that this file refers to are ``leaf_id`` of each file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from pipeline.emit.tree import MODULE, Tree, ectd_name
from pipeline.errors import BuildFailed
from pipeline.specs.load import StudySpec

SECTION, CONTROL = "ctd.section", "ctd.control"
CONTROLLED = "5.3.5.1"  # there the specification wants the type of control
_SECTIONS = {
    "5.3.1.1": "53-clin-stud-rep/531-rep-biopharm-stud/5311-ba-stud-rep",
    "5.3.1.2": "53-clin-stud-rep/531-rep-biopharm-stud/5312-compar-ba-be-stud-rep",
    "5.3.3.1": "53-clin-stud-rep/533-rep-human-pk-stud/5331-healthy-subj-pk-init-tol-stud-rep",
    "5.3.3.2": "53-clin-stud-rep/533-rep-human-pk-stud/5332-patient-pk-init-tol-stud-rep",
    "5.3.3.3": "53-clin-stud-rep/533-rep-human-pk-stud/5333-intrin-factor-pk-stud-rep",
    "5.3.3.4": "53-clin-stud-rep/533-rep-human-pk-stud/5334-extrin-factor-pk-stud-rep",
    "5.3.4.1": "53-clin-stud-rep/534-rep-human-pd-stud/5341-healthy-subj-pd-stud-rep",
    "5.3.4.2": "53-clin-stud-rep/534-rep-human-pd-stud/5342-patient-pd-stud-rep",
    CONTROLLED: "53-clin-stud-rep/535-rep-effic-safety-stud/5351-stud-rep-contr",
    "5.3.5.2": "53-clin-stud-rep/535-rep-effic-safety-stud/5352-stud-rep-uncontr",
}
CONTROLS = (
    "no-treatment",
    "placebo",
    "dose-response-without-placebo",
    "active-control-without-placebo",
    "external",
)
_DATASET, _DEFINITION, _CRF = (
    "data-tabulation-dataset-sdtm",
    "data-tabulation-data-definition",
    "annotated-crf",
)
_TAGS = {
    "define.xml": _DEFINITION,
    "define2-1.xsl": _DEFINITION,
    "define.html": _DEFINITION,
    "csdrg.pdf": _DEFINITION,
    "acrf.pdf": _CRF,
}
_NAMESPACES = {"ectd": "http://www.ich.org/ectd", "xlink": "http://www.w3.org/1999/xlink"}
_HREF = f"{{{_NAMESPACES['xlink']}}}href"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_VERSION = "2.2"
_AGENCY = "us"  # every tag used here is one of the United States
_NO_ID = re.compile(r"[^a-z0-9]+")


def stf_path(spec: StudySpec, root: Path) -> Path:
    """Where the study tagging file of a release in ``root`` lies; BuildFailed without a known section."""
    section, study = _section(spec), ectd_name(spec.study.study)
    if section not in _SECTIONS:
        fix = f"choose {', '.join(_SECTIONS)}"
        raise BuildFailed(f"study.yaml: settings.{SECTION}", "is no section of clinical study reports", fix)
    return Tree(root, spec.study.study).module / _SECTIONS[section] / study / f"stf-{study}.xml"


def _section(spec: StudySpec) -> str:
    named = spec.study.settings.get(SECTION)
    return "" if named is None else named.value


def study_tagging_file(spec: StudySpec, files: Iterable[str]) -> bytes:
    """The document for ``files``, paths in the release (``m5/...``); in the order of the paths, with LF.

    Raises BuildFailed for a file that no tag is known for, or if the section wants a type of control that is not set.
    """
    place = stf_path(spec, Path()).as_posix()
    up = "../" * place.count("/")
    root = etree.Element(f"{{{_NAMESPACES['ectd']}}}study", nsmap=_NAMESPACES)
    root.set(_LANGUAGE, "en")
    root.set("dtd-version", _VERSION)
    _identify(etree.SubElement(root, "study-identifier"), spec)
    documents = etree.SubElement(root, "study-document")
    for file in sorted(files):
        content = etree.SubElement(documents, "doc-content")
        content.set(_HREF, f"{up}index.xml#{leaf_id(file)}")
        etree.SubElement(content, "file-tag", name=_tag(file), attrib={"info-type": _AGENCY})
    etree.indent(root, space="  ")
    prologue = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<!DOCTYPE ectd:study SYSTEM "{up}util/dtd/ich-stf-v2-2.dtd">\n'
        f'<?xml-stylesheet type="text/xsl" href="{up}util/style/ich-stf-stylesheet-2-3.xsl"?>\n'
    )
    return prologue.encode() + bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=False)) + b"\n"


def _identify(identifier: Any, spec: StudySpec) -> None:
    etree.SubElement(identifier, "title").text = spec.study.title
    etree.SubElement(identifier, "study-id").text = spec.study.study
    if _section(spec) != CONTROLLED:
        return
    control = spec.study.settings.get(CONTROL)
    if control is None or control.value not in CONTROLS:
        raise BuildFailed(
            f"study.yaml: settings.{CONTROL}",
            f"section {CONTROLLED} wants the type of control",
            f"choose {', '.join(CONTROLS)}",
        )
    category = etree.SubElement(identifier, "category", name="type-of-control", attrib={"info-type": _AGENCY})
    category.text = control.value


def _tag(file: str) -> str:
    name = file.rpartition("/")[2]
    if name.endswith(".xpt"):
        return _DATASET
    try:
        return _TAGS[name]
    except KeyError:
        raise BuildFailed(file, "no file-tag is known for it", "file only what a reviewer needs") from None


def leaf_id(file: str) -> str:
    """The id that the leaf of ``file`` must have in index.xml: a name in XML, the same for the same path."""
    return f"id-{_NO_ID.sub('-', file.removeprefix(f'{MODULE}/').lower())}"


@dataclass(frozen=True)
class Tagged:
    """What a study tagging file says: the study-id, and the tag of each leaf id."""

    study: str
    tags: Mapping[str, str]


def read_tagging_file(document: bytes) -> Tagged | None:
    """What ``document`` says; None if it is no study tagging file."""
    parser = etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError:
        return None
    if etree.QName(root).localname != "study":
        return None
    tags = {}
    for content in root.iterfind("study-document/doc-content"):
        tag = content.find("file-tag")
        if tag is not None:
            tags[content.get(_HREF, "").partition("#")[2]] = tag.get("name", "")
    return Tagged(root.findtext("study-identifier/study-id") or "", tags)
