"""``devskyy api-keys …``: keys for scripts, made, listed and revoked in a terminal on the server's machine."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from devskyy_mcp.app import local_principal
from devskyy_mcp.auth.api_keys import ApiKeys
from devskyy_mcp.auth.people import People

from .terminal import as_json, columns, default_output, say

if TYPE_CHECKING:
    from devskyy_mcp.app import App

Action = Callable[["App", argparse.Namespace], Awaitable[str]]


async def api_keys(app: App, given: argparse.Namespace) -> int:
    """Carry out one of the actions on API keys.

    Raises:
        Refused: those of ``ApiKeys``; NOT_FOUND for a login that nobody has.
    """
    async with app.running(eager=False):
        say(await _ACTIONS[given.action](app, given))
    return 0


async def _create(app: App, given: argparse.Namespace) -> str:
    user = await app.services.get(People).find(given.login)
    keys = app.services.get(ApiKeys)
    key, text = await keys.create(user, given.name, given.scope, local_principal().id, days=given.days)
    if given.json:
        return as_json({"id": key.id, "key": text, "scopes": list(key.scopes), "expires": _moment(key.expires_at)})
    return (
        f"{text}\n\nThis is the only time that the key is shown. It acts as {user.login}, "
        f"with {', '.join(key.scopes)}, until {_moment(key.expires_at)}.\n"
        f"Send it as: Authorization: Bearer {text[:13]}…"
    )


async def _list(app: App, given: argparse.Namespace) -> str:
    people = app.services.get(People)
    logins = {user.id: user.login for user in await people.all()}
    whose = (await people.find(given.login)).id if given.login else None
    rows = [
        {
            "id": key.id,
            "login": logins.get(key.user_id, "?"),
            "name": key.name,
            "scopes": " ".join(key.scopes),
            "state": "revoked" if key.revoked_at else "live",
            "expires": _moment(key.expires_at),
            "used": _moment(key.used_at) if key.used_at else "never",
        }
        for key in await app.services.get(ApiKeys).all(whose)
    ]
    if given.json or default_output() == "json":
        return as_json({"api_keys": rows})
    return columns(rows) if rows else "There are no API keys."


async def _revoke(app: App, given: argparse.Namespace) -> str:
    await app.services.get(ApiKeys).revoke(given.id, local_principal().id)
    return f"The key {given.id} lets nobody in any more; running servers know within five seconds."


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).isoformat(" ", "seconds")


_ACTIONS: dict[str, Action] = {"create": _create, "list": _list, "revoke": _revoke}
