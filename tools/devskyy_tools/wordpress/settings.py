"""The site's settings: title, tagline, time zone, front page and the like."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from devskyy_mcp.capability import Toolset
from devskyy_tools.shop.collections import SITE_SETTINGS
from devskyy_tools.shop.nouns import Noun

from .models_site import SiteSettings

settings = Toolset("settings", timeout=20)

Words = Annotated[str, Field(max_length=300)]
Format = Annotated[str, Field(min_length=1, max_length=60, description="PHP's date letters.")]
PageId = Annotated[int, Field(ge=0)]

Noun(
    settings,
    SITE_SETTINGS,
    "wp_settings",
    row=SiteSettings,
    full=SiteSettings,
    writes={
        "title": Words,
        "description": Words,
        "timezone": Annotated[str, Field(max_length=60, description="Europe/Paris.")],
        "date_format": Format,
        "time_format": Format,
        "start_of_week": Annotated[int, Field(ge=0, le=6, description="0 is Sunday.")],
        "language": Annotated[str, Field(pattern=r"^([a-z]{2,3}(_[A-Za-z0-9_]+)?)?$", max_length=30)],
        "posts_per_page": Annotated[int, Field(ge=1, le=500)],
        "show_on_front": Literal["posts", "page"],
        "page_on_front": PageId,
        "page_for_posts": PageId,
        "default_category": Annotated[int, Field(ge=1)],
        "default_comment_status": Literal["open", "closed"],
        "site_icon": Annotated[int, Field(ge=0, description="Media id.")],
        "site_logo": Annotated[int, Field(ge=0, description="Media id.")],
        "email": Annotated[str, Field(max_length=200, description="Of the administrator; a person is asked.")],
        "url": Annotated[str, Field(max_length=200, description="Is refused: only wp-admin may change it.")],
    },
    scope="settings",
    says={"get": "Get the site's settings: title, tagline, time zone, front page, formats."},
).declare("get", "update")
