"""How a trace looks in a terminal: a tree for one value, a table for a record, a list for a delivered row.

Traces show a subject's values, because that is what was asked for; nothing here goes into a log.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text
from rich.tree import Tree

from pipeline.commands import show
from pipeline.lineage.told import (
    Cell,
    Component,
    From,
    Known,
    Moment,
    Place,
    Recalculation,
    RecordTrace,
    RowTrace,
    TableRow,
    Told,
    Value,
)

_DIGITS = 12  # of a sha256, enough to tell files apart
_MOST = 6  # cells or records of one kind that are shown one by one
_MOST_RULES = 3
_STYLE = {"mapped": "green", "quarantined": "red"}
_SEVERE = {"CRITICAL": "bold red", "ERROR": "red", "WARN": "yellow", "INFO": "dim"}


def value(trace: RecordTrace) -> None:
    """The tree of the one variable that was asked for, then findings on the record and notes."""
    one = trace.values[0]
    head = Text.assemble(
        (f"{_record(trace)} {one.variable}", "bold"), " = ", (_shown(one.value), "bold green")
    )
    tree = Tree(head.append(f"  {one.label}", style="dim"), guide_style="dim")
    _delivered(tree, one)
    _steps(tree, one)
    spec = tree.add(Text.assemble("specification ", (f"{one.spec.file} line {one.spec.line}", "cyan")))
    spec.add(Text.assemble(one.spec.sentence, (f"  (origin {one.spec.origin})", "dim")))
    _tables(tree, one.tables)
    _moments(tree, one.moments)
    _known(tree, "other records", one.records)
    if one.recalculation is not None:
        _recalculation(tree, one.recalculation)
    show.console.print(tree)
    _end(trace)


def record(trace: RecordTrace) -> None:
    """All variables of the record in their order, one line each, and the delivered rows behind it."""
    show.console.print(Text.assemble((_record(trace), "bold"), (f"  {trace.label}", "dim")))
    show.console.print()
    rows = [
        {
            "variable": each.variable,
            "value": _shown(each.value),
            "origin": each.spec.origin,
            "from": _behind(each),
            "specification": f"{each.spec.file}:{each.spec.line}",
        }
        for each in trace.values
    ]
    show.listing("Variables", rows)
    tree = Tree(Text("Delivered rows", style="bold"), guide_style="dim")
    for row in trace.rows:
        tree.add(Text.assemble(_place(row.place), (f"  {row.role}; contract {row.model}", "dim")))
    if not trace.rows:
        tree.add(Text("none: the record is stated by the study's specification"))
    show.console.print(tree)
    _end(trace)
    show.console.print(Text("add --var NAME for the whole way of one value", style="dim"))


def row(trace: RowTrace) -> None:
    """What the delivered row holds, its fate, and all that it became."""
    fate = Text(trace.fate, style=f"bold {_STYLE.get(trace.fate, 'yellow')}")
    tree = Tree(Text.assemble(_place(trace.row.place), "  ", fate), guide_style="dim")
    cells = tree.add(f"{len(trace.row.cells)} filled columns, contract {trace.row.model}")
    for cell in trace.row.cells:
        cells.add(_cell(cell).append(_left_out(trace, cell.column), style="dim"))
    for aside in trace.aside:
        told = Text.assemble((aside.fate, "bold"), f": {aside.reason} ", (f"({aside.rule})", "dim"))
        branch = tree.add(told)
        if aside.instead is not None:
            branch.add(Text.assemble("counts instead: ", _place(aside.instead)))
    _became(tree, trace)
    fed: dict[tuple[str, str | None, str | None], list[str]] = {}
    for each in trace.fed:
        fed.setdefault((each.what, each.visit, each.value), []).append(each.component)
    if fed:
        branch = tree.add(Text("computed values that it fed", style="bold"))
        for (what, visit, computed), parts in fed.items():
            branch.add(Text(f"{what} of visit {visit} = {_shown(computed)} (as {', '.join(parts)})"))
    show.console.print(tree)
    _findings(trace.findings)


def _became(tree: Tree, trace: RowTrace) -> None:
    branch = tree.add(Text("records", style="bold"))
    groups: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for each in trace.became:
        groups.setdefault((each.record.dataset, each.roles), []).append(each.record.seq)
    told = {(each.record.dataset, each.record.seq): each for each in trace.became}
    for (dataset, roles), numbers in groups.items():
        as_what = Text(f"  {', '.join(roles)}", style="dim")
        if len(numbers) > _MOST:
            branch.add(Text(f"{dataset}: {len(numbers)} records, --seq {_numbers(numbers)}").append(as_what))
            continue
        for number in numbers:
            each = told[dataset, number]
            key = ", ".join(f"{name}={text}" for name, text in each.key.items() if text is not None)
            branch.add(Text(f"{dataset} {each.record.subject} --seq {number}  {key}").append(as_what))
    if not groups:
        branch.add("none")


def _numbers(numbers: list[int]) -> str:
    """``1, 5-8``: running numbers in short."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    told = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    return ", ".join(told if len(told) <= _MOST else [*told[:_MOST], "..."])


def _record(trace: RecordTrace) -> str:
    return " ".join(filter(None, [trace.dataset, trace.subject, f"--seq {trace.seq}"]))


def _shown(text: str | None) -> str:
    return "(null)" if text is None else text


