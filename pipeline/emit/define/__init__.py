"""Define-XML 2.1: what the package holds, as the document that reviewers open first.

May: describe submitted datasets, write and validate the document, hold it against the datasets.
May not: decide what is submitted; the transport files and the specification do.
"""
