"""The database-lock record: a small JSON file in which data management says which delivery is locked, by whom and when.

``{"study": "...", "delivery": "...", "locked_by": "...", "locked_at": "2027-07-01T09:00:00Z"}``; more keys are allowed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.errors import Refused
from pipeline.files import machine_errors, sha256_of

_KEYS = ("study", "delivery", "locked_by", "locked_at")


@dataclass(frozen=True)
class LockRecord:
    """The locked delivery and the fingerprint of the record's file."""

    delivery: str
    sha256: str


def read_lock_record(path: Path, study: str) -> LockRecord:
    """The record in ``path``; Refused if it is not one of this study, MachineError if it cannot be read."""
    what = f"database-lock record {path.name}"
    with machine_errors(str(path)):
        digest, text = sha256_of(path), path.read_bytes()
    try:
        content = json.loads(text)
    except ValueError as error:
        raise Refused(what, "is not JSON", f"write a JSON object with {', '.join(_KEYS)}") from error
    told = content if isinstance(content, dict) else {}
    lacking = [key for key in _KEYS if not isinstance(told.get(key), str) or not told[key].strip()]
    if lacking:
        raise Refused(what, f"lacks {', '.join(lacking)}", "let data management complete it")
    if told["study"] != study:
        raise Refused(what, "belongs to another study", f"give the record of {study}")
    try:
        datetime.fromisoformat(told["locked_at"])
    except ValueError as error:
        raise Refused(
            what, "locked_at is no ISO 8601 date and time", "let data management correct it"
        ) from error
    return LockRecord(told["delivery"], digest)
