"""The plugin's pages in Chromium under a strict policy: the model turns, no other host is asked, no error is said."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import numpy as np
import pytest

from devskyy_mcp.experiments.assignment import Assigner
from devskyy_tools.studio.gltf.container import pack, unpack
from tests.browser.walk import chromium
from tests.fakes.models3d import picture, textured, usdz
from tests.wordpress.bed import Bed
from tests.wordpress.test_plugin import upload

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = [
    pytest.mark.debian(
        "php8.2-cli php8.2-sqlite3 php8.2-curl php8.2-gd php8.2-mbstring php8.2-xml php8.2-zip php8.2-intl chromium"
    ),
    pytest.mark.requirement("plugin:viewer"),
    pytest.mark.timeout(300),
]
STYLE = "sha256-PXtZZkJMMyc18o/DN1ZEFOJ2qEGq95IQbVaJFMOXOb0="
"""Of the style that model-viewer 4.4.0 puts into its shadow."""
POLICY = (
    "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; script-src 'self'; img-src 'self'; "
    f"style-src 'self' '{STYLE}'; connect-src 'self' blob:"
)
"""What docs/three-d-publishing.md says that the viewer needs, and no more."""
THEME = """<!doctype html><html lang="en"><head><title>x</title>
<link rel="icon" href="/wp-content/themes/bare/icon.png">
<meta name="viewport" content="width=device-width"><?php wp_head(); ?></head><body><?php wp_body_open();
while ( have_posts() ) { the_post(); the_title( '<h1 class="entry-title">', '</h1>' ); the_content(); } wp_footer();
?></body></html>"""
SITE = """<?php
foreach ( array( 'template', 'stylesheet' ) as $part ) { add_filter( $part, function () { return 'bare'; } ); }
remove_action( 'wp_head', 'print_emoji_detection_script', 7 );
remove_action( 'wp_print_styles', 'print_emoji_styles' );
add_action( 'wp_enqueue_scripts', function () {
	foreach ( array( 'wp-block-library', 'classic-theme-styles', 'global-styles', 'wp-emoji-styles' ) as $style ) {
		wp_dequeue_style( $style );
	}
}, 100 );
add_action( 'send_headers', function () {
	$more = isset( $_GET['compiles'] ) ? " 'wasm-unsafe-eval'" : '';
	header( 'Content-Security-Policy: ' . str_replace( "script-src 'self'", "script-src 'self'$more", "%s" ) );
} );
"""
"""A theme and a site that keep to such a policy themselves: WordPress' own do not."""
EXTENSION = "EXT_meshopt_compression"
GPU = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
SHOWN = """() => customElements.whenDefined('model-viewer').then(() => new Promise((done, failed) => {
    const viewer = document.querySelector('model-viewer');
    viewer.addEventListener('error', event => failed(new Error(JSON.stringify(event.detail))));
    viewer.modelIsVisible ? done() : viewer.addEventListener('poster-dismissed', done, { once: true });
}))"""
SETTLED = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"""
TURNED = """() => new Promise(done => {
    const viewer = document.querySelector('model-viewer');
    const at = () => viewer.getCameraOrbit().theta;
    const look = () => at() ? done(at()) : requestAnimationFrame(look);
    look();
})"""
AT_EASE = """async () => {
    const viewer = document.querySelector('model-viewer');
    viewer.cameraOrbit = '35deg 75deg auto';
    await viewer.updateComplete;
    viewer.jumpCameraToGoal();
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))));
}"""
DRAWN = "() => document.querySelector('model-viewer').toDataURL('image/png')"


@dataclass
class Seen:
    """A browser's page, what its console said and what it asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list[str])
    asked: list[str] = field(default_factory=list[str])

    async def open(self, made: dict[str, Any]) -> None:
        await self.page.goto(made["link"])


