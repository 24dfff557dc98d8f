"""Two roots with a simulated study, and what a person does to lift its blind."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline.blinding.events import Event
from pipeline.blinding.modes import Mode
from pipeline.flow.deliver import load_delivery, simulate_delivery
from pipeline.flow.unblinding import load_restricted, unblind
from pipeline.restricted import RestrictedSettings
from pipeline.settings import Settings

STUDY = "BXU001-RA"
APPROVERS = ("Ada Approver", "Ben Approver")
WHEN = "2027-07-02T09:00:00+00:00"
KEY = "unblinding_key.csv"
Rows = list[dict[str, str]]


@dataclass(frozen=True)
class TwoRoots:
    """Blinded and restricted root, and the folders that the senders delivered."""

    settings: Settings
    restricted: RestrictedSettings
    sent: Path
    secret: Path
    delivery: str


def two_roots(folder: Path, *, subjects: int, seed: int, as_of: date) -> TwoRoots:
    """The simulated study, its blinded files landed and its restricted files still with their sender."""
    settings = Settings(folder / "blinded")
    sent, secret = folder / "sent", folder / "secret"
    simulate_delivery(settings, sent, secret, subjects=subjects, seed=seed, as_of=as_of, defects="none")
    delivery = load_delivery(settings, sent).delivery_id
    return TwoRoots(
        settings, RestrictedSettings.apart_from(settings, folder / "restricted"), sent, secret, delivery
    )


def lock_record(roots: TwoRoots, name: str = "lock.json", **changed: str) -> Path:
    """A database-lock record of the landed delivery."""
    told = {
        "study": STUDY,
        "delivery": roots.delivery,
        "locked_by": "DM",
        "locked_at": "2027-07-01T09:00:00Z",
    }
    path = roots.sent.parent / name
    path.write_text(json.dumps({**told, **changed}))
    return path


def approve(
    roots: TwoRoots, mode: Mode, approvers: tuple[str, ...] = APPROVERS, lock: Path | None = None
) -> Event:
    """What ``./sdtm unblind`` does."""
    return unblind(
        roots.settings,
        roots.restricted,
        lock or lock_record(roots),
        mode=mode,
        who="operator",
        approvers=approvers,
        why="test of the modes",
        when=WHEN,
    )


def rewritten(folder: Path, name: str, change: Callable[[Rows], Rows]) -> None:
    """Changes the rows of a restricted file; a key gets the fingerprint of its new rows."""
    path = folder / name
    with path.open(newline="") as file:
        rows = change(list(csv.DictReader(file)))
    if name == KEY:
        lines = "".join(sorted(f"{row['SUBJID']},{row['RANDNO']},{row['ARMCD']}\n" for row in rows))
        rows = [{**row, "SHA256": hashlib.sha256(lines.encode()).hexdigest()} for row in rows]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def land_secret(roots: TwoRoots) -> str:
    """Lands the restricted files."""
    return load_restricted(roots.settings, roots.restricted, roots.secret).delivery_id


def digests(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file below ``folder``: relative name -> size and sha256."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_size,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in found
    }
