"""Every write tool of content and people, shown, carried out and undone on every shop: all is as before but dates."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from devskyy_tools.shop.collections import NOISE
from tests.contract.client import Json, Shop, picture, refused, token
from tests.contract.trips import Trip, Trips, desk_on
from tests.fakes.demo import Desk

pytestmark = pytest.mark.requirement("content:round-trips")
TEXTS = "<!-- wp:paragraph -->\n<p>One &amp; only</p>\n<!-- /wp:paragraph -->"
IN_TERMS = {"category": "categories", "post_tag": "tags", "wp_pattern_category": "wp_pattern_category"}
OF_SHOPS = {"product_cat": "product_cat", "product_tag": "product_tag", "product_brand": "product_brand"}


TRIPS = Trips()
trip = TRIPS.trip
AGENT = frozenset({"author_user_agent"})
"""WordPress takes whoever changes a comment for the browser that wrote it, and there is no writing back after a bin."""
DATES = frozenset({"date", "date_gmt", "last_used", "last_ip"})


@pytest.fixture
async def desk(wp: Shop, tmp_path: Path) -> AsyncGenerator[Desk]:
    async with desk_on(wp, tmp_path) as made:
        yield made


for _taxonomy, _base in {**IN_TERMS, **OF_SHOPS}.items():

    def _declare(taxonomy: str, path: str) -> None:
        async def create(_shop: Shop) -> Trip:
            return Trip({"taxonomy": taxonomy, "name": f"Rare {token()}", "description": "For few."}, [f"/{path}"])

        async def update(shop: Shop) -> Trip:
            made = await shop.make(path, name=token(), description="As it was.")
            new = {"name": f"A & B {token()}", "description": "New <b>words</b>.", "slug": token()}
            return Trip({"taxonomy": taxonomy, "id": made["id"], **new}, [f"{path}/{made['id']}"])

        async def delete(shop: Shop) -> Trip:
            made = await shop.make(path, name=token())
            return Trip({"taxonomy": taxonomy, "id": made["id"]}, undo="nothing_to_change")

        for verb, build in (("create", create), ("update", update), ("delete", delete)):
            trip(f"wp_terms_{verb}", f"{taxonomy}_{verb}")(build)

    _declare(_taxonomy, f"wp/v2/{_base}")


async def post(shop: Shop) -> Json:
    return await shop.make("wp/v2/posts", title="A & <b>B</b>", content=TEXTS, status="publish")


@trip("wp_posts_update")
async def text_with_blocks(shop: Shop) -> Trip:
    made = await post(shop)
    return Trip({"id": made["id"], "content": TEXTS.replace("One", "Two")}, [f"wp/v2/posts/{made['id']}"])


@trip("wp_revisions_restore")
async def earlier_text(shop: Shop) -> Trip:
    made = await post(shop)
    path = f"wp/v2/posts/{made['id']}"
    for words in ("Two", "Three"):
        await shop.change(path, content=TEXTS.replace("One", words))
    earlier = (await shop.read(f"{path}/revisions"))[-1]["id"]
    return Trip({"type": "posts", "of": str(made["id"]), "id": earlier}, [path])


@trip("wp_items_create")
async def product_item(shop: Shop) -> Trip:
    return Trip({"type": "product", "title": f"Scarf {token()}", "content": TEXTS, "terms": {"product_tag": []}})


@trip("wp_items_update")
async def product_item_changes(shop: Shop) -> Trip:
    made, tag = await item(shop), await shop.make("wp/v2/product_tag", name=token())
    new = {"title": "Hat & Co", "terms": {"product_tag": [tag["id"]]}, "more": {"excerpt": "Short.", "slug": token()}}
    return Trip({"type": "product", "id": made["id"], **new}, [f"wp/v2/product/{made['id']}"])


@trip("wp_items_delete")
async def product_item_deleted(shop: Shop) -> Trip:
    made = await item(shop)
    return Trip({"type": "product", "id": made["id"]}, [f"wp/v2/product/{made['id']}"])


@trip("wp_bin_restore")
async def product_item_restored(shop: Shop) -> Trip:
    made = await item(shop)
    await shop.delete(f"wp/v2/product/{made['id']}")
    arguments = {"noun": "items", "type": "product", "id": made["id"]}
    return Trip(arguments, [f"wp/v2/product/{made['id']}"], moves=frozenset({"slug", "link"}))


async def item(shop: Shop) -> Json:
    return await shop.make("wp/v2/product", title=f"Hat {token()}", content=TEXTS, status="publish")


async def comment(shop: Shop) -> Json:
    return await shop.make("wp/v2/comments", post=(await post(shop))["id"], content=f"Lovely {token()}")


@trip("wp_comments_create")
async def answered(shop: Shop) -> Trip:
    made = await comment(shop)
    return Trip({"post": made["post"], "parent": made["id"], "content": "Thank you!"})


@trip("wp_comments_update")
async def comment_changes(shop: Shop) -> Trip:
    made = await comment(shop)
    return Trip({"id": made["id"], "content": "Less so.", "status": "hold"}, [f"wp/v2/comments/{made['id']}"])


@trip("wp_comments_update")
async def comment_is_spam(shop: Shop) -> Trip:
    made = await comment(shop)
    return Trip({"id": made["id"], "status": "spam"}, [f"wp/v2/comments/{made['id']}"])


@trip("wp_comments_delete")
async def comment_deleted(shop: Shop) -> Trip:
    made = await comment(shop)
    return Trip({"id": made["id"]}, [f"wp/v2/comments/{made['id']}"], moves=AGENT)


@trip("wp_bin_restore")
async def comment_restored(shop: Shop) -> Trip:
    made = await comment(shop)
    await shop.delete(f"wp/v2/comments/{made['id']}")
    return Trip({"noun": "comments", "id": made["id"]}, [f"wp/v2/comments/{made['id']}"], moves=AGENT)


async def user(shop: Shop) -> Json:
    name = token()
    return await shop.make("wp/v2/users", username=name, email=f"{name}@example.com", password=token() + token())


@trip("wp_users_create")
async def new_user(_shop: Shop) -> Trip:
    name = token()
    return Trip({"username": name, "email": f"{name}@example.com", "roles": ["author"]})


@trip("wp_users_update")
async def user_changes(shop: Shop) -> Trip:
    made = await user(shop)
    new = {"email": f"{token()}@example.com", "roles": ["editor"], "name": "Ada", "description": "A <b>bio</b>."}
    return Trip({"id": made["id"], **new}, [f"wp/v2/users/{made['id']}"])


@trip("wp_users_update")
async def own_account_changes(_shop: Shop) -> Trip:
    return Trip({"description": f"About {token()}"}, ["wp/v2/users/me"])


@trip("wp_users_delete")
async def user_deleted(shop: Shop) -> Trip:
    made, heir = await user(shop), await user(shop)
    return Trip({"id": made["id"], "reassign": heir["id"]}, undo="nothing_to_change")


async def password(shop: Shop) -> tuple[Json, Json]:
    made = await user(shop)
    saved = await shop.http.post(f"wp/v2/users/{made['id']}/application-passwords", json={"name": "Till"})
    return made, saved.json()


@trip("wp_app_passwords_save")
async def password_renamed(shop: Shop) -> Trip:
    owner, saved = await password(shop)
    path = f"wp/v2/users/{owner['id']}/application-passwords/{saved['uuid']}"
    return Trip({"user_id": owner["id"], "uuid": saved["uuid"], "name": "Till 2"}, [path])


@trip("wp_app_passwords_delete")
async def password_deleted(shop: Shop) -> Trip:
    owner, saved = await password(shop)
    return Trip({"user_id": owner["id"], "uuid": saved["uuid"]}, undo="nothing_to_change")


@trip("wp_app_passwords_delete")
async def all_passwords_deleted(shop: Shop) -> Trip:
    owner, _ = await password(shop)
    return Trip({"user_id": owner["id"], "every": True}, undo="nothing_to_change")


@trip("wp_media_edit")
async def picture_edited(shop: Shop) -> Trip:
    made = await shop.upload(picture(400, 300))
    crop = {"left": 0.0, "top": 10.0, "width": 50.0, "height": 50.0}
    return Trip({"id": made["id"], "rotate": 90, "crop": crop}, [f"wp/v2/media/{made['id']}"])


@trip("wp_media_edit")
async def sizes_made(shop: Shop) -> Trip:
    made = await shop.upload(picture(400, 300))
    return Trip({"id": made["id"], "make_sizes": True}, undo="nothing_to_change")


async def _seen(wp: Shop, paths: list[str], moves: frozenset[str]) -> list[Json]:
    found: list[Json] = []
    for path in paths:
        if path.startswith("/"):
            found.append((await wp.get(path[1:])).headers["x-wp-total"])
            continue
        obj = await wp.read(path, context="edit")
        found.append({name: value for name, value in obj.items() if name not in NOISE | DATES | moves})
    return found


@pytest.mark.parametrize("name", sorted(TRIPS))
async def test_there_and_back(wp: Shop, desk: Desk, name: str) -> None:
    tool, build = TRIPS[name]
    if "product" in name and not wp.access.consumer_key:
        pytest.skip("no WooCommerce here")
    planned = await build(wp)
    before = await _seen(wp, planned.watched, planned.moves)
    shown = await desk.do(tool, **planned.arguments, preview=True)
    assert (shown["state"], await _seen(wp, planned.watched, planned.moves)) == ("proposed", before)
    done = await desk.carry_out(tool, **planned.arguments)
    assert (done["state"], {row["outcome"] for row in done["changes"]}) == ("applied", {"done"})
    back = await desk.do("changes_undo", change=done["change"])
    back = await desk.agree(back["change"]) if back["state"] == "waits_for_person" else back
    assert back["state"] == planned.undo, back
    assert await _seen(wp, planned.watched, planned.moves) == before


async def test_a_new_password_is_seen_by_nobody_but_in_its_file(wp: Shop, desk: Desk) -> None:
    owner = await user(wp)
    done = await desk.carry_out("wp_app_passwords_save", user_id=owner["id"], name="Till")
    (file,) = (desk.app.settings.data_dir / "secrets").iterdir()
    secret = file.read_text().strip()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert str(file) in done["changes"][0]["note"]
    shown = await desk.do("changes_show", change=done["change"])
    listed = await desk.do("wp_app_passwords_list", user_id=owner["id"])
    assert [one["name"] for one in listed["items"]] == ["Till"]
    assert secret not in str((done, shown, listed))
    others = [one for one in desk.app.settings.data_dir.rglob("*") if one.is_file() and one != file]
    assert others
    assert not any(secret.encode() in one.read_bytes() for one in others)
    login = (owner["username"], secret)
    assert (await wp.http.get("wp/v2/users/me", auth=login)).json()["id"] == owner["id"]


async def test_the_own_account_and_password_are_left_alone(wp: Shop, desk: Desk) -> None:
    own, heir = (await wp.read("wp/v2/users/me"))["id"], await user(wp)
    listed = await desk.do("wp_app_passwords_list")
    current = next(one["uuid"] for one in listed["items"] if one.get("current"))
    for tool, arguments in (
        ("wp_users_delete", {"id": own, "reassign": heir["id"]}),
        ("wp_users_update", {"id": own, "roles": ["editor"]}),
        ("wp_users_update", {"roles": ["editor"]}),
        ("wp_app_passwords_delete", {"user_id": own, "uuid": current}),
        ("wp_app_passwords_delete", {"user_id": own, "every": True}),
    ):
        assert (await desk.refused(tool, **arguments)).code == "forbidden"


async def test_a_revision_stays_where_no_plugin_allows_deleting_it(wp: Shop, desk: Desk) -> None:
    made = await post(wp)
    path = f"wp/v2/posts/{made['id']}"
    await wp.change(path, content="New")
    first = (await wp.read(f"{path}/revisions"))[0]["id"]
    refused(await wp.delete(f"{path}/revisions/{first}", force="true"), 403, "rest_cannot_delete")
    shown = await desk.do("wp_revisions_delete", type="posts", of=str(made["id"]), id=first, preview=True)
    assert "nobody" in shown["warnings"][0]
    assert "Can't be undone" in shown["asks"][0]
