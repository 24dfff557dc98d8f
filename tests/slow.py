"""Tests that take minutes: ``SDTM_SLOW=1 ./sdtm test tests/property/test_blind.py tests/pipeline`` runs them."""

from __future__ import annotations

import os

import pytest

slow = pytest.mark.skipif(os.environ.get("SDTM_SLOW") != "1", reason="takes minutes; SDTM_SLOW=1 runs it")
