"""What a BXU001-RA trial looks like: who enters, what happens to them, what the senders write about it.

May know the study's codes, ``pipeline.simulate`` and the exact scores of ``pipeline.derive``. May not know
the pandera contracts (layouts come in from outside), SDTM, or write a file. Only ``people`` (the schedule),
``activity`` (the clinical effect) and ``supply`` (restricted files) may look at the treatment arm.
"""

from data_contracts.bxu001_ra.simulation.model import BXU001_RA as MODEL

__all__ = ["MODEL"]
