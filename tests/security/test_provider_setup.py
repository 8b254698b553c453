"""A provider that the settings name wrongly: what callers, the log, /health and the doctor say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from devskyy_mcp.app import build
from devskyy_mcp.auth import external as module
from devskyy_mcp.auth.external import External
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.ops.doctor import examine
from devskyy_mcp.ops.health import HealthChecks
from tests.fakes.served import settings_for
from tests.security.test_introspection import JWK, TOKEN, Provider, provider

__all__ = ["provider"]

pytestmark = pytest.mark.requirement("auth:external-misconfigured")
SECRET = "the-secret-of-this-server"


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == module.__name__]


async def refused(external: External, clock: list[float]) -> Refused:
    clock[0] += module.AGAIN_AFTER + 1
    with pytest.raises(Refused) as caught:
        await external.take(TOKEN)
    return caught.value


def broken(provider: Provider, how: str) -> dict[str, Any]:
    """Set the provider up; the settings that differ."""
    looked_up = {"auth_introspection_url": f"{provider.issuer}/look-up"}
    match how:
        case "another issuer":
            provider.named = "https://elsewhere.example"
        case "nothing there":
            return {"auth_issuer": f"{provider.issuer}/realms/none"}
        case "http":
            return {"auth_issuer": "http://id.example.com"}
        case "no keys":
            provider.keys = {"keys": [{"kty": "oct", "k": "AA"}]}
        case "no key set":
            provider.keys = ["no", "object"]
        case "damaged keys":
            provider.keys = {"keys": [{**JWK, "x": 5}]}
        case "credentials":
            provider.answer = JSONResponse({"error": "invalid_client"}, 401)
            return looked_up
        case "no look-up":
            provider.answer = Response("<html>", 200)
            return looked_up
        case "redirected":
            provider.answer = Response(status_code=302, headers={"Location": "https://id.example.com/look-up"})
            return looked_up
        case _:
            raise AssertionError(how)
    return {}


@pytest.mark.parametrize(
    ("how", "what", "setting"),
    [
        ("another issuer", "says that the issuer is https://elsewhere.example", "AUTH_ISSUER is http://127.0.0.1:"),
        ("nothing there", "/realms/none/.well-known/openid-configuration answers with status 404", "AUTH_ISSUER"),
        ("http", "does not begin with https://", "AUTH_ISSUER"),
        ("no keys", "no key of a kind that is taken", "ES256"),
        ("no key set", "/keys answers with something else than a JSON object", "AUTH_ISSUER"),
        ("damaged keys", "its keys can't be read", "jwks_uri"),
        ("credentials", "does not let this server look tokens up", "AUTH_CLIENT_ID and AUTH_CLIENT_SECRET"),
        ("no look-up", "/look-up answers with something else than a JSON object", "AUTH_INTROSPECTION_URL"),
        ("redirected", "redirects to another address", "AUTH_INTROSPECTION_URL"),
    ],
)
async def test_what_is_wrong_and_which_setting_is_told_to_the_operator_alone(
    how: str, what: str, setting: str, provider: Provider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given: dict[str, Any] = {"auth_issuer": provider.issuer, **broken(provider, how)}
    app = build(settings_for(tmp_path, auth_mode="external", auth_client_secret=SECRET, **given), [])
    clock = [1e9]
    external = External(app.settings, lambda: clock[0])
    async with app.running(eager=False):
        try:
            for _ in range(3):
                answer = await refused(external, clock)
                assert (answer.code, answer.http_status) == (Code.NOT_CONFIGURED, 503)
                assert "is not set up right" in answer.message
                assert what not in answer.message + answer.hint
            assert len(told(caplog)) == 1, "once, however many tokens come"
            state = await app.services.get(HealthChecks).state("identity_provider")
            [finding] = (await examine(app.services))["identity provider"]
        finally:
            await external.aclose()
    assert not state.ok
    assert finding.level == "problem"
    for said in (told(caplog)[0], state.words, f"{finding.what} {finding.do}"):
        assert what in said
        assert setting in said
        assert SECRET not in said


async def test_a_provider_that_was_mended_is_told_and_used(
    provider: Provider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = build(settings_for(tmp_path, auth_mode="external", auth_issuer=provider.issuer), [])
    async with app.running(eager=False):
        external = app.services.get(External)
        provider.named = "https://elsewhere.example"
        with pytest.raises(Refused):
            await external.check()
        provider.named = ""
        state = await app.services.get(HealthChecks).state("identity_provider")
        [finding] = (await examine(app.services))["identity provider"]
    assert (state.ok, state.words) == (True, "ok; keys: 1")
    assert (finding.level, finding.what) == ("ok", "The identity provider answers; keys: 1.")
    assert [line.partition(".")[0] for line in told(caplog)][1:] == ["The identity provider can be used again"]


async def test_a_provider_that_is_away_is_no_wrong_setting(
    provider: Provider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given = {"auth_issuer": provider.issuer, "auth_introspection_url": f"{provider.issuer}/look-up"}
    app = build(settings_for(tmp_path, auth_mode="external", **given), [])
    provider.answer = Response(status_code=500)
    async with app.running(eager=False):
        with pytest.raises(Refused, match="does not answer") as caught:
            await app.services.get(External).take("x")
        state = await app.services.get(HealthChecks).state("identity_provider")
        provider.says(active=False)
        assert (await app.services.get(External).check()) == "tokens are looked up there"
    assert caught.value.code is Code.UPSTREAM_UNREACHABLE
    assert "status 500" in state.words
    assert told(caplog) == []
