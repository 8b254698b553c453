"""Lists: totals, pages, filters, and what is ignored."""

from __future__ import annotations

import pytest

from tests.contract.client import Shop, ok, refused, token

pytestmark = pytest.mark.requirement("contract:lists")


async def _posts(shop: Shop, count: int) -> tuple[str, list[int]]:
    """Make posts that share a word; returns the word and their ids."""
    word = token()
    made = [await shop.make("wp/v2/posts", title=f"{word} {n}", status="publish") for n in range(count)]
    return word, [post["id"] for post in made]


async def test_totals_and_links(wp: Shop) -> None:
    word, _ = await _posts(wp, 3)
    answer = await wp.get("wp/v2/posts", search=word, per_page=1, page=2)
    assert (answer.headers["x-wp-total"], answer.headers["x-wp-totalpages"]) == ("3", "3")
    assert 'rel="prev"' in answer.headers["link"]
    assert 'rel="next"' in answer.headers["link"]
    assert f"{wp.access.url}/wp-json/wp/v2/posts" in answer.headers["link"]
    assert answer.headers["content-type"].startswith("application/json")


async def test_first_and_last_page_have_one_link(wp: Shop) -> None:
    word, _ = await _posts(wp, 2)
    first = (await wp.get("wp/v2/posts", search=word, per_page=1)).headers["link"]
    last = (await wp.get("wp/v2/posts", search=word, per_page=1, page=2)).headers["link"]
    assert 'rel="next"' in first
    assert 'rel="prev"' not in first
    assert 'rel="prev"' in last
    assert 'rel="next"' not in last


async def test_head_has_the_headers(wp: Shop) -> None:
    word, _ = await _posts(wp, 1)
    answer = await wp.http.head("wp/v2/posts", params={"search": word})
    assert (answer.status_code, answer.headers["x-wp-total"], answer.content) == (200, "1", b"")


@pytest.mark.parametrize("noun", ["posts", "categories", "users", "media"])
@pytest.mark.parametrize("query", ["per_page=0", "per_page=101", "per_page=x", "page=0"])
async def test_page_size_out_of_bounds(wp: Shop, noun: str, query: str) -> None:
    error = refused(await wp.get(f"wp/v2/{noun}?{query}"), 400, "rest_invalid_param")
    name = query.split("=")[0]
    assert set(error["data"]["params"]) == {name}
    assert set(error["data"]["details"]) == {name}
    assert error["data"]["status"] == 400


@pytest.mark.parametrize("noun", ["posts", "pages", "media"])
async def test_page_past_the_end(wp: Shop, noun: str) -> None:
    await (wp.upload() if noun == "media" else wp.make(f"wp/v2/{noun}", title="x", status="publish"))
    refused(await wp.get(f"wp/v2/{noun}", page=9999), 400, "rest_post_invalid_page_number")


@pytest.mark.parametrize("noun", ["categories", "tags", "users"])
async def test_page_past_the_end_of_terms_and_users_is_empty(wp: Shop, noun: str) -> None:
    assert await wp.read(f"wp/v2/{noun}", page=9999) == []


async def test_unknown_parameters_are_ignored(wp: Shop) -> None:
    word, ids = await _posts(wp, 2)
    assert len(await wp.read("wp/v2/posts", search=word, colour="red", meta_key="x")) == len(ids)


async def test_offset_and_order(wp: Shop) -> None:
    word, ids = await _posts(wp, 3)
    found = await wp.read("wp/v2/posts", search=word, orderby="id", order="asc", offset=1)
    assert [post["id"] for post in found] == ids[1:]


async def test_include_keeps_the_order_when_asked(wp: Shop) -> None:
    _, ids = await _posts(wp, 3)
    wanted = [ids[1], ids[2], ids[0]]
    found = await wp.read("wp/v2/posts", include=",".join(map(str, wanted)), orderby="include")
    assert [post["id"] for post in found] == wanted


async def test_exclude(wp: Shop) -> None:
    word, ids = await _posts(wp, 2)
    found = await wp.read("wp/v2/posts", search=word, exclude=ids[0])
    assert [post["id"] for post in found] == ids[1:]


async def test_slug_filter(wp: Shop) -> None:
    word = token()
    post = await wp.make("wp/v2/posts", title="Look", slug=word, status="publish")
    assert [found["id"] for found in await wp.read("wp/v2/posts", slug=word)] == [post["id"]]
    assert await wp.read("wp/v2/posts", slug=word + "-no") == []


async def test_drafts_are_listed_when_asked_for(wp: Shop) -> None:
    word = token()
    await wp.make("wp/v2/posts", title=word)
    assert await wp.read("wp/v2/posts", search=word) == []
    assert len(await wp.read("wp/v2/posts", search=word, status="draft")) == 1
    assert len(await wp.read("wp/v2/posts", search=word, status="draft,publish")) == 1
    assert len(await wp.read("wp/v2/posts", search=word, status="any")) == 1


async def test_binned_posts_are_listed_under_trash_only(wp: Shop) -> None:
    word, ids = await _posts(wp, 1)
    ok(await wp.delete(f"wp/v2/posts/{ids[0]}"))
    assert await wp.read("wp/v2/posts", search=word, status="any") == []
    assert len(await wp.read("wp/v2/posts", search=word, status="trash")) == 1


@pytest.mark.parametrize(
    "query", ["status=sold", "orderby=colour", "order=up", "after=yesterday", "include=x", "sticky=x"]
)
async def test_wrong_value_of_a_parameter(wp: Shop, query: str) -> None:
    error = refused(await wp.get(f"wp/v2/posts?{query}"), 400, "rest_invalid_param")
    assert query.split("=")[0] in error["data"]["params"]


