"""Valid arguments for every write tool; a new one needs its own line here, in ``ARGUMENTS``."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from tests.durability.kinds import picture
from tests.fakes.demo import Desk

Arguments = Callable[[Desk], Awaitable[dict[str, Any]]]
_numbers = itertools.count(1)
_RUN = secrets.token_hex(3)
"""Sets what is made on a shop apart from what earlier runs have left there."""
_NAMES = frozenset({"code", "email", "name", "sku", "title"})


def given(**arguments: Any) -> Arguments:
    """Arguments that need nothing of the shop."""

    async def build(_desk: Desk) -> dict[str, Any]:
        return arguments

    return build


def one_of(tool: str, listing: dict[str, Any] | None = None, **arguments: Any) -> Arguments:
    """Arguments for the first object that a tool lists."""

    async def build(desk: Desk) -> dict[str, Any]:
        return {"id": await desk.some(tool, **(listing or {})), **arguments}

    return build


def made(tool: str, body: dict[str, Any], **arguments: Any) -> Arguments:
    """Arguments for an object made for it."""

    async def build(desk: Desk) -> dict[str, Any]:
        return {"id": await create(desk, tool, body), **arguments}

    return build


async def create(desk: Desk, tool: str, body: dict[str, Any]) -> int:
    """The id of a new object, whose name is its own."""
    own = {name: unique(value) if name in _NAMES else value for name, value in body.items()}
    return int((await carry_out(desk, tool, own))["changes"][0]["id"])


async def carry_out(desk: Desk, tool: str, body: dict[str, Any]) -> dict[str, Any]:
    """Do it, with a person's yes where one is asked for. By way of a preview: what is applied is never taken for a
    host's retry, so that each call makes an object of its own.
    """
    shown = await desk.do(tool, **body, preview=True)
    done = await desk.do("changes_apply", change=shown["change"])
    return await desk.agree(done["change"]) if done["state"] == "waits_for_person" else done


def unique(text: str) -> str:
    """The text as no other object has it; an e-mail address stays one."""
    name, at, host = text.partition("@")
    return f"{name}{next(_numbers)}{_RUN}{at}{host}"


def an_order(name: str = "id", **arguments: Any) -> Arguments:
    """Arguments for a new order whose id is called ``name``."""

    async def build(desk: Desk) -> dict[str, Any]:
        return {name: await create(desk, "woo_orders_create", await sold(desk)), **arguments}

    return build


def variation(**arguments: Any) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        parent = await desk.some("woo_products_list", type="variable", status="publish")
        found = (await desk.do("woo_variations_list", product_id=parent))["items"][0]
        more = {"id": found["id"]} if "attributes" not in arguments else {}
        return {"product_id": parent, **more, **arguments}

    return build


async def new_variation(desk: Desk) -> dict[str, Any]:
    made = await without_variations(desk)
    return {**made, "attributes": [{"name": "Size", "option": "S"}]}


async def several(desk: Desk) -> dict[str, Any]:
    found = (await desk.do("woo_products_list", type="simple", status="publish", limit=12))["items"]
    return {"items": [{"id": one["id"], "name": f"{one['name']} II"} for one in found]}


async def sold(desk: Desk) -> dict[str, Any]:
    found = (await desk.do("woo_products_list", type="simple", status="publish", stock_status="instock"))["items"]
    return {"lines": [{"product_id": found[0]["id"], "quantity": 1}], "billing": {"first_name": "Ada", "city": "Lyon"}}


async def noted(desk: Desk) -> dict[str, Any]:
    order = await create(desk, "woo_orders_create", await sold(desk))
    await carry_out(desk, "woo_order_notes_create", {"order_id": order, "note": "Called."})
    notes = (await desk.do("woo_order_notes_list", order_id=order))["items"]
    return {"order_id": order, "id": notes[0]["id"]}


async def given_back(desk: Desk) -> dict[str, Any]:
    order = await create(desk, "woo_orders_create", await sold(desk))
    await carry_out(desk, "woo_refunds_create", {"order_id": order, "amount": "1.00"})
    return {"order_id": order, "id": (await desk.do("woo_refunds_list", order_id=order))["items"][0]["id"]}


async def mailed(desk: Desk) -> dict[str, Any]:
    billing = {"first_name": "Ada", "email": "ada@example.com"}
    return {"order_id": await create(desk, "woo_orders_create", {**await sold(desk), "billing": billing})}


async def stocked(desk: Desk) -> dict[str, Any]:
    sku = unique("STOCK-")
    await carry_out(desk, "woo_products_create", {"name": "Scarf", "sku": sku, "stock_quantity": 3})
    return {"items": [{"sku": sku, "adjust": 1}]}


def term(**arguments: Any) -> Arguments:
    return made("wp_terms_create", {"taxonomy": "post_tag", "name": "silk"}, taxonomy="post_tag", **arguments)


def item(**arguments: Any) -> Arguments:
    return made("wp_items_create", {"type": "product", "title": "Hat"}, type="product", **arguments)


def comment(**arguments: Any) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        post = await desk.some("wp_posts_list", status="publish")
        made = await create(desk, "wp_comments_create", {"post": post, "content": unique("No. ")})
        return {"id": made, **arguments}

    return build


async def answer(desk: Desk) -> dict[str, Any]:
    return {"post": await desk.some("wp_posts_list", status="publish"), "content": unique("Thank you. ")}


async def a_new_user(_desk: Desk) -> dict[str, Any]:
    login = unique("grace")
    return {"username": login, "email": f"{login}@example.com"}


def user(called: str = "id", **arguments: Any) -> Arguments:
    """Arguments for a new account whose id is called ``called``."""

    async def build(desk: Desk) -> dict[str, Any]:
        return {called: await create(desk, "wp_users_create", await a_new_user(desk)), **arguments}

    return build


async def app_password(desk: Desk) -> dict[str, Any]:
    owner = (await user("user_id")(desk))["user_id"]
    saved = await carry_out(desk, "wp_app_passwords_save", {"user_id": owner, "name": "Till"})
    return {"user_id": owner, "uuid": saved["changes"][0]["id"]}


async def there(desk: Desk, of: str, name: str, otherwise: str) -> str:
    """The type or taxonomy where the site has it."""
    known = {one["name"] for one in (await desk.do("wp_types_list", of=of))["items"]}
    return name if name in known else otherwise


TAXONOMIES = ("category", "product_brand", "product_cat", "product_tag", "wp_pattern_category")


def term_of(taxonomy: str, *, new: bool = False, **arguments: Any) -> Arguments:
    """Arguments for a term, a new one's or those of one that is made for it."""

    async def build(desk: Desk) -> dict[str, Any]:
        own: dict[str, Any] = {"taxonomy": await there(desk, "taxonomies", taxonomy, "post_tag")}
        body = {**own, "name": unique("silk")}
        return body if new else {**own, "id": await create(desk, "wp_terms_create", body), **arguments}

    return build


