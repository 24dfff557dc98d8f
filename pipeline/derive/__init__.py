"""Pure derivations that several rooms share: polars expressions and functions from frame to frame.

May: compute dates, study days, epochs, baselines, texts, decimals, units and scores from the columns and
parameters it is given. May not: read or write a file, know a study, a form or a subject, or decide what
happens to a value it cannot use: it returns null plus a reason code, and the room that called makes the
finding.
"""
