"""What tests of the plugin's tests of variants share: making one, visiting it, and ringing WooCommerce's hooks."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx2

from tests.wordpress.bed import PHP, Bed

VARIANTS: list[dict[str, Any]] = [
    {"key": "a", "weight": 1, "content": ""},
    {"key": "b", "weight": 3, "content": "Other <b>name</b>"},
]
PRODUCTS = count(1000)
"""Each test has a product of its own: two would meet the same visitors."""
NONE = {"shown": 0, "add_to_cart": 0, "order": 0, "refund": 0, "revenue": 0, "revenue_squares": 0}
UNITS = [f"{number:032x}" for number in range(20)]
BELL = (PHP / "bell.php").read_text()


def make(rest: httpx2.Client, name: str, **more: Any) -> httpx2.Response:
    body = {"key": name, "place": "name", "product_ids": [next(PRODUCTS)], "variants": VARIANTS, **more}
    return rest.post("devskyy/v1/tests", json=body)


def expose(bed: Bed, test: str, unit: str, **headers: str) -> httpx2.Response:
    """As a page's beacon does: without a login, as a form."""
    data = {"test": test, "unit": unit}
    return httpx2.post(f"{bed.url}/wp-json/devskyy/v1/exposures", data=data, headers=headers, timeout=60)


def counts(rest: httpx2.Client, key: str, what: str = "shown") -> dict[str, int]:
    return {one["key"]: one[what] for one in rest.get(f"devskyy/v1/tests/{key}").json()["variants"]}


@contextmanager
def must_use(bed: Bed, code: str) -> Generator[None]:
    """More code on the site, for as long as the block runs."""
    name = hashlib.sha256(code.encode()).hexdigest()[:8]  # PHP's code cache takes another file of a name for the same
    file = Path(bed.folder) / "wp-content" / "mu-plugins" / f"{name}.php"
    file.write_text(code)
    try:
        yield
    finally:
        file.unlink()


def ring(bed: Bed, unit: str, what: str, **told: Any) -> None:
    cookies = {"devskyy_unit": unit} if unit else None
    answer = httpx2.get(f"{bed.url}/", params={"bell": what, **told}, cookies=cookies, timeout=60)
    assert answer.text == "rung", answer.text
