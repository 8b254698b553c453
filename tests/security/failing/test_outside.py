"""An identity provider that is away, and clients that don't read what they are sent."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from websockets import Subprotocol
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from devskyy_mcp.app import build
from devskyy_mcp.auth.external import AGAIN_AFTER, KEYS_FRESH, External
from devskyy_mcp.surfaces.http import create_http
from devskyy_mcp.surfaces.ws import EVENTS_WAITING
from tests.durability.processes import free_port
from tests.fakes.pausing import Line
from tests.fakes.people import person
from tests.fakes.served import Site, listening, served, settings_for, site
from tests.fakes.tokens import bearing, claims, client, grant, token

WITHIN, NOISE = 1.0, 0.5
LONG = 4096


async def status(shop: Site, text: str) -> int:
    """Of a call with the token, which must be answered in time."""
    began = time.monotonic()
    answer = await shop.call_with(bearing(text), "notes_list")
    assert time.monotonic() - began < WITHIN + NOISE
    return answer.status_code


@pytest.mark.requirement("fail:answers")
@pytest.mark.parametrize("fault", ["refuse", "freeze", "slow"])
async def test_without_the_identity_provider_its_known_keys_are_good_and_others_are_refused(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    async with Line(("127.0.0.1", port)) as line:
        first = build(
            settings_for(tmp_path / "one", public_url=f"http://127.0.0.1:{line.port}", auth_mode="embedded"), []
        )
        async with listening(create_http(first), port):
            issuer = first.settings.base_url
            given = {"auth_mode": "external", "auth_issuer": issuer, "auth_audience": f"{issuer}/api/v1"}
            async with site(tmp_path / "two", **given) as second:
                await client(first)
                user = await person(first)
                known = await token(first, user, ["notes:read"], "/api/v1")
                sid = await grant(first, user, ["notes:read"], resource="/api/v1")
                key = ECKey.generate_key("P-256", {"kid": "unheard of"})
                said = claims(first, user, sid, ["notes:read"], "/api/v1")
                unknown = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "unheard of"}, said, key)
                await getattr(line, fault)()
                no_key_was_ever_seen = 200 if fault == "slow" else 503
                assert await status(second, known) == no_key_was_ever_seen
                await line.heal()
                ahead = AGAIN_AFTER + 1
                monkeypatch.setattr(second.app.services.get(External), "_clock", lambda: time.time() + ahead)
                assert await status(second, known) == 200
                await getattr(line, fault)()
                for passed in (AGAIN_AFTER + 1, KEYS_FRESH + 1):  # the keys are asked for anew
                    ahead += passed
                    assert await status(second, unknown) == 401
                    assert await status(second, known) == 200
                await line.heal()


def resident() -> int:
    """Bytes of memory that this process uses."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.requirement("fail:frozen-client")
async def test_a_socket_that_is_not_read_costs_no_memory_and_is_closed_with_1013(tmp_path: Path) -> None:
    offered: dict[str, Any] = {
        "subprotocols": [Subprotocol("devskyy.v1")],
        "proxy": None,
        "max_queue": 1,
        "compression": None,
    }
    async with served(tmp_path) as port:
        heard = port.app.changes.on_written
        before = len(heard)
        async with connect(f"{port.url.replace('http:', 'ws:')}/api/v1/ws", **offered) as socket:
            with anyio.fail_after(5):
                while len(heard) == before:
                    await anyio.sleep(0.01)
            at_first = resident()
            for number in range(10_000):
                for tell in list(heard)[before:]:
                    tell(f"chg_{number:0{LONG}}")
                await anyio.sleep(0)
                await anyio.sleep(0)
            assert len(heard) == before, "it is told nothing more"
            # What may wait: our queue, and what uvicorn, the client's library and asyncio keep.
            assert resident() - at_first < 10 * EVENTS_WAITING * LONG
            with anyio.fail_after(10), suppress(ConnectionClosed):
                while True:
                    await socket.recv()
            assert socket.close_code == 1013
