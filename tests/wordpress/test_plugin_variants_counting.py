"""What tests of variants count, in a real WordPress: money that stands, visitors of one test, who agreed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import httpx2
import pytest

from devskyy_mcp.experiments.assignment import Assigner
from devskyy_mcp.experiments.statistics import WINSORISED
from tests.wordpress.bed import Bed
from tests.wordpress.test_plugin import DEBIAN
from tests.wordpress.variants import BELL, UNITS, VARIANTS, counts, expose, make, must_use, ring

pytestmark = [DEBIAN, pytest.mark.requirement("plugin:variants")]


@pytest.mark.requirement("experiments:shop-money")
def test_what_of_an_order_stands(bed: Bed, rest: httpx2.Client) -> None:
    """Refunds by line and by amount, a cancelled order, one that goes on after all; its other line is no part of it."""
    make(rest, "money", product_ids=[50])
    expose(bed, "money", UNITS[0])
    seen: list[tuple[float, int, int]] = []
    with must_use(bed, BELL):
        ring(bed, UNITS[0], "order", of=50)
        for what, told in (
            ("status", {"status": "processing"}),
            ("refund", {"back": 20}),
            ("refund", {"back": 20, "loose": 12}),  # a fifth of the 60 that are left
            ("refund", {"loose": 80}),
            ("back", {}),
            ("status", {"status": "cancelled"}),
            ("status", {"status": "on-hold"}),
            ("trash", {}),
            ("untrash", {"status": "trash"}),
            ("delete", {}),
        ):
            ring(bed, "", what, of=50, **told)
            (one,) = [one for one in rest.get("devskyy/v1/tests/money").json()["variants"] if one["shown"]]
            seen.append((one["revenue"], one["order"], one["refund"]))
    assert seen[:4] == [(50, 1, 0), (30, 1, 1), (24, 1, 1), (0, 1, 1)]
    assert seen[4:] == [(50, 1, 0), (0, 0, 0), (50, 1, 0), (0, 0, 0), (50, 1, 0), (0, 0, 0)]


@pytest.mark.requirement("experiments:shop-money")
def test_money_is_summed_as_servers_sum_it(bed: Bed, rest: httpx2.Client) -> None:
    """Two orders of a visitor are one value, and the largest counts as the quantile of those above zero."""
    make(rest, "spent", product_ids=[51], variants=[VARIANTS[0], {**VARIANTS[1], "weight": 0}])
    with must_use(bed, BELL):
        for at, unit in enumerate(UNITS[:5]):
            expose(bed, "spent", unit)
            ring(bed, unit, "order", of=51, id=100 + at, line=10 * (at + 1))
        ring(bed, UNITS[0], "order", of=51, id=200, line=7.5)
    one = rest.get("devskyy/v1/tests/spent").json()["variants"][0]
    spent = [17.5, 20, 30, 40, 50]
    assert (one["order"], one["revenue"]) == (5, sum(spent))
    assert one["revenue_squares"] == sum(value * value for value in spent)


def test_php_takes_the_quantile_that_servers_take(bed: Bed) -> None:
    code = """define('ABSPATH', '/'); require $argv[1];
