"""The room where one value is followed: from a record back to the delivered bytes, or from a delivered row onwards.

It is a room of its own because it needs nothing but finished tables and the specification: what it may ask is handed in
as a ``Ledger`` by ``flow``, and what comes out are plain dataclasses. It may import specs, derive, findings and errors;
it finds delivered rows by the row ids that the build kept (``ops.links_*``, the lines in ``derived``) and not by equal
values, but for one join that the build makes too: a draw and its collection form. It may not change a table, and no
other room may import it.
"""
