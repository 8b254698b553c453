"""wp/v2/comments and wc/v3/products/reviews."""

from __future__ import annotations

from typing import Any

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.auth import denied, require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.nouns import lists, users
from devskyy_tools.sandbox.nouns.content import raw
from devskyy_tools.sandbox.nouns.revisions import shown_text
from devskyy_tools.sandbox.routing import Route, collection
from devskyy_tools.sandbox.store import Store, Where

REVIEWS, COMMENTS = "/wc/v3/products/reviews", "/wp/v2/comments"
_VERBS = {
    "unspam": "approved",
    "untrash": "approved",
    "approve": "approved",
    "1": "approved",
    "0": "hold",
    "unapprove": "hold",
}


def routes() -> list[Route]:
    return [
        *collection(
            REVIEWS, "review", items=reviews, item=review, create=create_review, update=update_review,
            delete=delete_review, batch=True,
        ),
        *collection(
            COMMENTS, "comment", items=comments, item=comment, create=create_comment, update=update_comment,
            delete=delete_comment, nested=True,
        ),
    ]  # fmt: skip


def blank(store: Store, kind: str, parent: int, **given: Any) -> Json:
    """Return a new comment's or review's document; `parent` is the product or post."""
    at = clock.now()
    return {
        "id": store.new_id(kind), "parent": parent, "status": "approved", "type": kind, "created": at, "modified": at,
        "author": "", "email": "", "content": "", "rating": 0, "verified": False, "user": 0, "url": "", "reply_to": 0,
        **given,
    }  # fmt: skip


# --- reviews ---------------------------------------------------------------------------------------------------------


def reviews(call: Call) -> Reply:
    require_shop(call, "list")
    where = Where("review")
    lists.common(call, where)
    if call["status"] and call["status"] != "all":
        where.add("status = ?", call["status"])
    else:
        where.among("status", ("trash", "spam"), negate=True)
    if call["product"]:
        where.among("parent", call["product"])
    if call["reviewer_email"]:
        where.add("json_extract(body, '$.email') = ?", call["reviewer_email"])
    lists.words(where, call["search"], ["json_extract(body, '$.content')", "json_extract(body, '$.author')"])
    sort = f"parent {'ASC' if call['order'] == 'asc' else 'DESC'}, id" if call["orderby"] == "product" else None
    return lists.page_of(call, where, show_review, sort=sort)


def _review(call: Call) -> Json:
    body = call.store.get("review", int(call["id"] or 0))
    if body is None:
        raise RestError("woocommerce_rest_review_invalid_id", "Invalid review ID.", 404)
    return body


def review(call: Call) -> Reply:
    body = _review(call)
    require_shop(call, "read")
    return show_review(call, body)


def show_review(call: Call, body: Json) -> Reply:
    product = call.store.peek("product", body["parent"]) or {"name": "", "slug": ""}
    data: Json = {
        "id": body["id"],
        "date_created": clock.local(body["created"]),
        "date_created_gmt": body["created"],
        "product_id": body["parent"],
        "product_name": product["name"],
        "product_permalink": call.site.page(f"product/{product['slug']}/"),
        "status": body["status"],
        "reviewer": body["author"],
        "reviewer_email": body["email"],
        "review": body["content"] if call.edit else text.paragraphs(text.texturized(body["content"])),
        "rating": body["rating"],
        "verified": body["verified"],
        "reviewer_avatar_urls": users.avatars(body["email"]),
    }
    up = [{"href": call.site.rest(f"/wc/v3/products/{body['parent']}")}]
    return Reply(data, links=links(call, f"{REVIEWS}/{body['id']}", REVIEWS, up=up))


