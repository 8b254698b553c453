"""What a change that was taken back may have left: the published list (docs/routes.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EVERYWHERE: Mapping[str, str] = {
    "date_modified": "when it was changed last",
    "date_modified_gmt": "when it was changed last",
    "modified": "when it was changed last",
    "modified_gmt": "when it was changed last",
    "related_ids": "chosen anew each time",
    "_links": "names how many revisions there are",
}
OF_COLLECTION: Mapping[str, Mapping[str, str]] = {
    "orders": dict.fromkeys(
        ("date_completed", "date_completed_gmt", "date_paid", "date_paid_gmt"), "the shop keeps when it was so first"
    ),
    "items": {"guid": "WordPress writes its & anew, as &#038;, when a product is saved by wp/v2"},
    "products": {"total_sales": "the shop counts what was sold, and never back"},
}
"""Per collection the fields, and why."""
REFUSED: Mapping[str, tuple[str, ...]] = {
    "media_credentials_sign": ("no certificate",),
    "wp_library_list": ("WordPress.org", "Font collection", "menu_locations primary"),
    "wp_plugins_install": ("wordpress.org",),
    "wp_revisions_delete": ("not allowed to delete this revision",),
}
"""Tools whose calls a shop refuses unless a plugin, its theme or its network changes that, and what is said then."""
_UNDATED = ("date", "date_gmt")
OF_STATUS: Mapping[str, Mapping[str, str]] = {
    "draft": dict.fromkeys(_UNDATED, "a draft has the date of its last change until it is published"),
    "pending": dict.fromkeys(_UNDATED, "as a draft's"),
    "trash": {"slug": "what is in the bin has the bin's own"},
}


def excepted(collection: str, obj: Mapping[str, Any]) -> frozenset[str]:
    """Fields of the collection's object that may differ after an undo."""
    known = (EVERYWHERE, OF_COLLECTION.get(collection, {}), OF_STATUS.get(str(obj.get("status")), {}))
    return frozenset(name for names in known for name in names)