async def a_renamed_password(desk: Desk) -> dict[str, Any]:
    return {**await app_password(desk), "name": unique("Counter")}


async def every_password(desk: Desk) -> dict[str, Any]:
    return {"user_id": (await app_password(desk))["user_id"], "every": True}


def revision_of(kind: str) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        target = await create(desk, f"wp_{kind}_create", {"title": "First", "content": "<p>One.</p>"})
        for words in ("<p>Two.</p>", "<p>Three.</p>"):
            await carry_out(desk, f"wp_{kind}_update", {"id": target, "content": words})
        listed = await desk.do("wp_revisions_list", type=kind, of=str(target))
        return {"type": kind, "of": str(target), "id": listed["items"][-1]["id"]}

    return build


async def undone(desk: Desk) -> dict[str, Any]:
    done = await carry_out(desk, "wp_terms_create", {"taxonomy": "post_tag", "name": unique("linen")})
    return {"change": done["change"]}


async def binned(desk: Desk) -> dict[str, Any]:
    target = await create(desk, "wp_posts_create", {"title": "Thrown away"})
    await desk.do("wp_posts_delete", id=target)
    return {"noun": "posts", "id": target}


async def uploaded(desk: Desk) -> dict[str, Any]:
    number = next(_numbers)
    file = desk.app.settings.data_dir / f"picture{number}.png"
    file.write_bytes(picture(number))
    return {"path": str(file), "title": f"One pixel {number}."}


