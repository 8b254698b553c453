"""What somebody finds who has the database, and not its keys: names of tools, ids and times, and nobody's data."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from devskyy_mcp.app import local_principal
from devskyy_mcp.changes.asking import Person
from devskyy_mcp.db import Database
from devskyy_mcp.db.tables import change_ops, change_sets, data_keys, jobs, metadata
from devskyy_mcp.db.vault import SEALED, Keyring
from devskyy_mcp.db.vault.rotation import PLAIN, look, rewrap, seal_rest, verify
from devskyy_mcp.db.vault.vault import ROOT, SEALED_ROOT, is_sealed
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.invoke import Call, Decision
from tests.fakes.demo import Demo, demo
from tests.fakes.jobs import Press, prints_pack
from tests.fakes.unsealed import as_before_keys

ADDRESS = {
    "first_name": "Zephyrine",
    "last_name": "Quackenbush",
    "address_1": "77 Nightingale Row",
    "city": "Llanfairpwll",
    "postcode": "LL61 5XX",
    "country": "GB",
    "email": "canary.zq@mail.test",
    "phone": "+44 20 7946 0958",
}
NAMES = [*ADDRESS.values(), "other.zq@mail.test", "third.zq@mail.test", "Wilhelmina", "Marmaduke", "Bartholomew"]
CANARIES = [text for text in NAMES if text != "GB"]


async def write_everything(shop: Demo, folder: Path) -> None:
    """Every kind of write, of job and of end, each with somebody's data in it."""
    me = local_principal()
    made = await agreed(shop, "woo_customers_create", email=ADDRESS["email"], first_name="Zephyrine", billing=ADDRESS)
    with pytest.raises(Refused):
        await agreed(shop, "woo_customers_create", email=ADDRESS["email"], last_name="Quackenbush")
    customer = int(made["changes"][0]["id"])
    change = await agreed(shop, "woo_customers_update", id=customer, email="other.zq@mail.test", shipping=ADDRESS)
    await agreed(shop, "changes_undo", change=change["change"])
    await shop.do("woo_customers_list", search="canary.zq@mail.test")
    await shop.do("woo_customers_list", email="third.zq@mail.test")
    product = await shop.some("woo_products_list", search="tee")
    order = await agreed(
        shop,
        "woo_orders_create",
        lines=[{"product_id": product, "quantity": 1}],
        status="processing",
        billing=ADDRESS,
        customer_note="Ring at Bartholomew's",
    )
    number = int(order["changes"][0]["id"])
    await agreed(shop, "woo_orders_update", id=number, shipping=ADDRESS, customer_note="For Marmaduke")
    await agreed(shop, "woo_order_notes_create", order_id=number, note="Called Zephyrine Quackenbush")
    await agreed(shop, "woo_refunds_create", order_id=number, amount="1.00", reason="Marmaduke was unhappy")
    await agreed(shop, "woo_orders_delete", id=number)
    picture = folder / "marmaduke.png"
    Image.new("RGB", (2, 2), "red").save(picture)
    await agreed(shop, "wp_media_upload", path=str(picture), title="Portrait of Marmaduke")
    await agreed(shop, "wp_posts_create", title="Interview with Bartholomew", content="<p>77 Nightingale Row</p>")
    await shop.do("woo_products_update", id=product, name="The Quackenbush tee", preview=True)
    key = Call(
        me, "woo_customers_update", {"id": customer, "last_name": "Bartholomew"}, "cli", key="third.zq@mail.test"
    )
    first, again = (await shop.app.road.invoke(key)).data, (await shop.app.road.invoke(key)).data
    assert again["change"] == first["change"]
    with pytest.raises(Refused, match="used for another call"):
        await shop.app.road.invoke(
            Call(me, "woo_customers_update", {"id": customer, "last_name": "x"}, "cli", key="third.zq@mail.test")
        )
    await run_jobs(shop)


async def agreed(shop: Demo, tool: str, **arguments: Any) -> dict[str, Any]:
    """What came of the call; a person has said yes where one was asked."""
    me = local_principal()
    asked = await shop.app.road.invoke(Call(me, tool, arguments, "cli", can_ask=True))
    if asked.question is None:
        return asked.data
    decision = Decision(asked.question.change, agreed=True, person=Person("Wilhelmina", "page"))
    return (await shop.app.road.invoke(Call(me, tool, arguments, "cli", can_ask=True, decision=decision))).data


