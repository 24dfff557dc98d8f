"""What every model of a specification is made of: frozen, without unknown keys, from scalars that are all text."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _yes_no(value: Any) -> Any:
    return {"yes": True, "no": False, None: False}.get(value, value)


def listed(value: Any) -> Any:
    """A single text as a list of one."""
    return (value,) if isinstance(value, str) else value


YesNo = Annotated[bool, BeforeValidator(_yes_no)]
Names = Annotated[tuple[str, ...], BeforeValidator(listed)]


class Frozen(BaseModel):
    """No unknown key, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
