"""Connects to the brand's own shop, or to the demo shop when none is configured."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.http import Upstream

from .client import ShopClient, http_allowed, upstream_for
from .signing import Credentials, signer

DEMO_FILE = "demo-shop.sqlite"


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """Where the shop is and who we are there: WORDPRESS_URL, WORDPRESS_USERNAME, WORDPRESS_APP_PASSWORD,
    WOOCOMMERCE_KEY, WOOCOMMERCE_SECRET, WORDPRESS_ENVIRONMENT (``production`` or ``local``).
    """

    url: str
    username: str = ""
    app_password: str = field(default="", repr=False)
    consumer_key: str = field(default="", repr=False)
    consumer_secret: str = field(default="", repr=False)
    environment: str = "production"


def connect(settings: ShopSettings | None, data_dir: Path | None = None) -> ShopClient:
    """A client of the configured shop; None connects to the demo shop, kept in ``data_dir`` (None: in memory).

    Nothing is sent yet.

    Raises:
        Refused: NOT_CONFIGURED when an address or a credential is missing, or would travel in the clear.
    """
    if settings is None:
        return _demo(data_dir)
    http_allowed(settings.url, settings.environment)
    has_key = bool(settings.consumer_key and settings.consumer_secret)
    has_login = bool(settings.username and settings.app_password)
    if not has_key and not has_login:
        raise Refused(
            Code.NOT_CONFIGURED,
            "The shop has an address but no credentials.",
            "Set WORDPRESS_USERNAME and WORDPRESS_APP_PASSWORD (an application password, not the login password).",
        )
    credentials = Credentials(
        settings.username if has_login else "",
        settings.app_password if has_login else "",
        settings.consumer_key if has_key else "",
        settings.consumer_secret if has_key else "",
    )
    return ShopClient(upstream_for(settings.url, credentials))


def _demo(data_dir: Path | None) -> ShopClient:
    import httpx2

    from devskyy_tools import sandbox

    path = None if data_dir is None else data_dir / DEMO_FILE
    if data_dir is not None:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    transport = httpx2.ASGITransport(app=sandbox.create_sandbox(path))
    credentials = Credentials(sandbox.DEMO_USER, sandbox.DEMO_APP_PASSWORD)
    return ShopClient(Upstream("The demo shop", "http://demo.localhost", transport=transport, auth=signer(credentials)))
