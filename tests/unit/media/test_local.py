"""The tools on local pictures, called as a surface calls them, over the demo shop."""

from __future__ import annotations

import io
import json
import re
import struct
import zlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from devskyy_mcp.app import local_principal
from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.errors import Code
from tests.fakes.demo import Demo, demo
from tests.fakes.photos import draw
from tests.unit.studio.pictures.making import file, located, moving, plain, quarters
from tests.unit.studio.test_credentials import chain


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path) as made:
        yield made


@pytest.fixture
async def working(desk: Demo) -> AsyncGenerator[Demo]:
    """With a worker that runs jobs."""
    async with desk.app.running(eager=True):
        yield desk


async def uploaded(desk: Demo, content: bytes, name: str = "coat.jpg") -> str:
    return (await desk.app.services.get(Assets).put(content, name, "upload")).id


async def held(desk: Demo, kept: dict[str, Any]) -> bytes:
    store = desk.app.services.get(Assets)
    return store.path(await store.get(kept["asset"])).read_bytes()


@pytest.mark.requirement("media:sizes")
@pytest.mark.requirement("media:private")
async def test_resize_gives_files_and_the_markup_for_them(desk: Demo) -> None:
    asset = await uploaded(desk, located(quarters((1200, 900)), 6))
    made = await desk.do("media_pictures_resize", asset=asset, formats=["jpeg", "webp", "avif"])
    assert (made["width"], made["height"]) == (900, 1200)
    assert [one["type"] for one in made["sources"]] == ["image/avif", "image/webp", "image/jpeg"]
    urls = {one["url"]: one["width"] for one in made["files"]}
    for source in made["sources"]:
        for entry in source["srcset"].split(", "):
            url, width = entry.rsplit(" ", 1)
            assert urls[url] == int(width.removesuffix("w"))
        assert "vw" in source["sizes"]
    for one in made["files"]:
        content = await held(desk, one)
        assert len(content) == one["size"]
        assert b"SecretPhone" not in content
        assert re.search(r"coat-\d+\.(avif|webp|jpg)$", one["name"])
    store = desk.app.services.get(Assets)
    origin = (await store.get(made["files"][0]["asset"])).provenance
    assert (origin["tool"], origin["sources"]) == ("media_pictures_resize", [asset.removeprefix("ast_")])
    assert len(json.dumps(made)) < 48_000
    assert desk.writes == []


async def test_edit_shows_the_picture_and_says_what_was_done(desk: Demo) -> None:
    asset = await uploaded(desk, draw(6, color=(60, 40, 160)).content)
    mark = await uploaded(desk, file(plain((255, 255, 255, 200), (200, 50))), "logo.png")
    steps = [
        {"do": "cut_out"},
        {"do": "shadow"},
        {"do": "canvas", "ratio": "4:5"},
        {"do": "watermark", "asset": mark, "place": "top_left"},
    ]
    made = await desk.do("media_pictures_edit", asset=asset, steps=steps)
    assert len(made["did"]) == 4
    shown = made.get("preview") or made["file"]
    assert shown["shown"]
    assert shown["size"] <= 180_000
    assert made["file"]["width"] / made["file"]["height"] == pytest.approx(0.8, abs=0.01)


WRONG: list[tuple[list[dict[str, Any]], str]] = [
    ([], "steps must have at least 1 entry"),
    ([{"do": "crop", "ratio": "wide"}], "steps.0.crop.ratio"),
    ([{"do": "blur"}], "steps.0 must have 'do' as one of 'cut_out', 'crop'"),
    ([{}], "steps.0 must have 'do'."),
    ([{"do": "upscale", "factor": 9}], "steps.0.upscale.factor"),
    ([{"do": "watermark"}], "step 1, watermark: a watermark is a text or an asset"),
    ([{"do": "watermark", "asset": "ast_none"}], "no such asset"),
    ([{"do": "shadow"}], "step 1, shadow: the picture is not cut out"),
    ([{"do": "adjust"}], "step 1, adjust: nothing to adjust"),
]


@pytest.mark.parametrize(("steps", "says"), WRONG)
async def test_wrong_steps_are_told_by_their_place(desk: Demo, steps: list[dict[str, Any]], says: str) -> None:
    asset = await uploaded(desk, file(plain()))
    refused = await desk.refused("media_pictures_edit", asset=asset, steps=steps)
    assert says in refused.message.replace("Step", "step")


@pytest.mark.requirement("media:describe")
async def test_describe_takes_facts_from_the_product(desk: Demo) -> None:
    product = (await desk.do("woo_products_list", limit=1))["items"][0]
    asset = await uploaded(desk, located(draw_ground()))
    found = await desk.do("media_pictures_describe", asset=asset, product_id=product["id"])
    assert product["name"].split()[0] in found["alt_text"]
    assert found["alt_text"].endswith("background")
    assert found["location"] is True
    assert "No model has looked" in found["alt_text_from"]
    assert "alt_text" not in await desk.do("media_pictures_describe", asset=asset)


