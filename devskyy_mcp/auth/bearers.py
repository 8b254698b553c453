"""Whose a bearer token is: the one place that all kinds of tokens are taken at.

A token that was verified is remembered by its hash until it ends; what its grant is still worth is ``Standings``'.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from ..context import Principal
from ..errors import Code, Refused
from .api_keys import PREFIX
from .scopes import within
from .standing import Kind, Standing, Standings, soon

LONGEST = 8 * 1024
"""Characters of a token."""
REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Access:
    """What a token says, once it is verified.

    Args:
        principal: with all scopes that the token carries; ``sid`` names what it hangs on.
        kind: where ``sid`` is looked up; None for tokens of others, which are good until they end.
        path: the path that it is good for, with what lies below; empty for all.
        until: when it ends, seconds since the epoch.
    """

    principal: Principal
    kind: Kind | None
    path: str
    until: float


Take = Callable[[str], Coroutine[Any, Any, Access]]
"""Verifies a token. Raises Refused UNAUTHENTICATED for one that is worth nothing."""


@dataclass(slots=True)
class _Known:
    access: Access
    standing: Standing | None
    principal: Principal


class Bearers:
    """Tells whose a token is.

    Args:
        take: verifies access tokens.
        take_key: verifies API keys.
        standings: what grants and keys are still worth.
        clock: seconds since the epoch.
    """

    def __init__(
        self, take: Take, take_key: Take, standings: Standings, clock: Callable[[], float] = time.time
    ) -> None:
        self._take = take
        self._take_key = take_key
        self.standings = standings
        self._clock = clock
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def known(self, token: str, path: str) -> Principal | None:
        """The token's principal without any waiting; None when it has to be asked for by ``principal``."""
        known = self._known.get(_digest(token))
        if known is None or known.access.until <= self._clock() or not _below(path, known.access.path):
            return None
        if known.access.kind is None:
            return known.principal
        standing = self.standings.recent(known.access.principal.sid)
        return known.principal if standing is not None and standing is known.standing else None

    async def principal(self, token: str, path: str) -> Principal:
        """Whose the token is, with what it allows now.

        Raises:
            Refused: UNAUTHENTICATED when it is worth nothing here; Unconfirmed when that can't be looked up.
        """
        if len(token) > LONGEST:
            raise invalid("is too long")
        digest = _digest(token)
        known = self._known.get(digest)
        if known is None or known.access.until <= self._clock():
            access = await soon((self._take_key if token.startswith(PREFIX) else self._take)(token))
            known = _Known(access, None, access.principal)
        if not _below(path, known.access.path):
            raise invalid("was issued for another address")
        standing = await self._standing(known.access)
        if standing is not known.standing:
            known.principal = cut(known.access.principal, standing)
            known.standing = standing
        if standing is None or standing.confirmed:
            self._remember(digest, known)
        return known.principal

    async def _standing(self, access: Access) -> Standing | None:
        if access.kind is None:
            return None
        standing = await self.standings.of(access.kind, access.principal.sid)
        if standing is None:
            raise invalid("was revoked")
        return standing

    def _remember(self, digest: bytes, known: _Known) -> None:
        self._known[digest] = known
        self._known.move_to_end(digest)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def forget(self) -> None:
        """Verify every token anew at its next use."""
        self._known.clear()

    async def again(self, principal: Principal) -> Principal | None:
        """The principal of a connection that stays open, with what is allowed now; None when that has ended.

        Raises:
            Unconfirmed: when it can't be looked up and nothing recent is known.
        """
        kind = kind_of(principal)
        if kind is None:
            return principal if not principal.until or principal.until > self._clock() else None
        standing = await self.standings.of(kind, principal.sid)
        return None if standing is None else cut(principal, standing)


def kind_of(principal: Principal) -> Kind | None:
    """What the principal's ``sid`` names."""
    if not principal.sid or principal.until:
        return None
    if principal.kind == "key":
        return "key"
    return "grant" if principal.client else "session"


def cut(principal: Principal, standing: Standing | None) -> Principal:
    """The principal with no more than what is allowed now; while that is unconfirmed, reading only."""
    if standing is None:
        return principal
    scopes = within(principal.scopes, standing.most)
    return replace(principal, scopes=scopes, unconfirmed=not standing.confirmed)


def invalid(why: str) -> Refused:
    """The refusal of a token; ``why`` goes on from "The access token" and tells nothing that is not known already."""
    return Refused(Code.UNAUTHENTICATED, f"The access token {why}.", "Sign in again.", details={"token": "invalid"})


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _below(path: str, above: str) -> bool:
    return not above or path == above or path.startswith(f"{above}/")
