"""One run of CDISC CORE over a folder of transport files and its define.xml, in a separate process."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.conformance.environment import RUNNER, engine_python
from pipeline.conformance.verdict import CORE, At, CoreResult, Issue, RuleOutcome
from pipeline.errors import BuildFailed, MachineError, UsageError
from pipeline.files import machine_errors, sha256_of

OnRule = Callable[[int, int], None]  # rules done, rules in all
MINUTES = 120
_WHAT = "CDISC CORE"
_RULES = "rules.pkl"


@dataclass(frozen=True)
class Asked:
    """What the engine is to look at; ``records`` are those that each file holds, by dataset.

    ``standard`` and ``version`` as the cache names them (``sdtmig``, ``3-4``); ``terminology`` are its packages.
    Below ``work`` lies what passes between the processes while they run: it holds places of findings, so it belongs to
    those who may read the package. ``rules`` limits the run to some rules, for trials; empty means all.
    """

    cache: Path
    datasets: tuple[Path, ...]
    define: Path
    records: Mapping[str, int]
    standard: str
    version: str
    terminology: tuple[str, ...]
    work: Path
    rules: tuple[str, ...] = ()


def run_core(asked: Asked, *, minutes: float = MINUTES, on_rule: OnRule | None = None) -> CoreResult:
    """What every rule says; BuildFailed if the engine has not read every record, MachineError if it cannot run."""
    if not (asked.cache / _RULES).is_file():
        fix = (
            "name the folder that holds rules.pkl ('core.py update-cache', or resources/cache of the engine)"
        )
        raise UsageError(str(asked.cache), "is no rules cache of CDISC CORE", fix)
    return core_result(asked, answer_of(asked, engine_python(), minutes, on_rule))


def core_result(asked: Asked, answer: Mapping[str, Any]) -> CoreResult:
    """The runner's answer in the words of this room, sorted."""
    if "failed" in answer:
        raise MachineError(_WHAT, str(answer["failed"]), "check the rules cache and its version")
    _require_whole(asked.records, answer["read"])
    rules = tuple(
        RuleOutcome(
            each["rule"],
            each["datasets"],
            tuple((s, k, n) for s, k, n in each["reasons"]),
            tuple(sorted({_named(name) for name in each["broken"]})),
        )
        for each in sorted(answer["rules"], key=lambda each: str(each["rule"]))
    )
    return CoreResult(
        engine=answer["engine"],
        standard=f"{asked.standard.upper()} {asked.version.replace('-', '.')}",
        terminology=asked.terminology,
        cache=sha256_of(asked.cache / _RULES),
        records=dict(sorted(answer["read"].items())),
        rules=rules,
        issues=_issues(answer["rules"]),
    )


def _require_whole(records: Mapping[str, int], read: Mapping[str, int]) -> None:
    """The engine is silent about a dataset that it cannot decode, so what it has read is counted."""
    for name in sorted(set(records) | set(read)):
        if records.get(name) != read.get(name):
            culprit = f"the engine has read {read.get(name, 0)} of {records.get(name, 0)} records"
            raise BuildFailed(
                f"dataset {name}", culprit, "its rules say nothing about the rest; do not release"
            )


def _issues(rules: list[dict[str, Any]]) -> tuple[Issue, ...]:
    """One issue for each rule, dataset, variables and sentence, with all places."""
    found: dict[tuple[str, str, tuple[str, ...], str], set[At]] = {}
    for rule in rules:
        for told in rule["issues"]:
            variables, message = tuple(sorted(set(told["variables"]))), str(told["message"])
            for place in told["places"] or [{}]:
                dataset = str(place.get("dataset") or told["dataset"])
                at = found.setdefault((rule["rule"], _named(dataset), variables, message), set())
                if place.get("record"):
                    at.add(At(int(place["record"]), str(place["subject"] or ""), int(place["seq"] or 0)))
    issues = (
        Issue(CORE, rule, dataset, message, variables, tuple(sorted(places)))
        for (rule, dataset, variables, message), places in found.items()
    )
    return tuple(sorted(issues, key=lambda issue: issue.order))


def _named(dataset: str) -> str:
    """The engine names a dataset sometimes by its file."""
    return dataset.removesuffix(".xpt").upper()


def answer_of(asked: Asked, python: Path, minutes: float, on_rule: OnRule | None = None) -> dict[str, Any]:
    """What the runner answers in a process of ``python``; MachineError if it gives no answer in time."""
    with machine_errors(str(asked.work)), _folder(asked.work) as folder:
        question, answer = Path(folder) / "request.json", Path(folder) / "answer.json"
        question.write_text(_request(asked), encoding="utf-8")
        command = [str(python), str(RUNNER), str(question), str(answer)]
        # nothing but its own folder: what the person's shell knows is not the engine's business
        environment = {"PYTHONHASHSEED": "0", "HOME": folder, "TMPDIR": folder, "LC_ALL": "C.UTF-8"}
        with subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a library's own text may quote values
            text=True,
        ) as process:
            _watch(process, minutes, on_rule)
        if not answer.is_file():
            raise MachineError(
                _WHAT, "its process ended without an answer", "check the memory of the machine"
            )
        told: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return told


@contextmanager
def _folder(work: Path) -> Iterator[str]:
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".core-", suffix=".part", dir=work) as folder:
        yield folder


def _watch(process: subprocess.Popen[str], minutes: float, on_rule: OnRule | None) -> None:
    """Passes on how far the engine is; it is ended after ``minutes``, or when this run is interrupted."""
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    clock = threading.Timer(minutes * 60, end)
    clock.start()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            done, _, total = line.strip().partition("/")
            if on_rule and done.isdecimal() and total.isdecimal():
                on_rule(int(done), int(total))
        process.wait()
    except BaseException:
        process.kill()
        raise
    finally:
        clock.cancel()
    if late.is_set():
        raise MachineError(_WHAT, f"is not done after {minutes:g} minutes", "allow more with --core-minutes")


def _request(asked: Asked) -> str:
    told = {
        "cache": str(asked.cache.resolve()),
        "datasets": [str(path.resolve()) for path in asked.datasets],
        "define": str(asked.define.resolve()),
        "standard": asked.standard,
        "version": asked.version,
        "terminology": list(asked.terminology),
        "rules": list(asked.rules),
    }
    return json.dumps(told, sort_keys=True)
