"""The documents of a package that people read: the annotated CRF (``acrf``) and the reviewer's guide (``guide``).

May lay out and write, as PDF bytes, what ``flow`` hands in as plain dataclasses; reportlab, the PDF library, and the
letters it embeds live here. May not read contracts, specifications, datasets or the disk, and decides nothing about the
content: what stands in a document was decided elsewhere. Equal facts give equal bytes.
"""
