"""Dataset-JSON 1.1 files (CDISC): the datasets of a package once more, as text that any language can read.

May: write a described dataset and compare what a JSON reader finds in the file.
May not: know SDTM, describe a dataset otherwise than define.xml does, look at the clock.
"""
