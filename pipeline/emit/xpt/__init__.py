"""SAS V5 transport files: what they may hold, their bytes, and reading them back.

May: write a described dataset and compare what other software reads in the file.
May not: know SDTM, repair a value, look at the clock.
"""
