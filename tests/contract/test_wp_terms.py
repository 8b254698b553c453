"""Categories and tags of posts."""

from __future__ import annotations

import pytest

from tests.contract.client import Shop, ok, refused, token

pytestmark = pytest.mark.requirement("contract:terms")
NOUNS = pytest.mark.parametrize("noun", ["categories", "tags"])


@NOUNS
async def test_create_and_change(wp: Shop, noun: str) -> None:
    word = token()
    term = await wp.make(f"wp/v2/{noun}", name=f"The {word}")
    assert (term["slug"], term["count"], term["description"]) == (f"the-{word}", 0, "")
    assert (await wp.change(f"wp/v2/{noun}/{term['id']}", description="Text"))["description"] == "Text"


@NOUNS
async def test_name_is_needed(wp: Shop, noun: str) -> None:
    error = refused(await wp.post(f"wp/v2/{noun}", {"slug": token()}), 400, "rest_missing_callback_param")
    assert error["data"]["params"] == ["name"]


@NOUNS
async def test_same_name_twice(wp: Shop, noun: str) -> None:
    term = await wp.make(f"wp/v2/{noun}", name=token())
    error = refused(await wp.post(f"wp/v2/{noun}", {"name": term["name"]}), 400, "term_exists")
    assert error["data"]["term_id"] == term["id"]


@NOUNS
async def test_ampersand_comes_back_as_an_entity(wp: Shop, noun: str) -> None:
    word = token()
    assert (await wp.make(f"wp/v2/{noun}", name=f"{word} A & B"))["name"] == f"{word} A &amp; B"


@NOUNS
async def test_no_bin(wp: Shop, noun: str) -> None:
    term = await wp.make(f"wp/v2/{noun}", name=token())
    refused(await wp.delete(f"wp/v2/{noun}/{term['id']}"), 501, "rest_trash_not_supported")
    gone = ok(await wp.delete(f"wp/v2/{noun}/{term['id']}", force="true"))
    assert (gone["deleted"], gone["previous"]["id"]) == (True, term["id"])
    refused(await wp.get(f"wp/v2/{noun}/{term['id']}"), 404, "rest_term_invalid")


async def test_same_name_under_another_parent(wp: Shop) -> None:
    parent = await wp.make("wp/v2/categories", name=token())
    child = await wp.make("wp/v2/categories", name=token(), parent=parent["id"])
    assert child["parent"] == parent["id"]
    assert (await wp.make("wp/v2/categories", name=child["name"]))["slug"] == f"{child['slug']}-2"


async def test_unknown_parent(wp: Shop) -> None:
    refused(await wp.post("wp/v2/categories", {"name": token(), "parent": 99999999}), 400, "rest_term_invalid")


async def test_count_follows_published_posts(wp: Shop) -> None:
    tag = await wp.make("wp/v2/tags", name=token())
    await wp.make("wp/v2/posts", title="Draft", tags=[tag["id"]])
    assert (await wp.read(f"wp/v2/tags/{tag['id']}"))["count"] == 0
    await wp.make("wp/v2/posts", title="Look", tags=[tag["id"]], status="publish")
    assert (await wp.read(f"wp/v2/tags/{tag['id']}"))["count"] == 1


async def test_posts_lose_a_deleted_tag(wp: Shop) -> None:
    tag = await wp.make("wp/v2/tags", name=token())
    post = await wp.make("wp/v2/posts", title="Look", tags=[tag["id"]])
    ok(await wp.delete(f"wp/v2/tags/{tag['id']}", force="true"))
    assert (await wp.read(f"wp/v2/posts/{post['id']}"))["tags"] == []


async def test_terms_of_a_post(wp: Shop) -> None:
    one, two = [await wp.make("wp/v2/tags", name=token()) for _ in range(2)]
    post = await wp.make("wp/v2/posts", title="Look", tags=[one["id"]])
    assert [tag["id"] for tag in await wp.read("wp/v2/tags", post=post["id"])] == [one["id"]]
    assert two["id"] in [tag["id"] for tag in await wp.read("wp/v2/tags", search=two["name"])]


async def test_empty_terms_can_be_hidden(wp: Shop) -> None:
    tag = await wp.make("wp/v2/tags", name=token())
    assert await wp.read("wp/v2/tags", search=tag["name"], hide_empty="true") == []


async def test_list_headers(wp: Shop) -> None:
    await wp.make("wp/v2/tags", name=token())
    answer = await wp.get("wp/v2/tags", per_page=1)
    assert int(answer.headers["x-wp-total"]) == int(answer.headers["x-wp-totalpages"]) >= 1


async def test_search_without_a_match_says_zero(wp: Shop) -> None:
    answer = await wp.get("wp/v2/tags", search=token())
    assert (answer.json(), answer.headers["x-wp-total"], answer.headers["x-wp-totalpages"]) == ([], "0", "0")
