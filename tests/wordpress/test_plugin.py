"""The companion plugin in a real WordPress: what it takes and refuses, and what visitors then see."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devskyy_mcp import __version__
from devskyy_tools.wordpress import companion
from tests.fakes.models3d import glb, usdz
from tests.wordpress.bed import Bed, wordpress_bed
from tests.wordpress.packages import BedUnavailable

DEBIAN = pytest.mark.debian(
    "php8.2-cli php8.2-sqlite3 php8.2-curl php8.2-gd php8.2-mbstring php8.2-xml php8.2-zip php8.2-intl"
)
pytestmark = DEBIAN
SOURCE = Path(companion.__file__).with_name("plugin")
FILES = sorted(SOURCE.rglob("*.php"))


def as_role(bed: Bed, role: str) -> tuple[str, str]:
    return bed.users[role]["user"], bed.users[role]["app_password"]


def upload(rest: httpx2.Client, name: str, content: bytes, kind: str = "application/octet-stream") -> httpx2.Response:
    return rest.post("wp/v2/media", files={"file": (name, content, kind)})


def page(bed: Bed, path: str) -> httpx2.Response:
    return httpx2.get(f"{bed.url}{path}", timeout=60)


# ---- the files themselves ------------------------------------------------------------------------------------------


@pytest.mark.requirement("plugin:php")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_is_php_that_nobody_can_call_directly(file: Path) -> None:
    php = shutil.which("php")
    if php is None:
        pytest.skip("php is not installed")
    checked = subprocess.run([php, "-l", str(file)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert subprocess.run([php, str(file)], capture_output=True, text=True, check=True).stdout == ""


@pytest.mark.requirement("plugin:php")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_has_nothing_that_php_7_4_does_not_know(file: Path) -> None:
    """The words that came with PHP 8, since only a later PHP is there to check the syntax."""
    code = re.sub(r"/\*.*?\*/|//[^\n]*|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", "''", file.read_text(), flags=re.DOTALL)
    assert not re.search(
        r"\bmatch\s*\(|\?->|\benum\s+\w|\breadonly\b|#\[|\bstr_(contains|starts_with|ends_with)\b", code
    )
    assert not re.search(r"\(\s*\w+:\s|,\s*\w+:\s|,\s*\)\s*(use\s*\(|\{)", code), "a named argument or a late comma"


@pytest.mark.requirement("plugin:zip")
def test_the_zip_is_the_same_each_time_and_holds_the_plugin() -> None:
    name, content = companion.build()
    assert (name, content) == (f"devskyy-{__version__}.zip", companion.build()[1])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        held = archive.namelist()
        assert archive.testzip() is None
        main = archive.read("devskyy/devskyy.php").decode()
    kept = {file for file in SOURCE.rglob("*.*") if file.suffix in (".php", ".txt", ".js", ".css")}
    assert {f"devskyy/{file.relative_to(SOURCE)}" for file in kept} == set(held)
    assert {f"devskyy/{file.relative_to(SOURCE)}" for file in FILES} < set(held)
    assert f"Version: {__version__}\n" in main
    assert f"const VERSION = '{__version__}';" in main
    assert f"Stable tag: {__version__}\n" in (SOURCE / "readme.txt").read_text()


@pytest.mark.requirement("plugin:zip")
def test_the_files_of_others_are_those_of_their_packages() -> None:
    vendor = SOURCE / "assets" / "vendor"
    said = (vendor / "VENDORED.txt").read_text()
    for file in vendor.glob("*.js"):
        assert f"file    sha256 {hashlib.sha256(file.read_bytes()).hexdigest()}\n" in said, file.name
        assert f"\n{file.name}\n" in said


# ---- uploads -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("plugin:uploads")
@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [("coat.glb", glb(), "model/gltf-binary"), ("coat.usdz", usdz(), "model/vnd.usdz+zip")],
)
def test_takes_a_real_model(bed: Bed, rest: httpx2.Client, name: str, content: bytes, kind: str) -> None:
    answer = upload(rest, name, content)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["mime_type"], made["media_type"]) == (kind, "file")
    assert httpx2.get(made["source_url"]).content == content
    author = httpx2.post(
        f"{bed.url}/wp-json/wp/v2/media", files={"file": (name, content)}, auth=as_role(bed, "author"), timeout=60
    )
    assert author.status_code == 201, author.text


PHP = b"<?php echo 'owned';"


@pytest.mark.requirement("plugin:uploads")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("shell.glb", PHP),
        ("shell.usdz", PHP),
        ("shell.php", PHP),
        ("shell.php", glb()),
        ("shell.glb.php", glb()),
        ("empty.glb", b""),
        ("magic-only.glb", b"glTF"),
        ("old.glb", glb()[:4] + b"\x01\0\0\0" + glb()[8:]),
        ("tail.glb", glb() + PHP),
        ("cut.glb", glb()[:-1]),
        ("no-json.glb", glb()[:16] + b"BIN\0" + glb()[20:]),
        ("scene.usdz", glb()),
        ("scene.glb", usdz()),
        ("packed.usdz", usdz(method=8)),
        ("other.usdz", usdz("index.php")),
        ("moved.usdz", usdz(aligned=False)),
        ("cut.usdz", usdz()[:-22]),
    ],
)
def test_refuses_what_only_has_the_name(rest: httpx2.Client, name: str, content: bytes) -> None:
    answer = upload(rest, name, content, "model/gltf-binary")
    assert answer.status_code in (400, 500), answer.text
    assert answer.json()["code"] in ("rest_upload_sideload_error", "rest_upload_unknown_error"), answer.text


@pytest.mark.requirement("plugin:uploads")
def test_a_name_with_two_endings_is_made_harmless(rest: httpx2.Client) -> None:
    made = upload(rest, "shell.php.glb", glb()).json()
    assert made["source_url"].endswith("/shell.php_.glb")


@pytest.mark.requirement("plugin:uploads")
def test_gives_nobody_a_right_to_upload(bed: Bed) -> None:
    url = f"{bed.url}/wp-json/wp/v2/media"
    files = {"file": ("coat.glb", glb())}
    assert httpx2.post(url, files=files, auth=as_role(bed, "subscriber"), timeout=60).status_code == 403
    assert httpx2.post(url, files=files, timeout=60).status_code == 401


# ---- SEO -----------------------------------------------------------------------------------------------------------

SEO: dict[str, Any] = {
    "title": "Wool & cashmere “coats”",
    "description": 'Made by hand, "slowly".',
    "canonical": "https://example.com/coats?a=1&b=2",
    "noindex": True,
}


@pytest.mark.requirement("plugin:seo")
@pytest.mark.parametrize("noun", ["posts", "pages", "categories", "tags"])
def test_seo_fields_come_back_as_they_were_sent_and_stand_in_the_page(bed: Bed, rest: httpx2.Client, noun: str) -> None:
    word = f"seo-{noun}"
    body = {"title": word, "status": "publish"} if noun in ("posts", "pages") else {"name": word}
    made = rest.post(f"wp/v2/{noun}", json=body).json()
    if noun in ("categories", "tags"):
        rest.post("wp/v2/posts", json={"title": f"in {word}", "status": "publish", noun: [made["id"]]})
    empty = {"title": "", "description": "", "canonical": "", "noindex": False, "kept_by": "devskyy"}
    assert made["devskyy_seo"] == empty
    path = f"wp/v2/{noun}/{made['id']}"
    changed = rest.put(path, json={"devskyy_seo": SEO})
    assert changed.status_code == 200, changed.text
    assert changed.json()["devskyy_seo"] == rest.get(path).json()["devskyy_seo"] == {**SEO, "kept_by": "devskyy"}
    shown = page(bed, made["link"].removeprefix(bed.url)).text
    assert "<title>Wool &amp; cashmere “coats”</title>" in shown
    assert '<meta name="description" content="Made by hand, &quot;slowly&quot;." />' in shown
    assert re.findall(r'<link rel="canonical" href="([^"]*)"', shown) == ["https://example.com/coats?a=1&#038;b=2"]
    assert re.search(r"<meta name='robots' content='[^']*noindex", shown)
    partly = rest.put(path, json={"devskyy_seo": {"noindex": False}}).json()["devskyy_seo"]
    assert partly == {**SEO, "noindex": False, "kept_by": "devskyy"}
    back = rest.put(path, json={"devskyy_seo": {name: empty[name] for name in SEO}}).json()
    assert back["devskyy_seo"] == empty


@pytest.mark.requirement("plugin:seo")
@pytest.mark.parametrize(
    "wrong",
    [
        {"canonical": "javascript:alert(1)"},
        {"canonical": 'https://example.com/"><script>'},
        {"noindex": "perhaps"},
        {"title": "x" * 301},
        {"titel": "x"},
    ],
)
def test_refuses_wrong_seo_fields(rest: httpx2.Client, wrong: dict[str, Any]) -> None:
    made = rest.post("wp/v2/posts", json={"title": "wrong"}).json()
    answer = rest.put(f"wp/v2/posts/{made['id']}", json={"devskyy_seo": wrong})
    assert (answer.status_code, answer.json()["code"]) == (400, "rest_invalid_param"), answer.text


@pytest.mark.requirement("plugin:seo")
def test_seo_markup_is_text(bed: Bed, rest: httpx2.Client) -> None:
    made = rest.post("wp/v2/posts", json={"title": "markup", "status": "publish"}).json()
    seo = {"title": "a</title><script>x</script>", "description": '"><img src=x onerror=y>'}
    kept = rest.put(f"wp/v2/posts/{made['id']}", json={"devskyy_seo": seo}).json()["devskyy_seo"]
    shown = page(bed, "/markup").text
    assert "<script>x" not in shown
    assert "onerror" not in shown.split("<body", 1)[0]
    assert "<" not in kept["title"] + kept["description"]


@pytest.mark.requirement("plugin:seo")
def test_only_who_may_change_the_post_may_change_its_seo(bed: Bed, rest: httpx2.Client) -> None:
    made = rest.post("wp/v2/posts", json={"title": "mine", "status": "publish"}).json()
    url = f"{bed.url}/wp-json/wp/v2/posts/{made['id']}"
    for login, status in ((as_role(bed, "author"), 403), (None, 401)):
        answer = httpx2.put(url, json={"devskyy_seo": {"title": "theirs"}}, auth=login, timeout=60)
        assert answer.status_code == status
    assert rest.get(url).json()["devskyy_seo"]["title"] == ""


YOAST = "<?php define( 'WPSEO_VERSION', '0' );"
RANK_MATH = "<?php class RankMath {}"
SHOW_META = """
add_action( 'rest_api_init', function () {
	register_rest_route( 'bed/v1', '/kept/(?P<of>post|term)/(?P<id>\\\\d+)', array( 'callback' => function ( $asked ) {
		$kept = get_metadata( $asked['of'], (int) $asked['id'] );
		$term = get_option( 'wpseo_taxonomy_meta', array() );
		return array( 'meta' => array_map( 'maybe_unserialize', array_map( 'current', $kept ) ), 'term' => $term );
	}, 'permission_callback' => '__return_true' ) );
} );"""
"""Stands in for the two plugins, which no registry holds, as far as which is active; and shows what is stored."""


@pytest.mark.requirement("plugin:seo")
@pytest.mark.parametrize(
    ("code", "keeper", "stored"),
    [
        (
            YOAST,
            "yoast",
            {
                "_yoast_wpseo_title": SEO["title"],
                "_yoast_wpseo_metadesc": SEO["description"],
                "_yoast_wpseo_canonical": SEO["canonical"],
                "_yoast_wpseo_meta-robots-noindex": "1",
            },
        ),
        (
            RANK_MATH,
            "rankmath",
            {
                "rank_math_title": SEO["title"],
                "rank_math_description": SEO["description"],
                "rank_math_canonical_url": SEO["canonical"],
                "rank_math_robots": ["noindex"],
            },
        ),
    ],
)
def test_keeps_seo_where_another_plugin_does(
    bed: Bed, rest: httpx2.Client, code: str, keeper: str, stored: dict[str, Any]
) -> None:
    stand_in = Path(bed.folder) / "wp-content" / "mu-plugins" / "stand-in.php"
    stand_in.write_text(code + SHOW_META)
    try:
        for of, noun, body in (("post", "posts", {"title": "kept"}), ("term", "tags", {"name": f"kept by {keeper}"})):
            answer = rest.post(f"wp/v2/{noun}", json={**body, "devskyy_seo": SEO})
            assert answer.status_code == 201, answer.text
            made = answer.json()
            assert made["devskyy_seo"] == {**SEO, "kept_by": keeper}
            kept = rest.get(f"bed/v1/kept/{of}/{made['id']}").json()
            if (of, keeper) == ("term", "yoast"):
                assert kept["term"]["post_tag"][str(made["id"])] == {
                    "wpseo_title": SEO["title"],
                    "wpseo_desc": SEO["description"],
                    "wpseo_canonical": SEO["canonical"],
                    "wpseo_noindex": "noindex",
                }
            else:
                assert {name: kept["meta"].get(name) for name in stored} == stored
            seo = rest.put(f"wp/v2/{noun}/{made['id']}", json={"devskyy_seo": {"noindex": False}}).json()["devskyy_seo"]
            assert seo["noindex"] is False
    finally:
        stand_in.unlink()


# ---- privacy -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("plugin:privacy")
def test_exports_and_erases_what_the_site_holds(rest: httpx2.Client) -> None:
    post = rest.post("wp/v2/posts", json={"title": "talk", "status": "publish"}).json()["id"]
    for word in ("First", "Second"):
        said = {"post": post, "author_name": "Ada", "author_email": "ada@example.com", "content": f"{word} words."}
        assert rest.post("wp/v2/comments", json=said).status_code == 201
    other = {"post": post, "author_name": "Bo", "author_email": "bo@example.com", "content": "Others'."}
    rest.post("wp/v2/comments", json=other)
    asked = {"email": "ada@example.com"}
    found = rest.get("devskyy/v1/privacy/export", params=asked).json()
    assert found["next"] == ""
    (group,) = found["groups"]
    assert (group["group"], group["label"], len(group["items"])) == ("comments", "Comments", 2)
    first = {pair["name"]: pair["value"] for pair in group["items"][0]}
    assert (first["Comment Author"], first["Comment Author Email"]) == ("Ada", "ada@example.com")
    assert rest.get("devskyy/v1/privacy/export", params={**asked, "from": "99:1"}).json() == {"groups": [], "next": ""}

    done = rest.post("devskyy/v1/privacy/erase", json=asked).json()
    assert done == {"removed": True, "retained": False, "messages": [], "complete": True, "next": ""}
    assert rest.get("devskyy/v1/privacy/export", params=asked).json()["groups"] == []
    left = rest.get("wp/v2/comments", params={"post": post, "context": "edit", "status": "all"}).json()
    assert sorted(one["author_email"] for one in left) == ["", "", "bo@example.com"]
    assert rest.post("devskyy/v1/privacy/erase", json=asked).json()["removed"] is False


@pytest.mark.requirement("plugin:privacy")
@pytest.mark.parametrize("role", ["editor", "author", "subscriber", ""])
def test_privacy_is_for_administrators(bed: Bed, role: str) -> None:
    url, login = f"{bed.url}/wp-json/devskyy/v1/privacy", as_role(bed, role) if role else None
    asked = {"email": "bo@example.com"}
    status = 403 if role else 401
    assert httpx2.get(f"{url}/export", params=asked, auth=login, timeout=60).status_code == status
    assert httpx2.post(f"{url}/erase", json=asked, auth=login, timeout=60).status_code == status


@pytest.mark.requirement("plugin:privacy")
@pytest.mark.parametrize("email", ["", "ada", "ada@"])
def test_refuses_what_is_no_address(rest: httpx2.Client, email: str) -> None:
    assert rest.post("devskyy/v1/privacy/erase", json={"email": email}).json()["code"] == "rest_invalid_param"
    assert rest.post("devskyy/v1/privacy/erase", json={}).json()["code"] == "rest_missing_callback_param"


# ---- the end -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("plugin:uninstall")
def test_takes_away_what_it_kept() -> None:
    """In a bed of its own, since the plugin is gone afterwards."""
    script = """
