"""What a person reads when something is wrong: the object, the culprit, the fix, and an exit code.

No value of a subject ever enters a message: name files, lines, columns and rules, not contents.
"""

from __future__ import annotations

import traceback
from pathlib import Path

EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_BUILD = 4
EXIT_MACHINE = 5
EXIT_SIGNAL = 128  # plus the number of the signal that ended the run, as shells count
_ENGINE = Path(__file__).resolve().parent
_OURS = (_ENGINE, _ENGINE.parent / "data_contracts")


class SdtmError(Exception):
    """An expected failure, told in one line: ``<object>: <culprit>; <fix>``."""

    exit_code = EXIT_BUG

    def __init__(self, what: str, culprit: str, fix: str = "") -> None:
        self.what, self.culprit, self.fix = what, culprit, fix
        super().__init__(f"{what}: {culprit}" + (f"; {fix}" if fix else ""))


class UsageError(SdtmError):
    """The command was called with something that it cannot act on."""

    exit_code = EXIT_USAGE


class SpecError(SdtmError):
    """A study's specification or contract contradicts itself or the standard."""

    exit_code = EXIT_USAGE


class Refused(SdtmError):
    """A delivered file cannot be accepted; the last good data stay."""

    exit_code = EXIT_REFUSED


class BuildFailed(SdtmError):
    """A build broke one of its own rules; nothing was published."""

    exit_code = EXIT_BUILD


class MachineError(SdtmError):
    """The machine refuses: no space, no permission, a lock held by another run."""

    exit_code = EXIT_MACHINE


def unforeseen(error: BaseException) -> str:
    """One line for an error that nobody foresaw: its kind and the place in our own code, never its text.

    The text of a foreign error may quote a subject's values.
    """
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is the door that caught it
    own = [frame for frame in frames if any(Path(frame.filename).is_relative_to(folder) for folder in _OURS)]
    place = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "a library"
    return f"unexpected {type(error).__name__} in {place}; this is a bug, please report it"
