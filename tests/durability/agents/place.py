"""Where processes that run agents meet, and what the model that they ask says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devskyy_mcp.app import App, build
from devskyy_mcp.changes import commit
from devskyy_mcp.config import Settings
from devskyy_mcp.db.database import Database
from tests.fakes.llm.server import Answer, Asked, Models
from tests.unit.agents.runs.bed import FILES, calls, delivers


@dataclass(frozen=True)
class Place:
    """The settings of each process."""

    settings: dict[str, Any]

    def app(self, **more: Any) -> App:
        commit.FENCE = 0.5
        return build(Settings(_env_file=None, **{**self.settings, **more}))  # pyright: ignore[reportCallIssue] # pydantic-settings takes it


async def place(folder: Path, database_url: str, models: Models, **more: Any) -> Place:
    """Over one database, which has its tables now, and one provider; ``more`` are settings."""
    database = Database(database_url, migrate=True)
    await database.open()
    await database.close()
    given = {
        "environment": "test",
        "data_dir": folder,
        "database_url": database_url,
        "agents_dir": str(FILES),
        "settle_after": 0.5,
        "calls_per_second": 1e6,
        "calls_burst": 1_000_000,
        **models.settings("anthropic"),
        **more,
    }
    return Place(given)


def drafts(title: str) -> Callable[[Asked], Answer]:
    """Looks, drafts a post and delivers: the same answers however often it is asked, by what the question holds."""

    def say(asked: Asked) -> Answer:
        match len(asked.results):
            case 0:
                return calls(("woo_products_list", {"limit": 2}))
            case 1:
                return calls(("wp_posts_create", {"title": title, "content": "<p>Soon.</p>"}))
            case _:
                return delivers("Drafted.")

    return say
