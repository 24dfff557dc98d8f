"""The engine's process: what it is asked, what is made of its answer, and how it fails in one line."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pipeline.conformance import environment
from pipeline.conformance.core import Asked, answer_of, core_result, run_core
from pipeline.conformance.engine.run_rules import outcome
from pipeline.conformance.verdict import CORE, At, Issue
from pipeline.errors import BuildFailed, MachineError, UsageError

STANDARD = {"rules_dictionary": {"sdtmig/3-4": ["CORE-000001"]}, "rules": {"CORE-000001": {}}}


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    cache = tmp_path / "cache"
    cache.mkdir()
    for name, content in STANDARD.items():
        (cache / f"{name}.pkl").write_bytes(pickle.dumps(content))
    return Asked(
        cache=cache,
        datasets=(tmp_path / "ae.xpt",),
        define=tmp_path / "define.xml",
        records={"AE": 2},
        standard="sdtmig",
        version="3-4",
        terminology=("sdtmct-2025-03-28",),
        work=tmp_path / "work",
    )


def answered(**changed: Any) -> dict[str, Any]:
    return {"engine": "0.17.1", "read": {"AE": 2}, "rules": [], **changed}


def rule(*issues: dict[str, Any], **datasets: int) -> dict[str, Any]:
    counts = {name.replace("_", " "): count for name, count in datasets.items()}
    reasons = [["skipped", "Outside scope", 27]]
    return {
        "rule": "CORE-000701",
        "datasets": counts,
        "reasons": reasons,
        "broken": [],
        "issues": list(issues),
    }


def place(
    dataset: str, record: int | None, subject: str | None = None, seq: int | None = None
) -> dict[str, Any]:
    return {"dataset": dataset, "record": record, "subject": subject, "seq": seq}


def test_findings_are_gathered_by_dataset_with_their_places_once(asked: Asked) -> None:
    places = [
        place("cm.xpt", 9, "S-2", 1),
        place("cm.xpt", 3, "S-1"),
        place("cm.xpt", 3, "S-1"),
        place("EC", 1),
    ]
    told = {
        "dataset": "CM, EC",
        "variables": ["EPOCH", "EPOCH"],
        "message": "EPOCH is missing",
        "places": places,
    }
    result = core_result(asked, answered(rules=[rule(told, issue_reported=2, skipped=27)]))
    assert result.issues == (
        Issue(CORE, "CORE-000701", "CM", "EPOCH is missing", ("EPOCH",), (At(3, "S-1"), At(9, "S-2", 1))),
        Issue(CORE, "CORE-000701", "EC", "EPOCH is missing", ("EPOCH",), (At(1),)),
    )
    assert result.outcomes == {"success": 0, "issue reported": 1, "skipped": 0, "execution error": 0}
    assert result.rules[0].reasons == (("skipped", "Outside scope", 27),)
    assert (result.engine, result.standard) == ("0.17.1", "SDTMIG 3.4")


def test_the_runner_names_the_datasets_in_which_a_rule_broke_and_an_unknown_outcome_is_one(
    asked: Asked,
) -> None:
    told = outcome(
        "CORE-000701",
        [
            {"executionStatus": "success", "dataset": "AE"},
            {"executionStatus": "execution error", "dataset": "lb.xpt", "errors": [{"error": "KeyError"}]},
            {"executionStatus": "on strike", "dataset": "CM"},
            {"dataset": "CM"},
        ],
    )
    result = core_result(asked, answered(rules=[told]))
    assert result.outcomes["execution error"] == 1
    assert result.rules[0].datasets == {"success": 1, "execution error": 3}
    assert result.rules[0].reasons == (("execution error", "KeyError", 1),)
    assert [(issue.rule, issue.dataset) for issue in result.rules[0].failures] == [
        ("CORE-000701", "CM"),
        ("CORE-000701", "LB"),
    ]


def test_a_finding_about_a_whole_dataset_has_no_place(asked: Asked) -> None:
    told = {"dataset": "IE", "variables": ["IEDY"], "message": "missing", "places": [place("IE", None)]}
    (issue,) = core_result(asked, answered(rules=[rule(told, issue_reported=1)])).issues
    assert (issue.dataset, issue.places, issue.count) == ("IE", (), 1)


@pytest.mark.parametrize("read", [{"AE": 1}, {}, {"AE": 2, "CM": 1}])
def test_a_dataset_that_the_engine_did_not_read_whole_is_no_pass(asked: Asked, read: dict[str, int]) -> None:
    with pytest.raises(BuildFailed, match=r"dataset (AE|CM): the engine has read \d of \d records"):
        core_result(asked, answered(read=read))


def test_what_stops_the_engine_is_told_in_one_line(asked: Asked) -> None:
    with pytest.raises(MachineError, match=r"CDISC CORE: the rules cache lacks rules\.pkl"):
        core_result(asked, {"failed": "the rules cache lacks rules.pkl"})


def test_a_folder_without_rules_is_no_cache(asked: Asked, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no rules cache of CDISC CORE"):
        run_core(replace(asked, cache=tmp_path))


def without_dictionary(cache: Path) -> None:
    (cache / "rules_dictionary.pkl").unlink()


def with_a_class(cache: Path) -> None:
    (cache / "rules_dictionary.pkl").write_bytes(pickle.dumps({"sdtmig/3-4": Fraction(1, 2)}))


def cut_off(cache: Path) -> None:
    path = cache / "rules_dictionary.pkl"
    path.write_bytes(path.read_bytes()[:-5])


def of_another_standard(cache: Path) -> None:
    (cache / "rules_dictionary.pkl").write_bytes(pickle.dumps({"sdtmig/3-3": []}))


def without_a_rule(cache: Path) -> None:
    (cache / "rules.pkl").write_bytes(pickle.dumps({}))


@pytest.mark.parametrize(
    ("spoilt", "line"),
    [
        (without_dictionary, "the rules cache lacks rules_dictionary.pkl"),
        (with_a_class, "rules_dictionary.pkl of the rules cache is damaged or holds more than plain values"),
        (cut_off, "rules_dictionary.pkl of the rules cache is damaged or holds more than plain values"),
        (of_another_standard, "rules_dictionary.pkl of the rules cache does not know sdtmig/3-4"),
        (without_a_rule, "rules.pkl of the rules cache lacks CORE-000001"),
    ],
)
def test_the_runner_refuses_a_spoilt_cache_before_it_needs_the_engine(
    asked: Asked, spoilt: Callable[[Path], None], line: str
) -> None:
    spoilt(asked.cache)
    assert answer_of(asked, Path(sys.executable), 1) == {"failed": line}


def test_an_error_of_the_engine_is_told_by_its_kind_only(asked: Asked) -> None:
    """Here the engine is not even there."""
    asked.datasets[0].touch()
    assert answer_of(asked, Path(sys.executable), 1) == {"failed": "the engine stopped (ModuleNotFoundError)"}
    assert list(asked.work.iterdir()) == []


def test_a_run_that_takes_too_long_is_ended(asked: Asked) -> None:
    with pytest.raises(MachineError, match="is not done after 1e-06 minutes"):
        answer_of(asked, Path(sys.executable), 1e-6)


def test_a_process_that_dies_is_told(asked: Asked) -> None:
    with pytest.raises(MachineError, match="its process ended without an answer"):
        answer_of(asked, Path("/bin/false"), 1)


def test_a_python_that_is_not_there_is_told_with_its_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv(environment.PYTHON_VARIABLE, str(tmp_path / "python3.12"))
    with pytest.raises(MachineError, match=r"CDISC CORE: Python 3\.12 is not there; .* SDTM_CORE_PYTHON"):
        environment.engine_python()


def test_without_uv_the_engine_cannot_be_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setattr(environment, "CHECKOUT", tmp_path)
    with pytest.raises(MachineError, match="CDISC CORE: uv is not there"):
        environment.engine_python()


def test_a_finished_environment_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    digest = environment.sha256_of(environment.LOCKED)[:12]
    folder = tmp_path / "sdtm-pipeline" / f"core-{digest}"
    folder.mkdir(parents=True)
    (folder / "ready").touch()
    assert environment.engine_python() == folder / "bin" / "python"


def test_the_locked_packages_are_the_engine_that_is_asked_for_and_every_one_has_its_digest() -> None:
    wanted = (environment.ENGINE / "requirements.in").read_text(encoding="utf-8").splitlines()
    locked = environment.LOCKED.read_text(encoding="utf-8")
    (engine,) = [line for line in wanted if line.startswith("cdisc-rules-engine==")]
    assert f"{engine} \\\n    --hash=sha256:" in locked
    packages = [line for line in locked.splitlines() if "==" in line]
    assert packages
    assert all(line.endswith("\\") for line in packages)
