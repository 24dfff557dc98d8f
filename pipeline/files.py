"""Files that appear whole or not at all, and their fingerprints.

Every file that outlives a command is written aside in its own folder, synced, and renamed (house law 7).
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pipeline.errors import MachineError

_CHUNK = 1 << 20
_OWN_FOLDER = 0o700
_PATIENCE, _MOMENT = 10.0, 0.01  # seconds
_LOCK_MODE = 0o666  # as any file: the umask of the person decides


@contextmanager
def machine_errors(what: str) -> Iterator[None]:
    """Turns the operating system's refusals into one line that names ``what``."""
    try:
        yield
    except OSError as error:
        raise MachineError(what, error.strerror or type(error).__name__, _advice(error)) from error


def _advice(error: OSError) -> str:
    advice = {
        28: "free some disk space and run again; the last good files are untouched",
        13: "check the permissions of the folder",
        30: "the file system is read-only; choose another folder",
        1: "check the permissions of the folder",
    }
    return advice.get(error.errno or 0, "the last good files are untouched")


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """A temporary path beside ``target`` that becomes ``target`` when the block ends well, else vanishes."""
    with machine_errors(str(target)):
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            yield aside
            sync(aside)
            aside.replace(target)
            sync(target.parent)
        finally:
            aside.unlink(missing_ok=True)


@contextmanager
def folder_written_aside(target: Path) -> Iterator[Path]:
    """The same for a whole folder: ``target`` must not exist yet. MachineError if another process is writing it."""
    with folder_aside(target) as aside:
        yield aside
        keep_folder(aside, target)


def keep_folder(aside: Path, target: Path) -> None:
    """The finished folder ``aside`` is ``target`` from now on, which must not exist yet."""
    for path in sorted(aside.rglob("*")):
        sync(path)
    sync(aside)
    aside.rename(target)
    sync(target.parent)


@contextmanager
def folder_aside(target: Path) -> Iterator[Path]:
    """An empty folder beside ``target``, gone when the block ends; what a killed process left there goes first.

    Its maker holds a lock on it: MachineError if another process is at work beside the same target.
    """
    with machine_errors(str(target)), ExitStack() as held:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
        with _turn(target):
            for left in sorted(target.parent.glob(f".{glob.escape(target.name)}.*.part")):
                with suppress(FileNotFoundError), only_one(left, str(target), "run"):
                    clear(left)
            aside.mkdir()
            held.enter_context(only_one(aside, str(target), "run"))
        try:
            yield aside
        finally:
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _turn(target: Path) -> Iterator[None]:
    """Nobody else clears away or begins a folder beside ``target``: a new one is never seen without its lock.

    MachineError if others do so for seconds.
    """
    until = time.monotonic() + _PATIENCE
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(only_one(target.parent, str(target), "run"))
                break
            except MachineError:
                if time.monotonic() > until:
                    raise
                time.sleep(_MOMENT)
        yield


def clear(left: Path) -> None:
    """What a killed run left, a file or a folder, is gone, read-only or not."""
    if left.is_dir() and not left.is_symlink():
        for folder, _, _ in os.walk(left):
            Path(folder).chmod(_OWN_FOLDER)
        shutil.rmtree(left)
    else:
        left.unlink(missing_ok=True)


@contextmanager
def only_one(lock: Path, what: str, kind: str) -> Iterator[None]:
    """Holds ``lock``, a file (made if need be) or a folder, for the block; MachineError if another process has it.

    A process that dies gives it back.
    """
    handle = os.open(lock, os.O_RDONLY if lock.is_dir() else os.O_RDWR | os.O_CREAT, _LOCK_MODE)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MachineError(what, f"another {kind} is running", "wait until it has ended") from error
        yield
    finally:
        os.close(handle)


def sync(path: Path) -> None:
    """Asks the disk to keep what was written, so that a rename never outruns its contents."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def write_text(target: Path, text: str) -> None:
    """Replaces ``target`` by ``text`` (UTF-8, newlines as given) in one step."""
    with written_aside(target) as aside:
        aside.write_bytes(text.encode())
