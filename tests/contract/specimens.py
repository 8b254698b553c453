"""One object of every kind, made the same way on any shop, to compare names and types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from tests.contract.client import Json, Shop, ok, picture, token

Maker = Callable[[Shop], Awaitable[Json]]
WORDPRESS: dict[str, Maker] = {}
WOOCOMMERCE: dict[str, Maker] = {}
WORDPRESS_SCHEMAS = ["posts", "pages", "media", "categories", "tags", "users", "comments"]
WOOCOMMERCE_SCHEMAS = [
    *("products", "orders", "customers", "coupons", "products/categories", "products/reviews", "products/attributes"),
    *("products/tags", "products/brands", "products/shipping_classes", "variations"),
]


def _of(kinds: dict[str, Maker]) -> Callable[[Maker], Maker]:
    def register(make: Maker) -> Maker:
        kinds[make.__name__] = make
        return make

    return register


wordpress, woocommerce = _of(WORDPRESS), _of(WOOCOMMERCE)


def _reading(kinds: dict[str, Maker], name: str, path: str) -> None:
    async def read(shop: Shop) -> Json:
        return await shop.read(path)

    kinds[name] = read


def _schema(kinds: dict[str, Maker], route: str) -> None:
    async def options(shop: Shop) -> Json:
        return ok(await shop.http.options(route))["schema"]["properties"]

    kinds[f"schema {route}"] = options


for _noun in WORDPRESS_SCHEMAS:
    _schema(WORDPRESS, f"wp/v2/{_noun}")
for _noun in WOOCOMMERCE_SCHEMAS:
    _schema(WOOCOMMERCE, f"wc/v3/{_noun}")
for _name, _path in {
    "type": "wp/v2/types/post",
    "type_edit": "wp/v2/types/post?context=edit",
    "taxonomy": "wp/v2/taxonomies/category",
    "taxonomy_edit": "wp/v2/taxonomies/category?context=edit",
    "status": "wp/v2/statuses/publish",
    "status_edit": "wp/v2/statuses/draft?context=edit",
    "settings": "wp/v2/settings",
    "user_view": "wp/v2/users/me",
    "index": "?_fields=name,description,url,home,gmt_offset,timezone_string,namespaces,authentication",
}.items():
    _reading(WORDPRESS, _name, _path)
for _name, _path in {
    "sales": "wc/v3/reports/sales?period=week",
    "orders_totals": "wc/v3/reports/orders/totals",
    "products_totals": "wc/v3/reports/products/totals",
    "customers_totals": "wc/v3/reports/customers/totals",
    "settings_groups": "wc/v3/settings",
    "setting_text": "wc/v3/settings/general/woocommerce_store_city",
    "setting_choice": "wc/v3/settings/general/woocommerce_currency",
    "gateway": "wc/v3/payment_gateways/bacs",
    "currency": "wc/v3/data/currencies/EUR",
    "shipping_zone": "wc/v3/shipping/zones/0",
    "tax_classes": "wc/v3/taxes/classes",
    "order_statuses": "wc/v3/orders/statuses",
    "system_status": "wc/v3/system_status?_fields=environment.version,environment.wp_version,settings",
}.items():
    _reading(WOOCOMMERCE, _name, _path)


@wordpress
async def post_edit(shop: Shop) -> Json:
    return await shop.make("wp/v2/posts", title="A", content="b", excerpt="c", status="publish")


@wordpress
async def post_view(shop: Shop) -> Json:
    return await shop.read(f"wp/v2/posts/{(await post_edit(shop))['id']}")


@wordpress
async def page_edit(shop: Shop) -> Json:
    return await shop.make("wp/v2/pages", title="A", content="b", status="publish")


@wordpress
async def page_view(shop: Shop) -> Json:
    return await shop.read(f"wp/v2/pages/{(await page_edit(shop))['id']}")


@wordpress
async def media_edit(shop: Shop) -> Json:
    return await shop.upload(picture(400, 300))


@wordpress
async def media_view(shop: Shop) -> Json:
    return await shop.read(f"wp/v2/media/{(await media_edit(shop))['id']}")


@wordpress
async def category(shop: Shop) -> Json:
    return await shop.make("wp/v2/categories", name=token())


@wordpress
async def tag(shop: Shop) -> Json:
    return await shop.make("wp/v2/tags", name=token())


@wordpress
async def user_edit(shop: Shop) -> Json:
    made = await shop.make("wp/v2/users", username=token(), email=f"{token()}@example.com", password=token())
    # What an administrator may do depends on the plugins; a subscriber is the same everywhere.
    return await shop.read(f"wp/v2/users/{made['id']}", context="edit")


@wordpress
async def comment_edit(shop: Shop) -> Json:
    return await shop.make("wp/v2/comments", post=(await post_edit(shop))["id"], content="x")


@wordpress
async def comment_view(shop: Shop) -> Json:
    return await shop.read(f"wp/v2/comments/{(await comment_edit(shop))['id']}")


@wordpress
async def child_category(shop: Shop) -> Json:
    above = await category(shop)
    return await shop.make("wp/v2/categories", name=token(), parent=above["id"])


@wordpress
async def pattern_category(shop: Shop) -> Json:
    return await shop.make("wp/v2/wp_pattern_category", name=token())


@wordpress
async def media_after_processing(shop: Shop) -> Json:
    made = await media_edit(shop)
    return ok(await shop.http.post(f"wp/v2/media/{made['id']}/post-process", json={"action": "create-image-subsizes"}))


@wordpress
async def edited_picture(shop: Shop) -> Json:
    made = await media_edit(shop)
    changes = [{"type": "rotate", "args": {"angle": 90}}]
    path = f"wp/v2/media/{made['id']}/edit"
    edited = ok(await shop.http.post(path, json={"src": made["source_url"], "modifiers": changes}), 201)
    shop.remember("wp/v2/media", edited["id"])
    return edited


@wordpress
async def revision(shop: Shop) -> Json:
    path = f"wp/v2/posts/{(await post_edit(shop))['id']}"
    await shop.change(path, content="new")
    return (await shop.read(f"{path}/revisions", context="edit"))[0]


@wordpress
async def search_hit(shop: Shop) -> Json:
    word = token()
    await shop.make("wp/v2/posts", title=word, status="publish")
    return (await shop.read("wp/v2/search", search=word))[0]


@wordpress
async def application_password(shop: Shop) -> Json:
    me = await shop.read("wp/v2/users/me")
    passwords = f"wp/v2/users/{me['id']}/application-passwords"
    made = ok(await shop.http.post(passwords, json={"name": token()}), 201)
    ok(await shop.delete(f"{passwords}/{made['uuid']}"))
    return made


@wordpress
async def introspected_password(shop: Shop) -> Json:
    return await shop.read("wp/v2/users/me/application-passwords/introspect")


@wordpress
async def error_of_a_parameter(shop: Shop) -> Json:
    return (await shop.get("wp/v2/posts", per_page=0)).json()


@wordpress
async def error_of_a_missing_parameter(shop: Shop) -> Json:
    return (await shop.post("wp/v2/categories", {})).json()


@wordpress
async def deleted_term(shop: Shop) -> Json:
    return ok(await shop.delete(f"wp/v2/tags/{(await tag(shop))['id']}", force="true"))


@woocommerce
async def product(shop: Shop) -> Json:
    terms = {noun: await shop.make(f"wc/v3/products/{noun}", name=token()) for noun in ("categories", "tags", "brands")}
    return await shop.product(
        sale_price="10.00",
        date_on_sale_to="2099-01-01T00:00:00",
        manage_stock=True,
        stock_quantity=3,
        sku=token(),
        weight="2",
        images=[{"id": (await shop.upload())["id"]}],
        meta_data=[{"key": "care", "value": "30"}],
        attributes=[{"name": "Size", "options": ["S"]}],
        **{noun: [{"id": term["id"]}] for noun, term in terms.items()},
    )


@woocommerce
async def plain_product(shop: Shop) -> Json:
    return await shop.read(f"wc/v3/products/{(await shop.product())['id']}")


@woocommerce
async def variable_product(shop: Shop) -> Json:
    path, _ = await _variable(shop)
    return await shop.read(path)


@woocommerce
async def variation(shop: Shop) -> Json:
    return (await _variable(shop))[1]


async def _variable(shop: Shop) -> tuple[str, Json]:
    size = {"name": "Size", "visible": True, "variation": True, "options": ["S", "M"]}
    made = await shop.product(type="variable", attributes=[size])
    path = f"wc/v3/products/{made['id']}"
    option = {"name": "Size", "option": "S"}
    return path, await shop.make(f"{path}/variations", regular_price="20.00", attributes=[option])


@woocommerce
async def product_category(shop: Shop) -> Json:
    image = {"id": (await shop.upload())["id"]}
    return await shop.make("wc/v3/products/categories", name=token(), image=image)


@woocommerce
async def product_tag(shop: Shop) -> Json:
    return await shop.make("wc/v3/products/tags", name=token())


@woocommerce
async def brand(shop: Shop) -> Json:
    return await shop.make("wc/v3/products/brands", name=token())


@woocommerce
async def shipping_class(shop: Shop) -> Json:
    return await shop.make("wc/v3/products/shipping_classes", name=token())


@woocommerce
async def product_post_edit(shop: Shop) -> Json:
    return await shop.make("wp/v2/product", title=token(), content="b", status="publish")


@woocommerce
async def product_post_view(shop: Shop) -> Json:
    return await shop.read(f"wp/v2/product/{(await product_post_edit(shop))['id']}")


@woocommerce
async def product_cat(shop: Shop) -> Json:
    return await shop.make("wp/v2/product_cat", name=token())


@woocommerce
async def product_brand_child(shop: Shop) -> Json:
    above = await shop.make("wp/v2/product_brand", name=token())
    return await shop.make("wp/v2/product_brand", name=token(), parent=above["id"])


@woocommerce
async def product_tag_post(shop: Shop) -> Json:
    return await shop.make("wp/v2/product_tag", name=token())


@woocommerce
async def attribute(shop: Shop) -> Json:
    return await shop.make("wc/v3/products/attributes", name=token())


@woocommerce
async def attribute_term(shop: Shop) -> Json:
    return await shop.make(f"wc/v3/products/attributes/{(await attribute(shop))['id']}/terms", name="Red")


@woocommerce
async def copied_product(shop: Shop) -> Json:
    path, _ = await _variable(shop)
    copy = ok(await shop.http.post(f"{path}/duplicate", json={"meta_data": [{"key": "mark", "value": "x"}]}))
    shop.remember("wc/v3/products", copy["id"])
    return copy


@woocommerce
async def variation_as_a_product(shop: Shop) -> Json:
    return await shop.read(f"wc/v3/products/{(await variation(shop))['id']}")


@woocommerce
async def related_products(shop: Shop) -> Json:
    return await shop.read(f"wc/v3/products/{(await shop.product())['id']}/related")


@woocommerce
async def suggested_product(shop: Shop) -> Json:
    category = await shop.make("wc/v3/products/categories", name=token())
    await shop.product(categories=[{"id": category["id"]}], meta_data=[{"key": "care", "value": "30"}])
    return (await shop.read("wc/v3/products/suggested-products", categories=category["id"]))[0]


@woocommerce
async def generated_variations(shop: Shop) -> Json:
    path, _ = await _variable(shop)
    return ok(await shop.http.post(f"{path}/variations/generate", json={"delete": True}))


@woocommerce
async def deleted_review(shop: Shop) -> Json:
    return ok(await shop.delete(f"wc/v3/products/reviews/{(await review(shop))['id']}", force="true"))


@woocommerce
async def review(shop: Shop) -> Json:
    made = await shop.product()
    reviewer = {"reviewer": "Ada", "reviewer_email": "ada@example.com"}
    return await shop.make("wc/v3/products/reviews", product_id=made["id"], review="x", rating=4, **reviewer)


@woocommerce
async def order(shop: Shop) -> Json:
    line = {"product_id": (await product(shop))["id"], "quantity": 2}
    coupons = [{"code": (await coupon(shop))["code"]}]
    made = await shop.make(
        "wc/v3/orders",
        status="completed",
        line_items=[line],
        coupon_lines=coupons,
        shipping_lines=[{"method_id": "flat_rate", "method_title": "Post", "total": "5.00"}],
        fee_lines=[{"name": "Gift", "total": "2.00"}],
        billing={"email": "ada@example.com"},
        meta_data=[{"key": "stamp", "value": "1"}],
    )
    refund_path = f"wc/v3/orders/{made['id']}/refunds"
    ok(await shop.http.post(refund_path, json={"amount": "1.00", "api_refund": False}), 201)
    return await shop.read(f"wc/v3/orders/{made['id']}")


@woocommerce
async def pending_order(shop: Shop) -> Json:
    return await shop.make("wc/v3/orders", line_items=[{"product_id": (await shop.product())["id"], "quantity": 1}])


@woocommerce
async def refund(shop: Shop) -> Json:
    line = {"product_id": (await shop.product())["id"], "quantity": 1}
    made = await shop.make("wc/v3/orders", status="completed", line_items=[line])
    back = {"id": made["line_items"][0]["id"], "quantity": 1, "refund_total": 20}
    body = {"amount": "20.00", "api_refund": False, "line_items": [back]}
    return ok(await shop.http.post(f"wc/v3/orders/{made['id']}/refunds", json=body), 201)


@woocommerce
async def note(shop: Shop) -> Json:
    path = f"wc/v3/orders/{(await pending_order(shop))['id']}/notes"
    return ok(await shop.http.post(path, json={"note": "x"}), 201)


@woocommerce
async def customer(shop: Shop) -> Json:
    return await shop.make("wc/v3/customers", email=f"{token()}@example.com", billing={"city": "Berlin"})


@woocommerce
async def coupon(shop: Shop) -> Json:
    return await shop.make("wc/v3/coupons", code=token(), discount_type="percent", amount="10")


@woocommerce
async def batch_with_an_error(shop: Shop) -> Json:
    return ok(await shop.http.post("wc/v3/products/batch", json={"delete": [99999999]}))


@woocommerce
async def error_of_a_taken_sku(shop: Shop) -> Json:
    made = await shop.product(sku=token())
    return (await shop.post("wc/v3/products", {"name": "x", "sku": made["sku"]})).json()


def compared(kind: str, found: Json) -> Json:
    """Return what is worth comparing: a schema is reduced to its fields' types."""
    if kind.startswith("schema "):
        return {name: _typed(field) for name, field in found.items()}
    return found


def _typed(field: dict[str, Any]) -> dict[str, Any]:
    declared = field.get("type", "any")
    types = cast("list[str]", declared if isinstance(declared, list) else [declared])
    return {"".join(sorted(f"<{one}>" for one in types)): 0, **({"readonly": True} if field.get("readonly") else {})}
