"""Contracts of an invented study with other forms and other columns; the engine must take it like the real one."""

from pipeline.contracts.identity import SubjectForm

SENDERS = ("site", "bench")
SUBJECT_FORM = SubjectForm(site_digits=2, subject_digits=4, separator="/")
