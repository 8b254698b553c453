"""What the shop does silently wrong with products and variations, refused or repaired; what changes bring about."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from devskyy_mcp.errors import Code, Refused

from . import collections as at
from . import money
from .draft import Draft, number, plural
from .names import plain

FIGURES = frozenset(
    {
        *("backorders", "catalog_visibility", "cross_sell_ids", "date_on_sale_from", "date_on_sale_to", "featured"),
        *("low_stock_amount", "manage_stock", "menu_order", "regular_price", "reviews_allowed", "sale_price"),
        *("sold_individually", "stock_quantity", "stock_status", "tax_status", "upsell_ids", "virtual"),
        *("author", "categories", "comment_status", "date", "featured_media", "parent", "sticky", "tags"),
    }
)
"""Fields that can carry no text out of the shop, however public their object is."""
BIG_MOVE = 30
"""Percent of a price's move from which a person must agree."""


async def prices(draft: Draft) -> None:
    """An amount that is none would empty the price; a sale that saves nothing would be dropped without a word."""
    await draft.amounts("regular_price", "sale_price")
    asked = [name for name in ("regular_price", "sale_price") if name in draft.body]
    if not asked:
        return
    if draft.collection is at.PRODUCTS and draft.will("type") in ("variable", "grouped"):
        if all(draft.body[name] == "" for name in asked):
            return
        kind = draft.will("type")
        draft.refuse(
            f"a {kind} product has no price of its own; the shop would ignore it.",
            "Change the prices of its variations instead." if kind == "variable" else "Change its members' prices.",
        )
    regular, sale = (money.amount_or_none(draft.will(name)) for name in ("regular_price", "sale_price"))
    if sale is None:
        return
    if regular is None:
        draft.refuse("a sale price needs a regular price.", "Set regular_price as well.")
    if sale >= regular:
        draft.refuse(
            f"the sale price {money.text(sale)} is not below the regular price {money.text(regular)}.",
            "Set a lower sale_price, or clear it with an empty one.",
            regular_price=money.text(regular),
            sale_price=money.text(sale),
        )


async def sale_dates(draft: Draft) -> None:
    """A sale that ends before it begins would never run."""
    draft.times("date_on_sale_from", "date_on_sale_to")
    first, last = (str(draft.will(name) or "") for name in ("date_on_sale_from", "date_on_sale_to"))
    if first and last and last < first and {"date_on_sale_from", "date_on_sale_to"} & draft.body.keys():
        draft.refuse(f"the sale would end, {last}, before it begins, {first}.", "Change one of the dates.")


async def options(draft: Draft) -> None:
    """Attributes and options that the product does not have would be dropped without a word."""
    if draft.kind == "create" or "attributes" in draft.body:
        product = await draft.shop.get(at.PRODUCTS, draft.parent["product_id"])
        if product.get("type") != "variable":
            draft.refuse("only a variable product has variations.", "Set the product's type to variable first.")
        known = [one for one in cast("list[dict[str, Any]]", product.get("attributes") or []) if one.get("variation")]
        for line in draft.lines("attributes"):
            _option(draft, line, known)


def _option(draft: Draft, line: dict[str, Any], known: list[dict[str, Any]]) -> None:
    wanted = plain(line.get("name"))
    found = [one for one in known if plain(one.get("name")) == wanted or (line.get("id") or -1) == one.get("id")]
    if not found:
        names = ", ".join(str(one.get("name")) for one in known) or "none"
        draft.refuse(f"the product has no attribute {line.get('name')} for variations; it has: {names}.")
    choices = cast("list[str]", found[0].get("options") or [])
    same = [choice for choice in choices if plain(choice) == plain(line.get("option"))]
    if line.get("option") and not same:
        draft.refuse(
            f"{found[0].get('name')} has no option {line.get('option')}; it has: {', '.join(map(str, choices))}.",
            "Add it to the product's attributes first, or choose one of these.",
        )
    line["name"] = str(found[0].get("name"))  # written as the product has them
    if found[0].get("id"):  # by its name alone the shop would drop an attribute that products share
        line["id"] = found[0]["id"]
    if same:
        line["option"] = same[0]


