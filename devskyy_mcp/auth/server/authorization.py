"""The authorization endpoint without its pages: who asks for what, whether a person must be asked, and the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from ...errors import Code, Refused
from ..scopes import LEAST, OFFLINE, covers, of_role, within
from ..sessions import Session
from .clients import Client
from .consents import Consents
from .models import Asking, Authorization, Rejected, checked
from .redirects import KNOWN_HOSTS, Redirect, chosen
from .server import AuthServer


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for access that is right in form.

    Args:
        client: who asks.
        redirect: where the answer goes.
        named: whether the request named that address.
        request: its other parameters.
        wanted: the scopes that it asks for and that there are.
        resource: the address that tokens are to be for.
    """

    client: Client
    redirect: Redirect
    named: bool
    request: Authorization
    wanted: frozenset[str]
    resource: str

    @property
    def prompts(self) -> frozenset[str]:
        """OpenID Connect Core §3.1.2.1: none, login, consent, select_account."""
        return frozenset((self.request.prompt or "").split())

    @property
    def known(self) -> bool:
        """Whether somebody known answers at the redirect address, so that the client is who it says it is.

        A loopback address or a scheme of its own is answered by whichever program came first.
        """
        trusted = self.client.kind == "document" or self.redirect.host in KNOWN_HOSTS
        return self.redirect.kind == "https" and trusted

    @property
    def query(self) -> str:
        """The request as a query, for the way through the login page and the form."""
        given = {"client_id": self.client.id, **self.request.model_dump(exclude_none=True)}
        return urlencode(given | ({"redirect_uri": self.redirect.uri} if self.named else {}))


class ToClient(Exception):
    """An answer that goes to the client through the browser (RFC 6749 §4.1.2.1)."""

    def __init__(self, location: str) -> None:
        super().__init__()
        self.location = location


class Authorizations:
    """Args: ``scopes`` are all that there are."""

    def __init__(self, server: AuthServer, consents: Consents, scopes: frozenset[str]) -> None:
        self._server = server
        self.consents = consents
        self.scopes = scopes

    async def read(self, given: Mapping[str, str], address: str) -> Ask:
        """What is asked for.

        Args:
            given: the request's parameters.
            address: the IP address that it comes from.

        Raises:
            Refused: where nobody may be redirected, because client or address are not known.
            ToClient: for what else is wrong.
        """
        client, redirect = await self._asking(given, address)
        state = given.get("state")
        try:
            request = checked(Authorization, given)
            resource = self._resource(request.resource)
            wanted = self._wanted(request.scope, client)
        except Rejected as rejected:
            if state is not None and not (len(state) <= 2048 and state.isascii() and state.isprintable()):
                state = None
            raise self.error(redirect, state, rejected.error, rejected.description) from None
        return Ask(client, redirect, "redirect_uri" in given, request, wanted, resource)

    async def _asking(self, given: Mapping[str, str], address: str) -> tuple[Client, Redirect]:
        hint = "Remove the connection in your program and connect again; nothing was granted."
        try:
            asking = checked(Asking, given)
            client = await self._server.clients.get(asking.client_id, address)
        except Rejected as rejected:
            raise Refused(Code.INVALID_ARGUMENTS, rejected.description, hint) from None
        if client is None:
            raise Refused(Code.INVALID_ARGUMENTS, "The program that sent you here is not known to this server.", hint)
        redirect = chosen(asking.redirect_uri, client.redirect_uris)
        if redirect is None:
            raise Refused(
                Code.INVALID_ARGUMENTS,
                "The program that sent you here wants the answer at an address that is not its own.",
                hint,
            )
        return client, redirect

    def _resource(self, asked: str | None) -> str:
        found = self._server.store.resource(asked)
        if found is None:
            raise Rejected("invalid_target", "The resource is none of this server.")
        return found

    def _wanted(self, scope: str | None, client: Client) -> frozenset[str]:
        asked = frozenset(scope.split()) if scope else LEAST
        wanted = asked & self.scopes
        if not wanted:
            raise Rejected("invalid_scope", "There is no scope of these names.")
        # Hosts from before offline_access just refresh: those that said so are asked about as if they had asked.
        return wanted | {OFFLINE} if client.check_grant_type("refresh_token") else wanted - {OFFLINE}

    def offered(self, ask: Ask, session: Session) -> frozenset[str]:
        """Of what is wanted, what the person's role lets them grant."""
        return within(ask.wanted, of_role(session.user.role) | {OFFLINE})

    async def agreed(self, ask: Ask, session: Session) -> frozenset[str] | None:
        """What the person has agreed to before, where that settles it; None when they must be asked.

        Raises:
            ToClient: consent_required with prompt=none.
        """
        offered = self.offered(ask, session)
        if not offered - {OFFLINE}:
            raise self.error(
                ask.redirect, ask.request.state, "access_denied", "The role of the person allows none of it."
            )
        before = await self.consents.of(session.user.id, ask.client.id)
        settled = ask.known and all(covers(before, scope) for scope in offered)
        if settled and not ask.prompts & {"consent", "select_account"}:
            return offered
        if "none" in ask.prompts:
            raise self.error(ask.redirect, ask.request.state, "consent_required", "The person has to be asked.")
        return None

    async def grant(self, ask: Ask, session: Session, scopes: Iterable[str], *, remember: bool) -> str:
        """Give the client a code; where the browser goes with it."""
        granted = self.offered(ask, session) & frozenset(scopes)
        if not granted - {OFFLINE}:
            raise self.denied(ask)
        if remember:
            await self.consents.give(session.user.id, ask.client.id, granted)
        code = await self._server.store.families.code(
            ask.redirect.uri,
            ask.request.code_challenge,
            named=ask.named,
            grant={
                "client_id": ask.client.id,
                "user_id": session.user.id,
                "scopes": granted,
                "resource": ask.resource,
                "amr": session.amr,
                "auth_at": session.auth_at,
            },
        )
        return self._location(ask.redirect, ask.request.state, {"code": code})

    def denied(self, ask: Ask) -> ToClient:
        return self.error(ask.redirect, ask.request.state, "access_denied", "The person said no.")

    def login_required(self, ask: Ask) -> ToClient:
        return self.error(ask.redirect, ask.request.state, "login_required", "Nobody is signed in.")

    def error(self, redirect: Redirect, state: str | None, error: str, description: str) -> ToClient:
        """The answer that something is wrong, at the client's address."""
        return ToClient(self._location(redirect, state, {"error": error, "error_description": description}))

    def _location(self, redirect: Redirect, state: str | None, answer: Mapping[str, str]) -> str:
        """The client's address with the answer, the request's state, and who answers (RFC 9207)."""
        whole = {**answer, **({"state": state} if state else {}), "iss": self._server.issuer}
        return f"{redirect.uri}{'&' if '?' in redirect.uri else '?'}{urlencode(whole)}"
