"""The study in its modes, end to end: what unblinding changes, what it leaves alone, and what it takes."""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.blinding.events import events
from pipeline.blinding.modes import Mode
from pipeline.commands.unblind import ledger
from pipeline.emit.opened import described_release
from pipeline.emit.package import Heading, describe, write_package
from pipeline.emit.tree import Tree
from pipeline.errors import Refused, UsageError
from pipeline.flow.conform import Judge
from pipeline.flow.context import study_parts
from pipeline.flow.diff import Shelf, diff, two_releases
from pipeline.flow.guide_file import facts_of
from pipeline.flow.leaks import scan_for_leaks
from pipeline.flow.listings import write_listings
from pipeline.flow.making import package_records
from pipeline.flow.release import release_build, release_of
from pipeline.flow.run import run_build
from pipeline.flow.unblinding import (
    open_unblinded,
    run_unblinded,
    unblinded_parts,
    unblindings,
)
from pipeline.flow.verify import blinded_maker, verify_release
from pipeline.flow.verify_unblinded import unblinded_maker
from pipeline.lineage.record import trace_record
from pipeline.specs.load import StudySpec, load_study
from pipeline.warehouse.builds import Build, published
from tests.pipeline.unblinding import (
    KEY,
    TwoRoots,
    approve,
    digests,
    land_secret,
    two_roots,
)
from tests.slow import slow

WHOLE = date(2027, 6, 30)  # all 16 subjects are randomized
MASKED_IN_FINAL = {"dm", "ex", "se", "suppdm", "suppex"}
PACKAGED = {"TA", "TE", "TS", "EC", "SUPPEC", "AE", *(name.upper() for name in MASKED_IN_FINAL)}


@dataclass(frozen=True)
class Both:
    """The whole study, built and released blinded and final."""

    roots: TwoRoots
    blinded: Build
    final: Build
    package: Path
    submission: Path
    before: dict[str, tuple[int, str]]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("modes")
    roots = two_roots(folder, subjects=16, seed=1, as_of=WHOLE)
    gc.freeze()  # a step collects after itself; what the tests hold need not be looked at each time
    blinded = run_build(roots.settings).build
    package = packaged(blinded, study_parts(roots.settings).spec, roots.settings.releases / "drafts")
    before = digests(roots.settings.home)
    land_secret(roots)
    approve(roots, Mode.FINAL)
    final = run_unblinded(roots.settings, roots.restricted, Mode.FINAL).build
    submission = packaged(final, unblinded_parts(roots.settings).spec, roots.restricted.home / "submission")
    yield Both(roots, blinded, final, package, submission, before)
    gc.unfreeze()


def packaged(build: Build, spec: StudySpec, target: Path) -> Path:
    """A package of the small datasets; the whole one is written by the slow tests."""
    records = {name: each for name, each in package_records(build).items() if name in PACKAGED}
    heading = Heading(WHOLE, build.place.mode, {"build": build.build, "delivery": build.delivery})
    tree = Tree(target, spec.study.study)
    write_package(spec, describe(spec, records).found, tree, heading)
    return tree.tabulations


def test_only_masked_datasets_change_and_ec_keeps_every_byte(both: Both) -> None:
    def tables(build: Build) -> dict[str, str]:
        return {file.table: file.sha256 for file in build.files if file.layer == "sdtm"}

    blinded, final = tables(both.blinded), tables(both.final)
    assert {name for name in final if final[name] != blinded.get(name)} == MASKED_IN_FINAL
    assert {"ec", "suppec"} <= blinded.keys()
    for name in ("ec.xpt", "suppec.xpt"):
        assert unmarked(both.package / name) == (both.submission / name).read_bytes()
    assert unmarked(both.package / "dm.xpt") != (both.submission / "dm.xpt").read_bytes()


def unmarked(path: Path) -> bytes:
    """The transport file as it is without the mark of a draft, which stands twice in its header."""
    octets = path.read_bytes()
    mark, without = (text.ljust(16).encode() for text in ("DRAFT-BLINDED", "6.06    bsd4.2"))
    assert octets.count(mark) == 2
    return octets.replace(mark, without)


