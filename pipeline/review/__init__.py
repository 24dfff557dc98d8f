"""A study's specification as people review it: one page to read, and one check that nothing was forgotten.

May read the specification models and plain facts about the delivered columns that ``flow`` hands in. May not see a
delivery, a row of data, a database or another room, and may not know a study. The page's templates live here too.
"""
