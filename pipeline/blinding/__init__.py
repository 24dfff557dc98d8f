"""What keeps the blind, and what a person must show to lift it.

May read frames and files that it is handed: it checks a key, keeps the record of unblindings, and finds what a blinded
file must not hold. May not build a dataset, find a folder by itself, or import another room; names of arms and columns
come from the study's ``blinding.yaml``. No message of this room names a subject or tells an arm.
"""
