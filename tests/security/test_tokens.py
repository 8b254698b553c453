"""Access tokens: what is let in, and the many forms of what is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from devskyy_mcp.app import App
from devskyy_mcp.auth.accounts import User
from devskyy_mcp.auth.grants import Grants
from devskyy_mcp.auth.signing import SigningKeys
from tests.fakes.people import person
from tests.fakes.served import Site, site
from tests.fakes.tokens import bearing, claims, client, grant, token

ALL = ["*"]


@dataclass
class Case:
    """What a mutation works on."""

    app: App
    user: User
    claims: dict[str, Any]
    good: str

    async def signed(self, header: dict[str, Any] | None = None, without: str = "", **changed: Any) -> str:
        """A token signed with the server's own key, with other claims or headers."""
        keys = self.app.services.get(SigningKeys)
        kid = read(self.good.split(".")[0])["kid"]
        key = await keys.public(kid)
        assert key
        given = {name: value for name, value in {**self.claims, **changed}.items() if name != without}
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": kid, **(header or {})}, given, key)

    def parts(self) -> list[str]:
        return self.good.split(".")


def coded(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def read(part: str) -> dict[str, Any]:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.fixture
async def case(tmp_path: Path) -> AsyncGenerator[tuple[Site, Case]]:
    async with site(tmp_path, auth_mode="embedded") as shop:
        user = await person(shop.app)
        await client(shop.app)
        sid = await grant(shop.app, user, ALL)
        given = claims(shop.app, user, sid, ALL)
        good = await shop.app.services.get(SigningKeys).sign(given)
        yield shop, Case(shop.app, user, given, good)


Mutation = Callable[[Case], Awaitable[str]]
MUTATIONS: dict[str, Mutation] = {}


def mutation(name: str) -> Callable[[Mutation], Mutation]:
    def add(function: Mutation) -> Mutation:
        MUTATIONS[name] = function
        return function

    return add


def with_header(name: str, **header: Any) -> None:
    async def mutate(case: Case) -> str:
        head, body, signature = case.parts()
        return f"{coded({**read(head), **header})}.{body}.{signature}"

    MUTATIONS[name] = mutate


def with_claims(name: str, without: str = "", **changed: Any) -> None:
    async def mutate(case: Case) -> str:
        return await case.signed(without=without, **changed)

    MUTATIONS[name] = mutate


def with_text(name: str, change: Callable[[str], str]) -> None:
    async def mutate(case: Case) -> str:
        return change(case.good)

    MUTATIONS[name] = mutate


@mutation("alg none, no signature")
async def _none(case: Case) -> str:
    return f"{coded({'alg': 'none', 'typ': 'at+jwt'})}.{case.parts()[1]}."


@mutation("alg none, with our kid")
async def _none_kid(case: Case) -> str:
    head, body, signature = case.parts()
    return f"{coded({**read(head), 'alg': 'none'})}.{body}.{signature}"


def hmac_with(name: str, secret: Callable[[ECKey], bytes]) -> None:
    async def mutate(case: Case) -> str:
        head, body, _ = case.parts()
        kid = read(head)["kid"]
        key = await case.app.services.get(SigningKeys).public(kid)
        assert key
        signed = f"{coded({'alg': 'HS256', 'typ': 'at+jwt', 'kid': kid})}.{body}"
        return f"{signed}.{coded(hmac.digest(secret(key), signed.encode(), hashlib.sha256))}"

    MUTATIONS[name] = mutate


hmac_with("HS256 with the public key as PEM", lambda key: key.as_pem(private=False))
hmac_with("HS256 with the public key as DER", lambda key: key.as_der(private=False))
hmac_with("HS256 with the public key as JWK", lambda key: json.dumps(key.as_dict(private=False)).encode())
hmac_with("HS256 with nothing", lambda _: b"")


@mutation("another key under our kid")
async def _other_key(case: Case) -> str:
    kid = read(case.parts()[0])["kid"]
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": kid}, case.claims, ECKey.generate_key("P-256"))


@mutation("another key under its own kid")
async def _own_kid(case: Case) -> str:
    key = ECKey.generate_key("P-256")
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": key.thumbprint()}, case.claims, key)


@mutation("a key that the header brings along")
async def _jwk(case: Case) -> str:
    key = ECKey.generate_key("P-256")
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "x", "jwk": key.as_dict(private=False)}
    return jwt.encode(header, case.claims, key)


