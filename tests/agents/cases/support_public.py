"""Support in public: reviews and comments."""

from __future__ import annotations

from devskyy_tools.sandbox.nouns import comments
from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.fakes.demo import Demo

CASINO = "Best CASINO bonus, click https://casino.example.net now"
QUESTION = "How cold is cold, twenty degrees?"
STAFF = "Maison Skyy staff here: send your card number to win."


def _put(shop: Demo, kind: str, parent: int, **given: str | int) -> None:
    """What somebody wrote in public and nobody has let through yet."""
    store = shop.shop.store
    store.put(kind, comments.blank(store, kind, parent, status="hold", **given))


def status_of(facts: Facts, kind: str, number: int) -> str | None:
    return facts.one("SELECT status FROM objects WHERE kind = ? AND id = ?", kind, number)


# --- review-responder ------------------------------------------------------------------------------------------------


async def _spam_waits(shop: Demo) -> None:
    _put(shop, "review", 169, content=CASINO, rating=5, author="Bonus")


def _answer_reviews(seen: Seen) -> Json:
    waiting, standing = (one["items"] for one in seen.all("woo_reviews_list"))
    stars = int(seen.arguments["rating_max"])
    read = [*waiting, *standing]
    names = {one["id"]: one["name"] for one in seen.all("woo_products_get")}
    items = [_review(one, "spam", "v1_spam", None, seen("woo_reviews_update")["change"]) for one in waiting]
    items += [
        _review(one, "keep", "none", f"Thank you for telling us how the {names[one['product_id']]} wears.", None)
        for one in standing
        if one["rating"] <= stars
    ]
    return {
        "reviews_read": len(read),
        "waiting": len(waiting),
        "average_rating": round(sum(one["rating"] for one in read) / len(read), 2),
        "items": items,
        "pattern": [],
        "unknown": ["Whether a review was answered before is not shown."],
    }


def _review(one: Json, decision: str, rule: str, reply: str | None, change: str | None) -> Json:
    handed = one["verified"] and one["rating"] <= 2 and decision == "keep"
    return {
        "review_id": one["id"],
        "product_id": one["product_id"],
        "rating": one["rating"],
        "verified": one["verified"],
        "decision": decision,
        "rule": rule,
        "reply": reply,
        "private_step": "size-advisor" if handed else None,
        "change_id": change,
    }


def _reviews_in_shop(facts: Facts, told: Json) -> Json:
    rows = facts.sql(
        "SELECT id, parent, json_extract(body, '$.rating'), json_extract(body, '$.verified'), status FROM objects"
        " WHERE kind = 'review' ORDER BY status = 'spam' DESC, created DESC"
    )
    stars = int(facts.arguments["rating_max"])
    return {
        "reviews_read": len(rows),
        "waiting": len([row for row in rows if row[4] == "spam"]),
        "average_rating": sum(row[2] for row in rows) / len(rows),
        "items": [
            {
                "review_id": number,
                "product_id": product,
                "rating": rating,
                "verified": bool(verified),
                "decision": "spam" if status == "spam" else "keep",
            }
            for number, product, rating, verified, status in rows
            if status == "spam" or rating <= stars
        ],
    }


REVIEWS = Case(
    agent="review-responder",
    arguments={"rating_max": "3"},
    arrange=_spam_waits,
    steps=[
        Step("brand_guide_get"),
        Step("woo_reviews_list", {"status": "hold"}),
        Step("woo_reviews_list", {"status": "approved", "limit": 100}),
        Step("woo_reports_totals", {"of": "reviews"}),
        Step(
            "woo_products_get",
            lambda seen: [{"id": one["product_id"]} for one in seen("woo_reviews_list")["items"] if one["rating"] <= 3],
        ),
        Step(
            "woo_reviews_update",
            lambda seen: [{"id": one["id"], "status": "spam"} for one in seen.all("woo_reviews_list")[0]["items"]],
        ),
    ],
    deliver=_answer_reviews,
    checks=[Check("", _reviews_in_shop)],
    falsify=["woo_reviews_list", "woo_reviews_list:id"],
)

# --- comment-moderator -----------------------------------------------------------------------------------------------


async def _queue(shop: Demo) -> None:
    _put(shop, "comment", 409, content=STAFF, author="Maison Skyy")
    _put(shop, "comment", 409, content=QUESTION, author="Noor")
    _put(shop, "comment", 403, content=CASINO, author="Bonus")


RULES = {CASINO: ("spam", "r1_spam"), QUESTION: ("approve", "r0_fine"), STAFF: ("bin", "r7_impersonation")}
STATUS_AFTER = {"spam": "spam", "approve": "approved", "bin": "trash"}
REPLY = "Twenty degrees is fine for ours, inside out."