def test_the_guide_tells_treatment_only_once_it_may(both: Both) -> None:
    blinded = facts_of(both.blinded, study_parts(both.roots.settings).spec)
    final = facts_of(both.final, unblinded_parts(both.roots.settings).spec)
    assert (blinded.source.masked, final.source.masked) == (True, False)
    assert final.masked == final.withheld == ()
    exposure = {each.name: each for each in final.datasets}["EX"]
    by_treatment = both.final.read("sdtm", "ex").group_by("EXTRT", "EXDOSE").len().collect()
    assert sorted(count.records for count in exposure.counts) == sorted(by_treatment["len"])
    assert {count.values[0] for count in exposure.counts} == {"BX-U001", "PLACEBO"}
    assert (exposure.supplement, {each.name: each for each in blinded.datasets}["EX"].supplement) == (
        "SUPPEX",
        None,
    )


def of_subject(build: Build, table: str, subject: str) -> pl.DataFrame:
    return build.read("sdtm", table).filter(pl.col("USUBJID").str.ends_with(subject)).collect()


def key_rows(both: Both) -> dict[str, str]:
    path = both.roots.secret / KEY
    return dict(pl.read_csv(path, infer_schema=False).select("SUBJID", "ARMCD").iter_rows())


def rescued(both: Both, arm: str) -> str:
    """A subject of the arm who was infused and then rescued."""
    elements = both.blinded.read("sdtm", "se").group_by("USUBJID").agg("ETCD").collect()
    own = {subject for subject, found in key_rows(both).items() if found == arm}
    path = ["SCRN", "MASKED", "SOC"]
    return next(
        u[-7:] for u, codes in elements.sort("USUBJID").iter_rows() if u[-7:] in own and codes == path
    )


def test_one_active_subject_in_both_modes(both: Both) -> None:
    """The table of section 5.4."""
    subject = rescued(both, "BXU075")
    arms = ["ARMCD", "ARM", "ACTARMCD", "ACTARM", "ARMNRS"]
    name = "BX-U001 0.75 x 10^6 cells/kg"
    assert of_subject(both.blinded, "dm", subject).select(arms).row(0) == (
        "MASKED",
        "Masked",
        "MASKED",
        "Masked",
        None,
    )
    assert of_subject(both.final, "dm", subject).select(arms).row(0) == ("BXU075", name, "BXU075", name, None)

    infusion = of_subject(both.final, "ec", subject)
    assert infusion.equals(of_subject(both.blinded, "ec", subject))
    assert infusion["ECTRT"].to_list() == ["MASKED"]
    (volume, weight) = (
        of_subject(both.final, "suppec", subject).filter(pl.col("QNAM") == q)["QVAL"].item()
        for q in ("ECVOLPRP", "ECWTDOSE")
    )
    assert infusion["ECDOSE"].item() == float(volume)

    bag = pl.read_csv(both.roots.secret / "product_release.csv", infer_schema=False).row(
        by_predicate=pl.col("BAGNO") == infusion["ECREFID"].item(), named=True
    )
    columns = ["EXTRT", "EXDOSE", "EXDOSU", "EXDOSFRM", "EXLNKID", "EXREFID"]
    masked = of_subject(both.blinded, "ex", subject)
    assert masked.select(columns).row(0) == ("MASKED", None, None, "INJECTION", "INF1", bag["BAGNO"])
    assert "EXLOT" not in masked.columns
    real = of_subject(both.final, "ex", subject)
    assert real.select(columns).row(0) == (
        "BX-U001",
        0.75,
        "10^6/kg",
        "INJECTION, SUSPENSION",
        "INF1",
        bag["BAGNO"],
    )
    assert real["EXLOT"].item() == bag["LOTNO"]
    told = dict(of_subject(both.final, "suppex", subject).select("QNAM", "QVAL").iter_rows())
    assert told["EXVIAB"] == bag["VIABILITY_PCT"]
    assert float(told["EXCELLS"]) == pytest.approx(0.75 * float(weight), abs=0.0005)

    assert of_subject(both.blinded, "se", subject)["ETCD"].to_list() == ["SCRN", "MASKED", "SOC"]
    path = of_subject(both.final, "se", subject).select("ETCD", "ELEMENT", "TAETORD", "EPOCH").rows()
    assert path == [
        ("SCRN", "Screening", 1.0, "SCREENING"),
        ("BX075", name, 2.0, "TREATMENT"),
        ("SOC", "Standard of care rescue", 3.0, "FOLLOW-UP"),
    ]


