"""The blind as a property: whatever the key, the product release or the restricted root, a blinded night is the same.

The default run permutes over the steps that make what is masked, on a small study, and compares one whole second
night. ``SDTM_SLOW=1`` runs fifty whole nights: landing, build, package, everything printed, and Dagster.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline.cli import cli
from pipeline.files import clear
from pipeline.flow.context import Context, open_context, study_parts
from pipeline.flow.leaks import scan_for_leaks
from pipeline.flow.plan import plan
from pipeline.orchestrate.definitions import assets, definitions
from pipeline.orchestrate.naming import DELIVERIES
from pipeline.restricted import VARIABLE, RestrictedSettings
from pipeline.settings import CHECKOUT, Settings
from tests.pipeline.unblinding import KEY, Rows, TwoRoots, digests, land_secret, rewritten, two_roots
from tests.slow import slow

PERMUTATIONS = 25
WHOLE_NIGHTS = 50
SUBJECTS = 3
RELEASE, SCHEDULE = "product_release.csv", "rtsm_schedule.csv"
MASKED = (
    "derived.elements",
    "sdtm.DM",
    "sdtm.SE",
    "sdtm.EC",
    "sdtm.EX",
    "sdtm.SUPPDM",
    "sdtm.SUPPEC",
    "sdtm.DS",
)
RESTRICTED_MODULES = (
    "pipeline.restricted",
    "pipeline.flow.unblinding",
    "pipeline.domains.unblinded",
    "pipeline.domains.treatments",
)


@dataclass(frozen=True)
class Change:
    """What happens to the restricted files: arms by subject, order of products over bags, and whether they exist."""

    arms: tuple[str, ...]
    products: tuple[int, ...]
    removed: bool
    landed: bool


CHANGES = st.builds(
    Change,
    arms=st.lists(st.sampled_from(["BXU075", "BXU150", "PBO"]), min_size=SUBJECTS, max_size=SUBJECTS).map(
        tuple
    ),
    products=st.permutations(range(SUBJECTS)).map(tuple),
    removed=st.booleans(),
    landed=st.booleans(),
)


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoRoots]:
    folder = tmp_path_factory.mktemp("blind")
    made = two_roots(folder, subjects=SUBJECTS, seed=5, as_of=date(2027, 6, 30))
    shutil.copytree(made.secret, folder / "original")
    gc.freeze()  # a step collects after itself; what the tests hold need not be looked at each time
    yield made
    gc.unfreeze()


@pytest.fixture(scope="module")
def night(roots: TwoRoots) -> dict[str, object]:
    """The first night, with the real key in the restricted root."""
    land_secret(roots)
    return whole_night(roots)


@pytest.fixture(scope="module")
def night_with_package(roots: TwoRoots) -> dict[str, object]:
    """The same with the package, which takes as long again."""
    land_secret(roots)
    return whole_night(roots, package=True)


def restricted_world(roots: TwoRoots, change: Change) -> None:
    """Replaces the restricted root by one with other arms and products, or by nothing."""
    for folder in (roots.secret, roots.restricted.home):
        shutil.rmtree(folder, ignore_errors=True)
    if change.removed:
        return
    shutil.copytree(roots.secret.parent / "original", roots.secret)

    def with_arms(rows: Rows) -> Rows:
        return [{**row, "ARMCD": change.arms[n % SUBJECTS]} for n, row in enumerate(rows)]

    def with_products(rows: Rows) -> Rows:
        bags = [row["BAGNO"] for row in rows]
        return [{**rows[n], "BAGNO": bag} for n, bag in zip(change.products, bags, strict=True)]

    rewritten(roots.secret, KEY, with_arms)
    rewritten(roots.secret, SCHEDULE, with_arms)
    rewritten(roots.secret, RELEASE, with_products)
    if change.landed:
        land_secret(roots)


def whole_night(roots: TwoRoots, *, package: bool = False) -> dict[str, object]:
    """Load, build and perhaps release as commands, the restricted root in the environment: all files and all output."""
    clear(roots.settings.home)
    places = {"SDTM_HOME": str(roots.settings.home), VARIABLE: str(roots.restricted.home)}
    commands = [["load", str(roots.sent)], ["build"]]
    commands += [["release", "--to", str(roots.settings.releases / "package")]] if package else []
    printed = []
    for command in commands:
        ended = CliRunner().invoke(cli, [*command, "--json"], env=places)
        assert ended.exit_code == 0, ended.output
        told = json.loads(ended.output)
        printed.append({name: value for name, value in told.items() if name != "seconds"})
    return {"files": digests(roots.settings.home), "printed": printed}


@pytest.fixture(scope="module")
def context(roots: TwoRoots, night: dict[str, object]) -> Context:
    return open_context(roots.settings)


def masked_tables(context: Context) -> dict[str, tuple[int, str]]:
    steps = {step.name: step for step in plan(context.parts)}
    outcomes = [steps[name].run(context) for name in MASKED]
    written = [context.store.path(each.layer, each.table).parent for each in outcomes]
    aside = [
        context.store.path("ops", f"{kind}_{each.table}").parent
        for each in outcomes
        for kind in ("links", "aside")
    ]
    found = {
        f"{folder}/{name}": each for folder in (*written, *aside) for name, each in digests(folder).items()
    }
    told = {name: (0, repr(outcome)) for name, outcome in zip(MASKED, outcomes, strict=True)}
    return found | told


@pytest.fixture(scope="module")
def masked(context: Context) -> dict[str, tuple[int, str]]:
    return masked_tables(context)


@given(change=CHANGES)
@settings(
    max_examples=PERMUTATIONS,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_permutation_of_the_restricted_files_changes_what_is_masked(
    roots: TwoRoots, context: Context, masked: dict[str, tuple[int, str]], change: Change
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(roots.restricted.home))
        restricted_world(roots, change)
        assert masked_tables(context) == masked


def test_a_second_night_with_another_key_is_the_same_to_the_last_byte(
    roots: TwoRoots, night: dict[str, object]
) -> None:
    restricted_world(roots, Change(("PBO", "BXU150", "PBO"), (2, 0, 1), removed=False, landed=True))
    assert whole_night(roots) == night


@slow
@given(change=CHANGES)
@settings(
    max_examples=WHOLE_NIGHTS,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_fifty_whole_nights_are_the_same_to_the_last_byte(
    roots: TwoRoots, night_with_package: dict[str, object], change: Change
) -> None:
    restricted_world(roots, change)
    assert whole_night(roots, package=True) == night_with_package


def dagster_night(roots: TwoRoots, home: Path) -> dict[str, object]:
    """Everything that Dagster shows of a night, without the times; and all files of the night."""
    clear(roots.settings.home)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    CliRunner().invoke(cli, ["load", str(roots.sent)], env={"SDTM_HOME": str(roots.settings.home)})
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        instance.add_dynamic_partitions(str(DELIVERIES.name), [roots.delivery])
        job = definitions(roots.settings).resolve_job_def("nightly")
        ran = job.execute_in_process(instance=instance, partition_key=roots.delivery)
        shown = [
            (
                event.asset_key.to_user_string(),
                {k: repr(v) for k, v in event.materialization.metadata.items()},
            )
            for event in ran.get_asset_materialization_events()
            if event.asset_key
        ]
        checks = [
            repr((each.asset_key, each.passed, each.metadata)) for each in ran.get_asset_check_evaluations()
        ]
    return {"files": digests(roots.settings.home), "shown": shown, "checks": checks}


@slow
def test_dagster_shows_the_same_whatever_the_key_and_its_records_hold_no_leak(
    roots: TwoRoots, tmp_path: Path
) -> None:
    changes = [
        Change(("BXU075", "PBO", "BXU075"), (0, 1, 2), removed=False, landed=True),
        Change(("PBO", "BXU150", "PBO"), (2, 0, 1), removed=False, landed=True),
        Change(("PBO", "PBO", "PBO"), (0, 1, 2), removed=True, landed=False),
    ]
    nights = []
    for change in changes:
        restricted_world(roots, change)
        nights.append(dagster_night(roots, tmp_path / "dagster"))
    assert nights[0]["shown"]
    assert nights[1] == nights[0] == nights[2]
    leaks, count = scan_for_leaks(study_parts(roots.settings).spec, tmp_path / "dagster", roots.settings.home)
    assert [str(leak) for leak in leaks] == []
    assert any(path.suffix == ".db" for path in (tmp_path / "dagster").rglob("*"))
    assert count > 300


def test_blinded_settings_hold_no_path_to_the_restricted_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    monkeypatch.setenv(VARIABLE, str(secret))
    monkeypatch.setenv("SDTM_HOME", str(tmp_path / "home"))
    blinded = Settings.from_environment()
    properties = [name for name, each in vars(Settings).items() if isinstance(each, property)]
    values = [getattr(blinded, name) for name in (*properties, *(field.name for field in fields(blinded)))]
    assert all(
        path.is_relative_to(blinded.home) or path == blinded.specs
        for path in values
        if isinstance(path, Path)
    )
    assert str(secret) not in " ".join(map(str, values))
    assert RestrictedSettings.from_environment(blinded).home == secret


def test_a_blinded_process_loads_no_module_that_knows_the_restricted_root(tmp_path: Path) -> None:
    modules = ["pipeline.cli", "pipeline.commands.nights", "pipeline.flow.run", "pipeline.flow.release"]
    code = f"import sys, {', '.join([*modules, 'pipeline.orchestrate.definitions'])}; print(*sys.modules)"
    environment = {**os.environ, "SDTM_HOME": str(tmp_path)}
    environment.pop(VARIABLE, None)
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(ran.stdout.split())
    assert "pipeline.domains.build" in loaded
    assert "pandas" not in loaded  # which would double the time that every command takes to start
    assert not loaded & set(RESTRICTED_MODULES)


def test_no_step_and_no_asset_of_a_blinded_build_comes_from_a_restricted_source(tmp_path: Path) -> None:
    place = Settings(tmp_path)
    parts = study_parts(place)
    restricted = {name for name, layout in parts.all_layouts.items() if layout.restricted}
    assert len(restricted) == 4
    steps = plan(parts)
    named = {name for step in steps for name in (step.name, *step.needs)}
    keys = {key for each in assets(place) for key in (*each.keys, *each.dependency_keys)}
    words = {word for name in named for word in name.split(".")} | {part for key in keys for part in key.path}
    assert "rtsm_assign" in words
    assert not words & restricted


@pytest.mark.parametrize("column", ["ARMCD", "ARM", "ACTARMCD", "TREATMENT", "LOTNO", "CELLS_1E6", "PRODUCT"])
@pytest.mark.parametrize("file", ["rtsm/rtsm_assign.csv", "edc/EC.csv", "extra.csv"])
def test_a_blinded_delivery_with_a_restricted_column_does_not_land(
    roots: TwoRoots, tmp_path: Path, file: str, column: str
) -> None:
    sent = shutil.copytree(roots.sent, tmp_path / "sent")
    path = sent / file
    lines = path.read_text().splitlines() if path.exists() else ["SUBJID", "101-001"]
    path.write_text("\n".join([f"{lines[0]},{column}", *(f"{line},x" for line in lines[1:])]) + "\n")
    home = tmp_path / "home"
    ended = CliRunner().invoke(cli, ["load", str(sent)], env={"SDTM_HOME": str(home)}, standalone_mode=False)
    assert ended.exception is not None
    assert "restricted column" in str(ended.exception)
    assert not [path for path in home.rglob("*") if path.is_file() and path.name != ".lock"]
