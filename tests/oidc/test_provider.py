"""AUTH_MODE=external against a certified OpenID provider, over its own discovery, keys, pages and introspection."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import subprocess
import warnings
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.conformance.suite import install, node
from tests.fakes.served import Site, site
from tests.fakes.tokens import bearing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
HERE = Path(__file__).parent
RESOURCE = "http://127.0.0.1:8000"
ROBOT = ("robot", "a-secret-of-the-robot")
BACK = "http://127.0.0.1:1/back"


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    install(HERE)


@contextmanager
def provider(alg: str) -> Generator[str]:
    """The provider as a process of its own; its issuer."""
    command = [str(node()), str(HERE / "provider.mjs"), RESOURCE, alg]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=HERE, text=True) as process:
        try:
            assert process.stdout
            lines = iter(process.stdout)
            yield next(json.loads(line) for line in lines if line.startswith("{"))["issuer"]
        finally:
            process.kill()


@asynccontextmanager
async def both(folder: Path, alg: str, **given: Any) -> AsyncGenerator[tuple[Site, httpx2.AsyncClient]]:
    with provider(alg) as issuer:
        settings = {"auth_mode": "external", "auth_issuer": issuer, "auth_role_claim": "realm_access.roles", **given}
        if alg == "opaque":
            settings |= {
                "auth_introspection_url": f"{issuer}/token/introspection",
                "auth_client_id": "devskyy",
                "auth_client_secret": "a-secret-of-devskyy",
            }
        async with site(folder, **settings) as shop, httpx2.AsyncClient(base_url=issuer, trust_env=False) as there:
            yield shop, there


async def robots_token(there: httpx2.AsyncClient, scope: str, resource: str = RESOURCE) -> str:
    form = {"grant_type": "client_credentials", "scope": scope, "resource": resource}
    answer = await there.post("/token", data=form, auth=ROBOT)
    return answer.json()["access_token"]


async def tokens_of_a_person(there: httpx2.AsyncClient, login: str, scope: str) -> dict[str, str]:
    """By the code flow through the provider's own pages."""
    verifier = secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "client_id": "host",
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": f"openid {scope}",
        "resource": RESOURCE,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "nonce": "n",
    }
    answer = await there.get("/auth", params=asked)
    for _ in range(12):
        while answer.status_code in {302, 303}:
            goes_to = answer.headers["location"]
            if goes_to.startswith(BACK):
                code = parse_qs(urlsplit(goes_to).query)["code"][0]
                form = {
                    "grant_type": "authorization_code",
                    "code": code,
                    "redirect_uri": BACK,
                    "client_id": "host",
                    "code_verifier": verifier,
                    "resource": RESOURCE,
                }
                return (await there.post("/token", data=form)).json()
            answer = await there.get(goes_to)
        action = re.search(r'action="([^"]+)"', answer.text)
        assert action, answer.text
        prompt = "login" if 'name="login"' in answer.text else "consent"
        form = {"prompt": prompt, "login": login, "password": "x"} if prompt == "login" else {"prompt": prompt}
        answer = await there.post(action[1], data=form)
    raise AssertionError("the provider's pages led nowhere")


async def me(shop: Site, token: str) -> dict[str, Any]:
    answer = await shop.http.get("/api/v1/me", headers=bearing(token))
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.requirement("auth:external")
@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA", "opaque"])
async def test_a_persons_token_is_taken_with_scopes_within_the_role(tmp_path: Path, alg: str) -> None:
    async with both(tmp_path, alg) as (shop, there):
        for login, scopes in (
            ("owner", {"catalog:write", "orders:read", "audit:read"}),
            ("editor", {"catalog:write"}),
            ("nobody", set[str]()),
        ):
            there.cookies.clear()
            found = await tokens_of_a_person(there, login, "catalog:write orders:read audit:read")
            who = await me(shop, found["access_token"])
            if alg != "opaque":  # introspection answers without the claim of the roles
                assert (who["id"], who["kind"]) == (f"user:ext:{login}", "user")
                assert set(who["scopes"]) == scopes
            refused = await shop.http.get("/api/v1/tools", headers=bearing(found["id_token"]))
            assert refused.status_code == 401, "an ID token is no access token"


@pytest.mark.requirement("auth:external")
@pytest.mark.parametrize("alg", ["ES256", "opaque"])
async def test_a_programs_token_and_one_for_somebody_else(tmp_path: Path, alg: str) -> None:
    async with both(tmp_path, alg, auth_role_claim="") as (shop, there):
        who = await me(shop, await robots_token(there, "catalog:read"))
        assert (who["id"], who["scopes"]) == ("client:robot", ["catalog:read"])
        elsewhere = await robots_token(there, "catalog:read", "https://other.example")
        assert (await shop.http.get("/api/v1/tools", headers=bearing(elsewhere))).status_code == 401
        answer = await shop.http.get("/.well-known/oauth-protected-resource")
        assert answer.json()["authorization_servers"] == [str(there.base_url).rstrip("/")]


@pytest.mark.requirement("auth:external")
async def test_another_providers_token_of_the_same_audience_is_refused(tmp_path: Path) -> None:
    with warnings.catch_warnings(), provider("ES256") as other:
        async with both(tmp_path, "ES256") as (shop, there), httpx2.AsyncClient(base_url=other) as foreign:
            await me(shop, await robots_token(there, "catalog:read"))
            text = await robots_token(foreign, "catalog:read")
            assert (await shop.http.get("/api/v1/tools", headers=bearing(text))).status_code == 401
