"""Other people's readers take what is built; `tools/check_readers.py` asks them about more frames."""

from __future__ import annotations

import random

import pytest

from tools import oracle
from tools.check_readers import READERS


@pytest.mark.parametrize("name", READERS)
def test_they_give_back_what_was_built(name: str) -> None:
    if name == "kaitai" and oracle.why_absent():
        pytest.skip(oracle.why_absent())
    assert READERS[name](200, random.Random(5)) == 200
