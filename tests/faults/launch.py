"""Runs the real command line with one fault planned: ``python tests/faults/launch.py COMMAND ...``.

The environment variable FAULT holds the plan as JSON. Product code is not touched: an audit hook and three wrapped
functions of the standard library see what is done to files below the watched folders; each such event has a key
``what kind_of_file caller``. The n-th event of the planned key sets the fault off.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import resource
import runpy
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
_ENGINE = str(CHECKOUT / "pipeline") + os.sep
_SHARED = ("files.py",)  # its callers tell more
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_ONE_PATH = ("os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.truncate", "shutil.rmtree")
_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "int": signal.SIGINT, "term": signal.SIGTERM}
_ASIDE = re.compile(r"\.(.+?)[.-][0-9a-z_]{8}(\.part)?$")
_IDS = (
    (re.compile(r"delivery=[^/]*"), "<delivery>"),
    (re.compile(r"\d{4}-\d{2}-\d{2}-[0-9a-f]{10}"), "<delivery>"),
    (re.compile(r"[0-9a-f]{12}"), "<build>"),
)
_ALIKE = {
    **dict.fromkeys(("raw", "typed", "quarantine", "sdtm", "derived", "qc", "ops"), "<layer>"),
    **dict.fromkeys(("edc", "lab", "rtsm", "coding"), "<sender>"),
}
ANY = "*"  # as a key: events of every kind are counted together
_DEEP = 4  # folders that say which kind of file lies in them


class Watch:
    """Counts the events below the watched folders and sets off the planned fault."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.below = [Path(folder) for folder in plan["below"]]
        self.seen: Counter[str] = Counter()
        self.key, self.nth = plan.get("key"), plan.get("nth", 1)
        self.act = plan.get("act", "kill")
        self.log = open(plan["log"], "w", buffering=1) if "log" in plan else None  # noqa: SIM115, PTH123 - open until the end

    def saw(self, what: str, path: Any, folder: int = -1, *, new: bool | None = None) -> None:
        """Counts an event; one that will do nothing is none (``new``: whether the path must be missing or there)."""
        place = self._place(path, folder, new)
        if place is None:
            return
        key = f"{what} {place} {_caller()}"
        self.seen[key] += 1
        if self.log:
            self.log.write(f"{key}\n")
        if self.nth == (self.seen.total() if self.key == ANY else self.seen[key] if self.key == key else 0):
            set_off(self.act)

    def _place(self, path: Any, folder: int, new: bool | None) -> str | None:
        if not isinstance(path, str | bytes | os.PathLike):
            return None
        base = Path.cwd() if folder < 0 else Path(f"/proc/self/fd/{folder}").readlink()
        found = base / os.fsdecode(path)
        for root in self.below:
            if found.is_relative_to(root) and (new is None or new != os.path.lexists(found)):
                return kind_of(root.name, found.relative_to(root))
        return None


def kind_of(root: str, path: Path) -> str:
    """A file's kind: its place without ids, numbers and the names of tables and forms."""
    text = "/".join(_ASIDE.sub(r"\1~", part) for part in path.parts)
    for pattern, name in _IDS:
        text = pattern.sub(name, text)
    *folders, name = [_ALIKE.get(part, part) for part in [root, *text.split("/")]]
    aside = "~" if name.endswith("~") else ""
    suffix = Path(name.removesuffix("~")).suffix
    if suffix and name[0] != ".":
        name = f"*{suffix}{aside}"
    elif len(folders) > _DEEP:
        name = "*"
    return "/".join([*folders[: _DEEP + 1], name])


def _caller() -> str:
    frame = sys._getframe(1)
    while frame:
        name = frame.f_code.co_filename
        if name.startswith(_ENGINE) and os.path.basename(name) not in _SHARED:  # noqa: PTH119 - a hook must be quick
            return f"{name.removeprefix(_ENGINE)}:{frame.f_code.co_name}"
        frame = frame.f_back  # type: ignore[assignment]
    return "-"


def set_off(act: str) -> None:
    """``kill``, ``stop``, ``int``, ``term``: a signal to this process; ``cut:N``: the kernel ends it as soon as a file
    grows beyond N bytes; ``full:N``: the kernel refuses that instead, as a full disk does."""
    kind, _, size = act.partition(":")
    if kind in _SIGNALS:
        os.kill(os.getpid(), _SIGNALS[kind])
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if kind == "cut":
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), resource.RLIM_INFINITY))


def watch(watched: Watch) -> None:
    """Installs the hook, and wraps what has no audit event."""

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            if args[2] & _WRITING:
                watched.saw("open", args[0])
        elif event in _ONE_PATH:
            watched.saw(event.split(".")[1], args[0], _folder_of(event, args), new=event == "os.mkdir")
        elif event == "shutil.copyfile":
            watched.saw("copyfile", args[1])

    sys.addaudithook(hook)
    os.fsync = _after(os.fsync, lambda handle: watched.saw("fsync", _path_of(handle)))
    for name in ("rename", "replace"):
        setattr(os, name, _after(getattr(os, name), lambda _, target, **__: watched.saw("renamed", target)))


def _after(function: Callable[..., Any], saw: Callable[..., None]) -> Callable[..., Any]:
    def wrapped(*arguments: Any, **options: Any) -> Any:
        result = function(*arguments, **options)
        saw(*arguments, **options)
        return result

    return wrapped


def _folder_of(event: str, args: tuple[Any, ...]) -> int:
    place = {"os.mkdir": 2, "os.remove": 1, "os.rmdir": 1, "os.chmod": 2}.get(event)
    return -1 if place is None else args[place]


def _path_of(handle: Any) -> Path:
    return Path(f"/proc/self/fd/{handle if isinstance(handle, int) else handle.fileno()}").readlink()


class _AsReal(type):
    """What is a day or a moment for the real classes is one for those that replace them."""

    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, cls.__mro__[1])


def set_clock(seconds: float) -> None:
    """Every clock that Python code reads shows the real time plus ``seconds``."""
    now, now_ns, real = time.time, time.time_ns, dt.datetime
    time.time = lambda: now() + seconds
    time.time_ns = lambda: now_ns() + int(seconds * 1e9)

    class Moved(real, metaclass=_AsReal):  # type: ignore[misc, valid-type]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real.now(tz) + dt.timedelta(seconds=seconds)

        @classmethod
        def today(cls) -> Any:
            return cls.now()

        @classmethod
        def utcnow(cls) -> Any:
            return cls.now(dt.UTC).replace(tzinfo=None)

    class MovedDay(dt.date, metaclass=_AsReal):
        @classmethod
        def today(cls) -> Any:
            return Moved.now().date()

    dt.datetime, dt.date = Moved, MovedDay  # type: ignore[misc]


def main() -> None:
    plan = json.loads(os.environ.pop("FAULT"))
    if "clock" in plan:
        set_clock(plan["clock"])
    sys.path.insert(0, str(CHECKOUT))
    if plan.get("below"):
        watch(Watch(plan))
    runpy.run_module("pipeline", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
