"""A synthetic trial's deliveries, clean or dirty, with a ledger of every defect that was planted.

May know ``specs`` (how a delivered file looks), ``files`` and ``errors``. May not know any study (what a
trial looks like comes in as a ``StudyModel``), read a delivery, or write a restricted source anywhere but
into the folder that the caller names for it.
"""

from pipeline.simulate.defects import DefectKind
from pipeline.simulate.entry import Simulated, simulate
from pipeline.simulate.ground import Ground, Planted, Tables
from pipeline.simulate.streams import Streams
from pipeline.simulate.study import FileForm, Generated, StudyModel

__all__ = [
    "DefectKind",
    "FileForm",
    "Generated",
    "Ground",
    "Planted",
    "Simulated",
    "Streams",
    "StudyModel",
    "Tables",
    "simulate",
]
