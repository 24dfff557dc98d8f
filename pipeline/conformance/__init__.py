"""The room that judges a finished package: the rules of CDISC CORE, and what an agency's gateway looks at.

May: read what it is given, run the engine in a process and an environment of its own, say what it found and where.
May not: change, repair or read a value of the package by itself; keep or tell a subject's value (only its place).
``engine/`` is no part of the program: it is run by the engine's own Python, which nothing here imports.
"""