def a_picture(**arguments: Any) -> Arguments:
    """Arguments for a new picture."""

    async def build(desk: Desk) -> dict[str, Any]:
        return {"id": await create(desk, "wp_media_upload", await uploaded(desk)), **arguments}

    return build


def new(field: str, word: str, **arguments: Any) -> Arguments:
    """Arguments that must be others each time, since the shop keeps them unique."""

    async def build(_desk: Desk) -> dict[str, Any]:
        return {field: unique(word), **arguments}

    return build


async def a_term(desk: Desk) -> dict[str, Any]:
    attribute = await desk.some("woo_attributes_list")
    return {"attribute_id": attribute, "id": await desk.some("woo_attribute_terms_list", attribute_id=attribute)}


async def new_term(desk: Desk) -> dict[str, Any]:
    return {"attribute_id": await desk.some("woo_attributes_list"), "name": "Extra wide"}


async def changed_term(desk: Desk) -> dict[str, Any]:
    return {**await a_term(desk), "description": "New words."}


async def deleted_term(desk: Desk) -> dict[str, Any]:
    attribute = await desk.some("woo_attributes_list")
    body = {"attribute_id": attribute, "name": "Faded"}
    return {
        "kind": "attribute_term",
        "attribute_id": attribute,
        "id": await create(desk, "woo_attribute_terms_create", body),
    }


async def many_terms(desk: Desk) -> dict[str, Any]:
    update = [{"id": await desk.some("woo_tags_list"), "description": "New words."}]
    return {"noun": "tags", "create": [{"name": "Quilted"}, {"name": "Boxy"}], "update": update}


def two(noun: str, **fields: Any) -> Arguments:
    """Arguments for two new ones of a noun at once, whose names are their own."""

    async def build(_desk: Desk) -> dict[str, Any]:
        own = [{name: unique(value) if name in _NAMES else value for name, value in fields.items()} for _ in range(2)]
        return {"noun": noun, "create": own}

    return build


async def two_categories(desk: Desk) -> dict[str, Any]:
    found = (await desk.do("woo_categories_list", limit=2))["items"]
    return {"noun": "categories", "update": [{"id": one["id"], "description": "New words."} for one in found]}


def some_reviews(number: int) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        product = await create(desk, "woo_products_create", {"name": "Muff"})
        words = {"product_id": product, "review": "Warm.", "reviewer": "Ada", "rating": 5}
        items = [{**words, "reviewer_email": unique("ada@example.com")} for _ in range(number)]
        return {"noun": "reviews", "create": items}

    return build


async def mailed_anew(desk: Desk) -> dict[str, Any]:
    order = (await mailed(desk))["order_id"]
    await carry_out(desk, "woo_orders_set_status", {"id": order, "status": "completed"})
    return {"order_id": order, "mail": "customer_completed_order"}


async def many_orders(desk: Desk) -> dict[str, Any]:
    lines = [{"product_id": line["product_id"], "quantity": 1} for line in (await sold(desk))["lines"]]
    return {"noun": "orders", "create": [{"line_items": lines}, {"line_items": lines}]}


async def without_variations(desk: Desk) -> dict[str, Any]:
    """A new variable product of two sizes without variations."""
    size = {"name": "Size", "variation": True, "visible": True, "options": ["S", "M"]}
    body = {"name": "Cape", "type": "variable", "more": {"attributes": [size]}}
    return {"product_id": await create(desk, "woo_products_create", body), "regular_price": "40.00"}


