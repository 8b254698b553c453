"""Models on products, in a real WordPress: what is kept of them, what visitors get, what search engines are told."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import httpx2
import pytest

from tests.fakes.models3d import picture, textured, usdz
from tests.wordpress.bed import Bed
from tests.wordpress.test_plugin import DEBIAN, as_role, upload

pytestmark = [DEBIAN, pytest.mark.requirement("plugin:models")]
EMPTY: dict[str, Any] = {
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
SIZES = {"width": 0.5, "height": 0.7, "depth": 0.1}


@pytest.fixture(scope="module")
def files(bed: Bed) -> dict[str, int]:
    """A model's three files in the media library, by field."""
    with httpx2.Client(base_url=f"{bed.url}/wp-json/", auth=(bed.user, bed.app_password), timeout=60) as rest:
        contents = {
            "glb": ("box.glb", textured()),
            "usdz": ("box.usdz", usdz()),
            "poster": ("box.png", picture(256).content),
        }
        return {field: upload(rest, *file).json()["id"] for field, file in contents.items()}


def post(rest: httpx2.Client, title: str, content: str = "[devskyy_model]", status: str = "publish") -> dict[str, Any]:
    return rest.post("wp/v2/posts", json={"title": title, "status": status, "content": content}).json()


def seen(made: dict[str, Any]) -> str:
    """The post's page, as a visitor gets it."""
    answer = httpx2.get(made["link"], timeout=60)
    assert answer.status_code == 200
    return answer.text


def attach(rest: httpx2.Client, at: int, body: dict[str, Any]) -> dict[str, Any]:
    answer = rest.put(f"devskyy/v1/models/{at}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_comes_back_as_it_was_sent_and_goes_without_a_trace(
    bed: Bed, rest: httpx2.Client, files: dict[str, int]
) -> None:
    made = post(rest, "round")
    at = f"devskyy/v1/models/{made['id']}"
    assert rest.get(at).json() == {"id": made["id"], **EMPTY}
    body = {**files, "alt": 'A "red" box', "kind": "generated", "ar": True, "sha256": "a" * 64, **SIZES}
    shown = attach(rest, made["id"], body)
    assert {name: shown[name] for name in body} == body
    assert rest.get(at).json() == shown
    assert shown["bytes"] == len(textured())
    assert httpx2.get(shown["urls"]["glb"]).content == textured()
    assert attach(rest, made["id"], {"alt": "Other"}) == {
        **shown, "alt": "Other", "json_ld": {**shown["json_ld"], "description": "Other"}
    }  # fmt: skip
    assert attach(rest, made["id"], {"glb": ""}) == {"id": made["id"], **EMPTY}
    attach(rest, made["id"], body)
    assert rest.delete(at).json() == {"id": made["id"], **EMPTY}
    assert "devskyy-model" not in seen(made)


@pytest.mark.parametrize("content", ["[devskyy_model]", "<!-- wp:devskyy/model-viewer /-->"])
def test_block_and_shortcode_show_the_poster_first(
    bed: Bed, rest: httpx2.Client, files: dict[str, int], content: str
) -> None:
    made = post(rest, f"shows {len(content)}", content)
    shown = attach(rest, made["id"], {**files, "alt": 'A "red" <box>', "kind": "generated", "ar": True, **SIZES})
    text = seen(made)
    (viewer,) = re.findall(r"<model-viewer.*?</model-viewer>", text)
    marks = dict(re.findall(r' ([\w-]+)="([^"]*)"', viewer.split(">", 1)[0]))
    assert (marks["src"], marks["ios-src"]) == (shown["urls"]["glb"], shown["urls"]["usdz"])
    assert (html.unescape(marks["alt"]), marks["loading"]) == ('A "red"', "lazy")
    assert f'<img slot="poster" src="{shown["urls"]["poster"]}"' in viewer
    assert " ar " in viewer
    assert "/devskyy/assets/viewer.js" in text
    assert "model-viewer.min.js" not in text, "it is loaded when the model comes into view"
    assert {re.sub(r"^(https?://[^/]+).*", r"\1", one) for one in re.findall(r'(?:src|href)="(http[^"]+)"', text)} <= {
        bed.url, "https://wordpress.org"
    }  # fmt: skip


