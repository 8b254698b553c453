"""Statements that are sent as they are. Import it inside functions only: it loads SQLAlchemy.

SQLAlchemy takes longer to make a statement, or to find that it has made it before, than SQLite takes to carry it out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sqlalchemy import bindparam

from .one_hop import at_once

if TYPE_CHECKING:
    from sqlalchemy import Column
    from sqlalchemy.engine import Dialect
    from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")
Processor = Callable[[Any], Any] | None
SIZES = (1, 8, 64, 512)
_NUMBERED = re.compile(r"\$(\d+)")


class _Form(NamedTuple):
    """The statement in one database's words: what it binds and what it gives, each with the column type's processor."""

    sql: str
    fixed: Mapping[str, Any]
    binds: list[tuple[str, Processor]]
    gives: list[tuple[str, Processor]]

    def values(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        found: list[Any] = []
        for name, processor in self.binds:
            value = given[name] if name in given else self.fixed[name]
            found.append(processor(value) if processor is not None else value)
        return tuple(found)


class Prepared:
    """A statement of few rows, found by their keys; made once for each kind of database.

    Args:
        statement: of SQLAlchemy's, whose parameters are ``bindparam`` by name; an ``in_`` is of single ones.
    """

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    async def run(self, conn: AsyncConnection, *rows: Mapping[str, Any]) -> int:
        """Send it for each of the rows; the number it touched (-1 where a driver does not tell of many)."""
        form = self._form(conn.dialect)
        if len(rows) == 1:
            return (await self._send(conn, form, rows[0]))[0]
        return (await conn.exec_driver_sql(form.sql, [form.values(row) for row in rows])).rowcount

    async def read(self, conn: AsyncConnection, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows it finds, by the names of their columns."""
        form = self._form(conn.dialect)
        _, found = await self._send(conn, form, given)
        return [
            {
                name: processor(value) if processor is not None else value
                for (name, processor), value in zip(form.gives, row, strict=True)
            }
            for row in found
        ]

    async def _send(self, conn: AsyncConnection, form: _Form, given: Mapping[str, Any]) -> tuple[int, Sequence[Any]]:
        values = form.values(given)
        known = at_once(conn, form.sql, values)
        if known is not None:
            return known
        found = await conn.exec_driver_sql(form.sql, values)
        return found.rowcount, found.all() if found.returns_rows else ()

    def _form(self, dialect: Dialect) -> _Form:
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = self._made(dialect)
        return form

    def _made(self, dialect: Dialect) -> _Form:
        compiled = self._statement.compile(dialect=dialect)
        binds = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup
        ]
        gives = [
            (column.key, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for column in (self._statement.selected_columns if self._statement.is_select else ())
        ]
        return _Form(str(compiled), compiled.params, binds, gives)


Step = tuple[Prepared, Mapping[str, Any]]
"""A statement with what it binds."""


async def together(conn: AsyncConnection, *steps: Step) -> list[int]:
    """Send several statements that write different tables; how many rows each touched.

    To Postgres they go as one, since each round trip to a database in another place takes longer than all the work;
    none sees what the others of them do. Elsewhere they go one after the other.
    """
    if conn.dialect.name != "postgresql" or len(steps) == 1:
        return [await statement.run(conn, given) for statement, given in steps]
    forms = [statement._form(conn.dialect) for statement, _ in steps]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] # of this file
    values = [value for form, (_, given) in zip(forms, steps, strict=True) for value in form.values(given)]
    found = await conn.exec_driver_sql(_joined(tuple((form.sql, len(form.binds)) for form in forms)), tuple(values))
    return list(found.one())


@lru_cache(maxsize=64)
def _joined(parts: tuple[tuple[str, int], ...]) -> str:
    """One statement of several, each with how many values it binds."""
    texts: list[str] = []
    bound = 0
    for number, (sql, binds) in enumerate(parts):
        shifted = _NUMBERED.sub(lambda found, by=bound: f"${int(found[1]) + by}", sql)
        texts.append(f"s{number} AS ({shifted} RETURNING 1)")
        bound += binds
    counts = [f"(SELECT count(*) FROM s{number})" for number in range(len(parts))]  # noqa: S608 # our own statements
    return f"WITH {', '.join(texts)} SELECT {', '.join(counts)}"


def padded(found: Sequence[T]) -> list[T]:
    """Made longer by repeating the first, to one of few lengths: each length is a statement of its own to prepare."""
    length = next(size for size in (*SIZES, len(found)) if size >= len(found))
    return [*found, *[found[0]] * (length - len(found))]


def named(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """Several values as the parameters that ``parameters`` makes."""
    return {f"{name}_{number}": value for number, value in enumerate(values)}


def parameters(name: str, number: int, column: Column[Any]) -> list[Any]:
    """So many parameters of one column's type, for an ``in_``."""
    return [bindparam(f"{name}_{one}", type_=column.type) for one in range(number)]