async def stock(draft: Draft) -> None:
    """A quantity counts only while stock is managed: the shop would ignore it otherwise."""
    body = draft.body
    if "stock_quantity" in body and body["stock_quantity"] is None:
        if body.get("manage_stock") is not False:
            draft.refuse(
                "stock_quantity can't be empty; the shop would make it 0.", "Set manage_stock to false instead."
            )
        del body["stock_quantity"]
    managed = draft.will("manage_stock") is True
    if "stock_quantity" in body and not managed:
        if body.get("manage_stock") is False:
            draft.refuse("has a stock_quantity and manage_stock false; the shop would ignore the quantity.")
        body["manage_stock"] = managed = True
        if draft.kind == "update":
            draft.warnings.append(f"{draft.label}: its stock was not counted; from now on it is (manage_stock).")
    if body.get("backorders") not in (None, draft.was("backorders")) and not managed:
        draft.refuse(
            "backorders need managed stock; the shop would ignore them.", "Set manage_stock and stock_quantity too."
        )
    if "stock_status" in body and managed and body["stock_status"] != draft.was("stock_status"):
        draft.refuse("its stock is counted, so the shop sets stock_status itself.", "Change stock_quantity instead.")


async def sku(draft: Draft) -> None:
    """A SKU is unique, in the bin too, where the shop does not look when it lists."""
    value = draft.body.get("sku")
    if not value or value == draft.was("sku"):
        return
    holder = await draft.shop.holder_of_sku(str(value))
    if holder is None or holder["id"] == draft.target:
        return
    details: dict[str, Any] = {"id": holder["id"], "sku": value}
    if holder.get("status") == "trash":
        draft.refuse(
            f"SKU {value} belongs to product {holder['id']}, which is in the bin.",
            "Restore that one instead, or choose another SKU.", Code.CONFLICT, **details,
        )  # fmt: skip
    draft.refuse(
        f"SKU {value} belongs to product {holder['id']} already.",
        "Change that one instead, or choose another SKU.", Code.CONFLICT, **details,
    )  # fmt: skip


async def terms(draft: Draft) -> None:
    """Unknown categories and tags would be dropped without a word."""
    kinds = (("categories", at.PRODUCT_CATEGORIES), ("tags", at.PRODUCT_TAGS), ("brands", at.BRANDS))
    for name, collection in kinds:
        ids = [item.get("id") for item in draft.lines(name)]
        if name in draft.body and len(ids) != len(cast("list[Any]", draft.body[name] or [])):
            draft.refuse(f'{name} is a list of objects like {{"id": 12}}.')
        known = [item.get("id") for item in cast("list[dict[str, Any]]", draft.was(name) or [])]
        missing = await draft.shop.missing(collection, [one for one in ids if one not in known])
        if missing:
            draft.refuse(
                f"the shop has no {collection.noun} {', '.join(map(str, missing))}; it would ignore that.",
                "List them to find the right id.", Code.NOT_FOUND,
            )  # fmt: skip


async def pictures(draft: Draft) -> None:
    """Unknown ids of pictures are refused by the shop when it is too late for a preview."""
    known = [item.get("id") for item in cast("list[dict[str, Any]]", draft.was("images") or [])]
    asked = [item.get("id") for item in draft.lines("images")]
    image = draft.body.get("image")
    if isinstance(image, dict):
        asked.append(cast("dict[str, Any]", image).get("id"))
        known.append(cast("dict[str, Any]", draft.was("image") or {}).get("id"))
    try:
        missing = await draft.shop.missing(at.MEDIA, [one for one in asked if one and one not in known], context="edit")
    except Refused as refused:
        if refused.code in {Code.UNAUTHENTICATED, Code.FORBIDDEN, Code.NOT_CONFIGURED}:
            return  # WooCommerce's keys don't open the media library; then the shop itself must tell
        raise
    if missing:
        draft.refuse(
            f"the media library has no file {', '.join(map(str, missing))}.",
            "List media to find the right id, or upload the picture first.", Code.NOT_FOUND,
        )  # fmt: skip


