"""The engine's own environment: it wants another Python and other libraries than the project.

It lies in the user's cache, named by the digest of what is locked in it, and is made by uv when it is first needed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import MachineError
from pipeline.files import machine_errors, only_one, sha256_of
from pipeline.settings import CHECKOUT

ENGINE = Path(__file__).resolve().parent / "engine"
RUNNER = ENGINE / "run_rules.py"
LOCKED = ENGINE / "requirements.txt"
PYTHON = "3.12"
PYTHON_VARIABLE = "SDTM_CORE_PYTHON"
_WHAT = "CDISC CORE"
_READY = "ready"  # written last: an environment without it was never finished
_DIGITS = 12


def engine_python() -> Path:
    """The interpreter of an environment in which the engine is installed; made now if it is not there yet.

    Raises MachineError in one line if uv, Python 3.12 or the packages cannot be had.
    """
    folder = _cache() / "sdtm-pipeline" / f"core-{sha256_of(LOCKED)[:_DIGITS]}"
    python = folder / "bin" / "python"
    with machine_errors(str(folder)):
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not (folder / _READY).is_file():
            with only_one(folder.with_suffix(".lock"), str(folder), "installation"):
                _make(folder, python)
    return python


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def _make(folder: Path, python: Path) -> None:
    uv = _uv()
    shutil.rmtree(folder, ignore_errors=True)
    made = [uv, "venv", "--quiet", "--python", _interpreter(uv), str(folder)]
    _run(made, f"Python {PYTHON} is not there", f"install it, or name it in {PYTHON_VARIABLE}", folder.parent)
    synced = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(LOCKED)]
    _run(synced, "its packages cannot be installed", "check the network and the package index", folder.parent)
    (folder / _READY).touch()


def _run(command: list[str], culprit: str, fix: str, folder: Path) -> None:
    """Runs uv outside the checkout, whose settings are not the engine's."""
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    if done.returncode:
        raise MachineError(_WHAT, culprit, fix)


def _uv() -> str:
    """The uv that runs this project, or any other one."""
    here = (os.environ.get("UV"), shutil.which("uv"), str(CHECKOUT / ".uv" / "bin" / "uv"))
    for found in filter(None, here):
        if Path(found).is_file():
            return found
    raise MachineError(_WHAT, "uv is not there", "start the pipeline with ./sdtm, which brings it")


def _interpreter(uv: str) -> str:
    """A Python of the right version on this machine; else its number, which uv may download."""
    if named := os.environ.get(PYTHON_VARIABLE):
        return named
    find = [uv, "python", "find", "--quiet", "--no-project", "--no-python-downloads", PYTHON]
    found = subprocess.run(find, capture_output=True, check=False, text=True)
    if found.returncode == 0:
        return found.stdout.strip()
    return next(_of_pyenv(), PYTHON)


def _of_pyenv() -> Iterator[str]:
    """uv does not look where pyenv keeps the versions that are installed but not switched on."""
    versions = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser() / "versions"
    for python in sorted(versions.glob(f"{PYTHON}.*/bin/python")):
        yield str(python)
