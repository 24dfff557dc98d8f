"""Delivered bytes in, text out: what was delivered, whether it may land, every column as text with its line.

May read a delivery folder, write the landing folder and cut a delivered file into rows of text.
May not cast, trim, rename, reorder or drop anything, know a study's forms, or look at what a value means:
that is the contracts' work.
"""
