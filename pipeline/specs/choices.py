"""Settings with a fixed choice of values: what the engine can do, so that an unknown value is refused by name.

A cell of a study's table may hold ``{setting}``; it stands for the value of that setting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from pipeline.errors import SpecError
from pipeline.specs.models import Setting, Study

RESCUE_RULE: Final = "rescue.rule"
INDEX_SOURCE: Final = "rs.source"
CENSORED: Final = "censored.in_scores"
REACTANT: Final = "acr.apr"
FORMULA: Final = "egfr.variant"
RACE: Final = "race.coefficient"

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    RESCUE_RULE: ("EITHER", "BOTH"),
    INDEX_SOURCE: ("EDC_THEN_PIPELINE", "PIPELINE"),
    CENSORED: ("HALF", "LIMIT", "MISSING"),
    REACTANT: ("CRP", "ESR"),
    FORMULA: ("IDMS", "ORIGINAL"),
    RACE: ("ANY", "ALONE"),
}
_OF_SCORES: Final = (RESCUE_RULE, INDEX_SOURCE, CENSORED, REACTANT)
_OF_FILTRATION: Final = (FORMULA, RACE)
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+\.[a-z_]+)\}")


def choice(study: Study, name: str) -> str:
    """The value of a setting of CHOICES; SpecError that names the setting if it is missing or unknown."""
    if problem := _problem(study, name):
        raise SpecError(*problem)
    return study.setting(name)


def choice_problems(study: Study) -> Iterator[tuple[str, str, str]]:
    """Settings that the study needs and lacks, or whose value the engine does not know: place, problem, fix."""
    needed = (*(_OF_SCORES if study.scores else ()), *(_OF_FILTRATION if study.filtration else ()))
    for name in CHOICES:
        if (name in needed or name in study.settings) and (problem := _problem(study, name)):
            yield problem


def _problem(study: Study, name: str) -> tuple[str, str, str] | None:
    place, fix = f"study.yaml: settings.{name}", f"choose {' or '.join(CHOICES[name])}"
    if name not in study.settings:
        return place, "is missing", fix
    return (
        None
        if study.setting(name) in CHOICES[name]
        else (place, "has a value that the engine does not know", fix)
    )


def with_settings(name: str, table: pl.DataFrame, settings: Mapping[str, Setting]) -> pl.DataFrame:
    """``table`` with every ``{setting}`` replaced by its value, a cell without a value left blank (null).

    SpecError for a setting that the study lacks.
    """
    if not any("{" in text for column in table for text in column.drop_nulls()):
        return table

    def filled(text: str) -> str | None:
        return _PLACEHOLDER.sub(lambda found: _value(name, found[1], settings), text) or None

    cells = pl.all().map_elements(filled, return_dtype=pl.String)
    return table.with_columns(cells)


def _value(table: str, setting: str, settings: Mapping[str, Setting]) -> str:
    try:
        return settings[setting].value
    except KeyError:
        raise SpecError(f"{table}.csv", f"names the setting {setting}, which study.yaml lacks") from None
