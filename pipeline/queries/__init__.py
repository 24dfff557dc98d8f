"""Findings as queries: one stable id a question, its state from night to night, and the workbook that sites get.

May number, carry on and draw what ``flow`` hands in; XlsxWriter lives here. May not read the warehouse, find or drop
a finding, or depend on the order and numbering of delivered lines.
"""