@asynccontextmanager
async def browser(**options: Any) -> AsyncGenerator[Seen]:
    viewport = {"width": 640, "height": 760}
    async with chromium(flags=GPU, bypass_csp=False, viewport=viewport, **options) as page:
        seen = Seen(page)
        page.on("console", lambda said: seen.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("request", lambda request: seen.asked.append(request.url))
        yield seen


@pytest.fixture(scope="module")
def site(bed: Bed) -> Generator[None]:
    """The bare theme and its policy."""
    content = Path(bed.folder) / "wp-content"
    (content / "themes" / "bare").mkdir()
    (content / "themes" / "bare" / "style.css").write_text("/* Theme Name: bare */")
    (content / "themes" / "bare" / "index.php").write_text(THEME)
    (content / "themes" / "bare" / "icon.png").write_bytes(picture(16).content)
    file = content / "mu-plugins" / "bare.php"
    file.write_text(SITE % POLICY)
    yield
    file.unlink()


def compressed() -> bytes:
    """The box with its arrays as EXT_meshopt_compression keeps them."""
    import meshopt  # pyright: ignore[reportMissingTypeStubs]

    tree, binary = unpack(textured())
    file = bytearray(binary)
    used = {accessor["bufferView"]: accessor for accessor in tree["accessors"]}
    plain = tree["buffers"][0]["byteLength"]
    tree["buffers"].append({"byteLength": plain, "extensions": {EXTENSION: {"fallback": True}}})
    for number, accessor in used.items():
        view = tree["bufferViews"][number]
        indices = accessor["type"] == "SCALAR"
        count, width = accessor["count"], view["byteLength"] // accessor["count"]
        start = view.get("byteOffset", 0)
        content = np.frombuffer(binary[start : start + view["byteLength"]], np.uint8).reshape(count, width)
        if indices:
            content = content.view(np.uint16 if width == 2 else np.uint32).reshape(-1)
        mode = "TRIANGLES" if indices else "ATTRIBUTES"
        packed = meshopt.encode_gltf_buffer(content, mode)
        file.extend(b"\0" * (-len(file) % 4))
        said = {"buffer": 0, "byteOffset": len(file), "byteLength": len(packed), "byteStride": width, "count": count}
        file.extend(packed)
        view |= {"buffer": 1, "byteOffset": start, "extensions": {EXTENSION: {**said, "mode": mode}}}
        if not indices:
            view["byteStride"] = width
    tree["buffers"][0]["byteLength"] = len(file)
    tree["extensionsUsed"] = tree["extensionsRequired"] = [EXTENSION]
    return pack(tree, bytes(file))


def product(rest: httpx2.Client, title: str, glb: bytes, **more: Any) -> dict[str, Any]:
    """A post that stands for a product's page, with its model."""
    files = {"glb": ("box.glb", glb), "usdz": ("box.usdz", usdz()), "poster": ("box.png", picture(256).content)}
    ids = {name: upload(rest, *file).json()["id"] for name, file in files.items()}
    made = rest.post("wp/v2/posts", json={"title": title, "status": "publish", "content": "[devskyy_model]"}).json()
    body = {**ids, "kind": "generated", "alt": "A box in a soft pattern", **more}
    assert rest.put(f"devskyy/v1/models/{made['id']}", json=body).status_code == 200
    return made


async def test_a_model_turns_under_a_strict_policy(bed: Bed, rest: httpx2.Client, site: None, tmp_path: Path) -> None:
    made = product(rest, "Scarf box", textured(), ar=True)
    async with browser() as seen:
        await seen.open(made)
        await seen.page.evaluate(SHOWN)
        await seen.page.evaluate(SETTLED)
        before = await seen.page.evaluate(DRAWN)
        await seen.page.locator("model-viewer").focus()
        for _ in range(4):
            await seen.page.keyboard.press("ArrowRight")
        assert await seen.page.evaluate(TURNED) != 0
        await seen.page.evaluate(AT_EASE)
        assert await seen.page.evaluate(DRAWN) != before
        folder = Path(os.environ.get("DEVSKYY_PICTURES", tmp_path))
        await seen.page.screenshot(path=folder / "product-model.png")
    assert seen.complaints == []
    assert {re.match(r"(blob:)?https?://[^/]+|data:", one)[0] for one in seen.asked} <= {bed.url, f"blob:{bed.url}"}  # pyright: ignore[reportOptionalSubscript]
    assert not [one for one in seen.asked if "meshopt_decoder" in one], "only where WebAssembly may run"


async def test_a_compressed_model_needs_webassembly_and_nobody_else(bed: Bed, rest: httpx2.Client, site: None) -> None:
    made = product(rest, "Compressed box", compressed())
    async with browser() as seen:
        await seen.page.goto(f"{made['link']}?compiles=1")
        await seen.page.evaluate(SHOWN)
    assert seen.complaints == []
    assert [one for one in seen.asked if one.endswith("/devskyy/assets/vendor/meshopt_decoder.js")]
    assert not [one for one in seen.asked if not one.removeprefix("blob:").startswith((bed.url, "data:"))]


async def test_the_viewer_waits_until_the_model_is_in_sight(bed: Bed, rest: httpx2.Client, site: None) -> None:
    made = product(rest, "Far below", textured())
    spacer = "<p>.</p>" * 150
    rest.put(f"wp/v2/posts/{made['id']}", json={"content": f"{spacer}[devskyy_model]"})
    async with browser() as seen:
        await seen.open(made)
        await seen.page.wait_for_load_state("networkidle")
        assert not [one for one in seen.asked if one.endswith((".glb", "model-viewer.min.js"))]
        await seen.page.locator("model-viewer").scroll_into_view_if_needed()
        await seen.page.evaluate(SHOWN)
    assert [one for one in seen.asked if one.endswith(".glb")]
    assert seen.complaints == []


async def test_a_visitor_keeps_the_variant_and_is_counted_once(bed: Bed, rest: httpx2.Client, site: None) -> None:
    made = rest.post("wp/v2/posts", json={"title": "As it is", "status": "publish", "content": "x"}).json()
    variants = [{"key": "a", "weight": 0}, {"key": "b", "weight": 1, "content": "Another <name>"}]
    body = {"key": "title", "place": "name", "product_ids": [made["id"]], "variants": variants}
    assert rest.post("devskyy/v1/tests", json=body).status_code == 201
    async with browser() as seen:
        async with seen.page.expect_response(lambda answer: answer.url.endswith("/exposures")):
            await seen.open(made)
        for _ in range(2):
            await seen.page.reload()
            assert await seen.page.text_content("h1") == "Another"
        (cookie,) = await seen.page.context.cookies()
        assert (cookie.get("name"), cookie.get("sameSite")) == ("devskyy_unit", "Lax")
        assert re.fullmatch("[0-9a-f]{32}", str(cookie.get("value")))
        shown = {one["key"]: one["shown"] for one in rest.get("devskyy/v1/tests/title").json()["variants"]}
    assert shown == {"a": 0, "b": 1}
    assert seen.complaints == []


@pytest.mark.requirement("experiments:shop-alike")
async def test_visitors_see_what_python_gives_them(bed: Bed, rest: httpx2.Client, site: None) -> None:
    """In as many browsers as it takes to see both, each with the variant that its cookie's id has in Python."""
    made = rest.post("wp/v2/posts", json={"title": "As it was", "status": "publish", "content": "x"}).json()
    variants = [{"key": "a", "weight": 5000}, {"key": "b", "weight": 5000, "content": "As it could be"}]
    body = {"key": "both", "salt": "autumn", "place": "name", "product_ids": [made["id"]], "variants": variants}
    assert rest.post("devskyy/v1/tests", json=body).status_code == 201
    assign, seen_so_far = Assigner("autumn", ["a", "b"], [5000, 5000]), dict[str, int]()
    async with browser() as seen:
        while len(seen_so_far) < 2:
            await seen.page.context.clear_cookies()
            await seen.page.goto("about:blank")
            async with seen.page.expect_response(lambda answer: answer.url.endswith("/exposures")):
                await seen.open(made)
                await seen.page.evaluate("sessionStorage.clear()")
            (cookie,) = await seen.page.context.cookies()
            variant = str(assign(str(cookie.get("value"))))
            assert await seen.page.text_content("h1") == {"a": "As it was", "b": "As it could be"}[variant]
            seen_so_far[variant] = seen_so_far.get(variant, 0) + 1
    counted = {one["key"]: one["shown"] for one in rest.get("devskyy/v1/tests/both").json()["variants"]}
    assert counted == seen_so_far
    assert seen.complaints == []