def _place(place: Place) -> Text:
    told = f"  delivery {place.delivery}, sha256 {place.sha256[:_DIGITS]}"
    return Text.assemble((f"{place.file} line {place.line}", "cyan"), (told, "dim"))


def _cell(cell: Cell) -> Text:
    told = Text.assemble((cell.column, "bold"), f" {cell.raw!r}")
    if cell.change not in ("unchanged", "set aside"):
        told.append(f" -> {_shown(cell.typed)} ({cell.change})", style="yellow")
    return told.append(f"  {cell.label}", style="dim")


def _delivered(tree: Tree, one: Value) -> None:
    places: dict[Place, list[From]] = {}
    for each in one.sources:
        places.setdefault(each.place, []).append(each)
    for place, cells in places.items():
        branch = tree.add(Text.assemble("delivered ", _place(place)))
        for each in cells:
            told = _cell(each.cell).append(f", {each.by}" if each.by else "", style="dim")
            leaf = branch.add(told.append(f" ({each.how})" if each.how else "", style="dim"))
            rules = "; ".join(each.cell.rules[:_MOST_RULES]) or "any text"
            leaf.add(Text(f"contract: {each.cell.kind}; {rules}", style="dim"))
    if not places:
        tree.add(Text("no delivered column: see the specification", style="dim"))


def _steps(tree: Tree, one: Value) -> None:
    if not one.steps:
        return
    branch = tree.add(Text("steps", style="bold"))
    for step in one.steps:
        told = Text.assemble(f"{step.what}: ", (_shown(step.value), "green"))
        branch.add(told.append(f"  {step.note}" if step.note else "", style="dim"))


def _tables(tree: Tree, tables: Iterable[TableRow]) -> None:
    for each in tables:
        cells = ", ".join(f"{name}={text}" for name, text in each.cells.items())
        tree.add(Text.assemble("table ", (f"{each.table} line {each.line}", "cyan"), f"  {cells}"))


def _moments(tree: Tree, moments: Iterable[Moment]) -> None:
    for each in moments:
        head = Text.assemble(
            "measured against ", (each.name, "bold"), f" = {_shown(each.value)}  ", (each.why, "dim")
        )
        branch = tree.add(head)
        if each.sources:
            cells = Text("  ").join(_cell(source.cell) for source in each.sources)
            branch.add(Text.assemble(_place(each.sources[0].place), "  ", cells))


def _known(tree: Tree, title: str, records: tuple[Known, ...]) -> None:
    if not records:
        return
    branch = tree.add(Text(title, style="bold"))
    for each in records[:_MOST]:
        branch.add(Text.assemble(f"{each.dataset} {each.subject} --seq {each.seq}", (f"  {each.why}", "dim")))
    if len(records) > _MOST:
        branch.add(Text(f"and {len(records) - _MOST} more", style="dim"))


def _recalculation(tree: Tree, told: Recalculation) -> None:
    agrees = "green" if told.verdict == "AGREES" else "yellow"
    head = Text.assemble(
        (
            f"{told.test} on the form {_shown(told.collected)}, recalculated {_shown(told.recalculated)}: ",
            "bold",
        ),
        (told.verdict, agrees),
    )
    branch = tree.add(head)
    for each in told.components:
        _component(branch, each)


def _component(tree: Tree, each: Component) -> None:
    when = f" at baseline (visit {each.baseline_visit})" if each.baseline_visit is not None else ""
    head = Text.assemble(
        (f"{each.name}{when}", "bold"), " = ", (_shown(each.value), "green"), f"  {each.shown}"
    )
    branch = tree.add(head)
    if each.seqs:
        branch.add(Text(f"{each.dataset} --seq {_numbers(list(each.seqs))}"))
    places = dict.fromkeys(source.place for source in each.sources)
    for place in places:
        cells = [source.cell for source in each.sources if source.place == place]
        many = [cell.column for cell in cells]
        shown = (
            Text(f"{len(many)} columns: {', '.join(many[:_MOST])} ...")
            if len(many) > _MOST
            else Text(" ").join(map(_cell, cells))
        )
        branch.add(Text.assemble(_place(place), "  ", shown))


def _behind(each: Value) -> str:
    """Where a value comes from, in one cell."""
    by_place: dict[Place, list[str]] = {}
    for source in each.sources:
        by_place.setdefault(source.place, []).append(source.cell.column)
    told = [f"{', '.join(names)} ({place.source}:{place.line})" for place, names in by_place.items()]
    told += [
        f"{moment.name} ({moment.sources[0].place.source}:{moment.sources[0].place.line})"
        for moment in each.moments
        if moment.sources
    ]
    told += [f"{table.table}:{table.line}" for table in each.tables] if not told else []
    told += [f"{known.dataset}/{known.seq}" for known in each.records[:1]] if not told else []
    return "; ".join(told)


def _left_out(trace: RowTrace, column: str) -> str:
    reason = trace.unused.get(column)
    return f"; not submitted: {reason}" if reason else ""


def _end(trace: RecordTrace) -> None:
    _findings(trace.findings)
    for note in trace.notes:
        show.remark(note)


def _findings(findings: tuple[Told, ...]) -> None:
    if findings:
        show.console.print(Text("Findings", style="bold"))
        for each in findings:
            show.console.print(
                Text.assemble(
                    (each.severity, _SEVERE.get(each.severity, "")), f"  {each.rule}  {each.message}"
                )
            )
