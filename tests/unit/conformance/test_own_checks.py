"""The own checks: a right package passes every rule, and each rule finds what breaks it, by name."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest
from pypdf import PdfWriter
from pypdf.annotations import FreeText

from pipeline.conformance.facts import FINAL, ColumnFacts, DatasetFacts, DefineFacts, FileFacts, PackageFacts
from pipeline.conformance.layout import LAID_OUT, MOST_BYTES
from pipeline.conformance.rejection import REJECTED
from pipeline.conformance.rules import FAILED, NOT_FILED, PASSED, checked
from pipeline.conformance.verdict import OwnResult
from pipeline.emit.package import Heading, Paper, describe, write_package
from pipeline.emit.tree import Tree
from tests.unit.conformance.packages import STUDY, facts_of, packed, records, tag
from tests.unit.emit import submission_frames as sf

RULES = {rule.id for rule in (*REJECTED, *LAID_OUT)}
Breaking = Callable[[PackageFacts], PackageFacts]


def judged(facts: PackageFacts) -> OwnResult:
    return checked(facts, REJECTED, LAID_OUT)


def failed(facts: PackageFacts) -> set[str]:
    return {each.rule for each in judged(facts).criteria if each.outcome == FAILED}


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> PackageFacts:
    return facts_of(packed(tmp_path_factory.mktemp("right") / "release").root)


def without(name: str) -> Breaking:
    """The package without the dataset ``name``: no file, no line in define.xml or in the tagging file."""

    def broken(facts: PackageFacts) -> PackageFacts:
        gone = f"{facts.data}/{name.lower()}.xpt"
        assert facts.define
        return replace(
            facts,
            files=tuple(file for file in facts.files if file.path != gone),
            datasets=tuple(each for each in facts.datasets if each.name != name),
            define=replace(
                facts.define, datasets={k: v for k, v in facts.define.datasets.items() if k != name}
            ),
            starts=() if name == "TS" else facts.starts,
        )

    return broken


def dataset(name: str, **changed: object) -> Breaking:
    def broken(facts: PackageFacts) -> PackageFacts:
        return replace(facts, datasets=tuple(_changed(each, name, changed) for each in facts.datasets))

    return broken


def _changed(each: DatasetFacts, name: str, changed: dict[str, object]) -> DatasetFacts:
    return replace(each, **changed) if each.name == name else each  # type: ignore[arg-type]


def column(**changed: object) -> Breaking:
    """The first variable of AE (STUDYID, nine bytes) is another one."""

    def broken(facts: PackageFacts) -> PackageFacts:
        ae = facts.dataset("AE")
        assert ae
        first: ColumnFacts = replace(ae.columns[0], **changed)  # type: ignore[arg-type]
        return dataset("AE", columns=(first, *ae.columns[1:]))(facts)

    return broken


def file(name: str, **changed: object) -> Breaking:
    def broken(facts: PackageFacts) -> PackageFacts:
        files = tuple(
            replace(each, **changed) if each.name == name else each  # type: ignore[arg-type]
            for each in facts.files
        )
        return replace(facts, files=files)

    return broken


def added(path: str) -> Breaking:
    """One more file, which the tagging file lists."""

    def broken(facts: PackageFacts) -> PackageFacts:
        assert facts.tagged
        tagged = replace(facts.tagged, tags={**facts.tagged.tags, path: "annotated-crf"})
        return replace(facts, files=(*facts.files, FileFacts(path, 1)), tagged=tagged)

    return broken


def defined(**changed: object) -> Breaking:
    def broken(facts: PackageFacts) -> PackageFacts:
        assert facts.define
        define: DefineFacts = replace(facts.define, **changed)  # type: ignore[arg-type]
        return replace(facts, define=define)

    return broken


def tagged(**changed: object) -> Breaking:
    def broken(facts: PackageFacts) -> PackageFacts:
        assert facts.tagged
        return replace(facts, tagged=replace(facts.tagged, **changed))  # type: ignore[arg-type]

    return broken


def as_dataset_of(tag_of_ae: str) -> Breaking:
    def broken(facts: PackageFacts) -> PackageFacts:
        assert facts.tagged
        return tagged(tags={**facts.tagged.tags, f"{facts.data}/ae.xpt": tag_of_ae})(facts)

    return broken


def listed_less(name: str) -> Breaking:
    def broken(facts: PackageFacts) -> PackageFacts:
        assert facts.tagged
        return tagged(tags={k: v for k, v in facts.tagged.tags.items() if not k.endswith(name)})(facts)

    return broken


def no_define(facts: PackageFacts) -> PackageFacts:
    files = tuple(each for each in facts.files if each.name != "define.xml")
    return replace(facts, files=files, define=None)


def split_beside(facts: PackageFacts) -> PackageFacts:
    """AE is too large and one of its parts lies beside it."""
    part = f"{facts.data}/split/aea.xpt"
    ae = facts.dataset("AE")
    assert ae
    with_part = added(part)(file("ae.xpt", bytes=MOST_BYTES + 1)(facts))
    parts = replace(ae, path=part, name="AEA", order=(), unsorted=None, repeated=None)
    return as_tagged(part)(replace(with_part, datasets=(*facts.datasets, parts)))


def as_tagged(path: str) -> Breaking:
    def broken(facts: PackageFacts) -> PackageFacts:
        assert facts.tagged
        return tagged(tags={**facts.tagged.tags, path: "data-tabulation-dataset-sdtm"})(facts)

    return broken


BROKEN: list[tuple[str, Breaking, set[str]]] = [
    ("TS is missing", without("TS"), {"1734", "SD1115"}),
    ("no SSTDTC", lambda facts: replace(facts, starts=()), {"1734", "SD2232"}),
    ("SSTDTC is a month", lambda facts: replace(facts, starts=("2026-12",)), {"1734", "SD2247"}),
    ("SSTDTC is no day", lambda facts: replace(facts, starts=("2026-02-30",)), {"1734", "SD2247"}),
    ("another study-id", tagged(study="BXU002-RA"), {"1734"}),
    ("no tagging file", lambda facts: replace(facts, tagged=None), {"1735", "1789"}),
    ("a dataset with another tag", as_dataset_of("data-tabulation-dataset-legacy"), {"1735"}),
    ("define.xml is not tagged", listed_less("define.xml"), {"1735", "1789"}),
    ("DM is missing", without("DM"), {"1736", "SD1020"}),
    ("define.xml is missing", no_define, {"1736", "DD0101"}),
    ("a page that no tagging file lists", listed_less("define.html"), {"1789"}),
    ("a file that cannot be read", lambda facts: replace(facts, unreadable=("m5/a.xpt",)), {"SD0062"}),
    ("another STUDYID", dataset("AE", studies=("BXU001-RA", "BXU002-RA")), {"SD1005"}),
    ("an upper-case name", added("m5/datasets/bxu001-ra/tabulations/sdtm/ACRF.pdf"), {"PKG-NAME"}),
    ("a long name", added(f"m5/{'a' * 61}.pdf"), {"PKG-NAME"}),
    ("a long path", added(f"m5/{'/'.join(['a' * 30] * 6)}/a.pdf"), {"PKG-PATH"}),
    ("a variable that SAS cannot name", column(name="STUDY-ID"), {"PKG-MEMBER", "PKG-ORDER"}),
    ("a label that is too long", column(label="a" * 41), {"PKG-LABEL"}),
    ("a dataset without a label", dataset("AE", label=""), {"PKG-LABEL"}),
    ("a text that is too wide", column(length=201), {"PKG-LENGTH"}),
    ("a text wider than its values", column(length=10), {"PKG-LENGTH"}),
    ("a text that is not ASCII", column(printable=False), {"PKG-ASCII"}),
    ("a file that is too large", file("ae.xpt", bytes=MOST_BYTES + 1), {"PKG-SIZE"}),
    ("an empty dataset", dataset("AE", records=0), {"PKG-EMPTY"}),
    ("records that are not sorted", dataset("AE", unsorted=2), {"PKG-SORT"}),
    ("a key that names two records", dataset("AE", repeated=2), {"PKG-KEYS"}),
    ("a document that is not there", defined(documents=("csdrg.pdf",)), {"PKG-FILES"}),
    ("a dataset that define.xml does not know", defined(datasets={}), {"PKG-FILES"}),
    ("a define.xml that contradicts the data", defined(problem="has another label"), {"PKG-DEFINE"}),
]


def test_a_right_package_passes_every_rule(right: PackageFacts) -> None:
    own = judged(right)
    assert own.issues == ()
    assert {each.rule: each.outcome for each in own.criteria} == dict.fromkeys(RULES, PASSED)


@pytest.mark.parametrize(
    ("breaking", "rules"), [each[1:] for each in BROKEN], ids=[each[0] for each in BROKEN]
)
def test_what_is_broken_is_found_by_its_rules_and_no_other(
    right: PackageFacts, breaking: Breaking, rules: set[str]
) -> None:
    assert failed(breaking(right)) == rules


def test_every_rule_is_broken_by_a_case_above() -> None:
    assert set().union(*(rules for _, _, rules in BROKEN)) == RULES


def test_variables_in_another_order_are_found(right: PackageFacts) -> None:
    ae = right.dataset("AE")
    assert ae
    assert failed(dataset("AE", columns=ae.columns[::-1])(right)) == {"PKG-ORDER"}


def test_a_large_dataset_is_in_order_when_its_parts_lie_beside_it(right: PackageFacts) -> None:
    assert failed(split_beside(right)) == set()


def test_what_is_rejected_stops_a_filing_and_a_matter_of_form_does_not(right: PackageFacts) -> None:
    assert all(issue.stops for issue in judged(without("DM")(right)).issues)
    assert not any(issue.stops for issue in judged(dataset("AE", unsorted=2)(right)).issues)


def test_a_draft_is_not_asked_for_a_tagging_file_and_stops_at_nothing(tmp_path: Path) -> None:
    draft = facts_of(packed(tmp_path / "draft", "BLINDED").root, "BLINDED")
    outcomes = {each.rule: each.outcome for each in judged(draft).criteria}
    assert {rule for rule, outcome in outcomes.items() if outcome == NOT_FILED} == {"1735", "1789"}
    assert FAILED not in outcomes.values()
    assert not any(issue.stops for issue in judged(without("DM")(draft)).issues)


def test_a_tree_is_read_as_it_lies_there(tmp_path: Path) -> None:
    tree = packed(tmp_path / "release")
    (tree.tabulations / "lb.xpt").write_bytes(b"no transport file")
    (tree.tabulations / "Notes.pdf").write_bytes(b"")
    (tree.tabulations / "qs.xpt").unlink()
    found = {(issue.rule, issue.dataset) for issue in judged(facts_of(tree.root)).issues}
    assert found == {
        ("1789", "Notes.pdf"),
        ("PKG-DEFINE", "DEFINE"),
        ("PKG-FILES", "LB"),
        ("PKG-FILES", "QS"),
        ("PKG-NAME", "Notes.pdf"),
        ("SD0062", "lb.xpt"),
    }


def test_only_the_warning_of_a_draft_is_left_out(tmp_path: Path) -> None:
    for mode, expected in (("BLINDED", {"PKG-NAME"}), (FINAL, {"PKG-NAME", "1789"})):
        tree = packed(tmp_path / mode, mode)
        for path in (tree.module / "DRAFT-BLINDED.txt", tree.tabulations / "Notes.txt"):
            path.write_text("x")
        found = {(each.rule, each.dataset) for each in judged(facts_of(tree.root, mode)).issues}
        names = {"Notes.txt"} if mode == "BLINDED" else {"Notes.txt", "DRAFT-BLINDED.txt"}
        assert found == {(rule, name) for rule in expected for name in names}


def test_a_define_xml_that_points_beyond_the_annotated_crf_is_found(tmp_path: Path) -> None:
    spec, tree = sf.study(), Tree(tmp_path, STUDY)
    found = describe(spec, records()).found
    variables = [f"{each.name}.{name}" for each in found for name, _, _ in spec.ordered(each.name)]
    codes = {code for frame in records().values() for code in _codes(frame.lazy().collect())}
    paper = Paper(pdf_of(3, codes), 3, dict.fromkeys(variables, ((3, {}),)))
    write_package(spec, found, tree, Heading(sf.CUT, "BLINDED", sf.FACTS), crf=paper)
    problems = []
    for octets in (paper.pdf, pdf_of(3), pdf_of(2, codes), b"no PDF"):
        (tree.tabulations / "acrf.pdf").write_bytes(octets)
        define = facts_of(tree.root, "BLINDED").define
        assert define is not None
        problems.append((define.problem or "").partition(":")[0])
    assert problems == [
        "",
        "points to a page that annotates none of its tests",
        "points to a page that is not there",
        "acrf.pdf cannot be read as a PDF",
    ]


def _codes(frame: pl.DataFrame) -> set[str]:
    """The tests and qualifiers of the records."""
    named = [name for name in frame.columns if name.endswith(("TESTCD", "QNAM"))]
    return {code for name in named for code in frame[name]}


def pdf_of(pages: int, told: Collection[str] = ()) -> bytes:
    """Blank pages; a comment on each names what is ``told``."""
    writer, octets = PdfWriter(), BytesIO()
    for number in range(pages):
        writer.add_blank_page(10, 10)
        note = FreeText(text=" ".join(f'"{each}"' for each in sorted(told)), rect=(0, 0, 9, 9))
        writer.add_annotation(number, note)
    writer.write(octets)
    return octets.getvalue()


def test_a_define_xml_of_other_data_is_found(tmp_path: Path) -> None:
    tree = packed(tmp_path / "release")
    path = tree.tabulations / "define.xml"
    text = path.read_text(encoding="utf-8")
    assert 'CodedValue="F"' in text
    path.write_text(text.replace('CodedValue="F"', 'CodedValue="M"'), encoding="utf-8")
    tag(tree.root)
    assert failed(facts_of(tree.root)) == {"PKG-DEFINE"}
