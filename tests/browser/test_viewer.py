"""The page that turns a model, in headless Chromium: in a sandboxed frame under the policy that hosts of MCP Apps must
use where a page asks for nothing (specification 2026-01-26), with the real server's tools behind it.
"""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import anyio
import pytest

from devskyy_mcp.app import local_principal
from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.invoke import Call
from devskyy_mcp.reading import Reader
from devskyy_mcp.surfaces.mcp import results
from devskyy_mcp.surfaces.mcp.files import Files
from devskyy_tools.studio.gltf.model import Material, Texture
from devskyy_tools.studio.gltf.optimise import Mode, optimise_glb
from devskyy_tools.studio.gltf.write import write_glb
from devskyy_tools.studio.relief.build import relief
from devskyy_tools.three_d.viewer import PAGE, RELIEF
from tests.fakes.demo import Demo, demo
from tests.fakes.models3d import box, variants
from tests.fakes.photos import draw

from .walk import chromium

if TYPE_CHECKING:
    from playwright.async_api import ConsoleMessage, FrameLocator, Page, Request, Route

pytestmark = [pytest.mark.debian("chromium"), pytest.mark.requirement("chat:viewer"), pytest.mark.timeout(300)]

POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; media-src 'self' data:; connect-src 'none';"
)
SOFTWARE = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
HOST = "https://host.test/"
SLOW = 60_000
RED, GREEN = (200, 20, 30), (20, 170, 60)


def red() -> Texture:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (64, 64), RED).save(file, "PNG")
    return Texture(file.getvalue(), "image/png")


