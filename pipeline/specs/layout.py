"""How one delivered file looks from outside: where it lies, how it is cut into columns, who may see it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SourceLayout:
    """One source of a study.

    ``pattern`` is a glob relative to the delivery folder (``edc/AE.csv``, ``lab/*_LAB_*.txt``) that must match
    at most one file; ``study_column`` holds the sender's name of the study, one of ``study_names``;
    a ``restricted`` source never reaches a blinded build; only a source with ``may_be_empty`` may be
    header-only. ``subject_column`` names the column with the subject's number, if there is one. A ``cumulative``
    file repeats all that was sent before, so that it must not shrink.
    """

    source: str
    pattern: str
    columns: tuple[str, ...]
    separator: str = ","
    study_column: str | None = "STUDYID"
    study_names: tuple[str, ...] = ()
    subject_column: str | None = "SUBJID"
    may_be_empty: bool = False
    required: bool = True
    restricted: bool = False
    cumulative: bool = False
