"""The gateway with the providers' own clients, on loopback: keys, models, connections, and one answer of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.app import App
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Context
from devskyy_mcp.db.database import Database
from devskyy_mcp.llm.asking import Answer, Unanswered, Want
from devskyy_mcp.llm.gateway import Gateway
from devskyy_mcp.llm.port import NAMES, Event, Name, TextDelta, Usage
from devskyy_mcp.llm.providers import load
from tests.durability.processes import free_port
from tests.fakes.llm.scripted import KEYS, Told, asked, asking_app, hello
from tests.fakes.llm.server import Answer as Says
from tests.fakes.llm.server import Refusal, speaking


def _app(folder: Path, **more: Any) -> App:
    settings = Settings(_env_file=None, environment="test", data_dir=folder, worker="off", **more)  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
    app = asking_app(settings, Told())
    app.services.put(Gateway, Gateway(app.services, load))
    return app


async def ask(ctx: Context, step: str, name: Name, **more: Any) -> Answer:
    want = Want(only=(name,), tier="fast", tries=1, deadline_s=30)
    return await ctx.get(Gateway).ask(ctx, step, want, hello(max_output=500), **more)


@pytest.mark.requirement("llm:kept")
async def test_each_provider_answers_is_streamed_and_booked(tmp_path: Path) -> None:
    async with speaking() as models:
        settings: dict[str, Any] = {}
        for name in NAMES:
            settings |= models.settings(name)
        app = _app(tmp_path, **settings)
        answers: dict[str, Answer] = {}
        seen: dict[str, str] = dict.fromkeys(NAMES, "")

        async def all_of_them(ctx: Context) -> None:
            for name in NAMES:
                models.say(Says(text=("Silk ", "is back"), usage=Usage(input=1000, output=50)))

                async def sink(event: Event, name: str = name) -> None:
                    if isinstance(event, TextDelta):
                        seen[name] += event.text

                answers[name] = await ask(ctx, name, name, sink=sink)

        await asked(app, all_of_them)
        await app.close()
    assert seen == dict.fromkeys(NAMES, "Silk is back")
    assert {answer.turn.text for answer in answers.values()} == {"Silk is back"}
    assert {answer.booked for answer in answers.values()} == {"exact"}
    assert all((answer.cost_usd or 0) > 0 for answer in answers.values())
    assert {answer.turn.usage.total_in for answer in answers.values()} == {1000}


@pytest.mark.requirement("llm:bad-input")
async def test_a_wrong_key_is_told_and_costs_nothing(tmp_path: Path) -> None:
    async with speaking() as models:
        app = _app(tmp_path, **{**models.settings("openai"), "openai_api_key": "wrong"})
        with pytest.raises(Unanswered) as raised:
            await asked(app, lambda ctx: ask(ctx, "a", "openai"))
        assert raised.value.kind == "auth"
        assert "doctor" in raised.value.hint
        assert raised.value.attempts[0].booked == "nothing"
        await app.close()


@pytest.mark.requirement("llm:bad-input")
async def test_a_model_that_the_provider_does_not_know(tmp_path: Path) -> None:
    async with speaking() as models:
        app = _app(tmp_path, **models.settings("openai"))
        models.say(Refusal("not_found"))
        with pytest.raises(Unanswered) as raised:
            await asked(app, lambda ctx: ask(ctx, "a", "openai"))
        assert raised.value.kind == "not_found"
        assert "llm_models_list" in raised.value.hint
        await app.close()


@pytest.mark.requirement("llm:retries")
async def test_nobody_there_costs_nothing(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    app = _app(tmp_path, **KEYS, **{f"{name}_url": nowhere for name in NAMES})
    found: dict[str, Unanswered] = {}

    async def all_of_them(ctx: Context) -> None:
        for name in NAMES:
            with pytest.raises(Unanswered) as raised:
                await ask(ctx, name, name)
            found[name] = raised.value

    await asked(app, all_of_them)
    told = {name: (one.kind, one.attempts[0].booked) for name, one in found.items()}
    assert told == dict.fromkeys(NAMES, ("connection", "nothing"))
    from sqlalchemy import text

    async with app.services.get(Database).read() as conn:
        states = set((await conn.execute(text("SELECT state FROM change_ops"))).scalars())
    assert states == {"failed"}
    await app.close()
