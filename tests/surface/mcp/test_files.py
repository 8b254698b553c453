"""Kept files in the chat: pictures within their budget, links for the person, pages of MCP Apps."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp.client.extension import ClientExtension

from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import Asset, Assets
from devskyy_mcp.context import Principal
from devskyy_mcp.surfaces.mcp.apps import EXTENSION, MIME_TYPE
from tests.fakes.albums import PAGE, albums_pack
from tests.fakes.models3d import glb

from .taking import TakesTasks, begin, until
from .world import WAYS, World, data_of, host, make_world

every_way = pytest.mark.parametrize("way", WAYS)
PICTURE = Provenance("albums_draw")
OTHER = Provenance("albums_add")


class ShowsPages(ClientExtension):
    """A host with MCP Apps."""

    identifier = EXTENSION

    def settings(self) -> dict[str, Any]:
        return {"mimeTypes": [MIME_TYPE]}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = make_world(tmp_path / "data")
    world.app.registry.add(albums_pack())
    return world


def store_of(world: World) -> Assets:
    return world.app.services.get(Assets)


async def pictures(world: World, *sizes: int) -> list[Asset]:
    """Files of that many bytes, each with content of its own."""
    contents = [f"{number:04}".encode() + b"x" * (size - 4) for number, size in enumerate(sizes)]
    return [await store_of(world).add(one, f"p{n}", "image/jpeg", PICTURE) for n, one in enumerate(contents)]


def shown(result: types.CallToolResult) -> list[bytes]:
    return [base64.b64decode(one.data) for one in result.content if isinstance(one, types.ImageContent)]


def links(result: types.CallToolResult) -> list[types.ResourceLink]:
    return [one for one in result.content if isinstance(one, types.ResourceLink)]


@every_way
@pytest.mark.requirement("chat:files")
async def test_pictures_are_shown_and_other_files_linked(world: World, way: tuple[str, str]) -> None:
    [picture] = await pictures(world, 1_000)
    model = await store_of(world).add(glb(), "tee", "model/gltf-binary", OTHER)
    async with host(world, way, profile="default") as client:
        result = await client.call_tool("albums_show", {})
        assert shown(result) == [store_of(world).path(picture).read_bytes()]
        [link] = links(result)
        assert (link.name, link.mime_type, link.size) == ("tee.glb", "model/gltf-binary", len(glb()))
        assert link.annotations is not None
        assert link.annotations.audience == ["user"]
        [content] = (await client.read_resource(link.uri)).contents
        assert isinstance(content, types.BlobResourceContents)
        assert (base64.b64decode(content.blob), content.mime_type) == (glb(), "model/gltf-binary")
    assert data_of(result)["others"][0]["asset"] == model.id
    assert data_of(result)["pictures"][0]["url"] == f"/assets/{picture.id}/p0.jpg"


@every_way
@pytest.mark.requirement("chat:files")
async def test_pictures_beyond_the_budget_are_left_out_and_said(world: World, way: tuple[str, str]) -> None:
    await pictures(world, 180_000, 180_001, *[170_000] * 3)
    async with host(world, way) as client:
        result = await client.call_tool("albums_show", {})
    assert [len(one) for one in shown(result)] == [180_000, 170_000]
    assert [one.name for one in links(result)] == ["p1.jpg", "p3.jpg", "p4.jpg"]
    last = result.content[-1]
    assert isinstance(last, types.TextContent)
    assert "p1.jpg, p3.jpg, p4.jpg" in last.text
    assert len(result.model_dump_json(by_alias=True)) <= 700_000


@pytest.mark.requirement("chat:files")
async def test_a_result_full_of_files_stays_below_what_hosts_take(world: World) -> None:
    await pictures(world, *[400] * 150)
    async with host(world, ("memory", "modern")) as client:
        result = await client.call_tool("albums_show", {})
    assert len(result.model_dump_json(by_alias=True)) <= 700_000
    assert len(shown(result)) + len(links(result)) > 100


@pytest.mark.parametrize("way", [("memory", "modern"), ("http", "modern")])
@pytest.mark.requirement("chat:files")
async def test_what_a_job_made_is_shown_too(world: World, way: tuple[str, str]) -> None:
    await pictures(world, 1_000)
    await store_of(world).add(glb(), "tee", "model/gltf-binary", OTHER)
    async with host(world, way) as client:
        result = await client.call_tool("albums_make", {})
        assert data_of(result)["state"] == "succeeded"
        assert (len(shown(result)), [one.name for one in links(result)]) == (1, ["tee.glb"])
    async with host(world, way, extensions=[TakesTasks()]) as client:
        task = await begin(client, "albums_make", {})
        done = await until(client, task["taskId"])
    kinds = [one["type"] for one in done["result"]["content"]]
    assert kinds == ["text", "image", "resource_link"]


@pytest.mark.requirement("chat:files")
async def test_links_lead_to_the_address_that_people_use(tmp_path: Path) -> None:
    world = make_world(tmp_path / "data", public_url="https://mcp.example.com", auth_mode="embedded")
    world.app.registry.add(albums_pack())
    model = await store_of(world).add(glb(), "tee", "model/gltf-binary", OTHER)
    address = f"https://mcp.example.com/assets/{model.id}/tee.glb"
    async with host(world, ("memory", "modern")) as client:
        [lent] = links(await client.call_tool("albums_show", {}))
        assert lent.uri.startswith(f"{address}?link=")
        await store_of(world).publish(model.id)
        [public] = links(await client.call_tool("albums_show", {}))
        assert public.uri == address


@pytest.mark.requirement("chat:files")
async def test_files_that_the_reader_may_not_have_are_passed_over(world: World) -> None:
    await pictures(world, 1_000)
    bob = Principal("user:bob", "user", frozenset({"notes:read"}), "bob")
    async with host(world, ("memory", "modern"), principal=bob) as client:
        result = await client.call_tool("albums_show", {})
    assert (shown(result), links(result)) == ([], [])


@every_way
@pytest.mark.requirement("chat:viewer")
async def test_pages_are_told_to_hosts_that_show_them(world: World, way: tuple[str, str]) -> None:
    async with host(world, way, profile="default", extensions=[ShowsPages()]) as client:
        tools = {one.name: one.meta for one in (await client.list_tools()).tools}
        assert tools["albums_open"] == {"ui": {"resourceUri": PAGE, "visibility": ["model", "app"]}}
        assert tools["albums_part"] == {"ui": {"visibility": ["app"]}}
        part = await client.call_tool("albums_part", {})
        assert len(data_of(part)["base64"]) == 600_000
        assert len(part.model_dump_json(by_alias=True)) <= 700_000
        [listed] = [one for one in (await client.list_resources()).resources if one.uri == PAGE]
        [content] = (await client.read_resource(PAGE)).contents
    assert listed.mime_type == content.mime_type == MIME_TYPE
    assert listed.meta == content.meta == {"ui": {"prefersBorder": True}}
    async with host(world, way, profile="default") as client:
        assert not {"albums_open", "albums_part"} & {one.name for one in (await client.list_tools()).tools}
    async with host(world, way) as client:
        names = {one.name for one in (await client.list_tools()).tools}
    assert "albums_open" in names
    assert "albums_part" not in names
