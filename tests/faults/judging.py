"""One spoilt file through landing, reading and its contract, and what a correct pipeline must have done with it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from pipeline.contracts.check import check
from pipeline.errors import SdtmError
from pipeline.flow.context import StudyParts, study_parts
from pipeline.flow.deliver import load_delivery
from pipeline.flow.run import run_build
from pipeline.settings import Settings
from pipeline.sources import pieces
from pipeline.sources.delivery import Entry, deliveries, resolve
from pipeline.sources.raw import read_raw
from pipeline.specs.layout import SourceLayout
from pipeline.warehouse.builds import published
from tests.faults.oracle import Row, rows_of
from tests.faults.stage import NIGHTS

_SECRET_FROM = 6  # characters; a shorter value is as likely to stand in the words of a message
_SMALL = 20_000  # bytes of a file that may be read in pieces of a few bytes
_BUG = "report this as a bug"
_GIVEN_AWAY = re.compile(r"[A-Za-z]")


@dataclass(frozen=True)
class Judged:
    """``accepted`` or ``refused`` if all is well, else ``failed`` with what is wrong."""

    verdict: str
    told: str = ""


@dataclass(frozen=True)
class Night:
    """A good delivery, and the places where spoilt ones are put together."""

    delivered: Path
    scratch: Path

    @property
    def settings(self) -> Settings:
        return Settings(home=self.scratch / "home")

    @cached_property
    def parts(self) -> StudyParts:
        return study_parts(self.settings)

    @cached_property
    def paths(self) -> dict[str, Path]:
        """The file of each source that delivered one."""
        layouts = self.parts.layouts
        found = {source: sorted(self.delivered.glob(layouts[source].pattern)) for source in sorted(layouts)}
        return {source: paths[0] for source, paths in found.items() if paths}

    @cached_property
    def smallest(self) -> tuple[str, str]:
        """Two sources with small files: one of them comes along with each spoilt file, so that something lands."""
        first, second = sorted(self.paths, key=lambda source: self.paths[source].stat().st_size)[:2]
        return first, second

    @cached_property
    def sites(self) -> tuple[str, ...]:
        return ()

    def with_only(self, source: str, content: bytes) -> Path:
        """A delivery of the content and one good file."""
        folder = self._cleared()
        first, second = self.smallest
        other = first if source != first else second
        self._put(folder, other, self.paths[other].read_bytes())
        self._put(folder, source, content)
        return folder

    def with_all(self, source: str, content: bytes) -> Path:
        """The whole delivery with the content in place of one file."""
        folder = self._cleared()
        shutil.copytree(self.delivered, folder, dirs_exist_ok=True)
        self._put(folder, source, content)
        return folder

    def _cleared(self) -> Path:
        for name in ("home", "night"):
            if (self.scratch / name).exists():
                shutil.rmtree(self.scratch / name)
        (self.scratch / "night").mkdir(parents=True)
        return self.scratch / "night"

    def _put(self, folder: Path, source: str, content: bytes) -> None:
        path = folder / self.paths[source].relative_to(self.delivered)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def judged(night: Night, source: str, content: bytes, piece: int, *, must_be_read: bool = False) -> Judged:
    """Refused in one clear line, or accepted with exactly the rows that the oracle reads."""
    with _pieces_of(piece if len(content) <= _SMALL else pieces.PIECE):
        try:
            entry = load_delivery(
                night.settings, night.with_only(source, content), cut=NIGHTS[1]
            ).delivery.entries[source]
        except SdtmError as error:
            return _refusal(night, source, str(error), must_be_read=must_be_read)
        except Exception as error:  # noqa: BLE001 - the case has failed
            return Judged("failed", f"{type(error).__name__} from landing")
        if entry.state != "accepted":
            return _refusal(night, source, entry.reason or "", must_be_read=must_be_read)
        try:
            problem = next(_misread(night, source, content, entry), None)
        except Exception as error:  # noqa: BLE001 - the case has failed
            return Judged(
                "failed", f"{type(error).__name__} from reading an accepted file: {str(error)[:200]}"
            )
    return Judged("failed", problem) if problem else Judged("accepted")


@contextmanager
def _pieces_of(size: int) -> Iterator[None]:
    """Files are read in pieces of ``size`` bytes: their borders fall everywhere."""
    usual, pieces.PIECE = pieces.PIECE, size
    try:
        yield
    finally:
        pieces.PIECE = usual


def _refusal(night: Night, source: str, told: str, *, must_be_read: bool) -> Judged:
    if problem := unclear(told, secrets(night, source)):
        return Judged("failed", problem)
    if must_be_read:
        return Judged("failed", f"a harmless file was refused: {told}")
    return Judged("refused", told)


def unclear(told: str, hidden: Collection[str]) -> str:
    """What is wrong with a message: no text, several lines, a bug's, or a value of a subject in it."""
    if not told.strip() or len(told.splitlines()) != 1:
        return f"a message is not one line: {told!r}"
    if _BUG in told:
        return f"a message blames a bug: {told}"
    if value := next((one for one in hidden if one in told), None):
        return f"a message tells a value ({len(value)} characters): {told}"
    return ""


