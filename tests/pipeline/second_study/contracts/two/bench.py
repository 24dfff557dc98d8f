"""What the laboratory sends: one tab-separated file."""

import pandera.polars as pa

from pipeline.contracts import fields as f
from pipeline.contracts.model import source


class Results(pa.DataFrameModel):
    """Results in the laboratory's own columns."""

    SUBJID: str = f.subject()
    TUBENO: str = f.identifier("Tube", required=True)
    OCCASION: str = f.text("Occasion")
    TAKEN: str = f.compact_date("Taken")
    TAKENAT: str = f.compact_time("Taken at")
    OUT: str = f.compact_stamp("Reported")
    ANALYTE: str = f.identifier("Analyte", required=True)
    MATTER: str = f.identifier("Matter", required=True)
    CODE: str = f.identifier("Code")
    HOW: str = f.text("How")
    FOUND: str = f.text("Found")
    MEASURE: str = f.text("Measure")
    FLOOR: str = f.text("Lowest normal")
    CEILING: str = f.text("Highest normal")
    NORMAL: str = f.text("Normal")
    STATE: str = f.code("State", ("early", "done", "void"), required=True)
    TURN: str = f.integer("Turn", 0, required=True)
    NOTE: str = f.text("Note")
    LAB: str = f.text("Laboratory")
    HUNGRY: str = f.code("Fasting", ("Y", "N"))
    FAINTEST: str = f.decimal("Faintest")

    class Config:
        """Facts of the file."""

        metadata = source(
            "bench_results",
            "bench/results.tsv",
            title="Results",
            owner="Vendor",
            separator="\t",
            study_column=None,
        )


SOURCES = (Results,)
