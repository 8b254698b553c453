"""The plugin's pages in Chromium, under a strict policy: the model turns, nobody else is asked, nothing is complained of."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.browser.walk import chromium
from tests.fakes.models3d import box, chequered, compressed, usdz
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
POLICY = (
    "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self' blob:"
)
"""What docs/three-d-publishing.md says that the viewer needs, and no more."""
THEME = """<!doctype html><html lang="en"><head><title>x</title><link rel="icon" href="/wp-admin/images/w-logo-blue.png">
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
add_action( 'send_headers', function () { header( "Content-Security-Policy: %s" ); } );
"""
"""A theme and a site that keep to such a policy themselves: WordPress' own do not."""
GPU = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
SHOWN = """() => customElements.whenDefined('model-viewer').then(() => new Promise((done, failed) => {
    const viewer = document.querySelector('model-viewer');
    viewer.addEventListener('error', event => failed(new Error(JSON.stringify(event.detail))));
    viewer.modelIsVisible ? done() : viewer.addEventListener('poster-dismissed', done, { once: true });
}))"""
SETTLED = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"""
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
def site(bed: Bed) -> Generator[Path]:
    """The bare theme and its policy; gives the file that sets the policy."""
    content = Path(bed.folder) / "wp-content"
    (content / "themes" / "bare").mkdir()
    (content / "themes" / "bare" / "style.css").write_text("/* Theme Name: bare */")
    (content / "themes" / "bare" / "index.php").write_text(THEME)
    file = content / "mu-plugins" / "bare.php"
    file.write_text(SITE % POLICY)
    yield file
    file.unlink()


def product(rest: httpx2.Client, title: str, glb: bytes, **more: Any) -> dict[str, Any]:
    """A post that stands for a product's page, with its model."""
    files = {"glb": ("box.glb", glb), "usdz": ("box.usdz", usdz()), "poster": ("box.png", chequered(256))}
    ids = {name: upload(rest, *file).json()["id"] for name, file in files.items()}
    made = rest.post("wp/v2/posts", json={"title": title, "status": "publish", "content": "[devskyy_model]"}).json()
    body = {**ids, "kind": "generated", "alt": "A chequered box", **more}
    assert rest.put(f"devskyy/v1/models/{made['id']}", json=body).status_code == 200
    return made


async def test_a_model_turns_under_a_strict_policy(
    bed: Bed, rest: httpx2.Client, site: Path, tmp_path: Path
) -> None:
    made = product(rest, "Chequered box", box(), ar=True)
    async with browser() as seen:
        await seen.open(made)
        await seen.page.evaluate(SHOWN)
        await seen.page.evaluate(SETTLED)
        before = await seen.page.evaluate(DRAWN)
        await seen.page.locator("model-viewer").focus()
        for _ in range(6):
            await seen.page.keyboard.press("ArrowRight")
        turned = "() => document.querySelector('model-viewer').getCameraOrbit().theta"
        start = await seen.page.evaluate("""() => new Promise(done => {
            const viewer = document.querySelector('model-viewer');
            viewer.addEventListener('camera-change', () => done(viewer.getCameraOrbit().theta), { once: true });
            viewer.cameraOrbit = '40deg 70deg auto';
            viewer.jumpCameraToGoal();
        })""")
        assert start == await seen.page.evaluate(turned)
        await seen.page.evaluate(SETTLED)
        assert await seen.page.evaluate(DRAWN) != before
        folder = Path(os.environ.get("DEVSKYY_PICTURES", tmp_path))
        await seen.page.screenshot(path=folder / "product-model.png")
    assert seen.complaints == []
    assert {re.match(r"(blob:)?https?://[^/]+|data:", one)[0] for one in seen.asked} <= {bed.url, f"blob:{bed.url}"}  # pyright: ignore[reportOptionalSubscript]
    assert not [one for one in seen.asked if "meshopt_decoder" in one], "only where WebAssembly may run"
