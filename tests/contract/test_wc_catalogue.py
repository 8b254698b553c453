"""What products are sorted by, copies and what goes with a product: attributes, terms, reviews, variations."""

from __future__ import annotations

import pytest

from tests.contract.client import Json, Shop, ok, refused, token

pytestmark = pytest.mark.requirement("contract:catalogue")
ATTRIBUTES = "wc/v3/products/attributes"
TERMS = ["tags", "brands", "shipping_classes", "categories"]
SIZES = [{"name": "Size", "visible": True, "variation": True, "options": ["S", "M"]}]


async def attribute(shop: Shop, *terms: str, **more: Json) -> Json:
    made = await shop.make(ATTRIBUTES, **{"name": token(), **more})
    for term in terms:
        await shop.make(f"{ATTRIBUTES}/{made['id']}/terms", name=term)
    return made


# ---- attributes -----------------------------------------------------------------------------------------------------


async def test_attribute_defaults(wc: Shop) -> None:
    made = await attribute(wc)
    assert (made["type"], made["order_by"], made["has_archives"]) == ("select", "menu_order", False)
    assert made["slug"] == f"pa_{made['name']}"


async def test_a_new_name_makes_a_new_slug_of_an_attribute(wc: Shop) -> None:
    made, name = await attribute(wc, slug=token(), order_by="name", has_archives=True), token()
    changed = await wc.change(f"{ATTRIBUTES}/{made['id']}", name=name)
    assert (changed["slug"], changed["order_by"], changed["has_archives"]) == (f"pa_{name}", "name", True)


async def test_a_slug_that_is_sent_along_stays(wc: Shop) -> None:
    made = await attribute(wc, slug=token())
    changed = await wc.change(f"{ATTRIBUTES}/{made['id']}", name=token(), slug=made["slug"])
    assert changed["slug"] == made["slug"]


async def test_any_change_of_an_attribute_makes_its_slug_anew(wc: Shop) -> None:
    made = await attribute(wc, slug=token())
    assert (await wc.change(f"{ATTRIBUTES}/{made['id']}", order_by="id"))["slug"] == f"pa_{made['name']}"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"name": "A very long name of an attribute that is too long"}, "is too long"),
        ({"name": "category"}, "reserved term"),
        ({"name": ""}, "provide an attribute name"),
    ],
)
async def test_refused_attributes(wc: Shop, body: Json, says: str) -> None:
    error = refused(await wc.post(ATTRIBUTES, body), 400, "woocommerce_rest_cannot_create")
    assert says in error["message"]


async def test_refused_change_of_an_attribute(wc: Shop) -> None:
    made = await attribute(wc)
    answer = await wc.put(f"{ATTRIBUTES}/{made['id']}", {"slug": "x" * 40})
    refused(answer, 400, "woocommerce_rest_cannot_edit")


async def test_an_unknown_attribute(wc: Shop) -> None:
    for path in (f"{ATTRIBUTES}/999999", f"{ATTRIBUTES}/999999/terms"):
        refused(await wc.get(path), 404, "woocommerce_rest_taxonomy_invalid")


async def test_a_batch_makes_two_attributes_of_one_slug(wc: Shop) -> None:
    name = token()
    done = ok(await wc.http.post(f"{ATTRIBUTES}/batch", json={"create": [{"name": name}, {"name": name}]}))
    for one in done["create"]:
        wc.remember(ATTRIBUTES, one["id"])
    assert [one["slug"] for one in done["create"]] == [f"pa_{name}"] * 2


async def test_a_product_is_given_its_shared_attribute_by_id_and_makes_terms(wc: Shop) -> None:
    shared = await attribute(wc, "Zinc", "Amber")
    axis = {"id": shared["id"], "variation": True, "visible": True, "options": ["Zinc", "Amber", "Coal"]}
    made = await wc.product(type="variable", attributes=[axis])
    assert made["attributes"][0]["options"] == ["Amber", "Coal", "Zinc"]
    names = [term["name"] for term in await wc.read(f"{ATTRIBUTES}/{shared['id']}/terms")]
    assert sorted(names) == ["Amber", "Coal", "Zinc"]


