"""A database-lock record says which delivery of which study was locked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.blinding.lock_record import read_lock_record
from pipeline.errors import MachineError, Refused
from pipeline.files import sha256_of

RECORD = {"study": "S-1", "delivery": "2027-06-30-0", "locked_by": "DM", "locked_at": "2027-07-01T09:00:00Z"}


def written(folder: Path, content: object) -> Path:
    path = folder / "lock.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_it_gives_the_delivery_and_its_own_digest(tmp_path: Path) -> None:
    path = written(tmp_path, RECORD)
    found = read_lock_record(path, "S-1")
    assert (found.delivery, found.sha256) == ("2027-06-30-0", sha256_of(path))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("locked", "is not JSON"),
        ([RECORD], "lacks study, delivery"),
        ({**RECORD, "locked_by": " "}, "lacks locked_by"),
        ({**RECORD, "study": "S-2"}, "another study"),
        ({**RECORD, "locked_at": "yesterday"}, "locked_at"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, content: object, told: str) -> None:
    with pytest.raises(Refused, match=told):
        read_lock_record(written(tmp_path, content), "S-1")


def test_an_absent_record_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"lock\.json"):
        read_lock_record(tmp_path / "lock.json", "S-1")
