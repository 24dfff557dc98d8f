"""The command line as a person uses it: what it printed, where, and its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli
from pipeline.settings import CHECKOUT

MARKER = "PLANTED-SECRET-417"  # stands for a subject's value: it may be in a dataset, never in a message
HOUSEKEEPING = ("TMPDIR", "PATH", "LANG")


@dataclass(frozen=True)
class Said:
    """One finished command."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> dict[str, Any]:
        """The result of ``--json``."""
        result: dict[str, Any] = json.loads(self.out)
        return result

    def in_one_line(self, code: int) -> str:
        """The only line on stderr of a command that failed with ``code``; nothing else was printed, no value told."""
        assert self.code == code, self
        lines = self.err.splitlines()
        assert len(lines) == 1, self
        assert lines[0].startswith("sdtm: ")
        assert "Traceback" not in self.err + self.out
        assert MARKER not in self.err + self.out
        return lines[0].removeprefix("sdtm: ")


class Terminal:
    """Runs commands in this process, with a home of their own."""

    def __init__(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.home, self._patch, self._capsys = home, monkeypatch, capsys

    def __call__(self, *arguments: object) -> Said:
        self._patch.setenv("SDTM_HOME", str(self.home))
        self._patch.setattr(sys, "argv", ["sdtm", *map(str, arguments)])
        self._capsys.readouterr()
        code: object = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code or 0
        out, err = self._capsys.readouterr()
        assert isinstance(code, int)
        return Said(code, out, err)


def started(home: Path, *arguments: object, limit: int | None = None) -> subprocess.Popen[str]:
    """The command in a process of its own, no file of which may grow beyond ``limit`` bytes."""

    def confined() -> None:
        import resource

        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    environment = {name: os.environ[name] for name in HOUSEKEEPING if name in os.environ}
    environment |= {
        "SDTM_HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # a cut .pyc would outlive the test
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", *map(str, arguments)],
        cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=confined,  # noqa: PLW1509 - no thread of the tests writes
    )  # fmt: skip


def finished(process: subprocess.Popen[str]) -> Said:
    """Waits for it."""
    out, err = process.communicate(timeout=120)
    return Said(process.returncode, out, err)