async def laid_out(desk: Desk) -> dict[str, Any]:
    colours = [{"name": "Colour", "options": ["Black", "Teal"]}]
    return {**await without_variations(desk), "attributes": colours, "sku": "CAPE-{Colour}-{Size}"}


async def counted(desk: Desk) -> dict[str, Any]:
    sku = (await stocked(desk))["items"][0]["sku"]
    return {"rows": [{"sku": sku, "counted": 7}], "counted_at": "2026-01-01T00:00:00"}


async def repriced(desk: Desk) -> dict[str, Any]:
    cost = {"meta_data": [{"key": "cost", "value": "20.00"}]}
    coat = await create(desk, "woo_products_create", {"name": "Coat", "regular_price": "120.00", "more": cost})
    return {"filter": {"ids": [coat]}, "move": "-5%", "cost_field": "cost", "min_margin": "30"}


async def imported(desk: Desk) -> dict[str, Any]:
    number, top = next(_numbers), unique("Season")
    file = desk.app.settings.data_dir / f"goods{number}.csv"
    coat, hat = unique("COAT-"), unique("HAT-")
    file.write_text(
        "SKU,Name,Regular price,Categories,Tags,Brands\n"
        f"{coat},Coat,120.00,{top} > {top} coats,{top} tag,{top} brand\n{hat},Hat,20.00,{top},,\n"
    )
    return {"path": str(file)}


async def imported_changes(desk: Desk) -> dict[str, Any]:
    """Rows that change a product, and a variation by its id."""
    number, sku = next(_numbers), unique("COAT-")
    file = desk.app.settings.data_dir / f"goods{number}.csv"
    await carry_out(desk, "woo_products_create", {"name": "Coat", "sku": sku, "regular_price": "120.00"})
    found = await variation()(desk)
    file.write_text(f"ID,SKU,Regular price,Categories\n,{sku},99.00,{unique('Season')}\n{found['id']},,55.00,\n")
    return {"path": str(file)}


