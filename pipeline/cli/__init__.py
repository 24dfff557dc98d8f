"""The command line: each command calls one function of ``commands`` and shows what it returned.

May: read options, print results and one line an error, set exit codes.
May not: decide anything; import a heavy library before a command needs it, so that ``--help`` answers at once.
Every command that returns a result takes ``--json``; ``ui``, ``test`` and ``lint`` hand over to other programs.
"""

from pipeline.cli.app import cli, main

__all__ = ["cli", "main"]
