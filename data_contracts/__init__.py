"""What each study's senders promise about their files: one package a study.

May know the field functions and models of ``pipeline.contracts``. May not know SDTM, read a file or hold an
engine.
"""
