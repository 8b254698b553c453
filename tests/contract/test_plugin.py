"""DevSkyy's own plugin: the demo shop answers its routes as the plugin does in a real WordPress."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from devskyy_mcp.experiments.assignment import Assigner
from tests.contract.client import Shop, ok, refused, token
from tests.fakes.models3d import glb, picture, textured, usdz

pytestmark = pytest.mark.requirement("plugin:contract")
REDIRECTS = "devskyy/v1/redirects"
SEO: dict[str, Any] = {
    "title": "Coats & capes",
    "description": 'By hand, "slowly".',
    "canonical": "https://example.com/coats?a=1&b=2",
    "noindex": True,
}
EMPTY = {"title": "", "description": "", "canonical": "", "noindex": False, "kept_by": "devskyy"}


def page(shop: Shop, path: str) -> Any:
    return shop.http.get(f"{shop.access.url}{path}", auth=None, follow_redirects=False)


async def test_the_index_names_it(companion: Shop, wp: Shop) -> None:
    assert "devskyy/v1" in (await companion.read(""))["namespaces"]
    if wp.access.name in ("sandbox", "wordpress"):
        assert "devskyy/v1" not in (await wp.read(""))["namespaces"]
        refused(await wp.get(REDIRECTS), 404, "rest_no_route")


async def test_a_redirect_from_its_making_to_its_end(companion: Shop) -> None:
    source = f"/{token()}"
    made = await companion.make(REDIRECTS, source=f"{source}/", target="/new/", code=302)
    assert made == {"id": made["id"], "source": source, "target": "/new/", "code": 302, "status": "active"}
    at = f"{REDIRECTS}/{made['id']}"
    assert await companion.read(at) == made
    sent = await page(companion, f"{source}/?utm=a")
    assert (sent.status_code, sent.headers["location"]) == (302, f"{companion.access.url}/new/?utm=a")
    assert (await companion.change(at, target="/newer", code=301)) == {**made, "target": "/newer", "code": 301}
    assert ok(await companion.delete(at))["status"] == "trash"
    assert (await page(companion, source)).status_code == 404
    refused(await companion.delete(at), 410, "rest_already_trashed")
    assert (await companion.change(at, status="active"))["status"] == "active"
    gone = ok(await companion.delete(at, force="true"))
    assert (gone["deleted"], gone["previous"]["source"]) == (True, source)
    refused(await companion.get(at), 404, "devskyy_redirect_invalid_id")


async def test_lists_by_pages_and_filters(companion: Shop) -> None:
    word = token()
    made = [await companion.make(REDIRECTS, source=f"/{word}-{number}", target="/x") for number in range(3)]
    answer = await companion.get(REDIRECTS, search=word, per_page=2)
    assert (answer.headers["x-wp-total"], answer.headers["x-wp-totalpages"]) == ("3", "2")
    assert answer.json() == made[:2]
    assert await companion.read(REDIRECTS, search=word, per_page=2, page=2) == made[2:]
    assert await companion.read(REDIRECTS, search=word, page=9) == []
    assert await companion.read(REDIRECTS, source=f"/{word}-1/") == made[1:2]
    assert await companion.read(REDIRECTS, include=[made[0]["id"]]) == made[:1]
    assert await companion.read(REDIRECTS, search=word, status="trash") == []
    assert await companion.read(REDIRECTS, search=word, _fields="id") == [{"id": one["id"]} for one in made]
    refused(await companion.get(REDIRECTS, status="gone"), 400, "rest_invalid_param")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"source": "", "target": "/x"}, "devskyy_redirect_invalid_source"),
        ({"source": "/", "target": "/x"}, "devskyy_redirect_invalid_source"),
        ({"source": "old", "target": "/x"}, "devskyy_redirect_invalid_source"),
        ({"source": "//evil.example", "target": "/x"}, "devskyy_redirect_invalid_source"),
        ({"source": "/wp-admin/users.php", "target": "/x"}, "devskyy_redirect_invalid_source"),
        ({"source": "/a?b=c", "target": "/x"}, "devskyy_redirect_invalid_source"),
        ({"source": "/old", "target": "https://evil.example/"}, "devskyy_redirect_invalid_target"),
        ({"source": "/old", "target": "//evil.example/"}, "devskyy_redirect_invalid_target"),
        ({"source": "/old", "target": "/\\evil.example"}, "devskyy_redirect_invalid_target"),
        ({"source": "/old", "target": "javascript:alert(1)"}, "devskyy_redirect_invalid_target"),
        ({"source": "/old", "target": ""}, "devskyy_redirect_invalid_target"),
        ({"source": "/old", "target": "/old/"}, "devskyy_redirect_loop"),
        ({"source": "/old", "target": "/x", "code": 307}, "rest_invalid_param"),
        ({"source": "/old", "target": "/" + "x" * 1000}, "rest_invalid_param"),
        ({"source": "/old"}, "rest_missing_callback_param"),
    ],
)
async def test_refuses_a_redirect(companion: Shop, body: dict[str, Any], code: str) -> None:
    refused(await companion.post(REDIRECTS, body), 400, code)


async def test_no_circle_and_no_twin(companion: Shop) -> None:
    one, two, three = (f"/{token()}" for _ in range(3))
    first = await companion.make(REDIRECTS, source=one, target=two)
    await companion.make(REDIRECTS, source=two, target=three)
    refused(await companion.post(REDIRECTS, {"source": three, "target": one}), 400, "devskyy_redirect_loop")
    twin = refused(await companion.post(REDIRECTS, {"source": one, "target": "/x"}), 409, "devskyy_redirect_exists")
    assert twin["data"]["resource_id"] == first["id"]
    turned = await companion.change(f"{REDIRECTS}/{first['id']}", source=two + "-x", target=one)
    assert (turned["source"], turned["target"]) == (two + "-x", one)
    await companion.change(f"{REDIRECTS}/{first['id']}", source=one, target=two)
    assert (await page(companion, one)).headers["location"] == f"{companion.access.url}{three}"


@pytest.mark.parametrize(
    ("noun", "body"), [("posts", {"title": "x"}), ("pages", {"title": "x"}), ("categories", {}), ("tags", {})]
)
async def test_seo_fields(companion: Shop, noun: str, body: dict[str, Any]) -> None:
    made = await companion.make(f"wp/v2/{noun}", **(body or {"name": token()}))
    assert made["devskyy_seo"] == EMPTY
    at = f"wp/v2/{noun}/{made['id']}"
    assert (await companion.change(at, devskyy_seo=SEO))["devskyy_seo"] == {**SEO, "kept_by": "devskyy"}
    assert (await companion.read(at, context="edit"))["devskyy_seo"] == {**SEO, "kept_by": "devskyy"}
    changed = await companion.change(at, devskyy_seo={"title": "", "noindex": False})
    assert changed["devskyy_seo"] == {**SEO, "title": "", "noindex": False, "kept_by": "devskyy"}
    assert await companion.read(at, _fields="devskyy_seo.canonical") == {"devskyy_seo": {"canonical": SEO["canonical"]}}


@pytest.mark.parametrize(
    "wrong", [{"canonical": "javascript:alert(1)"}, {"noindex": "perhaps"}, {"title": "x" * 301}, {"titel": "x"}]
)
async def test_refuses_wrong_seo_fields(companion: Shop, wrong: dict[str, Any]) -> None:
    made = await companion.make("wp/v2/posts", title="x")
    answer = await companion.put(f"wp/v2/posts/{made['id']}", {"devskyy_seo": wrong})
    refused(answer, 400, "rest_invalid_param")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [("x.glb", glb(), "model/gltf-binary"), ("x.usdz", usdz(), "model/vnd.usdz+zip")],
)
async def test_takes_3d_files(companion: Shop, name: str, content: bytes, kind: str) -> None:
    made = await companion.upload(content, f"{token()}-{name}", kind)
    assert (made["mime_type"], made["media_type"]) == (kind, "file")
    assert (await companion.http.get(made["source_url"], auth=None)).content == content


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.glb", b"<?php"), ("x.glb", usdz()), ("x.glb", glb() + b"x"), ("x.usdz", glb()), ("x.usdz", usdz(method=8)),
     ("x.usdz", usdz("index.php")), ("x.php", glb()), ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")],
)  # fmt: skip
async def test_refuses_what_only_has_the_name(companion: Shop, name: str, content: bytes) -> None:
    answer = await companion.send(content, name, "model/gltf-binary")
    refused(answer, 500, "rest_upload_sideload_error")


NO_MODEL: dict[str, Any] = {
    "glb": "",
    "usdz": "",
    "poster": "",
    "alt": "",
    "kind": "",
    "sha256": "",
    "width": 0,
    "height": 0,
    "depth": 0,
    "ar": False,
    "urls": {"glb": "", "usdz": "", "poster": ""},
    "bytes": 0,
    "json_ld": None,
}


async def model_files(companion: Shop) -> dict[str, int]:
    word = token()
    files = {
        "glb": (textured(), f"{word}.glb", "model/gltf-binary"),
        "usdz": (usdz(), f"{word}.usdz", "model/vnd.usdz+zip"),
        "poster": (picture(32).content, f"{word}.png", "image/png"),
    }
    return {name: (await companion.upload(*file))["id"] for name, file in files.items()}


async def posts_and_products(companion: Shop) -> list[int]:
    post = (await companion.make("wp/v2/posts", title="Box & more", status="publish"))["id"]
    return [post, (await companion.product(name="Box & more"))["id"]] if companion.access.consumer_key else [post]


async def test_a_model_from_its_coming_to_its_going(companion: Shop) -> None:
    files = await model_files(companion)
    for one in await posts_and_products(companion):
        at = f"devskyy/v1/models/{one}"
        assert await companion.read(at) == {"id": one, **NO_MODEL}
        body = {**files, "alt": "A  <b>box</b>", "kind": "generated", "ar": True, "width": 0.3, "height": 2, "depth": 0}
        shown = await companion.change(at, **body)
        assert {name: shown[name] for name in body} == {**body, "alt": "A box"}
        assert (shown["bytes"], set(shown["json_ld"])) == (
            len(textured()), {"@type", "name", "description", "thumbnailUrl", "encoding"}
        )  # fmt: skip
        assert shown["json_ld"]["encoding"][0] == {
            "@type": "MediaObject", "contentUrl": shown["urls"]["glb"], "encodingFormat": "model/gltf-binary",
        }  # fmt: skip
        assert await companion.read(at) == shown
        relief = await companion.change(at, kind="relief", ar=False, alt="", usdz="")
        assert (relief["kind"], relief["json_ld"], relief["alt"], relief["usdz"]) == ("relief", None, "", "")
        refused(await companion.put(at, {"ar": True}), 400, "devskyy_model_invalid")
        assert await companion.change(at, glb="") == {"id": one, **NO_MODEL}
        await companion.change(at, **body)
        assert ok(await companion.delete(at)) == {"id": one, **NO_MODEL}


async def test_products_tell_of_their_model_in_meta(companion: Shop) -> None:
    if not companion.access.consumer_key:
        pytest.skip("no WooCommerce here")
    files, product = await model_files(companion), await companion.product()
    at = f"wc/v3/products/{product['id']}"
    await companion.change(f"devskyy/v1/models/{product['id']}", **files, kind="generated", ar=True, width=0.5)
    kept = {one["key"]: one["value"] for one in (await companion.read(at))["meta_data"]}
    assert {key: kept[f"_devskyy_model_{key}"] for key in ("glb", "kind", "ar", "width")} == {
        "glb": str(files["glb"]), "kind": "generated", "ar": "1", "width": "0.5",
    }  # fmt: skip
    url = "https://models.example/a.glb"
    await companion.change(at, meta_data=[{"key": "_devskyy_model_glb", "value": url}])
    assert (await companion.read(f"devskyy/v1/models/{product['id']}"))["urls"]["glb"] == url
    cleared = [{"key": key, "value": None} for key in kept]
    assert (await companion.change(at, meta_data=cleared))["meta_data"] == []
    assert (await companion.read(f"devskyy/v1/models/{product['id']}"))["glb"] == ""


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"glb": "javascript:alert(1)"}, "devskyy_model_invalid"),
        ({"glb": 99999999}, "devskyy_model_invalid"),
        ({"kind": ""}, "devskyy_model_invalid"),
        ({"kind": "scan"}, "rest_invalid_param"),
        ({"width": -1}, "rest_invalid_param"),
        ({"sha256": "abc"}, "rest_invalid_param"),
    ],
)
async def test_refuses_what_is_no_model(companion: Shop, wrong: dict[str, Any], code: str) -> None:
    made = await companion.make("wp/v2/posts", title="x")
    answer = await companion.put(
        f"devskyy/v1/models/{made['id']}", {"glb": "https://models.example/a.glb", "kind": "generated", **wrong}
    )
    refused(answer, 400, code)


async def test_models_are_for_who_may_edit_the_post(companion: Shop) -> None:
    made = await companion.make("wp/v2/posts", title="x")
    at = f"devskyy/v1/models/{made['id']}"
    login = await companion.user("author")
    refused(await companion.http.get(at, auth=httpx2.BasicAuth(*login)), 403, "rest_cannot_edit")
    refused(await companion.anonymous("PUT", at, {"glb": ""}), 401, "rest_cannot_edit")
    refused(await companion.get("devskyy/v1/models/99999999"), 404, "rest_post_invalid_id")


async def exposed(companion: Shop, test: str, unit: str, **headers: str) -> httpx2.Response:
    """As a page's beacon does: without a login, as a form."""
    data = {"test": test, "unit": unit}
    return await companion.http.request("POST", "devskyy/v1/exposures", data=data, headers=headers, auth=None)


