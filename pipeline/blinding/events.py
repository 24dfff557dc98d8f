"""The record of unblindings: one JSON line an event, each holding the hash of the one before it.

Lines are only ever added. A line that was changed, removed from the middle, or put in another order breaks the
chain, and with a broken chain nothing is unblinded any more.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.blinding.modes import Mode
from pipeline.errors import MachineError, Refused, UsageError
from pipeline.files import machine_errors, written_aside

START = "0" * 64  # what the first event gives as the hash before it
APPROVERS = 2
_READ_ONLY = 0o400
_RESTORE = "restore the record from the backup; nothing is unblinded with a broken record"


@dataclass(frozen=True)
class Request:
    """What a person asks for: mode, locked delivery, who approved it and why, and digests of what was shown.

    ``key`` is the sha256 of the landed key file, ``lock`` that of the database-lock record; ``when`` is given by
    the caller (ISO 8601 with zone).
    """

    study: str
    mode: Mode
    delivery: str
    who: str
    approvers: tuple[str, ...]
    why: str
    when: str
    key: str
    lock: str


@dataclass(frozen=True)
class Event:
    """A recorded request; ``hash`` covers everything else, ``previous`` is the hash of the event before it."""

    request: Request
    previous: str
    hash: str


def checked_request(request: Request) -> Request:
    """``request`` with trimmed names; UsageError unless two different people approved it and it has a reason."""
    names = tuple(" ".join(name.split()) for name in request.approvers)
    if len(names) != APPROVERS or not all(names):
        raise UsageError(
            "--approver", f"{sum(map(bool, names))} named", "name exactly two people who approved"
        )
    if len({name.casefold() for name in names}) < APPROVERS:
        raise UsageError("--approver", "the same person twice", "name two different people")
    if not request.why.strip():
        raise UsageError("--why", "is empty", "say why the study is unblinded")
    return Request(
        **{**asdict(request), "mode": request.mode, "approvers": names, "why": request.why.strip()}
    )


def events(log: Path) -> tuple[Event, ...]:
    """All events in order, none if there is no record; Refused if the chain is broken."""
    with machine_errors(str(log)):
        lines = log.read_text(encoding="utf-8").splitlines(keepends=True) if log.exists() else []
    found: list[Event] = []
    for number, line in enumerate(lines, start=1):
        event = _read(line)
        previous = found[-1].hash if found else START
        if event is None or event.previous != previous or event.hash != _hash(event.request, previous):
            raise Refused(
                log.name, f"event {number} of the unblinding record is not the one written", _RESTORE
            )
        found.append(event)
    return tuple(found)


def append_event(log: Path, request: Request) -> Event:
    """The event, added to the end of ``log`` in one step; Refused if the record before it is broken.

    Raises UsageError for an incomplete request, MachineError if another process is writing.
    """
    request = checked_request(request)
    with _only_writer(log):
        before = events(log)
        previous = before[-1].hash if before else START
        event = Event(request, previous, _hash(request, previous))
        with written_aside(log) as aside:
            aside.write_bytes((log.read_bytes() if before else b"") + _line(event).encode())
            aside.chmod(_READ_ONLY)
    return event


def latest(found: tuple[Event, ...], mode: Mode) -> Event:
    """The last event of ``mode``; Refused if there is none."""
    for event in reversed(found):
        if event.request.mode is mode:
            return event
    raise Refused(f"mode {mode}", "nobody has approved it", "record the approval with './sdtm unblind'")


@contextmanager
def _only_writer(log: Path) -> Iterator[None]:
    with machine_errors(str(log)):
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.with_name(f".{log.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise MachineError(
                    log.name, "another process is writing it", "wait until it has ended"
                ) from error
            yield


def _hash(request: Request, previous: str) -> str:
    return hashlib.sha256(_canonical({**asdict(request), "previous": previous}).encode()).hexdigest()


def _line(event: Event) -> str:
    return _canonical({**asdict(event.request), "previous": event.previous, "hash": event.hash}) + "\n"


def _canonical(content: dict[str, object]) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _read(line: str) -> Event | None:
    """The event of a line exactly as this module writes it; None for anything else."""
    try:
        content = json.loads(line)
        previous, told = content.pop("previous"), content.pop("hash")
        request = Request(
            **{**content, "mode": Mode(content["mode"]), "approvers": tuple(content["approvers"])}
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    event = Event(request, previous, told)
    return event if _line(event) == line else None
