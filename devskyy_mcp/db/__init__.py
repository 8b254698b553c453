"""One schema on SQLite and Postgres. Drivers and SQLAlchemy load when the first connection is made, not before."""

from __future__ import annotations

from .database import Database
from .dsn import Dsn, direct_dsn, normalize_dsn

__all__ = ["Database", "Dsn", "direct_dsn", "normalize_dsn"]
