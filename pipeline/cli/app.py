"""The group of all commands, and the last door: an error becomes one line and an exit code (see ``errors.py``)."""

from __future__ import annotations

import sys
from signal import SIGINT

import click

from pipeline.cli import morning, nights, releases, unblinding, upkeep
from pipeline.errors import EXIT_BUG, EXIT_MACHINE, EXIT_SIGNAL, SdtmError, UsageError, unforeseen
from pipeline.stopping import Stopped, stop_asked, stop_signals

_SECTIONS = {
    "A night": nights.COMMANDS,
    "The morning after": morning.COMMANDS,
    "Packages": releases.COMMANDS,
    "Unblinding": unblinding.COMMANDS,
    "Upkeep": upkeep.COMMANDS,
}
_WHOLE_SENTENCE = 200  # click cuts a longer one


class _Sections(click.Group):
    """A group whose help lists its commands by theme, in the order in which they are used."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as inherited
        """Every command with the first sentence of its help, below its theme."""
        width = max(len(command.name or "") for commands in _SECTIONS.values() for command in commands)
        for title, commands in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(f"{each.name:<{width}}", each.get_short_help_str(_WHOLE_SENTENCE)) for each in commands]
                )


@click.group(
    cls=_Sections, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def cli() -> None:
    """From a trial's delivered files to CDISC SDTM and SAS V5 transport files."""


for _commands in _SECTIONS.values():
    for _command in _commands:
        cli.add_command(_command)


def main() -> None:
    """Runs the command; an expected failure is one line on stderr, and so is anything unforeseen."""
    with stop_signals():
        try:
            cli.main(standalone_mode=False)
        except SystemExit:
            raise
        except BaseException as error:  # noqa: BLE001 - the last door: a traceback could print a subject's values
            code, line = _told(error)
            click.echo(f"sdtm: {line}", err=True)
            sys.exit(code)


def _told(error: BaseException) -> tuple[int, str]:
    """Exit code and line; whatever comes after a signal is the interruption that it asked for."""
    signal = stop_asked()
    if signal or isinstance(error, click.exceptions.Abort | KeyboardInterrupt | Stopped):
        return EXIT_SIGNAL + (signal or SIGINT), "interrupted; nothing half done was kept"
    if isinstance(error, click.ClickException):
        return UsageError.exit_code, error.format_message()
    if isinstance(error, SdtmError):
        return error.exit_code, str(error)
    if isinstance(error, MemoryError):
        return EXIT_MACHINE, "memory: not enough for this step; nothing was published"
    return EXIT_BUG, unforeseen(error)
