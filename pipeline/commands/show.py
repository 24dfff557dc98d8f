"""How results look in a terminal: rich tables that a person reads in the morning. Counts only, no value of a
subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from pipeline.flow.run import OnStep
from pipeline.flow.steps import Step

_SEVERITY_STYLE = {"CRITICAL": "bold red", "ERROR": "red", "WARN": "yellow", "INFO": "dim"}
_MOST_RULES = 15
_DATASETS_ABREAST = 5
_MEGABYTE = 1_000_000
_WIDTH_OF_A_FILE = 120  # when the output is no terminal, so that logs and pipes show whole lines
console = Console(highlight=False)
if not console.is_terminal:
    console.width = max(console.width, _WIDTH_OF_A_FILE)
progress_console = Console(stderr=True, highlight=False)


def stage(title: str) -> None:
    """A headline between the parts of a longer command."""
    progress_console.print(Text(title, style="bold cyan"))


@contextmanager
def steps() -> Iterator[OnStep]:
    """A progress bar on stderr; gives the function that a build calls before each step."""
    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    silent = not progress_console.is_terminal  # in a log a bar is noise, and an error must stay one line
    with Progress(*columns, console=progress_console, transient=True, disable=silent) as progress:
        task = progress.add_task("starting", total=None)

        def on_step(step: Step, number: int, total: int) -> None:
            progress.update(task, completed=number, total=total, description=step.label)

        yield on_step


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(header_style="bold", box=None, pad_edge=False)
    for name, justify in columns:
        table.add_column(name, justify="right" if justify == "right" else "left", no_wrap=justify == "right")
    return table


def _print(title: str, table: Table) -> None:
    """A table under its title, which may be wider than the table."""
    console.print(Text(title, style="bold"))
    console.print(table)
    console.print()


def _number(count: int) -> str:
    return f"{count:,}" if count else "·"


def facts(title: str, values: dict[str, Any]) -> None:
    """A short list of named values."""
    table = _table(("", "left"), ("", "left"))
    table.show_header = False
    for name, value in values.items():
        table.add_row(name.replace("_", " "), str(value))
    _print(title, table)


def listing(
    title: str,
    rows: list[dict[str, Any]],
    *,
    most: int | None = None,
    note: str = "",
    total: dict[str, Any] | None = None,
    alarming: Callable[[dict[str, Any]], bool] = lambda _: False,
) -> None:
    """Rows as a table, numbers to the right; only the first ``most``, with ``note`` where the rest are.

    ``total`` is a last row below a gap; rows that are ``alarming`` are red.
    """
    if not rows:
        return
    numeric = {name for name in rows[0] if all(isinstance(row[name], int | float | None) for row in rows)}
    table = _table(*((name.replace("_", " "), "right" if name in numeric else "left") for name in rows[0]))
    for row in rows[:most]:
        cells = (_listed(value, numeric=name in numeric) for name, value in row.items())
        table.add_row(*cells, style="red" if alarming(row) else None)
    if total is not None:
        table.add_section()
        table.add_row(*(_listed(total.get(name), numeric=name in numeric) for name in rows[0]), style="bold")
    _print(title, table)
    if most is not None and len(rows) > most:
        console.print(Text(f"and {len(rows) - most:,} more{note}\n", style="dim"))


def _listed(value: object, *, numeric: bool) -> Text | str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    if numeric and isinstance(value, int):
        return _number(value)
    text = "" if value is None else str(value)
    return Text(text, style=_SEVERITY_STYLE.get(text, ""))


def remark(text: str) -> None:
    """A line that a person should not miss."""
    console.print(Text(text, style="yellow"), soft_wrap=True)


def simulated(result: dict[str, Any]) -> None:
    """Rows written by source, and the defects that were planted."""
    facts(
        "Simulated delivery",
        {"folder": result["folder"], "rows": f"{sum(result['rows'].values()):,}", "ledger": result["ledger"]},
    )
    if result["defects"]:
        table = _table(("kind", "left"), ("planted", "right"))
        for kind, count in result["defects"].items():
            table.add_row(kind, _number(count))
        _print("Planted defects", table)


def loaded(result: dict[str, Any]) -> None:
    """What landed, and every file that did not with its reason."""
    state = "landed" if result["new"] else "was here before; nothing changed"
    rows = sum(each["rows"] for each in result["accepted"].values())
    facts(
        f"Delivery {result['delivery']} {state}",
        {
            "data cut": result["data_cut"],
            "files accepted": len(result["accepted"]),
            "rows": f"{rows:,}",
            "folder": result["folder"],
        },
    )
    if result["nothing_new"]:
        remark(
            "Every accepted file has the bytes of an earlier delivery: a quiet night, or an old export sent again"
        )
    for source, reason in result["refused"].items():
        console.print(
            Text(f"refused  {source}: {reason or 'cannot be read'}" + _kept(result, source), style="red")
        )
    for source in result["missing"]:
        console.print(Text(f"missing  {source}" + _kept(result, source), style="red"))
    for source in result["released"]:
        console.print(Text(f"released {source}: let through by hand although it shrank", style="yellow"))
    for name in result["undeclared"]:
        note = "is not a file of this study's contracts; it was left where it is"
        console.print(Text(f"unknown  {name}: {note}", style="yellow"))


def _kept(result: dict[str, Any], source: str) -> str:
    kept = result["kept"].get(source)
    return f" (the file of delivery {kept} stays in use)" if kept else " (there is no earlier good file)"


def built(result: dict[str, Any]) -> None:
    """Rows by source, records by dataset, findings by severity and rule, and where it all lies."""
    state = f"built in {result['seconds']} s" if result["new"] else "was already published; nothing changed"
    title = f"{result['study']} build {result['build']} of delivery {result['delivery']} {state}"
    console.print(Text(title, style="bold green"))
    console.print()
    _accounting(result["sources"])
    _columns(result["columns"])
    _records(result["datasets"])
    _severities(result["findings"])
    if result["rules"]:
        _rules(result["rules"])
    facts(
        "Where it lies",
        {
            "query with DuckDB": result["catalog"],
            "all findings": "table qc.findings of that catalog",
            "delivery expectations": result["expectations"],
        },
    )


def _accounting(sources: list[dict[str, Any]]) -> None:
    columns = ("delivered", "mapped", "quarantined", "superseded", "deleted", "not_submitted")
    table = _table(("source", "left"), *((name.replace("_", " "), "right") for name in columns))
    for row in sources:
        style = "red" if row["quarantined"] else None
        table.add_row(row["source"], *(_number(row[name]) for name in columns), style=style)
    table.add_section()
    table.add_row("all", *(_number(sum(row[name] for row in sources)) for name in columns), style="bold")
    _print("Where every delivered row went", table)


def _columns(told: dict[str, int]) -> None:
    """One line on the delivered columns, so that nobody has to ask whether one was forgotten."""
    line = (
        f"{told['columns']:,} columns of {told['sources']} sources: {told['submitted']:,} submitted, "
        f"{told['deciding']:,} used to decide or identify, {told['not_submitted']:,} not submitted with a reason"
    )
    console.print(Text(line))
    console.print()


def _records(datasets: dict[str, int]) -> None:
    """Datasets side by side, so that thirty of them take few lines."""
    names = list(datasets)
    rows = -(-len(names) // _DATASETS_ABREAST)
    table = _table(*[("dataset", "left"), ("records", "right")] * _DATASETS_ABREAST)
    for row in range(rows):
        cells = [(name, _number(datasets[name])) for name in names[row::rows]]
        table.add_row(*(text for cell in cells for text in cell))
    _print("Records by dataset", table)


def _severities(findings: dict[str, int]) -> None:
    table = _table(("severity", "left"), ("findings", "right"))
    for name, count in findings.items():
        table.add_row(Text(name, style=_SEVERITY_STYLE[name] if count else "dim"), _number(count))
    _print("Findings", table)


def _rules(rules: list[dict[str, Any]]) -> None:
    table = _table(("severity", "left"), ("count", "right"), ("rule", "left"), ("what it says", "left"))
    for rule in rules[:_MOST_RULES]:
        severity = Text(rule["severity"], style=_SEVERITY_STYLE[rule["severity"]])
        table.add_row(severity, _number(rule["count"]), rule["rule"], rule["message"])
    if len(rules) > _MOST_RULES:
        table.add_row("", "", "", Text(f"and {len(rules) - _MOST_RULES} more in qc.findings", style="dim"))
    _print("Findings by rule, most severe first", table)


def demo(result: dict[str, Any]) -> None:
    """The whole night, ending with where everything lies."""
    built(result["built"])
    release = result["released"]
    facts(
        "The demonstration's files",
        {
            "delivery": result["simulated"]["folder"],
            "what was planted": result["simulated"]["ledger"],
            "landed unchanged": result["landed"]["folder"],
            "the release": f"{release['folder']} ({len(release['files'])} files)",
            "releases to read": f"{Path(release['folder']).parent}/index.html",
            "same in the browser": "./sdtm ui",
        },
    )
