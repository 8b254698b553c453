"""Exports of other systems as records: CSV with a header, JSON or JSON Lines, and mail boxes (RFC 4155)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, cast

import anyio.to_thread

from devskyy_mcp.assets import tables
from devskyy_mcp.assets.store import EXPORTS, TABLES, kind_of
from devskyy_mcp.assets.taking import Source
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.refusals import plain_text

KINDS = {**TABLES, **EXPORTS}
MOST = 200_000
"""Records of one file."""
_INSIDE = ("rows", "data", "items", "results", "tickets", "events", "steps", "conversations", "messages")
_LONGEST = 20_000
"""Characters of a mail that are looked at."""


class Record(NamedTuple):
    """One record: the line of a table, else its number; names of fields in small letters."""

    place: int
    fields: dict[str, Any]


async def records(ctx: Context, source: Source) -> list[Record]:
    """The file's records.

    Raises:
        Refused: INVALID_ARGUMENTS for what holds none; TOO_LARGE for too many; and as ``Source.read``.
    """
    content = await source.read(ctx, KINDS)
    found = await anyio.to_thread.run_sync(_records, content)
    if not found:
        raise Refused(Code.INVALID_ARGUMENTS, "The file holds no records.", "A table needs lines below its header.")
    if len(found) > MOST:
        raise Refused(Code.TOO_LARGE, f"The file holds {len(found):,} records; at most {MOST:,} are read.")
    return found


def _records(content: bytes) -> list[Record]:
    kind = kind_of(content)
    if kind in TABLES:
        table = tables.read(content)
        names = [_name(column) for column in table.columns]
        return [Record(one.line, dict(zip(names, one.cells, strict=False))) for one in table.records]
    if kind == "application/mbox":
        return [Record(number, mail) for number, mail in enumerate(_mails(content), 1)]
    decoded = tables.decoded(content)
    return _of_json(tables.values(decoded[0] if decoded else ""))


def _of_json(value: Any) -> list[Record]:
    """A list of objects, whole or inside an object under a usual name."""
    if isinstance(value, dict):
        outer = cast("dict[str, Any]", value)
        value = next((outer[name] for name in _INSIDE if isinstance(outer.get(name), list)), None)
    if not isinstance(value, list):
        raise Refused(
            Code.INVALID_ARGUMENTS,
            "The JSON holds no list of records.",
            f"Give a list of objects, or an object with one under {', '.join(_INSIDE[:3])} …",
        )
    rows = cast("list[Any]", value)
    wrong = next((number for number, row in enumerate(rows, 1) if not isinstance(row, dict)), None)
    if wrong is not None:
        raise Refused(Code.INVALID_ARGUMENTS, f"Record {wrong} of the JSON is no object.")
    objects = cast("list[dict[str, Any]]", rows)
    return [
        Record(number, {_name(name): inner for name, inner in row.items()}) for number, row in enumerate(objects, 1)
    ]


def _name(column: object) -> str:
    return "_".join(str(column).strip().lstrip("\ufeff").casefold().replace("-", " ").replace(".", " ").split())


def _mails(content: bytes) -> Iterator[dict[str, Any]]:
    """Sender, subject, text, date and Message-ID of each mail; attachments are passed over."""
    parser = BytesParser(policy=policy.default)
    for part in _split(content):
        mail = parser.parsebytes(part)
        yield {
            "id": _header(mail, "Message-ID"),
            "from": _header(mail, "From"),
            "date": _header(mail, "Date"),
            "subject": _header(mail, "Subject"),
            "body": _text(mail),
        }


def _split(content: bytes) -> Iterator[bytes]:
    """The mails of the box: each begins behind a line that begins with "From "."""
    lines: list[bytes] = []
    blank = True
    for line in content.splitlines(keepends=True):
        if line.startswith(b"From ") and blank:
            if lines:
                yield b"".join(lines)
            lines = []
        else:
            lines.append(line[1:] if line.startswith(b">") and line.lstrip(b">").startswith(b"From ") else line)
        blank = not line.strip()
    if lines:
        yield b"".join(lines)


def _header(mail: EmailMessage, name: str) -> str:
    try:
        return str(mail.get(name) or "")
    except (ValueError, LookupError, TypeError, AttributeError):  # headers that break the mail's own rules
        return ""


def _text(mail: EmailMessage) -> str:
    """The mail's text, of HTML without its tags; without what it quotes of earlier ones."""
    try:
        body = mail.get_body(("plain", "html"))
        text = str(body.get_content()) if body is not None else ""
    except (LookupError, ValueError, AttributeError, KeyError):
        return ""
    if body is not None and body.get_content_type() == "text/html":
        return plain_text(text[:_LONGEST])
    return "\n".join(line for line in text[:_LONGEST].splitlines() if not line.startswith(">"))


def column(names: Mapping[str, Any] | Sequence[str], wanted: Sequence[str]) -> str | None:
    """The first of the wanted names that is there."""
    return next((name for name in wanted if name in names), None)


def moment(value: object) -> datetime | None:
    """A time as exports write it: ISO 8601, a mail's date, or seconds, milli- or microseconds since 1970; in UTC."""
    text = str(value if value is not None else "").strip()
    try:
        found = datetime.fromisoformat(text)  # goes first: 20261101 is a day
    except ValueError:
        found = _number(text) or _mailed(text)
    if found is None:
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _number(text: str) -> datetime | None:
    if not text.isascii() or not text.replace(".", "", 1).isdigit():
        return None
    try:
        number = float(text)
        return datetime.fromtimestamp(number / (1_000_000 if number > 1e14 else 1000 if number > 1e11 else 1), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _mailed(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
