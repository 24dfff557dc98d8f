"""What the guide tells about conformance: who looked, at what, and what was found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Issue:
    """What one rule reports of one dataset; ``explanation`` None means that nobody has explained it."""

    rule: str
    dataset: str
    variables: tuple[str, ...]
    message: str
    count: int
    explanation: str | None = None


@dataclass(frozen=True)
class OwnCheck:
    """One check of the project itself, its rule in words and how it ended."""

    id: str
    rule: str
    outcome: str


@dataclass(frozen=True)
class Conformance:
    """Result of the conformance engine; ``engine`` None means that it did not run, for the reason ``not_run``."""

    engine: str | None = None
    version: str | None = None
    not_run: str = ""
    rules: str = ""  # whose rules, for which version of SDTMIG
    terminology: str = ""
    define: bool = False  # whether the rules saw define.xml
    outcomes: tuple[tuple[str, int], ...] = ()  # rules by outcome
    broken: tuple[
        tuple[str, tuple[str, ...]], ...
    ] = ()  # rules that broke in the engine, with their datasets
    issues: tuple[Issue, ...] = ()
    checks: tuple[OwnCheck, ...] = ()
