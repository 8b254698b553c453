"""Pages of the plugin in Chromium: a bare theme under a strict policy, a browser that hears what its console says."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.walk import chromium
from tests.fakes.models3d import picture
from tests.wordpress.bed import Bed

if TYPE_CHECKING:
    from playwright.async_api import Page

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
GPU = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


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
