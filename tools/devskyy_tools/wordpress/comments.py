"""Comments on posts and pages: what visitors wrote, and the brand's answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_tools.shop.collections import COMMENTS
from devskyy_tools.shop.nouns import Id, Noun, Search, optional

from .models import CommentRow

comments = Toolset("comments", timeout=20)

Text = Annotated[str, Field(min_length=1, max_length=65_000)]
Status = Literal["approved", "hold", "spam"]
_SHOWN = ("id", "post", "parent", "author_name", "status", "date", "content")

Noun(
    comments,
    COMMENTS,
    "wp_comments",
    row=CommentRow,
    full=CommentRow,
    writes={"content": Text, "status": Status},
    filters={
        "search": (Search, ""),
        "post": (optional(Id), None),
        "status": (Literal["all", "approve", "hold", "spam", "trash"], "all"),
    },
    row_fields=_SHOWN,
    context="edit",
    scope="content",
    says={"list": "List the comments on posts and pages, newest first; all means approved and on hold."},
).declare("list", "update", "delete")

Noun(
    comments,
    COMMENTS,
    "wp_comments",
    row=CommentRow,
    full=CommentRow,
    writes={
        "post": Annotated[int, Field(ge=1, description="Id of the post or page.")],
        "content": Text,
        "parent": Annotated[int, Field(ge=1, description="Id of the comment that it answers.")],
    },
    required=("post", "content"),
    scope="content",
    says={"create": "Comment on a post or page, or answer a comment."},
).declare("create")