def create_review(call: Call) -> Reply:
    require_shop(call, "create")
    product_id = int(call["product_id"] or 0)
    if call.store.peek("product", product_id) is None:
        raise RestError("woocommerce_rest_product_invalid_id", "Invalid product ID.", 404)
    if not str(call["review"]).strip():
        raise RestError("woocommerce_rest_review_content_invalid", "Invalid review content.", 400)
    where = Where("review")
    where.add("parent = ? AND json_extract(body, '$.email') = ?", product_id, call["reviewer_email"])
    where.add("json_extract(body, '$.content') = ?", text.kses(call["review"]))
    if call.store.count(where):
        message = "Duplicate comment detected; it looks as though you&#8217;ve already said that!"
        raise RestError("woocommerce_rest_comment_duplicate", message, 409)
    body = blank(call.store, "review", product_id)
    _apply_review(call, body)
    rate(call.store, product_id)  # too early, as in the real shop: a product's rating is one change behind
    call.store.put("review", body)
    call.params["context"] = "edit"
    reply = show_review(call, body)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{REVIEWS}/{body['id']}")
    return reply


def _apply_review(call: Call, body: Json) -> None:
    if call["review"] is not None:
        body["content"] = text.kses(call["review"]) if "<" in call["review"] else str(call["review"])
    if call["reviewer"] is not None:
        body["author"] = text.plain(call["reviewer"])
    if call["reviewer_email"] is not None:
        body["email"] = call["reviewer_email"]
    if call["rating"] is not None:
        body["rating"] = int(call["rating"])
    if call["status"]:
        body["status"] = _VERBS.get(call["status"], call["status"])


def update_review(call: Call) -> Reply:
    body = _review(call)
    require_shop(call, "edit")
    rate(call.store, body["parent"])
    _apply_review(call, body)
    call.store.put("review", body)
    call.params["context"] = "edit"
    return show_review(call, body)


def delete_review(call: Call) -> Reply:
    body = _review(call)
    require_shop(call, "delete")
    call.params["context"] = "edit"
    before = show_review(call, body)
    if call["force"]:
        call.store.delete("review", body["id"])
        rate(call.store, body["parent"])
        return Reply({"deleted": True, "previous": before.data})
    if body["status"] == "trash":
        raise RestError("woocommerce_rest_already_trashed", "The object has already been trashed.", 410)
    body["status"] = "trash"
    call.store.put("review", body)
    rate(call.store, body["parent"])
    return show_review(call, body)


def rate(store: Store, product_id: int) -> None:
    """Bring a product's rating up to date with its approved reviews."""
    product = store.get("product", product_id)
    if product is None:
        return
    where = Where("review")
    where.add("parent = ? AND status = 'approved'", product_id)
    ratings = [found["rating"] for found in store.find(where) if found["rating"]]
    product["rating_count"] = len(ratings)
    product["average_rating"] = f"{sum(ratings) / len(ratings):.2f}" if ratings else "0.00"
    store.put("product", product)


# --- comments --------------------------------------------------------------------------------------------------------


def comments(call: Call) -> Reply:
    may = call.user.can("moderate_comments")
    if (call.edit or call["status"] not in ("approve", "approved", None)) and not may:
        raise denied(call, "rest_forbidden_context", "Sorry, you are not allowed to edit comments.")
    where = Where("comment")
    lists.common(call, where)
    wanted = str(call["status"] or "approve")
    if wanted == "all":
        where.among("status", ("trash", "spam"), negate=True)
    else:
        where.add("status = ?", _VERBS.get(wanted, wanted))
    if call["post"]:
        where.among("parent", call["post"])
    lists.words(where, call["search"], ["json_extract(body, '$.content')", "json_extract(body, '$.author')"])
    return lists.page_of(call, where, show_comment)


def _comment(call: Call) -> Json:
    body = call.store.get("comment", int(call["id"] or 0))
    if body is None:
        raise RestError("rest_comment_invalid_id", "Invalid comment ID.", 404)
    return body


def comment(call: Call) -> Reply:
    body = _comment(call)
    if call.edit and not call.user.can("moderate_comments"):
        raise denied(call, "rest_forbidden_context", "Sorry, you are not allowed to edit comments.")
    return show_comment(call, body)


