"""A worker's own home at a fixed path, the states it can be put into, and the real commands that change it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.files import clear
from pipeline.flow.deliver import simulate_delivery
from pipeline.flow.run import KEPT_BUILDS
from pipeline.settings import CHECKOUT, Settings
from pipeline.warehouse.builds import published
from pipeline.warehouse.places import Place

MODE = "BLINDED"
SUBJECTS, SEED, NIGHTS = 2, 14, (date(2027, 2, 13), date(2027, 2, 20))
DEFECTS = ("partial_date", "impossible_date", "unit_spelling", "unknown_subject")
LAUNCHER = Path(__file__).with_name("launch.py")
PASSED_ON = ("PATH", "LANG", "TMPDIR", "HOME")
LONGEST = 180  # seconds for one command; far more than any needs
Tree = dict[str, str]


@dataclass(frozen=True)
class Said:
    """A finished command: exit code (negative: the signal that ended it) and what it printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Phase:
    """A command that is disturbed: the state before it, its arguments, and the state after it."""

    name: str
    before: str
    command: tuple[str, ...]
    after: str


PHASES = (
    Phase("first load", "empty", ("load", "{night1}"), "landed first"),
    Phase("first build", "landed first", ("build",), "built first"),
    Phase("load", "old", ("load", "{night2}"), "landed"),
    Phase("build", "landed", ("build",), "built"),
    Phase("build again", "built", ("build", "--again"), "built again"),
    Phase("release", "built", ("release", "--to", "{shelf}"), "released"),
    Phase("release again", "released", ("release", "--to", "{shelf}"), "released again"),
)


@dataclass
class Stage:
    """Holds ``home`` and ``out`` (where packages go), saved states, and the trees and events of undisturbed runs."""

    folder: Path
    trees: dict[str, Tree] = field(default_factory=dict)
    events: dict[str, list[str]] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def shelf(self) -> Path:
        return self.out / "releases"

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home)

    @property
    def place(self) -> Place:
        return Place(self.settings.warehouse, self.settings.study, MODE)

    def start(self, command: Iterable[str], **plan: Any) -> subprocess.Popen[str]:
        """The command in a process of its own, through the launcher if a fault is planned."""
        named = {"shelf": self.shelf, "night1": self.night(0), "night2": self.night(1)}
        told = [part.format(**named) for part in command]
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment |= {"SDTM_HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1"}
        program = ["-m", "pipeline"]
        if plan:
            program = [str(LAUNCHER)]
            environment["FAULT"] = json.dumps({"below": [str(self.home), str(self.out)], **plan})
        return subprocess.Popen(
            [sys.executable, *program, *told, "--json"], cwd=CHECKOUT, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, command: Iterable[str], **plan: Any) -> Said:
        """The same, to its end."""
        return finished(self.start(command, **plan))

    def night(self, number: int) -> Path:
        """A delivery's folder."""
        return self.folder.parent / f"night{number + 1}"

    def save(self, state: str) -> None:
        self.trees[state] = tree(self.home, self.out)
        shutil.copytree(self.folder / "home", self._saved(state) / "home")
        shutil.copytree(self.folder / "out", self._saved(state) / "out")

    def restore(self, state: str) -> None:
        """Home and packages as they were when ``state`` was saved."""
        for name in ("home", "out"):
            remove(self.folder / name)
            shutil.copytree(self._saved(state) / name, self.folder / name)

    def fill(self, state: str, folder: Path) -> None:
        """An empty file system mounted at ``folder`` gets what the state has there."""
        shutil.copytree(self._saved(state) / folder.name, folder, dirs_exist_ok=True)

    def _saved(self, state: str) -> Path:
        return self.folder / "states" / state

    def prepare(self) -> None:
        """Runs every phase undisturbed: keeps the states between them, and each phase's events and exit code."""
        self.home.mkdir(parents=True)
        self.out.mkdir()
        self.save("empty")
        for phase in PHASES:
            if phase.before == "old":
                add_old_builds(self)
                self.save("old")
            self.restore(phase.before)
            log = self.folder / "events"
            started = time.monotonic()
            said = self.run(phase.command, log=str(log))
            self.seconds[phase.name] = time.monotonic() - started
            if said.code not in {0, 3} or said.err:
                raise SystemExit(
                    f"faults: an undisturbed {phase.name} ended with {said.code}: {said.err.strip()}"
                )
            self.codes[phase.name] = said.code
            self.events[phase.name] = log.read_text().splitlines()
            self.save(phase.after)


def finished(process: subprocess.Popen[str]) -> Said:
    """Waits for it; a command that hangs is ended and has no exit code of its own."""
    try:
        out, err = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return Said(-1000, "", "it hangs")
    return Said(process.returncode, out, err)


def write_nights(folder: Path) -> None:
    """Two nights of one simulated trial, the second with a few defects."""
    for number, (day, defects) in enumerate(zip(NIGHTS, ("none", DEFECTS), strict=True)):
        simulate_delivery(
            Settings(home=folder), folder / f"night{number + 1}", None,
            subjects=SUBJECTS, seed=SEED, as_of=day, defects=defects,
        )  # fmt: skip


def add_old_builds(stage: Stage) -> None:
    """Older builds, cut down to three tables, so that the next build has some to clear away."""
    settings, place = stage.settings, stage.place
    build = published(settings.warehouse, settings.study, MODE)
    assert build is not None
    manifest = json.loads(place.manifest(build.build).read_text())
    for number in range(KEPT_BUILDS + 2):
        name = f"{number:012x}"
        files = [{**file, "path": file["path"].replace(build.build, name)} for file in manifest["files"][:3]]
        made = [place.manifest(name)]
        for file, new in zip(manifest["files"], files, strict=False):
            shutil.copyfile(place.folder / file["path"], place.folder / new["path"])
            made.append(place.folder / new["path"])
        made[0].write_text(json.dumps({**manifest, "build": name, "files": files}))
        for path in made:
            os.utime(path, (number, number))


def tree(*folders: Path) -> Tree:
    """Every path below the folders with its kind, its permissions and the digest of its bytes; locks are left out."""
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.name != ".lock":
                name = path.relative_to(folder.parent).as_posix()
                mode = stat.S_IMODE(path.lstat().st_mode)
                digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
                found[name] = f"{mode:o} {digest}"
    return found


def remove(folder: Path) -> None:
    """The folder is gone, read-only files and folders too."""
    if folder.exists():
        clear(folder)
