"""The specification for people: one HTML page, and the check that it is complete."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from pipeline.commands import show
from pipeline.errors import EXIT_USAGE
from pipeline.flow.review import Review, study_review
from pipeline.settings import Settings

_COUNTED = {
    "datasets": "datasets",
    "variables": "variables",
    "supplements": "supplemental qualifiers",
    "sources": "delivered files",
    "columns": "delivered columns",
    "submitted": "... that reach a variable",
    "steering": "... that identify or decide",
    "not_submitted": "... declared as not submitted",
    "restricted": "... of restricted files",
}


def reviewed(settings: Settings, target: Path | None, *, check: bool) -> dict[str, Any]:
    """Writes the page (with ``check`` only to a named ``target``); a check with problems ends with exit code 2."""
    review = study_review(settings)
    page = target if target or check else settings.home / "spec" / f"{settings.study}.html"
    if page is not None:
        review.write(page)
    result: dict[str, Any] = {
        "study": review.spec.study.study,
        "complete": not review.problems,
        "problems": [asdict(each) for each in review.problems],
        "counts": review.counts,
        "page": None if page is None else str(page),
    }
    code = EXIT_USAGE if check and review.problems else 0
    return {**result, "exit_code": code, "show": lambda: _show(review, page, check=check)}


def _show(review: Review, page: Path | None, *, check: bool) -> None:
    if check and review.problems:
        show.console.print(_problems(review))
        show.console.print()
    show.facts(
        f"Specification of {review.spec.study.study}",
        {name: f"{review.counts[key]:,}" for key, name in _COUNTED.items()},
    )
    number = len(review.problems)
    told = f"{number} open point{'' if number == 1 else 's'}" + (
        "" if check else "; ./sdtm spec --check lists them"
    )
    show.console.print(Text(told, style="red") if number else Text("complete", style="bold green"))
    if page is not None:
        show.console.print(Text(f"page: {page}"))


def _problems(review: Review) -> Table:
    table = Table(title="Open points", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in ("object", "what is wrong", "what to do"):
        table.add_column(name, overflow="fold")
    for each in review.problems:
        table.add_row(Text(each.what, style="bold"), each.culprit, Text(each.fix, style="dim"))
    return table
