"""``devskyy clients …``: programs that act in their own name, and all others that are connected, from a terminal."""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devskyy_mcp.app import local_principal
from devskyy_mcp.auth.server.clients import Clients
from devskyy_mcp.errors import Code, Refused

from .terminal import as_json, columns, default_output, say

if TYPE_CHECKING:
    from devskyy_mcp.app import App


async def clients(app: App, given: argparse.Namespace) -> int:
    """List, add or revoke clients.

    Raises:
        Refused: INVALID_ARGUMENTS for scopes or keys that are none; NOT_FOUND.
    """
    async with app.running(eager=False):
        say(await _ACTIONS[given.action](app, given))
    return 0


async def _list(app: App, given: argparse.Namespace) -> str:
    rows = [_row(row) for row in await app.services.get(Clients).all()]
    if given.json or default_output() == "json":
        return as_json({"clients": rows})
    return columns(rows) if rows else "No program is connected yet."


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    def day(at: int | None) -> str:
        return datetime.fromtimestamp(at / 1e6, UTC).isoformat(" ", "seconds") if at else "never"

    return {
        "client_id": row["id"],
        "name": row["metadata"].get("client_name", ""),
        "kind": row["kind"],
        "scopes": " ".join(row["scopes"] or ()),
        "used": day(row["used_at"]),
        "state": "revoked" if row["revoked_at"] else "active",
    }


async def _add(app: App, given: argparse.Namespace) -> str:
    known = {scope for tool in app.registry.tools.values() for scope in tool.policy.scopes if scope != "*"}
    if unknown := sorted(set(given.scopes) - known):
        raise Refused(
            Code.INVALID_ARGUMENTS, f"There is no scope {unknown[0]!r}.", f"There are: {' '.join(sorted(known))}."
        )
    jwks = _keys(given.jwks) if given.jwks else None
    client, secret = await app.services.get(Clients).add(given.name, given.scopes, local_principal().id, jwks)
    made: dict[str, Any] = {"client_id": client.id, "scopes": sorted(client.scopes)}
    if secret:
        made["client_secret"] = secret
    if given.json or default_output() == "json":
        return as_json(made)
    shown = f"client_id      {client.id}\n"
    shown += f"client_secret  {secret}\nKeep it now: it is shown this once." if secret else "It signs with its own key."
    return f"{shown}\nTokens: POST {app.settings.base_url}/oauth/token with grant_type=client_credentials."


def _keys(path: Path) -> dict[str, Any]:
    from devskyy_mcp.auth.server.documents import public_keys
    from devskyy_mcp.auth.server.models import Rejected

    try:
        return public_keys(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError, Rejected):
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"{path} is no JSON Web Key Set of public keys.",
            'It looks like {"keys": [{"kty": "EC", …}]} (RFC 7517), without any private part.',
        ) from None


async def _revoke(app: App, given: argparse.Namespace) -> str:
    ended = await app.services.get(Clients).revoke(given.client_id, local_principal().id)
    return (
        f"{given.client_id} is kept out from now on; {ended} of its grants ended, running servers follow in 5 seconds."
    )


_ACTIONS: dict[str, Callable[[App, argparse.Namespace], Awaitable[str]]] = {
    "list": _list,
    "add": _add,
    "revoke": _revoke,
}
