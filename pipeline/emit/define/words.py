"""How text stands in define.xml."""

from __future__ import annotations

from odmlib.define_2_1 import model as odm

LANGUAGE = "en"


def described(text: str) -> odm.Description:
    """A Description with one English text."""
    return odm.Description(TranslatedText=[odm.TranslatedText(_content=text, lang=LANGUAGE)])
