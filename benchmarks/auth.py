"""What it costs to know who calls: a token seen before and one seen for the first time, alone and in whole requests."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from devskyy_mcp.app import App, build
from devskyy_mcp.auth.bearers import Bearers
from devskyy_mcp.auth.grants import Grants
from devskyy_mcp.auth.people import People
from devskyy_mcp.auth.signing import SigningKeys
from devskyy_mcp.config import Settings
from devskyy_mcp.db.database import Database
from devskyy_mcp.surfaces.http import create_http
from tests.fakes.tokens import CLIENT, bearing, claims, client

from .calls import bare, request, route, rpc, served
from .catalogue import noops
from .measure import Row, cpu, nothing, wall

SCOPES = ["noop:read"]
PATH = "/api/v1/tools/noop_7_run"
FIRST_SEEN = 300


@asynccontextmanager
async def signed_in(number: int) -> AsyncGenerator[tuple[App, Starlette, list[str]]]:
    """DevSkyy over HTTP where people sign in, and access tokens of one grant."""
    with tempfile.TemporaryDirectory() as folder:
        given = {"data_dir": Path(folder), "calls_per_second": 1e9, "calls_burst": 10**9, "auth_mode": "embedded"}
        app = build(Settings.model_validate(given), [noops(number)])
        asgi = create_http(app)
        async with asgi.router.lifespan_context(asgi):
            await client(app)
            user = await app.services.get(People).add("ada@example.com", "Ada", "owner", "four words nobody guesses", "me")
            lives = 3600 * 1_000_000
            async with app.services.get(Database).begin() as conn:
                sid = await app.services.get(Grants).open(
                    conn, client_id=CLIENT, scopes=SCOPES, resource="", lives=lives, user_id=user.id
                )
            keys = app.services.get(SigningKeys)
            yield app, asgi, [await keys.sign(claims(app, user, sid, SCOPES)) for _ in range(FIRST_SEEN)]


async def run() -> list[Row]:
    """The figures of this file's subject."""
    given = {"number": 2, "text": "x"}
    plain = Starlette(routes=[Route("/x", route, methods=["POST"])])
    async with signed_in(150) as (app, asgi, tokens), served(150) as (_, open_asgi), bare(150) as sdk:
        bearers = app.services.get(Bearers)
        token = {"authorization": bearing(tokens[0])["Authorization"]}
        await bearers.principal(tokens[0], PATH)
        turn = iter(range(10**9))

        async def known() -> None:
            if bearers.known(tokens[0], PATH) is None:
                await bearers.principal(tokens[0], PATH)

        async def first() -> None:
            text = tokens[next(turn) % FIRST_SEEN]
            bearers.forget()
            await bearers.principal(text, PATH)

        alone = await cpu({"known": known, "nothing": nothing}, 5000)
        seen = await wall({"first": first}, FIRST_SEEN)

        async def settle() -> None:
            await app.road.audit.flush()

        http = await cpu(
            {
                "route": lambda: request(plain, "/x", given),
                "rest": lambda: request(asgi, PATH, given, token),
                "open": lambda: request(open_asgi, PATH, given),
            },
            500,
            settle,
        )
        mcp = await cpu(
            {
                "ours": lambda: rpc(asgi, "/mcp", "tools/call", "noop_7_run", given, token),
                "sdk": lambda: rpc(sdk, "/mcp", "tools/call", "noop_7_run", given),
            },
            300,
            settle,
        )
    spent, new, rest = alone.us("known"), seen.us("first"), http.ratio("rest", "route")
    added = http.added("rest", "open") * 1000
    return [
        Row("a token that was verified before", f"{spent:.1f} µs", "≤ 20 µs", spent <= 20),
        Row("a token seen for the first time: signature, grant, person", f"{new:.0f} µs", "≤ 1 ms", new <= 1000),
        Row("REST call with a known token beside a bare route", http.beside("rest", "route"), "≤ 3×", rest <= 3),
        Row("what the token adds to a REST call without sign-in", f"{added:.0f} µs", "≤ 20 µs", added <= 20),
        Row("tools/call with a known token beside the bare SDK", mcp.beside("ours", "sdk"), "", None),
    ]
