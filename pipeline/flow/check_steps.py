"""The step that asks the study's checks of the finished tables."""

from __future__ import annotations

from datetime import date

import polars as pl

from pipeline.blinding.leak_rules import leak_rules
from pipeline.checks.run import MACROS, Anchors, answered, no_answers
from pipeline.domains.records import LINE, ROSTER_KEY
from pipeline.flow.context import Context, StudyParts
from pipeline.flow.steps import Outcome, Step, severities
from pipeline.specs.load import StudySpec
from pipeline.specs.models import Study
from pipeline.warehouse.asking import LIVE, SPEC, asking

CHECKS = "checks"
_SETTINGS = "settings"
_BUILT_BY = {
    "raw": "raw",
    "typed": "contract",
    LIVE: "contract",
    "quarantine": "contract",
    "derived": "derived",
    "qc": "qc",
}


def checks_step(parts: StudyParts) -> Step:
    """``qc.checks`` (one row a check: id, severity, title, findings) and the findings of all checks."""
    return Step(f"qc.{CHECKS}", "checks", "Checks of the study", _needs(parts), _run)


def _needs(parts: StudyParts) -> tuple[str, ...]:
    """Steps that make what the checks read, and every dataset, to whose records findings are anchored."""
    read = [table for check in parts.checks.values() for table in check.tables]
    steps = [f"{_BUILT_BY[layer]}.{name}" for layer, name in read if layer in _BUILT_BY]
    steps.append(f"contract.{parts.spec.study.reference.roster}")
    return tuple(dict.fromkeys([*steps, *(f"sdtm.{name}" for name in parts.spec.datasets)]))


def _run(context: Context) -> Outcome:
    spec, checks = context.parts.spec, context.parts.checks
    roster, deleted = spec.study.reference.roster, spec.study.delivery.deleted
    anchors = Anchors(spec, context.inputs.links, roster, _roster(context, roster))
    tables = [table for check in checks.values() for table in check.tables]
    frames = {name: spec.table(name) for layer, name in tables if layer == SPEC and name != _SETTINGS}
    with asking(
        context.store,
        tables,
        {**frames, _SETTINGS: settings_table(context.parts.spec.study)},
        check_macros(spec, context.delivery.cut),
        (deleted.column, deleted.value),
    ) as ask:
        found = {name: answered(name, check, ask, anchors) for name, check in checks.items()}
    findings = pl.concat([no_answers(), *found.values()])
    told = [(name, str(check.severity), check.title, found[name].height) for name, check in checks.items()]
    table = pl.DataFrame(told, schema=["check", "severity", "title", "findings"], orient="row")
    context.store.write("qc", CHECKS, table)
    context.store.write("qc", f"findings_{CHECKS}", findings)
    return Outcome(table.height, "qc", CHECKS, {"findings": findings.height}, severities(findings))


def _roster(context: Context, roster: str) -> pl.DataFrame:
    rows = context.inputs.whole(roster).select(ROSTER_KEY, line=pl.col(LINE)).collect()
    return rows.unique(ROSTER_KEY, keep="first", maintain_order=True)


def settings_table(study: Study) -> pl.DataFrame:
    """What ``setting('name')`` answers: the study's settings, and ``delivery.<name>`` of its expectations."""
    expected = study.delivery.expected.model_dump()
    rows = [(name, setting.value) for name, setting in study.settings.items()]
    rows += [
        (f"delivery.{name}", str(value)) for name, value in expected.items() if isinstance(value, str | int)
    ]
    return pl.DataFrame(rows, schema=["setting", "value"], orient="row")


def check_macros(spec: StudySpec, cut: date) -> str:
    """The engine's macros and those of the build: its data cut, the subject's number of a USUBJID, and whether a text
    names a treatment that the study masks."""
    own = (
        f"CREATE MACRO cut() AS DATE '{cut.isoformat()}'",
        f"CREATE MACRO subject_of(usubjid) AS substr(usubjid, {len(spec.study.subject_prefix) + 1})",
        f"CREATE MACRO names_treatment(text) AS {_names_treatment(spec)}",
    )
    return MACROS.read_text(encoding="utf-8") + ";\n".join((*own, ""))


def _names_treatment(spec: StudySpec) -> str:
    if spec.blinding is None:
        return "false"
    word, harmless = (pattern.replace("'", "''") for pattern in leak_rules(spec).patterns)
    told = f"regexp_matches(regexp_replace(text, '{harmless}', '', 'g'), '{word}')"
    return f"regexp_matches(text, '{word}') AND {told}"  # most texts need one look only