async def test_a_shared_attribute_by_its_name_alone_is_dropped_from_a_variation(wc: Shop) -> None:
    shared = await attribute(wc, "Zinc", "Amber")
    axis = {"id": shared["id"], "variation": True, "options": ["Zinc", "Amber"]}
    made = await wc.product(type="variable", attributes=[axis])
    path, option = f"wc/v3/products/{made['id']}/variations", {"name": shared["name"], "option": "Zinc"}
    assert (await wc.make(path, attributes=[option]))["attributes"] == []
    assert (await wc.make(path, attributes=[{**option, "id": shared["id"]}]))["attributes"][0]["option"] == "Zinc"


async def test_two_terms_of_one_slug(wc: Shop) -> None:
    path = f"{ATTRIBUTES}/{(await attribute(wc))['id']}/terms"
    await wc.make(path, name="One")
    assert (await wc.make(path, name="Two", slug="one"))["slug"] == "one-2"


async def test_a_term_has_its_place(wc: Shop) -> None:
    path = f"{ATTRIBUTES}/{(await attribute(wc))['id']}/terms"
    term = await wc.make(path, name="One", menu_order=3)
    assert (term["menu_order"], term["count"]) == (3, 0)
    assert (await wc.change(f"{path}/{term['id']}", menu_order=1))["menu_order"] == 1


# ---- terms ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noun", TERMS)
async def test_a_new_name_leaves_the_slug_of_a_term(wc: Shop, noun: str) -> None:
    path = f"wc/v3/products/{noun}"
    made = await wc.make(path, name=token())
    assert (await wc.change(f"{path}/{made['id']}", name="Other words"))["slug"] == made["slug"]


@pytest.mark.parametrize("noun", TERMS)
async def test_terms_have_no_bin(wc: Shop, noun: str) -> None:
    path = f"wc/v3/products/{noun}"
    made = await wc.make(path, name=token())
    refused(await wc.delete(f"{path}/{made['id']}"), 501, "woocommerce_rest_trash_not_supported")
    ok(await wc.delete(f"{path}/{made['id']}", force="true"))
    refused(await wc.get(f"{path}/{made['id']}"), 404, "woocommerce_rest_term_invalid")


@pytest.mark.parametrize("noun", TERMS)
async def test_batch_of_terms_fails_item_by_item(wc: Shop, noun: str) -> None:
    path, name = f"wc/v3/products/{noun}", token()
    body = {"create": [{"name": name}, {"name": name}], "update": [{"id": 999_999, "name": "x"}]}
    done = ok(await wc.http.post(f"{path}/batch", json=body))
    wc.remember(path, done["create"][0]["id"])
    assert done["create"][1]["error"]["code"] == "term_exists"
    assert done["create"][1]["error"]["data"]["resource_id"] == done["create"][0]["id"]
    assert done["update"][0]["error"]["code"] == "woocommerce_rest_term_invalid"


@pytest.mark.parametrize("noun", ["brands", "categories"])
async def test_a_term_above_that_is_not_there(wc: Shop, noun: str) -> None:
    answer = await wc.post(f"wc/v3/products/{noun}", {"name": token(), "parent": 999_999})
    refused(answer, 400, "missing_parent")


async def test_a_slug_is_suggested_for_a_shipping_class(wc: Shop) -> None:
    path, name = "wc/v3/products/shipping_classes", f"Bulky {token()}"
    slug = name.lower().replace(" ", "-")
    assert await wc.read(f"{path}/slug-suggestion", name=name) == slug
    await wc.make(path, name=name)
    assert await wc.read(f"{path}/slug-suggestion", name=name) == f"{slug}-2"
    assert await wc.read(f"{path}/slug-suggestion") == ""


