"""What attackers try at the pages of people."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from devskyy_mcp.auth.people import People
from devskyy_mcp.db import Database
from devskyy_mcp.db.tables import metadata
from devskyy_mcp.errors import Refused
from devskyy_mcp.surfaces.people.browser import HOME, own_path
from tests.fakes.people import PASSWORD, Clock, Visit, field, person
from tests.fakes.served import Site, site

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "////evil.example/account",
    "/\\evil.example",
    "\\\\evil.example",
    "/%5cevil.example",
    "/%2f%2fevil.example",
    "/account//evil.example",
    "/account/../../evil",
    "/account/..//evil.example",
    "/account\\@evil.example",
    "/account@evil.example",
    "/account.evil.example",
    "/accountevil",
    "/account\r\nLocation: https://evil.example",
    "/account\nSet-Cookie: a=b",
    "/account%0d%0aSet-Cookie:a=b/../x\t",
    "/account#@evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "http:/account",
    "http:account",
    "https:///evil.example",
    "/https://evil.example",
    "account",
    "?next=//evil.example",
    "",
    " /account",
    "/account ",
    "\t//evil.example",
    "/\t/evil.example",
    "/\u2028/evil.example",
    "/．．/evil",
    "／／evil.example",
    "/account?next=<script>",
    '/account?"onload=x',
    "/approvals/{change}",
    "/approvals/" + "a" * 5000,
    "/login",
    "/logout",
    "/login/second-factor",
    "/api/v1/tools/orders_refund",
    "/oauth/token",
    "/oauth/authorizer",
    "/mcp",
    "/health",
]
OURS = [
    "/account",
    "/account/second-factor?next=/approvals/chg_1",
    "/approvals",
    "/approvals/chg_01jx?page=2",
    "/connect?scope=catalog%3Awrite",
    "/oauth/authorize?response_type=code&client_id=https%3A%2F%2Fclaude.ai%2Foauth%2Fmcp&resource=https://a.example/mcp",
]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Site]:
    async with site(tmp_path, auth_mode="embedded") as shop:
        yield shop


@pytest.mark.requirement("people:redirects")
@pytest.mark.parametrize("given", ELSEWHERE)
def test_nobody_is_sent_elsewhere(given: str) -> None:
    assert own_path(given) == HOME


@pytest.mark.requirement("people:redirects")
@pytest.mark.parametrize("given", OURS)
def test_people_get_back_to_our_own_pages(given: str) -> None:
    assert own_path(given) == given


@pytest.mark.requirement("people:redirects")
async def test_no_page_redirects_or_links_elsewhere(shop: Site) -> None:
    await person(shop.app)
    visit = Visit(shop.http)
    for given in ELSEWHERE[::3]:  # an address may try twenty times
        page = await visit.get(f"/login?next={quote(given, safe='')}")
        assert "evil" not in page.text
        visit.forget()
        answer = await visit.sign_in(back=given)
        assert answer.headers["location"] == HOME
        assert (await visit.get(f"/login?next={quote(given, safe='')}")).headers["location"] == HOME
        again = await visit.get(f"/login/again?next={quote(given, safe='')}")
        assert "evil" not in again.text
        visit.forget()


@pytest.mark.requirement("people:enumeration")
async def test_the_time_tells_nobody_who_exists(shop: Site) -> None:
    """Medians of interleaved tries, each account fresh, so that the machine's noise meets both alike."""
    people = shop.app.services.get(People)
    clock = Clock()
    clock.install(shop.app)
    await person(shop.app)
    taken: dict[str, list[float]] = {"ada@example.com": [], "nobody@example.com": []}
    for number in range(40):
        for login, times in taken.items():
            clock.forward(24 * 3600)
            start = time.thread_time() + _cpu(people)
            with pytest.raises(Refused):
                await people.authenticate(login, "wrong words altogether", f"198.51.100.{number}")
            times.append(time.thread_time() + _cpu(people) - start)
    known, unknown = (statistics.median(times) for times in taken.values())
    assert abs(known - unknown) / max(known, unknown) < 0.05, (known, unknown)


def _cpu(people: People) -> float:
    """CPU seconds of the thread that hashes: what the machine's other work does not change."""
    return people.hasher._one.submit(time.thread_time).result()  # pyright: ignore[reportPrivateUsage]


@pytest.mark.requirement("people:fixation")
async def test_a_cookie_from_before_is_worth_nothing_afterwards(shop: Site) -> None:
    await person(shop.app)
    await person(shop.app, login="mallory")
    visit = Visit(shop.http)
    await visit.sign_in("mallory")
    planted = visit.cookie
    await visit.sign_in()
    assert visit.cookie != planted
    visit.cookie = planted
    assert (await visit.get("/account")).status_code == 303
    visit.cookie = "chosen-by-somebody-else-0123456789-0123456789"
    await visit.sign_in()
    assert visit.cookie != "chosen-by-somebody-else-0123456789-0123456789"


