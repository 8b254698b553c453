"""Terms and objects of other taxonomies and types, edited pictures, accounts and their passwords."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import Json, Shop, ok, picture, refused, token

pytestmark = pytest.mark.requirement("contract:site")
SHOPS_TERMS = pytest.mark.parametrize("noun", ["product_cat", "product_brand", "product_tag"])


async def test_pattern_categories_are_flat_terms(wp: Shop) -> None:
    term = await wp.make("wp/v2/wp_pattern_category", name=token())
    assert (term["taxonomy"], term["count"], "parent" in term) == ("wp_pattern_category", 0, False)
    refused(await wp.post("wp/v2/wp_pattern_category", {"name": term["name"]}), 400, "term_exists")
    refused(await wp.delete(f"wp/v2/wp_pattern_category/{term['id']}"), 501, "rest_trash_not_supported")
    refused(await wp.get("wp/v2/wp_pattern_category/99999999"), 404, "rest_term_invalid")


@SHOPS_TERMS
async def test_terms_of_products(wc: Shop, noun: str) -> None:
    term = await wc.make(f"wp/v2/{noun}", name=f"A & B {token()}", description='<b onclick="x">d</b>')
    assert (term["taxonomy"], term["description"]) == (noun, "<b>d</b>")
    assert (await wc.change(f"wp/v2/{noun}/{term['id']}", slug=token()))["name"] == term["name"]
    assert [one["id"] for one in await wc.read(f"wp/v2/{noun}", search=term["name"].split()[-1])] == [term["id"]]
    refused(await wc.post(f"wp/v2/{noun}", {"name": token(), "parent": 99999999}), 400, _no_parent(noun))


def _no_parent(noun: str) -> str:
    return "rest_taxonomy_not_hierarchical" if noun == "product_tag" else "rest_term_invalid"


@SHOPS_TERMS
async def test_terms_are_the_same_through_both_halves(wc: Shop, noun: str) -> None:
    term = await wc.make(f"wp/v2/{noun}", name=token())
    base = {"product_cat": "categories", "product_brand": "brands", "product_tag": "tags"}[noun]
    assert (await wc.read(f"wc/v3/products/{base}/{term['id']}"))["slug"] == term["slug"]


async def test_default_category_of_products_stays(wc: Shop) -> None:
    (default,) = await wc.read("wp/v2/product_cat", slug="uncategorized")
    refused(await wc.delete(f"wp/v2/product_cat/{default['id']}", force="true"), 403, "rest_cannot_delete")


async def test_product_as_content(wc: Shop) -> None:
    made = await wc.make("wp/v2/product", title="Hat & Co", content="<p>Wool</p>", excerpt="Warm", status="publish")
    assert (made["type"], made["title"]["raw"], "author" in made, "sticky" in made) == (
        "product", "Hat & Co", False, False,
    )  # fmt: skip
    product = await wc.read(f"wc/v3/products/{made['id']}")
    assert (product["description"].strip(), product["regular_price"]) == ("<p>Wool</p>", "")
    tag = await wc.make("wp/v2/product_tag", name=token())
    assert (await wc.change(f"wp/v2/product/{made['id']}", product_tag=[tag["id"]]))["product_tag"] == [tag["id"]]
    assert [one["id"] for one in await wc.read("wp/v2/product", product_tag=tag["id"])] == [made["id"]]


async def test_product_as_content_goes_to_the_bin(wc: Shop) -> None:
    path = f"wp/v2/product/{(await wc.make('wp/v2/product', title=token(), status='publish'))['id']}"
    assert ok(await wc.delete(path))["status"] == "trash"
    refused(await wc.delete(path), 410, "rest_already_trashed")
    assert (await wc.change(path, status="draft"))["status"] == "draft"
    assert ok(await wc.delete(path, force="true"))["deleted"] is True
    refused(await wc.get(path), 404, "rest_post_invalid_id")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("types/none", "rest_type_invalid"),
        ("taxonomies/none", "rest_taxonomy_invalid"),
        ("statuses/none", "rest_status_invalid"),
    ],
)
async def test_unknown_kinds(wp: Shop, path: str, code: str) -> None:
    refused(await wp.get(f"wp/v2/{path}"), 404, code)


async def test_picture_is_edited_into_another(wp: Shop) -> None:
    made = await wp.upload(picture(40, 30))
    edited = await _edited(wp, made, {"type": "rotate", "args": {"angle": 90}}, _crop(50, 50))
    assert (edited["media_details"]["width"], edited["media_details"]["height"]) == (15, 20)
    assert edited["source_url"].endswith("-edited.png")
    assert (await wp.read(f"wp/v2/media/{made['id']}"))["media_details"]["width"] == 40


def _crop(width: float, height: float) -> dict[str, Any]:
    return {"type": "crop", "args": {"left": 0, "top": 0, "width": width, "height": height}}


async def _edited(wp: Shop, made: Json, *changes: Json) -> Json:
    body = {"src": made["source_url"], "modifiers": list(changes)}
    edited = ok(await wp.http.post(f"wp/v2/media/{made['id']}/edit", json=body), 201)
    wp.remember("wp/v2/media", edited["id"])
    return edited


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "rest_missing_callback_param"),
        ({"src": "https://example.com/other.png", "modifiers": [_crop(50, 50)]}, 404, "rest_unknown_attachment"),
        ({"src": "", "modifiers": []}, 400, "rest_image_not_edited"),
    ],
)
async def test_refused_edits(wp: Shop, body: dict[str, Any], status: int, code: str) -> None:
    made = await wp.upload(picture(40, 30))
    if body.get("src") == "":
        body = {"src": made["source_url"]}
    refused(await wp.http.post(f"wp/v2/media/{made['id']}/edit", json=body), status, code)


async def test_post_processing_takes_one_action(wp: Shop) -> None:
    path = f"wp/v2/media/{(await wp.upload(picture(40, 30)))['id']}/post-process"
    refused(await wp.http.post(path, json={"action": "other"}), 400, "rest_invalid_param")
    refused(await wp.http.post(path, json={}), 400, "rest_missing_callback_param")
    assert ok(await wp.http.post(path, json={"action": "create-image-subsizes"}))["missing_image_sizes"] == []


async def test_the_same_comment_twice(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Look", status="publish")
    body = {"post": post["id"], "content": "Lovely"}
    await wp.make("wp/v2/comments", **body)
    refused(await wp.post("wp/v2/comments", body), 409, "comment_duplicate")


async def test_comment_can_be_spam_and_come_back(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Look", status="publish")
    comment = await wp.make("wp/v2/comments", post=post["id"], content=token())
    path = f"wp/v2/comments/{comment['id']}"
    assert (await wp.change(path, status="spam"))["status"] == "spam"
    assert [one["id"] for one in await wp.read("wp/v2/comments", post=post["id"], status="spam")] == [comment["id"]]
    assert (await wp.change(path, status="approved"))["status"] == "approved"


async def test_answer_to_a_comment(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Look", status="publish")
    first = await wp.make("wp/v2/comments", post=post["id"], content=token())
    answer = await wp.make("wp/v2/comments", post=post["id"], content=token(), parent=first["id"])
    assert answer["parent"] == first["id"]


async def test_application_passwords(wp: Shop) -> None:
    user = await wp.make("wp/v2/users", username=token(), email=f"{token()}@example.com", password=token())
    path = f"wp/v2/users/{user['id']}/application-passwords"
    assert await wp.read(path) == []
    made = ok(await wp.http.post(path, json={"name": "Till"}), 201)
    assert len(made["password"].replace(" ", "")) == 24
    assert "password" not in await wp.read(f"{path}/{made['uuid']}")
    assert (await wp.change(f"{path}/{made['uuid']}", name="Till 2"))["name"] == "Till 2"
    assert ok(await wp.delete(path)) == {"deleted": True, "count": 1}
    refused(await wp.get(f"{path}/{made['uuid']}"), 404, "rest_application_password_not_found")


async def test_own_account_can_change_its_words(wp: Shop) -> None:
    before = (await wp.read("wp/v2/users/me", context="edit"))["description"]
    try:
        changed = await wp.change("wp/v2/users/me", description="A <b>bio</b><script>1</script>")
        assert changed["description"] == "A <b>bio</b>1"
    finally:
        await wp.change("wp/v2/users/me", description=before)


async def test_accounts_are_found_by_one_column(wp: Shop) -> None:
    name = token()
    made = await wp.make("wp/v2/users", username=name, email=f"{token()}@example.com", password=token())
    found = await wp.read("wp/v2/users", search=name, search_columns="username", context="edit")
    assert [one["id"] for one in found] == [made["id"]]


async def test_author_may_not_see_or_make_accounts(wp: Shop) -> None:
    login = await wp.user("author")
    refused(await wp.http.get("wp/v2/users", params={"context": "edit"}, auth=login), 403, "rest_forbidden_context")
    body = {"username": token(), "email": f"{token()}@example.com", "password": token()}
    refused(await wp.http.post("wp/v2/users", json=body, auth=login), 403, "rest_cannot_create_user")
