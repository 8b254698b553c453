"""Access tokens of an identity provider that the brand has already: JWTs by its published keys, or looked up there.

OpenID Connect Discovery 1.0, JWKS (RFC 7517), JWT access tokens (RFC 9068, and as Keycloak has them), token
introspection (RFC 7662).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, quote, urlsplit

import anyio

from ..config import Settings
from ..context import Principal
from ..errors import Code, Refused, Unconfirmed
from ..http import Answer, Upstream
from ..http_errors import UpstreamError
from .bearers import Access, invalid
from .scopes import ROLES, of_role, within
from .verifier import check_type, claims_registry, decoded, header_of, items_in, scopes_in, seconds_in

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

log = logging.getLogger(__name__)

ALGORITHMS = ("ES256", "ES384", "RS256", "PS256", "EdDSA", "Ed25519")
"""Only such as sign with a private key: with HS256 whoever can check a token could make one."""
TYPES = frozenset({"at+jwt", "application/at+jwt", "jwt"})
"""Keycloak and others call their access tokens JWT; what tells ID tokens then is what only they hold."""
ID_TOKEN_ONLY = ("nonce", "at_hash", "c_hash", "s_hash")
KEYS_FRESH = 3600.0
KEYS_LAST = 24 * 3600.0
"""While the provider does not answer, its keys are good for so long."""
AGAIN_AFTER = 30.0
LOOKED_UP = 30.0
"""Seconds for which what the provider said of a token is believed."""
DEADLINE = 0.9
SMALL = 256 * 1024
DISCOVERY = "/.well-known/openid-configuration"


class Misconfigured(Refused):
    """The provider can't be used as the settings have it: what is wrong and which setting, for the operator."""


