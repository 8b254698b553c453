"""Tests of variants, in a real WordPress: exposures are counted once each, whoever comes at the same time."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.wordpress.bed import Bed
from tests.wordpress.test_plugin import DEBIAN, as_role, page

pytestmark = [DEBIAN, pytest.mark.requirement("plugin:variants")]
VARIANTS: list[dict[str, Any]] = [
    {"key": "a", "weight": 1, "content": ""},
    {"key": "b", "weight": 3, "content": "Other <b>name</b>"},
]


def make(rest: httpx2.Client, name: str, **more: Any) -> httpx2.Response:
    body = {"key": name, "place": "name", "product_ids": [1], "variants": VARIANTS, **more}
    return rest.post("devskyy/v1/tests", json=body)


def expose(bed: Bed, test: str, variant: str, **headers: str) -> httpx2.Response:
    """As a page's beacon does: without a login, as a form."""
    data = {"test": test, "variant": variant}
    return httpx2.post(f"{bed.url}/wp-json/devskyy/v1/exposures", data=data, headers=headers, timeout=60)


def counts(rest: httpx2.Client, key: str) -> dict[str, int]:
    return {one["key"]: one["shown"] for one in rest.get(f"devskyy/v1/tests/{key}").json()["variants"]}


def test_a_test_from_its_making_to_its_end(bed: Bed, rest: httpx2.Client) -> None:
    made = make(rest, "names")
    assert made.status_code == 201, made.text
    kept = [{"shown": 0, **one, "content": re.sub("<.*?>", "", one["content"])} for one in VARIANTS]
    assert made.json() == {"key": "names", "place": "name", "product_ids": [1], "live": True, "variants": kept}
    assert rest.get("devskyy/v1/tests").json() == [made.json()]
    assert make(rest, "names").status_code == 409
    assert expose(bed, "names", "b").status_code == 204
    assert counts(rest, "names") == {"a": 0, "b": 1}
    assert rest.put("devskyy/v1/tests/names", json={"live": False}).json()["live"] is False
    assert expose(bed, "names", "b").status_code == 404
    assert rest.delete("devskyy/v1/tests/names").json()["previous"]["variants"][1]["shown"] == 1
    assert rest.get("devskyy/v1/tests/names").status_code == 404
    assert rest.delete("devskyy/v1/tests/names").status_code == 404


def test_no_exposure_is_lost_and_none_counts_twice(bed: Bed, rest: httpx2.Client) -> None:
    make(rest, "crowd")
    asked = ["a", "b", "b"] * 20
    with ThreadPoolExecutor(12) as crowd:
        answers = [answer.status_code for answer in crowd.map(expose, repeat(bed), repeat("crowd"), asked)]
    assert answers == [204] * len(asked)
    assert counts(rest, "crowd") == {"a": 20, "b": 40}


def test_a_flood_is_held_back(bed: Bed, rest: httpx2.Client) -> None:
    make(rest, "flood")
    limit = Path(bed.folder) / "wp-content" / "mu-plugins" / "limit.php"
    limit.write_text("<?php add_filter( 'devskyy_exposures_per_minute', function () { return 0; } );")
    try:
        refused = expose(bed, "flood", "a")  # the first of a minute always counts
        refused = expose(bed, "flood", "a") if refused.status_code == 204 else refused
    finally:
        limit.unlink()
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert counts(rest, "flood")["a"] == 1


def test_counts_only_what_there_is(bed: Bed, rest: httpx2.Client) -> None:
    make(rest, "known")
    for test, variant, status in (("known", "c", 404), ("none", "a", 404), ("KNOWN'", "a", 400), ("known", "", 400)):
        assert expose(bed, test, variant).status_code == status
    assert expose(bed, "known", "a", **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert httpx2.get(f"{bed.url}/wp-json/devskyy/v1/exposures", timeout=60).status_code == 404
    assert counts(rest, "known") == {"a": 0, "b": 0}


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "Big"},
        {"place": "price"},
        {"product_ids": []},
        {"variants": VARIANTS[:1]},
        {"variants": [VARIANTS[0], VARIANTS[0]]},
        {"variants": [{"key": "a", "weight": 0}, {"key": "b", "weight": 0}]},
        {"variants": [{"weight": 1}, {"key": "b", "weight": 1}]},
    ],
)
def test_refuses_what_is_no_test(rest: httpx2.Client, wrong: dict[str, Any]) -> None:
    assert make(rest, "wrong", **wrong).status_code == 400
    assert rest.get("devskyy/v1/tests/wrong").status_code == 404


@pytest.mark.parametrize(("role", "status"), [("editor", 201), ("author", 403), ("subscriber", 403), ("", 401)])
def test_tests_are_for_editors(bed: Bed, role: str, status: int) -> None:
    url, login = f"{bed.url}/wp-json/devskyy/v1/tests", as_role(bed, role) if role else None
    body = {"key": f"for-{role or 'nobody'}", "place": "name", "product_ids": [1], "variants": VARIANTS}
    assert httpx2.post(url, json=body, auth=login, timeout=60).status_code == status
    assert httpx2.get(url, auth=login, timeout=60).status_code == (200 if status == 201 else status)


def test_the_page_is_the_same_for_everybody(bed: Bed, rest: httpx2.Client) -> None:
    """What caches keep: all variants, no number, nobody's cookie."""
    post = rest.post("wp/v2/posts", json={"title": "cached", "status": "publish", "content": "x"}).json()
    make(rest, "cached", product_ids=[post["id"]], variants=[VARIANTS[0], {**VARIANTS[1], "content": "</script>x"}])
    first, second = (page(bed, "/cached/") for _ in range(2))
    assert first.status_code == 200
    assert first.text == second.text
    assert not [one for one in first.headers if one.lower() == "set-cookie"]
    (told,) = re.findall(r'<script type="application/json" id="devskyy-variants-data">(.*?)</script>', first.text)
    assert [test["key"] for test in json.loads(told)["tests"]] == ["cached"]
    assert "shown" not in told
