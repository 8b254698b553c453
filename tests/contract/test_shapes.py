"""Objects have the same names and types on every shop as on the real one that was recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.client import Shop
from tests.contract.shapes import differences, file_of, shape, specimen
from tests.contract.specimens import WOOCOMMERCE, WORDPRESS

pytestmark = pytest.mark.requirement("contract:shapes")


@pytest.mark.parametrize("kind", sorted(WORDPRESS))
async def test_wordpress_object(wp: Shop, kind: str) -> None:
    real = json.loads(file_of(wp.access).read_text())[kind]
    assert list(differences(await specimen(wp, kind, WORDPRESS[kind]), real)) == []


@pytest.mark.parametrize("kind", sorted(WOOCOMMERCE))
async def test_woocommerce_object(wc: Shop, kind: str) -> None:
    real = json.loads(file_of(wc.access).read_text())[kind]
    assert list(differences(await specimen(wc, kind, WOOCOMMERCE[kind]), real)) == []


def test_differences_are_found() -> None:
    real = shape({"id": 1, "tags": [{"name": "a", "parent": None}, {"name": "b", "parent": 1}], "_links": {"self": []}})
    assert list(differences(shape({"id": 1, "tags": [], "_links": {"self": [1]}}), real)) == []
    found: dict[str, Any] = {"id": "1", "tags": [{"name": "a", "parent": "x", "slug": "a"}], "meta": {}}
    assert sorted(differences(shape(found), real)) == [
        "._links is missing",
        ".id is string, not integer",
        ".meta is extra",
        ".tags[].parent is string, not integer|null",
        ".tags[].slug is extra",
    ]
