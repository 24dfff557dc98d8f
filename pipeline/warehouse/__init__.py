"""Keeps frames: immutable Parquet, one file per table and build, published whole, with DuckDB views on top.

May write and read below one warehouse root, which is always an argument: it knows no other root, so none
that is restricted. May not change a value, know SDTM or a study, or decide which build is published.
"""