async def run_jobs(shop: Demo) -> None:
    press = Press()
    press.go.set()
    pack = prints_pack(press)
    shop.app.registry.add(pack)
    assert pack.provides is not None
    pack.provides(shop.app.services)
    async with shop.app.running(eager=True):
        for tool, arguments in (("prints_make", {"title": "Zephyrine"}), ("woo_catalog_export", {})):
            job = (await shop.do(tool, **arguments))["job"]
            assert (await shop.do("jobs_wait", job=job, seconds=30))["state"] == "succeeded"
        asks = (await shop.do("prints_ask"))["job"]
        assert (await shop.do("jobs_wait", job=asks, seconds=30))["state"] == "input_required"
        await shop.app.road.jobs.answer(local_principal(), asks, {"what": {"title": "Quackenbush"}}, person=True)
        ended = await shop.do("jobs_wait", job=asks, seconds=30)
        assert ended["result"]["title"] == "Quackenbush"


@pytest.fixture
async def written(database_url: str, tmp_path: Path) -> AsyncGenerator[Database]:
    """The database after all of that, opened anew."""
    settings: dict[str, Any] = {"database_url": database_url}
    await (tables := Database(database_url, migrate=True)).open()
    await tables.close()
    async with demo(tmp_path, **settings) as shop:
        await write_everything(shop, tmp_path)
    database = Database(database_url, migrate=True)
    await database.open()
    yield database
    await database.close()


async def dumped(database: Database) -> bytes:
    """All that the database holds: the file's bytes with its journal, or every table of every schema as text."""
    path = database.dsn.path
    if path is not None:
        await database.close()
        return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))  # small
    dump = io.StringIO()
    async with database.read() as conn:
        tables = await conn.exec_driver_sql(
            "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'"
        )
        for (name,) in tables.all():
            for (row,) in await conn.exec_driver_sql(f"SELECT t::text FROM {name} t"):  # the database's own names
                dump.write(f"{row}\n")
    await database.close()
    return dump.getvalue().encode()


@pytest.mark.requirement("vault:dump")
async def test_nobodys_data_is_readable_in_a_dump(written: Database) -> None:
    async with written.read() as conn:
        kinds = {row[0] for row in await conn.execute(sa.select(change_sets.c.tool))}
        assert {"woo_customers_create", "woo_orders_create", "woo_refunds_create", "wp_media_upload"} <= kinds
        assert {row[0] for row in await conn.execute(sa.select(jobs.c.state))} == {"succeeded"}
    dump = await dumped(written)
    assert b"woo_customers_create" in dump  # it is the dump of what was written
    found = [text for text in CANARIES if text.lower().encode() in dump.lower()]
    assert not found


@pytest.mark.requirement("vault:bound")
async def test_a_value_that_was_moved_or_altered_is_not_used(written: Database) -> None:
    c = change_ops.c
    async with written.read() as conn:
        rows = (await conn.execute(sa.select(c.change_id, c.seq, c.body, c.before).where(c.kind == "update"))).all()
    sealed = [row for row in rows if is_sealed(row.body)]
    one, other = sealed[0], sealed[1]
    vault = written.vault
    here = f"{one.change_id}|{one.seq}"
    assert isinstance(vault.open("change_ops", "body", here, one.body), dict)
    altered = f"{one.body[:-6]}{'A' if one.body[-6] != 'A' else 'B'}{one.body[-5:]}"
    moved = [
        ("change_ops", "body", here, other.body),
        ("change_ops", "before", here, one.body),
        ("change_sets", "body", here, one.body),
        ("change_ops", "body", here, altered),
        ("change_ops", "body", here, f"{one.body[:-1]}"),
        ("change_ops", "body", here, f"{one.body}=="),
    ]
    for place in moved:
        with pytest.raises(Refused, match="altered, or moved"):
            vault.open(*place)
    async with written.begin() as conn:
        same = (c.change_id == one.change_id, c.seq == one.seq)
        await conn.execute(change_ops.update().where(*same).values(body=other.body))
    found = await verify(written)
    assert (found.failed, len(found.faults)) == (1, 1)
    assert f"change_ops.body of {here}" in found.faults[0]