def secrets(night: Night, source: str) -> set[str]:
    """Values of the good file that no message may tell; declared names are none."""
    layout = night.parts.layouts[source]
    declared = {*layout.columns, *layout.study_names, source}
    rows = [*(rows_of(night.paths[source].read_bytes(), layout.separator) or ())]
    found = {value.strip() for _, values in rows for value in values}
    long = {value for value in found if len(value) >= _SECRET_FROM and _GIVEN_AWAY.search(value)}
    return {value for value in long - declared if not any(value in name for name in declared)}


def _misread(night: Night, source: str, content: bytes, entry: Entry) -> Iterator[str]:
    layout = night.parts.layouts[source]
    expected = rows_of(content, layout.separator)
    file = resolve(deliveries(night.settings.landing)[-1])[source]
    if file is None or file.path.read_bytes() != content:
        yield "the landed file is not the delivered one"
        return
    if expected is None:
        yield "accepted, although the oracle cannot read it"
        return
    frame = read_raw(file.path, layout).collect()
    found: list[Row] = [(line, tuple(values)) for line, *values in frame.iter_rows()]
    if entry.rows != len(expected):
        yield f"landed with {entry.rows} rows, the oracle reads {len(expected)}"
    if found != expected:
        yield _difference(found, expected)
    yield from _contract(night, source, frame, layout)


def _difference(found: list[Row], expected: list[Row]) -> str:
    if len(found) != len(expected):
        return f"{len(found)} rows were read, the oracle reads {len(expected)}"
    line = next(row[0] for row, other in zip(found, expected, strict=True) if row != other)
    return f"line {line} is read otherwise by the oracle"


def _contract(night: Night, source: str, frame: pl.DataFrame, layout: SourceLayout) -> Iterator[str]:
    """Each row is accepted or quarantined, exactly as delivered, and each message is one line without values."""
    checked = check(
        frame, night.parts.models[source], file="file", cut=deliveries(night.settings.landing)[-1].cut,
        form=night.parts.form, sites=night.sites,
    )  # fmt: skip
    lines = sorted([*checked.accepted["_line"], *checked.quarantined["_line"]])
    if lines != sorted(frame["_line"]):
        yield "the contract lost or doubled a row"
    aside = checked.quarantined.select("_line", *layout.columns)
    if not aside.equals(frame.join(aside.select("_line"), on="_line", how="semi", maintain_order="left")):
        yield "a quarantined row is not as it was delivered"
    hidden = secrets(night, source)
    for told in checked.findings["message"].unique():
        if problem := unclear(told, hidden):
            yield problem


def built(night: Night, source: str, content: bytes) -> Judged:
    """The whole build with the spoilt file: refused in one clear line, or every row of it is in the raw table."""
    try:
        entry = load_delivery(
            night.settings, night.with_all(source, content), cut=NIGHTS[1]
        ).delivery.entries[source]
        run_build(night.settings)
    except SdtmError as error:
        return _refusal(night, source, str(error), must_be_read=False)
    except Exception as error:  # noqa: BLE001 - the case has failed
        return Judged("failed", f"{type(error).__name__} from a build: {str(error)[:200]}")
    if entry.state != "accepted":
        return Judged("refused", entry.reason or "")
    layout = night.parts.layouts[source]
    build = published(night.settings.warehouse, night.settings.study, "BLINDED")
    assert build is not None
    raw = build.read("raw", source).collect()
    found = [(line, tuple(values)) for line, *values in raw.select("_line", *layout.columns).iter_rows()]
    if found != rows_of(content, layout.separator):
        return Judged("failed", "the built raw table is not what the oracle reads")
    hidden = secrets(night, source)
    messages = build.read("qc", "findings").select("message").unique().collect()["message"]
    problem = next((one for told in messages if (one := unclear(told, hidden))), "")
    return Judged("failed", problem) if problem else Judged("accepted")