echo json_encode(array_map(function ($many) {
    return DevSkyy\\most_spent(array_map(function ($one) { return (object) array('value' => $one); }, range(0, $many)));
}, array(0, 1, 199, 200, 201, 1000)));"""
    file = Path(bed.folder) / "wp-content" / "plugins" / "devskyy" / "includes" / "variants-numbers.php"
    done = subprocess.run(["php", "-r", code, str(file)], capture_output=True, text=True, check=True, timeout=60)
    wanted = [sorted(range(1, many + 1))[min(many - 1, int(WINSORISED * many))] for many in (1, 199, 200, 201, 1000)]
    assert json.loads(done.stdout) == [0, *wanted]


@pytest.mark.requirement("experiments:shop-layers")
def test_tests_of_a_product_have_visitors_of_their_own(bed: Bed, rest: httpx2.Client) -> None:
    both = {"product_ids": [70], "layer": "coats"}
    assert make(rest, "early", **both, slice=[0, 4000]).status_code == 201
    for wrong in (
        {"product_ids": [70]},
        {**both, "slice": [3999, 8000]},
        {**both, "layer": "bags", "slice": [4000, 8000]},
    ):
        assert make(rest, "late", **wrong).json()["code"] == "devskyy_test_collides"
    assert make(rest, "late", **both, slice=[4000, 8000]).status_code == 201
    for wrong in ({"slice": [0, 10]}, {**both, "slice": [9, 9]}, {**both, "slice": [9, 10_001]}):
        assert make(rest, "wrong", **wrong).status_code == 400
    wanted = [
        Assigner("early", ["a", "b"], [2500, 7500], "coats", (0, 4000)),
        Assigner("late", ["a", "b"], [2500, 7500], "coats", (4000, 8000)),
    ]
    for unit in UNITS:
        got = [expose(bed, name, unit).status_code for name in ("early", "late")]
        assert got == [204 if assign(unit) else 404 for assign in wanted]
        assert got != [204, 204]
    rest.put("devskyy/v1/tests/early", json={"live": False})
    assert make(rest, "third", **both, slice=[0, 4000]).status_code == 201
    assert rest.put("devskyy/v1/tests/early", json={"live": True}).json()["code"] == "devskyy_test_ended"


CONSENT = """<?php
function wp_has_consent( $category ) { return 'allow' === ( $_COOKIE[ "wp_consent_$category" ] ?? '' ); }"""
"""What the plugin asks of WP Consent API."""


@pytest.mark.requirement("experiments:consent")
@pytest.mark.parametrize(
    ("site", "yes", "no"),
    [
        (CONSENT, "wp_consent_statistics=allow", "wp_consent_statistics=deny"),
        ("", "banner=%7B%22statistics%22%3Atrue%7D", "banner=%7B%22statistics%22%3Afalse%7D"),
    ],
)
def test_who_did_not_agree_is_not_counted(bed: Bed, rest: httpx2.Client, site: str, yes: str, no: str) -> None:
    name = f"asked-{bool(site)}".lower()
    make(rest, name, product_ids=[7 if site else 8])
    rest.post("wp/v2/settings", json={"devskyy_consent_cookie": "" if site else 'banner="statistics":true'})
    try:
        with must_use(bed, BELL + site.removeprefix("<?php")):
            for cookie in ("x=y", no):
                assert expose(bed, name, UNITS[0], Cookie=cookie).status_code == 403
            assert expose(bed, name, UNITS[0], Cookie=yes, **{"Sec-GPC": "1"}).status_code == 403
            assert expose(bed, name, UNITS[0], Cookie=yes).status_code == 204
            for cookie, carts in ((no, 0), (yes, 1)):
                url = f"{bed.url}/?bell={'cart' if site else 'order'}&of=8&id={carts + 300}"
                httpx2.get(url, headers={"Cookie": f"devskyy_unit={UNITS[0]}; {cookie}"}, timeout=60)
                assert sum(counts(rest, name, "add_to_cart" if site else "order").values()) == carts
    finally:
        rest.post("wp/v2/settings", json={"devskyy_consent_cookie": ""})
    assert sum(counts(rest, name).values()) == 1


DROPPED = """<?php
add_action( 'clean_post_cache', function ( $id ) {
    file_put_contents( WP_CONTENT_DIR . '/dropped', "$id ", FILE_APPEND );
} );"""
"""Notes which pages caches would drop."""


@pytest.mark.requirement("experiments:consent")
def test_kept_pages_ask_by_the_rule_of_now(bed: Bed, rest: httpx2.Client) -> None:
    post = rest.post("wp/v2/posts", json={"title": "kept", "status": "publish", "content": "x"}).json()["id"]
    make(rest, "kept", product_ids=[post])
    dropped = Path(bed.folder) / "wp-content" / "dropped"
    with must_use(bed, DROPPED):
        for given in ("banner=yes", ""):
            dropped.write_text("")
            rest.post("wp/v2/settings", json={"devskyy_consent_cookie": given})
            assert str(post) in dropped.read_text().split()


def test_a_slip_in_the_setting_counts_nobody_more(rest: httpx2.Client) -> None:
    for given, kept in (("banner=yes", "banner=yes"), ("two words", "banner=yes"), ("", "")):
        rest.post("wp/v2/settings", json={"devskyy_consent_cookie": given})
        assert rest.get("wp/v2/settings").json()["devskyy_consent_cookie"] == kept
