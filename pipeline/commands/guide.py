"""The command of the reviewer's guide: the published build's csdrg.pdf, to be read and mended before a release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.commands import show
from pipeline.flow.guide_file import write_guide
from pipeline.settings import Settings

FILE = "csdrg.pdf"


def written(settings: Settings, target: Path | None) -> dict[str, Any]:
    """Writes the guide (default: below the home) and says what it covers; counts only."""
    made = write_guide(settings, target or settings.home / "guide" / FILE)
    facts = made.facts
    result: dict[str, Any] = {
        "file": str(made.path),
        "study": facts.source.study,
        "mark": made.mark,
        "build": facts.source.build,
        "data_cut": facts.source.cut,
        "datasets": len(facts.datasets),
        "without_records": [name for name, _ in facts.absent],
        "assumptions": len(facts.assumptions),
        "conformance": "not run",
    }
    return {**result, "show": lambda: _show(result)}


def _show(result: dict[str, Any]) -> None:
    show.facts(
        f"Reviewer's guide of {result['study']}, data cut {result['data_cut']}",
        {
            "file": result["file"],
            "marked": result["mark"] or "not at all",
            "build": result["build"],
            "datasets": str(result["datasets"]),
            "without records": ", ".join(result["without_records"]) or "none",
            "assumptions": str(result["assumptions"]),
            "conformance": "not run; a release runs it",
        },
    )