@pytest.mark.requirement("vault:rotate")
async def test_every_sealed_value_opens_under_the_new_key_and_what_was_plain_is_sealed(
    written: Database, database_url: str
) -> None:
    async with written.read() as conn:
        row = (await conn.execute(change_sets.select().where(change_sets.c.tool == "woo_customers_create"))).first()
    assert row is not None
    opened = written.vault.open("change_sets", "arguments", row.id, row.arguments)
    await as_before_keys(written)
    async with written.begin() as conn:  # as a version without keys has written it
        values = {"arguments": opened, "idempotency_key": "third.zq@mail.test again"}
        await conn.execute(change_sets.update().where(change_sets.c.id == row.id).values(**values))
    assert (await verify(written)).counts["change_sets.arguments"][PLAIN] == 1

    old = written.vault.keyring.newest
    key = "a new key for this test only, long enough"
    both = Database(database_url, migrate=True, keys=Keyring(f"{key},{os.environ['ENCRYPTION_MASTER_KEY']}"))
    await both.open()
    assert (await rewrap(both), await seal_rest(both), await seal_rest(both)) == (2, 1, 0)
    assert both.vault.strict
    await both.close()
    new = Database(database_url, migrate=True, keys=Keyring(key))
    await new.open()
    assert new.vault.strict
    found, keys = await verify(new), await look(new)
    assert found.failed == 0
    assert {kid for counts in found.counts.values() for kid in counts} == {new.vault.keyring.newest}
    assert (keys.by_kid, keys.missing) == ({new.vault.keyring.newest: 2}, [])
    assert old not in keys.by_kid
    await new.close()
    assert b"third.zq" not in await dumped(new)
    with pytest.raises(Refused) as lost:
        await Database(database_url, migrate=True).open()
    assert lost.value.code is Code.NOT_CONFIGURED
    assert new.vault.keyring.newest in lost.value.message


@pytest.mark.requirement("vault:strict")
async def test_plain_text_put_into_any_sealed_column_is_not_used(written: Database) -> None:
    """By somebody who can write to the database and has no keys."""
    rules = {name: rule for name, rule in SEALED.items() if not rule.fixed}
    put: set[str] = set()
    for name, rule in rules.items():
        table = metadata.tables[name]
        for column in rule.columns:
            is_json = isinstance(table.c[column].type, sa.JSON)
            async with written.begin() as conn:
                first = (await conn.execute(sa.select(*table.primary_key).limit(1))).first()
                if first is None:
                    continue
                same = [one == value for one, value in zip(table.primary_key, first, strict=True)]
                planted = {"email": "eve@mail.test"} if is_json else "eve@mail.test"
                await conn.execute(table.update().where(*same).values({column: planted}))
                row = (await conn.execute(table.select().where(*same))).mappings().one()
                with pytest.raises(Refused, match="not sealed, as all of them are here") as caught:
                    await written.vault.open_rows(conn, name, [{key: row[key] for key in {*rule.key, column}}])
            assert f"{name}.{column}" in caught.value.message
            assert "keys verify" in caught.value.hint
            put.add(f"{name}.{column}")
    assert {"change_sets.summary", "change_ops.body", "jobs.result", "job_events.data", "job_steps.value"} <= put
    assert await seal_rest(written) == 0  # which would make it look like ours
    found = await verify(written)
    assert found.unsealed == dict.fromkeys(put, 1)
    assert found.failed == len(put)
    assert any("change_ops.body of " in fault for fault in found.faults)


@pytest.mark.requirement("vault:strict")
async def test_what_says_that_all_is_sealed_is_sealed_too(written: Database, database_url: str) -> None:
    async with written.begin() as conn:
        await conn.execute(data_keys.update().where(data_keys.c.id == SEALED_ROOT).values(id=ROOT))
    with pytest.raises(Refused, match="altered, or moved"):
        await Database(database_url, migrate=True).open()
    async with written.begin() as conn:
        await conn.execute(data_keys.delete().where(data_keys.c.id == ROOT))
    with pytest.raises(Refused, match="sealed by the key"):
        await Database(database_url, migrate=True).open()


def test_what_is_sealed_names_columns_that_exist() -> None:
    for name, rule in SEALED.items():
        assert {*rule.key, *rule.columns, *rule.marks} <= set(metadata.tables[name].c.keys())
