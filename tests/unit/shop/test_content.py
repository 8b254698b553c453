"""Posts, pages, media and site terms."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.errors import Refused
from devskyy_tools.shop import collections as at
from devskyy_tools.shop.uploads import file_name

from .bench import Bench


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes([row * 30, 20, 90]) * 8 for row in range(8))
    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.requirement("shop:undo-exact")
@pytest.mark.parametrize("collection", [at.POSTS, at.PAGES], ids=lambda collection: collection.name)
async def test_undo_of_content_is_exact(bench: Bench, collection: Any) -> None:
    fields = {"title": "Hello & <b>you</b>", "content": "<p>Hi &amp; ho</p>", "status": "draft"}
    target, made = await bench.create(collection, fields)
    assert made.state == "done"
    still = {"date", "date_gmt"}  # WordPress moves them itself until a post is published for the first time
    for change in (
        {"title": "New & nice", "content": "<p>x</p>", "excerpt": "e"},
        {"status": "publish"},
        {"slug": "a-slug-of-its-own"},
    ):
        before = await bench.raw(collection, target)
        done = await bench.update(collection, target, change)
        assert done.state == "done"
        await bench.undo([done])
        after = await bench.raw(collection, target)
        assert {name for name in after if after[name] != before[name]} <= still
    shop, unit = bench.call()
    await shop.delete(collection, target)
    await bench.undo(await bench.commit(unit))
    after = await bench.raw(collection, target)
    assert {name for name in after if after[name] != before[name]} <= still


@pytest.mark.requirement("shop:content-rules")
async def test_unknown_categories_are_refused(bench: Bench) -> None:
    shop, _ = bench.call()
    with pytest.raises(Refused, match="no 99999 in categories"):
        await shop.create(at.POSTS, {"title": "x", "categories": [99999]})
    with pytest.raises(Refused, match="needs a date"):
        await shop.create(at.POSTS, {"title": "x", "status": "future"})


@pytest.mark.requirement("shop:uploads")
async def test_a_stored_file_is_uploaded_checked_and_found_again(bench: Bench, tmp_path: Path) -> None:
    content = png()
    path = tmp_path / "stored"
    path.write_bytes(content)
    file = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "path": str(path),
        "name": "Dress Öne.PNG",
        "type": "image/png",
    }
    texts = {"title": "Dress & co", "alt_text": "a dress", "caption": "silk"}
    target, done = await bench.create(at.MEDIA, {"file": file, **texts})
    assert done.state == "done"
    stored = await bench.raw(at.MEDIA, target)
    assert file_name(file) in stored["source_url"]
    assert (stored["alt_text"], stored["title"]["raw"]) == ("a dress", "Dress & co")
    assert (await bench.system.look([done]))[0].object_id == str(target)
    changed = await bench.update(at.MEDIA, target, {"alt_text": "b & c", "caption": "<i>c</i>"})
    assert changed.state == "done"
    await bench.undo([changed])
    assert (await bench.raw(at.MEDIA, target))["alt_text"] == "a dress"
    await bench.undo([done])
    with pytest.raises(Refused):
        await bench.raw(at.MEDIA, target)


@pytest.mark.requirement("shop:uploads")
async def test_another_file_than_was_staged_is_not_sent(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(png())
    file = {"sha256": "0" * 64, "path": str(path), "name": "a.png", "type": "image/png"}
    shop, unit = bench.call()
    await shop.create(at.MEDIA, {"file": file})
    path_gone = {**file, "path": str(tmp_path / "gone")}
    await shop.create(at.MEDIA, {"file": path_gone})
    bench.requests()
    done = await bench.commit(unit)
    assert [item.state for item in done] == ["not_sent", "not_sent"]
    assert bench.requests() == []
    assert str(tmp_path) not in str([item.outcome.error for item in done])


def test_file_names_are_safe_and_carry_the_mark() -> None:
    mark = "ab" * 32
    assert file_name({"sha256": mark, "name": "../Silk Dress\r\n.png"}) == "silk-dress-abababababab.png"
    assert file_name({"sha256": mark, "name": "ü"}) == "file-abababababab"


@pytest.mark.requirement("shop:lists")
async def test_lists_without_pages_are_cut_here(bench: Bench) -> None:
    shop, _ = bench.call()
    for name in ("Hemline", "Lining", "Collar"):
        await bench.create(at.ATTRIBUTES, {"name": name})
    everything = await shop.list(at.ATTRIBUTES)
    page = await shop.list(at.ATTRIBUTES, page=2, per_page=2)
    assert page.items == everything.items[2:4]
    assert page.total == everything.total