async def test_a_test_of_variants(companion: Shop) -> None:
    key, post = token(), await companion.make("wp/v2/posts", title="x")
    variants = [{"key": "a", "weight": 1}, {"key": "b", "weight": 3, "content": "Other <b>name</b>"}]
    body = {"key": key, "place": "name", "product_ids": [post["id"], post["id"]], "variants": variants}
    made = ok(await companion.post("devskyy/v1/tests", body), 201)
    none = {"shown": 0, "add_to_cart": 0, "order": 0, "refund": 0, "revenue": 0, "revenue_squares": 0}
    kept = [{"content": "", **variants[0], **none}, {**variants[1], "content": "Other name", **none}]
    assert made == {
        "key": key, "salt": key, "place": "name", "product_ids": [post["id"]], "live": True, "layer": "",
        "slice": [0, 10_000], "variants": kept,
    }  # fmt: skip
    at = f"devskyy/v1/tests/{key}"
    refused(await companion.post("devskyy/v1/tests", {**body, "key": token()}), 409, "devskyy_test_collides")
    plain = [{name: one[name] for name in ("key", "weight", "content")} for one in kept]
    assert {**made, "variants": plain} in await companion.read("devskyy/v1/tests")
    refused(await companion.post("devskyy/v1/tests", body), 409, "devskyy_test_exists")
    units = [f"{number:032x}" for number in range(12)]
    for unit, status in ((units[0], 204), *((unit, 204) for unit in units), ("c", 400), ("", 400)):
        assert (await exposed(companion, key, unit)).status_code == status
    assert (await exposed(companion, "none", units[0])).status_code == 404
    far = await exposed(companion, key, units[0], **{"Sec-Fetch-Site": "cross-site"})
    refused(far, 403, "rest_forbidden")
    assign = Assigner(key, ["a", "b"], [2500, 7500])
    wanted = [[assign(unit) for unit in units].count(variant) for variant in ("a", "b")]
    assert [one["shown"] for one in (await companion.read(at))["variants"]] == wanted
    refused(await companion.anonymous("GET", at), 401, "rest_forbidden")
    assert (await companion.change(at, live=False))["live"] is False
    again = await companion.http.request("PUT", at, json={"live": True})
    refused(again, 409, "devskyy_test_ended")
    late = await exposed(companion, key, units[0])
    refused(late, 404, "devskyy_test_invalid_key")
    assert ok(await companion.delete(at))["previous"]["variants"][1]["shown"] == wanted[1]
    refused(await companion.get(at), 404, "devskyy_test_invalid_key")
    salted = ok(await companion.post("devskyy/v1/tests", {**body, "salt": "other"}), 201)
    assert (salted["salt"], sum(one["shown"] for one in salted["variants"])) == ("other", 0)
    ok(await companion.delete(at))
    await two_in_a_layer(companion, body)
    wrong = {**body, "variants": [variants[0], variants[0]]}
    refused(await companion.post("devskyy/v1/tests", wrong), 400, "devskyy_test_invalid_variants")
    refused(await companion.post("devskyy/v1/tests", {**body, "key": "Big"}), 400, "rest_invalid_param")