# ---- reviews --------------------------------------------------------------------------------------------------------


async def review(shop: Shop) -> tuple[str, Json]:
    reviewer = {"reviewer": "Ada", "reviewer_email": f"{token()}@example.com"}
    product = (await shop.product())["id"]
    made = await shop.make("wc/v3/products/reviews", product_id=product, review="Fine", rating=4, **reviewer)
    return f"wc/v3/products/reviews/{made['id']}", made


@pytest.mark.parametrize("status", ["hold", "spam", "approved"])
async def test_a_reviews_status(wc: Shop, status: str) -> None:
    path, _ = await review(wc)
    assert (await wc.change(path, status=status))["status"] == status
    assert (await wc.read(path))["status"] == status


async def test_a_review_goes_to_the_bin_and_comes_back(wc: Shop) -> None:
    path, made = await review(wc)
    assert ok(await wc.delete(path))["status"] == "trash"  # unlike products, which answer as they were
    assert made["id"] not in [one["id"] for one in await wc.read("wc/v3/products/reviews", status="all")]
    assert (await wc.change(path, status="approved"))["status"] == "approved"


async def test_a_review_deleted_for_good(wc: Shop) -> None:
    path, made = await review(wc)
    done = ok(await wc.delete(path, force="true"))
    assert (done["deleted"], done["previous"]["id"]) == (True, made["id"])
    refused(await wc.get(path), 404, "woocommerce_rest_review_invalid_id")


# ---- copies, and what goes with a product ---------------------------------------------------------------------------


async def test_a_copy_takes_a_name_and_own_fields_and_leaves_the_original(wc: Shop) -> None:
    made = await wc.product(type="variable", attributes=SIZES, sku=f"x{token()}")
    path = f"wc/v3/products/{made['id']}"
    option = {"name": "Size", "option": "S"}
    await wc.make(f"{path}/variations", regular_price="30.00", attributes=[option])
    body = {"name": "Other", "meta_data": [{"key": "mark", "value": "x"}]}
    copy = ok(await wc.http.post(f"{path}/duplicate", json=body))
    wc.remember("wc/v3/products", copy["id"])
    seen = await wc.read(f"wc/v3/products/{copy['id']}")
    assert (seen["name"], seen["status"], seen["sku"]) == ("Other (Copy)", "draft", f"{made['sku']}-1")
    assert [(entry["key"], entry["value"]) for entry in seen["meta_data"]] == [("mark", "x")]
    assert len(seen["variations"]) == 1
    original = await wc.read(path)
    assert (original["name"], original["meta_data"]) == (made["name"], [])


@pytest.mark.parametrize("action", ["duplicate", "variations/generate"])
async def test_actions_below_an_unknown_product(wc: Shop, action: str) -> None:
    answer = await wc.http.post(f"wc/v3/products/99999999/{action}", json={})
    refused(answer, 404, "woocommerce_rest_product_invalid_id")


async def test_related_ids_are_an_object(wc: Shop) -> None:
    made = await wc.product()
    assert isinstance((await wc.read(f"wc/v3/products/{made['id']}/related"))["related_ids"], list)
    refused(await wc.get("wc/v3/products/99999999/related"), 404, "woocommerce_rest_product_invalid_id")


async def test_suggested_products(wc: Shop) -> None:
    category = await wc.make("wc/v3/products/categories", name=token())
    made = [(await wc.product(categories=[{"id": category["id"]}]))["id"] for _ in range(2)]
    path = "wc/v3/products/suggested-products"
    found = await wc.read(path, categories=category["id"])
    assert sorted(one["id"] for one in found) == sorted(made)
    found = await wc.read(path, categories=category["id"], exclude=made[0])
    assert [one["id"] for one in found] == made[1:]
    assert len(await wc.read(path, categories=category["id"], limit=1)) == 1


