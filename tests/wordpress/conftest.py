"""A real WordPress with the companion plugin, one for each file of tests that asks for it."""

from __future__ import annotations

import os
from collections.abc import Generator

import httpx2
import pytest

from tests.wordpress.bed import Bed, wordpress_bed
from tests.wordpress.packages import BedUnavailable


@pytest.fixture(scope="module")
def bed() -> Generator[Bed]:
    try:
        with wordpress_bed(companion=True) as found:
            yield found
    except BedUnavailable as reason:
        if os.environ.get("DEVSKYY_REQUIRE_DEBIAN") == "1":
            raise
        pytest.skip(str(reason))


@pytest.fixture
def rest(bed: Bed) -> Generator[httpx2.Client]:
    with httpx2.Client(base_url=f"{bed.url}/wp-json/", auth=(bed.user, bed.app_password), timeout=60) as client:
        yield client
