"""The approval page, as a person's browser uses it and as nobody else may."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import httpx2
import pytest

from devskyy_mcp.db.database import Database
from devskyy_mcp.guard.audit import AuditLog
from devskyy_mcp.guard.audit_page import read_page
from devskyy_mcp.jobs.events import Events
from devskyy_mcp.surfaces.proposal import shown
from tests.fakes.elsewhere import Hands
from tests.fakes.served import Site, site


async def waiting(shop: Site, tool: str = "notes_burn", **arguments: object) -> str:
    """The id of a change that waits for a person."""
    answer = await shop.call(tool, **(arguments or {"note": 1}))
    assert answer.status_code == 202
    return answer.json()["change"]


async def opened(shop: Site, change: str) -> httpx2.Response:
    """The page after the key was typed in."""
    answer = await shop.http.post(f"/approvals/{change}/open", data={"key": f" {shop.key} "})
    assert answer.status_code == 303
    return await shop.http.get(answer.headers["location"])


def token(page: httpx2.Response) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', page.text)
    assert found
    return found[1]


async def decide(shop: Site, change: str, csrf: str, **form: str) -> httpx2.Response:
    return await shop.http.post(f"/approvals/{change}/decide", data={"csrf": csrf, **form})


@pytest.mark.requirement("approvals:page")
async def test_the_page_shows_nothing_before_the_key(shop: Site) -> None:
    change = await waiting(shop)
    page = await shop.http.get(f"/approvals/{change}")
    assert page.status_code == 200
    assert "Local key" in page.text
    assert "first" not in page.text
    assert "csrf" not in page.text
    wrong = await shop.http.post(f"/approvals/{change}/open", data={"key": shop.key[:-1]})
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    bearer = await shop.http.get(f"/approvals/{change}", headers={"Authorization": f"Bearer {shop.key}"})
    assert "csrf" not in bearer.text


@pytest.mark.requirement("approvals:page")
async def test_the_cookie_is_short_lived_and_out_of_reach(shop: Site) -> None:
    answer = await shop.http.post("/approvals/chg_x/open", data={"key": shop.key})
    cookie = answer.headers["set-cookie"].lower()
    for part in ("httponly", "samesite=strict", "path=/approvals", "max-age=900"):
        assert part in cookie
    assert shop.key.lower() not in cookie


@pytest.mark.requirement("approvals:page")
async def test_the_page_shows_who_asks_for_what_and_all_of_it(shop: Site) -> None:
    long = "word " * 190
    shop.notes.put(title="third", text="old")
    change = (await shop.call("notes_update", note=3, text=long, preview=True)).json()["change"]
    page = await opened(shop, change)
    for part in ("local user", "notes_update", "through rest", "note 3", "old", long, change):
        assert part in page.text
    assert "<script" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")


@pytest.mark.requirement("approvals:list")
async def test_one_page_lists_what_waits_and_nothing_before_the_key(shop: Site) -> None:
    change = await waiting(shop)
    locked = await shop.http.get("/approvals")
    assert (locked.status_code, change in locked.text) == (200, False)
    wrong = await shop.http.post("/approvals/open", data={"key": "x"})
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    answer = await shop.http.post("/approvals/open", data={"key": shop.key})
    assert (answer.status_code, answer.headers["location"]) == (303, "/approvals")
    page = await shop.http.get("/approvals")
    for part in (f'href="/approvals/{change}"', "notes_burn", "note 1"):
        assert part in page.text
    csrf = token(await shop.http.get(f"/approvals/{change}"))
    await decide(shop, change, csrf, answer="decline")
    assert "Nothing waits" in (await shop.http.get("/approvals")).text


@pytest.mark.requirement("approvals:agree")
async def test_a_person_approves_and_sees_the_outcome(shop: Site) -> None:
    change = await waiting(shop)
    page = await opened(shop, change)
    assert "be undone" in page.text
    answer = await decide(shop, change, token(page), answer="approve")
    assert answer.status_code == 303
    outcome = await shop.http.get(answer.headers["location"])
    assert "This change was carried out" in outcome.text
    assert "csrf" not in outcome.text
    assert shop.notes.requests == [("delete", 1)]
    shown_over_rest = (await shop.http.get(f"/api/v1/changes/{change}")).json()
    assert shown_over_rest["approved_by"].endswith("(page)")


@pytest.mark.requirement("approvals:agree")
async def test_a_second_click_does_nothing_more(shop: Site) -> None:
    change = await waiting(shop)
    csrf = token(await opened(shop, change))
    for _ in range(3):
        assert (await decide(shop, change, csrf, answer="approve")).status_code == 303
    assert shop.notes.requests == [("delete", 1)]
    assert (await decide(shop, change, csrf, answer="decline")).status_code == 303
    assert (await shop.http.get(f"/api/v1/changes/{change}")).json()["state"] == "applied"


@pytest.mark.requirement("approvals:decline")
async def test_a_declined_change_stays_declined(shop: Site) -> None:
    change = await waiting(shop)
    csrf = token(await opened(shop, change))
    answer = await decide(shop, change, csrf, answer="decline")
    assert "This change was declined" in (await shop.http.get(answer.headers["location"])).text
    await decide(shop, change, csrf, answer="approve")
    assert shop.notes.requests == []
    assert (await shop.http.get(f"/api/v1/changes/{change}")).json()["state"] == "declined"


@pytest.mark.requirement("approvals:csrf")
async def test_a_form_of_another_session_or_change_is_refused(shop: Site) -> None:
    change, other = await waiting(shop), await waiting(shop, note=2)
    csrf = token(await opened(shop, change))
    for wrong in ("", "x", csrf[:-1], token(await shop.http.get(f"/approvals/{other}"))):
        assert (await decide(shop, change, wrong, answer="approve")).status_code == 403
    assert (await shop.http.post(f"/approvals/{change}/decide", data={"answer": "approve"})).status_code == 403
    await opened(shop, change)  # a new session: the old session's form is void
    assert (await decide(shop, change, csrf, answer="approve")).status_code == 403
    shop.http.cookies.clear()
    assert (await decide(shop, change, csrf, answer="approve")).status_code == 401
    assert shop.notes.requests == []


@pytest.mark.requirement("approvals:csrf")
async def test_another_site_can_neither_decide_nor_frame_the_page_but_may_link_to_it(shop: Site) -> None:
    change = await waiting(shop)
    csrf = token(await opened(shop, change))
    form = {"csrf": csrf, "answer": "approve"}
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        answer = await shop.http.post(f"/approvals/{change}/decide", data=form, headers=headers)
        assert answer.status_code == 403
    as_json = await shop.http.post(f"/approvals/{change}/decide", json=form)
    assert as_json.status_code == 415
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert (await shop.http.get(f"/approvals/{change}", headers=link)).status_code == 200
    frame = {**link, "Sec-Fetch-Dest": "iframe"}
    assert (await shop.http.get(f"/approvals/{change}", headers=frame)).status_code == 403
    assert shop.notes.requests == []


@pytest.mark.requirement("approvals:stale")
async def test_what_changed_meanwhile_is_shown_anew_and_not_done(shop: Site) -> None:
    change = await waiting(shop)
    csrf = token(await opened(shop, change))
    shop.notes.rows[1]["title"] = "moved"
    answer = await decide(shop, change, csrf, answer="approve")
    assert answer.status_code == 409
    found = re.search(r'href="/approvals/(chg_\w+)"', answer.text)
    assert found
    assert shop.notes.requests == []
    fresh = await shop.http.get(f"/approvals/{found[1]}")
    assert "moved" in fresh.text
    assert (await decide(shop, found[1], token(fresh), answer="approve")).status_code == 303
    assert shop.notes.requests == [("delete", 1)]


@pytest.mark.requirement("approvals:large")
async def test_a_large_change_wants_the_number_of_its_objects_typed(shop: Site) -> None:
    for number in range(3, 26):
        shop.notes.put(title=f"note number {number}")
    change = await waiting(shop, "notes_rename_all", prefix="new ")
    page = await opened(shop, change)
    assert "note number 25" not in page.text
    second = await shop.http.get(f"/approvals/{change}?page=2")
    assert "note number 25" in second.text
    assert "Page 2 of 2" in second.text
    csrf = token(second)
    for typed in ("", "24", "x"):
        assert (await decide(shop, change, csrf, answer="approve", count=typed)).status_code == 422
    assert shop.notes.requests == []
    assert (await decide(shop, change, csrf, answer="approve", count=" 25 ")).status_code == 303
    assert len(shop.notes.requests) == 25


@pytest.mark.requirement("approvals:page")
async def test_what_the_shop_says_is_text_and_nothing_else(shop: Site) -> None:
    shop.notes.rows[1]["title"] = '<script>alert(1)</script>"><img src=x>'
    change = await waiting(shop)
    page = await opened(shop, change)
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert "&lt;script&gt;" in page.text


@pytest.mark.requirement("approvals:page")
def test_characters_that_deceive_the_eye_are_spelled_out() -> None:
    assert shown("price 1\u202e0.0\u202c") == "price 1⟨U+202E⟩0.0⟨U+202C⟩"
    assert shown("zero\u200bwidth\x00") == "zero⟨U+200B⟩width⟨U+0000⟩"
    assert shown("Größe 🧵\nnext") == "Größe 🧵\nnext"
    assert shown([{"a": 1}]) == '[\n  {\n    "a": 1\n  }\n]'


@pytest.mark.requirement("approvals:page")
async def test_unknown_changes_and_odd_forms_are_refused_in_words(shop: Site) -> None:
    page = await opened(shop, change := await waiting(shop))
    assert (await shop.http.get("/approvals/chg_nothing")).status_code == 404
    assert (await shop.http.get(f"/approvals/{change}?page=99999999")).status_code == 200
    assert (await shop.http.get(f"/approvals/{change}?page=-1")).status_code == 200
    assert (await decide(shop, change, token(page), answer="perhaps")).status_code == 422
    large = await shop.http.post(f"/approvals/{change}/open", data={"key": "x" * 20_000})
    assert large.status_code == 413
    guesses = [await shop.http.post(f"/approvals/{change}/open", data={"key": "guess"}) for _ in range(12)]
    assert guesses[-1].status_code == 429


@pytest.mark.requirement("approvals:secret")
async def test_nothing_that_approves_is_in_an_answer_or_a_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with site(tmp_path) as shop:
        change = await waiting(shop)
        csrf = token(await opened(shop, change))
        cookie = shop.http.cookies["dsk_approval"]
        answers = [
            await shop.http.get(f"/api/v1/changes/{change}"),
            await shop.http.get("/api/v1/tools"),
            await shop.http.get("/health"),
            await shop.http.get("/api/v1/openapi.json"),
            await shop.http.post(f"/api/v1/changes/{change}/apply"),
        ]
        await decide(shop, change, csrf, answer="approve")
        said = " ".join(answer.text + str(answer.headers) for answer in answers) + caplog.text
        for secret in (csrf, cookie, shop.key):
            assert secret not in said


@pytest.mark.requirement("bulk:job")
async def test_the_page_of_a_big_change_follows_its_job(shop: Site) -> None:
    for number in range(110):
        shop.notes.put(title=f"other {number}")
    total = len(shop.notes.rows)
    shop.notes.gate = anyio.Event()
    change = await waiting(shop, "notes_rename_all", prefix="x-")
    page = await opened(shop, change)
    assert page.text.count("<caption>") == 20
    assert f"Page 1 of {-(-total // 20)}" in page.text
    last = await shop.http.get(f"/approvals/{change}?page={-(-total // 20)}")
    assert f"{total}. update note {total}" in last.text
    answer = await decide(shop, change, token(page), answer="approve", count=str(total))
    under_way = await shop.http.get(answer.headers["location"])
    assert "This change is being carried out" in under_way.text
    assert f"Being carried out: 0 of {total} objects so far." in under_way.text
    told = (await shop.http.get(f"/api/v1/changes/{change}")).json()
    assert told["job"] in under_way.text
    shop.notes.gate.set()
    with anyio.fail_after(20):
        while (await shop.http.get(f"/api/v1/changes/{change}")).json()["state"] == "applying":
            await anyio.sleep(0.05)
    done = await shop.http.get(answer.headers["location"])
    assert "This change was carried out" in done.text
    assert f"Updated {total} objects." in done.text


@pytest.fixture
async def still(tmp_path: Path) -> AsyncGenerator[Site]:
    """A server that runs no jobs."""
    async with site(tmp_path, worker="off") as made:
        yield made


async def row_of(shop: Site, job: str) -> tuple[str, object]:
    """The job's state and what is written of its question."""
    from devskyy_mcp.jobs import store

    async with shop.app.services.get(Database).read() as conn:
        row = await store.read(conn, job)
    assert row is not None
    return row["state"], row["question"]


