"""Traces over a published build: hands the build's tables, files and contracts to the room ``lineage``."""

from __future__ import annotations

from functools import partial
from typing import Any

from pipeline.contracts.facts import column_facts
from pipeline.domains.components import COUNTS, HAQ, JOINTS, SCALES
from pipeline.domains.indices import INDICES
from pipeline.domains.responses import DECIDED, EULAR, RESPONSES
from pipeline.errors import SdtmError, UsageError
from pipeline.flow.context import BLINDED, StudyParts, open_context, study_parts
from pipeline.lineage.ledger import Column, Contract, Delivered, Ledger
from pipeline.review.words import verb_words
from pipeline.settings import Settings
from pipeline.specs.choices import REACTANT, choice
from pipeline.specs.models import Dataset, Part, Study, Verb
from pipeline.warehouse.builds import Build, published

_CHANGED = "specification or code have changed since this build: the lines told are those of today"


def open_ledger(settings: Settings) -> Ledger:
    """The published blinded build; UsageError if nothing is published or it cannot be traced."""
    build = published(settings.warehouse, settings.study, BLINDED)
    if build is None:
        raise UsageError(str(settings.warehouse), "nothing is published", "run './sdtm build' first")
    notes = () if _is_current(settings, build) else (_CHANGED,)
    return ledger_of(build, study_parts(settings), notes=notes)


def _is_current(settings: Settings, build: Build) -> bool:
    try:
        return open_context(settings, build.delivery).store.build == build.build
    except SdtmError:  # the delivery has gone; its build is still there
        return False


def ledger_of(
    build: Build, parts: StudyParts, *, overlay: str | None = None, notes: tuple[str, ...] = ()
) -> Ledger:
    """What a trace of ``build`` may ask; UsageError for a build from before columns were accounted for."""
    tables = frozenset((file.layer, file.table) for file in build.files)
    if ("ops", "column_uses") not in tables:
        raise UsageError(f"build {build.build}", "was made before traces were kept", "build again")
    files = {
        source: Delivered(source, each["file"], each["delivery"], each["sha256"])
        for source, each in build.facts["files"].items()
    }
    return Ledger(
        spec=parts.spec,
        read=build.read,
        tables=tables,
        files=files,
        contract=partial(_contract, parts),
        words=_words,
        **_scores(parts.spec.study),
        overlay=overlay,
        notes=notes,
    )


def _contract(parts: StudyParts, source: str) -> Contract:
    model = parts.models[source]
    checks = {name: column.checks for name, column in model.to_schema().columns.items()}
    columns = {
        name: Column(
            fact.label,
            fact.kind,
            tuple(f"{each.name}: refused if it {each.description}" for each in checks[name]),
        )
        for name, fact in column_facts(model).items()
    }
    return Contract(model.__name__, columns)


def _words(verb: Verb, part: Part | None, dataset: Dataset) -> str:
    said = "".join(piece.text for piece in verb_words(verb, [part] if part else [], dataset))
    return said or "stays empty"


def _scores(study: Study) -> dict[str, Any]:
    """Components of each index and response by test code, the column of each index, and what responses compare with."""
    if study.scores is None:
        return {}
    own = {name: _flat(parts) for name, parts in INDICES.items()}
    compared = (*COUNTS, *SCALES, HAQ, choice(study, REACTANT).lower())
    against = dict.fromkeys(RESPONSES, compared) | {DECIDED: COUNTS}
    parts = dict(against)
    for name, index in EULAR.items():
        parts[name], against[name] = own[index], (index,)
    codes = study.scores.indices.model_dump() | study.scores.responses.model_dump()
    return {
        "score_parts": {**own, **{codes[name]: names for name, names in (own | parts).items()}},
        "indices": {codes[name]: name for name in INDICES},
        "judged_against": {codes[name]: names for name, names in against.items()},
    }


def _flat(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for part in parts for name in (COUNTS if part == JOINTS else (part,)))
