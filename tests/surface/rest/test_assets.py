"""Uploading pictures over REST."""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest

from devskyy_mcp.app import build, installed_packs
from devskyy_mcp.assets.store import Assets, may_read
from devskyy_mcp.context import Principal
from devskyy_mcp.surfaces.http import create_http
from tests.fakes.people import person
from tests.fakes.served import settings_for, site
from tests.fakes.tokens import bearing, client, token

PATH = "/api/v1/assets"


def png(side: int = 4) -> bytes:
    """A small real picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x80\x20\x60" * side for _ in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.fixture
async def http(tmp_path: Path) -> AsyncGenerator[httpx2.AsyncClient]:
    asgi = create_http(build(settings_for(tmp_path), installed_packs()))
    async with asgi.router.lifespan_context(asgi):
        transport = httpx2.ASGITransport(app=asgi)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", trust_env=False) as client:
            yield client


@pytest.mark.requirement("assets:upload")
async def test_a_picture_is_kept_and_reaches_the_shop(http: httpx2.AsyncClient) -> None:
    kept = await http.post(f"{PATH}?name=My dress!.jpg", content=png(), headers={"content-type": "image/png"})
    assert kept.status_code == 201, kept.text
    told = kept.json()
    assert (told["name"], told["type"]) == ("My-dress.png", "image/png")
    for kind in ("application/octet-stream", "model/gltf-binary"):
        again = await http.post(PATH, content=png(), headers={"content-type": kind})
        assert again.json()["asset"] == told["asset"]
    body = {"asset": told["asset"], "alt_text": "A dress"}
    done = (await http.post("/api/v1/tools/wp_media_upload", json=body)).json()
    assert done["state"] == "applied", done
    assert "/" not in str(done["changes"][0]["fields"]["file"])
    found = await http.get("/api/v1/tools/wp_media_get", params={"id": done["changes"][0]["id"]})
    assert (found.json()["alt"], found.json()["width"]) == ("A dress", 4)


@pytest.mark.requirement("assets:upload")
@pytest.mark.parametrize(
    ("content", "kind", "status", "said"),
    [
        (b"<?php echo 1;", "image/png", 422, "no picture, 3D model, CSV table"),
        (b"", "image/png", 422, "The file is empty"),
        (png(), "text/plain", 415, "the file itself"),
        (png(), "application/x-www-form-urlencoded", 415, "the file itself"),
        (png(), "multipart/form-data; boundary=x", 415, "the file itself"),
    ],
)
async def test_what_is_no_picture_is_refused(
    http: httpx2.AsyncClient, content: bytes, kind: str, status: int, said: str
) -> None:
    refused = await http.post(PATH, content=content, headers={"content-type": kind})
    assert refused.status_code == status
    assert said in refused.json()["detail"]


@pytest.mark.requirement("assets:upload")
async def test_a_file_that_is_too_large_is_refused(http: httpx2.AsyncClient) -> None:
    refused = await http.post(PATH, content=b"x" * (25 * 1024 * 1024 + 1), headers={"content-type": "image/png"})
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert "smaller" in refused.json()["hint"]


@pytest.mark.requirement("assets:tables")
async def test_a_table_is_kept_and_its_rejected_rows_are_a_resource(http: httpx2.AsyncClient) -> None:
    table = "SKU,Name,Regular price\nT-1,Cap,abc\nT-2,Hat,10\n".encode("utf-16")
    kept = await http.post(f"{PATH}?name=list.txt", content=table, headers={"content-type": "text/csv"})
    assert kept.status_code == 201, kept.text
    told = kept.json()
    assert (told["name"], told["type"], told["size"]) == ("list.csv", "text/csv", len(table))
    refused = await http.post("/api/v1/tools/woo_catalog_import", json={"asset": told["asset"]})
    assert refused.status_code == 422
    details = refused.json()["details"]
    assert details["rejected"][0] | {"reason": ""} == {"line": 2, "column": "Regular price", "reason": ""}
    report = await http.get("/api/v1/resources/read", params={"uri": details["report"]})
    assert report.status_code == 200, report.text
    assert report.headers["content-type"].startswith("text/csv")
    assert report.text.splitlines()[0] == "line,column,reason"
    gone = f"devskyy://reports/{told['asset']}"
    assert (await http.get("/api/v1/resources/read", params={"uri": gone})).status_code == 404
    shown = {"asset": told["asset"], "skip_rejected": True, "preview": True}
    assert (await http.post("/api/v1/tools/woo_catalog_import", json=shown)).json()["state"] == "proposed"


@pytest.mark.requirement("assets:upload")
async def test_who_may_not_change_media_may_not_upload(tmp_path: Path) -> None:
    async with site(tmp_path, auth_mode="embedded") as shop:
        await client(shop.app)
        user = await person(shop.app)
        headers = {"content-type": "image/png", **bearing(await token(shop.app, user, ["notes:write"], "/api/v1"))}
        refused = await shop.http.post(PATH, content=png(), headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert 'scope="media:write' in refused.headers["www-authenticate"]


@pytest.mark.requirement("insights:tickets")
@pytest.mark.parametrize(
    ("content", "sent", "kind"),
    [
        (b'[{"subject": "Refund"}]', "application/json", "application/json"),
        (b'{"subject": "Refund"}\n{"subject": "Size"}\n', "application/octet-stream", "application/json"),
        (b"From ada@example.com\nSubject: Refund\n\nPlease.\n", "application/mbox", "application/mbox"),
    ],
)
async def test_an_export_is_kept_for_those_who_see_orders(tmp_path: Path, content: bytes, sent: str, kind: str) -> None:
    async with site(tmp_path, auth_mode="embedded") as shop:
        await client(shop.app)
        user = await person(shop.app)

        async def bearer(*scopes: str) -> dict[str, str]:
            return bearing(await token(shop.app, user, [*scopes], "/api/v1"))

        headers = {"content-type": sent, **(await bearer("media:write", "catalog:write"))}
        refused = await shop.http.post(PATH, content=content, headers=headers)
        assert refused.status_code == 403, refused.text
        assert "orders:write" in refused.text
        headers = {"content-type": sent, **(await bearer("orders:write"))}
        kept = await shop.http.post(PATH, content=content, headers=headers)
        assert (kept.status_code, kept.json()["type"]) == (201, kind), kept.text
        told = kept.json()
        found = await shop.app.services.get(Assets).get(told["asset"])
        assert not may_read(principal("media:read", "catalog:read"), found)
        assert may_read(principal("orders:read"), found)


def principal(*scopes: str) -> Principal:
    return Principal("user:1", "user", frozenset(scopes))


async def test_an_uploaded_mail_box_is_grouped(http: httpx2.AsyncClient) -> None:
    box = b"From ada@example.com\nSubject: Refund\n\nPlease.\n"
    told = (await http.post(PATH, content=box, headers={"content-type": "application/mbox"})).json()
    found = await http.post("/api/v1/tools/insights_tickets_group", json={"asset": told["asset"]})
    assert found.json()["groups"][0]["topic"] == "refund and return"
