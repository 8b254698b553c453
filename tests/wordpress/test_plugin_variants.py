"""Tests of variants, in a real WordPress: a visitor counts once, in the variant that Python names as well."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devskyy_mcp.experiments.assignment import Assigner
from tests.wordpress.bed import Bed
from tests.wordpress.test_plugin import DEBIAN, as_role, page
from tests.wordpress.variants import BELL, NONE, UNITS, VARIANTS, counts, expose, make, must_use, ring

pytestmark = [DEBIAN, pytest.mark.requirement("plugin:variants")]
PHP = """define('ABSPATH', '/'); function add_action() {} require $argv[1];
$asked = json_decode(file_get_contents($argv[2]), true);
echo json_encode(array_map(function ($unit) use ($asked) {
    $hash = DevSkyy\\unit_hash($asked, $unit);
    return DevSkyy\\takes_part($asked, $unit) ? DevSkyy\\variant_of($asked['variants'], $hash) : null;
}, $asked['units']));"""
NODE = r"""const fs = require("fs"), vm = require("vm"), [script, file] = process.argv.slice(1);
const asked = JSON.parse(fs.readFileSync(file)), code = new vm.Script(fs.readFileSync(script, "utf8"));
const shown = [], told = JSON.stringify({ tests: [asked], cookie: "unit", path: "/" });
let unit;
const document = { getElementById: () => ({ textContent: told }), querySelectorAll: () => [],
  documentElement: { setAttribute: (name, key) => shown.push(key) },
  get cookie() { return ""; }, set cookie(text) {} };
const page = vm.createContext({ document, navigator: { sendBeacon() {} }, location: {}, URLSearchParams, TextEncoder,
  crypto, RegExp: function () { return { [Symbol.match]: () => [unit, unit] }; } });
console.log(JSON.stringify(asked.units.map((one) => {
  unit = one;
  code.runInContext(page);
  return shown.pop() ?? null;
})));"""
"""Both put the script among stand-ins for all that is not the assignment."""
LINK = (
    NODE.replace("querySelectorAll: () => []", "querySelectorAll: () => [picture]")
    .replace(
        "let unit;",
        "let unit; const link = {}, picture = { closest: () => link, removeAttribute() {}, setAttribute() {}, "
        "getAttribute() {}, addEventListener() {} };",
    )
    .replace("shown.pop() ?? null;\n})", "null;\n}) && link")
)
"""A picture of a gallery's, and its link."""


def wanted(salt: str, units: list[str]) -> dict[str, int]:
    """How many of the units Python gives each variant."""
    assign = Assigner(salt, ["a", "b"], [2500, 7500])
    return dict(Counter({"a": 0, "b": 0}) + Counter(str(assign(unit)) for unit in units))


def test_a_test_from_its_making_to_its_end(bed: Bed, rest: httpx2.Client) -> None:
    made = make(rest, "names", product_ids=[1])
    assert made.status_code == 201, made.text
    kept = [{**NONE, **one, "content": re.sub("<.*?>", "", one["content"])} for one in VARIANTS]
    told = {"key": "names", "salt": "names", "place": "name", "product_ids": [1], "live": True, "variants": kept}
    assert made.json() == told | {"layer": "", "slice": [0, 10_000]}
    plain = [{name: one[name] for name in ("key", "weight", "content")} for one in kept]
    assert rest.get("devskyy/v1/tests").json() == [{**made.json(), "variants": plain}], "without numbers"
    assert make(rest, "names").status_code == 409
    assert expose(bed, "names", UNITS[0]).status_code == 204
    assert sum(counts(rest, "names").values()) == 1
    assert rest.put("devskyy/v1/tests/names", json={"live": False}).json()["live"] is False
    assert expose(bed, "names", UNITS[0]).status_code == 404
    assert sum(one["shown"] for one in rest.delete("devskyy/v1/tests/names").json()["previous"]["variants"]) == 1
    assert rest.get("devskyy/v1/tests/names").status_code == 404
    assert rest.delete("devskyy/v1/tests/names").status_code == 404


@pytest.mark.requirement("experiments:shop-alike")
@pytest.mark.parametrize(("layer", "part"), [("", [0, 10_000]), ("coats", [2_500, 9_000])])
def test_php_python_and_the_browser_assign_alike(bed: Bed, tmp_path: Path, layer: str, part: list[int]) -> None:
    """10,000 units in three variants: as the plugin counts them, as servers do, as the page shows them."""
    units = [f"{number:032x}" for number in range(9_000)] + [f"customer-{number}-\u00e9" for number in range(1_000)]
    variants = [{"key": key, "weight": weight} for key, weight in (("a", 3334), ("b", 3333), ("c", 3333))]
    assign = Assigner("hero-2026", ["a", "b", "c"], [3334, 3333, 3333], layer, (part[0], part[1]))
    python = [assign(unit) for unit in units]
    asked = tmp_path / "asked.json"
    told = {"salt": "hero-2026", "variants": variants, "units": units, "key": "hero", "layer": layer, "slice": part}
    asked.write_text(json.dumps(told))
    plugin = Path(bed.folder) / "wp-content" / "plugins" / "devskyy"
    for command in (
        ["php", "-r", PHP, str(plugin / "includes" / "variants.php")],
        ["node", "-e", NODE, str(plugin / "assets" / "variants.js")],
    ):
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed")
        done = subprocess.run([*command, str(asked)], capture_output=True, text=True, check=True, timeout=60)
        assert json.loads(done.stdout) == python
    share = (part[1] - part[0]) / 10_000
    assert min(Counter(one for one in python if one).values()) > 3_100 * share
    assert python.count(None) == pytest.approx(10_000 * (1 - share), abs=150)


