"""wp/v2/media: uploads in one raw body or a form, with the refusals of the real one."""

from __future__ import annotations

import hashlib
import mimetypes
import re
import struct
from pathlib import PurePosixPath
from typing import Any, cast

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.auth import denied
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, Upload, links
from devskyy_tools.sandbox.nouns import lists
from devskyy_tools.sandbox.nouns.content import CURIES, raw
from devskyy_tools.sandbox.nouns.revisions import may_edit, shown_text
from devskyy_tools.sandbox.routing import Endpoint, Route, collection
from devskyy_tools.sandbox.store import Store, Where, unique_slug

BASE = "/wp/v2/media"
_EDIT: Json = {"src": {"type": "string", "format": "uri", "required": True}}
_PROCESS: Json = {"action": {"type": "string", "enum": ["create-image-subsizes"], "required": True}}
_TYPES = {
    **dict.fromkeys(("jpg", "jpeg"), "image/jpeg"), "png": "image/png", "gif": "image/gif", "webp": "image/webp",
    "avif": "image/avif", "heic": "image/heic", "mp4": "video/mp4", "webm": "video/webm", "mov": "video/quicktime",
    "mp3": "audio/mpeg", "wav": "audio/wav", "pdf": "application/pdf", "zip": "application/zip", "txt": "text/plain",
    "csv": "text/csv",
}  # fmt: skip
_MAGIC = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
    "application/pdf": b"%PDF",
    "application/zip": b"PK",
}
# name, width, height (0: any) and whether it is cropped; sub-sizes are served with the original's bytes
_SIZES = (
    ("thumbnail", 150, 150, True),
    ("medium", 300, 300, False),
    ("medium_large", 768, 0, False),
    ("large", 1024, 1024, False),
    ("woocommerce_thumbnail", 300, 300, True),
    ("woocommerce_gallery_thumbnail", 100, 100, True),
)
_CAMERA = ("aperture", "created_timestamp", "focal_length", "iso", "shutter_speed", "orientation")
_CAPTIONS = ("credit", "camera", "caption", "copyright", "title")
_FILENAME = re.compile(r'filename\s*=\s*"?([^";]+)"?', re.IGNORECASE)


def routes() -> list[Route]:
    out = collection(
        BASE, "attachment", items=items, item=item, create=create, update=update, delete=delete, nested=True
    )
    out.append(Route(f"{BASE}/{{id}}/edit", "attachment", {"POST": Endpoint(edit, _EDIT)}))
    out.append(Route(f"{BASE}/{{id}}/post-process", "attachment", {"POST": Endpoint(post_process, _PROCESS)}))
    return out


def items(call: Call) -> Reply:
    if call.edit and not call.user.can("upload_files"):
        message = "Sorry, you are not allowed to edit posts in this post type."
        raise denied(call, "rest_forbidden_context", message)
    where = Where("attachment")
    lists.common(call, where)
    if call["author"]:
        where.among("json_extract(body, '$.author')", call["author"])
    kinds: list[str] = call["media_type"] or []
    if kinds:
        likes = " OR ".join("json_extract(body, '$.mime_type') LIKE ?" for _ in kinds)
        where.add(f"({likes})", *(f"{kind}/%" for kind in kinds))
    if call["mime_type"]:
        where.among("json_extract(body, '$.mime_type')", call["mime_type"])
    lists.words(where, call["search"], ["name", "json_extract(body, '$.caption')", "json_extract(body, '$.file')"])
    return lists.page_of(call, where, show, strict=True)


def load(call: Call) -> Json:
    body = call.store.get("attachment", int(call["id"] or 0))
    if body is None:
        raise RestError("rest_post_invalid_id", "Invalid post ID.", 404)
    return body


def item(call: Call) -> Reply:
    body = load(call)
    if call.edit and not may_edit(call, body, "upload_files"):
        raise denied(call, "rest_forbidden_context", "Sorry, you are not allowed to edit this post.")
    return show(call, body)