class External:
    """Tokens of the provider in the settings. ``clock`` gives seconds since the epoch."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        if not settings.auth_issuer:
            raise Refused(
                Code.NOT_CONFIGURED,
                "AUTH_MODE=external needs the identity provider's issuer.",
                "Set AUTH_ISSUER to it, to the letter, as its discovery document has it.",
            )
        self._settings = settings
        self._clock = clock
        self._registry = claims_registry(settings.auth_issuer)
        self._audience = settings.auth_audience or settings.base_url
        self._keys: KeySet | None = None
        self._read_at = self._asked_at = float("-inf")
        self._reading = anyio.Lock()
        self._failure: Refused = _silent()
        self._upstreams: dict[tuple[str, str], Upstream] = {}
        self._said = ""
        """What the log was told of a provider that can't be used; empty while it can."""

    async def take(self, token: str) -> Access:
        """What the token says.

        Raises:
            Refused: UNAUTHENTICATED; NOT_CONFIGURED when the provider can't be used as the settings have it;
                Unconfirmed when it has to be asked and does not answer.
        """
        if self._settings.auth_introspection_url:
            return await self._looked_up(token)
        header = header_of(token)
        if header.get("alg") not in ALGORITHMS:
            raise invalid("is signed in a way that is not taken")
        check_type(header, TYPES)
        claims = await self._decoded(token, header)
        if any(name in claims for name in ID_TOKEN_ONLY):
            raise invalid("is an ID token; send the access token")
        return self._access(claims, claims["exp"])

    async def check(self) -> str:
        """Ask the provider as a token would have it asked; in words how tokens are checked.

        Raises:
            Refused: Misconfigured; what else keeps the provider from answering.
        """
        try:
            async with asyncio.timeout(DEADLINE):
                if self._settings.auth_introspection_url:
                    await self._claims_of("devskyy-asks-whether-this-works")
                    words = "tokens are looked up there"
                else:
                    self._keys = await self._fetch_keys()
                    self._read_at = self._asked_at = self._clock()
                    words = f"keys: {len(self._keys.keys)}"
        except TimeoutError:
            raise _silent() from None
        except Misconfigured as wrong:
            self._tell(wrong)
            raise
        self._tell(None)
        return words

    def _tell(self, wrong: Misconfigured | None) -> None:
        """Log what is wrong, once, and once that it is right again."""
        said = f"{wrong.message} {wrong.hint}" if wrong else ""
        if said and said != self._said:
            log.error("%s", said)
        elif self._said and not said:
            log.warning("The identity provider can be used again.")
        self._said = said

    def _told(self, error: Refused | TimeoutError) -> Refused:
        """What callers are told of it: nothing of the settings."""
        if not isinstance(error, Misconfigured):
            return _silent()
        self._tell(error)
        return Refused(
            Code.NOT_CONFIGURED,
            "Your token can't be checked: the identity provider is not set up right at this server.",
            "Nothing was done. Its operator finds what is wrong in the log, at /health or by `devskyy doctor`.",
        )

    def _access(self, claims: Mapping[str, Any], until: float) -> Access:
        client = next((one for one in map(claims.get, ("client_id", "azp")) if isinstance(one, str)), "")
        # Of a program in its own name, introspection may say the client alone (RFC 7662 §2.2).
        audience, subject = claims.get("aud"), claims.get("sub") or client
        if self._audience not in (items_in(audience) or [audience]):
            raise invalid("was issued for another server")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
            raise invalid("names nobody")
        scopes = scopes_in(claims.get("scope", claims.get("scp")))
        if self._settings.auth_role_claim:
            scopes = within(scopes, _most(claims, self._settings.auth_role_claim))
        alone = subject == client
        name = next((one for one in map(claims.get, ("name", "preferred_username")) if isinstance(one, str)), "")
        principal = Principal(
            f"client:{client}" if alone else f"user:ext:{subject}",
            "client" if alone else "user",
            scopes,
            name[:80],
            client=client,
            amr=scopes_in(claims.get("amr")),
            auth_at=seconds_in(claims.get("auth_time")),
            until=until,
        )
        return Access(principal, None, "", until)

    # ---- by the provider's keys ----------------------------------------------------------------------------------

    async def _decoded(self, token: str, header: Mapping[str, Any]) -> dict[str, Any]:
        key = await self._key(header.get("kid"), str(header["alg"]))
        if key is None:
            raise invalid("is signed with a key that its issuer does not have")
        return decoded(token, key, [str(header["alg"])], self._registry)

    async def _key(self, kid: object, algorithm: str) -> Any:
        now = self._clock()
        if now - self._read_at > KEYS_FRESH:
            await self._read_keys(now)
        found = self._pick(kid, algorithm)
        if found is None and now - self._asked_at > AGAIN_AFTER:
            await self._read_keys(now)
            found = self._pick(kid, algorithm)
        return found

    def _pick(self, kid: object, algorithm: str) -> Any:
        keys = [key for key in self._keys.keys if _fits(key, algorithm)] if self._keys else []
        if kid is None:
            return keys[0] if len(keys) == 1 else None
        return next((key for key in keys if key.kid == kid), None)

    async def _read_keys(self, now: float) -> None:
        """Read the keys anew, once for all who wait; at most every 30 seconds. Old ones stay while that fails."""
        async with self._reading:
            if now - self._asked_at <= AGAIN_AFTER and self._keys is not None:
                return
            if now - self._asked_at <= 1:  # it has just failed, for somebody who waited before us
                raise self._failure
            self._asked_at = now
            try:
                async with asyncio.timeout(DEADLINE):  # both requests together
                    self._keys = await self._fetch_keys()
                self._read_at = now
                self._tell(None)
            except (Refused, TimeoutError) as error:
                self._failure = self._told(error)
                if self._keys is None or now - self._read_at > KEYS_LAST:
                    raise self._failure from None

    async def _fetch_keys(self) -> KeySet:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        issuer = self._settings.auth_issuer
        found = await self._get(f"{issuer.rstrip('/')}{DISCOVERY}")
        named = found.get("issuer")
        if named != issuer:
            shown = f"says that the issuer is {named[:200]}" if isinstance(named, str) else "names no issuer"
            hint = (
                f"AUTH_ISSUER is {issuer}: set it to what the document says, to the letter, if that is your provider."
            )
            raise _misconfigured(f"its discovery document {shown}", hint)
        if not isinstance(found.get("jwks_uri"), str):
            raise _misconfigured(
                "its discovery document has no jwks_uri, so there are no keys to check tokens with",
                "Publish its keys, or set AUTH_INTROSPECTION_URL so that tokens are looked up.",
            )
        published = await self._get(found["jwks_uri"])
        usable = [key for key in items_in(published.get("keys")) if _for_signatures(key)]
        try:
            keys = KeySet.import_key_set({"keys": usable}) if usable else None
        except (JoseError, ValueError, TypeError, KeyError):
            raise _misconfigured("its keys can't be read", "Look at what it publishes at its jwks_uri.") from None
        if keys is None:
            raise _misconfigured(
                "it publishes no key of a kind that is taken",
                f"Have it sign with one of {', '.join(ALGORITHMS)}, or set AUTH_INTROSPECTION_URL.",
            )
        return keys

    async def _get(self, url: str) -> dict[str, Any]:
        query = dict(parse_qsl(urlsplit(url).query))
        answer = await self._send("GET", url, "AUTH_ISSUER", params=query)
        return _object_in(answer, url, "AUTH_ISSUER")

    async def _send(self, method: str, url: str, setting: str, **more: Any) -> Answer:
        """The answer to one request, which is no 5xx.

        Raises:
            Refused: Misconfigured for what only the settings or the provider's operator can mend; else UpstreamError.
        """
        upstream, path = self._upstream(url, setting)
        try:
            answer = await upstream.send(method, path, deadline=DEADLINE, **more)
        except UpstreamError as error:
            if error.retryable is False or error.code in {Code.UPSTREAM_INVALID, Code.TOO_LARGE}:
                raise Misconfigured(Code.NOT_CONFIGURED, error.message, error.hint or f"Check {setting}.") from None
            raise
        if answer.status >= 500:
            raise UpstreamError(
                Code.UPSTREAM_UNREACHABLE,
                f"The identity provider answers with status {answer.status}.",
                "Look whether it is well.",
            )
        return answer

    def _upstream(self, url: str, setting: str) -> tuple[Upstream, str]:
        parts = urlsplit(url)
        local = parts.hostname in {"127.0.0.1", "::1", "localhost"}
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise _misconfigured(f"{_shown(url)} does not begin with https://", f"Check {setting}.")
        origin = f"{parts.scheme}://{parts.netloc}"
        if (origin, setting) not in self._upstreams:
            self._upstreams[origin, setting] = Upstream(
                "The identity provider", origin, connect_timeout=DEADLINE, max_bytes=SMALL, setting=setting
            )
        return self._upstreams[origin, setting], parts.path

    # ---- by asking -----------------------------------------------------------------------------------------------

    async def _looked_up(self, token: str) -> Access:
        """What the provider says of a token that only it can read (RFC 7662 §2)."""
        settings, now = self._settings, self._clock()
        try:
            claims = await self._claims_of(token)
        except (Misconfigured, UpstreamError) as error:
            raise self._told(error) from None
        self._tell(None)
        if claims.get("active") is not True:
            raise invalid("is not valid")
        if claims.get("iss", settings.auth_issuer) != settings.auth_issuer:
            raise invalid("was issued by another provider")
        until = now + LOOKED_UP
        expires = seconds_in(claims.get("exp"))
        if expires and expires <= now:
            raise invalid("has expired")
        return self._access(claims, min(until, expires) if expires else until)

    async def _claims_of(self, token: str) -> dict[str, Any]:
        """What the provider says of a token; raises as ``_send``."""
        url = self._settings.auth_introspection_url
        answer = await self._send(
            "POST",
            url,
            "AUTH_INTROSPECTION_URL",
            data={"token": token, "token_type_hint": "access_token"},
            headers={"Authorization": _basic(self._settings)},
            retry=False,
        )
        if answer.status in {401, 403}:
            raise _misconfigured(
                "it does not let this server look tokens up", "Check AUTH_CLIENT_ID and AUTH_CLIENT_SECRET."
            )
        if answer.status == 400:
            return {"active": False}
        return _object_in(answer, url, "AUTH_INTROSPECTION_URL")

    async def aclose(self) -> None:
        for upstream in self._upstreams.values():
            await upstream.aclose()