@pytest.mark.requirement("media:describe")
async def test_pictures_of_the_shop_are_named_by_their_address(desk: Demo) -> None:
    picture = await desk.do("wp_media_get", id=await desk.some("wp_media_list"))
    await desk.app.road.taints.mark(local_principal().id)  # texts of customers were read shortly before
    found = await desk.do("media_pictures_describe", url=picture["url"])
    assert (found["width"], found["height"]) == (picture["width"], picture["height"])
    made = await desk.do("media_pictures_resize", url=picture["url"], widths=[40], formats=["webp"])
    assert [one["width"] for one in made["files"]] == [40]
    missing = await desk.refused("media_pictures_describe", url=picture["url"].replace(".png", "-none.png"))
    assert missing.code == "not_found"


@pytest.mark.parametrize(
    "address",
    [
        "/wp-json/wc/v3/customers",
        "/wp-admin/admin-post.php/a.png",
        "/wp-admin/admin-post.p%68p/a.png",
        "/wp-content/uploads/a.png?wc-ajax=checkout",
        "/wp-content/../wp-admin/a.png",
        "/./a.png",
        "/%2e/a.png",
    ],
)
async def test_nothing_but_a_picture_is_asked_of_the_shop(desk: Demo, address: str) -> None:
    [picture] = (await desk.do("wp_media_list", limit=1))["items"]
    desk.shop.requests.clear()
    shop = picture["url"].partition("/wp-content")[0]
    refused = await desk.refused("media_pictures_describe", url=f"{shop}{address}")
    assert refused.code == "forbidden"  # as any address that is not public
    assert not desk.shop.requests


def draw_ground() -> Image.Image:
    return Image.open(io.BytesIO(draw(1).content))


@pytest.mark.requirement("media:duplicates")
async def test_duplicates_of_assets_and_of_the_library(desk: Demo) -> None:
    items = (await desk.do("wp_media_list", limit=3))["items"]
    image = Image.open(io.BytesIO(await thumbnail(desk, items[0]["url"])))
    asset = await uploaded(desk, file(image.convert("RGB").resize((480, 600)), "JPEG"))
    found = await desk.do("media_duplicates_find", assets=[asset], library=500)
    mine = next(group for group in found["groups"] if any(one.get("asset") == asset for one in group["members"]))
    assert items[0]["id"] in [one.get("media") for one in mine["members"]]
    assert found["not_read"] == []
    broken = await uploaded(desk, b"\xff\xd8\xff\xe0" + bytes(64), "broken.jpg")
    assert "damaged" in (await desk.do("media_duplicates_find", assets=[broken]))["not_read"][0]


async def thumbnail(desk: Demo, url: str) -> bytes:
    from devskyy_tools.shop.client import ShopClient

    upstream = desk.app.services.get(ShopClient).upstream
    return (await upstream.send("GET", url.removeprefix(str(upstream.base_url)))).content


@pytest.mark.requirement("media:sheets")
async def test_a_sheet_is_shown(desk: Demo) -> None:
    assets = [await uploaded(desk, draw(seed).content, f"look-{seed}.jpg") for seed in range(1, 8)]
    made = await desk.do("media_sheets_create", assets=assets)
    assert made["numbers"] == assets
    assert made["file"]["shown"]
    assert made["file"]["size"] <= 180_000
    refused = await desk.refused("media_sheets_create", assets=assets, captions=["one"])
    assert "1 captions for 7 assets" in refused.message


@pytest.mark.requirement("media:films")
async def test_a_film_is_made_by_a_job(working: Demo) -> None:
    assets = [await uploaded(working, draw(seed).content, f"look-{seed}.jpg") for seed in (1, 6)]
    view = await working.do(
        "media_films_create", assets=assets, seconds=1.5, captions=["One", "Two"], captions_as="vtt", shape="square"
    )
    job = await working.do("jobs_wait", job=view["job"], seconds=45)
    assert job["state"] == "succeeded", job
    film = job["result"]
    assert (film["seconds"], film["frames"]) == (2.4, 60)
    assert (await held(working, film["file"]))[4:8] == b"ftyp"
    assert (await held(working, film["captions"])).startswith(b"WEBVTT")
    assert film["poster"]["content_type"] == "image/jpeg"
    assert list((working.app.services.get(Assets).folder / "making").iterdir()) == []


async def test_a_turntable_becomes_a_film(working: Demo) -> None:
    asset = await uploaded(working, moving(), "turntable.webp")
    view = await working.do("media_films_create", assets=[asset], seconds=2)
    job = await working.do("jobs_wait", job=view["job"], seconds=45)
    assert job["result"]["frames"] == 50