async def asking(shop: Site, job: str = "job_asking") -> str:
    """A job that asks a person which size."""
    services = shop.app.services
    hands = Hands(services.get(Database), services.get(Events))
    await hands.add(job, "user:ada")
    await hands.ask(job, consent=True)
    return job


@pytest.mark.requirement("jobs:consent")
async def test_a_person_answers_what_a_job_asks(still: Site) -> None:
    shop = still
    job = await asking(shop)
    locked = await shop.http.get(f"/approvals/{job}")
    assert "Which size?" not in locked.text
    page = await opened(shop, job)
    for part in ("Which size?", '<option value="M">', job, "woo_catalog_export"):
        assert part in page.text
    assert f'href="/approvals/{job}"' in (await shop.http.get("/approvals")).text
    csrf = token(page)
    empty = await decide(shop, job, csrf, answer="approve")
    assert (empty.status_code, "is not what the question allows" in empty.text) == (422, True)
    assert (await decide(shop, job, "x", answer="approve", **{"size size": "M"})).status_code == 403
    other = token(await opened(shop, await asking(shop, "job_other")))
    assert (await decide(shop, job, other, answer="approve", **{"size size": "M"})).status_code == 403
    assert (await row_of(shop, job))[0] == "input_required"
    csrf = token(await shop.http.get(f"/approvals/{job}"))  # of the session that is open now
    sent = await decide(shop, job, csrf, answer="approve", **{"size size": "M", "else": "1"})
    assert (sent.status_code, sent.headers["location"]) == (303, f"/approvals/{job}")
    assert "asks nothing now" in (await shop.http.get(f"/approvals/{job}")).text
    assert await row_of(shop, job) == ("queued", {"answers": {"size": {"size": "M"}}})
    again = await decide(shop, job, csrf, answer="approve", **{"size size": "S"})
    assert again.status_code == 409
    await shop.app.services.get(AuditLog).flush()
    said, _ = await read_page(shop.app.services.get(Database), capability="jobs_answer")
    assert [(line["phase"], line["change_id"], line["code"], line["surface"]) for line in reversed(said)] == [
        ("decision", job, "invalid_arguments", "page"),
        ("decision", job, "ok", "page"),
        ("decision", job, "conflict", "page"),
    ]


@pytest.mark.requirement("jobs:consent")
async def test_a_person_declines_what_a_job_asks(still: Site) -> None:
    shop = still
    job = await asking(shop)
    csrf = token(await opened(shop, job))
    assert (await decide(shop, job, csrf, answer="decline")).status_code == 303
    assert await row_of(shop, job) == ("queued", {"answers": {"size": None}})
    assert (await shop.http.get("/approvals/job_none")).status_code == 404


@pytest.mark.requirement("approvals:page")
async def test_forms_that_are_none_of_ours_are_refused_on_a_page(shop: Site) -> None:
    for content in (b"&".join(b"key=%d" % number for number in range(40)), b"key=\xff"):
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = await shop.http.post("/approvals/open", content=content, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")
        assert "set-cookie" not in answer.headers
