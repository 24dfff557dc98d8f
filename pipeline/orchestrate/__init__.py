"""The corridor: Dagster's view of the same graph of steps that the command line runs.

May turn steps into assets, findings into asset checks, and counts, columns and first rows into what a person
sees. May not decide anything about data: what a row, a finding or a file means is settled in the other rooms,
and every asset calls the function of ``flow`` that the command calls. Dagster is known here only. No value of
a subject enters a log line, an error or a check; first rows are shown of tables of a blinded build alone.
"""
