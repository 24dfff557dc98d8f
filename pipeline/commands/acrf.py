"""The annotated CRF for people: the draft of the PDF that a release holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.commands import show
from pipeline.errors import UsageError
from pipeline.flow.acrf import FORMS, Written, write_draft
from pipeline.settings import Settings


def annotated(settings: Settings, target: Path | None) -> dict[str, Any]:
    """Writes the PDF to ``target`` (default: below the home); UsageError for a study without a table of forms."""
    file = target or settings.home / "spec" / f"{settings.study}-acrf.pdf"
    written = write_draft(settings, file)
    if written is None:
        raise UsageError(settings.study, f"has no table {FORMS}.csv", "say there which file is which form")
    return {**written.counts, "file": str(file), "show": lambda: _show(written, file)}


def _show(written: Written, file: Path) -> None:
    show.facts(f"Annotated CRF of {written.study}", {**written.counts, "file": file})