async def no_variation(draft: Draft) -> None:
    """A variation can be read as a product, but not written."""
    if draft.was("type") == "variation":
        draft.refuse(
            f"it is a variation of product {draft.was('parent_id')}.", "Use woo_variations_update with both ids.",
            product_id=draft.was("parent_id"),
        )  # fmt: skip


async def never_binned_here(draft: Draft) -> None:
    if draft.body.get("status") == "trash":
        draft.refuse("status can't be set to trash.", "Delete it: it goes to the bin, and can be restored.")


async def foresee(draft: Draft) -> None:
    """Prices that move far, shared pictures, stock that ends, and what a change of type takes along."""
    if draft.kind == "update":
        _price_moves(draft)
    body = draft.body
    if draft.kind == "update" and "type" in body:
        draft.warnings.append(f"{draft.label}: a change of type takes prices and sale dates along.")
        if body["type"] in ("variable", "grouped") and money.amount_or_none(draft.was("regular_price")) is not None:
            draft.asks.append(f"{draft.label} loses its price and can't be bought.")
    if any(key in item for item in draft.lines("images") for key in ("alt", "name") if item.get("id")):
        draft.warnings.append(f"{draft.label}: texts of a picture change wherever else it is used.")
    pictures = [*draft.lines("images"), *(cast("dict[str, Any]", one) for one in [body.get("image")] if one)]
    pulled = sum(1 for item in pictures if item.get("src") and not item.get("id"))
    if pulled or draft.lines("downloads"):
        draft.leaves.append("request")
    if pulled:
        draft.effects.append(f"The shop downloads {plural(pulled, 'picture')} from the addresses given.")
    if draft.kind == "update" and "attributes" in body and draft.was("type") == "variable":
        draft.warnings.append(f"{draft.label}: replacing attributes empties those of its variations.")
    if draft.will("manage_stock") is True and "stock_quantity" in body and number(body["stock_quantity"]) <= 0:
        draft.warnings.append(f"{draft.label}: without stock it can't be bought (unless backorders are allowed).")
    becomes_public(draft, usual="publish")
    made_public = draft.kind == "create" and draft.collection is at.PRODUCTS
    if body.get("status") == "publish" and (made_public or draft.was("status") not in (None, "publish")):
        draft.effects.append(f"{draft.label} becomes visible in the shop.")


def becomes_public(draft: Draft, *, usual: str = "draft") -> None:
    """Note that the object, or a text of it, can be read by anybody afterwards; ``usual`` is a new one's status."""
    public = (draft.will("status") or usual) in ("publish", "future")
    if public and (draft.kind == "create" or draft.body.keys() - FIGURES):
        draft.leaves.append("public")


def _effective(regular: Any, sale: Any) -> Decimal | None:
    on_sale = money.amount_or_none(sale)  # a sale at 0.00 gives it away
    return money.amount_or_none(regular) if on_sale is None else on_sale


def _price_moves(draft: Draft) -> None:
    names = ("regular_price", "sale_price")
    if not any(name in draft.body for name in names):
        return
    pairs = [
        (_effective(draft.was(names[0]), draft.was(names[1])), _effective(draft.will(names[0]), draft.will(names[1]))),
        (money.amount_or_none(draft.was(names[0])), money.amount_or_none(draft.will(names[0]))),
    ]
    moves = [money.percent_move(old, new) for old, new in pairs if old and new is not None]
    farthest = max((move for move in moves if move is not None), key=abs, default=None)
    if any(old and new is None for old, new in pairs):
        draft.asks.append(f"{draft.label} loses its price and can't be bought.")
    elif farthest is not None and abs(farthest) > BIG_MOVE:
        draft.asks.append(f"Moves the price of {draft.label} by {farthest:+.0f} %.")


async def deleting(draft: Draft) -> None:
    """A variable product takes its variations along, into the bin and back."""
    children = cast("list[int]", draft.present.get("variations") or [])
    if draft.collection is at.PRODUCTS and children:
        draft.effects.append(f"Its {plural(len(children), 'variation')} go to the bin with it.")
        draft.note["children"] = sorted(children)