require getenv( 'BED_FOLDER' ) . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';
global $wpdb;
update_post_meta( 1, '_devskyy_seo_title', 'x' );
foreach ( array( 'glb', 'usdz', 'poster', 'alt', 'kind', 'sha256', 'width', 'height', 'depth', 'ar' ) as $field ) {
	update_post_meta( 1, "_devskyy_model_$field", '1' );
}
update_option( 'devskyy_model_place', 'off' );
update_post_meta( 1, '_others', 'y' );
$before = count( $wpdb->get_col( "SHOW TABLES LIKE '{$wpdb->prefix}devskyy_%'" ) );
deactivate_plugins( 'devskyy/devskyy.php' );
uninstall_plugin( 'devskyy/devskyy.php' );
wp_cache_flush();
echo wp_json_encode( array(
	'before' => $before,
	'tables' => $wpdb->get_col( "SHOW TABLES LIKE '{$wpdb->prefix}devskyy_%'" ),
	'options' => $wpdb->get_col( "SELECT option_name FROM $wpdb->options WHERE option_name LIKE '%devskyy%'" ),
	'meta' => $wpdb->get_col( "SELECT meta_key FROM $wpdb->postmeta WHERE meta_key LIKE '%devskyy%'" ),
	'others' => get_post_meta( 1, '_others', true ),
) );
"""
    try:
        with wordpress_bed(companion=True) as bed:
            php = shutil.which("php") or "php"
            said = subprocess.run(
                [php, "-r", script],
                env={**os.environ, "BED_FOLDER": bed.folder},
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            )
    except BedUnavailable as reason:
        if os.environ.get("DEVSKYY_REQUIRE_DEBIAN") == "1":
            raise
        pytest.skip(str(reason))
    left: dict[str, object] = {"tables": [], "options": [], "meta": [], "others": "y"}
    assert json.loads(said.stdout.splitlines()[-1]) == {"before": 5, **left}
