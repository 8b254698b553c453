"""Valid arguments for every write tool; a new one needs its own line here, in ``ARGUMENTS``."""

from __future__ import annotations

from typing import Any

from devskyy_mcp.errors import Refused
from tests.durability.kinds import picture
from tests.fakes.demo import Desk

from . import site, three_d
from .making import NAMES, Arguments, carry_out, create, given, made, numbers, one_of, unique


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


async def undone(desk: Desk) -> dict[str, Any]:
    done = await carry_out(desk, "wp_terms_create", {"taxonomy": "post_tag", "name": unique("linen")})
    return {"change": done["change"]}


async def binned(desk: Desk) -> dict[str, Any]:
    target = await create(desk, "wp_posts_create", {"title": "Thrown away"})
    await desk.do("wp_posts_delete", id=target)
    return {"noun": "posts", "id": target}


async def uploaded(desk: Desk) -> dict[str, Any]:
    number = next(numbers)
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
    update = [{"id": await create(desk, "woo_tags_create", {"name": "Felted"}), "description": "New words."}]
    new = [{"name": unique("Quilted")}, {"name": unique("Boxy")}]
    return {"noun": "tags", "create": new, "update": update}


async def many_attribute_terms(desk: Desk) -> dict[str, Any]:
    attribute = await desk.some("woo_attributes_list")
    return {
        "noun": "attribute_terms",
        "parent_id": attribute,
        "create": [{"name": unique("Wide")}, {"name": unique("Narrow")}],
    }


def two(noun: str, **fields: Any) -> Arguments:
    """Arguments for two new ones of a noun at once, whose names are their own."""

    async def build(_desk: Desk) -> dict[str, Any]:
        own = [{name: unique(value) if name in NAMES else value for name, value in fields.items()} for _ in range(2)]
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


async def some_settings(_desk: Desk) -> dict[str, Any]:
    """Of two groups, which go to the shop together where it takes that."""
    city, subject = unique("Lyon "), unique("Thank you ")
    return {
        "items": [
            {"group": "general", "id": "woocommerce_store_city", "value": city},
            {"group": "email_new_order", "id": "subject", "value": subject},
            {"group": "email_new_order", "id": "heading", "value": subject},
        ]
    }


async def settings_of_a_group(_desk: Desk) -> dict[str, Any]:
    names = ("woocommerce_store_address", "woocommerce_store_address_2")
    return {"items": [{"group": "general", "id": name, "value": unique("Rue ")} for name in names]}


def a_zone(**arguments: Any) -> Arguments:
    """Arguments for a new shipping zone."""
    return made("woo_zones_create", {"name": "Alps"}, **arguments)


def a_method(**arguments: Any) -> Arguments:
    """Arguments for a way of shipping in a new zone."""

    async def build(desk: Desk) -> dict[str, Any]:
        zone = {"zone_id": await create(desk, "woo_zones_create", {"name": "Alps"})}
        body = {**zone, "kind": "flat_rate", "cost": "5.00"}
        return {**zone, "id": await create(desk, "woo_zone_methods_create", body), **arguments}

    return build


def tax(**more: Any) -> Arguments:
    """Arguments for a new tax rate, of a place of its own."""

    async def build(_desk: Desk) -> dict[str, Any]:
        return {"rate": "5.5", "name": "TVA", "country": "FR", "cities": [unique("Nice")], **more}

    return build


async def new_tax(desk: Desk) -> int:
    return await create(desk, "woo_taxes_create", await tax()(desk))


def a_tax(**arguments: Any) -> Arguments:
    """Arguments for a new tax rate's id."""

    async def build(desk: Desk) -> dict[str, Any]:
        return {"id": await new_tax(desk), **arguments}

    return build


async def two_taxes(desk: Desk) -> dict[str, Any]:
    return {"noun": "taxes", "create": [await tax()(desk) for _ in range(2)]}


async def many_taxes(desk: Desk) -> dict[str, Any]:
    return {"noun": "taxes", "update": [{"id": await new_tax(desk), "rate": "7"} for _ in range(2)]}


async def deleted_hooks(desk: Desk) -> dict[str, Any]:
    return {"noun": "webhooks", "delete": [await create(desk, "woo_webhooks_create", HOOK) for _ in range(2)]}


