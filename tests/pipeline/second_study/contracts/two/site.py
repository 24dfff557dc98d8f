"""What the clinic sends: five forms, separated by semicolons."""

import pandera.polars as pa

from pipeline.contracts import fields as f
from pipeline.contracts.model import source

VISITS = {"S": "Start", "M1": "Month 1", "X": "Extra"}


def form(name, title, **more):
    return source(
        f"site_{name}",
        f"site/{name}.csv",
        title=title,
        owner="Investigator",
        key=("ROWID",),
        separator=";",
        study_column="TRIAL",
        study_names=("ZZ-2",),
        **more,
    )


class Form(pa.DataFrameModel):
    """Columns of every form."""

    TRIAL: str = f.code("Trial", ("ZZ-2",), required=True)
    SITEID: str = f.site()
    SUBJID: str = f.subject()
    EVENT: str = f.code("Event", VISITS)
    NTH: str = f.integer("Repeat", 1)
    ROWID: str = f.identifier("Row", required=True)

    class Config:
        """Forms declare their own facts."""

        metadata = None


class People(Form):
    """Who takes part."""

    BORN: str = f.edc_date("Born")
    YEARS: str = f.integer("Age")
    GENDER: str = f.code("Sex", {"1": "man", "2": "woman"})
    RACE_X: str = f.flag("Asian")
    RACE_Y: str = f.flag("White")
    AGREED: str = f.edc_date("Agreed to take part")
    DRAWN: str = f.flag("Drawn by lot")

    class Config(Form.Config):
        """Facts of the form."""

        metadata = form("people", "People")


class Clinics(pa.DataFrameModel):
    """The clinics."""

    SITEID: str = f.identifier("Clinic", pattern="[0-9]{2}", required=True)
    LAND: str = f.identifier("Country", pattern="[A-Z]{3}", required=True)

    class Config:
        """Facts of the file."""

        metadata = source(
            "site_clinics", "site/clinics.csv", title="Clinics", owner="Sponsor", key=("SITEID",), study_column=None,
            subject_column=None, separator=";",
        )  # fmt: skip


class Visits(Form):
    """The visits."""

    CAME: str = f.code("Came", {"J": "yes", "N": "no"})
    DAY: str = f.edc_date("Day")

    class Config(Form.Config):
        """Facts of the form."""

        metadata = form("visits", "Visits")


class Doses(Form):
    """Tablets."""

    FIRST: str = f.edc_date("First tablet")
    LAST: str = f.edc_date("Last tablet")

    class Config(Form.Config):
        """Facts of the form."""

        metadata = form("doses", "Doses", may_be_empty=True)


class Ends(Form):
    """How it ended."""

    REASON: str = f.code("Reason", {"OK": "done", "DIED": "died"})
    ENDED: str = f.edc_date("Ended")

    class Config(Form.Config):
        """Facts of the form."""

        metadata = form("ends", "Ends", may_be_empty=True)


class Troubles(Form):
    """Adverse events, by another name."""

    WHAT: str = f.text("What happened", required=True)
    FROM: str = f.edc_date("From")
    UNTIL: str = f.edc_date("Until")
    STILL: str = f.flag("Still there")
    GRAVE: str = f.code("Grave", {"J": "yes", "N": "no"})
    BEFORE: str = f.code("Before the first tablet", {"Y": "yes"})

    class Config(Form.Config):
        """Facts of the form."""

        metadata = form("troubles", "Troubles", may_be_empty=True)


class Sleep(Form):
    """A questionnaire of two items and a line."""

    FILLED: str = f.code("Filled in", {"Y": "yes", "N": "no"})
    WHY: str = f.text("Why not")
    ON: str = f.edc_date("On")
    Q1: str = f.code("Fell asleep", ("0", "1", "2"))
    Q2: str = f.code("Woke up", ("0", "1", "2"))
    LINE: str = f.decimal("Mark on the line")
    LINEU: str = f.code("Unit", ("mm", "cm"))

    class Config(Form.Config):
        """Facts of the form."""

        metadata = form("sleep", "Sleep", may_be_empty=True)


class Blood(Form):
    """Which tube was drawn when."""

    TUBE: str = f.identifier("Tube")
    DRAWNYN: str = f.code("Drawn", {"Y": "yes", "N": "no"})
    NOTWHY: str = f.text("Why not")
    DAY: str = f.edc_date("Day")
    CLOCK: str = f.edc_time("Time")

    class Config(Form.Config):
        """Facts of the form."""

        metadata = form("blood", "Blood", may_be_empty=True)


SOURCES = (People, Clinics, Visits, Doses, Ends, Troubles, Sleep, Blood)
