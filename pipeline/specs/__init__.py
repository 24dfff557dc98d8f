"""What a study says about itself: typed, frozen models of its YAML and CSV files, and the pinned standard.

May read files below ``sdtm_specs``. May not know a delivery, a frame of subjects, a database or Dagster.
"""