def test_no_exposure_is_lost_and_none_counts_twice(bed: Bed, rest: httpx2.Client) -> None:
    make(rest, "crowd")
    with ThreadPoolExecutor(12) as crowd:
        answers = [answer.status_code for answer in crowd.map(expose, repeat(bed), repeat("crowd"), UNITS * 3)]
    assert answers == [204] * len(UNITS) * 3
    assert counts(rest, "crowd") == wanted("crowd", UNITS)


def test_a_flood_is_held_back(bed: Bed, rest: httpx2.Client) -> None:
    """Of a test and not of a variant, whose split would be none; who is counted already takes no room."""
    make(rest, "flood")
    assign = Assigner("flood", ["a", "b"], [2500, 7500])
    few, many = ([unit for unit in UNITS if assign(unit) == key] for key in ("a", "b"))
    with must_use(bed, "<?php add_filter( 'devskyy_exposures_per_minute', function () { return 0; } );"):
        assert expose(bed, "flood", few[0]).status_code == 204  # the first of a minute always counts
        refused = expose(bed, "flood", many[0])
        refused = expose(bed, "flood", many[1]) if refused.status_code == 204 else refused  # a new minute
        assert expose(bed, "flood", few[0]).status_code == 204
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert counts(rest, "flood")["a"] == 1


def test_a_picture_is_an_address_of_the_web(rest: httpx2.Client) -> None:
    address = "https://shop.example/a%20coat.jpg?w=1&h=2"
    for wrong in ("javascript:alert(1)", "data:image/svg+xml,x"):
        variants = [VARIANTS[0], {**VARIANTS[1], "content": wrong}]
        assert make(rest, "picture", place="picture", variants=variants).status_code == 400
    made = make(rest, "picture", place="picture", variants=[VARIANTS[0], {**VARIANTS[1], "content": address}])
    assert made.json()["variants"][1]["content"] == address


@pytest.mark.parametrize(("content", "href"), [("https://a.example/b.jpg", True), ("javascript:alert(1)", False)])
def test_a_link_leads_to_the_web_only(bed: Bed, tmp_path: Path, content: str, href: bool) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    asked = tmp_path / "asked.json"
    told = {"key": "p", "salt": "p", "layer": "", "place": "picture", "units": ["1" * 32]}
    asked.write_text(json.dumps(told | {"variants": [{"key": "b", "weight": 1, "content": content}]}))
    script = Path(bed.folder) / "wp-content" / "plugins" / "devskyy" / "assets" / "variants.js"
    done = subprocess.run(
        ["node", "-e", LINK, str(script), str(asked)], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == ({"href": content} if href else {})


@pytest.mark.requirement("experiments:shop-counts")
def test_carts_and_orders_count_once_for_who_was_shown_it(bed: Bed, rest: httpx2.Client) -> None:
    """WooCommerce's own hooks, rung by a page of the test's: the plugin hears them as in a shop."""
    make(rest, "sold", product_ids=[7, 8])
    make(rest, "elsewhere", product_ids=[9])
    with must_use(bed, BELL):
        for unit in UNITS[:6]:
            expose(bed, "sold", unit)
        for unit in [*UNITS[:3], UNITS[0], UNITS[10]]:  # the last was shown nothing
            ring(bed, unit, "cart")
        for _ in range(2):
            ring(bed, UNITS[1], "order")
        ring(bed, "no-unit", "cart")
        ring(bed, "", "order", id=62)
    assert counts(rest, "sold") == wanted("sold", UNITS[:6])
    assert counts(rest, "sold", "add_to_cart") == {"a": 0, "b": 0} | wanted("sold", UNITS[:3])
    assert counts(rest, "sold", "order") == {"a": 0, "b": 0} | wanted("sold", UNITS[1:2])
    assert sum(counts(rest, "elsewhere", "order").values()) == 0


def test_counts_only_what_there_is(bed: Bed, rest: httpx2.Client) -> None:
    make(rest, "known")
    for test, unit, status in (
        ("known", "c", 400),
        ("none", UNITS[0], 404),
        ("KNOWN'", UNITS[0], 400),
        ("known", "", 400),
    ):
        assert expose(bed, test, unit).status_code == status
    assert expose(bed, "known", UNITS[0], **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
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


def test_the_cookie_and_the_page_hold_no_personal_data(bed: Bed, rest: httpx2.Client) -> None:
    """What the database has of a visitor is a hash of the cookie's random id, another one for each test."""
    units = [UNITS[3]]
    for name in ("first", "second"):
        make(rest, name)
        expose(bed, name, units[0])
    with must_use(bed, BELL):
        rows = json.loads(httpx2.get(f"{bed.url}/?bell=rows", timeout=60).text)
    kept = [row["unit"] for row in rows]
    hashes = [hashlib.sha256(f"{name}:{units[0]}".encode()).hexdigest()[:32] for name in ("first", "second")]
    assert set(hashes) <= set(kept)
    assert units[0] not in json.dumps(rows)
