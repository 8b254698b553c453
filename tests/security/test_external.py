"""Tokens of an identity provider: another DevSkyy as one, and what is kept of a provider's keys, and for how long."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from devskyy_mcp.app import build
from devskyy_mcp.auth.external import AGAIN_AFTER, KEYS_FRESH, KEYS_LAST, External
from devskyy_mcp.errors import Code, Refused, Unconfirmed
from devskyy_mcp.surfaces.http import create_http
from tests.durability.processes import free_port
from tests.fakes.people import person
from tests.fakes.served import listening, settings_for, site
from tests.fakes.tokens import bearing, client, token

ISSUER = "https://id.example.com/realms/brand"
OURS = "http://127.0.0.1:8000"


class Provider:
    """What a provider publishes; it can fall silent."""

    def __init__(self) -> None:
        self.keys = [ECKey.generate_key("P-256", {"kid": "one"})]
        self.asked: list[str] = []
        self.silent = False

    async def get(self, url: str) -> dict[str, Any]:
        self.asked.append(url)
        await anyio.sleep(0)
        if self.silent:
            raise Refused(Code.UPSTREAM_UNREACHABLE, "It does not answer.")
        if url.endswith("/.well-known/openid-configuration"):
            return {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}
        return {"keys": [key.as_dict(private=False) for key in self.keys]}

    def token(self, key: ECKey | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        key = key or self.keys[-1]
        now = int(time.time())
        given = {
            "iss": ISSUER, "sub": "ada", "aud": [OURS, "account"], "azp": "host", "iat": now, "exp": now + 300,
            "scope": "openid catalog:read orders:write", **claims,
        }  # fmt: skip
        kept = {name: value for name, value in given.items() if value is not None}
        return jwt.encode({"alg": "ES256", "typ": "JWT", "kid": key.kid, **(header or {})}, kept, key)


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def made(folder: Path, provider: Provider, clock: Clock, monkeypatch: pytest.MonkeyPatch, **given: Any) -> External:
    external = External(settings_for(folder, auth_mode="external", auth_issuer=ISSUER, **given), clock)
    monkeypatch.setattr(external, "_get", provider.get)
    return external


@pytest.fixture
def external(tmp_path: Path, provider: Provider, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> External:
    return made(tmp_path, provider, clock, monkeypatch)


@pytest.mark.requirement("auth:external")
async def test_another_devskyy_is_an_identity_provider_too(tmp_path: Path) -> None:
    port = free_port()
    first = build(settings_for(tmp_path / "one", port=port, auth_mode="embedded"), [])
    async with listening(create_http(first), port):
        issuer = first.settings.base_url
        given = {"auth_mode": "external", "auth_issuer": issuer, "auth_audience": f"{issuer}/api/v1"}
        async with site(tmp_path / "two", **given) as second:
            await client(first)
            user = await person(first, "editor")
            text = await token(first, user, ["notes:read"], "/api/v1")
            me = (await second.http.get("/api/v1/me", headers=bearing(text))).json()
            assert (me["id"], me["scopes"]) == (f"user:ext:user:{user.id}", ["notes:read"])
            assert (await second.call_with(bearing(text), "notes_list")).status_code == 200
            assert (await second.call_with(bearing(text), "notes_update", note=1, title="x")).status_code == 403
            for resource in ("", "/mcp"):
                other = await token(first, user, ["notes:read"], resource)
                assert (await second.http.get("/api/v1/tools", headers=bearing(other))).status_code == 401


@pytest.mark.requirement("auth:external")
async def test_keys_are_read_once_an_hour_and_for_unknown_ones_every_half_minute_at_most(
    external: External, provider: Provider, clock: Clock
) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(external.take, provider.token())
    assert len(provider.asked) == 2
    provider.keys.append(ECKey.generate_key("P-256", {"kid": "two"}))
    clock.now += 1
    for _ in range(20):
        with pytest.raises(Refused):
            await external.take(provider.token())
    assert len(provider.asked) == 2
    clock.now += AGAIN_AFTER
    assert (await external.take(provider.token())).principal.id == "user:ext:ada"
    assert len(provider.asked) == 4
    clock.now += KEYS_FRESH + 1
    await external.take(provider.token())
    assert len(provider.asked) == 6


@pytest.mark.requirement("auth:external")
@pytest.mark.requirement("auth:fail-modes")
async def test_while_the_provider_is_silent_its_keys_are_good_for_a_day(
    external: External, provider: Provider, clock: Clock
) -> None:
    provider.silent = True
    with pytest.raises(Unconfirmed) as refused:
        await external.take(provider.token())
    assert refused.value.http_status == 503
    provider.silent = False
    clock.now += 2
    await external.take(provider.token())
    provider.silent = True
    clock.now += KEYS_LAST - 10
    await external.take(provider.token())
    clock.now += AGAIN_AFTER + 1
    with pytest.raises(Unconfirmed):
        await external.take(provider.token())
    provider.silent = False
    clock.now += 2
    await external.take(provider.token())


def wrong() -> dict[str, dict[str, Any]]:
    """What makes a token no access token for us; its times are counted from now, not from when tests are gathered."""
    now = int(time.time())
    return {
        "an ID token": {"nonce": "n"},
        "an ID token with at_hash": {"at_hash": "h"},
        "another issuer": {"iss": "https://id.example.com/realms/other"},
        "the issuer with a slash": {"iss": f"{ISSUER}/"},
        "another audience": {"aud": ["account"]},
        "an audience that begins like ours": {"aud": f"{OURS}/"},
        "no audience": {"aud": None},
        "no end": {"exp": None},
        "ended": {"exp": now - 60},
        "not yet": {"nbf": now + 600},
        "nobody": {"sub": None},
        "nobody in words": {"sub": ""},
        "a subject that ends a line": {"sub": "a\nb"},
    }


@pytest.mark.requirement("auth:external")
@pytest.mark.parametrize("name", wrong())
async def test_what_is_no_access_token_for_us_is_refused(external: External, provider: Provider, name: str) -> None:
    with pytest.raises(Refused) as refused:
        await external.take(provider.token(**wrong()[name]))
    assert refused.value.code == Code.UNAUTHENTICATED


@pytest.mark.requirement("auth:external")
async def test_other_types_algorithms_and_keys_are_refused(external: External, provider: Provider) -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "one"})
    for text in (
        provider.token(stranger),
        provider.token(header={"typ": "logout+jwt"}),
        provider.token(header={"kid": "none"}),
        provider.token().rpartition(".")[0] + ".",
        "opaque",
    ):
        with pytest.raises(Refused) as refused:
            await external.take(text)
        assert refused.value.code == Code.UNAUTHENTICATED


@pytest.mark.requirement("auth:external")
@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"roles": ["editor"]}, {"catalog:read"}),
        ({"roles": ["owner", "editor"], "scope": "orders:write audit:read"}, {"orders:write", "audit:read"}),
        ({"roles": "manager", "scope": None, "scp": ["orders:write", "audit:read"]}, {"orders:write"}),
        ({"roles": ["admin"]}, set[str]()),
        ({}, set[str]()),
        ({"roles": {"owner": True}}, set[str]()),
    ],
)
async def test_scopes_are_the_tokens_within_its_roles(
    tmp_path: Path,
    provider: Provider,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    claims: dict[str, Any],
    scopes: set[str],
) -> None:
    external = made(tmp_path, provider, clock, monkeypatch, auth_role_claim="roles")
    principal = (await external.take(provider.token(**claims))).principal
    assert {scope for scope in principal.scopes if ":" in scope} == scopes
    assert not principal.may("*")
