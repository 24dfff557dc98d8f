"""Which records of a study are the components of its scores, and how it names indices and responses.

Datasets of findings have the usual variables (``--TESTCD``, ``--STRESC``, ``--SPID``, ``--DTC``), so a role needs only
the names of dataset and test.
"""

from __future__ import annotations

from pydantic import model_validator

from pipeline.specs.frozen import Frozen, Names


class Joints(Frozen):
    """The tests that say, joint by joint, whether it is tender and whether it is swollen (Y or N)."""

    dataset: str
    tender: str
    swollen: str


class Measured(Frozen):
    """A component that is one measurement: its test, and the standard unit that the score needs."""

    dataset: str
    test: str
    unit: str


class Disability(Frozen):
    """The questionnaire of the disability index: its items with ``role`` and category in table ``items``.

    ``other_aids`` names the table (``text``, ``category``) in which a person has assigned aids that subjects described.
    """

    dataset: str
    items: str
    other_aids: str | None = None


class Indices(Frozen):
    """The study's test codes of the activity indices."""

    das28_crp: str
    das28_esr: str
    cdai: str
    sdai: str


class Responses(Frozen):
    """The study's test codes of the responses; ``counts_improved`` is the improvement of both joint counts."""

    acr20: str
    acr50: str
    acr70: str
    eular_crp: str
    eular_esr: str
    counts_improved: str


class Scores(Frozen):
    """Components, indices and responses of rheumatoid arthritis; ``dataset`` holds what the forms show of them.

    ``visits``: numbers of the visits with responses; ``decision_visit``: the one whose joint counts decide about
    rescue.
    """

    dataset: str
    joints: Joints
    patient_global: Measured
    physician_global: Measured
    pain: Measured
    crp: Measured
    esr: Measured
    disability: Disability
    indices: Indices
    responses: Responses
    visits: Names
    decision_visit: str

    @model_validator(mode="after")
    def _decision_is_a_visit(self) -> Scores:
        if self.decision_visit not in self.visits:
            raise ValueError("decision_visit is not one of the visits")
        return self


class Filtration(Frozen):
    """Estimated glomerular filtration rate from creatinine, and the columns of the roster that the formula needs.

    ``formulas`` is the table whose ``variant`` names the computed forms of the formula (``IDMS``, ``ORIGINAL``) and
    whose ``LBANMETH`` says how the dataset calls them; ``sex_map`` and ``races`` are codemaps, the latter from the
    boxes to tick.
    """

    dataset: str
    test: str
    creatinine: str
    specimen: str
    formulas: str
    birth: str
    age: str
    sex: str
    sex_map: str
    races: str
    black: str
    limit: int