def show(call: Call, body: Json) -> Reply:
    edit, source = call.edit, call.site.upload(body["file"])
    title = text.texturized(body["title"])
    data: Json = {
        "id": body["id"],
        "date": clock.local(body["created"]),
        "date_gmt": body["created"],
        "guid": shown_text(call, source, source),
        "modified": clock.local(body["modified"]),
        "modified_gmt": body["modified"],
        "slug": body["slug"],
        "status": "inherit",
        "type": "attachment",
        "link": call.site.page(f"{body['slug']}/"),
        "title": shown_text(call, body["title"], title),
        "author": body["author"],
        "featured_media": 0,
        "comment_status": body["comment_status"],
        "ping_status": body["ping_status"],
        "template": "",
        "meta": [],
    }
    if edit:
        data["permalink_template"] = call.site.page(f"?attachment_id={body['id']}")
        data["generated_slug"] = text.slugify(body["title"])
    data |= {
        "class_list": [f"post-{body['id']}", "attachment", "type-attachment", "status-inherit", "hentry"],
        "description": shown_text(call, body["description"], _description(body, source)),
        "caption": shown_text(call, body["caption"], text.paragraphs(text.texturized(body["caption"]))),
        "alt_text": body["alt_text"],
        "media_type": "image" if body["mime_type"].startswith("image/") else "file",
        "mime_type": body["mime_type"],
        "media_details": _details(body, source),
        "post": body["parent"] or None,
        "source_url": source,
    }
    if edit:
        data["missing_image_sizes"] = []
    site, own = call.site, f"{BASE}/{body['id']}"
    more: Json = {
        "about": [{"href": site.rest("/wp/v2/types/attachment")}],
        "author": [{"embeddable": True, "href": site.rest(f"/wp/v2/users/{body['author']}")}],
        "replies": [{"embeddable": True, "href": f"{site.rest('/wp/v2/comments')}?post={body['id']}"}],
    }
    if edit and call.user.can("unfiltered_html"):
        for action in ("unfiltered-html", "assign-author"):
            more[f"wp:action-{action}"] = [{"href": site.rest(own)}]
        more["curies"] = CURIES
    return Reply(data, links=links(call, own, BASE, **more))


def _description(body: Json, source: str) -> str:
    if body["mime_type"].startswith("image/"):
        size = f'loading="lazy" decoding="async" width="{body["width"] or 1}" height="{body["height"] or 1}"'
        shown = f'<img {size} src="{source}" class="attachment-medium size-medium" alt="" />'
        return f"<p class=\"attachment\"><a href='{source}'>{shown}</a></p>\n{text.paragraphs(body['description'])}"
    return f"<p class=\"attachment\"><a href='{source}'>{body['title']}</a></p>\n"


def _details(body: Json, source: str) -> Json:
    if not body["width"]:
        return {"filesize": body["filesize"], "sizes": {}}
    path, width, height = PurePosixPath(body["file"]), body["width"], body["height"]
    sizes: Json = {}
    for name, wide, high, crop in _SIZES:
        if width <= wide and (not high or height <= high):
            continue
        scale = min(wide / width, high / height if high else 1)
        w, h = (min(wide, width), min(high, height)) if crop else (round(width * scale), round(height * scale))
        file = f"{path.stem}-{w}x{h}{path.suffix}"
        sizes[name] = {
            "file": file,
            "width": w,
            "height": h,
            "filesize": body["filesize"],
            "mime_type": body["mime_type"],
        }
        if name == "woocommerce_thumbnail":
            sizes[name]["uncropped"] = False
        sizes[name]["source_url"] = f"{source.rpartition('/')[0]}/{file}"
    sizes["full"] = {
        "file": path.name, "width": width, "height": height, "mime_type": body["mime_type"], "source_url": source,
    }  # fmt: skip
    return {
        **({"parent_image": body["parent_image"]} if "parent_image" in body else {}),
        "width": width, "height": height, "file": body["file"], "filesize": body["filesize"], "sizes": sizes,
        "image_meta": {**dict.fromkeys(_CAMERA, "0"), **dict.fromkeys(_CAPTIONS, ""), "keywords": []},
    }  # fmt: skip


