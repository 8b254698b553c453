"""The shop's clock: whole seconds, stored as GMT, shown in the site's zone as well."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

TIMEZONE = "Europe/Paris"
FORMAT = "%Y-%m-%dT%H:%M:%S"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@lru_cache(1)
def zone() -> tzinfo:
    """Return the site's zone; a system without zone data gets Paris' winter time."""
    try:
        return ZoneInfo(TIMEZONE)
    except ZoneInfoNotFoundError:
        return timezone(timedelta(hours=1))


def now() -> str:
    """Return the GMT of this second, as '2026-11-22T21:53:52'."""
    return datetime.now(UTC).strftime(FORMAT)


@lru_cache(4096)
def local(gmt: str | None) -> str | None:
    """Return a stored GMT time in the site's zone."""
    if not gmt:
        return None
    return datetime.strptime(gmt, FORMAT).replace(tzinfo=UTC).astimezone(zone()).strftime(FORMAT)


def parse(text: str, *, end_of_day: bool = False) -> datetime | None:
    """Read a date as PHP's date parser would for the forms that clients send; None when it is no date."""
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if end_of_day and _DAY.fullmatch(text.strip()):
        read = read.replace(hour=23, minute=59, second=59)
    return read.replace(microsecond=0)


def to_gmt(text: str, *, is_gmt: bool = False) -> str | None:
    """Return the GMT of a date that a client sent: the site's own time unless it names a zone or is_gmt."""
    read = parse(text)
    if read is None:
        return None
    if read.tzinfo is None:
        read = read.replace(tzinfo=UTC if is_gmt else zone())
    return read.astimezone(UTC).strftime(FORMAT)


def bound(text: str, *, is_gmt: bool) -> str | None:
    """Return the GMT bound of a date filter.

    A bound with a zone is first turned into site time; with dates_are_gmt that site time is then taken for GMT, so a
    trailing Z shifts the bound by the site's offset. The real shop does the same.
    """
    read = parse(text)
    if read is None:
        return None
    if read.tzinfo is not None:
        read = read.astimezone(zone()).replace(tzinfo=None)
    return to_gmt(read.strftime(FORMAT), is_gmt=is_gmt)
