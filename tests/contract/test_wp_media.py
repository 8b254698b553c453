"""The media library: two ways to upload, what is refused, and how."""

from __future__ import annotations

import base64
import hashlib

import pytest

from tests.contract.client import Shop, ok, picture, refused, token

pytestmark = pytest.mark.requirement("contract:media")


async def test_raw_upload(wp: Shop) -> None:
    name = token()
    media = await wp.upload(picture(12, 9), f"{name}.png")
    assert (media["media_type"], media["mime_type"], media["slug"], media["status"]) == (
        "image",
        "image/png",
        name,
        "inherit",
    )
    assert (media["media_details"]["width"], media["media_details"]["height"]) == (12, 9)
    assert media["source_url"].startswith(f"{wp.access.url}/wp-content/uploads/")
    assert media["source_url"].endswith(f"/{name}.png")
    assert media["title"]["raw"] == name


async def test_the_file_is_served_as_it_was(wp: Shop) -> None:
    content = picture(5, 5)
    media = await wp.upload(content)
    served = await wp.http.get(media["source_url"], auth=None)
    assert (served.status_code, served.headers["content-type"], served.content) == (200, "image/png", content)


async def test_large_pictures_get_sizes(wp: Shop) -> None:
    sizes = (await wp.upload(picture(400, 400)))["media_details"]["sizes"]
    assert {"thumbnail", "medium", "full"} <= set(sizes)
    assert (sizes["thumbnail"]["width"], sizes["medium"]["width"], sizes["full"]["width"]) == (150, 300, 400)
    assert {"file", "width", "height", "mime_type", "source_url"} <= set(sizes["thumbnail"])


async def test_form_upload_with_texts(wp: Shop) -> None:
    files = {"file": (f"{token()}.png", picture(), "image/png")}
    data = {"title": "Coat", "alt_text": "A coat", "caption": "Seen from behind"}
    media = ok(await wp.http.post("wp/v2/media", files=files, data=data), 201)
    wp.remember("wp/v2/media", media["id"])
    assert (media["title"]["raw"], media["alt_text"], media["caption"]["raw"]) == ("Coat", "A coat", "Seen from behind")


async def test_upload_answers_with_its_address(wp: Shop) -> None:
    answer = await wp.send(picture(), f"{token()}.png", "image/png")
    assert answer.headers["location"] == f"{wp.access.url}/wp-json/wp/v2/media/{answer.json()['id']}"


async def test_raw_upload_needs_a_file_name(wp: Shop) -> None:
    refused(await wp.send(picture(), "", "image/png"), 400, "rest_upload_no_content_disposition")


async def test_disposition_without_a_file_name(wp: Shop) -> None:
    answer = await wp.send(picture(), "", "image/png", Content_Disposition="attachment")
    refused(answer, 400, "rest_upload_invalid_disposition")


async def test_upload_without_a_body(wp: Shop) -> None:
    refused(await wp.send(b"", "x.png", "image/png"), 400, "rest_upload_no_data")


async def test_md5_is_checked(wp: Shop) -> None:
    content = picture()
    digest = hashlib.md5(content).hexdigest()
    assert (await wp.upload(content, Content_MD5=digest))["id"]
    wrong = hashlib.md5(b"other").hexdigest()
    refused(await wp.send(content, "x.png", "image/png", Content_MD5=wrong), 412, "rest_upload_hash_mismatch")


async def test_md5_is_hexadecimal_not_base64(wp: Shop) -> None:
    digest = base64.b64encode(hashlib.md5(picture()).digest()).decode()
    answer = await wp.send(picture(), "x.png", "image/png", Content_MD5=digest)
    refused(answer, 412, "rest_upload_hash_mismatch")


@pytest.mark.parametrize(
    ("name", "mime", "content"),
    [
        ("x.glb", "model/gltf-binary", b"glTF\x02\x00\x00\x00\x0c\x00\x00\x00"),
        ("x.gltf", "model/gltf+json", b"{}"),
        ("x.usdz", "model/vnd.usdz+zip", b"PK\x03\x04"),
        ("x.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("x.php", "application/x-php", b"<?php"),
        ("x.png", "image/png", b"no picture at all"),
    ],
)
async def test_refused_files_are_a_500(wp: Shop, name: str, mime: str, content: bytes) -> None:
    error = refused(await wp.send(content, name, mime), 500, "rest_upload_sideload_error")
    assert error["data"] == {"status": 500}


async def test_same_file_twice_is_two_objects(wp: Shop) -> None:
    name, content = token(), picture()
    one, two = await wp.upload(content, f"{name}.png"), await wp.upload(content, f"{name}.png")
    assert one["id"] != two["id"]
    assert two["source_url"].endswith(f"/{name}-1.png")
    assert two["slug"] == f"{name}-1"


async def test_texts_can_be_changed(wp: Shop) -> None:
    path = f"wp/v2/media/{(await wp.upload())['id']}"
    changed = await wp.change(path, alt_text="A <b>coat</b>", title="Coat", caption="Cap", description="Desc")
    assert (changed["alt_text"], changed["title"]["raw"], changed["caption"]["raw"]) == ("A coat", "Coat", "Cap")
    assert changed["description"]["raw"] == "Desc"


async def test_no_bin_for_media(wp: Shop) -> None:
    media = await wp.upload()
    path = f"wp/v2/media/{media['id']}"
    refused(await wp.delete(path), 501, "rest_trash_not_supported")
    assert ok(await wp.delete(path, force="true"))["deleted"] is True
    assert (await wp.http.get(media["source_url"], auth=None)).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"), [("media_type=image", 1), ("media_type=video", 0), ("mime_type=image/png", 1)]
)
async def test_filters(wp: Shop, query: str, found: int) -> None:
    name = token()
    await wp.upload(name=f"{name}.png")
    assert len(await wp.read(f"wp/v2/media?search={name}&{query}")) == found


async def test_subscriber_may_not_upload(wp: Shop) -> None:
    files = {"file": ("x.png", picture(), "image/png")}
    answer = await wp.http.post("wp/v2/media", files=files, auth=await wp.user("subscriber"))
    refused(answer, 403, "rest_cannot_create")


async def test_attached_to_a_post(wp: Shop) -> None:
    post = await wp.make("wp/v2/posts", title="Look")
    path = f"wp/v2/media/{(await wp.upload())['id']}"
    assert (await wp.change(path, post=post["id"]))["post"] == post["id"]
    assert len(await wp.read("wp/v2/media", parent=post["id"])) == 1


async def test_edit_of_a_picture_needs_its_url(wp: Shop) -> None:
    media = await wp.upload()
    error = refused(await wp.post(f"wp/v2/media/{media['id']}/edit", {}), 400, "rest_missing_callback_param")
    assert error["data"]["params"] == ["src"]
