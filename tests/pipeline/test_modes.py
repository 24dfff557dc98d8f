"""The study in its modes, end to end: what unblinding changes, what it leaves alone, and what it takes."""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from pipeline.blinding.events import events
from pipeline.blinding.modes import Mode
from pipeline.cli import cli
from pipeline.errors import BuildFailed, Refused, SdtmError, UsageError
from pipeline.flow.deliver import load_delivery
from pipeline.flow.leaks import scan_for_leaks
from pipeline.flow.listings import write_listings
from pipeline.flow.release import release_build, release_of
from pipeline.flow.run import run_build
from pipeline.flow.unblinding import (
    load_restricted,
    open_unblinded,
    run_unblinded,
    unblinded_parts,
    unblindings,
)
from pipeline.restricted import RestrictedSettings
from pipeline.settings import Settings
from pipeline.specs.load import load_study
from pipeline.warehouse.builds import Build, published
from tests.pipeline.unblinding import (
    KEY,
    Rows,
    TwoRoots,
    approve,
    digests,
    land_secret,
    lock_record,
    rewritten,
    two_roots,
)

WHOLE = date(2027, 6, 30)  # all 16 subjects are randomized
MASKED_IN_FINAL = {"dm", "ex", "se", "suppdm", "suppex"}


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
    package = roots.settings.releases / "blinded"
    release_build(roots.settings, package)
    before = digests(roots.settings.home)
    land_secret(roots)
    approve(roots, Mode.FINAL)
    final = run_unblinded(roots.settings, roots.restricted, Mode.FINAL).build
    submission = roots.restricted.home / "submission"
    release_of(final, unblinded_parts(roots.settings).spec, submission)
    yield Both(roots, blinded, final, package, submission, before)
    gc.unfreeze()


@pytest.fixture
def roots(tmp_path: Path, both: Both) -> TwoRoots:
    """A copy of the whole study's deliveries, without any approval."""
    settings = Settings(tmp_path / "blinded")
    load_delivery(settings, both.roots.sent)
    secret = shutil.copytree(both.roots.secret, tmp_path / "secret")
    restricted = RestrictedSettings.apart_from(settings, tmp_path / "restricted")
    sent = tmp_path / "sent"
    sent.symlink_to(both.roots.sent)
    return TwoRoots(settings, restricted, sent, secret, both.roots.delivery)


def test_only_masked_datasets_change_and_ec_keeps_every_byte(both: Both) -> None:
    def tables(build: Build) -> dict[str, str]:
        return {file.table: file.sha256 for file in build.files if file.layer == "sdtm"}

    blinded, final = tables(both.blinded), tables(both.final)
    assert {name for name in final if final[name] != blinded.get(name)} == MASKED_IN_FINAL
    assert {"ec", "suppec"} <= blinded.keys()
    for name in ("ec.xpt", "suppec.xpt"):
        assert (both.package / name).read_bytes() == (both.submission / name).read_bytes()
    assert (both.package / "dm.xpt").read_bytes() != (both.submission / "dm.xpt").read_bytes()


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
    told = json.loads((both.submission / "manifest.json").read_text())
    assert (told["mode"], "marking" in told) == ("FINAL", False)


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


def test_the_board_sees_a_running_study_that_final_refuses(tmp_path: Path) -> None:
    roots = two_roots(tmp_path, subjects=3, seed=5, as_of=WHOLE)
    land_secret(roots)
    with pytest.raises(Refused, match="instead of 6:2"):
        approve(roots, Mode.FINAL)
    assert not roots.restricted.events.exists()
    approve(roots, Mode.DSMB)
    with pytest.raises(Refused, match="nobody has approved it"):
        open_unblinded(roots.settings, roots.restricted, Mode.FINAL)
    build = run_unblinded(roots.settings, roots.restricted, Mode.DSMB).build
    assert set(build.read("sdtm", "ex").collect()["EXTRT"]) <= {"BX-U001", "PLACEBO"}
    listings = write_listings(build, roots.restricted.home / "listings")
    assert {"dm.csv", "ex.csv", "manifest.json"} <= {path.name for path in listings.folder.iterdir()}
    assert not list(listings.folder.glob("*.xpt"))
    assert published(roots.settings.warehouse, roots.settings.study, "BLINDED") is None


