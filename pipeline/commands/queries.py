"""The command of the query list: how many queries are open, whom they are for, and the files to send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from pipeline.commands import show
from pipeline.errors import UsageError
from pipeline.flow.query_files import open_queries, with_status, write_queries
from pipeline.queries.state import STATUSES, Status, counts
from pipeline.settings import Settings

STATUS_NAMES = {status.name.lower(): str(status) for status in Status}


def listed(
    settings: Settings, target: Path | None, statuses: tuple[str, ...], *, by_site: bool
) -> dict[str, Any]:
    """Counts for the terminal; values are in the files, and in the JSON result."""
    if by_site and target is None:
        raise UsageError("--by-site", "there is no folder to write to", "add --to FOLDER")
    found = with_status(open_queries(settings), tuple(STATUS_NAMES[name] for name in statuses))
    files = write_queries(found, target, by_site=by_site) if target else []
    by_status = dict(found.rows.group_by("status").len().iter_rows())
    result: dict[str, Any] = {
        "delivery": found.delivery,
        "data_cut": found.cut.isoformat(),
        "status": {name: by_status.get(name, 0) for name in STATUSES},
        "ask": counts(found.rows, "ask").to_dicts(),
        "rules": counts(found.rows, "rule").to_dicts(),
        "state_from": found.rows["state_from"].first() if found.rows.height else None,
        "folder": str(target) if target else None,
        "files": files,
        "queries": found.rows.to_dicts(),
    }
    return {**result, "show": lambda: _show(found.rows, result)}


def _show(rows: pl.DataFrame, result: dict[str, Any]) -> None:
    show.facts(
        f"Queries of delivery {result['delivery']}, data cut {result['data_cut']}",
        {**{name.lower(): f"{count:,}" for name, count in result["status"].items()}},
    )
    show.listing("Whom to ask", result["ask"])
    show.listing("By rule", result["rules"])
    if rows.height and result["state_from"] is None:
        show.remark("No earlier delivery was built: every query counts as opened tonight")
    if result["folder"]:
        show.facts("Written", {"folder": result["folder"], "files": ", ".join(result["files"])})
