"""A person's way through the pages: by keyboard, looked at by axe, photographed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Page

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MOST_TABS = 60


@asynccontextmanager
async def chromium(*, flags: Sequence[str] = (), bypass_csp: bool = True, **options: Any) -> AsyncGenerator[Page]:
    """A page of a fresh browser with an empty profile.

    Args:
        flags: more of Chromium's own.
        bypass_csp: axe is put into the page by the test, which the page's own policy would rightly refuse.
        options: of Playwright's context, e.g. ``viewport``, ``color_scheme``.
    """
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        try:
            context = await browser.new_context(bypass_csp=bypass_csp, **options)
            yield await context.new_page()
        finally:
            await browser.close()


class Walk:
    """One browser. ``fresh`` starts another one at the same server."""

    def __init__(
        self, page: Page, url: str, pictures: Path, fresh: Callable[..., Awaitable[Walk]] | None = None
    ) -> None:
        self.page = page
        self.url = url
        self.pictures = pictures
        self._fresh = fresh

    async def fresh(self, **options: Any) -> Walk:
        """Another browser at the same server, with other options."""
        assert self._fresh
        return await self._fresh(**options)

    async def open(self, path: str) -> None:
        await self.page.goto(self.url + path)

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.url)

    # ---- by keyboard alone ---------------------------------------------------------------------------------------

    async def focused(self) -> str:
        """The accessible words of what has the focus: label, button's or link's text."""
        return await self.page.evaluate(
            "() => { const at = document.activeElement; return at.labels?.length ? at.labels[0].innerText.trim()"
            " : (at.getAttribute('aria-label') || at.innerText || '').trim() }"
        )

    async def tab_to(self, words: str) -> None:
        """Press Tab until what these words name has the focus, which must be visible."""
        for _ in range(MOST_TABS):
            if await self.focused() == words:
                break
            await self.page.keyboard.press("Tab")
        assert await self.focused() == words
        ring = await self.page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
        assert ring == "solid"

    async def type_into(self, label: str, text: str) -> None:
        await self.tab_to(label)
        await self.page.keyboard.type(text)

    async def press(self, words: str) -> None:
        """Go to a button or link by Tab and press Enter."""
        await self.tab_to(words)
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")

    async def enter(self) -> None:
        """Send the form that one types in."""
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")

    # ---- looked at -----------------------------------------------------------------------------------------------

    async def look(self, name: str) -> None:
        """A picture of the whole page, which axe finds nothing wrong with and which needs no sideways scrolling."""
        from axe_playwright_python.async_playwright import Axe  # pyright: ignore[reportMissingTypeStubs] # it has none

        await self.page.screenshot(path=self.pictures / f"{name}.png", full_page=True)
        axe: Any = Axe()
        found = await axe.run(self.page, options={"runOnly": RULES})
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        wide = await self.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name} is {wide} px too wide"
