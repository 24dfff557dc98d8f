"""Tables to files of one delivery: only what the layouts allow, restricted sources only where they belong."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import polars as pl

from pipeline.errors import SpecError, UsageError
from pipeline.simulate.ground import PLANTED, ROW, Spoil, Tables
from pipeline.simulate.study import FileForm
from pipeline.specs.layout import SourceLayout


def refuse_occupied(folder: Path) -> None:
    """UsageError if ``folder`` holds anything or is a file: a delivery is never written over another."""
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise UsageError(str(folder), "it is not empty", "name a new folder")


def refuse_nested(out: Path, restricted: Path) -> None:
    """Raises UsageError if one of the two folders lies in the other: restricted files stay apart."""
    inner, outer = restricted.resolve(), out.resolve()
    if inner == outer or outer in inner.parents or inner in outer.parents:
        raise UsageError(
            "--restricted", "it lies within the delivery, or around it", "name a folder apart from it"
        )


def checked(tables: Tables, files: Mapping[str, FileForm], layouts: Mapping[str, SourceLayout]) -> Tables:
    """The tables in layout order; SpecError if a table, column or file name is not what its layout says."""
    absent = [source for source, layout in layouts.items() if layout.required and source not in tables]
    if absent:
        raise SpecError("simulation", f"makes no {', '.join(sorted(absent))}", "let the study model make it")
    return {source: _in_layout(source, table, files[source], layouts) for source, table in tables.items()}


def _in_layout(
    source: str, table: pl.DataFrame, file: FileForm, layouts: Mapping[str, SourceLayout]
) -> pl.DataFrame:
    layout = layouts.get(source)
    if layout is None:
        raise SpecError(f"simulation of {source}", "the study has no such source", "declare its layout")
    if not fnmatchcase(file.name, layout.pattern):
        raise SpecError(f"simulation of {source}", f"file {file.name} does not match {layout.pattern}")
    delivered = {name for name in table.columns if name not in {ROW, PLANTED}}
    wrong = sorted(delivered ^ set(layout.columns))
    if wrong:
        raise SpecError(
            f"simulation of {source}",
            f"columns differ from the layout: {', '.join(wrong)}",
            "bring the study model and the contract together",
        )
    hidden = [name for name in (ROW, PLANTED) if name in table.columns]
    return table.select(*layout.columns, *hidden)


def write_tables(
    folder: Path,
    tables: Tables,
    files: Mapping[str, FileForm],
    layouts: Mapping[str, SourceLayout],
    spoilt: Mapping[str, Spoil],
) -> None:
    """Writes every table below ``folder`` as UTF-8 with a header line, then spoils the bytes of some."""
    for source, table in tables.items():
        target = folder / files[source].name
        target.parent.mkdir(parents=True, exist_ok=True)
        table.select(layouts[source].columns).write_csv(
            target,
            separator=layouts[source].separator,
            line_terminator=files[source].line_end,
            quote_style="necessary" if files[source].quoted else "never",
        )
        if source in spoilt:
            _spoil(target, spoilt[source])


def _spoil(path: Path, spoil: Spoil) -> None:
    whole = path.read_bytes()
    changed = spoil(whole)
    if changed == whole:
        raise SpecError(
            path.name, "a defect planted in the whole file changes nothing in it", "plant it elsewhere"
        )
    if changed is None:
        path.unlink()
    else:
        path.write_bytes(changed)
