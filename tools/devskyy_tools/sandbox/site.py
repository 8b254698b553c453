"""Where the shop says it lives: every address it hands out starts with the stored one, scheme apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

CURRENCY = "EUR"
SYMBOL = "&euro;"
WORDPRESS_VERSION = "6.9.1"
WOOCOMMERCE_VERSION = "10.5.0"


@dataclass(frozen=True, slots=True)
class Site:
    """The stored address; a request's scheme replaces the stored scheme, its host changes nothing. ``plugin`` says
    whether DevSkyy's own plugin is active.
    """

    url: str
    environment: str = "local"
    scheme: str = "http"
    plugin: bool = True

    def seen_over(self, scheme: str) -> Site:
        parts = urlsplit(self.url)
        return replace(self, url=parts._replace(scheme=scheme).geturl(), scheme=scheme)

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def takes_app_passwords(self) -> bool:
        """Over http only a shop that calls itself local takes application passwords; others ignore them."""
        return self.secure or self.environment == "local"

    def rest(self, path: str) -> str:
        return f"{self.url}/wp-json{path}"

    def page(self, path: str) -> str:
        return f"{self.url}/{path}"

    def upload(self, path: str) -> str:
        return f"{self.url}/wp-content/uploads/{path}"