@mutation("RS256")
async def _rsa(case: Case) -> str:
    kid = read(case.parts()[0])["kid"]
    return jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": kid}, case.claims, RSAKey.generate_key(2048))


@mutation("our key, with a jwk header")
async def _brought(case: Case) -> str:
    return await case.signed({"jwk": {"kty": "oct", "k": "AA"}})


@mutation("our key, with a jku header")
async def _jku(case: Case) -> str:
    return await case.signed({"jku": "https://evil.example/keys"})


@mutation("our key, with crit")
async def _crit(case: Case) -> str:
    head, body, signature = case.parts()
    return f"{coded({**read(head), 'crit': ['b64'], 'b64': False})}.{body}.{signature}"


for _kid in ("../../../../dev/null", "' OR 1=1 --", "", "\x00", "k" * 5000, "http://evil.example/k"):
    with_header(f"kid {_kid[:20]!r}", kid=_kid)
with_header("kid as a list", kid=["a"])
with_header("kid as a number", kid=1)
with_header("alg in other case", alg="es256")
with_header("alg ES384", alg="ES384")


@mutation("no kid")
async def _no_kid(case: Case) -> str:
    key = ECKey.generate_key("P-256")
    return jwt.encode({"alg": "ES256", "typ": "at+jwt"}, case.claims, key)


def with_type(name: str, kind: Any) -> None:
    async def mutate(case: Case) -> str:
        return await case.signed({"typ": kind})

    MUTATIONS[name] = mutate


with_type("typ JWT", "JWT")
with_type("typ of an ID-JAG", "oauth-id-jag+jwt")
with_type("typ of a logout token", "logout+jwt")
with_type("typ of a DPoP proof", "dpop+jwt")

NOW = int(time.time())
with_claims("no exp", "exp")
with_claims("exp in the past", exp=NOW - 60)
with_claims("exp as a text", exp="9999999999")
with_claims("exp true", exp=True)
with_claims("exp null", exp=None)
with_claims("nbf in the future", nbf=NOW + 3600)
with_claims("iat in the future", iat=NOW + 3600)
with_claims("no iat", "iat")
with_claims("no iss", "iss")
with_claims("another iss", iss="https://evil.example")
with_claims("iss with a slash more", iss="http://127.0.0.1:8000/")
with_claims("iss as a list", iss=["http://127.0.0.1:8000"])
with_claims("no aud", "aud")
with_claims("another aud", aud="https://evil.example")
with_claims("aud that begins like ours", aud="http://127.0.0.1:8000.evil.example")
with_claims("aud below ours that is none", aud="http://127.0.0.1:8000/login")
with_claims("aud with a slash more", aud="http://127.0.0.1:8000/")
with_claims("aud as a list", aud=["http://127.0.0.1:8000"])
with_claims("aud of MCP, at REST", aud="http://127.0.0.1:8000/mcp")
with_claims("no sid", "sid")
with_claims("sid of nobody's grant", sid="gr_unknown")
with_claims("sid as a number", sid=7)
with_claims("no sub", "sub")
with_claims("no client", "client_id")


@mutation("an ID token")
async def _id_token(case: Case) -> str:
    return await case.signed({"typ": "JWT"}, aud="https://host.example/client.json", nonce="n", at_hash="h")


with_text("oversized", lambda good: good + "A" * 9000)
with_text("a dot behind", lambda good: f"{good}.")
with_text("two dots behind", lambda good: f"{good}..")
with_text("a part more", lambda good: f"{good}.AAAA")
with_text("no signature", lambda good: good.rpartition(".")[0] + ".")
with_text("two parts", lambda good: good.rpartition(".")[0])
with_text("padding", lambda good: f"{good}==")
with_text("a character of plain base64", lambda good: good[:-1] + "+")
with_text("a space inside", lambda good: good[:50] + " " + good[50:])
with_text("cut", lambda good: good[:-1])
with_text("upper case", str.upper)
with_text("twice", lambda good: f"{good} {good}")
with_text("nothing", lambda _: "")


@mutation("the signature's last bits, which decode to the same")
async def _bits(case: Case) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(case.good[-1])
    return case.good[:-1] + alphabet[last ^ 1]


@mutation("claims changed")
async def _changed(case: Case) -> str:
    head, _, signature = case.parts()
    return f"{head}.{coded({**case.claims, 'sub': 'user:usr_other'})}.{signature}"