def show_comment(call: Call, body: Json) -> Reply:
    data: Json = {
        "id": body["id"],
        "post": body["parent"],
        "parent": body["reply_to"],
        "author": body["user"],
        "author_name": body["author"],
        **({"author_email": body["email"]} if call.edit else {}),
        "author_url": body["url"],
        **({"author_ip": "", "author_user_agent": body.get("agent", "")} if call.edit else {}),
        "date": clock.local(body["created"]),
        "date_gmt": body["created"],
        "content": shown_text(call, body["content"], text.paragraphs(text.texturized(body["content"]))),
        "link": call.site.page(f"?p={body['parent']}#comment-{body['id']}"),
        "status": body["status"],
        "type": "comment",
        "author_avatar_urls": users.avatars(body["email"]),
        "meta": {"_wp_note_status": None},
    }
    more: Json = {}
    if body["user"]:
        more["author"] = [{"embeddable": True, "href": call.site.rest(f"/wp/v2/users/{body['user']}")}]
    more["up"] = [{"embeddable": True, "post_type": "post", "href": call.site.rest(f"/wp/v2/posts/{body['parent']}")}]
    return Reply(data, links=links(call, f"{COMMENTS}/{body['id']}", COMMENTS, **more))


def create_comment(call: Call) -> Reply:
    if not call.user.id:
        raise RestError("rest_comment_login_required", "Sorry, you must be logged in to comment.", 401)
    post_id = int(call["post"] or 0)
    if call.store.peek("post", post_id) is None and call.store.peek("page", post_id) is None:
        message = "Sorry, you are not allowed to create this comment without a post."
        raise RestError("rest_comment_invalid_post_id", message, 403)
    content = text.kses(raw(call["content"]))
    if not content.strip():
        raise RestError("rest_comment_content_invalid", "Invalid comment content.", 400)
    author = call.store.peek("user", call.user.id) or {"name": "", "email": ""}
    body = blank(call.store, "comment", post_id, content=content, user=call.user.id)
    body["author"] = text.plain(call["author_name"] or author["name"])
    body["email"] = call["author_email"] or author["email"]
    body["reply_to"] = int(call.sent.get("parent") or 0)
    body["agent"] = call["author_user_agent"] or call.headers.get("user-agent", "")
    _refuse_twin(call, body)
    call.store.put("comment", body)
    call.params["context"] = "edit"
    reply = show_comment(call, body)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{COMMENTS}/{body['id']}")
    return reply


def _refuse_twin(call: Call, body: Json) -> None:
    where = Where("comment")
    where.add("parent = ? AND status <> 'trash'", body["parent"])
    for found in call.store.find(where):
        if all(found[name] == body[name] for name in ("author", "content", "reply_to")):
            message = "Duplicate comment detected; it looks as though you&#8217;ve already said that!"
            raise RestError("comment_duplicate", message, 409)


def update_comment(call: Call) -> Reply:
    body = _comment(call)
    if not call.user.can("moderate_comments"):
        raise denied(call, "rest_cannot_edit", "Sorry, you are not allowed to edit this comment.")
    if call["content"] is not None:
        body["content"] = text.kses(raw(call["content"]))
    if call["status"]:
        body["status"] = _VERBS.get(call["status"], call["status"])
    if call["author_name"] is not None:
        body["author"] = text.plain(call["author_name"])
    # WordPress takes whoever changes a comment for the browser that wrote it
    body["agent"] = call["author_user_agent"] or call.headers.get("user-agent", "")
    call.store.put("comment", body)
    call.params["context"] = "edit"
    return show_comment(call, body)


def delete_comment(call: Call) -> Reply:
    body = _comment(call)
    if not call.user.can("moderate_comments"):
        raise denied(call, "rest_cannot_delete", "Sorry, you are not allowed to delete this comment.")
    call.params["context"] = "edit"
    if call["force"]:
        before = show_comment(call, body).data
        call.store.delete("comment", body["id"])
        return Reply({"deleted": True, "previous": before})
    if body["status"] == "trash":
        raise RestError("rest_already_trashed", "The comment has already been trashed.", 410)
    body["status"] = "trash"
    call.store.put("comment", body)
    return show_comment(call, body)