class Chat:
    """A host with the page open, over a DevSkyy."""

    def __init__(self, shop: Demo, page: Page) -> None:
        self.shop = shop
        self.page = page
        self.called: list[dict[str, Any]] = []
        self.problems: list[str] = []

    @property
    def app(self) -> FrameLocator:
        return self.page.frame_locator("#app")

    async def call(self, params: dict[str, Any]) -> dict[str, Any]:
        """What MCP answers to a call."""
        self.called.append(params)
        who = local_principal()
        result = await self.shop.app.road.invoke(Call(who, params["name"], params["arguments"], "stdio"))
        return await results.of_result(result, Files(self.shop.app.services), who)

    async def open(self) -> None:
        reader = Reader(self.shop.app.road, local_principal(), "stdio")
        _, html, _ = await reader.read(PAGE)
        host = await anyio.Path(__file__).with_name("host.html").read_text("utf-8")

        async def answer(route: Route) -> None:
            policy = {"content-security-policy": POLICY} if "sandbox" in route.request.url else {}
            body = html if policy else host
            await route.fulfill(body=body, content_type="text/html; charset=utf-8", headers=policy)

        await self.page.route("**/*", answer)
        expose: Any = self.page.expose_function  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        await expose("callTool", self.call)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", self._asked)
        await self.page.goto(HOST)
        await self.page.wait_for_function("seen.some((one) => one.method === 'ui/notifications/initialized')")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def _asked(self, request: Request) -> None:
        if request.url not in {HOST, "https://sandbox.test/app.html"}:
            self.problems.append(f"asked for {request.url[:80]}")

    async def show(self, content: bytes, name: str) -> None:
        """The model's result comes in, and the page shows it."""
        model = await self.shop.app.services.get(Assets).add(content, name, "model/gltf-binary", Provenance("test"))
        result = await self.call({"name": "three_d_models_view", "arguments": {"asset": model.id}})
        await self.page.evaluate("(result) => window.show(result)", result)
        await self.app.locator("#bar").wait_for(timeout=SLOW)

    async def turned(self) -> int:
        return int(await self.app.locator("#canvas").get_attribute("data-turned") or 0)

    async def until_turned(self, before: int) -> None:
        canvas = await self.app.locator("#canvas").element_handle()
        assert canvas is not None
        await (await canvas.owner_frame()).wait_for_function(  # pyright: ignore[reportOptionalMemberAccess] # it is in a frame
            "([canvas, before]) => Math.abs(Number(canvas.dataset.turned) - before) > 5",
            arg=[canvas, before],
            timeout=SLOW,
        )

    async def color(self) -> tuple[int, int, int]:
        """The colour in the middle of what is drawn."""
        from PIL import Image

        shot = Image.open(io.BytesIO(await self.app.locator("#canvas").screenshot())).convert("RGB")
        pixel: Any = shot.getpixel((shot.width // 2, shot.height // 2))
        return pixel


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncGenerator[Chat]:
    async with opened(tmp_path) as chat:
        yield chat
        assert chat.problems == []


@asynccontextmanager
async def opened(folder: Path, **options: Any) -> AsyncGenerator[Chat]:
    size = {"width": 600, "height": 660}
    async with demo(folder) as shop, chromium(flags=SOFTWARE, bypass_csp=False, viewport=size, **options) as page:
        chat = Chat(shop, page)
        await chat.open()
        yield chat


def near(color: tuple[int, int, int], wanted: tuple[int, int, int]) -> bool:
    """Whether it is of that hue: light and shade decide how bright it is."""
    strongest = wanted.index(max(wanted))
    return color[strongest] > 1.6 * max(value for place, value in enumerate(color) if place != strongest)


async def test_a_model_with_textures_turns(chat: Chat) -> None:
    await chat.show(write_glb(box(Material("cloth", texture=red()))), "box")
    assert near(await chat.color(), RED)
    await chat.until_turned(await chat.turned())
    assert await chat.app.locator("#turn").get_attribute("aria-pressed") == "true"
    assert "cm" in await chat.app.locator("#facts").inner_text()
    reads = [one for one in chat.called if one["name"] == "three_d_models_read"]
    assert [one["arguments"]["part"] for one in reads] == list(range(1, len(reads) + 1))


async def test_a_relief_of_a_photo_as_the_docs_show_it(chat: Chat, pictures: Path) -> None:
    made = relief(
        draw(21, garment="tee", color=(38, 74, 122), background="white", print="stripes").content,
        category="top",
        height_cm=70,
    )
    await chat.show(write_glb(made.model), "tee")
    assert await chat.app.locator("#notice").inner_text() == RELIEF
    await chat.app.locator("#reset").click()
    canvas = chat.app.locator("#canvas")
    await canvas.focus()
    for _ in range(2):
        await chat.page.keyboard.press("ArrowRight")
    await chat.until_turned(0)
    await chat.page.screenshot(path=pictures / "model-viewer.png")


@pytest.mark.parametrize("mode", get_args(Mode))
async def test_a_model_that_was_made_small(chat: Chat, mode: Mode) -> None:
    """Quantised, and packed by meshopt with WebP: the page's own decoder needs no WebAssembly."""
    await chat.show(optimise_glb(write_glb(box(Material("cloth", texture=red()))), mode).content, "box")
    assert near(await chat.color(), RED)


async def test_by_keyboard(chat: Chat) -> None:
    await chat.show(write_glb(box()), "box")
    canvas = chat.app.locator("#canvas")
    await canvas.focus()
    await chat.page.keyboard.press("Home")
    assert await chat.app.locator("#turn").get_attribute("aria-pressed") == "false"
    before = await chat.turned()
    await chat.page.keyboard.press("ArrowRight")
    await chat.until_turned(before)
    await chat.page.keyboard.press("Tab")
    assert await chat.app.locator("#turn").evaluate("(one) => one === document.activeElement")
    await chat.page.keyboard.press("Enter")
    assert await chat.app.locator("#turn").get_attribute("aria-pressed") == "true"


async def test_variants_are_chosen(chat: Chat) -> None:
    await chat.show(variants(), "shoe")
    await chat.app.locator("#reset").click()
    first = await chat.color()
    select = chat.app.locator("#variant")
    names = await select.locator("option").all_inner_texts()
    assert len(names) > 1
    await select.select_option(names[-1])
    with anyio.fail_after(60):
        while await chat.color() == first:  # what is drawn next: nothing tells when
            await anyio.sleep(0.1)


async def test_it_looks_like_its_host(chat: Chat) -> None:
    await chat.show(write_glb(box(Material("cloth", texture=red()))), "box")
    ground = "document.defaultView.getComputedStyle(document.body).backgroundColor"
    light = await chat.app.locator("body").evaluate(f"() => {ground}")
    await chat.page.evaluate("() => window.become({theme: 'dark'})")
    await chat.app.locator(":root[data-theme=dark]").wait_for()
    assert await chat.app.locator("body").evaluate(f"() => {ground}") != light
    await chat.app.locator("#full").click()
    await chat.app.locator(":root[data-mode=fullscreen]").wait_for()
    await chat.app.locator("#full").click()
    await chat.app.locator(":root[data-mode=inline]").wait_for()
    sizes = await chat.page.evaluate("seen.filter((one) => one.method === 'ui/notifications/size-changed').length")
    assert sizes > 0


async def test_who_wants_less_motion_has_it(tmp_path: Path) -> None:
    async with opened(tmp_path, reduced_motion="reduce") as chat:
        await chat.show(write_glb(box()), "box")
        assert await chat.app.locator("#turn").get_attribute("aria-pressed") == "false"
        assert chat.problems == []


async def test_it_ends_when_the_host_says_so(chat: Chat) -> None:
    await chat.show(write_glb(box()), "box")
    await chat.page.evaluate("() => window.end()")
    await chat.page.wait_for_function("seen.some((one) => one.id === 'end' && one.result)")


async def test_what_can_t_be_shown_says_why(chat: Chat) -> None:
    refusal = {"content": [{"type": "text", "text": "There is no such asset."}], "isError": True}
    await chat.page.evaluate("(result) => window.show(result)", refusal)
    await chat.app.locator("#status", has_text="There is no such asset.").wait_for()
