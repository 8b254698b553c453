"""What an identity provider answers when it is asked, over a socket: about a token, and about itself."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devskyy_mcp.auth.external import External
from devskyy_mcp.errors import Code, Refused, Unconfirmed
from tests.fakes.served import listening, settings_for

pytestmark = pytest.mark.requirement("auth:external")
OURS = "http://127.0.0.1:8000"
JWK = {"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


class Provider:
    """Its answers, each given once it is asked; ``seen`` has the forms that came."""

    def __init__(self) -> None:
        self.answer: Response = Response(status_code=500)
        self.keys: Any = {"keys": [JWK]}
        self.issuer = self.named = ""
        self.seen: list[dict[str, str]] = []

    @property
    def app(self) -> Starlette:
        async def look_up(request: Request) -> Response:
            form = (await request.body()).decode()
            self.seen.append({"form": form, "authorization": request.headers.get("authorization", "")})
            return self.answer

        async def itself(_: Request) -> Response:
            return JSONResponse({"issuer": self.named or self.issuer, "jwks_uri": f"{self.issuer}/keys"})

        async def keys(_: Request) -> Response:
            return JSONResponse(self.keys)

        async def live(_: Request) -> Response:
            return Response()

        known = "/.well-known/openid-configuration"
        routes = [Route("/look-up", look_up, methods=["POST"]), Route(known, itself), Route("/keys", keys)]
        return Starlette(routes=[*routes, Route("/health/live", live)])

    def says(self, status: int = 200, **claims: Any) -> None:
        said = {"active": True, "sub": "ada", "aud": OURS, "client_id": "host", "scope": "catalog:read", **claims}
        self.answer = JSONResponse({name: value for name, value in said.items() if value is not None}, status)


@pytest.fixture
async def provider() -> AsyncGenerator[Provider]:
    made = Provider()
    async with listening(made.app) as http:
        made.issuer = str(http.base_url).rstrip("/")
        yield made


@pytest.fixture
async def external(provider: Provider, tmp_path: Path) -> AsyncGenerator[External]:
    made = External(
        settings_for(
            tmp_path,
            auth_mode="external",
            auth_issuer=provider.issuer,
            auth_introspection_url=f"{provider.issuer}/look-up",
            auth_client_id="devskyy",
            auth_client_secret="a secret: ä",
        )
    )
    yield made
    await made.aclose()


async def test_a_token_that_only_the_provider_can_read_is_asked_about(external: External, provider: Provider) -> None:
    provider.says(exp=time.time() + 5)
    access = await external.take("opaque+token")
    assert access.principal.id == "user:ext:ada"
    assert access.principal.scopes == {"catalog:read"}
    assert access.until <= time.time() + 5
    assert provider.seen == [
        {
            "form": "token=opaque%2Btoken&token_type_hint=access_token",
            "authorization": "Basic ZGV2c2t5eTphJTIwc2VjcmV0JTNBJTIwJUMzJUE0",
        }
    ]
    provider.says(sub=None, exp=None)
    access = await external.take("another")
    assert access.principal.id == "client:host"
    assert time.time() + 20 < access.until <= time.time() + 30


REFUSED: dict[str, dict[str, Any]] = {
    "inactive": {"active": False},
    "almost active": {"active": "true"},
    "another issuer": {"iss": "https://elsewhere.example"},
    "expired": {"exp": 1},
    "another server": {"aud": "https://elsewhere.example"},
    "nobody": {"sub": None, "client_id": None},
    "a name of two lines": {"sub": "a\nb"},
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_it_does_not_vouch_for_is_refused(name: str, external: External, provider: Provider) -> None:
    provider.says(**REFUSED[name])
    with pytest.raises(Refused) as refused:
        await external.take("x")
    assert refused.value.code is Code.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, Refused, Code.UNAUTHENTICATED),
        (401, Refused, Code.NOT_CONFIGURED),
        (403, Refused, Code.NOT_CONFIGURED),
        (404, Refused, Code.NOT_CONFIGURED),
        (500, Unconfirmed, Code.UPSTREAM_UNREACHABLE),
    ],
)
async def test_its_refusals_are_told_apart(
    status: int, kind: type[Refused], code: Code, external: External, provider: Provider
) -> None:
    provider.says(status)
    with pytest.raises(kind) as refused:
        await external.take("x")
    assert refused.value.code is code


async def test_an_answer_that_is_no_object_is_none_of_a_provider(external: External, provider: Provider) -> None:
    provider.answer = JSONResponse(["active"])
    with pytest.raises(Refused, match="not set up right"):
        await external.take("x")


TOKEN = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImsifQ.e30.AAAA"


@pytest.mark.parametrize(
    ("issuer", "named", "keys", "why"),
    [
        ("", "https://elsewhere.example", {"keys": [JWK]}, "issuer is https://elsewhere.example"),
        ("", "", ["no", "object"], "something else than a JSON object"),
        ("", "", {"keys": [{**JWK, "x": 5}]}, "can't be read"),
        ("http://id.example.com", "", {}, "https://"),
    ],
)
async def test_a_provider_that_is_set_up_wrongly_is_not_used(
    issuer: str, named: str, keys: Any, why: str, provider: Provider, tmp_path: Path
) -> None:
    provider.named, provider.keys = named, keys
    external = External(settings_for(tmp_path, auth_mode="external", auth_issuer=issuer or provider.issuer))
    with pytest.raises(Refused) as refused:
        await external._fetch_keys()  # pyright: ignore[reportPrivateUsage] # callers are told less
    assert refused.value.code is Code.NOT_CONFIGURED
    assert why in refused.value.message
    with pytest.raises(Refused, match="not set up right") as told:
        await external.take(TOKEN)
    assert (told.value.code, told.value.http_status) == (Code.NOT_CONFIGURED, 503)
    await external.aclose()


async def test_without_an_issuer_there_is_no_provider(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="issuer"):
        External(settings_for(tmp_path, auth_mode="external"))


async def test_keys_of_other_kinds_are_left_out(provider: Provider, tmp_path: Path) -> None:
    secret, sealing = {"kty": "oct", "k": "AA"}, {**JWK, "use": "enc"}
    provider.keys = {"keys": [secret, sealing, "x", JWK]}
    external = External(settings_for(tmp_path, auth_mode="external", auth_issuer=provider.issuer))
    found = await external._fetch_keys()  # pyright: ignore[reportPrivateUsage] # which keys are kept shows nowhere else
    assert [key.kid for key in found.keys] == ["k"]
    await external.aclose()
