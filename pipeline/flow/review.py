"""A study's review: its specification beside the facts of its delivered files, checked and as a page."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipeline.files import write_text
from pipeline.flow.context import study_parts
from pipeline.flow.delivered import delivered_sources
from pipeline.review.completeness import counts, problems
from pipeline.review.delivered import Delivered, unrestricted
from pipeline.review.page import page
from pipeline.review.problem import Problem
from pipeline.settings import Settings
from pipeline.specs.load import StudySpec, load_study

_OVERLAY = "unblinded"  # what an unblinded build says differently; reading it tells nothing about a subject


@dataclass(frozen=True)
class Review:
    """A specification, what is delivered for it, and what is still wrong between the two."""

    spec: StudySpec
    delivered: Delivered
    problems: tuple[Problem, ...]

    @property
    def counts(self) -> dict[str, int]:
        """What was looked at, by name."""
        return asdict(counts(self.spec, self.delivered))

    def write(self, target: Path) -> None:
        """Writes the page to ``target``; equal specifications give equal bytes."""
        write_text(target, page(self.spec, self.delivered, self.problems))


def study_review(settings: Settings) -> Review:
    """The review of the settings' study as a blinded build sees it; SpecError if it cannot be read at all.

    The problems include those that only the unblinded specification has, marked as such.
    """
    parts = study_parts(settings)
    delivered = delivered_sources(parts.models)
    found = problems(parts.spec, delivered)
    if (parts.spec.folder / _OVERLAY).is_dir():
        open_spec = load_study(settings.specs, settings.study, _OVERLAY)
        more = [each for each in problems(open_spec, unrestricted(delivered)) if each not in found]
        found += [replace(each, what=f"{each.what} (unblinded)") for each in more]
    return Review(parts.spec, delivered, tuple(found))
