"""Commands for the people who run and change the pipeline: the UI, tests, lint, the generated standard."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

from pipeline.commands import show
from pipeline.errors import UsageError
from pipeline.files import machine_errors, write_text
from pipeline.settings import CHECKOUT, Settings

_NOT_FOR_DAGSTER = ("SDTM_RESTRICTED_HOME",)  # what everybody sees in the browser knows no way to the key
# One build at a time holds the warehouse's lock: further runs wait in the queue instead of failing on it.
_DAGSTER_CONFIG = """\
telemetry:
  enabled: false
nux:
  enabled: false
python_logs:
  python_log_level: INFO
concurrency:
  runs:
    max_concurrent_runs: 1
"""
_LINT = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports",),
)


def ui(settings: Settings, host: str, port: int) -> NoReturn:
    """Becomes ``dagster dev`` on the checkout's workspace, so that what stops the command stops Dagster."""
    with machine_errors(str(settings.dagster)):
        home = dagster_home(settings)
        places = {"DAGSTER_HOME": str(home), "SDTM_HOME": str(settings.home), "SDTM_STUDY": settings.study}
        program, workspace = _program("dagster"), str(CHECKOUT / "workspace.yaml")
        os.chdir(CHECKOUT)
        command = [program, "dev", "-w", workspace, "-h", host, "-p", str(port)]
        blinded = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_DAGSTER}
        os.execve(program, command, {**blinded, **places})  # noqa: S606 - no shell: a fixed program of this environment


def dagster_home(settings: Settings) -> Path:
    """The folder of Dagster's own records, with a configuration unless a person has put one there."""
    settings.dagster.mkdir(parents=True, exist_ok=True)
    config = settings.dagster / "dagster.yaml"
    if not config.exists():
        write_text(config, _DAGSTER_CONFIG)
    return settings.dagster


def test(arguments: tuple[str, ...]) -> int:
    """Runs pytest in the checkout, in parallel unless told otherwise."""
    return subprocess.run(
        [_program("pytest"), *(arguments or ("-n", "auto"))], cwd=CHECKOUT, check=False
    ).returncode


def trial(name: str, arguments: tuple[str, ...]) -> int:
    """Runs a program of the tests that tries the pipeline for minutes: ``matrix`` (faults) or ``fuzz``."""
    command = [sys.executable, "-m", f"tests.faults.{name}", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, check=False).returncode


def lint() -> int:
    """Runs every check; the first failure's exit code, 0 if all pass."""
    codes = [
        subprocess.run([_program(name), *rest], cwd=CHECKOUT, check=False).returncode for name, *rest in _LINT
    ]
    return next((code for code in codes if code), 0)


def standard(settings: Settings, ig: Path, ct: Path) -> dict[str, Any]:
    """Writes the pinned standard's facts for every dataset of every study in the specs folder."""
    from pipeline.specs.standard import generate, load_standard
    from pipeline.specs.text_yaml import read_yaml

    for path in (ig, ct):
        if not path.is_file():
            raise UsageError(str(path), "is not a file", "name the published source")
    folder = settings.specs / "standard"
    wanted = read_yaml(folder / "wanted.yaml")
    generate(folder, ig=ig, ct=ct, datasets=wanted["datasets"], codelists=wanted["codelists"])
    made = load_standard(folder)
    result = {"folder": str(folder), "variables": len(made.variables), "codelists": len(made.codelists)}
    return {**result, "show": lambda: show.facts("The pinned standard", result)}


def _program(name: str) -> str:
    """The program of this environment; pytest and dagster lie beside the interpreter."""
    return str(Path(sys.executable).with_name(name))
