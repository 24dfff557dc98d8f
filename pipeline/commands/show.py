"""How results look in a terminal: rich tables that a person reads in the morning. Counts only, no value of a subject."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
    with Progress(*columns, console=progress_console, transient=True) as progress:
        task = progress.add_task("starting", total=None)

        def on_step(step: Step, number: int, total: int) -> None:
            progress.update(task, completed=number, total=total, description=step.label)

        yield on_step


def _table(title: str, *columns: tuple[str, str]) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False
    )
    for name, justify in columns:
        table.add_column(name, justify="right" if justify == "right" else "left", no_wrap=justify == "right")
    return table


def _number(count: int) -> str:
    return f"{count:,}" if count else "·"


def facts(title: str, values: dict[str, Any]) -> None:
    """A short list of named values."""
    table = _table(title, ("", "left"), ("", "left"))
    table.show_header = False
    for name, value in values.items():
        table.add_row(name.replace("_", " "), str(value))
    console.print(table)


def simulated(result: dict[str, Any]) -> None:
    """Rows written by source, and the defects that were planted."""
    facts(
        "Simulated delivery",
        {"folder": result["folder"], "rows": f"{sum(result['rows'].values()):,}", "ledger": result["ledger"]},
    )
    if result["defects"]:
        table = _table("Planted defects", ("kind", "left"), ("planted", "right"))
        for kind, count in result["defects"].items():
            table.add_row(kind, _number(count))
        console.print(table)


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
    for source, reason in result["refused"].items():
        console.print(Text(f"refused  {reason or source}" + _kept(result, source), style="red"))
    for source in result["missing"]:
        console.print(Text(f"missing  {source}" + _kept(result, source), style="red"))
    for name in result["undeclared"]:
        console.print(
            Text(
                f"unknown  {name}: is not a file of this study's contracts; it was left where it is",
                style="yellow",
            )
        )


def _kept(result: dict[str, Any], source: str) -> str:
    kept = result["kept"].get(source)
    return f" (the file of delivery {kept} stays in use)" if kept else " (there is no earlier good file)"


def built(result: dict[str, Any]) -> None:
    """Rows by source, records by dataset, findings by severity and rule, and where it all lies."""
    state = f"built in {result['seconds']} s" if result["new"] else "was already published; nothing changed"
    console.print(
        Text(
            f"{result['study']} build {result['build']} of delivery {result['delivery']} {state}",
            style="bold green",
        )
    )
    console.print()
    console.print(_accounting(result["sources"]))
    console.print()
    console.print(_records(result["datasets"]))
    console.print()
    console.print(_severities(result["findings"]))
    console.print()
    console.print(_rules(result["rules"]))
    console.print()
    facts(
        "Where it lies",
        {"query with DuckDB": result["catalog"], "all findings": "table qc.findings of that catalog"},
    )


def _accounting(sources: list[dict[str, Any]]) -> Table:
    columns = ("delivered", "mapped", "quarantined", "superseded", "deleted", "not_submitted")
    names = [("source", "left"), *((name.replace("_", " "), "right") for name in columns)]
    table = _table("Where every delivered row went", *names)
    for row in sources:
        style = "red" if row["quarantined"] else None
        table.add_row(row["source"], *(_number(row[name]) for name in columns), style=style)
    table.add_section()
    table.add_row("all", *(_number(sum(row[name] for row in sources)) for name in columns), style="bold")
    return table


def _records(datasets: dict[str, int]) -> Table:
    table = _table("Records by dataset", ("dataset", "left"), ("records", "right"))
    for name, count in datasets.items():
        table.add_row(name, _number(count))
    return table


def _severities(findings: dict[str, int]) -> Table:
    table = _table("Findings", ("severity", "left"), ("findings", "right"))
    for name, count in findings.items():
        table.add_row(Text(name, style=_SEVERITY_STYLE[name] if count else "dim"), _number(count))
    return table


def _rules(rules: list[dict[str, Any]]) -> Table:
    table = _table(
        "Most severe first",
        ("severity", "left"),
        ("count", "right"),
        ("rule", "left"),
        ("what it says", "left"),
    )
    for rule in rules[:_MOST_RULES]:
        severity = Text(rule["severity"], style=_SEVERITY_STYLE[rule["severity"]])
        table.add_row(severity, _number(rule["count"]), rule["rule"], rule["message"])
    if len(rules) > _MOST_RULES:
        table.add_row("", "", "", Text(f"and {len(rules) - _MOST_RULES} more in qc.findings", style="dim"))
    return table


def released(result: dict[str, Any]) -> None:
    """The files of the package."""
    state = "written" if result["new"] else "was here before, with the same bytes"
    table = _table(
        f"Package {state}: {result['folder']}", ("file", "left"), ("MB", "right"), ("sha256", "left")
    )
    for file in result["files"]:
        table.add_row(file["name"], f"{file['bytes'] / _MEGABYTE:,.2f}", file["sha256"][:16])
    console.print(table)


def demo(result: dict[str, Any]) -> None:
    """The whole night, ending with where everything lies."""
    built(result["built"])
    console.print()
    package = result["released"]
    facts(
        "The demonstration's files",
        {
            "delivery": result["simulated"]["folder"],
            "what was planted": result["simulated"]["ledger"],
            "landed unchanged": result["landed"]["folder"],
            "transport files": f"{package['folder']} ({len(package['files'])} files)",
            "define.xml to read": f"{package['folder']}/define.html",
            "same in the browser": "./sdtm ui",
        },
    )