@pytest.mark.requirement("people:headers")
async def test_no_page_is_framed_cached_or_scripted(shop: Site) -> None:
    await person(shop.app)
    visit = Visit(shop.http)
    pages = [await visit.get("/login"), await visit.sign_in(password="wrong words altogether")]
    await visit.sign_in()
    paths = ("/account", "/account/password", "/account/second-factor", "/approvals", "/login/again")
    pages += [await visit.get(path) for path in paths]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "form-action 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["cross-origin-opener-policy"] == "same-origin"
        assert page.headers["referrer-policy"] == "same-origin"
        assert page.headers["x-content-type-options"] == "nosniff"
        for forbidden in ("<script", "javascript:", " onclick", " onload", ' style="', "http://", "https://"):
            assert forbidden not in page.text.replace("http://www.w3.org/2000/svg", ""), (page.url, forbidden)


@pytest.mark.requirement("people:headers")
async def test_the_cookie_is_out_of_reach(tmp_path: Path) -> None:
    async with site(tmp_path, auth_mode="embedded", public_url="https://mcp.example.com") as shop:
        await person(shop.app)
        shop.http.headers["Host"] = "mcp.example.com"
        answer = await Visit(shop.http).sign_in()
        cookie = answer.headers["set-cookie"].lower()
        assert cookie.startswith("__host-dsk=")
        for part in ("; httponly", "; secure", "; samesite=lax", "; path=/"):
            assert part in cookie
        assert "domain" not in cookie


@pytest.mark.requirement("people:csrf")
async def test_every_form_needs_its_own_token(shop: Site) -> None:
    await person(shop.app)
    visit = Visit(shop.http)
    await visit.sign_in()
    wrong = field(await visit.get("/account"), action="/logout")
    forms = [
        "/account/password",
        "/account/second-factor",
        "/account/second-factor/remove",
        "/account/second-factor/codes",
        "/account/sessions/end",
        "/account/sessions/end-others",
        "/login/again",
    ]
    for path in forms:
        for token in ("", "x" * 64, wrong):
            answer = await visit.send(
                path, csrf=token, old=PASSWORD, new="x" * 20, repeated="x" * 20, password=PASSWORD
            )
            assert answer.status_code == 403, path
        assert (await visit.send(path)).status_code == 403


@pytest.mark.requirement("people:csrf")
@pytest.mark.parametrize("path", ["/login", "/logout", "/login/again", "/account/password", "/account/sessions/end"])
async def test_other_sites_send_no_form(shop: Site, path: str) -> None:
    await person(shop.app)
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        form = {"login": "ada@example.com", "password": PASSWORD}
        answer = await shop.http.post(path, data=form, headers=headers)
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


@pytest.mark.requirement("people:at-rest")
async def test_the_database_names_nobody_and_holds_nothing_that_lets_in(shop: Site, tmp_path: Path) -> None:
    clock = Clock()
    clock.install(shop.app)
    await person(shop.app, name="Ada Lovelace")
    visit = Visit(shop.http)
    shop.http.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
    await visit.sign_in(password="wrong words altogether")
    await visit.sign_in()
    await visit.set_up_second(clock)
    assert visit.app
    await shop.app.services.get(People).audit.close()
    told = ["ada@example", "Lovelace", "Firefox", PASSWORD, visit.cookie, visit.app.secret, *visit.codes]
    async with shop.app.services.get(Database).read() as conn:
        dump = "".join([str((await conn.execute(sa.select(table))).all()) for table in metadata.sorted_tables])
    dump += (tmp_path / "data" / "devskyy.db").read_bytes().decode("latin-1")
    assert [one for one in told if one.casefold() in dump.casefold()] == []
    assert "127.0.0.1" not in dump


@pytest.mark.requirement("people:bad-input")
@pytest.mark.parametrize("login", ["x" * 100_000, "\x00", "\ud800", "é" * 300, "' OR 1=1 --", ""])
async def test_odd_logins_get_the_ordinary_answer(shop: Site, login: str) -> None:
    await person(shop.app)
    body = f"login={quote(login, errors='surrogatepass')[:15000]}&password=x"
    answer = await shop.http.post(
        "/login", content=body.encode(), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code in {401, 422}


@pytest.mark.requirement("people:bad-input")
async def test_forms_that_are_none_are_refused(shop: Site) -> None:
    await person(shop.app)
    for content, kind, status in [
        (b"login=\xff\xfe", "application/x-www-form-urlencoded", 422),
        (b"a=b&" * 200, "application/x-www-form-urlencoded", 422),
        (b"x" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 415),
        (b"--x", "multipart/form-data; boundary=x", 415),
    ]:
        answer = await shop.http.post("/login", content=content, headers={"Content-Type": kind})
        assert answer.status_code == status, content[:20]