@pytest.mark.parametrize(("query", "found"), [("after=2001-01-01T00:00:00", 0), ("before=2001-01-01T00:00:00", 1)])
async def test_date_filters(wp: Shop, query: str, found: int) -> None:
    word = token()
    await wp.make("wp/v2/posts", title=word, status="publish", date="2000-06-01T12:00:00")
    assert len(await wp.read(f"wp/v2/posts?search={word}&{query}")) == found


@pytest.mark.parametrize(
    ("query", "found"), [("modified_after=2001-01-01T00:00:00", 0), ("modified_before=2001-01-01T00:00:00", 1)]
)
async def test_modified_filters_and_a_backdated_create(wp: Shop, query: str, found: int) -> None:
    word = token()
    await wp.make("wp/v2/posts", title=word, status="publish", date="2000-06-01T12:00:00")
    assert len(await wp.read(f"wp/v2/posts?search={word}&{query}")) == found


async def test_modified_filter_sees_a_change(wp: Shop) -> None:
    word = token()
    post = await wp.make("wp/v2/posts", title=word, status="publish", date="2000-06-01T12:00:00")
    await wp.change(f"wp/v2/posts/{post['id']}", content="New")
    assert len(await wp.read("wp/v2/posts", search=word, modified_after="2001-01-01T00:00:00")) == 1


async def test_posts_of_a_category_and_of_a_tag(wp: Shop) -> None:
    category, tag = await wp.make("wp/v2/categories", name=token()), await wp.make("wp/v2/tags", name=token())
    post = await wp.make("wp/v2/posts", title="Look", status="publish", categories=[category["id"]], tags=[tag["id"]])
    for query in (f"categories={category['id']}", f"tags={tag['id']}"):
        assert [found["id"] for found in await wp.read(f"wp/v2/posts?{query}")] == [post["id"]]
    assert post["id"] not in [found["id"] for found in await wp.read("wp/v2/posts", categories_exclude=category["id"])]


async def test_children_of_a_page(wp: Shop) -> None:
    parent = await wp.make("wp/v2/pages", title="Parent", status="publish")
    child = await wp.make("wp/v2/pages", title="Child", status="publish", parent=parent["id"])
    assert [page["id"] for page in await wp.read("wp/v2/pages", parent=parent["id"])] == [child["id"]]


async def test_fields_cuts_lists(wp: Shop) -> None:
    word, ids = await _posts(wp, 1)
    assert await wp.read("wp/v2/posts", search=word, _fields="id") == [{"id": ids[0]}]


async def test_fields_reaches_one_level_down(wp: Shop) -> None:
    word, ids = await _posts(wp, 1)
    found = await wp.read("wp/v2/posts", search=word, _fields="id,title.rendered")
    assert found == [{"id": ids[0], "title": {"rendered": f"{word} 0"}}]


async def test_fields_on_a_map_gives_nothing(wp: Shop) -> None:
    assert await wp.read("wp/v2/types", _fields="name,slug") == []


async def test_unknown_fields_are_dropped(wp: Shop) -> None:
    word, _ = await _posts(wp, 1)
    assert await wp.read("wp/v2/posts", search=word, _fields="colour") == [[]]


async def test_envelope(wp: Shop) -> None:
    word, ids = await _posts(wp, 1)
    envelope = await wp.read("wp/v2/posts", search=word, _envelope=1)
    assert set(envelope) == {"body", "status", "headers"}
    assert envelope["status"] == 200
    assert envelope["headers"]["X-WP-Total"] == 1
    assert [post["id"] for post in envelope["body"]] == ids


async def test_envelope_turns_an_error_into_200(wp: Shop) -> None:
    envelope = await wp.read("wp/v2/posts/99999999", _envelope=1)
    assert (envelope["status"], envelope["body"]["code"]) == (404, "rest_post_invalid_id")


async def test_embedded_author(wp: Shop) -> None:
    word, _ = await _posts(wp, 1)
    (post,) = await wp.read("wp/v2/posts", search=word, _embed="author")
    assert post["_embedded"]["author"][0]["id"] == post["author"]


@pytest.mark.parametrize(("path", "code"), [("wp/v2/nothing", "rest_no_route"), ("wp/v9/posts", "rest_no_route")])
async def test_unknown_route(wp: Shop, path: str, code: str) -> None:
    assert refused(await wp.get(path), 404, code)["data"] == {"status": 404}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_collection_has_no_such_method(wp: Shop, method: str) -> None:
    refused(await wp.http.request(method, "wp/v2/posts", json={"title": "x"}), 404, "rest_no_route")


@pytest.mark.parametrize("noun", ["posts", "pages", "media"])
async def test_unknown_id(wp: Shop, noun: str) -> None:
    refused(await wp.get(f"wp/v2/{noun}/99999999"), 404, "rest_post_invalid_id")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("wp/v2/categories/99999999", "rest_term_invalid"),
        ("wp/v2/tags/99999999", "rest_term_invalid"),
        ("wp/v2/users/99999999", "rest_user_invalid_id"),
        ("wp/v2/comments/99999999", "rest_comment_invalid_id"),
        ("wp/v2/types/nothing", "rest_type_invalid"),
        ("wp/v2/taxonomies/nothing", "rest_taxonomy_invalid"),
        ("wp/v2/statuses/nothing", "rest_status_invalid"),
    ],
)
async def test_unknown_id_of_another_noun(wp: Shop, path: str, code: str) -> None:
    refused(await wp.get(path), 404, code)


async def test_no_validators_are_sent(wp: Shop) -> None:
    word, ids = await _posts(wp, 1)
    answer = await wp.get(f"wp/v2/posts/{ids[0]}")
    assert "etag" not in answer.headers
    assert ok(await wp.http.get("wp/v2/posts", params={"search": word}, headers={"If-None-Match": "*"}))
