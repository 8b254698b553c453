"""Whether the one in whose name a job was stored may still do what it does, when it runs at last."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from ..config import Settings
from ..context import Principal, Services
from ..db.database import Database
from ..errors import Code, Refused
from .scopes import Role, of_role, within

PERSON = "user:usr_"


async def still(services: Services, principal: Principal) -> Principal:
    """The principal with the scopes that remain. The token or session that began the job may have ended since.

    Raises:
        Refused: FORBIDDEN when the person was disabled or is gone, or the program was revoked.
    """
    import sqlalchemy as sa

    from ..db.tables import oauth_clients, users

    if principal.id.startswith(PERSON):
        query = sa.select(users.c.role, users.c.state).where(users.c.id == principal.id.removeprefix("user:"))
    elif principal.kind == "client":
        name = principal.id.removeprefix("client:")
        query = sa.select(oauth_clients.c.scopes, oauth_clients.c.revoked_at).where(oauth_clients.c.id == name)
    else:  # this machine's user; people of an identity provider, of whom only it knows
        return principal
    async with services.get(Database).read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
    if principal.kind == "client":
        if row is None and services.get(Settings).sign_in == "external":  # only the provider knows it
            return principal
        if row is None or row["revoked_at"] is not None:
            raise _gone()
        return replace(principal, scopes=within(principal.scopes, row["scopes"] or ()))
    if row is None or row["state"] != "active":
        raise _gone()
    return replace(principal, scopes=within(principal.scopes, of_role(cast("Role", row["role"]))))


def _gone() -> Refused:
    return Refused(
        Code.FORBIDDEN,
        "Whoever started this may not act here any more.",
        "Somebody else who may can start it again.",
    )
