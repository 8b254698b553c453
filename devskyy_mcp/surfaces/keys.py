"""``devskyy keys``: what seals the database's secrets, changing it while servers run, and proving that all opens."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from devskyy_mcp.db import Database

from .terminal import as_json, say

if TYPE_CHECKING:
    from devskyy_mcp.app import App
    from devskyy_mcp.db.vault.rotation import Found, Keys


async def keys(app: App, given: argparse.Namespace) -> int:
    """``show``, ``rotate``, or ``verify``, which ``--verify`` adds to the others: open every sealed value; 1 when one
    can't be opened, or is not sealed where all of them are.
    """
    from devskyy_mcp.db.vault import rotation

    database = app.services.get(Database)
    told: dict[str, Any] = {}
    failed = False
    async with app.running(eager=False):
        await database.open()
        if given.action == "rotate":
            told |= await _rotate(database)
        told |= _of_keys(database, await rotation.look(database))
        if given.verify or given.action == "verify":
            found = await rotation.verify(database)
            failed = bool(found.failed)
            told |= _of_found(found)
    say(as_json(told) if given.json else _words(told))
    return 1 if failed or told["missing"] else 0


async def _rotate(database: Database) -> dict[str, Any]:
    """Put the newest key in use; where the keys lie in a file and no newer one waits, make one."""
    from devskyy_mcp.db.vault import rotation

    before = await rotation.look(database)
    ring = database.vault.keyring
    if ring.file is not None and list(before.by_kid) == [ring.newest]:
        ring.add()
    return {"rewrapped": await rotation.rewrap(database), "sealed_now": await rotation.seal_rest(database)}


def _of_keys(database: Database, found: Keys) -> dict[str, Any]:
    ring = database.vault.keyring
    return {
        "source": ring.source,
        "ring": [{"kid": kid, "data_keys": found.by_kid.get(kid, 0)} for kid in ring.kids],
        "missing": found.missing,
        "only_sealed": database.vault.strict,
    }


def _of_found(found: Found) -> dict[str, Any]:
    return {
        "unsealed": dict(found.unsealed),
        "values": {column: dict(counts) for column, counts in found.counts.items() if counts},
        "failed": found.failed,
        "faults": found.faults,
    }


def _words(told: dict[str, Any]) -> str:
    lines = [f"Keys from {told['source']}, the newest first:"]
    for key in told["ring"]:
        unused = "no data keys; nothing in this database needs it"
        lines.append(f"  {key['kid']}  {key['data_keys'] or unused}{' data keys' if key['data_keys'] else ''}")
    lines += [f"  {kid}  MISSING: put it back, what it seals can't be read" for kid in told["missing"]]
    if "rewrapped" in told:
        lines.append(
            f"{told['rewrapped']} data keys were sealed anew; {told['sealed_now']} rows were sealed that were not."
        )
    lines.append(
        "What is not sealed is not used."
        if told["only_sealed"]
        else "Values from before there were keys are still used as they are; `devskyy keys rotate` ends that."
    )
    if "values" in told:
        lines.append("Sealed values, by column and key:")
        for column, counts in told["values"].items():
            lines.append(f"  {column}: " + ", ".join(f"{number} {kid}" for kid, number in counts.items()))
        lines += [f"  {column}: {number} NOT SEALED" for column, number in told["unsealed"].items()]
        lines.append("Every one opens." if not told["failed"] else f"{told['failed']} CAN'T BE USED:")
        lines += [f"  {fault}" for fault in told["faults"]]
    return "\n".join(lines)
