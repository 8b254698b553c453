"""Posts and pages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_tools.shop.collections import PAGES, POSTS
from devskyy_tools.shop.nouns import Noun, Search, optional

from .models import PageRow, Post, PostRow, WpPage

posts = Toolset("posts", timeout=20)
pages = Toolset("pages", timeout=20)

Status = Literal["draft", "publish", "pending", "private", "future"]
ListStatus = Literal["any", "draft", "publish", "pending", "private", "future", "trash"]
Title = Annotated[str, Field(min_length=1, max_length=300)]
Html = Annotated[str, Field(description="HTML or block markup.", max_length=400_000)]
Slug = Annotated[str, Field(max_length=200, pattern=r"^[a-z0-9-]*$")]
Date = Annotated[str, Field(description="Site time, 2026-12-24T18:00:00; status future publishes then.")]
Ids = Annotated[list[int], Field(max_length=100)]
MediaId = Annotated[int, Field(ge=0, description="Media id of the picture; 0 for none.")]

_WRITES: dict[str, Any] = {
    "title": Title,
    "content": Html,
    "excerpt": Html,
    "status": Status,
    "slug": Slug,
    "date": Date,
    "featured_media": MediaId,
}
_FILTERS: dict[str, Any] = {"search": (Search, ""), "status": (ListStatus, "any")}
_ROW_FIELDS = ("id", "title", "status", "slug", "date", "link")

Noun(
    posts,
    POSTS,
    "wp_posts",
    row=PostRow,
    full=Post,
    writes={**_WRITES, "categories": Ids, "tags": Ids},
    required=("title",),
    filters={**_FILTERS, "categories": (optional(Ids), None), "tags": (optional(Ids), None)},
    row_fields=_ROW_FIELDS,
    scope="content",
    more=True,
    core=frozenset({"list", "create", "update"}),
    says={
        "list": "List the blog's posts, newest first. Use it to find a post's id before a change.",
        "create": "Write a new post; a draft unless another status is given.",
    },
).declare()

Noun(
    pages,
    PAGES,
    "wp_pages",
    row=PageRow,
    full=WpPage,
    writes={**_WRITES, "parent": Annotated[int, Field(ge=0, description="Id of the page above; 0 for none.")]},
    required=("title",),
    filters=_FILTERS,
    row_fields=_ROW_FIELDS,
    scope="content",
    more=True,
    says={"create": "Make a new page; a draft unless another status is given."},
).declare()