def one_line(error: SdtmError, word: str) -> None:
    text = str(error)
    assert word in text
    assert "\n" not in text
    assert error.exit_code in (2, 3)


def missing_subject(rows: Rows) -> Rows:
    return rows[1:]


def wrong_ratio(rows: Rows) -> Rows:
    first = next(row for row in rows if row["ARMCD"] == "PBO" and row["RANDNO"].startswith("1"))
    return [{**row, "ARMCD": "BXU075"} if row is first else row for row in rows]


def other_dose(rows: Rows) -> Rows:
    return [{**row, "ARMCD": row["ARMCD"].replace("BXU075", "BXU150")} for row in rows]


def swapped_numbers(rows: Rows) -> Rows:
    one, two, *rest = rows
    return [{**one, "RANDNO": two["RANDNO"]}, {**two, "RANDNO": one["RANDNO"]}, *rest]


def swapped_arms(rows: Rows) -> Rows:
    one = next(row for row in rows if row["ARMCD"] == "PBO" and row["RANDNO"].startswith("1"))
    two = next(row for row in rows if row["ARMCD"] == "BXU075")
    other = {id(one): "BXU075", id(two): "PBO"}
    return [{**row, "ARMCD": other.get(id(row), row["ARMCD"])} for row in rows]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (missing_subject, "1 randomized subjects are missing"),
        (wrong_ratio, "7:1"),
        (other_dose, "does not belong to their cohort"),
        (swapped_numbers, "another randomization number"),
        (swapped_arms, "another arm than in the randomization list"),
    ],
)
def test_a_key_that_does_not_fit_is_refused_and_nothing_is_recorded(
    roots: TwoRoots, change: Callable[[Rows], Rows], told: str
) -> None:
    rewritten(roots.secret, KEY, change)
    land_secret(roots)
    with pytest.raises(Refused) as refusal:
        approve(roots, Mode.FINAL)
    one_line(refusal.value, told)
    assert unblindings(roots.restricted) == ()


def test_a_key_whose_sha256_does_not_match_is_refused(roots: TwoRoots) -> None:
    path = roots.secret / KEY
    one, two = "101-001,1002,BXU075", "101-001,1002,PBO"
    path.write_text(path.read_text().replace(one, two))
    land_secret(roots)
    with pytest.raises(Refused, match="sha256 does not match"):
        approve(roots, Mode.FINAL)


def test_no_key_no_unblinding(roots: TwoRoots) -> None:
    with pytest.raises(Refused, match="there is no unblinding key"):
        approve(roots, Mode.FINAL)
    (roots.secret / KEY).unlink()
    land_secret(roots)
    with pytest.raises(Refused, match="there is no unblinding key"):
        approve(roots, Mode.FINAL)


def test_the_lock_must_be_of_this_study_and_of_a_landed_delivery(roots: TwoRoots) -> None:
    land_secret(roots)
    with pytest.raises(Refused, match="another study"):
        approve(roots, Mode.FINAL, lock=lock_record(roots, study="OTHER"))
    with pytest.raises(Refused, match="has not landed here"):
        approve(roots, Mode.FINAL, lock=lock_record(roots, delivery="2027-06-30-ffffffffff"))


@pytest.mark.parametrize("approvers", [("Ada Approver",), ("Ada Approver", "ada approver")])
def test_two_different_people_must_approve(roots: TwoRoots, approvers: tuple[str, ...]) -> None:
    land_secret(roots)
    with pytest.raises(UsageError, match="--approver"):
        approve(roots, Mode.FINAL, approvers)
    assert not roots.restricted.events.exists()


def test_without_an_approval_or_with_a_tampered_record_nothing_is_built(roots: TwoRoots) -> None:
    land_secret(roots)
    with pytest.raises(Refused, match="nobody has approved it"):
        run_unblinded(roots.settings, roots.restricted, Mode.FINAL)
    approve(roots, Mode.FINAL)
    log = roots.restricted.events
    log.chmod(0o600)
    log.write_text(log.read_text().replace("test of the modes", "audited"))
    with pytest.raises(Refused, match="is not the one written"):
        run_unblinded(roots.settings, roots.restricted, Mode.FINAL)
    assert not roots.restricted.warehouse.exists()


