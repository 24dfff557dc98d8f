"""Data contracts of study BXU001-RA (study design, section 4).

Column order of an EDC form: the 14 audit columns, then the fields in the order of section 4.1. A field with
a list of codes that the EDC prints as text (also Y/N) is followed at once by its ``_DEC`` column; check boxes
(``1`` or blank), HAQ items (0..3, 0/1) and joint items (0, 1, NE) have none, and neither have AGEU and
VSPOS, which hold their text already. 4.1 names the code list of a field once; a field of the same name or
kind on another form (CM.CMROUTE, CM.CMDOSFRQ, PHGA.PHGAU, every *PERF, UPTYN, AESER) has the same list and
so a ``_DEC``. AEONGO, CMONGO and the seriousness boxes AESDTH..AESCAN are check boxes; MHONGO is a Yes/No
question.
"""

from __future__ import annotations

from pipeline.contracts.identity import SubjectForm

SENDERS = ("edc", "lab", "rtsm", "coding")
STUDY_NAMES = ("BXU001-RA", "BXU001RA")  # the laboratory writes both (4.2)
SUBJECT_FORM = SubjectForm(site_digits=3, subject_digits=3, separator="-")  # R3: SSS-NNN
