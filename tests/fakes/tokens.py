"""Access tokens for tests, as the authorization server issues them, without its endpoints."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from typing import Any

from devskyy_mcp.app import App
from devskyy_mcp.auth.accounts import User
from devskyy_mcp.auth.grants import Grants
from devskyy_mcp.auth.signing import SigningKeys
from devskyy_mcp.db.database import Database

CLIENT = "https://host.example/client.json"


async def client(app: App, name: str = CLIENT, scopes: Iterable[str] | None = None) -> str:
    """A client that the server knows; with ``scopes`` a confidential one."""
    from devskyy_mcp.db.tables import oauth_clients

    row = {
        "id": name,
        "kind": "document" if scopes is None else "confidential",
        "metadata": {"client_name": "A host"},
        "scopes": sorted(scopes) if scopes is not None else None,
        "created_at": time.time_ns() // 1000,
    }
    async with app.services.get(Database).begin() as conn:
        await conn.execute(oauth_clients.insert().values(row))
    return name


async def grant(
    app: App, user: User | None, scopes: Iterable[str], *, resource: str = "", client_id: str = CLIENT
) -> str:
    """A grant of that person to the client, which must be there; its ``sid``."""
    grants = app.services.get(Grants)
    async with app.services.get(Database).begin() as conn:
        return await grants.open(
            conn,
            client_id=client_id,
            scopes=scopes,
            resource=app.settings.base_url + resource,
            lives=3600 * 1_000_000,
            user_id=user.id if user else None,
            amr=["pwd"],
        )


def claims(app: App, user: User | None, sid: str, scopes: Iterable[str], resource: str = "") -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": app.settings.base_url,
        "sub": f"user:{user.id}" if user else CLIENT,
        "aud": app.settings.base_url + resource,
        "client_id": CLIENT,
        "scope": " ".join(sorted(scopes)),
        "sid": sid,
        "iat": now,
        "exp": now + 600,
        "jti": secrets.token_hex(8),
        "auth_time": now,
        "amr": ["pwd"],
    }


async def token(app: App, user: User | None, scopes: Iterable[str], resource: str = "") -> str:
    """An access token for a grant of its own."""
    scopes = list(scopes)
    sid = await grant(app, user, scopes, resource=resource)
    return await app.services.get(SigningKeys).sign(claims(app, user, sid, scopes, resource))


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
