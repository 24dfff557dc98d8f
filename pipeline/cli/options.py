"""What commands share: options, how a result is printed, where the settings come from."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any

import click

from pipeline.settings import Settings
from pipeline.stopping import Stopped

BLINDED, UNBLINDED = "BLINDED", ("DSMB", "FINAL")
MODE = click.option(
    "--mode",
    default=BLINDED,
    show_default=True,
    type=click.Choice((BLINDED, *UNBLINDED)),
    help="Who may read it.",
)
CORE_CACHE = click.option(
    "--core-cache",
    envvar="SDTM_CORE_CACHE",
    type=click.Path(path_type=Path, file_okay=False),
    help="Rules cache of CDISC CORE (or SDTM_CORE_CACHE); without it nobody asks the engine.",
)
CORE_MINUTES = click.option(
    "--core-minutes",
    default=120,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="How long the engine may take.",
)
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


class Day(click.ParamType[date]):
    """A calendar day as YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day, or a usage error."""
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            self.fail(f"{value!r} is not a day YYYY-MM-DD", param, ctx)


def command(function: Callable[..., dict[str, Any]]) -> Callable[..., None]:
    """Prints what a command returns, as JSON or by its ``show`` entry; ends with the exit code of its result."""
    wants_quiet = "quiet" in signature(function).parameters

    @wraps(function)
    def run(as_json: bool, **options: Any) -> None:
        if wants_quiet:
            options["quiet"] = as_json
        try:
            result = function(**options)
        except KeyboardInterrupt:  # a library saw the signal first; click would add a line of its own
            raise Stopped from None
        show, code = result.pop("show", None), result.pop("exit_code", 0)
        if as_json:
            click.echo(json.dumps(result, indent=2, sort_keys=True, default=str))
        elif show:
            show()
        sys.exit(code)

    return _AS_JSON(run)


def settings() -> Settings:
    """Where this process finds studies and keeps its home."""
    return Settings.from_environment()
