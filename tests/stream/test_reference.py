"""The Python scan against the reference scan, where it is here, on lists of formats drawn at random.

A share of what `tools/check_reference.py --python` does.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests import reference as kit
from tools.check_reference import check

pytestmark = kit.needed()


@pytest.mark.parametrize("block", range(20))
def test_random_lists(block: int) -> None:
    seen = Counter[str]()
    for seed in range(20 * block, 20 * block + 20):
        assert check(None, seed, False, seen) is None
    assert seen["frames"] > 20
