"""Whole deliveries against what the study expects of them: small tables, rules over them, verdicts, and pages to read.

May know great-expectations and pandas, and imports them only where a delivery is judged (three seconds). Gets frames
and gives frames; writes nothing but the pages, into the folder that it is handed. May not know SDTM, look at the
clock, judge a single row or column of a source (that is the contracts' business), or put a subject on a page.
"""
