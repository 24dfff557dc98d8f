"""How an unblinded release is made again: with the approval and the restricted files that it was made with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.blinding.modes import Mode
from pipeline.flow.context import Context
from pipeline.flow.unblinding import open_approved, unblinded_parts, unblindings
from pipeline.flow.verify import Maker
from pipeline.restricted import RestrictedSettings
from pipeline.settings import Settings


def unblinded_maker(settings: Settings, restricted: RestrictedSettings, mode: Mode) -> Maker:
    """The maker for releases of ``mode``; Refused where the record of unblindings is broken."""
    approvals = [event for event in unblindings(restricted) if event.request.mode is mode]

    def open_build(manifest: Mapping[str, Any]) -> Context | None:
        wanted = {each["source"]: each["sha256"] for each in manifest["inputs"]}
        of_delivery = [
            event for event in approvals if event.request.delivery == manifest["build"]["delivery"]
        ]
        contexts = (open_approved(settings, restricted, event, wanted) for event in reversed(of_delivery))
        return next((each for each in contexts if each.store.build == manifest["build"]["id"]), None)

    landings = (settings.landing, restricted.landing)
    return Maker(unblinded_parts(settings), restricted.home, landings, open_build)
