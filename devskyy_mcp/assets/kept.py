"""Results that are too large to be given whole: cut to size, and kept whole for a day for who asked.

They may hold anything that a read gives, so they lie sealed in the database, where every server finds them, and not
among the files.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic_core import to_json

from ..capability import MOST_RESULT
from ..db.database import Database
from ..errors import Code, Refused
from ..guard.audit import now_us

LEAST_TEXT = 400
"""Characters of a text, or bytes of a row, to which nothing is cut further."""
NAMED = 20
"""Places that are named as cut."""
DAY = 24 * 3600 * 1_000_000
URI = "devskyy://results/"
Json = dict[str, Any]


class KeptResults:
    """The store, by ids that nobody can guess."""

    def __init__(self, db: Database) -> None:
        self.db = db

    async def keep(self, principal: str, tool: str, data: Json) -> str:
        """Keep a result for its principal; where it can be read."""
        from ..db.tables import kept_results
        from ..db.vault import vault_of

        row = {
            "id": f"res_{secrets.token_urlsafe(12)}",
            "principal": principal,
            "tool": tool,
            "body": data,
            "until_at": now_us() + DAY,
        }
        async with self.db.begin() as conn:
            await conn.execute(kept_results.delete().where(kept_results.c.until_at < now_us()))
            await conn.execute(kept_results.insert().values(vault_of(conn).seal_row(kept_results.name, row)))
        return f"{URI}{row['id']}"

    async def read(self, principal: str, name: str) -> tuple[str, Json]:
        """The tool and what it gave.

        Raises:
            Refused: NOT_FOUND, also for another principal's, and after a day.
        """
        from ..db.tables import kept_results
        from ..db.vault import vault_of

        c = kept_results.c
        query = kept_results.select().where(c.id == name, c.principal == principal, c.until_at > now_us())
        async with self.db.read() as conn:
            rows = (await conn.execute(query)).mappings().all()
            found = await vault_of(conn).open_rows(conn, kept_results.name, rows)
        if not found:
            raise Refused(Code.NOT_FOUND, "There is no such result (any more).", "Make the call again.")
        return found[0]["tool"], found[0]["body"]


def size_of(value: Any) -> int:
    """Bytes of the value as JSON."""
    return len(to_json(value))


def shortened(data: Json, most: int = MOST_RESULT) -> tuple[Json, dict[str, int]]:
    """The result cut to about ``most`` bytes: long texts end early, lists lose their last rows, all else stays.

    Returns:
        The cut result, and per place how many rows or characters are left out of it.
    """
    cut = _Cut()
    short = cut.object(data, most, "")
    return short, dict(sorted(cut.left.items(), key=lambda place: place[0].count("."))[:NAMED])


@dataclass
class _Cut:
    left: dict[str, int] = field(default_factory=dict[str, int])

    def value(self, value: Any, most: int, at: str) -> Any:
        if size_of(value) <= most:
            return value
        if isinstance(value, str):
            return self.text(value, most, at)
        if isinstance(value, list):
            return self.rows(cast("list[Any]", value), most, at)
        return self.object(cast("Json", value), most, at) if isinstance(value, dict) else value

    def text(self, text: str, most: int, at: str) -> str:
        kept = max(most // max(1, size_of(text) // max(1, len(text))), LEAST_TEXT)
        if kept >= len(text):
            return text
        self.left[at] = self.left.get(at, 0) + len(text) - kept
        return f"{text[:kept]}… [cut here: {len(text) - kept} more characters]"

    def rows(self, rows: list[Any], most: int, at: str) -> list[Any]:
        """Long texts in the rows first, so that one of them does not push out the rows behind it; then the last."""
        each = max(most // max(1, len(rows)), LEAST_TEXT)
        kept: list[Any] = []
        for number, row in enumerate(rows):
            short = self.value(row, each, f"{at}.{number}")
            most -= size_of(short) + 1
            if most < 0 and kept:
                self.left = {name: cut for name, cut in self.left.items() if name != f"{at}.{number}"}
                self.left[at] = self.left.get(at, 0) + len(rows) - number
                break
            kept.append(short)
        return kept

    def object(self, tree: Json, most: int, at: str) -> Json:
        """The small values whole; what is left of the room is shared by the large ones."""
        sizes = {name: size_of(value) for name, value in tree.items()}
        room = most - sum(len(name) + 4 for name in tree)
        short: Json = {}
        for number, name in enumerate(sorted(sizes, key=lambda name: sizes[name])):
            share = max(room // (len(sizes) - number), LEAST_TEXT)
            short[name] = self.value(tree[name], share, f"{at}.{name}".lstrip("."))
            room -= min(sizes[name], share)
        return {name: short[name] for name in tree}