def _fits(key: Any, algorithm: str) -> bool:
    """Whether the key is for that algorithm: by its ``alg``, else by its type and curve."""
    named = key.alg
    if named:
        return named == algorithm or {named, algorithm} <= {"EdDSA", "Ed25519"}
    curve = key.curve_name if key.key_type in {"EC", "OKP"} else ""
    wanted = {"ES256": "P-256", "ES384": "P-384", "EdDSA": "Ed25519", "Ed25519": "Ed25519"}.get(algorithm, "")
    return curve == wanted if curve or wanted else key.key_type == "RSA"


def _for_signatures(key: object) -> bool:
    """Public keys that check signatures; others, and kinds that we don't know, are left out."""
    if not isinstance(key, dict):
        return False
    given = cast("dict[str, Any]", key)
    known = {("RSA", None), ("EC", "P-256"), ("EC", "P-384"), ("OKP", "Ed25519")}
    return given.get("use", "sig") == "sig" and (given.get("kty"), given.get("crv")) in known


def _most(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    """All that the roles in the claim allow, which is named as ``roles`` or ``realm_access.roles``."""
    found: Any = claims.get(path)
    if found is None:
        found = dict(claims)
        for name in path.split("."):
            found = cast("dict[str, Any]", found).get(name) if isinstance(found, dict) else None
    named = items_in(found) or [found]
    return frozenset[str]().union(*(of_role(role) for role in ROLES if role in named))


def _basic(settings: Settings) -> str:
    """RFC 6749 §2.3.1."""
    from base64 import b64encode

    secret = settings.auth_client_secret.get_secret_value() if settings.auth_client_secret else ""
    pair = f"{quote(settings.auth_client_id, safe='')}:{quote(secret, safe='')}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def _silent() -> Unconfirmed:
    return Unconfirmed(
        Code.UPSTREAM_UNREACHABLE,
        "Your token can't be checked: the identity provider does not answer.",
        "Nothing was done. Try again in a few seconds.",
        retry_after=5,
    )


def _object_in(answer: Answer, url: str, setting: str) -> dict[str, Any]:
    """The JSON object of an answer. Raises Misconfigured where there is none."""
    if answer.status != 200:
        raise _misconfigured(f"{_shown(url)} answers with status {answer.status}", f"Check {setting}.")
    try:
        found: Any = answer.json()
    except UpstreamError:
        found = None
    if not isinstance(found, dict):
        raise _misconfigured(f"{_shown(url)} answers with something else than a JSON object", f"Check {setting}.")
    return cast("dict[str, Any]", found)


def _shown(url: str) -> str:
    """An address as the log may have it: without user name, query and what ends a line."""
    parts = urlsplit(url)
    return _printable(f"{parts.scheme}://{parts.hostname}{parts.path}")


def _printable(text: str) -> str:
    return "".join(one for one in text[:200] if one.isprintable())


def _misconfigured(why: str, hint: str) -> Misconfigured:
    return Misconfigured(Code.NOT_CONFIGURED, f"The identity provider can't be used: {why}.", hint)
