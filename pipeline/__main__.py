"""``python -m pipeline`` is the same as the command ``sdtm``."""

from pipeline.cli import main

main()
