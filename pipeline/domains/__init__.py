"""Typed source frames become SDTM records that know the source rows they come from.

May use the specs and the pure derivations. May not read a file, a database or Dagster, and may not know a study: what a
form is called, and what a code means, comes from the specification.
"""
