"""The invented second study: its folders as settings, and its delivery with some lines written anew."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import data_contracts
from pipeline.settings import CHECKOUT, Settings

HERE = Path(__file__).parent / "second_study"
DELIVERY, CUT = HERE / "delivery", date(2027, 4, 30)
Edits = Mapping[str, tuple[tuple[str, str], ...]]  # file -> texts and what stands in their place


@contextmanager
def second_study(home: Path) -> Iterator[Settings]:
    """The study below ``home``, with its contracts where the engine looks for them."""
    specs = specifications(home / "specs")
    known = list(data_contracts.__path__)
    data_contracts.__path__ = [*known, str(HERE / "contracts")]
    try:
        yield Settings(home=home, study="two", specs=specs)
    finally:
        data_contracts.__path__ = known


def specifications(folder: Path, edits: Edits | None = None) -> Path:
    """The study's specification in a new folder, beside the standard."""
    shutil.copytree(HERE / "specs", folder)
    (folder / "standard").symlink_to(CHECKOUT / "sdtm_specs" / "standard")
    _edit(folder, edits or {})
    return folder


def delivered(folder: Path, edits: Edits | None = None) -> Path:
    """The study's delivery in a new folder."""
    shutil.copytree(DELIVERY, folder)
    _edit(folder, edits or {})
    return folder


def _edit(folder: Path, edits: Edits) -> None:
    for name, pairs in edits.items():
        path = folder / name
        text = path.read_text(encoding="utf-8")
        for old, new in pairs:
            assert text.count(old) == 1, (name, old)
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
