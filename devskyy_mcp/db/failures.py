"""What a database can't do, in words for its operator. Import it inside functions only: it loads SQLAlchemy."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from devskyy_mcp.errors import Code, Refused

from .dsn import Dsn
from .outage import Outage

log = logging.getLogger(__name__)


class Words(NamedTuple):
    code: Code
    what: str  # goes on from "The database "
    hint: str


_LOCKED = Words(
    Code.UPSTREAM_UNREACHABLE, "is locked by another program", "End the program that holds it, or try again later."
)
_READ_ONLY = Words(
    Code.NOT_CONFIGURED, "can't be written", "Give this user the right to write to the file and its folder."
)
_AWAY = Words(
    Code.UPSTREAM_UNREACHABLE,
    "does not answer",
    "Check that Postgres runs and that DATABASE_URL names it; nothing was written.",
)
_BUSY = Words(Code.UPSTREAM_UNREACHABLE, "is busy: every connection is in use", "Try again in a few seconds.")
_FAILED = Words(Code.INTERNAL, "failed", "The server's log names the kind of the error.")
_FULL = Words(Code.NOT_CONFIGURED, "can't grow: the disk is full", "Free some space; nothing was written.")

# Beginnings of SQLite's own names of its result codes (SQLITE_IOERR_WRITE, SQLITE_READONLY_DIRECTORY, …).
SQLITE_WORDS: dict[str, Words] = {
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_PERM": _READ_ONLY,
    "PermissionError": _READ_ONLY,
    "SQLITE_FULL": _FULL,
    "SQLITE_CANTOPEN": Words(Code.NOT_CONFIGURED, "can't be opened", "Check the path and this user's rights to it."),
    "SQLITE_NOTADB": Words(Code.NOT_CONFIGURED, "is not a SQLite database", "Move the file away, or name another one."),
    "SQLITE_CORRUPT": Words(Code.NOT_CONFIGURED, "is damaged", "Put the latest backup in its place."),
    "SQLITE_IOERR": Words(Code.NOT_CONFIGURED, "can't be read or written", "Check the disk and its free space."),
    "OSError": Words(Code.NOT_CONFIGURED, "can't be made there", "Check the path, the disk and this user's rights."),
}
# Beginnings of SQLSTATE, or the class of what came without one.
POSTGRES_WORDS: dict[str, Words] = {
    "28": Words(Code.NOT_CONFIGURED, "refused the login", "Check user and password in DATABASE_URL."),
    "3D000": Words(Code.NOT_CONFIGURED, "does not exist on its server", "Create it, or correct DATABASE_URL."),
    "42501": Words(Code.NOT_CONFIGURED, "refused: this user lacks a right", "Grant it all rights on its schema."),
    "25006": Words(Code.NOT_CONFIGURED, "takes no writes here", "Point DATABASE_URL at the primary server."),
    "53100": _FULL,
    "53300": _BUSY,
    "40": _BUSY,
    "55P03": _BUSY,
    "08": _AWAY,
    "57": _AWAY,
    "25P0": _AWAY,
    "InterfaceError": _AWAY,
    "InternalClientError": _AWAY,  # asyncpg's, of a connection that was cut in the middle of a statement
    "OSError": _AWAY,
}


class DatabaseRefused(Refused):
    """The database's own: what asked for it may be asked again when the database is back.

    While it is away the HTTP status is 503: it is a part of this server, not a shop behind it.
    """

    @property
    def http_status(self) -> int:
        return 503 if self.code is Code.UPSTREAM_UNREACHABLE else super().http_status


def speak_on_errors(dsn: Dsn, outage: Outage, context: ExceptionContext) -> Refused | None:
    """SQLAlchemy's handle_error listener: what a statement, a begin or a commit raises becomes a Refused.

    A broken constraint (IntegrityError) is for the caller to judge; a statement or value that the database finds
    wrong is our own bug: both pass as they are.
    """
    error = context.original_exception
    if context.is_pre_ping:  # nothing is lost: the pool connects anew
        return None
    if isinstance(error, TimeoutError):
        context.is_disconnect = True  # the server may be frozen: drop the connection instead of waiting for a rollback
    if isinstance(error, OSError) or _speaks(dsn, context.sqlalchemy_exception):
        return refused(dsn, outage, error)
    return None


def _speaks(dsn: Dsn, error: Any) -> bool:
    if not isinstance(error, DBAPIError) or isinstance(error, IntegrityError):
        return False
    known = _words(dsn, error) is not _FAILED
    return known or (dsn.path is not None and not isinstance(error, ProgrammingError) and not _own_fault(error))


def _own_fault(error: DBAPIError) -> bool:
    return _kind(error) in {"SQLITE_ERROR", "SQLITE_MISMATCH", "SQLITE_TOOBIG"}


@contextmanager
def in_words(dsn: Dsn, outage: Outage) -> Generator[None]:
    """Around connecting only: there the pool's, the socket's and asyncpg's own exceptions come as they are."""
    try:
        yield
    except Refused:
        raise
    except PoolTimeout:
        raise _refuse(dsn, _BUSY) from None
    except Exception as error:
        raise refused(dsn, outage, error) from None


def refused(dsn: Dsn, outage: Outage, error: BaseException) -> Refused:
    """The refusal that says what is wrong with the database; the log gets the error's kind, never its text.

    While the database is away every call meets that, so it is logged once.
    """
    words = _words(dsn, error)
    if words is _AWAY:
        outage.began(_kind(error))
    else:
        log.warning("database failed: %s", _kind(error))
    return _refuse(dsn, words)


def _refuse(dsn: Dsn, words: Words) -> Refused:
    where = f"The database file {dsn.path}" if dsn.path else "The database"
    return DatabaseRefused(words.code, f"{where} {words.what}.", hint=words.hint)


def _words(dsn: Dsn, error: BaseException) -> Words:
    kind = _kind(error)
    table = SQLITE_WORDS if dsn.path else POSTGRES_WORDS
    return next((words for prefix, words in table.items() if kind.startswith(prefix)), _FAILED)


def _kind(error: BaseException) -> str:
    """SQLite's name of its code, Postgres' SQLSTATE, or the exception's class (every socket error is "OSError")."""
    cause: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    while cause is not None:
        for name in ("sqlite_errorname", "sqlstate"):
            value = getattr(cause, name, None)
            if isinstance(value, str):
                return value
        if isinstance(cause, OSError) and not isinstance(cause, PermissionError):
            return "OSError"
        if cause.__cause__ is None:
            return type(cause).__name__
        cause = cause.__cause__
    return type(error).__name__
