"""Text frames against their contracts: accepted typed rows, quarantined rows with reasons, findings.

May know pandera, the study's data contracts and the pure expressions of ``derive``. May not know SDTM, open a
delivered file, repair a value beyond the text rules that every change of is counted, or put a value in a
message.
"""

import pipeline.contracts.lean  # noqa: F401 - before any module of this room, or any contract, loads pandera