def test_a_placebo_subject_differs_in_final_only(both: Both) -> None:
    subject = next(
        s
        for s, arm in sorted(key_rows(both).items())
        if arm == "PBO" and of_subject(both.final, "ex", s).height
    )
    assert of_subject(both.final, "dm", subject).select("ARMCD", "ARM", "ACTARMCD", "ACTARM").row(0) == (
        "PBO",
        "Placebo",
        "PBO",
        "Placebo",
    )
    assert of_subject(both.final, "ex", subject).select("EXTRT", "EXDOSE", "EXDOSU", "EXDOSFRM").row(0) == (
        "PLACEBO",
        0.0,
        "10^6/kg",
        "INJECTION, SOLUTION",
    )
    assert of_subject(both.final, "suppex", subject).select("QNAM", "QVAL").rows() == [("EXCELLS", "0")]
    assert "PBO" in of_subject(both.final, "se", subject)["ETCD"].to_list()
    assert of_subject(both.blinded, "se", subject)["ETCD"].to_list()[1] == "MASKED"


def test_the_randomization_number_is_told_in_final_only(both: Both) -> None:
    numbers = both.final.read("sdtm", "suppdm").filter(pl.col("QNAM") == "RANDNO").collect()
    key = dict(
        pl.read_csv(both.roots.secret / KEY, infer_schema=False).select("SUBJID", "RANDNO").iter_rows()
    )
    assert {subject[-7:]: number for subject, number in numbers.select("USUBJID", "QVAL").iter_rows()} == key
    assert both.blinded.read("sdtm", "suppdm").filter(pl.col("QNAM") == "RANDNO").collect().is_empty()


def test_never_infused_and_never_randomized_subjects_have_no_actual_arm(both: Both) -> None:
    subjects = both.final.read("sdtm", "dm").filter(pl.col("ACTARMCD").is_null()).collect()
    assert subjects.height > 0
    assert subjects["ARMNRS"].null_count() == 0
    assert both.final.read("sdtm", "dm").filter(pl.col("ARMCD") == "MASKED").collect().is_empty()


