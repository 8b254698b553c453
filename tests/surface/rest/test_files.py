"""Kept files over HTTP: who may read them, and what of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from devskyy_mcp.assets.links import Links, path_of
from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import Asset, Assets
from tests.fakes.models3d import glb
from tests.fakes.people import person
from tests.fakes.served import Site, served, site
from tests.fakes.tokens import bearing, client, token

ELSEWHERE = {"origin": "https://shop.example.com", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
MADE = Provenance("three_d_models_make")


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Site]:
    """A server that people sign in to, under an address of its own."""
    async with site(tmp_path, auth_mode="embedded", public_url="http://127.0.0.1:8000") as shop:
        await client(shop.app)
        yield shop


async def kept(shop: Site, content: bytes = b"", kind: str = "model/gltf-binary") -> Asset:
    return await shop.app.services.get(Assets).add(content or glb(), "tee", kind, MADE)


async def signed_in(shop: Site, *scopes: str) -> dict[str, str]:
    user = await person(shop.app, login=f"{len(scopes)}{scopes[0]}@example.com")
    return bearing(await token(shop.app, user, scopes, "/api/v1"))


@pytest.mark.requirement("assets:served")
async def test_a_file_is_its_reader_s_until_it_is_published(shop: Site) -> None:
    model = await kept(shop)
    assert (await shop.http.get(path_of(model))).status_code == 401
    assert (await shop.http.get(f"/assets/ast_{'0' * 64}/tee.glb")).status_code == 401  # nobody learns which there are
    reader = await signed_in(shop, "media:read")
    read = await shop.http.get(path_of(model), headers=reader)
    assert (read.status_code, read.content) == (200, glb())
    assert read.headers["content-type"] == "model/gltf-binary"
    assert read.headers["cache-control"] == "private, no-cache"
    assert read.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in read.headers
    await shop.app.services.get(Assets).publish(model.id)
    read = await shop.http.get(path_of(model), headers=ELSEWHERE)
    assert (read.status_code, read.content) == (200, glb())
    assert read.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert read.headers["access-control-allow-origin"] == "*"
    assert read.headers["cross-origin-resource-policy"] == "cross-origin"
    await shop.app.services.get(Assets).unpublish(model.id)
    assert (await shop.http.get(path_of(model), headers=ELSEWHERE)).status_code == 401


@pytest.mark.requirement("assets:served")
async def test_the_sign_in_of_a_person_counts_for_no_page_of_another_site(shop: Site) -> None:
    model = await kept(shop)
    reader = await signed_in(shop, "media:read")
    assert (await shop.http.get(path_of(model), headers={**reader, **ELSEWHERE})).status_code == 401


async def test_without_sign_in_a_page_of_another_site_gets_nothing_of_the_machine_s_user(tmp_path: Path) -> None:
    async with site(tmp_path) as shop:
        model = await kept(shop)
        assert (await shop.http.get(path_of(model))).status_code == 200
        assert (await shop.http.get(path_of(model), headers=ELSEWHERE)).status_code == 401


@pytest.mark.requirement("assets:served")
async def test_a_lent_link_reads_one_file_until_it_ends(shop: Site) -> None:
    model, other = await kept(shop), await kept(shop, b"%PDF-1.7", "application/pdf")
    links = shop.app.services.get(Links)
    lent = links.lent(model)
    read = await shop.http.get(lent, headers=ELSEWHERE)
    assert (read.status_code, read.headers["access-control-allow-origin"]) == (200, "*")
    assert read.headers["cache-control"] == "private, no-cache"
    query = lent.partition("?")[2]
    assert (await shop.http.get(f"{path_of(other)}?{query}")).status_code == 401
    assert (await shop.http.get(f"{path_of(model)}?{query[:-1]}")).status_code == 401
    assert lent == links.lent(model)
    assert (await shop.http.get(links.lent(model, seconds=-3600))).status_code == 401


@pytest.mark.requirement("assets:served")
@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-3", 206, slice(0, 4)),
        ("bytes=4-", 206, slice(4, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=9999999-", 416, None),
        ("lines=1-2", 400, None),
    ],
)
async def test_parts_of_a_file(tmp_path: Path, asked: str, status: int, part: slice | None) -> None:
    async with served(tmp_path) as shop:
        model = await kept(shop)
        read = await shop.http.get(path_of(model), headers={"range": asked})
        assert read.status_code == status
        if part is not None:
            assert read.content == glb()[part]
            assert read.headers["content-range"].endswith(f"/{len(glb())}")
        tagged = await shop.http.get(path_of(model), headers={"range": "bytes=0-3", "if-range": '"other"'})
        assert (tagged.status_code, tagged.content) == (200, glb())


@pytest.mark.requirement("assets:served")
async def test_what_a_caller_has_is_not_sent_again(tmp_path: Path) -> None:
    async with served(tmp_path) as shop:
        model = await kept(shop)
        tag = (await shop.http.head(path_of(model))).headers["etag"]
        assert tag == f'"{model.sha256}"'
        again = await shop.http.get(path_of(model), headers={"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.requirement("assets:served")
@pytest.mark.parametrize(("kind", "way"), [("application/json", "attachment"), ("image/png", "inline")])
async def test_only_pictures_films_and_models_are_shown_in_place(tmp_path: Path, kind: str, way: str) -> None:
    async with site(tmp_path) as shop:
        file = await kept(shop, b"<script>", kind)
        read = await shop.http.get(path_of(file))
        assert read.headers["content-disposition"].startswith(way)
        assert read.headers["content-type"].startswith(kind)
        assert (await shop.http.get(f"/assets/{file.id}/tee.html")).status_code == 404


@pytest.mark.requirement("assets:served")
async def test_tables_are_read_by_who_may_read_the_catalogue(shop: Site) -> None:
    table = await shop.app.services.get(Assets).put(b"sku,price\n1,2\n", "goods.csv", "upload")
    assert (await shop.http.get(path_of(table), headers=await signed_in(shop, "media:read"))).status_code == 404
    assert (await shop.http.get(path_of(table), headers=await signed_in(shop, "catalog:read"))).status_code == 200


@pytest.mark.parametrize("name", ["..%2f..%2flocal.key", "ast_0", "ast_" + "g" * 64, "%00"])
async def test_no_other_file_is_served(tmp_path: Path, name: str) -> None:
    async with site(tmp_path) as shop:
        assert (await shop.http.get(f"/assets/{name}/tee.glb")).status_code == 404
