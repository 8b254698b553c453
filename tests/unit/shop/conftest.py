from __future__ import annotations

import pytest

from .bench import Bench, make_bench


@pytest.fixture
def bench() -> Bench:
    return make_bench()