def test_an_unblinded_value_is_traced_to_the_released_product_with_the_root_only(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDTM_RESTRICTED_HOME", str(both.roots.restricted.home))
    subject = both.final.read("sdtm", "ex").collect()["USUBJID"][0]
    told = trace_record(ledger(both.roots.settings, "FINAL"), "EX", subject, None, "EXTRT")
    assert told.values[0].spec.file == "unblinded/ex.yaml"
    assert {row.place.source for row in told.rows} == {"edc_ec", "rtsm_product_release"}
    monkeypatch.delenv("SDTM_RESTRICTED_HOME")
    with pytest.raises(UsageError, match="SDTM_RESTRICTED_HOME is not set"):
        ledger(both.roots.settings, "FINAL")


def test_every_restricted_row_has_a_fate(both: Both) -> None:
    accounts = (
        both.final.read("ops", "accounting").filter(pl.col("source").str.starts_with("rtsm_")).collect()
    )
    told = {row["source"]: row for row in accounts.iter_rows(named=True)}
    assert told["rtsm_unblinding_key"]["mapped"] == 16
    assert told["rtsm_product_release"]["mapped"] == both.final.read("sdtm", "ex").collect().height
    assert told["rtsm_schedule"]["not_submitted"] == told["rtsm_schedule"]["delivered"] == 16
    blinded = both.blinded.read("ops", "accounting").collect()["source"]
    assert not set(blinded) & {
        "rtsm_unblinding_key",
        "rtsm_product_release",
        "rtsm_schedule",
        "rtsm_emergency_unblind",
    }


def test_unblinding_leaves_every_blinded_byte_where_it_is(both: Both) -> None:
    assert digests(both.roots.settings.home) == both.before
    assert both.final.place.root == both.roots.restricted.warehouse
    assert both.final.facts["mode"] == "FINAL"
    assert both.final.facts["event"] == events(both.roots.restricted.events)[-1].hash
    assert "DRAFT" not in (both.submission / "define.xml").read_text(encoding="utf-8")
    assert "DRAFT-BLINDED" in (both.package / "define.xml").read_text(encoding="utf-8")


def test_the_leak_scan_finds_nothing_blinded_and_every_unmasked_dataset(both: Both) -> None:
    spec = load_study(both.roots.settings.specs, both.roots.settings.study)
    leaks, count = scan_for_leaks(spec, both.roots.settings.home)
    assert [str(leak) for leak in leaks] == []
    assert count == len(both.before) > 300
    found, _ = scan_for_leaks(spec, both.submission)
    assert {Path(leak.file).stem for leak in found if leak.file.endswith(".xpt")} == MASKED_IN_FINAL


def test_building_again_is_already_done(both: Both) -> None:
    ran = run_unblinded(both.roots.settings, both.roots.restricted, Mode.FINAL)
    assert not ran.new
    assert ran.build.build == both.final.build


def test_the_board_may_see_a_running_study_that_final_refuses(tmp_path: Path) -> None:
    roots = running_study(tmp_path)
    context = open_unblinded(roots.settings, roots.restricted, Mode.DSMB)
    assert context.store.mode == "DSMB"
    assert context.store.root == roots.restricted.warehouse
    with pytest.raises(Refused, match="nobody has approved it"):
        open_unblinded(roots.settings, roots.restricted, Mode.FINAL)


def running_study(folder: Path) -> TwoRoots:
    """Three subjects, approved for the board because FINAL would refuse them."""
    roots = two_roots(folder, subjects=3, seed=5, as_of=WHOLE)
    land_secret(roots)
    with pytest.raises(Refused, match="instead of 6:2"):
        approve(roots, Mode.FINAL)
    assert not roots.restricted.events.exists()
    approve(roots, Mode.DSMB)
    return roots


@slow
def test_the_board_gets_listings_and_no_transport_files(tmp_path: Path) -> None:
    roots = running_study(tmp_path)
    build = run_unblinded(roots.settings, roots.restricted, Mode.DSMB).build
    assert set(build.read("sdtm", "ex").collect()["EXTRT"]) <= {"BX-U001", "PLACEBO"}
    listings = write_listings(build, roots.restricted.home / "listings")
    assert {"dm.csv", "ex.csv", "manifest.json"} <= {path.name for path in listings.folder.iterdir()}
    assert not list(listings.folder.glob("*.xpt"))
    assert published(roots.settings.warehouse, roots.settings.study, "BLINDED") is None


@slow
def test_both_packages_are_complete_and_only_the_blinded_one_is_a_draft(both: Both, tmp_path: Path) -> None:
    drafts = release_build(both.roots.settings, tmp_path / "drafts").folder
    submission = release_of(
        both.final, unblinded_parts(both.roots.settings), tmp_path / "submission", Judge(waived="a test")
    ).folder
    told = {folder: json.loads((folder / "manifest.json").read_text()) for folder in (drafts, submission)}
    assert told[drafts]["marking"] == "DRAFT-BLINDED"
    assert "marking" not in told[submission]
    assert "draft-blinded" in drafts.name
    assert "draft" not in submission.name
    assert not list(submission.rglob("DRAFT*"))
    place = {folder: Tree(folder, "BXU001-RA").tabulations for folder in told}
    names = {folder: {path.stem for path in place[folder].glob("*.xpt")} for folder in told}
    assert names[submission] - names[drafts] == {"suppex"}
    differing = {
        n
        for n in names[drafts]
        if unmarked(place[drafts] / f"{n}.xpt") != (place[submission] / f"{n}.xpt").read_bytes()
    }
    assert differing == MASKED_IN_FINAL - {"suppex"}
    leaks, _ = scan_for_leaks(study_parts(both.roots.settings).spec, drafts)
    assert leaks == []


@slow
def test_both_releases_are_made_again_and_differ_in_what_was_masked(both: Both, tmp_path: Path) -> None:
    settings, restricted = both.roots.settings, both.roots.restricted
    drafts = release_build(settings, tmp_path / "drafts").folder
    final = Judge(waived="a test")
    submission = release_of(both.final, unblinded_parts(settings), tmp_path / "submission", final).folder
    for folder, maker in (
        (drafts, blinded_maker(settings)),
        (submission, unblinded_maker(settings, restricted, Mode.FINAL)),
    ):
        found = verify_release(described_release(folder), maker)
        assert (found.good, found.problems) == (True, ())
        assert not list(maker.home.glob(".verify*"))
    warehouses = {"BLINDED": settings.warehouse, "FINAL": restricted.warehouse}
    told = diff(*two_releases(drafts, submission), Shelf(unblinded_parts(settings), warehouses))
    changed = {each.name.lower() for each in told.datasets if each.records.changes.height}
    assert changed == MASKED_IN_FINAL - {"suppex"}
    assert {each.name for each in told.datasets if each.records.state == "added"} == {"SUPPEX"}
    assert {"rtsm_unblinding_key"} <= set(told.causes.delivered)


def test_a_record_without_the_approval_of_a_published_build_is_refused(both: Both, tmp_path: Path) -> None:
    log = both.roots.restricted.events
    aside = tmp_path / log.name
    shutil.move(log, aside)
    try:
        with pytest.raises(Refused, match="the approval of the published FINAL build is gone"):
            unblindings(both.roots.restricted)
    finally:
        shutil.move(aside, log)
