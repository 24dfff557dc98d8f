"""The room that turns finished SDTM frames into submission files.

May: check a frame against the limits of a file format, write the file, read it back and compare.
May not: change, derive, sort or repair a value; look at the clock; write to another room's folders.
What a format cannot hold exactly is refused. pyarrow, pyreadstat, lxml and odmlib belong to this room.
"""
