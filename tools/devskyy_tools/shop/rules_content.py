"""Coupons, customers, posts, pages, items of other types, media and comments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from devskyy_mcp.errors import Code

from . import collections as at
from . import money
from .draft import Draft
from .rules_products import becomes_public


async def coupon(draft: Draft) -> None:
    """Amounts that are amounts, percentages up to 100, a code that is free."""
    await draft.amounts("amount", "minimum_amount", "maximum_amount")
    if "amount" in draft.body and draft.body["amount"] == "":
        draft.refuse("a coupon needs an amount.")
    amount = money.amount_or_none(draft.will("amount"))
    if draft.will("discount_type") == "percent" and amount is not None and amount > Decimal(100):
        draft.refuse("a percentage is at most 100.")
    draft.times("date_expires")
    code = draft.body.get("code")
    if code is not None and not str(code).strip():
        draft.refuse("a coupon needs a code.")
    if code and str(code).lower() != str(draft.was("code") or "").lower():
        holder = await draft.shop.coupon(str(code))
        if holder is not None:
            draft.refuse(
                f"the code is taken by coupon {holder['id']}.", "Change that one, or choose another code.",
                Code.CONFLICT, id=holder["id"],
            )  # fmt: skip
        draft.body["code"] = str(code).lower()  # as the shop keeps it
    if draft.kind == "create" and not code:
        draft.refuse("a coupon needs a code.")


async def customer(draft: Draft) -> None:
    """An e-mail address is one customer's; a new account is told by mail."""
    email = draft.body.get("email")
    if email and email != draft.was("email"):
        page = await draft.shop.list(at.CUSTOMERS, email=email, role="all", per_page=1, fields=("id",))
        if page.items and page.items[0]["id"] != draft.target:
            draft.refuse(
                f"the e-mail address belongs to customer {page.items[0]['id']}.", "Change that customer instead.",
                Code.CONFLICT, id=page.items[0]["id"],
            )  # fmt: skip
    if draft.kind == "create":
        if not email:
            draft.refuse("a customer needs an e-mail address.")
        draft.effects.append("The shop e-mails the new customer about the account.")
        draft.asks.append("Leaves the shop: an e-mail to the new customer.")
        draft.leaves.append("message")


async def coupon_foresee(draft: Draft) -> None:
    draft.leaves.append("money")  # whoever knows the code pays less


async def content(draft: Draft) -> None:
    """Unknown categories and tags would be dropped without a word; a date to come needs a date."""
    for taxonomy in ("categories", "tags"):
        await terms_exist(draft, taxonomy)
    draft.times("date")
    if draft.body.get("status") == "future" and not draft.will("date"):
        draft.refuse("a scheduled post needs a date.", "Set date to a time to come, such as 2027-01-31T09:00:00.")


async def terms_exist(draft: Draft, taxonomy: str) -> None:
    """Refuse terms that are not there; ``taxonomy`` is its name in addresses, and the field."""
    ids = cast("list[Any]", draft.body.get(taxonomy) or []) if taxonomy in draft.body else []
    known = cast("list[Any]", draft.was(taxonomy) or [])
    missing = await draft.shop.missing(at.TERMS, [one for one in ids if one not in known], taxonomy=taxonomy)
    if missing:
        draft.refuse(
            f"the site has no {', '.join(map(str, missing))} in {taxonomy}; it would ignore that.",
            "List the terms to find the right id.", Code.NOT_FOUND,
        )  # fmt: skip


async def content_foresee(draft: Draft) -> None:
    becomes_public(draft)
    status = draft.body.get("status")
    if status == "publish" and draft.was("status") != "publish":
        draft.effects.append(f"{draft.label} becomes public.")


async def media_foresee(draft: Draft) -> None:
    if draft.kind == "delete":
        draft.warnings.append(f"{draft.label}: products and posts that show it lose it; keep a copy of the file.")
        return
    draft.leaves.append("public")  # uploaded files and their texts have addresses of their own
    if draft.kind == "update":
        draft.warnings.append(f"{draft.label}: its texts change wherever it is shown.")


async def comment(draft: Draft) -> None:
    """A comment answers a post or page, in the name of the account that this server acts as."""
    if draft.kind != "create":
        return
    post = draft.body.get("post")
    ids = [post] if isinstance(post, int) else []
    if await draft.shop.missing(at.POSTS, ids) and await draft.shop.missing(at.PAGES, ids):
        draft.refuse(f"the site has no post or page {post}.", "List posts to find the right id.", Code.NOT_FOUND)
    draft.effects.append("WordPress may tell the author of the post by mail.")


async def revision_delete(draft: Draft) -> None:
    draft.warnings.append(
        f"{draft.label}: WordPress lets nobody delete a single revision unless a plugin allows it; it may refuse."
    )