async def a_tax_class(desk: Desk) -> dict[str, Any]:
    made = await carry_out(desk, "woo_tax_classes_create", {"name": unique("Books")})
    return {"id": made["changes"][0]["id"]}


async def somebody(desk: Desk) -> dict[str, Any]:
    """The address of a new account."""
    name = (await user()(desk))["id"]
    found = (await desk.do("wp_users_list", search="grace", limit=100))["items"]
    return {"email": next(one["email"] for one in found if one["id"] == name)}


def seo_of(kind: str, tool: str, body: dict[str, Any], **fields: Any) -> Arguments:
    """Arguments for the SEO fields of a new object or term."""

    async def build(desk: Desk) -> dict[str, Any]:
        return {"type": kind, "id": await create(desk, tool, body), **fields}

    return build


A_REDIRECT = {"target": "/new-place"}


async def old_path(_desk: Desk) -> dict[str, Any]:
    return {"source": f"/{unique('old-')}", **A_REDIRECT}


def redirect(**arguments: Any) -> Arguments:
    async def build(desk: Desk) -> dict[str, Any]:
        return {"id": await create(desk, "wp_redirects_create", await old_path(desk)), **arguments}

    return build


async def binned_redirect(desk: Desk) -> dict[str, Any]:
    try:
        made = await redirect()(desk)
    except Refused:  # a site without the plugin
        return await binned(desk)
    await carry_out(desk, "wp_redirects_delete", made)
    return {"noun": "redirects", **made}


async def counted(desk: Desk) -> dict[str, Any]:
    sku = (await stocked(desk))["items"][0]["sku"]
    return {"rows": [{"sku": sku, "counted": 7}], "counted_at": "2026-01-01T00:00:00"}


async def repriced(desk: Desk) -> dict[str, Any]:
    cost = {"meta_data": [{"key": "cost", "value": "20.00"}]}
    coat = await create(desk, "woo_products_create", {"name": "Coat", "regular_price": "120.00", "more": cost})
    return {"filter": {"ids": [coat]}, "move": "-5%", "cost_field": "cost", "min_margin": "30"}


async def imported(desk: Desk) -> dict[str, Any]:
    number, top = next(numbers), unique("Season")
    file = desk.app.settings.data_dir / f"goods{number}.csv"
    coat, hat = unique("COAT-"), unique("HAT-")
    file.write_text(
        "SKU,Name,Regular price,Categories,Tags,Brands\n"
        f"{coat},Coat,120.00,{top} > {top} coats,{top} tag,{top} brand\n{hat},Hat,20.00,{top},,\n"
    )
    return {"path": str(file)}


async def imported_changes(desk: Desk) -> dict[str, Any]:
    """Rows that change a product, and a variation by its id."""
    number, sku = next(numbers), unique("COAT-")
    file = desk.app.settings.data_dir / f"goods{number}.csv"
    await carry_out(desk, "woo_products_create", {"name": "Coat", "sku": sku, "regular_price": "120.00"})
    found = await variation()(desk)
    file.write_text(f"ID,SKU,Regular price,Categories\n,{sku},99.00,{unique('Season')}\n{found['id']},,55.00,\n")
    return {"path": str(file)}