async def two_in_a_layer(companion: Shop, body: dict[str, Any]) -> None:
    """Each has visitors of its own; what is no slice is refused."""
    names = (token(), token())
    for wrong in ({"slice": [0, 10]}, {"layer": "page", "slice": [9, 9]}):
        refused(await companion.post("devskyy/v1/tests", {**body, **wrong}), 400, "devskyy_test_invalid_slice")
    for name, part in zip(names, ([0, 5000], [5000, 10_000]), strict=True):
        ok(await companion.post("devskyy/v1/tests", {**body, "key": name, "layer": "page", "slice": part}), 201)
    for number in range(6):
        got = [(await exposed(companion, name, f"{number:032x}")).status_code for name in names]
        assert sorted(got) == [204, 404]
    for name in names:
        ok(await companion.delete(f"devskyy/v1/tests/{name}"))


async def test_exports_and_erases(companion: Shop) -> None:
    email = f"{token()}@example.com"
    post = await companion.make("wp/v2/posts", title="talk", status="publish")
    said = {"post": post["id"], "author_name": "Ada", "author_email": email, "content": f"Words {token()}."}
    comment = await companion.make("wp/v2/comments", **said)
    found = await companion.read("devskyy/v1/privacy/export", email=email)
    assert (found["next"], [group["group"] for group in found["groups"]]) == ("", ["comments"])
    (item,) = found["groups"][0]["items"]
    assert {"name": "Comment Author", "value": "Ada"} in item
    done = ok(await companion.post("devskyy/v1/privacy/erase", {"email": email}))
    kept = ["Customer download permissions have been retained."] if companion.access.consumer_key else []
    assert done == {"removed": True, "retained": bool(kept), "messages": kept, "complete": True, "next": ""}
    assert (await companion.read("devskyy/v1/privacy/export", email=email))["groups"] == []
    left = await companion.read(f"wp/v2/comments/{comment['id']}", context="edit")
    assert (left["author_email"], left["author_name"]) == ("", "Anonymous")
    for wrong in ("", "ada"):
        refused(await companion.post("devskyy/v1/privacy/erase", {"email": wrong}), 400, "rest_invalid_param")


@pytest.mark.parametrize(("role", "redirects", "privacy"), [("editor", 200, 403), ("author", 403, 403)])
async def test_what_roles_may(companion: Shop, role: str, redirects: int, privacy: int) -> None:
    login = await companion.user(role)
    asked = {"email": "ada@example.com"}

    async def status(method: str, path: str, **more: Any) -> int:
        return (await companion.http.request(method, path, auth=httpx2.BasicAuth(*login), **more)).status_code

    assert await status("GET", REDIRECTS) == redirects
    assert await status("GET", "devskyy/v1/privacy/export", params=asked) == privacy
    assert await status("POST", "devskyy/v1/privacy/erase", json=asked) == privacy
    assert (await companion.anonymous("GET", REDIRECTS)).status_code == 401
    assert (await companion.anonymous("POST", "devskyy/v1/privacy/erase", asked)).status_code == 401
