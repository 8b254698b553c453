"""Whether the site still answers: asked before and after code on it is switched on or off."""

from __future__ import annotations

from collections.abc import Sequence

from devskyy_mcp.changes.model import Op, Outcome
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.http import UpstreamError

from . import collections as at
from .client import ShopClient

PAGES = (("/", "the front page"), ("/wp-json/", "the REST index"))


async def ill(client: ShopClient) -> str:
    """What of the site does not answer with 200, in words; empty when all does."""
    for path, name in PAGES:
        params = {"_fields": "name"} if path.endswith("json/") else None
        try:
            answer = await client.upstream.send("GET", path, params=params)
        except UpstreamError as error:
            return f"{name} does not answer ({error.code})."
        if answer.status != 200:
            return f"{name} answers {answer.status}."
    return ""


def switches(ops: Sequence[Op]) -> bool:
    """Whether these ops switch a plugin on or off."""
    return any(op.collection == at.PLUGINS.name and op.kind == "update" and "status" in op.body for op in ops)


async def settled(client: ShopClient, op: Op, outcome: Outcome) -> Outcome:
    """The outcome as it is; where the site broke under it, the plugin is switched back and the outcome says so."""
    broken = await ill(client)
    if not broken:
        if outcome.state == "done":
            outcome.notes.append("The front page and the REST index answer.")
        return outcome
    was = "inactive" if op.body["status"] == "active" else "active"
    back = await _switch(client, op, was)
    well = back and not await ill(client)
    message = f"The site broke: {broken} " + (
        f"The plugin was switched back ({was}), and the site answers again."
        if well
        else "It could not be switched back from here."
    )
    hint = (
        "Look into the site's error log before trying again."
        if well
        else "Rename the plugin's folder in wp-content/plugins over SFTP, or use the recovery link WordPress mails."
    )
    return Outcome("failed", str(op.target), error=Refused(Code.UPSTREAM_INVALID, message, hint).as_dict())


async def _switch(client: ShopClient, op: Op, status: str) -> bool:
    try:
        answer = await client.write("PUT", at.PLUGINS.url({}, op.target), json={"status": status})
    except UpstreamError:
        return False
    return answer.status < 400