COUPON = {"code": "OLD", "discount_type": "percent", "amount": "5"}
HOOK = {"topic": "order.created", "delivery_url": "https://203.0.113.9/orders", "name": "Orders"}
ARGUMENTS: dict[str, Arguments] = {
    **site.WRITES,
    **three_d.WRITES,
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
    "woo_gateways_update": given(id="cheque", title="By cheque", settings={"instructions": "To us."}),
    "woo_products_bulk_update": several,
    "woo_products_create": new("sku", "TWICE-", name="Coat", regular_price="120.00"),
    "woo_products_delete": one_of("woo_products_list", {"type": "variable", "status": "publish"}),
    "woo_products_duplicate": one_of("woo_products_list", {"type": "variable"}, name="Another"),
    "woo_products_update": one_of("woo_products_list", short_description="New words."),
    "woo_receipts_create": an_order("order_id"),
    "woo_refunds_create": an_order("order_id", amount="1.00"),
    "woo_shipments_save": an_order("order_id", carrier="DHL", number="JD014600003"),
    "woo_refunds_delete": given_back,
    "woo_reviews_delete": one_of("woo_reviews_list"),
    "woo_reviews_update": one_of("woo_reviews_list", rating=1, review="New words."),
    "woo_settings_bulk": two_taxes,
    "woo_settings_update": some_settings,
    "woo_shipping_classes_create": new("name", "Bulky"),
    "woo_shipping_classes_update": made("woo_shipping_classes_create", {"name": "Tubes"}, description="New words."),
    "woo_stock_update": stocked,
    "woo_system_tools_run": given(id="clear_transients"),
    "woo_tags_create": new("name", "Quilted"),
    "woo_tags_update": one_of("woo_tags_list", description="New words."),
    "woo_tax_classes_create": new("name", "Books"),
    "woo_tax_classes_delete": a_tax_class,
    "woo_taxes_create": tax(tax_class="reduced-rate"),
    "woo_taxes_delete": a_tax(),
    "woo_taxes_update": a_tax(rate="21", priority=2),
    "woo_terms_delete": deleted_term,
    "woo_variations_create": new_variation,
    "woo_variations_delete": variation(),
    "woo_variations_generate": without_variations,
    "woo_variations_matrix": laid_out,
    "woo_variations_update": variation(regular_price="51.00"),
    "woo_webhooks_create": given(**HOOK),
    "woo_webhooks_delete": made("woo_webhooks_create", HOOK),
    "woo_webhooks_update": made("woo_webhooks_create", HOOK, status="paused"),
    "woo_zone_methods_create": given(zone_id=0, kind="flat_rate", cost="19.00"),
    "woo_zone_methods_delete": a_method(),
    "woo_zone_methods_update": a_method(cost="6.90"),
    "woo_zones_create": new("name", "Alps", places=[{"type": "country", "code": "CH"}]),
    "woo_zones_delete": a_zone(),
    "woo_zones_update": a_zone(order=7, places=[{"type": "postcode", "code": "75*"}]),
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
    "wp_privacy_erase": somebody,
    "wp_redirects_create": old_path,
    "wp_redirects_delete": redirect(),
    "wp_redirects_update": redirect(target="/newer-place", code=302),
    "wp_revisions_delete": site.revision_of("posts"),
    "wp_revisions_restore": site.revision_of("posts"),
    "wp_seo_update": seo_of("post", "wp_posts_create", {"title": "Old"}, title="New words", noindex=True),
    "wp_terms_create": new("name", "wool", taxonomy="post_tag"),
    "wp_terms_delete": term(),
    "wp_terms_update": term(description="New words."),
    "wp_users_create": a_new_user,
    "wp_users_delete": user(reassign=1),
    "wp_users_update": user(first_name="Ada"),
}
"""Valid arguments for each; a new write tool needs its own line here."""


FURTHER: dict[str, list[Arguments]] = {
    **site.FURTHER,
    "woo_catalog_bulk": [
        many_attribute_terms,
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
    "woo_settings_bulk": [
        two("webhooks", **HOOK),
        many_taxes,
        deleted_hooks,
    ],
    "woo_settings_update": [settings_of_a_group],
    "wp_app_passwords_delete": [every_password],
    "wp_app_passwords_save": [a_renamed_password],
    "wp_bin_restore": [
        site.binned("blocks", "pattern"),
        site.binned("navigation", "navigation"),
        binned_redirect,
    ],
    "wp_media_edit": [a_picture(make_sizes=True)],
    "wp_revisions_delete": [site.revision_of(kind) for kind in site.REVISED if kind not in ("posts", "global-styles")],
    "wp_revisions_restore": [site.revision_of(kind) for kind in site.REVISED if kind != "posts"],
    "wp_seo_update": [
        seo_of("page", "wp_pages_create", {"title": "Old"}, description="New words."),
        seo_of(
            "post_tag",
            "wp_terms_create",
            {"taxonomy": "post_tag", "name": "felt"},
            canonical="https://example.com/felt",
        ),
    ],
    "wp_terms_create": [term_of(taxonomy, new=True) for taxonomy in TAXONOMIES],
    "wp_terms_delete": [term_of(taxonomy) for taxonomy in TAXONOMIES],
    "wp_terms_update": [term_of(taxonomy, description="New words.") for taxonomy in TAXONOMIES],
    "wp_users_update": [given(description="New words.")],
}
"""Further ways to call a tool that leads to several routes."""
