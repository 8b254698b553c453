"""Deleting what nothing uses: never what is used, published, young, or asked for while it goes on."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from devskyy_mcp.app import App, build
from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.references import References, named_in
from devskyy_mcp.assets.store import Asset, Assets
from devskyy_mcp.db.database import Database
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.audit import now_us
from tests.fakes.demo import Demo, demo
from tests.fakes.served import settings_for

DAY = 24 * 3600


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with demo(tmp_path) as shop:
        yield shop


async def kept(app: App, content: bytes, *, days: float = 60, sources: tuple[str, ...] = ()) -> Asset:
    """A file that nobody has asked for in so many days."""
    store = app.services.get(Assets)
    made = await store.add(content, "file", "image/png", Provenance("test", sources))
    age(store, made, days)
    return made


def age(store: Assets, asset: Asset, days: float) -> None:
    then = time.time() - days * DAY
    os.utime(store.path(asset).with_suffix(".json"), (then, then))


async def clean(shop: Demo, **arguments: int) -> dict[str, Any]:
    shown = await shop.do("assets_clean", **arguments)
    assert shown["deleted"] is False
    return await shop.do("assets_clean", confirm=shown["confirm"], **arguments)


@pytest.mark.requirement("assets:clean")
async def test_the_first_call_only_shows_what_would_go(shop: Demo) -> None:
    old = await kept(shop.app, b"old")
    await kept(shop.app, b"young", days=3)
    shown = await shop.do("assets_clean")
    assert [row["asset"] for row in shown["names"]] == [old.id]
    assert shown["kept"] == {"young": 1}
    assert await anyio.Path(shop.app.services.get(Assets).path(old)).exists()
    done = await shop.do("assets_clean", confirm=shown["confirm"])
    assert (done["deleted"], done["files"], done["size"]) == (True, 1, 3)
    assert not await anyio.Path(shop.app.services.get(Assets).path(old)).exists()
    refused = await shop.refused("assets_clean", confirm=shown["confirm"])
    assert refused.code == Code.CONFLICT


@pytest.mark.requirement("assets:clean")
async def test_what_is_used_stays(shop: Demo) -> None:
    store = shop.app.services.get(Assets)
    names = ("published", "source", "of a job", "of a step", "of a change", "of a product", "nobody's")
    files = {name: await kept(shop.app, name.encode()) for name in names if name != "published"}
    files["published"] = await kept(shop.app, b"published", sources=(files["source"].sha256, "0" * 64))
    await store.publish(files["published"].id)
    age(store, files["published"], 60)
    await _journal(shop.app, files)

    async def products(asked: frozenset[str]) -> set[str]:
        return {files["of a product"].sha256} & asked

    shop.app.services.get(References).add("products", products)
    done = await clean(shop)
    assert [row["asset"] for row in done["names"]] == [files["nobody's"].id]
    assert done["kept"] == {"published": 1, "sources": 1, "jobs": 2, "changes": 1, "products": 1}


async def _journal(app: App, files: dict[str, Asset]) -> None:
    """A job that waits, what a step of it gave, and a change of last week."""
    from devskyy_mcp.db.tables import change_ops, change_sets, job_steps, jobs
    from devskyy_mcp.db.vault import vault_of

    now = now_us()
    job: dict[str, Any] = {
        "id": "job_1", "principal": "p", "caller": {}, "surface": "cli", "tool": "t", "queue": "default",
        "arguments": {"photo": files["of a job"].id}, "priority": 1, "state": "input_required", "request_hash": "",
        "created_at": 1, "deadline_at": now * 2,
    }  # fmt: skip
    change: dict[str, Any] = {
        "id": "chg_1", "principal": "p", "surface": "cli", "tool": "t", "arguments": {}, "plan_hash": "",
        "state": "applied", "summary": "", "reasons": [], "created_at": 1, "expires_at": 1,
        "finished_at": now - 7 * DAY * 1_000_000,
    }  # fmt: skip
    body = {"file": {"sha256": files["of a change"].sha256}}
    op: dict[str, Any] = {
        "change_id": "chg_1", "seq": 0, "system": "shop", "kind": "create", "collection": "media", "label": "x",
        "body": body, "before": {}, "state": "done",
    }  # fmt: skip
    step: dict[str, Any] = {"job_id": "job_1", "name": "cut", "value": {"kept": [files["of a step"].id]}, "at": 1}
    async with app.services.get(Database).begin() as conn:
        for table, row in ((jobs, job), (job_steps, step), (change_sets, change), (change_ops, op)):
            await conn.execute(table.insert().values(vault_of(conn).seal_row(table.name, row)))


@pytest.mark.requirement("assets:clean")
async def test_nothing_goes_while_it_can_t_be_told_what_is_used(shop: Demo) -> None:
    old = await kept(shop.app, b"old")

    async def away(_asked: frozenset[str]) -> set[str]:
        raise Refused(Code.UPSTREAM_UNREACHABLE, "The shop can't be reached.")

    shop.app.services.get(References).add("products", away)
    assert (await shop.refused("assets_clean")).code == Code.UPSTREAM_UNREACHABLE
    assert await anyio.Path(shop.app.services.get(Assets).path(old)).exists()


@pytest.mark.requirement("assets:clean")
async def test_what_is_asked_for_meanwhile_stays(shop: Demo) -> None:
    store = shop.app.services.get(Assets)
    old = await kept(shop.app, b"old")
    assert (await store.get(old.id)).id == old.id
    assert not await store.collect(old.id, time.time() - DAY)
    await kept(shop.app, b"again")
    assert (await store.put(_png(), "a.png", "upload")).id != old.id


@pytest.mark.requirement("assets:clean")
async def test_putting_and_collecting_at_once_leaves_whole_files(tmp_path: Path) -> None:
    """Whoever puts a file has it afterwards, however often others collect it at that moment."""
    store = Assets(tmp_path / "assets")
    first = await store.add(b"content", "file", "image/png", Provenance("test"))

    def put() -> bool:
        made = store._write(first, b"content")  # pyright: ignore[reportPrivateUsage] # its thread's part
        return store.path(made).read_bytes() == b"content"

    def collect() -> None:
        store._collect(first.id, time.time() - DAY)  # pyright: ignore[reportPrivateUsage] # as above

    def race() -> None:
        with ThreadPoolExecutor(4) as pool:
            for _ in range(30):
                age(store, first, 60)
                tries = [pool.submit(work) for work in (collect, put, collect, collect)]
                assert tries[1].result()
                assert all(one.exception() is None for one in tries)

    await anyio.to_thread.run_sync(race)
    assert store.path(await store.get(first.id)).read_bytes() == b"content"


@pytest.mark.requirement("assets:clean")
async def test_two_servers_delete_each_file_once(tmp_path: Path) -> None:
    """Two stores over one folder, as two processes have them."""
    stores = [Assets(tmp_path / "assets") for _ in range(2)]
    made = [await stores[0].add(bytes([n]), "file", "image/png", Provenance("test")) for n in range(20)]
    for one in made:
        age(stores[0], one, 60)
    gone: list[str] = []

    async def collect(store: Assets) -> None:
        gone.extend([one.id for one in made if await store.collect(one.id, time.time() - DAY)])

    async with anyio.create_task_group() as tasks:
        for store in stores:
            tasks.start_soon(collect, store)
    assert sorted(gone) == sorted(one.id for one in made)
    assert await stores[1].all() == []


@pytest.mark.requirement("assets:clean")
async def test_what_a_write_that_was_cut_off_left_goes(tmp_path: Path) -> None:
    store = Assets(tmp_path / "assets")
    whole = await store.add(b"whole", "file", "image/png", Provenance("test"))
    folder, then = store.path(whole).parent, time.time() - 2 * DAY
    left = [folder / f"ast_{whole.sha256[:2]}{'0' * 62}", folder / f".{whole.id}.json.0123456789abcdef"]
    for file in [*left, store.path(whole), folder / ".lock"]:
        file.touch()
        os.utime(file, (then, then))
    young = folder / f"ast_{whole.sha256[:2]}{'1' * 62}"
    young.touch()
    assert await store.sweep(time.time() - DAY) == len(left)
    assert sorted(folder.iterdir()) == sorted([folder / ".lock", store.path(whole), folder / f"{whole.id}.json", young])


async def test_the_same_bytes_keep_what_is_known_of_them(tmp_path: Path) -> None:
    store = Assets(tmp_path / "assets")
    made = await store.add(_png(), "made", "image/png", Provenance("media_pictures_make", prompt="a tee"))
    await store.publish(made.id)
    again = await store.put(_png(), "mine.png", "upload")
    assert (again.id, again.published, again.source) == (made.id, True, "media_pictures_make")
    assert again.provenance["prompt"] == "a tee"
    assert again.added_at == made.added_at


async def test_a_list_is_narrowed_and_goes_on(shop: Demo) -> None:
    store = shop.app.services.get(Assets)
    for n in range(3):
        await store.add(bytes([n]), f"tee {n}", "model/gltf-binary", Provenance("three_d_models_make"))
    await store.put(_png(), "photo.png", "upload")
    first = await shop.do("assets_list", kind="model", limit=2)
    rest = await shop.do("assets_list", kind="model", limit=2, cursor=first["next_cursor"])
    assert sorted(row["name"] for row in first["assets"] + rest["assets"]) == ["tee-0.glb", "tee-1.glb", "tee-2.glb"]
    assert "next_cursor" not in rest
    assert [row["by"] for row in (await shop.do("assets_list", name="PHOTO"))["assets"]] == ["upload"]
    assert (await shop.do("assets_list", tool="three_d_models_make", name="2"))["assets"][0]["name"] == "tee-2.glb"


@pytest.mark.requirement("assets:provenance")
async def test_a_file_tells_what_it_was_made_of(shop: Demo) -> None:
    store = shop.app.services.get(Assets)
    photo = await store.put(_png(), "photo.png", "upload")
    cut = await store.add(b"cut", "cut", "image/png", Provenance("media_cutouts_make", (photo.sha256,)))
    made = Provenance(
        "three_d_models_generate", (cut.sha256, "f" * 64), "tripo", "v2.5", "a tee", 0.3, "commercial use", {"seed": 7}
    )
    model = await store.add(b"glTF", "tee", "model/gltf-binary", made)
    told = await shop.do("assets_get", asset=model.id)
    assert (told["provider"], told["model"], told["cost_usd"], told["parameters"]) == (
        "tripo",
        "v2.5",
        0.3,
        {"seed": 7},
    )
    assert [(one.get("asset"), one["used_for"]) for one in told["sources"]] == [
        (cut.id, model.sha256),
        (None, model.sha256),
        (photo.id, cut.sha256),
    ]
    assert told["link"].startswith("http://127.0.0.1:")


def test_hashes_are_found_wherever_they_stand() -> None:
    found = named_in({"a": [f"ast_{'a' * 64}"], "url": f"https://x/assets/ast_{'b' * 64}/t.glb", "c": "c" * 65})
    assert found == {"a" * 64, "b" * 64}


async def test_without_a_folder_there_is_nothing(tmp_path: Path) -> None:
    app = build(settings_for(tmp_path), [])
    assert await app.services.get(Assets).all() == []
    with pytest.raises(Refused):
        await app.services.get(Assets).get(f"ast_{'0' * 64}")
    await app.close()


def _png() -> bytes:
    from tests.surface.rest.test_assets import png

    return png()