async def test_names_of_own_fields(wc: Shop) -> None:
    word = token()
    await wc.product(
        meta_data=[{"key": f"{word}-{n}", "value": "x"} for n in "ab"] + [{"key": "_hidden", "value": "x"}]
    )
    path = "wc/v3/products/custom-fields/names"
    answer = await wc.get(path, search=word, per_page=1)
    assert answer.json() == [f"{word}-a"]
    assert (answer.headers["x-wp-total"], answer.headers["x-wp-totalpages"]) == ("2", "2")
    assert await wc.read(path, search=word, order="desc") == [f"{word}-b", f"{word}-a"]
    assert await wc.read(path, search="_hidden") == []


# ---- variations -----------------------------------------------------------------------------------------------------


async def test_generated_variations_take_values_and_own_fields(wc: Shop) -> None:
    made = await wc.product(type="variable", attributes=SIZES)
    path = f"wc/v3/products/{made['id']}/variations"
    values = {"regular_price": "12.00", "manage_stock": True, "stock_quantity": 2}
    body = {"default_values": values, "meta_data": [{"key": "mark", "value": "x"}]}
    assert ok(await wc.http.post(f"{path}/generate", json=body)) == {"count": 2}
    found = await wc.read(path)
    assert {(one["price"], one["stock_quantity"], one["meta_data"][0]["value"]) for one in found} == {("12.00", 2, "x")}


async def test_generate_can_delete_what_fits_no_more(wc: Shop) -> None:
    made = await wc.product(type="variable", attributes=SIZES)
    path = f"wc/v3/products/{made['id']}"
    await wc.make(f"{path}/variations", attributes=[{"name": "Size", "option": "S"}])
    await wc.change(path, attributes=[{**SIZES[0], "options": ["M"]}])
    done = ok(await wc.http.post(f"{path}/variations/generate", json={"delete": True}))
    assert done == {"count": 1, "deleted_count": 1}


async def test_generate_for_a_simple_product_makes_nothing(wc: Shop) -> None:
    made = await wc.product()
    assert ok(await wc.http.post(f"wc/v3/products/{made['id']}/variations/generate", json={})) == {"count": 0}


async def _small(shop: Shop, **more: Json) -> tuple[Json, Json]:
    made = await shop.product(type="variable", attributes=SIZES)
    path, option = f"wc/v3/products/{made['id']}/variations", {"name": "Size", "option": "S"}
    return made, await shop.make(path, attributes=[option], sku=token(), regular_price="5.00", **more)


async def test_a_list_by_sku_finds_variations_in_the_form_of_products(wc: Shop) -> None:
    made, small = await _small(wc)
    found = await wc.read("wc/v3/products", sku=small["sku"])
    assert [(one["id"], one["type"], one["parent_id"]) for one in found] == [(small["id"], "variation", made["id"])]
    assert await wc.read("wc/v3/products", include=small["id"]) == []


async def test_a_variation_is_read_as_a_product_but_not_written(wc: Shop) -> None:
    made, small = await _small(wc)
    path = f"wc/v3/products/{small['id']}"
    seen = await wc.read(path)
    assert (seen["type"], seen["parent_id"], seen["name"]) == ("variation", made["id"], f"{made['name']} - S")
    refused(await wc.put(path, {"regular_price": "6"}), 404, "woocommerce_rest_invalid_product_id")
    refused(await wc.delete(path), 404, "woocommerce_rest_invalid_product_id")


async def test_all_variations_by_stock_status(wc: Shop) -> None:
    made, small = await _small(wc, manage_stock=True, stock_quantity=0)
    found = await wc.read("wc/v3/variations", stock_status="outofstock", per_page=100)
    assert (small["id"], made["id"]) in [(one["id"], one["parent_id"]) for one in found]
    assert [one["id"] for one in await wc.read("wc/v3/variations", include=small["id"])] == [small["id"]]
