"""Puts the parts of sign-in together, each at its first use."""

from __future__ import annotations

import time
from dataclasses import replace

from ..config import Settings
from ..context import Principal, Services
from ..db.database import Database
from ..errors import Code, Refused
from ..guard.audit import AuditLog
from .api_keys import ApiKeys
from .bearers import Access, Bearers, Take
from .grants import Grants
from .people import People
from .sessions import Sessions
from .signing import SigningKeys
from .standing import Standings
from .tickets import Tickets

NAMES_KEPT = 300.0
"""Seconds."""


def provide(services: Services) -> None:
    """Register what tells who calls."""
    services.share(Tickets, lambda found: Tickets(found.get(Database)))
    services.share(ApiKeys, lambda found: ApiKeys(found.get(Database), lambda: found.get(People), found.get(AuditLog)))
    services.share(Standings, _standings)
    if services.get(Settings).sign_in == "external":
        from .external import External

        services.share(External, lambda found: External(found.get(Settings)))
    services.share(Bearers, lambda found: Bearers(_take(found), found.get(ApiKeys).take, found.get(Standings)))


def _standings(services: Services) -> Standings:
    keys, people = services.get(ApiKeys), services.get(People)

    async def session(sid: str) -> frozenset[str] | None:
        return await services.get(Sessions).most(sid)

    async def grant(sid: str) -> frozenset[str] | None:
        state = await services.get(Grants).state(sid)
        return state.most if state is not None else None

    standings = Standings({"key": keys.most, "session": session, "grant": grant})
    keys.on_revoked.append(standings.end)
    people.on_changed.append(lambda _user: standings.doubt())
    services.get(Grants).on_revoked.append(standings.end)
    return standings


def _take(services: Services) -> Take:
    settings = services.get(Settings)
    if settings.sign_in == "external":
        from .external import External

        return services.get(External).take
    if settings.sign_in == "embedded":
        from .verifier import Verifier

        verifier = Verifier(services.get(SigningKeys), settings.base_url)

        names = _Names(services.get(People))

        async def take(token: str) -> Access:
            access = await verifier.take(token)
            name = await names.of(access.principal)
            return replace(access, principal=replace(access.principal, name=name)) if name else access

        return take
    raise Refused(Code.NOT_CONFIGURED, "Nobody signs in here, so there are no tokens.")


class _Names:
    """What people are called, remembered for a while: tokens don't say."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._known: dict[str, str] = {}
        self._until = 0.0
        people.on_changed.append(lambda _user: self._known.clear())

    async def of(self, principal: Principal) -> str:
        """The person's name; empty for programs."""
        if principal.kind != "user":
            return ""
        if time.monotonic() > self._until:
            self._known.clear()
            self._until = time.monotonic() + NAMES_KEPT
        user_id = principal.id.removeprefix("user:")
        if user_id not in self._known:
            user = await self._people.get(user_id)
            self._known[user_id] = user.name if user else ""
        return self._known[user_id]
