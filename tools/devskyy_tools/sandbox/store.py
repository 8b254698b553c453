"""The shop's memory: one JSON document per object in SQLite, with the columns that lists filter and sort by."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devskyy_tools.sandbox.envelope import Json, RestError

_TABLES = """
CREATE TABLE IF NOT EXISTS objects(
  kind TEXT NOT NULL, id INTEGER NOT NULL, parent INTEGER NOT NULL, status TEXT NOT NULL, type TEXT NOT NULL,
  slug TEXT NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL, created TEXT NOT NULL, modified TEXT NOT NULL,
  amount REAL, body TEXT NOT NULL, PRIMARY KEY(kind, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_code ON objects(code) WHERE code <> '';
CREATE INDEX IF NOT EXISTS by_slug ON objects(kind, slug);
CREATE INDEX IF NOT EXISTS by_parent ON objects(kind, parent);
CREATE INDEX IF NOT EXISTS by_created ON objects(kind, created, id);
CREATE TABLE IF NOT EXISTS counters(space TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS options(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files(path TEXT PRIMARY KEY, mime TEXT NOT NULL, content BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS nonces(nonce TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
"""

# Everything that WordPress keeps in wp_posts, wp_terms or wp_comments shares one sequence of ids.
_SPACES = {
    **dict.fromkeys(
        ("product", "variation", "post", "page", "attachment", "coupon", "order", "refund", "revision"), "posts"
    ),
    **dict.fromkeys(
        (
            "category",
            "post_tag",
            "product_cat",
            "product_tag",
            "product_brand",
            "shipping_class",
            "attribute_term",
            "wp_pattern_category",
        ),
        "terms",
    ),
    **dict.fromkeys(("order_note", "review", "comment"), "comments"),
}
_CODE = {"product": "sku", "variation": "sku", "coupon": "code", "user": "email", "order": "transaction_id"}
_NAME = {"post": "title", "page": "title", "attachment": "title", "coupon": "code"}
_AMOUNT = {"product": "price", "variation": "price", "order": "total", "coupon": "amount", "refund": "amount"}


LARGEST = 2**63 - 1


def _fitting(values: Sequence[Any]) -> tuple[Any, ...]:
    """Whole numbers that do not fit become the nearest that does, as in PHP; no object has such an id."""
    return tuple(max(min(one, LARGEST), -LARGEST) if isinstance(one, int) else one for one in values)


class Where:
    """Conditions of a list, joined by AND."""

    def __init__(self, kind: str) -> None:
        self.parts = ["kind = ?"]
        self.values: list[Any] = [kind]

    def add(self, condition: str, *values: Any) -> None:
        self.parts.append(condition)
        self.values += values

    def among(self, column: str, values: Iterable[Any], *, negate: bool = False) -> None:
        found = list(values)
        self.add(f"{column} {'NOT ' if negate else ''}IN ({','.join('?' * len(found))})", *found)

    def holds(self, field: str, values: Iterable[Any], *, negate: bool = False) -> None:
        """Match objects whose list `field` holds one of the values."""
        found = list(values)
        marks = ",".join("?" * len(found))
        has = f"EXISTS (SELECT 1 FROM json_each(body, '$.{field}') WHERE value IN ({marks}))"  # noqa: S608 # our own fields
        self.add(f"NOT {has}" if negate else has, *found)

    @property
    def sql(self) -> str:
        return " AND ".join(self.parts)


class Store:
    """One SQLite file, or memory when there is no path. Calls come one at a time, under the lock."""

    def __init__(self, path: Path | None) -> None:
        self.lock = threading.RLock()
        self._peeked: dict[tuple[str, int], Json | None] = {}
        self._asked: dict[tuple[str, tuple[Any, ...]], list[tuple[Any, ...]]] = {}
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False, timeout=10)
        self._db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=10000;" + _TABLES
        )

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self, *, write: bool) -> Generator[None]:
        """Run one request; an error rolls everything back unless it says to keep what was done."""
        with self.lock:
            self._peeked.clear()
            self._asked.clear()
            self._db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield
            except BaseException as error:
                self._db.execute("COMMIT" if isinstance(error, RestError) and error.keep else "ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def item(self) -> Generator[None]:
        """Run one item of a batch, which fails alone."""
        self._db.execute("SAVEPOINT item")
        try:
            yield
        except RestError as error:
            if not error.keep:
                self._db.execute("ROLLBACK TO item")
                self._peeked.clear()
            self._db.execute("RELEASE item")
            raise
        self._db.execute("RELEASE item")

    def new_id(self, kind: str) -> int:
        sql = "INSERT INTO counters VALUES(?, 1) ON CONFLICT(space) DO UPDATE SET last = last + 1 RETURNING last"
        return self._db.execute(sql, (_SPACES.get(kind, kind),)).fetchone()[0]

    def put(self, kind: str, body: Json) -> None:
        """Save an object whole; body carries id and, where it has them, parent, status, type, slug and dates."""
        self._peeked.pop((kind, body["id"]), None)
        self._db.execute("INSERT OR REPLACE INTO objects VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", row(kind, body))

    def put_many(self, kind: str, bodies: Iterable[Json]) -> None:
        rows = [row(kind, body) for body in bodies]
        self._db.executemany("INSERT OR REPLACE INTO objects VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", rows)

    def get(self, kind: str, object_id: int) -> Json | None:
        """Return an object to work on."""
        sql = "SELECT body FROM objects WHERE kind = ? AND id = ?"
        found = self._db.execute(sql, _fitting((kind, object_id))).fetchone()
        return json.loads(found[0]) if found else None

    def peek(self, kind: str, object_id: int) -> Json | None:
        """Return an object to read from, remembered for the rest of the request."""
        key = (kind, object_id)
        if key not in self._peeked:
            self._peeked[key] = self.get(kind, object_id)
        return self._peeked[key]

    def delete(self, kind: str, object_id: int) -> None:
        self._peeked.pop((kind, object_id), None)
        self._db.execute("DELETE FROM objects WHERE kind = ? AND id = ?", (kind, object_id))

    def find(
        self, where: Where, order: str = "id", *, limit: int = -1, offset: int = 0, extra: Sequence[Any] = ()
    ) -> list[Json]:
        """Return objects; `extra` holds the values of placeholders in the order."""
        sql = f"SELECT body FROM objects WHERE {where.sql} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608 # our own columns
        rows = self._db.execute(sql, _fitting((*where.values, *extra, limit, offset)))
        return [json.loads(body) for (body,) in rows]

    def count(self, where: Where) -> int:
        sql = f"SELECT count(*) FROM objects WHERE {where.sql}"  # noqa: S608 # our own columns
        return self._db.execute(sql, _fitting(where.values)).fetchone()[0]

    def ids(self, where: Where, order: str = "id") -> list[int]:
        sql = f"SELECT id FROM objects WHERE {where.sql} ORDER BY {order}"  # noqa: S608 # our own columns
        return [found for (found,) in self._db.execute(sql, _fitting(where.values))]

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query of a noun's own, as reports and counts need."""
        return self._db.execute(sql, _fitting(values)).fetchall()

    def remembered(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query once per request, for what many objects of a list ask alike."""
        key = (sql, tuple(values))
        if key not in self._asked:
            self._asked[key] = self.rows(sql, values)
        return self._asked[key]

    def option(self, name: str, default: Any = None) -> Any:
        found = self._db.execute("SELECT value FROM options WHERE name = ?", (name,)).fetchone()
        return json.loads(found[0]) if found else default

    def set_option(self, name: str, value: Any) -> None:
        self._db.execute("INSERT OR REPLACE INTO options VALUES(?, ?)", (name, json.dumps(value)))

    def add_file(self, path: str, mime: str, content: bytes) -> None:
        self._db.execute("INSERT OR REPLACE INTO files VALUES(?, ?, ?)", (path, mime, content))

    def file(self, path: str) -> tuple[str, bytes] | None:
        return self._db.execute("SELECT mime, content FROM files WHERE path = ?", (path,)).fetchone()

    def remove_file(self, path: str) -> None:
        self._db.execute("DELETE FROM files WHERE path = ?", (path,))

    def use_nonce(self, nonce: str, at: int, oldest: int) -> bool:
        """Remember a nonce; False when it was seen before."""
        self._db.execute("DELETE FROM nonces WHERE at < ?", (oldest,))
        return self._db.execute("INSERT OR IGNORE INTO nonces VALUES(?, ?)", (nonce, at)).rowcount == 1


def row(kind: str, body: Json) -> tuple[Any, ...]:
    amount = body.get(_AMOUNT.get(kind, ""), "")
    return (
        kind,
        body["id"],
        body.get("parent") or 0,
        body.get("status", ""),
        body.get("type", ""),
        body.get("slug", ""),
        body.get(_CODE.get(kind, ""), ""),
        body.get(_NAME.get(kind, "name"), ""),
        body.get("created") or "",
        body.get("modified") or "",
        float(amount) if _is_number(amount) else None,
        json.dumps(body, separators=(",", ":")),
    )


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def unique_slug(store: Store, kind: str, wanted: str, own_id: int = 0) -> str:
    """Return the slug, with -2, -3 … when another object of the kind has it."""
    slug, number = wanted, 1
    while slug and store.rows("SELECT 1 FROM objects WHERE kind=? AND slug=? AND id<>?", (kind, slug, own_id)):
        number += 1
        slug = f"{wanted}-{number}"
    return slug