# --- writing ---------------------------------------------------------------------------------------------------------


def create(call: Call) -> Reply:
    if not call.user.can("upload_files"):
        raise denied(call, "rest_cannot_create", "Sorry, you are not allowed to upload media on this site.")
    upload = _upload(call)
    mime = _mime(upload)
    _check_hash(call, upload)
    body = _save(call, upload, mime)
    _apply(call, body)
    call.store.put("attachment", body)
    call.params["context"] = "edit"
    reply = show(call, body)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{BASE}/{body['id']}")
    return reply


def _upload(call: Call) -> Upload:
    if call.files:
        return call.files.get("file") or next(iter(call.files.values()))
    if not call.raw:
        raise RestError("rest_upload_no_data", "No data supplied.", 400)
    if not call.headers.get("content-type"):
        raise RestError("rest_upload_no_content_type", "No Content-Type supplied.", 400)
    disposition = call.headers.get("content-disposition")
    if not disposition:
        raise RestError("rest_upload_no_content_disposition", "No Content-Disposition supplied.", 400)
    found = _FILENAME.search(disposition)
    if not found:
        message = (
            "Invalid Content-Disposition supplied. Content-Disposition needs to be formatted as "
            '`attachment; filename="image.png"` or similar.'
        )
        raise RestError("rest_upload_invalid_disposition", message, 400)
    return Upload(found[1].strip(), call.raw, call.headers["content-type"])


def _mime(upload: Upload) -> str:
    """Return the type by the file's name; 3D files, SVG and what only pretends are refused, with a 500."""
    mime = _TYPES.get(PurePosixPath(upload.filename).suffix.lower().lstrip("."))
    if mime is None or not upload.content.startswith(_MAGIC.get(mime, b"")):
        message = "Sorry, you are not allowed to upload this file type."
        raise RestError("rest_upload_sideload_error", message, 500)
    return mime


def _check_hash(call: Call, upload: Upload) -> None:
    wanted = call.headers.get("content-md5")
    if wanted and hashlib.md5(upload.content, usedforsecurity=False).hexdigest() != wanted.strip():
        raise RestError("rest_upload_hash_mismatch", "Content hash did not match expected.", 412)


def _save(call: Call, upload: Upload, mime: str) -> Json:
    store, at = call.store, clock.now()
    path = _free_path(store, at, upload.filename)
    store.add_file(path, mimetypes.guess_type(path)[0] or mime, upload.content)
    title = PurePosixPath(upload.filename if call.files else path).stem
    width, height = dimensions(upload.content)
    return {
        "id": store.new_id("attachment"), "parent": 0, "status": "inherit", "type": "attachment", "slug": "",
        "title": title, "alt_text": "", "caption": "", "description": "", "author": call.user.id, "created": at,
        "modified": at, "file": path, "mime_type": mime, "width": width, "height": height,
        "filesize": len(upload.content), "comment_status": "open", "ping_status": "closed", "template": "",
    }  # fmt: skip


def _free_path(store: Store, at: str, filename: str) -> str:
    """Return a path in the month's folder; a taken name gets -1, then -2."""
    name = PurePosixPath(re.sub(r"[^\w.-]+", "-", PurePosixPath(filename.replace("\\", "/")).name).strip("-"))
    folder, number, path = f"{at[:4]}/{at[5:7]}", 0, f"{at[:4]}/{at[5:7]}/{name.name}"
    while store.file(path):
        number += 1
        path = f"{folder}/{name.stem}-{number}{name.suffix}"
    return path


def dimensions(content: bytes) -> tuple[int, int]:
    """Return width and height of a PNG, GIF or JPEG, else zeros."""
    if content.startswith(b"\x89PNG") and len(content) >= 24:
        return struct.unpack(">II", content[16:24])
    if content.startswith(b"GIF8") and len(content) >= 10:
        return struct.unpack("<HH", content[6:10])
    if content.startswith(b"\xff\xd8"):
        return _jpeg_size(content)
    return 0, 0


