"""The example of a first hour, run as a person would run it: on the demo shop, and on a real WordPress."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from examples.first_hour import MANY, differences
from tests.wordpress.bed import Bed, wordpress_bed
from tests.wordpress.packages import BedUnavailable

ROOT = Path(__file__).parents[2]


def first_hour(*arguments: str, **settings: str) -> str:
    """Run it in a process of its own; what it printed."""
    done = subprocess.run(
        [sys.executable, "examples/first_hour.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "everything else is as it was" in done.stdout
    return done.stdout


@pytest.mark.requirement("example:first-hour")
def test_on_the_demo_shop() -> None:
    said = first_hour("--stdio")
    assert f"Would update {MANY} objects." in said
    assert f"? Needs a person: Changes {MANY} objects" in said
    assert f"Updated {MANY} objects." in said
    assert "(elicitation)" in said
    assert 'Made and taken back: media file "First hour"' in said
    assert f"date_modified (when it was last written), in {MANY}" in said


@pytest.mark.requirement("example:first-hour-wordpress")
@pytest.mark.debian("php8.2-cli php8.2-sqlite3 php8.2-curl php8.2-gd php8.2-mbstring php8.2-xml php8.2-zip php8.2-intl")
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_on_a_real_wordpress() -> None:
    with _bed(woocommerce=False) as bed:
        _make_twenty(bed, "/wp/v2/posts", content="<p>A look.</p>", status="publish")
        said = first_hour("--posts", **_settings(bed))
    # A newly connected shop asks for every write: picture, draft and 20 posts, and their undoing.
    assert said.count("! yes") == 2 * (MANY + 2)
    assert f"modified (when it was last written), in {MANY}" in said


@pytest.mark.requirement("example:first-hour")
@pytest.mark.skipif(not os.environ.get("WOOCOMMERCE_PLUGIN"), reason="WOOCOMMERCE_PLUGIN names no plugin folder")
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_on_a_real_woocommerce() -> None:
    with _bed(woocommerce=True) as bed:
        _make_twenty(bed, "/wc/v3/products", type="simple", regular_price="20.00", status="publish")
        said = first_hour(**_settings(bed))
    assert f"? Needs a person: Changes {MANY} objects" in said
    assert f"date_modified (when it was last written), in {MANY}" in said


@contextmanager
def _bed(*, woocommerce: bool) -> Generator[Bed]:
    try:
        with wordpress_bed(woocommerce=woocommerce) as bed:
            yield bed
    except BedUnavailable as reason:
        if os.environ.get("DEVSKYY_REQUIRE_DEBIAN") == "1":
            raise
        pytest.skip(str(reason))


def _settings(bed: Bed) -> dict[str, str]:
    return {
        "WORDPRESS_URL": bed.url,
        "WORDPRESS_USERNAME": bed.user,
        "WORDPRESS_APP_PASSWORD": bed.app_password,
        "WORDPRESS_ENVIRONMENT": "local",
    }


def _make_twenty(bed: Bed, path: str, **fields: str) -> None:
    with httpx2.Client(base_url=f"{bed.url}/wp-json", auth=(bed.user, bed.app_password), timeout=60) as shop:
        for number in range(MANY):
            name = f"Look {number} & more"
            shop.post(path, json={"title": name, "name": name, **fields}).raise_for_status()


@pytest.mark.requirement("example:first-hour")
def test_it_tells_what_is_not_as_it_was() -> None:
    before = {"a/1": {"id": 1, "price": "10.00", "images": [{"id": 7}], "date_modified": "1"}, "a/2": {"id": 2}}
    after: dict[str, Any] = {"a/1": {"id": 1, "price": "10.01", "images": [], "date_modified": "2"}, "a/3": {"id": 3}}
    expected, wrong = differences(before, after)
    assert expected == {"date_modified": {"a/1"}}
    assert len([one for one in wrong if one.startswith("a/1: images")]) == 2
    assert "a/1: price was '10.00' and is '10.01'." in wrong
    assert {one for one in wrong if not one.startswith("a/1")} == {
        "a/2 is gone.",
        "a/3 is there now and was not before.",
    }
