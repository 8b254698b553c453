"""What the shop does silently wrong with terms, attributes and combinations of options, refused or repaired."""

from __future__ import annotations

import re
from typing import Any, cast

from devskyy_mcp.changes.model import Ref
from devskyy_mcp.errors import Code, Refused

from . import collections as at
from .draft import Draft, plural
from .names import HERE, combination, plain
from .rules_products import FIGURES

LONGEST_SLUG = 28
"""Of an attribute, without ``pa_``: the column of WordPress's taxonomies holds 32 characters."""


async def term_name(draft: Draft) -> None:
    """A name is taken once below one parent, unless a slug of its own is given."""
    if "name" in draft.body and not str(draft.body["name"] or "").strip():
        draft.refuse("the name can't be empty.")
    name, above = draft.body.get("name"), draft.body.get("parent") or 0
    if draft.kind != "create" or not name or draft.body.get("slug") or isinstance(above, Ref):
        return
    holder = await draft.shop.taken.holder(draft.collection, name, above, draft.parent)
    if holder is not None:
        who = f"another item of {HERE}" if holder == HERE else f"{draft.collection.noun} {holder}"
        draft.refuse(
            f"{who} has that name already.", "Use that one, or give a slug of its own as well.", Code.CONFLICT,
            id=holder,
        )  # fmt: skip


async def term_parent(draft: Draft) -> None:
    """A term above that does not exist, or is the term itself."""
    above = draft.body.get("parent")
    if not above or isinstance(above, Ref) or above == draft.was("parent"):
        return
    if above == draft.target:
        draft.refuse("it can't be its own parent.")
    if await draft.shop.missing(draft.collection, [above], **draft.parent):
        draft.refuse(
            f"the shop has no {draft.collection.noun} {above}.", "List them to find the right id.", Code.NOT_FOUND
        )


async def shipping_slug(draft: Draft) -> None:
    """The slug that the shop will give is asked for, so that the preview shows it: checkouts and rates go by it."""
    body = draft.body
    if draft.kind != "create" or body.get("slug") or draft.shop.taken.was_read(draft.collection, draft.parent):
        return
    url = f"{draft.collection.url()}/slug-suggestion"
    try:
        suggested = await draft.shop.client.get(url, {"name": body.get("name")})
    except Refused as refused:
        if refused.details.get("shop_code") != "rest_no_route":  # shops before WooCommerce 9.5 have none
            raise
        return
    if isinstance(suggested, str) and suggested:
        body["slug"] = suggested


async def attribute(draft: Draft) -> None:
    """Two attributes of one slug break each other; a batch makes them without a word."""
    body = draft.body
    if "name" in body and not str(body["name"] or "").strip():
        draft.refuse("the name can't be empty.")
    if draft.kind == "update" and "slug" not in body:
        return
    slug = str(body.get("slug") or _slug(str(body.get("name") or ""))).removeprefix("pa_")
    if len(slug) > LONGEST_SLUG:
        draft.refuse(
            f"its slug {slug!r} has more than {LONGEST_SLUG} characters.", "Give a shorter slug, or a shorter name."
        )
    known = await draft.shop.taken.read(at.ATTRIBUTES)
    holder = next((one["id"] for one in known if _same(one.get("slug"), slug) and one["id"] != draft.target), None)
    staged = [op for op in draft.shop.unit.ops if op.collection == at.ATTRIBUTES.name and op.kind != "delete"]
    if any(_same(op.body.get("slug"), slug) for op in staged if op.target != draft.target or op.kind == "create"):
        holder = holder or HERE
    if holder is not None:
        draft.refuse(
            f"the slug {slug!r} belongs to attribute {holder}." if holder != HERE else f"{HERE} uses {slug!r} twice.",
            "Use that one, or give another slug.", Code.CONFLICT, id=holder,
        )  # fmt: skip
    if draft.kind == "create":
        body["slug"] = f"pa_{slug}"


def _slug(name: str) -> str:
    return re.sub(r"[^\w-]+", "-", plain(name)).strip("-")


def _same(one: Any, two: str) -> bool:
    return bool(one) and str(one).removeprefix("pa_") == two


async def attribute_foresee(draft: Draft) -> None:
    """An update without the slug makes a new one of the name, and every product's attribute is another then."""
    draft.leaves.append("public")
    if draft.kind != "update":
        return
    if "slug" in draft.body:
        draft.warnings.append(f"{draft.label}: addresses of filtered pages change with the slug.")
    elif "name" in draft.body:
        draft.body["slug"] = draft.present["slug"]


async def attribute_delete(draft: Draft) -> None:
    """The shop deletes an attribute at once, asked with force or without."""
    terms = await draft.shop.list(
        at.ATTRIBUTE_TERMS, attribute_id=draft.target, fields=("id", "count"), per_page=100, orderby="count",
        order="desc",
    )  # fmt: skip
    used = sum(int(term.get("count") or 0) for term in terms.items)
    draft.warnings.append(
        f"{draft.label}: the shop deletes an attribute at once, with its {plural(terms.total, 'term')}; "
        + (f"products lose it ({used} uses)." if used else "no product uses them.")
    )


async def term_foresee(draft: Draft) -> None:
    """Terms have no drafts: their texts are public at once."""
    if draft.body.keys() - FIGURES:
        draft.leaves.append("public")
    image = draft.body.get("image")
    if isinstance(image, dict) and cast("dict[str, Any]", image).get("src"):
        draft.leaves.append("request")


async def term_delete(draft: Draft) -> None:
    count = draft.present.get("count")
    if count:
        draft.warnings.append(f"{draft.label}: {plural(count, 'object')} {'loses' if count == 1 else 'lose'} it.")


async def one_combination(draft: Draft) -> None:
    """A second variation of the same options can never be chosen; the shop makes it all the same."""
    if "attributes" not in draft.body:
        return
    wanted = combination(draft.body["attributes"])
    known = await draft.shop.taken.combinations(draft.parent["product_id"])
    holder = known.get(wanted)
    if holder is not None and holder != draft.target:
        options = ", ".join(str(line.get("option")) for line in draft.lines("attributes")) or "any"
        who = f"another item of {HERE}" if holder == HERE else f"variation {holder}"
        draft.refuse(f"{who} is {options} already.", "Change that one instead.", Code.CONFLICT, id=holder)
    known[wanted] = draft.target or HERE


async def review(draft: Draft) -> None:
    """A review needs a product that exists, and its stars are one to five."""
    product, rating = draft.body.get("product_id"), draft.body.get("rating")
    if rating is not None and rating not in range(1, 6):
        draft.refuse("rating must be 1 to 5.")
    if draft.kind == "create" and not isinstance(product, Ref) and await draft.shop.missing(at.PRODUCTS, [product]):
        draft.refuse(f"the shop has no product {product}.", "List products to find the right id.", Code.NOT_FOUND)