def _jpeg_size(content: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], struct.unpack(">H", content[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return 0, 0


def update(call: Call) -> Reply:
    body = load(call)
    if not may_edit(call, body, "upload_files"):
        raise denied(call, "rest_cannot_edit", "Sorry, you are not allowed to edit this post.")
    _apply(call, body)
    body["modified"] = clock.now()
    call.store.put("attachment", body)
    call.params["context"] = "edit"
    return show(call, body)


def _apply(call: Call, body: Json) -> None:
    sent: dict[str, Any] = {name: call[name] for name in call.sent if call[name] is not None}
    if "title" in sent:
        body["title"] = text.plain(raw(sent["title"]))
    for name in ("caption", "description"):
        if name in sent:
            body[name] = text.kses(raw(sent[name]))
    if "alt_text" in sent:
        body["alt_text"] = text.plain(sent["alt_text"])
    if "post" in sent:
        body["parent"] = int(sent["post"])
    if sent.get("slug") or not body["slug"]:
        wanted = text.slugify(str(sent.get("slug") or body["title"])) or str(body["id"])
        body["slug"] = unique_slug(call.store, "attachment", wanted, body["id"])


def delete(call: Call) -> Reply:
    body = load(call)
    if not may_edit(call, body, "upload_files"):
        raise denied(call, "rest_cannot_delete", "Sorry, you are not allowed to delete this post.")
    if not call["force"]:
        message = "The post does not support trashing. Set 'force=true' to delete."
        raise RestError("rest_trash_not_supported", message, 501)
    call.params["context"] = "edit"
    before = show(call, body).data
    call.store.remove_file(body["file"])
    call.store.delete("attachment", body["id"])
    return Reply({"deleted": True, "previous": before})


def edit(call: Call) -> Reply:
    """Rotate, flip or crop into a new file: sizes are those of the real one, the bytes stay the original's."""
    body = load(call)
    if not may_edit(call, body, "upload_files"):
        raise denied(call, "rest_cannot_edit_image", "Sorry, you are not allowed to edit this attachment.")
    if not body["width"] or call["src"] != call.site.upload(body["file"]):
        raise RestError("rest_unknown_attachment", "Unable to get meta information for file.", 404)
    if not call["modifiers"]:
        message = "The image was not edited. Edit the image before applying the changes."
        raise RestError("rest_image_not_edited", message, 400)
    width, height = body["width"], body["height"]
    for change in cast("list[Json]", call["modifiers"]):
        given: Json = change["args"]
        if change["type"] == "rotate" and given["angle"] % 180:
            width, height = height, width
        elif change["type"] == "crop":
            width, height = round(width * given["width"] / 100), round(height * given["height"] / 100)
    stored, path = call.store.file(body["file"]), PurePosixPath(body["file"])
    name = f"{re.sub(r'-edited(-[0-9]+)?$', '', path.stem)}-edited{path.suffix}"
    made = _save(call, Upload(name, stored[1] if stored else b"", body["mime_type"]), body["mime_type"])
    made |= {"width": width, "height": height} | {name: body[name] for name in ("alt_text", "caption", "description")}
    made |= {"title": body["title"], "parent_image": {"attachment_id": str(body["id"]), "file": body["file"]}}
    made["slug"] = unique_slug(call.store, "attachment", text.slugify(made["title"]) or str(made["id"]), made["id"])
    call.store.put("attachment", made)
    reply = show(call, made)
    reply.status, reply.headers["Location"] = 201, call.site.rest(f"{BASE}/{made['id']}")
    return reply


def post_process(call: Call) -> Reply:
    """Make the sizes that a picture lacks; here none ever does."""
    body = load(call)
    if not may_edit(call, body, "upload_files"):
        raise denied(call, "rest_cannot_edit", "Sorry, you are not allowed to edit this post.")
    call.params["context"] = "edit"
    return show(call, body)
