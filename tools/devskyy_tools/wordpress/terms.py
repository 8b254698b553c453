"""Categories and tags of posts."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_tools.shop.collections import CATEGORIES, TAGS
from devskyy_tools.shop.nouns import Noun, Search

from .content import Slug
from .models import Category, Tag

categories = Toolset("categories", timeout=20)
tags = Toolset("tags", timeout=20)

Name = Annotated[str, Field(min_length=1, max_length=200)]
Description = Annotated[str, Field(max_length=20_000)]

_WRITES: dict[str, Any] = {"name": Name, "slug": Slug, "description": Description}
_ROW = ("id", "name", "slug", "count", "parent")

Noun(
    categories,
    CATEGORIES,
    "wp_categories",
    row=Category,
    full=Category,
    writes={**_WRITES, "parent": Annotated[int, Field(ge=0, description="Id of the category above; 0 for none.")]},
    required=("name",),
    filters={"search": (Search, "")},
    row_fields=_ROW,
    scope="content",
).declare("list", "create", "update", "delete")

Noun(
    tags,
    TAGS,
    "wp_tags",
    row=Tag,
    full=Tag,
    writes=_WRITES,
    required=("name",),
    filters={"search": (Search, "")},
    row_fields=_ROW[:4],
    scope="content",
).declare("list", "create", "update", "delete")
