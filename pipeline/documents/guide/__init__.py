"""The clinical Study Data Reviewer's Guide (cSDRG): its facts, sections in the order of the PHUSE template, and pages.

``facts`` says what a guide is made of, in plain dataclasses; the sections turn facts into blocks (headings, paragraphs,
tables); ``flowables`` and ``document`` lay blocks out. A section never counts or decides: what it tells was counted in
``flow``.
"""
