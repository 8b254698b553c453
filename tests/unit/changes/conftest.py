"""One DevSkyy over the notes, with calls as a surface makes them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.app import App, build
from devskyy_mcp.changes.asking import Person
from devskyy_mcp.config import Settings
from devskyy_mcp.context import ALL_SCOPES, Context, Principal
from devskyy_mcp.errors import Refused
from devskyy_mcp.invoke import Call, Decision, Result
from tests.fakes.notes import Notes
from tests.fakes.packs import changes_pack, notes_pack
from tests.fakes.postgres import database_url, postgres_server, postgres_url

__all__ = ["database_url", "postgres_server", "postgres_url"]

ADA = Principal("user:ada", "user", ALL_SCOPES - {"*"} | {"notes:write"}, "Ada")
BOB = Principal("user:bob", "user", ADA.scopes, "Bob")


@dataclass
class Desk:
    """Calls tools the way a surface does."""

    app: App
    notes: Notes
    person: Person = field(default_factory=lambda: Person("Grace", "page"))

    async def call(self, name: str, *, who: Principal = ADA, can_ask: bool = False, **more: Any) -> Result:
        key, decision = more.pop("key", None), more.pop("decision", None)
        return await self.app.road.invoke(Call(who, name, more, "cli", can_ask=can_ask, decision=decision, key=key))

    async def do(self, name: str, **more: Any) -> dict[str, Any]:
        return (await self.call(name, **more)).data

    async def refused(self, name: str, **more: Any) -> Refused:
        with pytest.raises(Refused) as caught:
            await self.call(name, **more)
        return caught.value

    async def answer(self, name: str, change: str, *, agreed: bool, **more: Any) -> Result:
        """The retry of a call with a person's answer."""
        return await self.call(name, can_ask=True, decision=Decision(change, agreed, self.person), **more)

    async def decide(self, change: str, *, agreed: bool) -> dict[str, Any]:
        """A person's answer on the page or at the terminal."""
        ctx = Context(BOB, self.app.services, surface="page")
        view = await self.app.changes.decided(ctx, change, self.person, agreed=agreed)
        return view.model_dump(mode="json", exclude_none=True)


def make(folder: Path, notes: Notes, **settings: Any) -> App:
    values: dict[str, Any] = {"data_dir": folder, "settle_after": 0.05, "confirm_writes": "risky", **settings}
    return build(Settings(_env_file=None, **values), [notes_pack(notes), changes_pack()])  # pyright: ignore[reportCallIssue] # pydantic-settings takes it


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    notes = Notes("first", "second", "third")
    app = make(tmp_path, notes)
    try:
        yield Desk(app, notes)
    finally:
        await app.close()