def bomb(side: int) -> bytes:
    """A PNG whose head tells of a huge picture, and which holds next to nothing."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


BAD = {
    "too many pixels": (bomb(40_000), Code.TOO_LARGE, "40000 × 40000"),
    "truncated": (file(quarters((600, 600)), "JPEG")[:3000], Code.INVALID_ARGUMENTS, "damaged"),
    "half of its data": (bomb(900), Code.INVALID_ARGUMENTS, "damaged"),
}


@pytest.mark.requirement("media:bad-input")
@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("media_pictures_resize", {}),
        ("media_pictures_edit", {"steps": [{"do": "canvas"}]}),
        ("media_pictures_describe", {}),
        ("media_sheets_create", None),
    ],
)
async def test_bad_pictures_are_refused_by_every_tool(
    desk: Demo, tool: str, arguments: dict[str, Any] | None, name: str
) -> None:
    content, code, says = BAD[name]
    asset = await uploaded(desk, content, "bad.png")
    given: dict[str, Any] = {"assets": [asset]} if arguments is None else {"asset": asset, **arguments}
    refused = await desk.refused(tool, **given)
    assert (refused.code, says in refused.message) == (code, True), refused.message
    assert refused.hint


@pytest.mark.requirement("media:bad-input")
async def test_what_is_no_picture_or_nowhere_is_refused(desk: Demo, tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "film.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(200))
    for given, code in (
        ({"path": str(tmp_path / "empty.png")}, Code.FORBIDDEN),
        ({"url": "https://127.0.0.1/a.png"}, Code.UNSAFE_ADDRESS),
        ({"url": "https://192.168.1.1/a.png"}, Code.UNSAFE_ADDRESS),
        ({"asset": "ast_" + "0" * 64}, Code.NOT_FOUND),
        ({}, Code.INVALID_ARGUMENTS),
        ({"asset": "x", "url": "https://example.com/a.png"}, Code.INVALID_ARGUMENTS),
    ):
        refused = await desk.refused("media_pictures_resize", **given)
        if "path" in given:
            assert refused.code in {Code.FORBIDDEN, Code.INVALID_ARGUMENTS}
        else:
            assert refused.code is code, given


@pytest.mark.requirement("media:credentials")
async def test_a_file_made_here_is_signed_with_what_made_it(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    for file_of, text in zip((certificate, key), chain(), strict=True):
        file_of.write_text(text)
    async with demo(tmp_path / "data", c2pa_certificate_file=certificate, c2pa_key_file=key) as desk:
        uploaded_one = await uploaded(desk, draw(1).content)
        assert "not known" in (await desk.refused("media_credentials_sign", asset=uploaded_one)).message
        assert (await desk.do("media_credentials_read", asset=uploaded_one)) == {"state": "none"}
        store = desk.app.services.get(Assets)
        origin = Provenance("media_pictures_generate", provider="openai", model="gpt-image-2")
        generated = (await store.add(draw(2).content, "hat.jpg", "image/jpeg", origin)).id
        steps = [{"do": "canvas"}]
        edited = (await desk.do("media_pictures_edit", asset=generated, steps=steps, format="jpeg"))["file"]["asset"]
        plainly = (await desk.do("media_pictures_edit", asset=uploaded_one, steps=steps))["file"]["asset"]
        for asset, by_model in ((generated, True), (edited, True), (plainly, False)):
            signed = await desk.do("media_credentials_sign", asset=asset)
            found = await desk.do("media_credentials_read", asset=signed["file"]["asset"])
            assert signed["made_by_ai"] is by_model
            assert (found["state"], found["issuer"], found["made_by_ai"]) == ("valid", "Maison Skyy", by_model)


@pytest.mark.requirement("media:credentials")
async def test_without_a_certificate_it_says_which_settings(desk: Demo) -> None:
    refused = await desk.refused("media_credentials_sign", asset=await uploaded(desk, file(plain())))
    assert refused.code is Code.NOT_CONFIGURED
    assert "C2PA_CERTIFICATE_FILE" in refused.hint


@pytest.mark.requirement("media:lookbooks")
async def test_a_lookbook_is_kept_with_its_cover_shown(desk: Demo) -> None:
    assets = [await uploaded(desk, draw(seed).content) for seed in (1, 6, 10)]
    made = await desk.do("media_lookbooks_create", title="Autumn", assets=assets, captions=["One", "Two", "Three"])
    assert (await held(desk, made["file"])).startswith(b"%PDF-")
    assert (made["pages"], made["cover"]["shown"]) == (3, True)


async def test_what_is_no_address_at_all_is_refused_in_words(desk: Demo) -> None:
    assert (await desk.refused("media_pictures_describe", url="https://[x/a.png")).code == "invalid_arguments"
