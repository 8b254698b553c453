"""The site's companion plugin: what is said where it is missing."""

from __future__ import annotations

from devskyy_mcp.errors import Code, Refused

NAMESPACE = "/devskyy/v1"
SEO_FIELD = "devskyy_seo"
INSTALL = "`devskyy plugin build` writes its zip; an administrator uploads it in wp-admin under Plugins → Add New."


def missing(what: str) -> Refused:
    """The refusal of what needs the plugin; ``what`` begins a sentence: "Redirects need"."""
    return Refused(Code.NOT_CONFIGURED, f"{what} the DevSkyy plugin, which the site does not have.", INSTALL)