@mutation("claims re-encoded")
async def _recoded(case: Case) -> str:
    head, body, signature = case.parts()
    return f"{head}.{coded(json.dumps(read(body), indent=1).encode())}.{signature}"


@mutation("a signature in DER")
async def _der(case: Case) -> str:
    head, body, signature = case.parts()
    raw = base64.urlsafe_b64decode(signature + "==")
    r, s = (part.lstrip(b"\0") or b"\0" for part in (raw[:32], raw[32:]))
    r, s = (b"\0" + part if part[0] & 0x80 else part for part in (r, s))
    inner = b"\x02" + bytes([len(r)]) + r + b"\x02" + bytes([len(s)]) + s
    return f"{head}.{body}.{coded(b'0' + bytes([len(inner)]) + inner)}"


@mutation("a signature of zeros")
async def _zeros(case: Case) -> str:
    head, body, _ = case.parts()
    return f"{head}.{body}.{coded(bytes(64))}"


@mutation("the body is no object")
async def _list(case: Case) -> str:
    head, _, signature = case.parts()
    return f"{head}.{coded([1])}.{signature}"


@mutation("deep JSON in the header")
async def _deep(case: Case) -> str:
    _, body, signature = case.parts()
    return f"{coded(b'[' * 3000)}.{body}.{signature}"


@pytest.mark.requirement("auth:tokens")
@pytest.mark.parametrize("name", MUTATIONS)
async def test_each_mutation_of_a_good_token_is_refused(case: tuple[Site, Case], name: str) -> None:
    shop, made = case
    bad = await MUTATIONS[name](made)
    assert bad != made.good
    headers = [(b"authorization", f"Bearer {bad}".encode())]
    for _ in range(2):  # the second time nothing must be remembered of it
        answer = await shop.http.get("/api/v1/tools", headers=headers)
        assert answer.status_code == 401, answer.text
        assert answer.headers["www-authenticate"].startswith("Bearer ")
        assert bad not in answer.text or not bad
    assert (await shop.http.get("/api/v1/tools", headers=bearing(made.good))).status_code == 200


@pytest.mark.requirement("auth:tokens")
def test_there_are_enough_mutations() -> None:
    assert len(MUTATIONS) >= 40


@pytest.mark.requirement("auth:audience")
async def test_a_token_is_good_for_its_resource_and_what_lies_below(case: tuple[Site, Case]) -> None:
    shop, made = case
    listed = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    good = {
        "": {"/api/v1/tools", "/mcp", "/mcp/full", "/health"},
        "/mcp": {"/mcp", "/mcp/full"},
        "/mcp/full": {"/mcp/full"},
        "/api/v1": {"/api/v1/tools"},
    }
    for resource, reached in good.items():
        headers = bearing(await token(shop.app, made.user, ALL, resource))
        for path in ("/api/v1/tools", "/mcp", "/mcp/full", "/health"):
            mcp = path.startswith("/mcp")
            accept = {"Accept": "application/json, text/event-stream", **headers}
            answer = await (
                shop.http.post(path, json=listed, headers=accept) if mcp else shop.http.get(path, headers=headers)
            )
            assert (answer.status_code != 401) is (path in reached), (resource, path, answer.status_code)


@pytest.mark.requirement("auth:revocation")
async def test_a_revoked_grant_ends_its_tokens_at_once(case: tuple[Site, Case]) -> None:
    shop, made = case
    headers = bearing(made.good)
    assert (await shop.http.get("/api/v1/tools", headers=headers)).status_code == 200
    await shop.app.services.get(Grants).revoke(made.claims["sid"])
    answer = await shop.http.get("/api/v1/tools", headers=headers)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.requirement("auth:revocation")
async def test_a_person_who_is_disabled_or_loses_a_role_loses_what_it_gave_at_once(case: tuple[Site, Case]) -> None:
    from devskyy_mcp.auth.people import People

    shop, made = case
    people = shop.app.services.get(People)
    await person(shop.app, login="other@example.com")  # an owner has to stay
    headers = bearing(made.good)
    assert (await shop.call_with(headers, "notes_update", note=1, title="x")).status_code == 200
    await people.set_role(made.user.id, "analyst", "os:0:root")
    assert (await shop.call_with(headers, "notes_update", note=1, title="y")).status_code == 403
    await people.set_active(made.user.id, "os:0:root", active=False)
    assert (await shop.http.get("/api/v1/tools", headers=headers)).status_code == 401
