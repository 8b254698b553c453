"""What the site holds of a person: shown, and erased for good."""

from __future__ import annotations

from typing import Annotated, Any, cast

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.shop.client import ShopClient
from devskyy_tools.shop.collections import PRIVACY
from devskyy_tools.shop.nouns import ShopModel
from devskyy_tools.shop.plugin import INSTALL, missing
from devskyy_tools.shop.refusals import plain_text
from devskyy_tools.shop.session import Shop

privacy = Toolset("privacy", timeout=40)

ITEMS = 50
"""Items of a group that are shown, at most."""
LONGEST = 1000
GONE = "what is erased is gone for good"
Email = Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
_REST: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "user": ("/wp/v2/users", "search", ("id", "username", "name", "email", "registered_date", "url")),
    "comments": ("/wp/v2/comments", "author_email", ("id", "date", "author_name", "author_email", "content")),
    "customer": ("/wc/v3/customers", "email", ("id", "first_name", "last_name", "email", "billing", "shipping")),
    "orders": ("/wc/v3/orders", "search", ("id", "date_created", "total", "billing", "shipping", "customer_note")),
}
"""What REST alone can find: group, route, filter, fields."""


class PersonalGroup(ShopModel):
    """One kind of thing that the site holds: ``items`` are names with values, of ``count`` in all."""

    group: str
    label: str
    count: int
    items: list[dict[str, str]]


class PersonalData(ShopModel):
    """What the site holds of an e-mail address. ``next`` continues where it is more than fits into one answer."""

    email: str
    groups: list[PersonalGroup]
    next: str | None = None
    missing: str | None = None


@privacy.tool("read", scopes="privacy:read", texts="outside")
async def wp_privacy_export(
    ctx: Context,
    email: Email,
    next: Annotated[str, Field(pattern=r"^(\d{1,6}:\d{1,6})?$", description="As the answer before says.")] = "",  # noqa: A002 # what the answer calls it
) -> PersonalData:
    """Show all that the site holds of an e-mail address: account, comments, orders, what plugins keep."""
    client = ctx.get(ShopClient)
    try:
        found = await _exported(client, email, next)
    except Refused as refused:
        if refused.code is not Code.NOT_CONFIGURED:
            raise
        says = f"Accounts, comments, customers and orders only: what plugins keep needs the DevSkyy plugin. {INSTALL}"
        return PersonalData(email=email, groups=await _by_rest(client, email), missing=says)
    groups = [_group(one["group"], one["label"], [_item(pairs) for pairs in one["items"]]) for one in found["groups"]]
    return PersonalData(email=email, groups=groups, next=found["next"] or None)


@privacy.tool("destroy", scopes="privacy:write")
async def wp_privacy_erase(ctx: Context, email: Email) -> None:
    """Erase for good what the site holds of an e-mail address; a person is asked. Needs the DevSkyy plugin."""
    client, shop = ctx.get(ShopClient), ctx.get(Shop)
    try:
        found = await _exported(client, email)
    except Refused as refused:
        if refused.code is not Code.NOT_CONFIGURED:
            raise
        raise missing("Erasing needs") from None
    held = ", ".join(f"{len(one['items'])} × {plain_text(one['label'])}" for one in found["groups"]) or "nothing"
    shop.act(
        PRIVACY, PRIVACY.name, "erase", {"email": email}, undo=GONE,
        effects=[
            f"The site holds: {held}{', and more' if found['next'] else ''}.",
            "WordPress, WooCommerce and other plugins erase or anonymise it, each by its own rules: what must be kept "
            "by law, such as orders, may stay, and the outcome says so. Copies and backups elsewhere are not touched.",
        ],
        asks=["What the site holds of that person is erased, and nobody can bring it back."],
    )  # fmt: skip


async def _exported(client: ShopClient, email: str, start: str = "") -> dict[str, Any]:
    return await client.get(PRIVACY.url(None, None, "export"), {"email": email, **({"from": start} if start else {})})


async def _by_rest(client: ShopClient, email: str) -> list[PersonalGroup]:
    """What the ordinary routes find; one that is not there, or that the account may not read, finds nothing."""
    groups: list[PersonalGroup] = []
    for group, (path, filtered, fields) in _REST.items():
        query = {filtered: email, "per_page": ITEMS, "_fields": ",".join(fields)}
        query |= {"context": "edit"} if path.startswith("/wp/") else {"role": "all"} if group == "customer" else {}
        try:
            page = await client.page(path, query)
        except Refused:
            continue
        items = [_flat(one) for one in page.items if email.lower() in str(one).lower()]
        if items:
            groups.append(_group(group, group.capitalize(), items, page.total))
    return groups


def _group(group: str, label: str, items: list[dict[str, str]], count: int = 0) -> PersonalGroup:
    return PersonalGroup(group=group, label=plain_text(label), count=max(count, len(items)), items=items[:ITEMS])


def _item(pairs: list[dict[str, str]]) -> dict[str, str]:
    return {pair["name"]: pair["value"][:LONGEST] for pair in pairs}


def _flat(one: dict[str, Any], before: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in one.items():
        if isinstance(value, dict):
            found |= _flat(cast("dict[str, Any]", value), f"{before}{name}.")
        elif value not in ("", None) and name != "rendered":
            found[f"{before}{name}"] = str(value)[:LONGEST]
    return found