COUPON = {"code": "OLD", "discount_type": "percent", "amount": "5"}
ARGUMENTS: dict[str, Arguments] = {
    "changes_undo": undone,
    "play_reprice": repriced,
    "play_stock_reconcile": counted,
    "woo_attribute_terms_create": new_term,
    "woo_attribute_terms_update": changed_term,
    "woo_attributes_create": new("name", "Fabric", order_by="name"),
    "woo_attributes_update": one_of("woo_attributes_list", name="New words"),
    "woo_brands_create": new("name", "Atelier Skyy", description="By hand."),
    "woo_brands_update": one_of("woo_brands_list", description="New words."),
    "woo_catalog_bulk": many_terms,
    "woo_catalog_import": imported,
    "woo_categories_create": new("name", "Winter", description="<b>Warm</b>"),
    "woo_categories_delete": made("woo_categories_create", {"name": "Old"}),
    "woo_categories_update": one_of("woo_categories_list", description="New words."),
    "woo_coupons_create": new("code", "TWICE", discount_type="percent", amount="10"),
    "woo_coupons_delete": made("woo_coupons_create", COUPON),
    "woo_coupons_update": made("woo_coupons_create", COUPON, description="New words."),
    "woo_customers_create": new("email", "new@example.com", first_name="Ada"),
    "woo_customers_delete": made("woo_customers_create", {"email": "old@example.com"}),
    "woo_customers_update": one_of("woo_customers_list", last_name="Lovelace"),
    "woo_order_notes_create": an_order("order_id", note="Called."),
    "woo_order_notes_delete": noted,
    "woo_order_mails_send": mailed,
    "woo_orders_bulk": many_orders,
    "woo_orders_create": sold,
    "woo_orders_delete": an_order(),
    "woo_orders_set_status": an_order(status="completed"),
    "woo_orders_update": an_order(customer_note="Ring twice."),
    "woo_products_bulk_update": several,
    "woo_products_create": new("sku", "TWICE-", name="Coat", regular_price="120.00"),
    "woo_products_delete": one_of("woo_products_list", {"type": "variable", "status": "publish"}),
    "woo_products_duplicate": one_of("woo_products_list", {"type": "variable"}, name="Another"),
    "woo_products_update": one_of("woo_products_list", short_description="New words."),
    "woo_receipts_create": an_order("order_id"),
    "woo_refunds_create": an_order("order_id", amount="1.00"),
    "woo_refunds_delete": given_back,
    "woo_reviews_delete": one_of("woo_reviews_list"),
    "woo_reviews_update": one_of("woo_reviews_list", rating=1, review="New words."),
    "woo_shipping_classes_create": new("name", "Bulky"),
    "woo_shipping_classes_update": made("woo_shipping_classes_create", {"name": "Tubes"}, description="New words."),
    "woo_stock_update": stocked,
    "woo_tags_create": new("name", "Quilted"),
    "woo_tags_update": one_of("woo_tags_list", description="New words."),
    "woo_terms_delete": deleted_term,
    "woo_variations_create": new_variation,
    "woo_variations_delete": variation(),
    "woo_variations_generate": without_variations,
    "woo_variations_matrix": laid_out,
    "woo_variations_update": variation(regular_price="51.00"),
    "wp_bin_restore": binned,
    "wp_app_passwords_delete": app_password,
    "wp_app_passwords_save": user("user_id", name="Till"),
    "wp_comments_create": answer,
    "wp_comments_delete": comment(),
    "wp_comments_update": comment(status="hold"),
    "wp_items_create": new("title", "Scarf", type="product"),
    "wp_items_delete": item(),
    "wp_items_update": item(title="New words"),
    "wp_media_edit": a_picture(rotate=90),
    "wp_media_delete": a_picture(),
    "wp_media_update": a_picture(alt_text="New words."),
    "wp_media_upload": uploaded,
    "wp_pages_create": given(title="About"),
    "wp_pages_delete": made("wp_pages_create", {"title": "Old"}),
    "wp_pages_update": made("wp_pages_create", {"title": "Old"}, content="<p>New words.</p>"),
    "wp_posts_create": given(title="New in", content="<p>Now.</p>"),
    "wp_posts_delete": made("wp_posts_create", {"title": "Old"}),
    "wp_posts_update": made("wp_posts_create", {"title": "Old"}, title="New words"),
    "wp_revisions_delete": revision_of("posts"),
    "wp_revisions_restore": revision_of("posts"),
    "wp_terms_create": new("name", "wool", taxonomy="post_tag"),
    "wp_terms_delete": term(),
    "wp_terms_update": term(description="New words."),
    "wp_users_create": a_new_user,
    "wp_users_delete": user(reassign=1),
    "wp_users_update": user(first_name="Ada"),
}
"""Valid arguments for each; a new write tool needs its own line here."""


FURTHER: dict[str, list[Arguments]] = {
    "woo_catalog_bulk": [
        two("attributes", name="Weave"),
        two("brands", name="Atelier"),
        two("coupons", code="TWO", discount_type="percent", amount="5"),
        two("shipping_classes", name="Rolls"),
        two_categories,
        some_reviews(1),
        some_reviews(2),
    ],
    "woo_catalog_import": [imported_changes],
    "woo_order_mails_send": [mailed_anew],
    "woo_orders_bulk": [two("customers", email="two@example.com")],
    "wp_app_passwords_delete": [every_password],
    "wp_app_passwords_save": [a_renamed_password],
    "wp_media_edit": [a_picture(make_sizes=True)],
    "wp_revisions_delete": [revision_of("pages")],
    "wp_revisions_restore": [revision_of("pages")],
    "wp_terms_create": [term_of(taxonomy, new=True) for taxonomy in TAXONOMIES],
    "wp_terms_delete": [term_of(taxonomy) for taxonomy in TAXONOMIES],
    "wp_terms_update": [term_of(taxonomy, description="New words.") for taxonomy in TAXONOMIES],
    "wp_users_update": [given(description="New words.")],
}
"""Further ways to call a tool that leads to several routes."""