def test_search_engines_are_told_of_models_and_not_of_reliefs(
    bed: Bed, rest: httpx2.Client, files: dict[str, int]
) -> None:
    made = post(rest, "told <b>bold</b>", "Text.")
    body = {**files, "alt": "</script><b>x</b> A box", "kind": "reconstruction"}
    shown = attach(rest, made["id"], body)
    text = seen(made)
    (told,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text)
    assert json.loads(told) == {"@context": "https://schema.org/", **shown["json_ld"]}
    assert shown["json_ld"]["@type"] == "3DModel"
    assert [one["contentUrl"] for one in shown["json_ld"]["encoding"]] == [shown["urls"]["glb"], shown["urls"]["usdz"]]
    assert attach(rest, made["id"], {"kind": "relief"})["json_ld"] is None
    assert "3DModel" not in seen(made)


def test_a_relief_says_so_and_stays_out_of_rooms(bed: Bed, rest: httpx2.Client, files: dict[str, int]) -> None:
    made = post(rest, "relief")
    attach(rest, made["id"], {**files, "kind": "relief"})
    text = seen(made)
    viewer = text[text.index("<model-viewer") :].split("</div>")[0]
    assert "its depth, and what they do not show, are made up" in viewer
    assert " ar" not in viewer.split(">", 1)[0]
    assert "ios-src" not in viewer
    refused = rest.put(f"devskyy/v1/models/{made['id']}", json={"ar": True})
    assert (refused.status_code, refused.json()["code"]) == (400, "devskyy_model_invalid")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"glb": "javascript:alert(1)"}, "devskyy_model_invalid"),
        ({"glb": 'https://example.com/"onload=x'}, "devskyy_model_invalid"),
        ({"glb": 999999}, "devskyy_model_invalid"),
        ({"poster": "glb"}, "devskyy_model_invalid"),
        ({"usdz": "glb"}, "devskyy_model_invalid"),
        ({"kind": ""}, "devskyy_model_invalid"),
        ({"kind": "scan"}, "rest_invalid_param"),
        ({"width": -1}, "rest_invalid_param"),
        ({"sha256": "abc"}, "rest_invalid_param"),
        ({"glb": ["x"]}, "rest_invalid_param"),
    ],
)
def test_refuses_what_is_no_model(rest: httpx2.Client, files: dict[str, int], wrong: dict[str, Any], code: str) -> None:
    made = post(rest, "wrong")
    body = {**files, "kind": "generated", **wrong}
    body |= {name: files["glb"] for name, value in body.items() if value == "glb"}
    answer = rest.put(f"devskyy/v1/models/{made['id']}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.text
    assert rest.get(f"devskyy/v1/models/{made['id']}").json()["glb"] == ""


def test_shows_a_model_that_is_kept_elsewhere(bed: Bed, rest: httpx2.Client) -> None:
    made = post(rest, "elsewhere")
    url = "https://models.example/assets/ast_1/coat.glb"
    assert attach(rest, made["id"], {"glb": url, "kind": "generated"})["urls"]["glb"] == url
    assert f'src="{url}"' in seen(made)


def test_only_who_may_edit_the_post_sees_and_sets_its_model(
    bed: Bed, rest: httpx2.Client, files: dict[str, int]
) -> None:
    made = post(rest, "mine")
    url = f"{bed.url}/wp-json/devskyy/v1/models/{made['id']}"
    for login, status in ((as_role(bed, "author"), 403), (as_role(bed, "subscriber"), 403), (None, 401)):
        assert httpx2.get(url, auth=login, timeout=60).status_code == status
        assert httpx2.put(url, json={**files, "kind": "relief"}, auth=login, timeout=60).status_code == status
        assert httpx2.delete(url, auth=login, timeout=60).status_code == status
    for none in (999999, files["glb"]):
        assert rest.get(f"devskyy/v1/models/{none}").json()["code"] == "rest_post_invalid_id"


def test_a_draft_s_model_is_not_shown_to_visitors(bed: Bed, rest: httpx2.Client, files: dict[str, int]) -> None:
    hidden = post(rest, "hidden", status="draft")
    attach(rest, hidden["id"], {**files, "kind": "generated"})
    window = post(rest, "window", f'[devskyy_model id="{hidden["id"]}"]')
    assert "<model-viewer" not in seen(window)
    rest.put(f"wp/v2/posts/{hidden['id']}", json={"status": "publish"})
    assert "<model-viewer" in seen(window)


def test_the_place_on_product_pages_is_a_setting(rest: httpx2.Client) -> None:
    assert rest.get("wp/v2/settings").json()["devskyy_model_place"] == "tab"
    assert (
        rest.put("wp/v2/settings", json={"devskyy_model_place": "summary"}).json()["devskyy_model_place"] == "summary"
    )
    assert rest.put("wp/v2/settings", json={"devskyy_model_place": "roof"}).status_code == 400
    assert rest.put("wp/v2/settings", json={"devskyy_model_place": "tab"}).status_code == 200
