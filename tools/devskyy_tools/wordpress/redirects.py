"""Redirects of paths on the site, by the DevSkyy plugin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_tools.shop.collections import REDIRECTS
from devskyy_tools.shop.nouns import Noun, Search, ShopModel

redirects = Toolset("redirects", timeout=20)

_SHOWN = ("id", "source", "target", "code", "status")


class RedirectRow(ShopModel):
    """A redirect: visitors of the path ``source`` are sent to ``target``, with 301 (for good) or 302."""

    id: int
    source: str
    target: str
    code: int
    status: str

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        return cls(**{name: obj[name] for name in _SHOWN})


Noun(
    redirects,
    REDIRECTS,
    "wp_redirects",
    row=RedirectRow,
    full=RedirectRow,
    writes={
        "source": Annotated[str, Field(max_length=1000, description="Path on this site, /old-coats.")],
        "target": Annotated[str, Field(max_length=1000, description="Place on this site, /new-coats.")],
        "code": Annotated[Literal[301, 302], Field(description="301 for good, 302 for a while.")],
    },
    required=("source", "target"),
    filters={"search": (Search, ""), "status": (Literal["active", "trash"], "active")},
    row_fields=_SHOWN,
    scope="content",
    says={
        "list": "List the site's redirects from old paths to new ones. Needs the DevSkyy plugin on the site.",
        "create": "Send visitors of an old path to a new place on the site. Needs the DevSkyy plugin.",
    },
).declare("list", "create", "update", "delete")