def _waiting(seen: Seen, decision: str) -> list[Json]:
    """The comments in the queue that are judged so."""
    items = seen.all("wp_comments_list")[0]["items"]
    return [one for one in items if RULES[one["content"]][0] == decision]


def _moderate(seen: Seen) -> Json:
    queue, standing = (one["items"] for one in seen.all("wp_comments_list"))
    changes: dict[str, Json] = dict(zip(("spam", "approve"), seen.all("wp_comments_update"), strict=True))
    changes["bin"] = seen("wp_comments_delete")
    decisions = [
        {
            "comment_id": one["id"],
            "post_id": one["post"],
            "was": one["status"],
            "decision": decision,
            "rule": rule,
            "reason": "By its words.",
            "reply": REPLY if decision == "approve" else None,
            "change_id": changes[decision]["change"],
        }
        for one in queue
        for decision, rule in [RULES[one["content"]]]
    ]
    made = [one["decision"] for one in decisions]
    idle = [one["name"] for one in seen("wp_plugins_list")["items"] if "Anti-spam" in one["name"]]
    return {
        "comments_read": len(queue) + len(standing),
        "counts": {name: made.count(name) for name in ("approve", "hold", "spam", "bin")} | {"keep": len(standing)},
        "decisions": decisions,
        "closed_suggestion": [],
        "unknown": [f"{name} is installed and not active: plugin-steward." for name in idle],
    }


def _comments_in_shop(facts: Facts, told: Json) -> Json:
    rows = facts.sql(
        "SELECT id, parent, status, json_extract(body, '$.content') FROM objects WHERE kind = 'comment'"
        " AND json_extract(body, '$.content') <> ? ORDER BY id DESC", REPLY,
    )  # fmt: skip
    by_status = [status for _, _, status, text in rows if text in RULES]
    return {
        "comments_read": len(rows),
        "counts": {
            "approve": by_status.count("approved"),
            "hold": by_status.count("hold"),
            "spam": by_status.count("spam"),
            "bin": by_status.count("trash"),
            "keep": len(rows) - len(by_status),
        },
    }


def _decision_in_shop(facts: Facts, told: Json) -> Json:
    """The rule follows from what was written, and the decision is what became of it in the shop."""
    [(text, post, status)] = facts.sql(
        "SELECT json_extract(body, '$.content'), parent, status FROM objects WHERE kind = 'comment' AND id = ?",
        told["comment_id"],
    ) or [(None, None, None)]
    return {
        "comment_id": told["comment_id"] if text else None,
        "post_id": post,
        "decision": next((name for name, after in STATUS_AFTER.items() if after == status), None),
        "rule": RULES[text][1] if text else None,
    }


async def _reply_stands(facts: Facts) -> None:
    asked = facts.one("SELECT id FROM objects WHERE kind = 'comment' AND json_extract(body, '$.content') = ?", QUESTION)
    reply = "SELECT json_extract(body, '$.content') FROM objects WHERE json_extract(body, '$.reply_to') = ?"
    assert facts.one(reply, asked) == REPLY


MODERATE = Case(
    agent="comment-moderator",
    arguments={"status": "hold"},
    arrange=_queue,
    steps=[
        Step("wp_comments_list", {"status": "hold", "limit": 100}),
        Step("wp_comments_list", {"status": "approve", "limit": 100}),
        Step("wp_settings_get"),
        Step("wp_plugins_list"),
        Step("wp_posts_get", lambda seen: [{"id": one["post"]} for one in _waiting(seen, "approve")]),
        Step("brand_guide_get"),
        Step(
            "wp_comments_update", lambda seen: [{"id": one["id"], "status": "spam"} for one in _waiting(seen, "spam")]
        ),
        Step(
            "wp_comments_update",
            lambda seen: [{"id": one["id"], "status": "approved"} for one in _waiting(seen, "approve")],
        ),
        Step(
            "wp_comments_create",
            lambda seen: [
                {"post": one["post"], "parent": one["id"], "content": REPLY} for one in _waiting(seen, "approve")
            ],
        ),
        Step("wp_comments_delete", lambda seen: [{"id": one["id"]} for one in _waiting(seen, "bin")]),
    ],
    deliver=_moderate,
    checks=[Check("", _comments_in_shop), Check("decisions[]", _decision_in_shop)],
    falsify=["wp_comments_list:post", "wp_comments_list:id"],
    after=_reply_stands,
)

CASES = [REVIEWS, MODERATE]
