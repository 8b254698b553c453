"""What customers write to the shop, from a help desk's export or a mail box: redacted, then grouped by topic."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, cast

import anyio.to_thread
from pydantic import Field

from devskyy_mcp.assets.taking import AssetId, FilePath, FileUrl, Source
from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.redact import redactor
from devskyy_mcp.guard.trust import without_hidden
from devskyy_tools.shop.refusals import plain_text

from .exports import Record, column, moment, records
from .models_people import Ticket, TicketGroup, Tickets
from .words import calm, signs_of, topic_of, topics

tickets = Toolset("insights_tickets", timeout=120)

_SUBJECTS = ("subject", "title", "summary", "betreff", "objet", "asunto", "oggetto")
_BODIES = ("body", "message", "text", "description", "content", "comment", "first_message", "question", "nachricht")
_IDS = ("id", "ticket_id", "ticket", "number", "key", "conversation_id", "ticket_number")
_DATES = ("date", "created_at", "created", "timestamp", "time", "received_at", "opened_at", "datum")
_PEOPLE = (
    "name",
    "customer",
    "customer_name",
    "requester",
    "requester_name",
    "from",
    "first_name",
    "last_name",
    "author",
)
_LOOKED_AT = 4000
EXCERPT = 160
_URGENT = 20
_LETTER = re.compile(r"[^\W\d_]")


@tickets.tool("read", scopes=("reports:read", "orders:read"), texts="outside")
async def insights_tickets_group(
    ctx: Context,
    asset: AssetId = None,
    path: FilePath = None,
    url: FileUrl = None,
    examples: Annotated[int, Field(ge=0, le=10)] = 2,
) -> Tickets:
    """Group customers' tickets of an export (CSV, JSON, mbox) by topic and urgency; texts are redacted."""
    found = await records(ctx, Source(url, asset, path))
    subject, body = column(found[0].fields, _SUBJECTS), column(found[0].fields, _BODIES)
    if subject is None and body is None:
        columns = ", ".join(str(name)[:30] for name in list(found[0].fields)[:8])
        raise Refused(
            Code.INVALID_ARGUMENTS,
            f"The export has no column with what was written: {columns}.",
            "It needs subject or body (or message, text, description).",
        )
    read, problems = await anyio.to_thread.run_sync(_read, found, subject, body)
    dates = sorted(one.date for one in read if one.date)
    urgent = sorted((one for one in read if one.urgency == "high"), key=lambda one: (-len(one.signs or ()), one.place))
    return Tickets(
        tickets=len(read),
        left_out=len(found) - len(read),
        first=dates[0][:10] if dates else None,
        last=dates[-1][:10] if dates else None,
        groups=_groups(read, examples),
        urgent=urgent[:_URGENT],
        counted=f"{len(found)} records; topic and urgency are told by words, each ticket has one of each"
        + (f"; the {_URGENT} most urgent of {len(urgent)} are shown" if len(urgent) > _URGENT else ""),
        problems=problems or None,
    )


def _read(found: list[Record], subject: str | None, body: str | None) -> tuple[list[Ticket], list[str]]:
    out: list[Ticket] = []
    empty: list[int] = []
    for one in found:
        about, text = _words(one, subject), _words(one, body)
        if not _LETTER.search(about + text):
            empty.append(one.place)
            continue
        out.append(_ticket(one, about, text))
    if not empty:
        return out, []
    return out, [f"Without any text, so left out: {', '.join(map(str, empty[:10]))}{' …' if len(empty) > 10 else ''}"]


def _words(one: Record, name: str | None) -> str:
    return without_hidden(str(one.fields.get(name) or "")[:_LOOKED_AT]) if name else ""


def _ticket(one: Record, subject: str, body: str) -> Ticket:
    whole = f"{subject}\n{body}"
    signs = signs_of(whole)
    said = f"{plain_text(subject)}: {plain_text(body)}" if subject and body else plain_text(subject or body)
    at = moment(_value(one, _DATES))
    return Ticket(
        place=one.place,
        id=redacted(one, str(_value(one, _IDS) or ""))[:60] or None,
        date=at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None,
        topic=topic_of(body, subject),
        urgency="high" if signs else "low" if calm(whole) else "normal",
        signs=signs or None,
        excerpt=_cut(redacted(one, said)),
    )


def redacted(one: Record, text: str) -> str:
    """The text without addresses, numbers and secrets, and without the names that its own record tells."""
    text = redactor(text)
    for name in _people(one):
        known = re.compile(rf"(?<![\w\[]){re.escape(name)}(?![\w:])", re.IGNORECASE)
        text = known.sub(lambda found: redactor.mark("name", found[0].casefold()), text)
    return text


def _people(one: Record) -> list[str]:
    """Names in the record, whole and word by word, the longest first."""
    found = set[str]()
    for field in _PEOPLE:
        value: Any = one.fields.get(field)
        if isinstance(value, dict):
            value = " ".join(str(inner) for inner in cast("dict[str, Any]", value).values())
        name = re.sub(r"<[^>]*>|\S*@\S*", " ", str(value or "")[:200])
        found |= {name.strip(" \"'"), *re.findall(r"[^\W\d_]{3,}", name)}
    return sorted((name for name in found if len(name) >= 3), key=len, reverse=True)


def _value(one: Record, names: Sequence[str]) -> Any:
    name = column(one.fields, names)
    return one.fields[name] if name else None


def _cut(text: str) -> str:
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1].rstrip()}…"


def _groups(read: list[Ticket], examples: int) -> list[TicketGroup]:
    out: list[TicketGroup] = []
    for topic in topics():
        some = [one for one in read if one.topic == topic]
        if some:
            levels = [one.urgency for one in some]
            some.sort(key=lambda one: (("high", "normal", "low").index(one.urgency), one.place))
            high, normal, low = (levels.count(level) for level in ("high", "normal", "low"))
            out.append(
                TicketGroup(topic=topic, tickets=len(some), high=high, normal=normal, low=low, examples=some[:examples])
            )
    return sorted(out, key=lambda group: (-group.tickets, group.topic))
