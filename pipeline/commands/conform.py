"""The command that judges a release: CDISC CORE, the project's own checks, and what of it is explained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.commands import show
from pipeline.conformance.core import OnRule
from pipeline.conformance.verdict import BROKEN, Issue, RuleOutcome
from pipeline.emit.opened import OpenRelease, opened_release
from pipeline.errors import EXIT_BUILD, UsageError
from pipeline.flow.conform import Judge
from pipeline.flow.conform_release import Judged, judge_release
from pipeline.flow.context import BLINDED, study_parts
from pipeline.settings import Settings
from pipeline.warehouse.places import Place

_MOST = 40


def opened(folder: Path) -> OpenRelease:
    """The release in ``folder``; Refused if it is not as it was made."""
    return opened_release(folder)


def conformed(
    settings: Settings, release: OpenRelease, cache: Path | None, minutes: float, *, quiet: bool
) -> dict[str, Any]:
    """Judges a blinded release; exit code 4 if anything is unexplained."""
    if release.mode != BLINDED:
        raise UsageError(release.name, "is not blinded", "judge it with the restricted root")
    place = Place(settings.warehouse, settings.study, BLINDED)
    with rules_shown(quiet=quiet) as on_rule:
        judge = Judge(cache, place.folder, minutes=minutes, on_rule=on_rule)
        return conform_result(judge_release(release, study_parts(settings).spec, place, judge))


@contextmanager
def rules_shown(*, quiet: bool) -> Iterator[OnRule | None]:
    """A progress bar on stderr for the minutes that the engine takes; nothing in a log."""
    if quiet or not show.progress_console.is_terminal:
        yield None
        return
    columns = (
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("rules of CDISC CORE"),
    )
    with Progress(*columns, console=show.progress_console, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def conform_result(judged: Judged) -> dict[str, Any]:
    """Counts and sentences; the places of findings are in the warehouse."""
    verdict = judged.verdict
    unexplained = verdict.unexplained
    result: dict[str, Any] = {
        "release": judged.release,
        "mode": judged.mode,
        **verdict.summary,
        "criteria": [vars(each) for each in verdict.own.criteria],
        "issues": [_told(issue) for issue in verdict.issues],
        "stale": [vars(each) for each in verdict.stale],
        "errors": [
            {"rule": rule.rule, "datasets": _datasets(rule), "kinds": _kinds(rule)}
            for rule in verdict.core.rules
            if rule.failures
        ],
        "table": str(judged.table),
    }
    return {**result, "exit_code": EXIT_BUILD if unexplained else 0, "show": lambda: _show(result)}


def _datasets(rule: RuleOutcome) -> str:
    return " ".join(issue.dataset for issue in rule.failures)


def _kinds(rule: RuleOutcome) -> str:
    return ", ".join(sorted({kind for outcome, kind, _ in rule.reasons if outcome == BROKEN}))


def _told(issue: Issue) -> dict[str, Any]:
    return {
        "source": issue.source,
        "rule": issue.rule,
        "dataset": issue.dataset,
        "variables": " ".join(issue.variables),
        "count": issue.count,
        "message": issue.message,
        "why": issue.why,
    }


def _show(result: dict[str, Any]) -> None:
    engine = f"cdisc-rules-engine {result['engine']}" if result["engine"] else "not asked: name --core-cache"
    rules = (
        {f"rules: {name}": f"{count:,}" for name, count in result["rules"].items()}
        if result["engine"]
        else {}
    )
    own = {f"own checks: {name}": count for name, count in result["own_checks"].items()}
    show.facts(f"Conformance of {result['release']}", {"CDISC CORE": engine, **rules, **own})
    failed = [each for each in result["issues"] if each["why"] is None]
    _listed("Unexplained", failed, "rule", "dataset", "count", "variables", "message")
    told = [each for each in result["issues"] if each["why"] is not None]
    _listed("Explained", told, "rule", "dataset", "count", "why")
    show.listing("Rules that broke in the engine", result["errors"], most=_MOST)
    for each in result["stale"]:
        show.remark(f"explained.csv: {each['rule']} in {each['dataset']} explains nothing of this release")
    show.facts(
        "Where it lies", {"every record": "table qc.conformance of the warehouse", "file": result["table"]}
    )
    if failed:
        show.remark(
            f"{len(failed)} findings are unexplained: mend the data, or explain them in explained.csv"
        )


def _listed(title: str, issues: list[dict[str, Any]], *columns: str) -> None:
    show.listing(title, [{name: each[name] for name in columns} for each in issues], most=_MOST)
