"""authlib's grants on our rows. authlib is sync and runs in a thread; what it asks of the database is done by the loop.

Everything that reaches it has passed ``models``. What it lacks is here: taking codes and refresh tokens once, tokens
bound to a resource, S256 alone, 401 for every client that is not known.
"""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportIncompatibleMethodOverride=false, reportArgumentType=false
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportCallIssue=false
# The types that pyright has for authlib are of another version.
# ruff: noqa: ARG002 # authlib gives more than is needed

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from anyio import from_thread
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidGrantError, InvalidScopeError, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from .clients import Client
from .models import METHODS, SECRET_METHODS, SIGNED_WITH

if TYPE_CHECKING:
    from .server import Live, Store

T = TypeVar("T")
Answer = tuple[int, Any, list[tuple[str, str]]]


class Request(OAuth2Request):
    """A request as authlib reads it.

    Args:
        method: of HTTP.
        uri: the endpoint's public address; never what the Host header says.
        given: its parameters, checked.
        client: the client that it names, if there is one.
        authorization: the Authorization header, checked.
    """

    def __init__(
        self, method: str, uri: str, given: Mapping[str, str], client: Client | None, authorization: str
    ) -> None:
        super().__init__(method, uri, headers={"Authorization": authorization} if authorization else {})
        self.payload = BasicOAuth2Payload(dict(given))
        self.given = given
        self.named = client
        self.basic = bool(authorization)

    @property
    def form(self) -> Mapping[str, str]:
        return self.given


def _wait(call: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
    """Have the event loop do it, and wait in this thread."""
    return from_thread.run(call, *arguments)


class Bridge(AuthorizationServer):
    """Args: ``store`` is where grants and tokens are kept; ``issuer`` whom client assertions must be for."""

    def __init__(self, store: Store, issuer: str) -> None:
        super().__init__()
        self.store = store
        self.issuer = issuer
        self._client_auth = _Authentication(self)
        self.register_grant(CodeGrant, [S256(required=True)])
        self.register_grant(RefreshGrant)
        self.register_grant(OwnGrant)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)

    def create_oauth2_request(self, request: Request) -> Request:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Answer:
        return status, body, headers

    def handle_error_response(self, request: Request, error: OAuth2Error) -> Answer:
        status, body, headers = error(None)
        if error.error == "invalid_client":  # Claude registers anew on a 401 alone
            status = 401
            headers = [pair for pair in headers if pair[0].lower() != "www-authenticate"]
            if request.basic:
                headers.append(("WWW-Authenticate", 'Basic realm="DevSkyy", error="invalid_client"'))
        return status, dict(body), headers

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        pass

    def save_token(self, token: Any, request: Any) -> None:
        pass  # saved when it was made


class _Authentication:
    """Who sends the request. The client was looked up before, since its document may have to be fetched."""

    def __init__(self, server: Bridge) -> None:
        from authlib.oauth2.rfc6749.authenticate_client import ClientAuthentication

        self._server = server
        self._make = ClientAuthentication

    def __call__(self, request: Request, methods: list[str], endpoint: str = "token") -> Client:
        named = request.named
        ask = self._make(lambda client_id: named if named and named.id == client_id else None)
        ask.register("private_key_jwt", Assertion(self._server))
        return cast("Client", ask(request, methods, endpoint))


class Assertion(JWTBearerClientAssertion):
    """private_key_jwt (RFC 7523 §2.2, OpenID Connect Core §9); each assertion is taken once."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, server: Bridge) -> None:
        super().__init__()
        self._server = server

    def get_audiences(self) -> list[str]:
        return [self._server.issuer, f"{self._server.issuer}/oauth/token"]

    def resolve_client_public_key(self, client: Client) -> Any:
        from authlib.oauth2.rfc6749 import InvalidClientError
        from joserfc.jwk import KeySet

        if client.jwks is None:
            raise InvalidClientError("The client has no keys.")
        return KeySet.import_key_set(dict(client.jwks))

    def process_assertion_claims(self, assertion: str, resolve_key: Any) -> Any:
        """As authlib's, with the algorithms named and other failures than joserfc's caught."""
        from authlib.oauth2.rfc6749 import InvalidClientError
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            claims = jwt.decode(assertion, resolve_key, algorithms=SIGNED_WITH).claims
            if not (isinstance(claims.get("exp"), int) and claims["exp"] <= time.time() + 600):
                raise InvalidClientError("An assertion must end within ten minutes.")
            self.verify_claims(claims)
        except (JoseError, ValueError, TypeError, KeyError):
            raise InvalidClientError("The client assertion is not valid.") from None
        return claims

    def validate_jti(self, claims: Mapping[str, Any], jti: Any) -> bool:
        return isinstance(jti, str) and _wait(self._server.store.first_use, f"{claims['sub']}|{jti}")


class S256(CodeChallenge):
    """PKCE without ``plain``, asked of every client."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 # as authlib has it

    def get_authorization_code_challenge_method(self, authorization_code: Any) -> str:
        return "S256"


class _Issuing:
    """Makes the token of a grant, bound to its resource."""

    server: Bridge
    request: Any

    def _answer(self, live: Live, scope: str | None) -> dict[str, Any]:
        asked = self.request.given.get("resource")
        answer = _wait(self.server.store.token, live, scope, asked)
        if answer is None:
            raise OAuth2Error("The resource is not the one that was granted.", error="invalid_target")
        return answer


class CodeGrant(_Issuing, AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def query_authorization_code(self, code: str, client: Client) -> Any:
        return _wait(self.server.store.code, code, client)

    def delete_authorization_code(self, authorization_code: Any) -> None:
        pass  # taken when it was looked up

    def authenticate_user(self, authorization_code: Live) -> Any:
        return authorization_code

    def generate_token(self, user: Any = None, scope: Any = None, **_: Any) -> dict[str, Any]:
        return self._answer(user, None)


class RefreshGrant(_Issuing, RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Any:
        found = _wait(self.server.store.refresh, refresh_token, self.request.client)
        if found is None:
            raise InvalidGrantError("The refresh token has ended, was revoked or was used before.")
        return found

    def authenticate_user(self, refresh_token: Live) -> Any:
        return refresh_token

    def revoke_old_credential(self, refresh_token: Any) -> None:
        pass  # taken when it was looked up

    def generate_token(self, user: Any = None, scope: Any = None, **_: Any) -> dict[str, Any]:
        return self._answer(user, self.request.given.get("scope"))


class OwnGrant(_Issuing, ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = SECRET_METHODS

    def generate_token(self, scope: Any = None, **_: Any) -> dict[str, Any]:
        live = _wait(self.server.store.own, self.request.client, scope, self.request.given.get("resource"))
        if live is None:
            raise InvalidScopeError()
        return self._answer(live, None)


class Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> Any:
        return _wait(self.server.store.look_up, token_string)

    def revoke_token(self, token: Any, request: Any) -> None:
        _wait(self.server.store.grants.revoke, token.grant.id)


class Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = SECRET_METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> Any:
        return _wait(self.server.store.look_up, token_string)

    def check_permission(self, token: Any, client: Client, request: Any) -> bool:
        return client.kind == "confidential" or token.check_client(client)

    def introspect_token(self, token: Any) -> dict[str, Any]:
        return dict(token.shown)
