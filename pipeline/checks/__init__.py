"""A study's own checks over typed and finished tables: each one query of its specification, answered with findings.

May know ``specs``, ``derive`` and ``findings``. May not change a value, know any study, open a database (whoever calls
hands in how to ask) or look at what a blinded build does not have.
"""
