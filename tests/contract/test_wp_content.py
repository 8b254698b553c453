"""Posts and pages: create, change, bin, restore, revisions, and what is silently dropped."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import Shop, ok, refused, token

pytestmark = pytest.mark.requirement("contract:content")
NOUNS = pytest.mark.parametrize("noun", ["posts", "pages"])


@NOUNS
async def test_create_gives_a_draft_and_its_address(wp: Shop, noun: str) -> None:
    answer = await wp.post(f"wp/v2/{noun}", {"title": "Look"})
    post = ok(answer, 201)
    assert (post["status"], post["slug"]) == ("draft", "")
    assert answer.headers["location"] == f"{wp.access.url}/wp-json/wp/v2/{noun}/{post['id']}"


@NOUNS
async def test_published_gets_a_slug_from_the_title(wp: Shop, noun: str) -> None:
    word = token()
    post = await wp.make(f"wp/v2/{noun}", title=f"The {word} Look!", status="publish")
    assert post["slug"] == f"the-{word}-look"
    assert post["link"] == f"{wp.access.url}/the-{word}-look/"


async def test_same_slug_gets_a_number(wp: Shop) -> None:
    word = token()
    first = await wp.make("wp/v2/posts", title="Look", slug=word, status="publish")
    second = await wp.make("wp/v2/posts", title="Look", slug=word, status="publish")
    assert (first["slug"], second["slug"]) == (word, f"{word}-2")


@NOUNS
async def test_raw_is_shown_for_edit_only(wp: Shop, noun: str) -> None:
    post = await wp.make(f"wp/v2/{noun}", title="A & B", content="One\n\nTwo", status="publish")
    assert post["title"] == {"raw": "A & B", "rendered": "A &#038; B"}
    assert post["content"]["raw"] == "One\n\nTwo"
    assert post["content"]["rendered"] == "<p>One</p>\n<p>Two</p>\n"
    viewed = await wp.read(f"wp/v2/{noun}/{post['id']}")
    assert "raw" not in viewed["title"]
    assert (await wp.read(f"wp/v2/{noun}/{post['id']}", context="edit"))["title"]["raw"] == "A & B"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST"])
async def test_three_methods_change(wp: Shop, method: str) -> None:
    post = await wp.make("wp/v2/posts", title="Old", content="Text", status="publish")
    changed = ok(await wp.http.request(method, f"wp/v2/posts/{post['id']}", json={"title": "New"}))
    assert (changed["title"]["raw"], changed["content"]["raw"]) == ("New", "Text")


async def test_title_as_an_object(wp: Shop) -> None:
    assert (await wp.make("wp/v2/posts", title={"raw": "Look"}))["title"]["raw"] == "Look"


async def test_unknown_fields_and_unregistered_meta_are_dropped(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Look", colour="red", meta={"_seo_title": "x"})
    assert "colour" not in post
    assert "_seo_title" not in post["meta"]


async def test_meta_must_be_an_object(wp: Shop) -> None:
    refused(await wp.post("wp/v2/posts", {"title": "x", "meta": "x"}), 400, "rest_invalid_param")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "empty_content"),
        ({"title": "x", "status": "sold"}, 400, "rest_invalid_param"),
        ({"title": 5.5, "date": "yesterday"}, 400, "rest_invalid_param"),
        ({"title": "x", "author": 99999999}, 400, "rest_invalid_author"),
        ({"title": "x", "categories": "x"}, 400, "rest_invalid_param"),
        ({"title": "x", "sticky": "maybe"}, 400, "rest_invalid_param"),
        ({"title": "x", "format": "carousel"}, 400, "rest_invalid_param"),
        ({"title": "x", "comment_status": "maybe"}, 400, "rest_invalid_param"),
    ],
)
async def test_refused_bodies(wp: Shop, body: dict[str, Any], status: int, code: str) -> None:
    refused(await wp.post("wp/v2/posts", body), status, code)


async def test_create_with_an_existing_id(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Look")
    refused(await wp.put(f"wp/v2/posts/{post['id'] + 100000}", {"title": "x"}), 404, "rest_post_invalid_id")


async def test_page_parent_must_exist(wp: Shop) -> None:
    refused(await wp.post("wp/v2/pages", {"title": "x", "parent": 99999999}), 400, "rest_post_invalid_id")


async def test_unknown_category_ids_are_dropped(wp: Shop) -> None:
    category = await wp.make("wp/v2/categories", name=token())
    post = await wp.make("wp/v2/posts", title="Look", categories=[category["id"], 99999999])
    assert post["categories"] == [category["id"]]


async def test_broken_json(wp: Shop) -> None:
    headers = {"Content-Type": "application/json"}
    refused(await wp.http.post("wp/v2/posts", content=b'{"title": "x', headers=headers), 400, "rest_invalid_json")


async def test_form_bodies_work_too(wp: Shop) -> None:
    answer = await wp.http.post("wp/v2/posts", data={"title": "Look", "status": "draft"})
    post = ok(answer, 201)
    wp.remember("wp/v2/posts", post["id"])
    assert post["title"]["raw"] == "Look"


@NOUNS
async def test_bin_and_restore(wp: Shop, noun: str) -> None:
    word = token()
    post = await wp.make(f"wp/v2/{noun}", title="Look", slug=word, status="publish")
    path = f"wp/v2/{noun}/{post['id']}"
    binned = ok(await wp.delete(path))
    assert (binned["id"], binned["status"]) == (post["id"], "trash")
    seen = await wp.read(path, context="edit")
    assert (seen["status"], seen["slug"]) == ("trash", f"{word}__trashed")
    restored = await wp.change(path, status="publish")
    assert (restored["status"], restored["slug"]) == ("publish", word)


@NOUNS
async def test_bin_twice(wp: Shop, noun: str) -> None:
    path = f"wp/v2/{noun}/{(await wp.make(f'wp/v2/{noun}', title='Look'))['id']}"
    ok(await wp.delete(path))
    refused(await wp.delete(path), 410, "rest_already_trashed")


@NOUNS
async def test_delete_for_good(wp: Shop, noun: str) -> None:
    post = await wp.make(f"wp/v2/{noun}", title="Look", status="publish")
    path = f"wp/v2/{noun}/{post['id']}"
    gone = ok(await wp.delete(path, force="true"))
    assert gone["deleted"] is True
    assert (gone["previous"]["id"], gone["previous"]["status"]) == (post["id"], "publish")
    refused(await wp.get(path), 404, "rest_post_invalid_id")
    refused(await wp.delete(path), 404, "rest_post_invalid_id")


async def test_binned_post_can_be_edited(wp: Shop) -> None:
    path = f"wp/v2/posts/{(await wp.make('wp/v2/posts', title='Old'))['id']}"
    ok(await wp.delete(path))
    changed = await wp.change(path, title="New")
    assert (changed["status"], changed["title"]["raw"]) == ("trash", "New")


async def test_slug_taken_while_in_the_bin(wp: Shop) -> None:
    word = token()
    path = f"wp/v2/posts/{(await wp.make('wp/v2/posts', title='Look', slug=word, status='publish'))['id']}"
    ok(await wp.delete(path))
    await wp.make("wp/v2/posts", title="Other", slug=word, status="publish")
    assert (await wp.change(path, status="publish"))["slug"] == f"{word}-2"


async def test_future_date_schedules(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Look", status="publish", date="2099-01-01T10:00:00")
    assert (post["status"], post["date"]) == ("future", "2099-01-01T10:00:00")


async def test_dates_have_whole_seconds_and_a_gmt_twin(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Look", status="publish", date_gmt="2020-01-01T10:00:00")
    assert post["date_gmt"] == "2020-01-01T10:00:00"
    assert len(post["modified"]) == len(post["modified_gmt"]) == len("2020-01-01T10:00:00")


async def test_draft_date_gmt(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Look")
    assert post["date_gmt"] == post["modified_gmt"]


async def test_administrator_keeps_scripts(wp: Shop) -> None:
    text = "<script>alert(1)</script>"
    assert (await wp.make("wp/v2/posts", title="Look", content=text))["content"]["raw"] == text


async def test_author_loses_scripts(wp: Shop) -> None:
    body = {"title": "Look", "content": "<p>a</p><script>alert(1)</script>"}
    post = ok(await wp.post("wp/v2/posts", body, auth=await wp.user("author")), 201)
    assert "<script" not in post["content"]["raw"]
    assert "<p>a</p>" in post["content"]["raw"]


async def test_sticky(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Look", status="publish", sticky=True)
    assert post["sticky"] is True
    assert post["id"] in [found["id"] for found in await wp.read("wp/v2/posts", sticky="true")]
    assert (await wp.change(f"wp/v2/posts/{post['id']}", sticky=False))["sticky"] is False


async def test_password_protected(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Look", content="Secret", status="publish", password="open")
    path = f"wp/v2/posts/{post['id']}"
    closed = ok(await wp.http.get(path, auth=None))
    assert (closed["content"]["protected"], closed["content"]["rendered"]) == (True, "")
    opened = ok(await wp.http.get(path, params={"password": "open"}, auth=None))
    assert "Secret" in opened["content"]["rendered"]
    refused(await wp.http.get(path, params={"password": "no"}, auth=None), 403, "rest_post_incorrect_password")


async def test_excerpt_is_made_from_the_text_but_not_stored(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Look", content="Some words", status="publish")
    assert post["excerpt"]["raw"] == ""
    assert "Some words" in post["excerpt"]["rendered"]


async def test_featured_picture(wp: Shop) -> None:
    media = await wp.upload()
    post = await wp.make("wp/v2/posts", title="Look", featured_media=media["id"])
    assert post["featured_media"] == media["id"]
    assert (await wp.change(f"wp/v2/posts/{post['id']}", featured_media=0))["featured_media"] == 0


async def test_unknown_featured_picture_is_dropped(wp: Shop) -> None:
    assert (await wp.make("wp/v2/posts", title="Look", featured_media=99999999))["featured_media"] == 0


async def test_page_order_and_template(wp: Shop) -> None:
    page = await wp.make("wp/v2/pages", title="Page", menu_order=3)
    assert (page["menu_order"], page["parent"], page["template"]) == (3, 0, "")


async def test_revisions_keep_what_was_before(wp: Shop) -> None:
    path = f"wp/v2/posts/{(await wp.make('wp/v2/posts', title='One', content='a', status='publish'))['id']}"
    await wp.change(path, title="Two")
    await wp.change(path, content="b")
    revisions = await wp.read(f"{path}/revisions", context="edit")
    assert [(kept["title"]["raw"], kept["content"]["raw"]) for kept in revisions][:2] == [("Two", "b"), ("Two", "a")]
    assert revisions[0]["parent"] == int(path.rsplit("/", 1)[1])
    one = await wp.read(f"{path}/revisions/{revisions[0]['id']}", context="edit")
    assert one["content"]["raw"] == "b"


async def test_revisions_are_closed_to_the_public(wp: Shop) -> None:
    path = f"wp/v2/posts/{(await wp.make('wp/v2/posts', title='One', status='publish'))['id']}"
    refused(await wp.http.get(f"{path}/revisions", auth=None), 401, "rest_cannot_read")


@pytest.mark.parametrize("force", ["true", "false"])
async def test_revisions_cannot_be_deleted(wp: Shop, force: str) -> None:
    path = f"wp/v2/posts/{(await wp.make('wp/v2/posts', title='One', content='a', status='publish'))['id']}"
    await wp.change(path, title="Two")
    (kept, *_) = await wp.read(f"{path}/revisions")
    refused(await wp.delete(f"{path}/revisions/{kept['id']}", force=force), 403, "rest_cannot_delete")


async def test_same_create_twice_makes_two(wp: Shop) -> None:
    headers = {"Idempotency-Key": token()}
    one, two = [ok(await wp.post("wp/v2/posts", {"title": "Look"}, headers=headers), 201) for _ in range(2)]
    assert one["id"] != two["id"]


async def test_preconditions_are_ignored(wp: Shop) -> None:
    path = f"wp/v2/posts/{(await wp.make('wp/v2/posts', title='Old'))['id']}"
    headers = {"If-Match": '"no"', "If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}
    assert ok(await wp.put(path, {"title": "New"}, headers=headers))["title"]["raw"] == "New"


async def test_links_of_a_post(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Look")
    assert post["_links"]["self"][0]["href"] == f"{wp.access.url}/wp-json/wp/v2/posts/{post['id']}"
    assert {"collection", "about", "version-history", "wp:term"} <= set(post["_links"])


def _creates(count: int) -> dict[str, list[Any]]:
    return {
        "requests": [{"method": "POST", "path": "/wp/v2/categories", "body": {"name": token()}} for _ in range(count)]
    }


async def test_batch_answers_each(wp: Shop) -> None:
    answer = await wp.http.post("batch/v1", json=_creates(2))
    each = ok(answer, 207)["responses"]
    for item in each:
        wp.remember("wp/v2/categories", item["body"]["id"])
    assert [item["status"] for item in each] == [201, 201]


async def test_batch_is_limited_to_25(wp: Shop) -> None:
    refused(await wp.http.post("batch/v1", json=_creates(26)), 400, "rest_invalid_param")


async def test_batch_does_not_read(wp: Shop) -> None:
    body = {"requests": [{"method": "GET", "path": "/wp/v2/posts"}]}
    refused(await wp.http.post("batch/v1", json=body), 400, "rest_invalid_param")


async def test_batch_validates_all_when_asked(wp: Shop) -> None:
    requests: list[Any] = [*_creates(1)["requests"], {"method": "POST", "path": "/wp/v2/categories", "body": {}}]
    body: dict[str, Any] = {"validation": "require-all-validate", "requests": requests}
    answer = ok(await wp.http.post("batch/v1", json=body), 207)
    assert answer["failed"] == "validation"
    assert answer["responses"][0] is None
    assert answer["responses"][1]["body"]["code"] == "rest_missing_callback_param"


async def test_batch_goes_on_after_an_error(wp: Shop) -> None:
    body = _creates(1)
    body["requests"].insert(0, {"method": "POST", "path": "/wp/v2/categories", "body": {}})
    first, second = ok(await wp.http.post("batch/v1", json=body), 207)["responses"]
    wp.remember("wp/v2/categories", second["body"]["id"])
    assert (first["status"], second["status"]) == (400, 201)
