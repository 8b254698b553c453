"""Asks of the gateway inside a job, and what is in the books afterwards."""

from __future__ import annotations

from typing import Any

from devskyy_mcp.app import App
from devskyy_mcp.context import Context
from devskyy_mcp.db.database import Database
from devskyy_mcp.llm.asking import Answer, Want
from devskyy_mcp.llm.gateway import Gateway
from devskyy_mcp.llm.port import Kind, LLMError
from tests.fakes.llm.scripted import hello

OPENAI = Want(only=("openai",))
ANY = Want(prefer=("openai", "anthropic"), deadline_s=20)


async def ask(ctx: Context, step: str = "draft", want: Want = OPENAI, **more: Any) -> Answer:
    return await ctx.get(Gateway).ask(ctx, step, want, more.pop("request", hello()), **more)


async def rows(app: App) -> list[dict[str, Any]]:
    """The calls that are kept, opened, in the order they were made."""
    from devskyy_mcp.db.tables import llm_calls
    from devskyy_mcp.db.vault import vault_of

    async with app.services.get(Database).read() as conn:
        found = (await conn.execute(llm_calls.select().order_by(llm_calls.c.created_at, llm_calls.c.id))).mappings()
        return await vault_of(conn).open_rows(conn, "llm_calls", found)


async def ledger(app: App) -> list[tuple[str, int | None, int | None]]:
    """State, estimate and cost of each paid operation."""
    from sqlalchemy import select

    from devskyy_mcp.db.tables import change_ops

    o = change_ops.c
    async with app.services.get(Database).read() as conn:
        found = await conn.execute(select(o.state, o.estimate, o.cost).order_by(o.sent_at, o.change_id))
        return [tuple(row) for row in found]


def error(kind: Kind, **more: Any) -> LLMError:
    return LLMError(kind, f"It went wrong: {kind}.", **more)