def test_another_key_than_the_approved_one_is_refused(roots: TwoRoots) -> None:
    land_secret(roots)
    approve(roots, Mode.FINAL)
    rewritten(roots.secret, KEY, lambda rows: rows[::-1])
    land_secret(roots)
    with pytest.raises(Refused, match="is not the key that was approved"):
        run_unblinded(roots.settings, roots.restricted, Mode.FINAL)


def test_a_changed_landed_key_is_refused(roots: TwoRoots) -> None:
    land_secret(roots)
    approve(roots, Mode.FINAL)
    landed = next(roots.restricted.landing.rglob(KEY))
    landed.chmod(0o600)
    landed.write_bytes(landed.read_bytes().replace(b"BXU075", b"BXU150", 1))
    with pytest.raises(Refused, match="landed file was changed"):
        run_unblinded(roots.settings, roots.restricted, Mode.FINAL)


def test_a_record_without_the_approval_of_a_published_build_is_refused(both: Both, tmp_path: Path) -> None:
    log = both.roots.restricted.events
    aside = tmp_path / log.name
    shutil.move(log, aside)
    try:
        with pytest.raises(Refused, match="the approval of the published FINAL build is gone"):
            approve_nothing = unblindings(both.roots.restricted)
            assert approve_nothing is None
    finally:
        shutil.move(aside, log)


def test_a_bag_outside_the_release_file_is_as_planned_with_a_finding(roots: TwoRoots) -> None:
    rewritten(roots.secret, "product_release.csv", lambda rows: rows[1:])
    land_secret(roots)
    approve(roots, Mode.FINAL)
    build = run_unblinded(roots.settings, roots.restricted, Mode.FINAL).build
    unknown = build.read("qc", "findings").filter(pl.col("rule") == "BX-EX-08").collect()
    assert unknown.select("source", "severity", "variable").rows() == [("EX", "ERROR", "EXREFID")]
    assert build.read("sdtm", "ex").collect()["EXTRT"].null_count() == 0


def test_restricted_files_never_land_in_the_blinded_root(roots: TwoRoots) -> None:
    inside = roots.settings.home / "here"
    shutil.copytree(roots.secret, inside)
    with pytest.raises(UsageError, match="lie in the blinded root"):
        load_restricted(roots.settings, roots.restricted, inside)
    for home in (roots.settings.home, roots.settings.home / "deeper", roots.settings.home.parent):
        with pytest.raises(UsageError, match="restricted root"):
            RestrictedSettings.apart_from(roots.settings, home)


def test_the_command_line_refuses_with_one_line(roots: TwoRoots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDTM_HOME", str(roots.settings.home))
    monkeypatch.delenv("SDTM_RESTRICTED_HOME", raising=False)

    def refused(*arguments: str) -> SdtmError:
        ended = CliRunner().invoke(cli, list(arguments), standalone_mode=False)
        assert isinstance(ended.exception, SdtmError), ended.output
        return ended.exception

    for arguments in (("build", "--mode", "FINAL"), ("load-restricted", str(roots.secret)), ("unblindings",)):
        one_line(refused(*arguments), "SDTM_RESTRICTED_HOME is not set")
    monkeypatch.setenv("SDTM_RESTRICTED_HOME", str(roots.restricted.home))
    one_line(refused("build", "--mode", "FINAL"), "nobody has approved it")
    one_line(refused("build", "--mode", "DSMB", "--delivery", roots.delivery), "locked delivery")
    target = str(roots.settings.home / "package")
    one_line(refused("release", "--mode", "FINAL", "--to", target), "lies in the blinded root")
    loaded = CliRunner().invoke(cli, ["load-restricted", str(roots.secret), "--json"])
    assert loaded.exit_code == 0
    lock = str(lock_record(roots))
    options = ["unblind", "--mode", "FINAL", "--lock-record", lock, "--why", "lock"]
    one_line(refused(*options, "--approver", "Ada"), "1 named")
    approved = CliRunner().invoke(cli, [*options, "--approver", "Ada", "--approver", "Ben", "--json"])
    assert json.loads(approved.output)["approvers"] == "Ada, Ben"
    told = json.loads(CliRunner().invoke(cli, ["unblindings", "--json"]).output)["events"]
    assert [(each["mode"], each["why"]) for each in told] == [("FINAL", "lock")]
    one_line(
        refused("release", "--mode", "FINAL", "--to", str(roots.sent.parent / "out")), "nothing is published"
    )
