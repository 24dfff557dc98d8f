"""What changed from one delivery to the next: raw records by their identity, SDTM records by their natural key.

May compare frames that ``flow`` hands in and draw the page that shows the result. May not open a delivery or the
warehouse, know a study, judge whether a change is right, or match records whose identity is in doubt: it says so.
"""
