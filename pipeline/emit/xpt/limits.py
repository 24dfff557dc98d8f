"""What a SAS V5 transport file may hold in a submission.

Sources: SAS TS-140 (layout), FDA study data technical conformance guide (file size, text, names), SDTMIG 3.4
section 2 (names of 8 and labels of 40 characters).
Nothing is shortened or repaired: what is outside a limit raises ``BuildFailed``.
"""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.emit.xpt.member import Column, Member
from pipeline.errors import BuildFailed

# TS-140 also allows a leading underscore; SDTM does not, and here it marks columns that are never submitted.
NAME = re.compile(r"[A-Z][A-Z0-9_]{0,7}")
NAME_RULE = "use 1 to 8 of A-Z, 0-9 and underscore, a letter first"

MAX_LABEL = 40
MAX_MARK = 16  # the room for release and system in the headers
MARK = re.compile(rf"[A-Z0-9-]{{1,{MAX_MARK}}}")
MAX_VARIABLES = 9999  # the NAMESTR header counts them in four digits

NUM_BYTES = 8
MIN_CHAR_BYTES = 1
MAX_CHAR_BYTES = 200

FIRST_PRINTABLE = 0x20
LAST_PRINTABLE = 0x7E
PRINTABLE = re.compile(r"[\x20-\x7e]*")

MAX_WHOLE = 2**53  # the last of the whole numbers that are all doubles
MAX_DIGITS = (
    15  # every decimal of so many significant digits survives a double and comes back (IEEE 754, DBL_DIG)
)
IBM_LOWEST_EXPONENT = -260  # 16 ** -65, the smallest normal IBM hexadecimal number
IBM_BEYOND_EXPONENT = 252  # 16 ** 63, the first power that is too large for one

MAX_FILE_BYTES = 5_000_000_000  # larger datasets are split; only the unsplit copy beside the parts is exempt

LETTERED_YEARS = range(1960, 2060)  # two digits of a year are read back as these


def check_member(member: Member) -> None:
    """Nothing, or ``BuildFailed`` naming what the layout cannot hold: a name, label, mark, length or date."""
    _check_name(f"dataset {member.name}", member.name)
    _check_label(f"dataset {member.name}", member.label)
    if not 1 <= len(member.columns) <= MAX_VARIABLES:
        raise BuildFailed(
            f"dataset {member.name}", f"has {len(member.columns)} variables", f"1 to {MAX_VARIABLES} fit"
        )
    if member.created.year not in LETTERED_YEARS:
        raise BuildFailed(
            f"dataset {member.name}", "created in a year that two digits do not tell", "check the data cut"
        )
    if member.mark is not None and not MARK.fullmatch(member.mark):
        culprit = "its mark does not fit into the headers"
        raise BuildFailed(f"dataset {member.name}", culprit, f"use 1 to {MAX_MARK} of A-Z, 0-9 and hyphen")
    seen: set[str] = set()
    for column in member.columns:
        _check_column(f"{member.name}.{column.name}", column)
        if column.name in seen:
            raise BuildFailed(f"{member.name}.{column.name}", "named twice", "submit each variable once")
        seen.add(column.name)


def check_target(target: Path, member: Member) -> None:
    """Nothing, or ``BuildFailed`` if the file would not be named after its dataset."""
    if target.name != member.file_name:
        raise BuildFailed(
            f"dataset {member.name}", f"cannot be written as {target.name}", f"name it {member.file_name}"
        )


def _check_column(what: str, column: Column) -> None:
    _check_name(what, column.name)
    _check_label(what, column.label)
    if column.kind == "Num" and column.length != NUM_BYTES:
        raise BuildFailed(what, f"Num of length {column.length}", f"every Num has {NUM_BYTES} bytes")
    if column.kind == "Char" and not MIN_CHAR_BYTES <= column.length <= MAX_CHAR_BYTES:
        fix = f"{MIN_CHAR_BYTES} to {MAX_CHAR_BYTES} fit; split longer text as the standard says"
        raise BuildFailed(what, f"Char of length {column.length}", fix)


def _check_name(what: str, name: str) -> None:
    if not NAME.fullmatch(name):
        one_line = what if what.isprintable() else ascii(what)
        raise BuildFailed(one_line, "not a name that SAS V5 can hold", NAME_RULE)


def _check_label(what: str, label: str) -> None:
    if not label or label != label.strip(" "):
        raise BuildFailed(
            what, "label is blank or begins or ends with a blank", "correct the label in the specification"
        )
    if len(label) > MAX_LABEL:
        raise BuildFailed(what, f"label has {len(label)} characters", f"at most {MAX_LABEL} fit; shorten it")
    if not PRINTABLE.fullmatch(label):
        raise BuildFailed(what, "label is not printable ASCII", "replace the characters in the specification")
