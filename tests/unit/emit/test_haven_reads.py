"""A second, independent reader: R's haven sees the labels, texts and numbers that were written."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from pipeline.emit.xpt.write import Column, Member, write_xpt

NO_HAVEN = 99
READ = f"""
if (!requireNamespace("haven", quietly = TRUE)) quit(status = {NO_HAVEN})
"""
READ += """
table <- haven::read_xpt(commandArgs(TRUE)[1])
text <- function(x) if (is.numeric(x)) ifelse(is.na(x), "", sprintf("%a", x)) else x
labels <- sapply(table, function(x) attr(x, "label"))
lines <- c(names(table), unname(labels), attr(table, "label"), unlist(lapply(table, text), use.names = FALSE))
cat("[", paste0('"', lines, '"', collapse = ","), "]")
"""


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="Rscript is not installed")
@pytest.mark.parametrize("mark", [None, "DRAFT-BLINDED"])
def test_haven_reads_what_was_written(tmp_path: Path, mark: str | None) -> None:
    numbers = [0.1, -1.5, None, 1 / 3, 2.0**-260, 7.2e75, 9007199254740992.0, 0.0]
    texts = ["a", None, "A B", "x" * 200, "~", "0.1", "-", "<5"]
    member = Member(
        "LB",
        "Laboratory Test Results",
        (Column("LBORRES", "Result", "Char", 200), Column("LBSTRESN", "Numeric Result", "Num")),
        datetime(2027, 3, 9),
        mark,
    )
    write_xpt(tmp_path / "lb.xpt", member, pl.DataFrame({"LBORRES": texts, "LBSTRESN": numbers}))
    answer = subprocess.run(
        ["Rscript", "-e", READ, str(tmp_path / "lb.xpt")], capture_output=True, text=True, check=False
    )
    if answer.returncode == NO_HAVEN:
        pytest.skip("R has no haven")
    seen = json.loads(answer.stdout)
    assert seen[:5] == ["LBORRES", "LBSTRESN", "Result", "Numeric Result", "Laboratory Test Results"]
    assert seen[5:13] == [text or "" for text in texts]
    assert [float.fromhex(number) if number else None for number in seen[13:]] == numbers
