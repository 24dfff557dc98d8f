"""The reviewer's guide of the published build as a file of its own, to be read before there is a release."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline.documents.guide.conformance_facts import Conformance
from pipeline.documents.guide.document import reviewers_guide
from pipeline.documents.guide.facts import GuideFacts
from pipeline.emit.marking import marking
from pipeline.errors import BuildFailed
from pipeline.files import written_aside
from pipeline.flow.context import BLINDED, study_parts
from pipeline.flow.guide import guide_facts, source_titles
from pipeline.flow.guide_build import build_facts
from pipeline.flow.making import described_build
from pipeline.settings import Settings
from pipeline.specs.load import StudySpec
from pipeline.warehouse.builds import Build, published

_NOT_RUN = "this guide was written for review, without a release"


@dataclass(frozen=True)
class GuideFile:
    """A written guide and what it tells."""

    path: Path
    facts: GuideFacts
    mark: str | None


def write_guide(settings: Settings, target: Path) -> GuideFile:
    """Writes the guide of the published blinded build to ``target``; BuildFailed if nothing is published.

    Its conformance section says that the rules were not run: they look at a release.
    """
    build = published(settings.warehouse, settings.study, BLINDED)
    if build is None:
        raise BuildFailed(
            settings.study, "nothing is published yet", "run './sdtm load' and './sdtm build' first"
        )
    facts, mark = facts_of(build, study_parts(settings).spec), marking(build.place.mode)
    octets = reviewers_guide(facts, mark)
    with written_aside(target) as aside:
        aside.write_bytes(octets)
    return GuideFile(target, facts, mark)


def facts_of(build: Build, spec: StudySpec) -> GuideFacts:
    """What the guide of a published build tells before anybody has checked its release."""
    described = described_build(build, spec)
    return guide_facts(
        spec,
        described.found,
        absent=described.absent,
        cut=date.fromisoformat(str(build.facts["cut"])),
        mode=build.place.mode,
        build=build_facts(build, source_titles(spec.name)),
        conformance=Conformance(not_run=_NOT_RUN),
    )
